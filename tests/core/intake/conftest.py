"""A small domain and the ways in which the tests of this room import into it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from wuding.domain.grid import Grid
from wuding.domain.subject import Subject
from wuding.intake.importing import import_file
from wuding.intake.known import known
from wuding.intake.mapping import parse_mapping
from wuding.program.model import Domain, FieldType, Label, Thing
from wuding.store.bulk import rows_of
from wuding.store.ledger import Receipt

DATA = Path(os.environ.get("WUDING_SHARED", Path(__file__).parents[3].parent / "shared")) / "data"


def label(text: str) -> Label:
    return Label(text, text)


def thing(name: str, *fields: FieldType, about: str = "grid") -> Thing:
    return Thing(name, label(name), {field.name: field for field in fields}, about=about)


def field(name: str, type: str = "text", **more) -> FieldType:
    return FieldType(name, type, label(name), **more)


DOMAIN = Domain(
    name="fire",
    label=label("fire"),
    levels={"zone": label("zone")},
    roles={},
    duties={},
    subjects={"shop": thing("shop", field("area", "number"), field("phone", private=True))},
    facts={
        "hazard": thing(
            "hazard",
            field("hazard_id", "id", required=True),
            field("severity", "enum", values=("minor", "major"), value_labels={"major": Label("重大", "major hazard")}),
            field("people", "int"),
            field("cost", "money"),
            field("fixed", "bool"),
            field("found_on", "date"),
            field("limit", "duration"),
            field("due", "time"),
            field("reporter", "person", private=True),
        ),
        "visit": thing("visit", field("note"), about="subject"),
    },
    effects={},
)
GRIDS = (Grid("G1", "one", None, "zone"), Grid("G2", "two", None, "zone", start=19_000, end=19_800))
SUBJECTS = (Subject("S1", "shop", "G1"), Subject("S2", "shop", "G2", start=19_100))


@pytest.fixture
def data() -> Path:
    if not DATA.exists():
        pytest.skip("no real data: ../shared/data is not beside the repository")
    return DATA


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., SimpleNamespace]:
    """Write a file, import it, and give back what was appended (`facts`), in how many appends, and the result."""

    def run(text: str | bytes | Path, mapping: str | None = None, name: str = "in.csv", **more) -> SimpleNamespace:
        path = text if isinstance(text, Path) else tmp_path / name
        if not isinstance(text, Path):
            path.write_bytes(text.encode() if isinstance(text, str) else text)
        got = SimpleNamespace(facts=[], appends=0, path=path)

        def append(parts):
            facts = rows_of(parts)
            got.appends += 1
            got.facts += facts
            return Receipt(1, len(facts), 0, "")

        given = {
            "domain": DOMAIN,
            "known": known(GRIDS, SUBJECTS),
            "zone": "Asia/Shanghai",
            "append": append,
            "seen": lambda sha: False,
            "now": 7,
            "mapping": parse_mapping(mapping) if mapping else None,
            "fact": None if mapping else "hazard",
        }
        try:
            got.result = import_file(path, **given | more)
        except Exception as error:
            error.got = got
            raise
        got.own = [fact for fact in got.facts if fact.domain != "core"]
        return got

    return run
