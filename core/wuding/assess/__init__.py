"""Assess: from matches to findings. `check` runs the rules of one program over one snapshot."""

from wuding.assess.check import snapshot_of_world, window_start
from wuding.assess.outpour import pour
from wuding.assess.recheck import Concluded, check, conclude, told_again

__all__ = ["Concluded", "check", "conclude", "pour", "snapshot_of_world", "told_again", "window_start"]
