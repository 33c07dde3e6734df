"""Why an account stands as it does, and what a rule of accounts asks, in words."""

from __future__ import annotations

from fractions import Fraction

from wuding.domain.number import SCALE, plain
from wuding.explain.model import Part
from wuding.explain.scene import Scene
from wuding.lang import say as saying
from wuding.lang.nodes import Duration, Param
from wuding.program.words import Words, value_on
from wuding_morality.account import BEFORE, Account
from wuding_morality.assess import Line, lines
from wuding_morality.before import checked
from wuding_morality.replay import Fault, Movement


def asks(words: Words, rule: Account) -> list[str]:
    """What the rule asks: what comes in and goes out, each balance, what must go before a credit."""
    into, out = words.selector(rule.into, rule.holders), words.selector(rule.out, rule.holders)
    said = [words.say("accounts.asks", holders=words.selector(rule.holders), into=into, out=out)]
    for balance in rule.balances:
        said.append(words.say(f"accounts.of-{balance.of}", name=balance_name(words, balance.name)))
        if balance.reset is not None:
            said[-1] += words.say("accounts.reset", every=words.word("every", balance.reset.unit))
        if balance.floor is not None:
            said[-1] += words.say("accounts.floor", floor=plain(balance.floor))
    if rule.before is not None:
        steps = words.joined([words.selector(step, rule.holders) for step in rule.before.steps], "accounts.then")
        credit = words.selector(rule.before.credit, rule.holders)
        said.append(words.say("accounts.before", credit=credit, steps=steps, wait=_wait(words, rule)))
        if rule.before.unless is not None:
            said.append(words.say("accounts.unless", unless=words.selector(rule.before.unless, rule.holders)))
    return said


def balance_name(words: Words, name: str) -> str:
    """A balance as people call it; one that no text names is called as the book calls it."""
    return words.word("balance", name)


def _wait(words: Words, rule: Account) -> str:
    assert rule.before is not None
    wait: object = rule.before.wait
    if isinstance(wait, Param):
        day = words.day if words.day is not None else 0
        wait = value_on(words.program.parameters[wait.name], day)
    return words.say("accounts.wait", wait=saying.duration(wait, words.lang)) if isinstance(wait, Duration) else ""


def explained(at: Scene) -> tuple[list[Part], list[str]]:
    """The parts of the explanation of a finding."""
    rule, row = at.rule, at.row
    assert isinstance(rule, Account)
    if row["step"] == BEFORE:
        return _before(at, rule), []
    for line in lines(at.ctx, rule):
        about = (line.held.keys["holder"], line.balance.name, line.label, line.held.value)
        if about == (row["holder"], row["step"], row["period"], row["case"]):
            return _line(at, rule, line), []
    return [], []


def _line(at: Scene, rule: Account, line: Line) -> list[Part]:
    told = line.told
    amount = told.earned if line.balance.of == "in" else told.balance
    value = at.say("words.unknown") if amount is None else shown(amount)
    name = balance_name(at.words, line.balance.name)
    said = [at.say("accounts.stands", name=name, value=value, count=told.count)]
    if told.uncovered:
        said.append(at.say("accounts.uncovered", seqs=[str(seq) for seq in told.uncovered], day=at.day(told.since)))
    if told.short:
        said.append(at.say("accounts.short", amount=shown(told.short)))
    own = [m for m in line.held.movements if line.begin is None or line.begin <= m.at < (line.finish or m.at + 1)]
    rows = [_row(at, one, told.uncovered) for one in own]
    return [at.part("asked", said), at.part("counted", (), ("seq", "at", "what", "value", "why"), rows)]


def _row(at: Scene, one: Movement, uncovered: tuple[int, ...]) -> tuple[str, ...]:
    sign = "+" if one.incoming and (one.amount or 0) >= 0 else "" if one.incoming else "-"
    value = at.say("words.unknown") if one.amount is None else f"{sign}{shown(one.amount)}"
    why = at.say("accounts.not-covered") if one.seq in uncovered else ""
    return str(one.seq), at.moment(one.at), at.words.thing(one.type), value, why


def _before(at: Scene, rule: Account) -> list[Part]:
    for keys, faults, count in checked(at.ctx, rule):
        if keys["holder"] == at.row["holder"]:
            said = [at.say("accounts.credits", count=count, faults=len(faults))]
            rows = [(str(f.credit.seq), at.moment(f.credit.at), f.credit.case or "", _why(at, rule, f)) for f in faults]
            told = [at.part("asked", said)]
            return [*told, at.part("not-counted", (), ("seq", "at", "case", "why"), rows)] if rows else told
    return []


def _why(at: Scene, rule: Account, fault: Fault) -> str:
    assert rule.before is not None
    step = at.words.selector(rule.before.steps[fault.step], rule.holders)
    agreed = shown(fault.agreed)
    return at.say(f"accounts.fault-{fault.why}", step=step, due=at.moment(fault.due), agreed=agreed)


def shown(amount: int) -> str:
    """Millionths as people write them."""
    return plain(Fraction(amount, SCALE))
