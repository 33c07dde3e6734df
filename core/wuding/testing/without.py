"""Programs with rules left out: for tests of tests, and so that a case asks no more than it needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from wuding.book.cases import Tests
from wuding.errors import Span, WudingError
from wuding.program.added import Added
from wuding.program.model import Charter, Program, steps_of


def without(program: Program, name: str) -> tuple[Program, frozenset[str]]:
    """The program without the rule called `name` (`education`, or one variant: `education[school]`) and
    without all that reads it, however indirectly; and the keys of the rules that went.

    Raises WudingError WD706 for a rule that the program does not have.
    """
    gone = {r.head.key for r in program.rules if name in (r.head.id, r.head.key)}
    if not gone:
        raise WudingError("WD706", name=name, book=program.book, allowed=sorted({r.head.id for r in program.rules}))
    every = _closed(gone, _readers(program))
    return _only(program, {r.head.key for r in program.rules} - every), frozenset(every)


def pruned(program: Program, names: Iterable[str]) -> Program:
    """The program with the rules called `names` (ids) and those that they read; these conclude the same as in
    the whole."""
    wanted = {r.head.key for r in program.rules if r.head.id in set(names)}
    kept = _closed(wanted, program.uses)
    # `complete` asks what rules the book has, not what they found: it needs them all.
    if any(isinstance(r, Charter) and r.complete and r.head.key in kept for r in program.rules):
        return program
    return _only(program, kept)


def _only(program: Program, keys: set[str]) -> Program:
    rules = tuple(r for r in program.rules if r.head.key in keys)
    return replace(program, rules=rules, uses={key: program.uses[key] & keys for key in keys})


def _closed(keys: Iterable[str], next_: Mapping[str, Iterable[str]]) -> set[str]:
    found: set[str] = set()
    todo = list(keys)
    while todo:
        key = todo.pop()
        if key not in found:
            found.add(key)
            todo += next_.get(key, ())
    return found


def _readers(program: Program) -> dict[str, set[str]]:
    readers: dict[str, set[str]] = {}
    for key, used in program.uses.items():
        for one in used:
            readers.setdefault(one, set()).add(key)
    return readers


@dataclass(frozen=True)
class Untested:
    """A rule, a variant or a step of a book (`education[school]`, `hazard.fixed`) that no expectation names."""

    book: str
    name: str
    span: Span


def untested(suites: Sequence[Tests]) -> list[Untested]:
    """The rules, variants and steps of the tested books that no expectation names, in the order of the books.

    An expectation without `each` speaks of all variants. `none:` does not count: a rule that is left out is
    silent too.
    """
    found: list[Untested] = []
    for book in dict.fromkeys(suite.program.book for suite in suites):
        own = [suite for suite in suites if suite.program.book == book]
        asked = {(e.rule, e.variant) for suite in own for case in suite.cases for e in case.expect}
        for rule in own[0].program.rules:
            head = rule.head
            steps = [(f"{head.id}.{name}", span) for name, span in steps_of(rule)]
            whole = () if isinstance(rule, Added) and steps else ((head.id, head.span),)  # its parts are all it says
            for name, span in (*whole, *steps):
                if not {(name, None), (name, head.variant)} & asked:
                    shown = name.replace(head.id, head.key, 1)
                    found.append(Untested(book, shown, span))
    return found
