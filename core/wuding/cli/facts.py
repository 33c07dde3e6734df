"""Facts into the ledger: `import` a file, `record` one, `correct` one."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from wuding.cli.out import moment, print_json, progress
from wuding.cli.settings import Settings
from wuding.errors import WudingError

if TYPE_CHECKING:
    from wuding.app import Answer

PLACES = ("grid", "subject", "actor", "at", "type_")  # what every fact has is an option, no field


def add(app: typer.Typer) -> None:
    app.command("import", help="cli.import")(import_)
    app.command("record", help="cli.record")(record)
    app.command("correct", help="cli.correct")(correct)


def import_(
    context: typer.Context,
    file: Annotated[str, typer.Argument(help="cli.import.file", show_default=False)],
    mapping: Annotated[str | None, typer.Option("--mapping", help="cli.import.mapping")] = None,
    fact: Annotated[str | None, typer.Option("--fact", help="cli.import.fact")] = None,
    domain: Annotated[str | None, typer.Option("--domain", help="cli.import.domain")] = None,
    keep_good: Annotated[bool, typer.Option("--keep-good", help="cli.import.keep-good")] = False,
    again: Annotated[bool, typer.Option("--again", help="cli.import.again")] = False,
) -> None:
    from wuding.app import Wuding

    settings: Settings = context.obj
    form = settings.form("text", "json")
    if (mapping is None) == (fact is None):
        raise WudingError("WD817")
    with Wuding.open(settings.db, create=False) as w, progress(settings.say("import.reading", file=file)) as told:
        done = w.import_facts(
            file, mapping=mapping, fact=fact, domain=domain, again=again, keep_good=keep_good, progress=told
        )
    bad = done.rows - done.kept
    if form == "json":
        names = ("rows", "kept", "blank", "facts", "grids", "subjects", "encoding", "sha256")
        seqs = {"first_seq": done.receipt.first_seq, "last_seq": done.receipt.last_seq}
        beside = str(done.rejected) if done.rejected else None
        print_json({name: getattr(done, name) for name in names} | seqs | {"rejected": beside})
    else:
        print(settings.say("import.done", rows=done.rows, facts=done.facts, grids=done.grids, subjects=done.subjects))
        print(settings.say("import.seqs", first=done.receipt.first_seq, last=done.receipt.last_seq))
        if done.rejected:
            print(settings.say("import.rejected", count=bad, path=done.rejected))
    if done.rejected:
        sys.exit(1)


def record(
    context: typer.Context,
    type_: Annotated[str, typer.Argument(metavar="TYPE", help="cli.record.type", show_default=False)],
    fields: Annotated[list[str] | None, typer.Argument(metavar="FIELD=VALUE...", help="cli.record.fields")] = None,
    grid: Annotated[str | None, typer.Option("--grid", help="cli.record.grid")] = None,
    subject: Annotated[str | None, typer.Option("--subject", help="cli.record.subject")] = None,
    actor: Annotated[str | None, typer.Option("--actor", help="cli.record.actor")] = None,
    at: Annotated[str | None, typer.Option("--at", help="cli.record.at")] = None,
    no_answer: Annotated[bool, typer.Option("--no-answer", help="cli.record.no-answer")] = False,
) -> None:
    from wuding.app import Wuding

    settings: Settings = context.obj
    form = settings.form("text", "json")
    values = _fields(fields)
    with Wuding.open(settings.db, create=False, answering=not no_answer) as w:
        answer = w.record(type_, at=at, grid=grid, subject=subject, actor=actor, **values)
        zone = w.ledger.zone
    _told(settings, form, answer, zone, "record.done")


def correct(
    context: typer.Context,
    seq: Annotated[int, typer.Argument(metavar="NUMBER", help="cli.correct.seq", show_default=False)],
    fields: Annotated[list[str] | None, typer.Argument(metavar="FIELD=VALUE...", help="cli.correct.fields")] = None,
    void: Annotated[bool, typer.Option("--void", help="cli.correct.void")] = False,
    reason: Annotated[str, typer.Option("--reason", help="cli.correct.reason")] = "",
    by: Annotated[str | None, typer.Option("--by", help="cli.correct.by")] = None,
    grid: Annotated[str | None, typer.Option("--grid", help="cli.record.grid")] = None,
    subject: Annotated[str | None, typer.Option("--subject", help="cli.record.subject")] = None,
    actor: Annotated[str | None, typer.Option("--actor", help="cli.record.actor")] = None,
    at: Annotated[str | None, typer.Option("--at", help="cli.record.at")] = None,
    no_answer: Annotated[bool, typer.Option("--no-answer", help="cli.record.no-answer")] = False,
) -> None:
    from wuding.app import Wuding

    settings: Settings = context.obj
    form = settings.form("text", "json")
    placed = {"grid": grid, "subject": subject, "actor": actor, "at": at}
    new = {name: value for name, value in placed.items() if value is not None} | _fields(fields)
    if void == bool(new):
        raise WudingError("WD836")
    with Wuding.open(settings.db, create=False, answering=not no_answer) as w:
        answer = w.correct(seq, void=void, reason=reason, by=by, **new)
        zone = w.ledger.zone
    _told(settings, form, answer, zone, "correct.void" if void else "correct.done", fact=seq)


def _fields(pairs: list[str] | None) -> dict[str, str]:
    """Fields as they are typed: `name=value`. Raises WD809, WD818, WD822."""
    values: dict[str, str] = {}
    for pair in pairs or []:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise WudingError("WD809", value=pair)
        if name in values:
            raise WudingError("WD818", name=name)
        if name in PLACES:
            raise WudingError("WD822", name=name)
        values[name] = value
    return values


def _told(settings: Settings, form: str, answer: Answer, zone: str, key: str, **args: object) -> None:
    from wuding.cli.watching import as_json, tell

    if form == "json":
        print_json(as_json(answer, zone))
    else:
        print(settings.say(key, seq=answer.first_seq, at=moment(answer.recorded_at, zone), **args))
        tell(settings, form, answer, zone)
