"""What policy tests and plugin authors use.

A policy test is a `*.test.yaml` beside its rule book: a world, facts, a moment, and the findings that must
follow. `run_tests` runs such files; `says` tells what went wrong, `junit` writes it for machines.

    from wuding.plugins import shelf
    from wuding.testing import run_tests, says

    for result in run_tests(["rules/forest.test.yaml"], shelf()):
        print(says(result, "en"))

A plugin's own Python tests ask for findings directly:

    from wuding.testing import check_world

    found = check_world("forest/base", world, plugins=[wuding_forest.plugin])
    assert [f.status for f in found if f.rule == "monthly"] == ["missed"]

where `world` is a `wuding.domain.world.World` of plain records.
"""

from __future__ import annotations

from wuding.testing.compare import Near, Unmet
from wuding.testing.junit import junit
from wuding.testing.run import CaseResult, check_world, held, load, run, run_tests
from wuding.testing.say import says
from wuding.testing.without import Untested, pruned, untested, without

__all__ = [
    "CaseResult",
    "Near",
    "Unmet",
    "Untested",
    "check_world",
    "held",
    "junit",
    "load",
    "pruned",
    "run",
    "run_tests",
    "says",
    "untested",
    "without",
]
