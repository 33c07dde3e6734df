"""From text to domains and programs: everything that is wrong at once, in the order of the file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from wuding.book.added import CORE_ALONE, Additions
from wuding.book.advice import advice, late_parameters
from wuding.book.context import known
from wuding.book.domain import domain
from wuding.book.editions import FindBook, resolved
from wuding.book.link import link
from wuding.book.shapes import Name
from wuding.book.source import read
from wuding.errors import Diagnostic, Rejected
from wuding.lang.tree import Node, Problems
from wuding.program.model import Domain, Program


def load_domain(text: str, path: str) -> tuple[Domain | None, list[Diagnostic]]:
    """The domain of a `domain.yaml`, or None, and every diagnostic, sorted by place."""
    try:
        return domain(read(text, path)), []
    except Rejected as error:
        return None, in_order(error.diagnostics)


def load_program(
    text: str, path: str, domains: Mapping[str, Domain], find_book: FindBook, added: Additions = CORE_ALONE
) -> tuple[Program | None, list[Diagnostic]]:
    """The program of a rule book, or None when there are errors, and every diagnostic, sorted by place.

    `find_book` gives the text and path of a book by its name, for `extends`; `added` is what plugins add to the
    language.
    """
    problems: Problems = []
    program: Program | None = None
    try:
        root = read(text, path)
        root = resolved(root, find_book, problems, added.names)
        found = _domain(root, domains, problems)
        if found is not None:
            program = link(root, found, problems, added.sections)
            problems.extend(advice(root, path, added.names))
    except Rejected as error:
        problems.extend(error.diagnostics)
    if program is not None:
        problems.extend(late_parameters(program))
        for lint in added.lints:
            problems.extend(lint(program, root))
    failed = any(problem.severity == "error" for problem in problems)
    return (None if failed else program), in_order(problems)


def _domain(root: Node, domains: Mapping[str, Domain], problems: Problems) -> Domain | None:
    if root.kind != "map":
        problems.append(Diagnostic("WD112", root.span, {"expected": "map", "found": root.kind}))
        return None
    name = root.get("domain")
    if name is None:
        problems.append(Diagnostic("WD111", root.span, {"key": "domain"}))
        return None
    try:
        return domains[known(Name(name.text, name.span), domains, "WD201")]
    except Rejected as error:
        problems.extend(error.diagnostics)
        return None


def in_order(problems: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Sorted by place, each once: the variants of a rule repeat what is wrong with it."""
    found = {(problem.sort_key, repr(sorted(problem.args.items()))): problem for problem in problems}
    return sorted(found.values(), key=lambda problem: problem.sort_key)
