"""`wuding clauses`: what plans ask for, held against the books and their tests."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wuding.cli.out import console, escape, print_csv, print_json, progress, show, table
from wuding.cli.settings import Settings
from wuding.errors import WudingError

if TYPE_CHECKING:
    from wuding.book.clauses import Clauses
    from wuding.testing.coverage import Covered, Implementing, Shelved

COLUMNS = ("plan", "clause", "kind", "says", "rules", "missing")


def add(app: typer.Typer) -> None:
    app.command("clauses", help="cli.clauses")(clauses)


def clauses(
    context: typer.Context,
    list_: Annotated[str | None, typer.Argument(metavar="[LIST]", help="cli.clauses.list", show_default=False)] = None,
    plan: Annotated[list[str] | None, typer.Option("--plan", help="cli.clauses.plan")] = None,
    book: Annotated[list[str] | None, typer.Option("--book", help="cli.clauses.book")] = None,
    held: Annotated[bool, typer.Option("--held", help="cli.clauses.held")] = False,
) -> None:
    from wuding.plugins import shelf
    from wuding.testing.coverage import coverage, read_lists, shelved, with_held

    settings: Settings = context.obj
    form = settings.form("text", "json", "csv")
    at_hand = shelf(book or ())
    asked = read_lists([_given(list_)] if list_ else at_hand.clauses())
    if not asked.clauses:
        raise WudingError("WD828")
    books = shelved(at_hand)
    _notes(settings, [asked, read_lists(at_hand.clauses())], plan, books)
    found = coverage(_only(asked, plan), books)
    if held:
        with progress(settings.say("clauses.holding")) as told:
            found = with_held(found, books, told)
    if form == "json":
        print_json([_row(settings, one) for one in found])
    elif form == "csv":
        flat = ({key: _flat(value) for key, value in _row(settings, one).items()} for one in found)
        print_csv(list(flat), COLUMNS)
    else:
        _print(settings, found, held)
    if not all(one.whole for one in found):
        sys.exit(1)


def _given(path: str) -> tuple[str, str]:
    from wuding.book.source import decode

    try:
        return decode(Path(path).read_bytes(), path), path
    except OSError as error:
        raise WudingError("WD604", path=path, reason=str(error)) from error


def _only(asked: Clauses, plans: list[str] | None) -> Clauses:
    """The clauses of the plans asked for. Raises WD827 for a plan that the lists do not have."""
    from dataclasses import replace

    known = [plan.id for plan in asked.plans]
    for name in plans or ():
        if name not in known:
            raise WudingError("WD827", name=name, allowed=known)
    return replace(asked, clauses=tuple(c for c in asked.clauses if not plans or c.plan in plans))


def _notes(settings: Settings, lists: list[Clauses], plans: list[str] | None, books: list[Shelved]) -> None:
    """Says on stderr which citations no list has: they may be slips, and are no clause that counts."""
    from wuding.book.clauses import Clauses
    from wuding.catalogue import render
    from wuding.testing.coverage import unlisted

    every = Clauses(tuple(p for one in lists for p in one.plans), tuple(c for one in lists for c in one.clauses))
    texts = {book.text[1]: book.text[0] for book in books}
    for note in unlisted(every, books):
        if not plans or str(note.args["name"]).rpartition(".")[0] in plans:
            print(render(note, settings.lang, texts[note.span.path].splitlines()), end="\n\n", file=sys.stderr)


def _row(settings: Settings, one: Covered) -> dict[str, Any]:
    return {
        "plan": one.plan.id, "clause": one.clause.id, "kind": one.clause.kind,
        "says": one.clause.says.get(settings.lang),
        "rules": [{"book": r.book, "rule": r.rule, "cases": r.cases, "held": r.held} for r in one.rules],
        "missing": _missing(settings, one),
    }  # fmt: skip


def _flat(value: Any) -> str:
    if not isinstance(value, list):
        return str(value)
    return "; ".join(f"{v['book']}#{v['rule']} ({v['cases']})" if isinstance(v, dict) else v for v in value)


def _missing(settings: Settings, one: Covered) -> list[str]:
    found = [] if one.rules else [settings.say("clauses.no-rule")]
    if one.untested:
        found.append(settings.say("clauses.untested", rules=one.untested))
    if one.not_held:
        found.append(settings.say("clauses.not-held", rules=one.not_held))
    return found


def _print(settings: Settings, found: list[Covered], held: bool) -> None:
    for plan in dict.fromkeys(one.plan for one in found):
        console().print(f"[bold]{plan.id}  {escape(plan.title.get(settings.lang))}[/]")
        lines = [_line(settings, one) for one in found if one.plan == plan]
        show(table(settings, ("clause", "says", "rules", "missing"), lines))
        print()
    whole = sum(one.whole for one in found)
    print(settings.say("clauses.held" if held else "clauses.named", whole=whole, count=len(found)))


def _line(settings: Settings, one: Covered) -> list[str]:
    rules = "\n".join(_rule(rule) for rule in one.rules)
    missing = "\n".join(f"[red]✗ {escape(text)}[/]" for text in _missing(settings, one))
    return [one.clause.id, escape(one.clause.says.get(settings.lang)), rules, missing]


def _rule(rule: Implementing) -> str:
    mark = {None: "", True: "[green]✓[/] ", False: "[red]✗[/] "}[rule.held]
    return f"{mark}{escape(rule.name)} ({rule.cases})"
