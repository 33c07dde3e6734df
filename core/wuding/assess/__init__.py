"""Assess: from matches to findings. `check` runs the rules of one program over one snapshot."""

from wuding.assess.check import Concluded, check, conclude, told_again
from wuding.assess.outpour import pour
from wuding.assess.records import snapshot_of_world, window_start

__all__ = ["Concluded", "check", "conclude", "pour", "snapshot_of_world", "told_again", "window_start"]
