"""Running policy tests: from a case to a world, from a world to findings, from findings to what is unmet."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

from wuding.book.cases import Case, Tests, load_tests
from wuding.domain.finding import Finding
from wuding.domain.world import World
from wuding.errors import Diagnostic, Rejected, Span, WudingError
from wuding.plugins import Shelf, plugin_manager, shelf
from wuding.program.model import Label, Program
from wuding.testing.compare import Unmet, compare, mistakes
from wuding.testing.without import pruned, without


@dataclass(frozen=True)
class CaseResult:
    """What came of one case. `seconds` is how long its check took; `span` is where the case stands."""

    path: str
    book: str
    name: Label
    span: Span
    unmet: tuple[Unmet, ...]
    seconds: float

    @property
    def passed(self) -> bool:
        return not self.unmet


def run_tests(paths: Iterable[str | Path], shelf: Shelf, only_without: str | None = None) -> list[CaseResult]:
    """The result of every case of the test files at `paths`; a folder stands for all `*.test.yaml` below it.

    With `only_without`, a rule, the cases that expect something of this rule are run against their book without
    it and without all that reads it: a case that still passes does not hold the rule. Expectations of the other
    rules that went are not asked.

    Raises Rejected with everything that is wrong in the files, WudingError WD707 for a file that cannot be
    read, WD708 when there is no test at all, WD706 when no tested book has the rule.
    """
    return run(load(paths, shelf), only_without)


def load(paths: Iterable[str | Path], shelf: Shelf) -> list[Tests]:
    """The test files at `paths`, read and linked with their books. Raises as `run_tests` does."""
    texts: list[tuple[str, str]] = []
    found = [file for path in paths for file in _files(Path(path))]
    if not found:
        raise WudingError("WD708", paths=", ".join(str(path) for path in paths))
    for file in found:
        try:
            texts.append((file.read_text(encoding="utf-8"), str(file)))
        except (OSError, UnicodeDecodeError) as error:
            raise WudingError("WD707", path=str(file), reason=str(error)) from error
    return linked(texts, shelf)


def linked(texts: Iterable[tuple[str, str]], shelf: Shelf) -> list[Tests]:
    """The tests of these texts, each with the path that diagnostics show, linked with their books. Raises Rejected
    with everything that is wrong in them."""
    suites: list[Tests] = []
    problems: list[Diagnostic] = []
    for text, path in texts:
        tests, diagnostics = load_tests(text, path, shelf.domains, shelf.find, shelf.additions)
        problems += diagnostics
        if tests is not None:
            problems += [m for c in tests.cases for e in c.expect for m in mistakes(e, tests.program.zone)]
            suites.append(tests)
    if any(one.severity == "error" for one in problems):
        raise Rejected(problems)
    return suites


def _files(path: Path) -> list[Path]:
    return sorted(path.rglob("*.test.yaml")) if path.is_dir() else [path]


def run(suites: Sequence[Tests], only_without: str | None = None) -> list[CaseResult]:
    """The result of every case; with `only_without`, of the cases that speak of that rule (see `run_tests`)."""
    if only_without is None:
        return [_result(suite, suite.program, case) for suite in suites for case in suite.cases]
    having = [suite for suite in suites if _has(suite.program, only_without)]
    for suite in [] if having else suites[:1]:
        without(suite.program, only_without)  # raises: no book has it
    return [result for suite in having for result in _without(suite, only_without)]


def held(suite: Tests, name: str) -> bool:
    """Does any case of the suite fail when the rule `name` is left out? Stops at the first that does."""
    return any(not result.passed for result in _without(suite, name))


def _without(suite: Tests, name: str) -> Iterator[CaseResult]:
    program, gone = without(suite.program, name)
    for case in suite.cases:
        asking = _asking(case, name, gone)
        if asking is not None:
            yield _result(suite, program, asking)


def _has(program: Program, name: str) -> bool:
    return any(name in (r.head.id, r.head.key) for r in program.rules)


def _asking(case: Case, name: str, gone: frozenset[str]) -> Case | None:
    """The case as it is asked when `name`, and with it the rules `gone`, are left out; None when it expects
    nothing of `name`."""
    asked = [(e, e.rule.partition(".")[0]) for e in case.expect]
    if not any(name in (rule, f"{rule}[{e.variant}]") for e, rule in asked):
        return None
    lost = {key.partition("[")[0] for key in gone} - {name.partition("[")[0]}
    return replace(case, expect=tuple(e for e, rule in asked if rule not in lost), exactly=False)


def _result(suite: Tests, program: Program, case: Case) -> CaseResult:
    began = time.perf_counter()
    names = {rule.partition(".")[0] for rule in (*(e.rule for e in case.expect), *case.none)}
    found = check_world(pruned(program, names), world_of(case, program.zone))
    unmet = compare(case, found, program.zone)
    return CaseResult(suite.path, program.book, case.name, case.span, unmet, time.perf_counter() - began)


def world_of(case: Case, zone: str) -> World:
    """The world of a case, as far as it was known at `known_at`."""
    known = case.known_at
    facts = tuple(f for f in case.facts if known is None or f.recorded <= known)
    there = case.world
    return World(there.grids, there.subjects, there.posts, facts, case.as_of, zone, case.start, there.boundaries)


def check_world(book: str | Path | Program, world: World, plugins: Iterable[ModuleType] = ()) -> list[Finding]:
    """The findings of a book on a world of plain records, in the order of its rules.

    `book` is the name of a book that a plugin brings (`fire/base`), the path of a YAML file, or a linked
    program. `plugins` are modules to use besides the installed ones. The book's zone is used, not the world's.

    Raises WD603 for a name that no plugin has, WD604 and WD605 for a file that cannot be read or names no book,
    Rejected for a book with mistakes.
    """
    from wuding.assess import check, snapshot_of_world
    from wuding.assess.frame import records

    program = book if isinstance(book, Program) else _program(book, plugins)
    return list(records(check(program, snapshot_of_world(world, program))))


def _program(book: str | Path, plugins: Iterable[ModuleType]) -> Program:
    manager = plugin_manager(plugins)
    if isinstance(book, Path) or book.endswith((".yaml", ".yml")):
        found = shelf([book], manager)
        return found.program(found.given_names()[0])
    return shelf((), manager).program(book)
