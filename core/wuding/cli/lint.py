"""`wuding lint`: is what the files say a domain, a rule book, a policy test, a mapping, a list of clauses? Reads
nothing but files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from wuding.catalogue import render, text, texts
from wuding.cli.settings import Settings
from wuding.errors import Diagnostic, Rejected, Span, WudingError

if TYPE_CHECKING:
    from wuding.book.added import Additions
    from wuding.plugins import Shelf
    from wuding.program.model import Domain

KINDS = ("domain", "book", "test", "mapping", "clauses")
FIRST = re.compile(r"(?:\ufeff|[ \t]*(?:#[^\n]*)?\n|---[^\n]*\n)*([\w-]+)[ \t]*:")
MAPPED = re.compile(r"^(?:facts|subjects|grids)[ \t]*:", re.MULTILINE)
DOMAIN = re.compile(r"""^domain:[ \t]*["']?([^"'\s#]+)""", re.MULTILINE)
LEVELS = {"error": "error", "warning": "warning", "advice": "note"}  # as SARIF calls them


def lint(paths: Sequence[str], settings: Settings) -> int:
    """Lint files and folders, print what is wrong, and answer with the exit code: errors and warnings are findings,
    advice is not."""
    form = settings.form("text", "json", "sarif")
    problems, counts = lint_files(list(found_files(paths)))
    if form == "json":
        print(json.dumps([as_data(d, settings.lang) for d in problems], ensure_ascii=False, indent=2))
    elif form == "sarif":
        print(json.dumps(sarif(problems, settings.lang), ensure_ascii=False, indent=2))
    else:
        for problem in problems:
            print(render(problem, settings.lang), end="\n\n")
        print(summary(problems, counts, settings))
    return int(any(d.severity != "advice" for d in problems))


def found_files(paths: Sequence[str]) -> Iterator[Path]:
    """The files named, and the YAML files of folders named, in order. Raises WD812 for a path that is not there."""
    for name in paths:
        path = Path(name)
        if path.is_dir():
            yield from sorted(p for p in path.rglob("*") if p.suffix in (".yaml", ".yml") and p.is_file())
        elif path.is_file():
            yield path
        else:
            raise WudingError("WD812", path=name)


def kind_of(content: str) -> str:
    """What a file wants to be: its first key says so; a mapping has none of its own. In doubt it is a book, whose
    reader says what is missing."""
    first = FIRST.match(content)
    if first and first[1] in ("book", "domain", "test"):
        return first[1]
    if first and first[1] in ("plans", "clauses"):
        return "clauses"
    return "mapping" if MAPPED.search(content) else "book"


def lint_files(files: Sequence[Path]) -> tuple[list[Diagnostic], dict[str, int]]:
    """Everything that is wrong in the files, sorted by place, and how many of each kind there are."""
    from wuding.book.source import decode

    problems: list[Diagnostic] = []
    given: list[tuple[str, str, str]] = []
    for path in files:
        try:
            content = decode(path.read_bytes(), str(path))
            given.append((kind_of(content), content, str(path)))
        except Rejected as error:
            problems += error.diagnostics
        except OSError as error:
            raise WudingError("WD604", path=str(path), reason=str(error)) from error
    library = Library(given)
    for kind, content, name in given:
        problems += _diagnosed(kind, content, name, library)
    counts = {kind: sum(1 for one in given if one[0] == kind) for kind in KINDS}
    unique = {(d.sort_key, repr(sorted(d.args.items()))): d for d in problems}
    return sorted(unique.values(), key=lambda d: d.sort_key), counts


def _diagnosed(kind: str, content: str, name: str, library: Library) -> list[Diagnostic]:
    from wuding.book.load import load_domain, load_program

    if kind == "domain":
        return load_domain(content, name)[1]
    if kind == "book":
        return load_program(content, name, library, library.book, library.additions)[1]
    if kind == "test":
        from wuding.book.cases import load_tests

        # What is wrong with the book itself is told where the book is linted.
        return [
            d for d in load_tests(content, name, library, library.book, library.additions)[1] if d.span.path == name
        ]
    if kind == "clauses":
        from wuding.book.clauses import load_clauses

        return load_clauses([(content, name)])[1]
    from wuding.intake.mapping import parse_mapping

    try:
        parse_mapping(content, name)
    except Rejected as error:
        return list(error.diagnostics)
    return []


class Library(Mapping[str, "Domain"]):
    """The domains that can be named, each read when it is wanted, and the books. Files given win over plugins'."""

    def __init__(self, given: Sequence[tuple[str, str, str]]) -> None:
        self.given = given  # kind, text, path
        self._read: dict[str, Domain] = {}

    def __getitem__(self, name: str) -> Domain:
        """Raises Rejected for a domain with mistakes, KeyError for a name that no domain has."""
        from wuding.book.load import load_domain

        if name not in self._read:
            domain, problems = load_domain(*self._domains[name])
            if domain is None:
                raise Rejected(problems)
            self._read[name] = domain
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._domains)

    def __len__(self) -> int:
        return len(self._domains)

    def book(self, name: str) -> tuple[str, str] | None:
        """The text and path of a book."""
        return self._shelf.find(name)

    @property
    def additions(self) -> Additions:
        """What plugins add to the language of books."""
        return self._shelf.additions

    @cached_property
    def _domains(self) -> dict[str, tuple[str, str]]:
        from wuding.plugins import read_resource

        listed = [read_resource(r) for found in self._shelf.manager.hook.wuding_domains() for r in found]
        listed += [(content, path) for kind, content, path in self.given if kind == "domain"]
        named = [(DOMAIN.search(content), content, path) for content, path in listed]
        return {found[1]: (content, path) for found, content, path in named if found}

    @cached_property
    def _shelf(self) -> Shelf:
        from wuding.plugins import Shelf, plugin_manager

        books = tuple((content, path) for kind, content, path in self.given if kind == "book")
        return Shelf(plugin_manager(), books)


