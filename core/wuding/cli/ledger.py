"""Commands about the ledger itself and its register: `init`, `appoint`, `enforce`, `verify`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from wuding.cli.out import moment, print_csv, print_json
from wuding.cli.settings import Settings
from wuding.errors import WudingError

if TYPE_CHECKING:
    from wuding.store.ledger import Head


def add(app: typer.Typer) -> None:
    app.command("init", help="cli.init")(init)
    app.command("appoint", help="cli.appoint")(appoint)
    app.command("enforce", help="cli.enforce")(enforce)
    app.command("verify", help="cli.verify")(verify)


def init(
    context: typer.Context, zone: Annotated[str, typer.Option("--zone", help="cli.init.zone")] = "Asia/Shanghai"
) -> None:
    from wuding.store.ledger import open_ledger

    settings: Settings = context.obj
    try:
        open_ledger(settings.db, create=False).close()
    except WudingError as error:
        if error.code != "WD502":
            raise
    else:
        raise WudingError("WD808", url=settings.db)
    with open_ledger(settings.db, zone=zone) as ledger:
        print(settings.say("init.done", url=settings.db, zone=ledger.zone))


def appoint(
    context: typer.Context,
    person: Annotated[str, typer.Argument(help="cli.appoint.person", show_default=False)],
    role: Annotated[str, typer.Argument(help="cli.appoint.role", show_default=False)],
    grid: Annotated[str, typer.Argument(help="cli.appoint.grid", show_default=False)],
    subject: Annotated[str | None, typer.Option("--subject", help="cli.appoint.subject")] = None,
    capacity: Annotated[str, typer.Option("--as", help="cli.appoint.as")] = "principal",
    start: Annotated[str | None, typer.Option("--from", help="cli.appoint.from")] = None,
    to: Annotated[str | None, typer.Option("--to", help="cli.appoint.to")] = None,
) -> None:
    from wuding.app import Wuding
    from wuding.domain.instants import parse_date
    from wuding.domain.post import CAPACITIES, Post

    settings: Settings = context.obj
    if capacity not in CAPACITIES:
        raise WudingError("WD810", option="--as", value=capacity, known=", ".join(CAPACITIES))
    begin = None if start is None else parse_date(start)
    end = None if to is None else parse_date(to) + 1
    with Wuding.open(settings.db, create=False) as w:
        _known_role(w.shelf.domains.values(), role)
        _known_place(w.ledger, grid, subject)
        receipt = w.appoint([Post("", person, role, grid, subject, capacity, begin, end)])
        print(settings.say("appoint.done", person=person, role=role, place=subject or grid, seq=receipt.first_seq))


def _known_role(domains: object, role: str) -> None:
    named = {(d.name, name) for d in domains for name in d.roles}  # type: ignore[attr-defined]
    known = sorted({name for _, name in named} | ({"/".join(one) for one in named} if "/" in role else set()))
    if role not in known:
        raise WudingError("WD814", name=role, allowed=known)


def _known_place(ledger: object, grid: str, subject: str | None) -> None:
    from wuding.store.registry import registry_frames

    frames = registry_frames(ledger)  # type: ignore[arg-type]
    codes = frames.grids.get_column("code").unique()
    if grid not in codes:
        raise WudingError("WD813", name=grid, allowed=codes.to_list())
    if subject is not None and subject not in frames.subjects.get_column("id"):
        raise WudingError("WD816", name=subject)


def enforce(
    context: typer.Context,
    book: Annotated[str, typer.Argument(help="cli.enforce.book", show_default=False)],
    start: Annotated[str | None, typer.Option("--from", help="cli.enforce.from")] = None,
) -> None:
    from wuding.app import Wuding

    settings: Settings = context.obj
    with Wuding.open(settings.db, books=[book], create=False) as w:
        name = w.book_names[0]
        receipt = w.put_in_force(name, start)
        print(settings.say("enforce.done", book=name, day=start or settings.say("always"), seq=receipt.first_seq))


def verify(
    context: typer.Context,
    noted: Annotated[str | None, typer.Option("--head", help="cli.verify.head", metavar="SEQ:LINK")] = None,
) -> None:
    from wuding.app import Wuding

    settings: Settings = context.obj
    form = settings.form("text", "json", "csv")
    with Wuding.open(settings.db, create=False) as w:
        problems = w.verify(None if noted is None else _head(noted))
        head, zone = w.ledger.head(), w.ledger.zone
    told = [
        {"kind": p.kind, "seq": p.seq, "last": p.last, "batch": p.batch, "field": p.field, "broken": p.broken,
         "message": settings.say(f"verify.{p.kind}", **_args(p))}
        for p in problems
    ]  # fmt: skip
    broken = sum(p.broken for p in problems)
    if form == "json":
        print_json({"head": f"{head.seq}:{head.link}", "broken": broken, "problems": told})
    elif form == "csv":
        print_csv(told, ("kind", "seq", "last", "batch", "field", "broken", "message"))
    else:
        for row in told:
            print(("✗ " if row["broken"] else "– ") + str(row["message"]))
        print(settings.say("verify.broken" if broken else "verify.clean", count=broken or head.seq))
        print(settings.say("verify.head", head=f"{head.seq}:{head.link}", at=moment(head.recorded_at or None, zone)))
    if broken:
        sys.exit(1)


def _args(problem: object) -> dict[str, object]:
    return {name: getattr(problem, name) for name in ("seq", "last", "batch", "field")}


def _head(noted: str) -> Head:
    from wuding.store.ledger import Head

    seq, colon, link = noted.partition(":")
    if not (colon and seq.isdigit() and len(link) == 64 and all(c in "0123456789abcdef" for c in link.lower())):
        raise WudingError("WD815", value=noted)
    return Head(int(seq), link.lower(), 0)
