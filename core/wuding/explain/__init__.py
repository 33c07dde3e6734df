"""Why a finding is what it is: which rule and clause, which facts counted and which did not, counted how.

The evidence is asked of the engine again, for the one holder, as of the moment of the check and with what was
known then: it is the engine's by construction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from wuding.explain.model import Explanation, Part
from wuding.explain.scene import Scene, context, reads, rule_of, scene
from wuding.program.added import Added
from wuding.program.model import Charter, Escalation, Patrol, Program, Scoring, Target, Veto

if TYPE_CHECKING:
    import polars as pl

    from wuding.engines.base import Snapshot
    from wuding.engines.columnar.context import Context

__all__ = ["Explanation", "Part", "explain", "reads", "rule_of"]

Told = tuple[list[Part], list[str]]


def explain(
    program: Program,
    snap: Snapshot,
    row: Mapping[str, Any],
    found: pl.DataFrame,
    lang: str,
    changed: bool = False,
    ctx: Context | None = None,
    private: bool = True,
) -> Explanation:
    """Explain the finding `row` (a row of a kept check) of a book.

    `snap` is the snapshot of the check's moment and sequence; `found` holds the check's findings of the rules that
    `reads` names. `changed` says that the book is no longer the one of the check. Where many are explained, `ctx` is
    their common context, with the findings of every rule. Private fields are said only where `private` is true.
    """
    at = scene(context(program, snap, found) if ctx is None else ctx, row, found, lang, private)
    parts, links = _section(at)
    notes = [*_rulings(at), *([at.say("note.changed")] if changed else [])]
    parts = [*_about(at), *parts, *([at.part("notes", notes)] if notes else [])]
    title = at.title
    return Explanation(row["id"], row["status"], title, _verdict(at), tuple(parts), tuple(dict.fromkeys(links)))


def _section(at: Scene) -> Told:
    from wuding.explain.charters import charter
    from wuding.explain.escalations import escalation
    from wuding.explain.patrols import patrol
    from wuding.explain.scores import scoring
    from wuding.explain.targeted import target
    from wuding.explain.vetoes import veto

    if isinstance(at.rule, Added):
        return at.rule.section.explain(at)
    tell: dict[type, Callable[[Scene], Told]] = {
        Charter: charter, Patrol: patrol, Scoring: scoring, Veto: veto, Escalation: escalation, Target: target,
    }  # fmt: skip
    return tell[type(at.rule)](at)


def _verdict(at: Scene) -> str:
    """The finding in one sentence."""
    row = at.row
    when = row["period"] or (at.say("words.case", case=row["case"]) if row["case"] else "")
    key = "verdict.period" if when else "verdict.plain"
    step = at.say("words.step", step=at.words.called(row["step"])) if row["step"] else ""
    return at.say(key, holder=at.holder, when=when, title=at.title, step=step, status=at.status(row["status"]))


def _about(at: Scene) -> list[Part]:
    """The rule: where it stands, what it rests on, what it asks, and the numbers that it takes from parameters."""
    from wuding.domain.period import to_date
    from wuding.program.sentences import requirement
    from wuding.program.words import value_on, value_text

    head = at.rule.head
    said = [at.say("rule.place", rule=head.key, book=at.program.book, place=head.span)]
    said.append(at.say("rule.clause", clauses=list(head.clauses)) if head.clauses else at.say("rule.no-clause"))
    said += [at.say("rule.trial")] if head.trial else []
    asks = at.part("asks", requirement(at.words, at.rule))
    rows = []
    for parameter in at.words.parameters(at.rule):
        day = at.words.day
        value = value_on(parameter, day) if day is not None else None
        since = max((start for start, _ in parameter.values if day is None or start <= day), default=None)
        note = at.say("rule.assumed") if parameter.assumed else ", ".join(parameter.clauses)
        begin = "" if since is None else to_date(since).isoformat()
        rows.append((parameter.name, value_text(value, at.lang), begin, note, str(parameter.span)))
    columns = ("parameter", "value", "since", "source", "place")
    return [at.part("rule", said), asks, *([at.part("parameters", (), columns, rows)] if rows else [])]


def _rulings(at: Scene) -> list[str]:
    """What a waiver or an appeal changed, and what is not known."""
    said = [at.say(f"note.{at.row['status']}")] if at.row["status"] in ("waived", "overturned") else []
    if at.row["missing"]:
        said.append(at.say("note.missing", fields=at.missing))
    return said
