"""Linking of escalation rules: cases and their steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from wuding.book.context import Context, Fields, Gather, each, known
from wuding.book.models import SelectorShape
from wuding.book.rules import EscalationShape, StepShape, TellShape
from wuding.book.selectors import EVENTS, condition, duration_span, duration_term, selector
from wuding.book.shapes import Name, load
from wuding.errors import Diagnostic, Span
from wuding.lang import parse
from wuding.lang.tree import Node, Problems, wrong
from wuding.lang.types import MOMENTS
from wuding.program.model import Escalation, Head, Limit, Selector, Step, else_id

ANCHORS = ("opening", "closed")


def escalation(shape: EscalationShape, head: Head, ctx: Context) -> Escalation:
    opens = selector(shape.opens, ctx, EVENTS)
    fields, label = ctx.of(opens), "/".join(opens.names)
    gather = Gather()
    case = gather(lambda: each(shape.case, lambda name: known(name, fields, "WD204", kind=opens.source, of=label)))
    gather.done()
    ctx = replace(ctx, case=shape.case)
    _check_steps(shape, gather)
    made = gather.every(shape.steps, lambda step: _step(step, fields, opens, ctx))
    told = gather.every(shape.steps, lambda step: _else_tell(step, ctx))
    closes = gather(lambda: _closes(shape.closes, ctx))
    pauses, transfers = shape.pauses, shape.transfers
    stops = gather(lambda: (_of_case(pauses.start, ctx), _of_case(pauses.to, ctx))) if pauses is not None else None
    moves = gather(lambda: _of_case(transfers, ctx)) if transfers is not None else None
    gather.done()
    return Escalation(head, opens, case, closes, _ordered(made, told, shape), stops, moves)


def _of_case(shape: SelectorShape, ctx: Context) -> Selector:
    """A selector of what belongs to the case: a fact must have the case's key fields. Raises WD319."""
    made = selector(shape, ctx, EVENTS)
    if made.source != "fact" or made.same is not None:
        return made
    for name in made.names:
        for key in ctx.case:
            if key not in ctx.fields("fact", (name,)):
                raise wrong("WD319", shape.node.span, name=name, key=str(key))
    return made


def _closes(node: Node | None, ctx: Context) -> tuple[Selector, ...] | None:
    if node is None:
        return None
    if node.scalar and node.text == "none":
        return ()
    shapes = node.items if node.kind == "list" else (node,)
    made = parse.collect([_close_later(item, ctx) for item in shapes])
    return tuple(made)


def _close_later(node: Node, ctx: Context) -> Callable[[], Selector]:
    return lambda: _of_case(load(SelectorShape, node), ctx)


def step_ids(step: Node) -> tuple[str, ...]:
    """The step's id, and that of the notice of its failure."""
    name, otherwise = step.fields["id"].text, step.get("else")
    tells = otherwise is not None and otherwise.kind == "map" and otherwise.get("tell") is not None
    return (name, else_id(name)) if tells else (name,)


# ── steps ────────────────────────────────────────────────────────────────────────────────────────
def _step(shape: StepShape, fields: Fields, opens: Selector, ctx: Context) -> Step:
    gather = Gather()
    label = "/".join(opens.names)
    kind = "expect" if shape.expect is not None else "without" if shape.without is not None else "tell"
    of = shape.expect or shape.without
    when, within, until, wait = shape.when, shape.within, shape.until, shape.wait
    limit: Limit | None = None
    if within is not None:
        low_high = gather(lambda: duration_span(within, ctx))
        limit = Limit(low_high[1], low_high[0]) if low_high is not None else None
    if until is not None:
        gather(lambda: _moment(until, fields, opens.source, label))
        limit = Limit(until=str(until))
    tell = gather(lambda: _tell(shape.tell, ctx))
    otherwise = shape.otherwise
    made = Step(
        str(shape.id),
        kind,  # type: ignore[arg-type]
        str(shape.after or "opening"),
        gather(lambda: condition(when, fields, ctx, opens.source, label)) if when is not None else None,
        gather(lambda: _of_case(of, ctx)) if of is not None else None,
        limit,
        gather(lambda: duration_term(wait, ctx)) if wait is not None else None,
        tell[0] if tell else None,
        tell[1] if tell else "here",
        shape.repeat,
        else_back=str(otherwise.back) if otherwise is not None and otherwise.back else None,
        span=shape.node.span,
    )
    gather.done()
    return made


