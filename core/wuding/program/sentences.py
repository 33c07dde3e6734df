"""What each rule asks, in sentences; for explanations and for the charter on the wall."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from wuding.domain.number import plain
from wuding.domain.period import to_date
from wuding.lang import say
from wuding.lang.nodes import Duration, Lit
from wuding.program.added import Added
from wuding.program.model import (
    Charter,
    Escalation,
    FieldType,
    Item,
    Label,
    Limits,
    Measure,
    Patrol,
    Rule,
    Scoring,
    Selector,
    Step,
    Target,
    Veto,
)
from wuding.program.words import Words


def requirement(words: Words, rule: Rule) -> list[str]:
    """What the rule asks, the first sentence saying it in short."""
    match rule:
        case Charter():
            return [_charter(words, rule)]
        case Patrol():
            return [patrol(words, rule)]
        case Scoring():
            return [_start(words, rule), *measures(words, rule.measures), *items(words, rule), *bands(words, rule)]
        case Veto():
            return [veto(words, rule)]
        case Escalation():
            return [_opens(words, rule), *(step(words, rule, s) for s in rule.steps)]
        case Target():
            return [_target(words, rule)]
        case Added():
            return rule.section.asks(words, rule)


def _charter(words: Words, rule: Charter) -> str:
    of = words.selector(rule.of, rule.holders) if rule.of is not None else ""
    match rule.kind:
        case "seat":
            assert rule.of is not None
            said = words.say("asks.seat", role=words.names(rule.of), test=words.test(rule.be) if rule.be else "")
            extra = [words.say("asks.also", role=words.role(rule.also))] if rule.also else []
            extra += [words.say(f"asks.deputy-{rule.deputy}")] if rule.deputy else []
            extra += [words.say("asks.exclusive")] if rule.exclusive == "yes" else []
            return words.joined([said, *extra])
        case "have":
            return words.say("asks.have", things=of)
        case "count":
            return words.say("asks.count", things=of, test=words.test(rule.be) if rule.be else "")
        case "must":
            assert rule.must is not None
            return words.say("asks.must", condition=words.condition(rule.must, rule.holders))
        case "duties":
            return words.say("asks.duties", duties=words.joined([words.duty(d) for d in rule.duties], "list"))
        case "complete":
            return words.say(
                "asks.complete", things=words.joined([words.word("fixed", t) for t in rule.complete], "list")
            )
        case "partition":
            return words.say("asks.partition", things=of)
    raise ValueError(rule.kind)


def patrol(words: Words, rule: Patrol) -> str:
    """`每月至少1次：消防检查（…）`."""
    if rule.must is not None:
        condition = words.condition(rule.must, rule.holders)
        return words.say("asks.each-must", things=words.selector(rule.holders), condition=condition)
    assert rule.do is not None
    things = words.selector(rule.do, rule.holders)
    if rule.apart is not None:
        return words.say("asks.apart", things=things, limit=words.limit(rule.apart))
    assert rule.every is not None
    times = "1" if rule.times is None else words.term(rule.times, None, rule.holders)
    said = words.say("asks.periodic", every=words.every(rule.every), times=times, things=things)
    season = [words.say("asks.during", season=words.season(rule.during))] if rule.during else []
    season += [words.say("asks.except", season=words.season(rule.excluded))] if rule.excluded else []
    return words.joined([said, *season])


# ── scoring ──────────────────────────────────────────────────────────────────────────────────────
def _start(words: Words, rule: Scoring) -> str:
    every = words.every(rule.every) if rule.every else words.say("words.each", things=words.names(rule.holders))
    said = [words.say("asks.score", every=every, start=words.term(rule.start))]
    kept = limits(rule.range)
    return words.joined([*said, words.say("asks.score-range", range=kept)] if kept else said)


def limits(bounds: Limits) -> str:
    """`0..100`; empty without bounds."""
    ends = ["" if end is None else plain(end) for end in (bounds.low, bounds.high)]
    return "..".join(ends) if any(ends) else ""


def measures(words: Words, listed: Iterable[Measure]) -> list[str]:
    """A sentence for each measure: what it measures."""
    return [words.say("asks.measure", name=words.called(m.name), what=measured(words, m)) for m in listed]


def measured(words: Words, measure: Measure) -> str:
    """What a measure is taken of."""
    if measure.of is None:
        return words.term(measure.expr) if measure.expr is not None else ""
    things = words.selector(measure.of)
    if measure.fn == "share":
        return words.say("asks.share", of=things, meets=_meets(words, measure.of, measure))
    what = words.say("asks.measured", things=things, fn=words.word("measure", measure.fn))
    if measure.field is not None:
        found = words.fields(measure.of).get(measure.field)
        label = words.label(found.label) if found else measure.field
        what = words.say("asks.field-measured", things=things, field=label, fn=words.word("measure", measure.fn))
    return words.say("asks.previous", what=what) if measure.period == "previous" else what


def _meets(words: Words, of: Selector, share: Measure | Target) -> str:
    """What the members of a share must meet."""
    if share.share_when is not None:
        return words.condition(share.share_when, of)
    return words.selector(share.share_with) if share.share_with is not None else ""


def items(words: Words, rule: Scoring) -> list[str]:
    """A sentence for each item of a score."""
    return [_item(words, rule, item) for item in rule.items]


def _item(words: Words, rule: Scoring, item: Item) -> str:
    measures = {m.name: _number(words, m.name) for m in rule.measures}
    points = say.term(words.settled(item.points), say.Voice(words.lang, measures | words.fields(item.each)))
    bounds = words.say("asks.limit", limits=limits(item.limit)) if item.limit else ""
    if item.each is None:
        return words.say("asks.item", id=words.called(item.id), points=points, limit=bounds)
    things = words.selector(item.each, rule.holders)
    return words.say("asks.item-each", id=words.called(item.id), things=things, points=points, limit=bounds)


def _number(words: Words, name: str) -> FieldType:
    """A measure or a category as a field that a condition names."""
    label = words.program.labels.get(name, Label(name, name))
    return FieldType(name, "number", label)


def bands(words: Words, rule: Scoring) -> list[str]:
    """`good：总分不小于90`, one for each band."""
    names = [m.name for m in rule.measures] + list(rule.categories)
    fields = {n: _number(words, n) for n in names}
    total = Label(words.say("field.total"), words.say("field.total"))
    voice = say.Voice(words.lang, fields | {"total": FieldType("total", "number", total)})
    return [
        words.say(
            "asks.band",
            band=words.called(name),
            condition=say.condition(words.settled(cond), voice) if cond else words.say("asks.else"),
        )
        for name, cond in rule.bands
    ]


def rewards(words: Words, rule: Scoring) -> list[str]:
    """What follows from a score."""
    fields = {
        n: FieldType(n, "text", Label(words.say(f"field.{n}"), words.say(f"field.{n}")))
        for n in ("band", "rank", "total")
    }
    found = []
    for reward in rule.rewards:
        when = say.condition(words.settled(reward.when), say.Voice(words.lang, fields)) if reward.when else ""
        given = [f"{words.called(name)} {_amount(value)}" for name, value in reward.give.items()]
        given += [words.say("asks.listed", list=words.called(reward.list))] if reward.list else []
        found.append(words.say("asks.reward", when=when or words.say("asks.always"), given=words.joined(given, "list")))
    return found


def _amount(value: object) -> str:
    return plain(value) if isinstance(value, Fraction) else str(value)


# ── veto, cases, targets ─────────────────────────────────────────────────────────────────────────
def veto(words: Words, rule: Veto) -> str:
    """`因…，一票否决：…`."""
    cause = words.selector(rule.cause)
    if rule.every is not None:
        cause = words.say("asks.times", times=rule.times, every=words.every(rule.every), things=cause)
    return words.say("asks.veto", cause=cause, effects=effects(words, rule), lasts=lasts(words, rule))


def effects(words: Words, rule: Veto) -> str:
    """What a veto does to its holder."""
    said = [words.say("effect.score", score=plain(rule.score))] if rule.score is not None else []
    said += [words.say("effect.cap", cap=plain(rule.cap))] if rule.cap is not None else []
    said += [words.say("effect.bars", names=words.joined(map(words.called, rule.bars), "list"))] if rule.bars else []
    said += [words.say("effect.lists", names=words.joined(map(words.called, rule.lists), "list"))] if rule.lists else []
    return words.joined(said) or words.say("effect.none")


def lasts(words: Words, rule: Veto) -> str:
    return words.limit(rule.lasts) if isinstance(rule.lasts, Duration) else words.say(f"lasts.{rule.lasts}")


def _opens(words: Words, rule: Escalation) -> str:
    if rule.closes is None:
        closes = words.say("asks.all-steps")
    else:
        closes = words.joined([words.selector(sel) for sel in rule.closes], "or") or words.say("asks.never")
    return words.say("asks.case", opens=words.selector(rule.opens), closes=closes)


def step(words: Words, rule: Escalation, one: Step) -> str:
    """One step of a case."""
    if one.after in ("opening", "closed"):
        after = words.say(f"after.{one.after}")
    else:
        failing = next((s for s in rule.steps if one.on_failure and s.id == one.after), None)
        after = words.say(f"after.not-{failing.kind}" if failing else "after.step", step=words.called(one.after))
    limit = step_limit(words, rule, one)
    if one.kind == "tell":
        role, at = one.tell_role or "", one.tell_at
        wait = words.limit(one.wait)
        said = words.say("asks.tell", role=words.role(role), place=place(words, at), after=after, wait=wait)
        said = said if wait else words.say("asks.tell-now", role=words.role(role), place=place(words, at), after=after)
    else:
        assert one.of is not None
        said = words.say(f"asks.{one.kind}", things=words.selector(one.of), after=after, limit=limit)
    if one.when is not None:
        said = words.say("asks.if", condition=words.condition(one.when, rule.opens), then=said)
    return said


def step_limit(words: Words, rule: Escalation, one: Step) -> str:
    """`7天内`; `不早于1天、7天内`; up to the date in a field."""
    if one.limit is None:
        return ""
    if one.limit.until:
        found = words.fields(rule.opens).get(one.limit.until)
        return words.say("limit.until", field=words.label(found.label) if found else one.limit.until)
    high = (
        one.limit.high.value
        if isinstance(one.limit.high, Lit) and isinstance(one.limit.high.value, Duration)
        else one.limit.high
    )
    said = [words.say("limit.low", limit=words.limit(one.limit.low))] if one.limit.low else []
    said += [words.say("limit.high", limit=words.limit(high))] if high is not None else []
    return words.joined(said)


def place(words: Words, at: str) -> str:
    return words.say(f"place.{at}") if at in ("here", "up") else words.level(at)


def _target(words: Words, rule: Target) -> str:
    if rule.share_of is not None:
        meets = _meets(words, rule.share_of, rule)
        of = words.say("asks.share", of=words.selector(rule.share_of), meets=meets)
    elif rule.count is not None:
        of = words.say("asks.number", things=words.selector(rule.count))
    else:
        assert rule.value is not None
        said = words.joined(measures(words, rule.measures), "semicolon")
        of = words.say("asks.target-values", value=words.term(rule.value), measures=said)
    if rule.every is not None and rule.reach is not None:
        return words.say(
            "asks.target-every", every=words.every(rule.every), of=of, test=words.test(rule.reach, "words.value")
        )
    dates = [
        words.say("asks.by-date", day=to_date(day).isoformat(), test=words.test(test, "words.value"))
        for day, test in rule.reach_on
    ]
    return words.say("asks.target", of=of, dates=words.joined(dates))
