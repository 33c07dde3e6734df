"""Assess: from matches to findings. `check` runs the rules of one program over one snapshot."""

from wuding.assess.check import check, snapshot_of_world, window_start

__all__ = ["check", "snapshot_of_world", "window_start"]
