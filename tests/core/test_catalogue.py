"""Nothing that the program says stands without its text: every code, every key, in both languages."""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from string import Formatter

from wuding.catalogue import own_texts, text
from wuding.plugins import additions, plugin_manager, read_resource

ROOT = Path(__file__).parents[2]
SOURCES = [
    *sorted((ROOT / "core/wuding").rglob("*.py")),
    *sorted((ROOT / "plugins").rglob("*.py")),
    *sorted((ROOT / "rules").rglob("*.py")),
]
KEY = re.compile(r"[a-z][a-z-]*(\.[a-z-]+)*")
CODE = re.compile(r"WD\d{3}")


@cache
def every_text() -> dict[str, dict[str, str]]:
    """The texts of the core and of the plugins of this repository."""
    named = [read_resource(one)[0] for found in plugin_manager().hook.wuding_texts() for one in found]
    return {**own_texts(), **{key: entry for one in named for key, entry in json.loads(one).items()}}  # type: ignore[dict-item]


def strings(path: Path) -> Iterator[str]:
    """The plain texts in a module, its docstrings apart."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
            yield node.value


def asked() -> Iterator[tuple[str, str]]:
    """The keys that modules ask for by their whole name: `say("init.done")`, `help="cli.init"`."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            first = node.args[0] if node.args else None
            if name in ("say", "text") and isinstance(first, ast.Constant) and KEY.fullmatch(str(first.value)):
                yield str(first.value), path.name
            for given in node.keywords:
                if given.arg in ("help", "epilog") and isinstance(given.value, ast.Constant):
                    yield str(given.value.value), path.name


def test_every_code_of_the_source_has_a_text_and_a_remedy() -> None:
    used = {found for path in SOURCES for said in strings(path) for found in [said] if CODE.fullmatch(found)}
    assert len(used) > 150
    assert sorted(used - set(every_text())) == []
    assert sorted(code for code in used - {"WD001"} if f"{code}.help" not in every_text()) == []


def test_every_text_is_wanted() -> None:
    used = {said for path in SOURCES for said in strings(path)}
    assert sorted(key for key in every_text() if CODE.fullmatch(key) and key not in used) == []


def test_every_key_that_is_asked_for_has_a_text() -> None:
    keys = set(asked())
    assert len(keys) > 50
    assert sorted((key, where) for key, where in keys if key not in every_text()) == []


def test_every_name_of_the_program_has_a_word() -> None:
    """Statuses, sections, faults of ledgers and maps: what is asked for by a made-up key."""
    from wuding.domain.finding import STATUSES

    names = {f"status.{status}" for group in STATUSES.values() for status in group}
    names |= {f"section.{section}" for section in STATUSES if section != "step"}
    for section in additions(plugin_manager()).sections.values():
        names |= {f"section.{section.name}", *(f"status.{status}" for status in section.statuses)}
    for room, kind in (("store/verify.py", "verify"), ("assess/partition.py", "partition")):
        text = (ROOT / "core/wuding" / room).read_text(encoding="utf-8")
        names |= {f"{kind}.{word}" for word in re.findall(r'Problem\("([a-z]+)"', text)}
    for path in (ROOT / "core/wuding/cli").glob("*.py"):
        for columns in re.findall(r"table\(settings, \(([^)]*)\)", path.read_text(encoding="utf-8")):
            names |= {f"column.{name}" for name in re.findall(r'"(\w+)"', columns)}
    assert len(names) > 50
    assert sorted(names - set(every_text())) == []


def test_no_key_has_two_texts() -> None:
    pairs: Counter[str] = Counter()
    for path in [*(ROOT / "core/wuding/catalogue").glob("*.json"), *ROOT.glob("plugins/*/*/texts.json")]:
        pairs.update(key for key, _ in json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=list))
    assert [key for key, count in pairs.items() if count > 1] == []


def test_both_languages_say_the_same() -> None:
    def blanks(text: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(text) if name} - {"hint"}

    assert [key for key, entry in every_text().items() if set(entry) != {"zh", "en"}] == []
    assert [key for key, entry in every_text().items() if blanks(entry["zh"]) != blanks(entry["en"])] == []
    assert [key for key, entry in every_text().items() if not (entry["zh"].strip() and entry["en"].strip())] == []


def test_a_noun_takes_the_number_of_what_it_counts() -> None:
    assert text("lint.book", "en", count=1) == "1 book"
    assert text("lint.book", "en", count=0) == "0 books"
    assert text("import.done", "en", rows="1", facts=2, grids=1, subjects=11) == "1 row: 2 facts, 1 grid, 11 subjects"
    assert text("lint.book", "zh", count=1).startswith("1")