def _else_tell(shape: StepShape, ctx: Context) -> tuple[str, str, Span] | None:
    """Whom `else` of the step tells, and where."""
    told = shape.otherwise.tell if shape.otherwise is not None else None
    found = _tell(told, ctx)
    return (*found, told.node.span) if told is not None and found is not None else None


def _moment(name: Name, fields: Fields, kind: str, label: str) -> None:
    known(name, fields, "WD204", kind=kind, of=label)
    if fields[name].type not in MOMENTS:
        raise wrong("WD308", name.span, name=str(name), type=fields[name].type)


def _tell(shape: TellShape | None, ctx: Context) -> tuple[str, str] | None:
    if shape is None:
        return None
    gather = Gather()
    at = shape.at
    role = gather(lambda: ctx.role(shape.role))
    where = gather(lambda: str(at) if at in ("here", "up") else ctx.tree_level(at)) if at is not None else "here"
    gather.done()
    return role, where


def _check_steps(shape: EscalationShape, gather: Gather) -> None:
    ids = [str(step.id) for step in shape.steps]
    made = {else_id(step.id) for step in shape.steps if step.otherwise is not None and step.otherwise.tell is not None}
    problems: Problems = gather.problems
    seen: set[str] = set()
    for step in shape.steps:
        if step.id in seen or step.id in ANCHORS or step.id in made:
            problems.append(Diagnostic("WD306", step.id.span, {"name": str(step.id)}))
        seen.add(step.id)
        back = step.otherwise.back if step.otherwise is not None else None
        for name, allowed in ((step.after, (*ANCHORS, *ids)), (back, tuple(ids))):
            if name is not None and name not in allowed:
                args = {"name": str(name), "rule": str(shape.id), "allowed": allowed}
                problems.append(Diagnostic("WD208", name.span, args))
    for step in shape.steps:
        if step.after is not None and (path := _loop(step, shape)):
            problems.append(Diagnostic("WD307", step.after.span, {"path": " -> ".join(path)}))
            break


def _loop(step: StepShape, shape: EscalationShape) -> tuple[str, ...]:
    """The chain of anchors from a step back to itself, or nothing."""
    anchors = {str(other.id): other.after for other in shape.steps}
    path = [str(step.id)]
    while (after := anchors.get(path[-1])) is not None and str(after) in anchors:
        path.append(str(after))
        if path[-1] == path[0]:
            return tuple(path)
        if len(path) > len(anchors):
            return ()
    return ()


def _ordered(
    steps: tuple[Step, ...], told: tuple[tuple[str, str, Span] | None, ...], shape: EscalationShape
) -> tuple[Step, ...]:
    """The steps, each after its anchor, otherwise as the editor wrote them; what `else` tells follows its step."""
    placed: dict[str, Step] = {}
    waiting = list(steps)
    while waiting:
        ready = [step for step in waiting if step.after in ANCHORS or step.after in placed]
        placed.update({step.id: step for step in ready})
        waiting = [step for step in waiting if step.id not in placed]
        assert ready, shape.id
    if not any(told):
        return tuple(placed.values())
    follows = {str(one.id): tell for one, tell in zip(shape.steps, told, strict=True) if tell is not None}
    both = ((step, _on_failure(step, *follows[step.id]) if step.id in follows else None) for step in placed.values())
    return tuple(one for pair in both for one in pair if one is not None)


def _on_failure(step: Step, role: str, at: str, span: Span) -> Step:
    """The notice that follows when a step fails (E6b): a step like others, that exists where the failing one does."""
    return Step(else_id(step.id), "tell", step.id, step.when, tell_role=role, tell_at=at, on_failure=True, span=span)