# ── renderings ───────────────────────────────────────────────────────────────────────────────────
def summary(problems: Sequence[Diagnostic], counts: Mapping[str, int], settings: Settings) -> str:
    """`3 errors, 1 warning in 12 books, 2 domains, 2 tests`."""
    files = [settings.say(f"lint.{kind}", count=n) for kind, n in counts.items() if n]
    levels = {level: sum(d.severity == level for d in problems) for level in LEVELS}
    said = [settings.say(f"lint.{level}", count=n) for level, n in levels.items() if n or level == "error"]
    comma = settings.say("comma")
    return settings.say("lint.summary", problems=comma.join(said), files=comma.join(files) or settings.say("lint.none"))


def as_data(problem: Diagnostic, lang: str) -> dict[str, object]:
    """A diagnostic as JSON."""
    span, key = problem.span, problem.help or f"{problem.code}.help"
    return {
        "code": problem.code, "severity": problem.severity, "path": span.path, "line": span.line,
        "column": span.column, "end_line": span.end_line, "end_column": span.end_column,
        "message": text(problem.code, lang, **problem.args),
        "help": text(key, lang, **problem.args) if key in texts() else "",
    }  # fmt: skip


def sarif(problems: Sequence[Diagnostic], lang: str) -> dict[str, object]:
    """Diagnostics as a SARIF 2.1.0 log."""
    results = [
        {
            "ruleId": d.code,
            "level": LEVELS[d.severity],
            "message": {"text": text(d.code, lang, **d.args)},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": Path(d.span.path).as_posix()},
                        "region": _region(d.span),
                    }
                }
            ],
        }
        for d in problems
    ]
    rules = [{"id": code} for code in sorted({d.code for d in problems})]
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "wuding", "rules": rules}},
                "columnKind": "unicodeCodePoints",
                "results": results,
            }
        ],
    }


def _region(span: Span) -> dict[str, int]:
    return {
        "startLine": span.line, "startColumn": span.column, "endLine": max(span.end_line, span.line),
        "endColumn": max(span.end_column, span.column + 1) if span.end_line <= span.line else span.end_column,
    }  # fmt: skip
