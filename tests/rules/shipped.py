"""The rule books of this repository, found by what lies there: no test keeps a list of them.

A book is `rules/wuding_rules/<folder>/<name>.yaml`; its tests lie beside it. The plan that it follows is the one
that its own rules cite.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
RULES = ROOT / "rules" / "wuding_rules"
PLUGINS = {path.parent.parent.name: path.parent.name for path in ROOT.glob("plugins/*/wuding_*/plugin.py")}

Rule = tuple[str, dict[str, Any]]  # its section, and what is written


def read(path: Path) -> Any:
    """A YAML file, every scalar as text."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)


LIST = read(RULES / "clauses.yaml")
PLANS = frozenset(LIST["plans"])
CLAUSES = tuple(clause["id"] for clause in LIST["clauses"])


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def cited(rule: dict[str, Any]) -> list[str]:
    return listed(rule.get("clause", []))


def variants(rule: dict[str, Any]) -> list[str]:
    """The values of `each_of`, as findings name them; none for a rule without."""
    each = rule.get("each_of")
    return ["/".join(values) for values in product(*each.values())] if each else []


def rules_of(text: dict[str, Any]) -> dict[str, Rule]:
    """Every rule by its id, whatever its section is called: plugins add sections of their own."""
    return {
        rule["id"]: (section, rule)
        for section, rules in text.items()
        if isinstance(rules, list)
        for rule in rules
        if isinstance(rule, dict) and "id" in rule
    }


@dataclass(frozen=True)
class Book:
    path: Path

    def __str__(self) -> str:
        return str(self.own["book"])

    @cached_property
    def own(self) -> dict[str, Any]:
        return read(self.path)  # type: ignore[no-any-return]

    @cached_property
    def bases(self) -> list[dict[str, Any]]:
        """What it extends, the nearest first."""
        found, text = [], self.own
        while "extends" in text:
            text = TEXTS[text["extends"]]
            found.append(text)
        return found

    @cached_property
    def rules(self) -> dict[str, Rule]:
        """The rules in force: those of its bases, with those of the same id laid over them."""
        found: dict[str, Rule] = {}
        for text in (*reversed(self.bases), self.own):
            for key, (section, rule) in rules_of(text).items():
                found[key] = (section, {**found.get(key, (section, {}))[1], **rule})
        return {key: entry for key, entry in found.items() if entry[1].get("off") != "true"}

    @cached_property
    def parameters(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for text in (*reversed(self.bases), self.own):
            found |= text.get("parameters", {})
        return found

    @property
    def plans(self) -> set[str]:
        """The plans that its own rules cite."""
        return {clause.partition(".")[0] for _, rule in rules_of(self.own).values() for clause in cited(rule)}

    @property
    def clauses(self) -> list[str]:
        """The clauses of its plan."""
        return [clause for clause in CLAUSES if clause.partition(".")[0] in self.plans]

    @cached_property
    def cases(self) -> list[dict[str, Any]]:
        """The cases beside it."""
        return read(self.path.with_suffix(".test.yaml"))["cases"]  # type: ignore[no-any-return]

    def expectations(self) -> Iterator[dict[str, Any]]:
        for case in self.cases:
            yield from case.get("expect", [])

    def statuses(self, rule: str) -> set[str]:
        return {e["status"] for e in self.expectations() if e["rule"] == rule and "status" in e}


def books_in(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*.yaml")):
        if not path.name.endswith(".test.yaml") and "book" in read(path):
            yield path


TEXTS = {text["book"]: text for folder in (ROOT / "plugins", RULES) for text in map(read, books_in(folder))}
OFFERED = [Book(path) for path in books_in(RULES)]
BOOKS = [book for book in OFFERED if not book.path.is_relative_to(RULES / "demo")]  # those that follow a plan
