"""A book and its domain into a program: names found, conditions typed, rules in the order they are checked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace

from wuding.book.context import Context, RuleInfo, known
from wuding.book.editions import SECTIONS
from wuding.book.models import BookShape, book_shape
from wuding.book.parameters import parameter, season
from wuding.book.rules import (
    SECTION_SHAPES,
    CharterShape,
    EscalationShape,
    PatrolShape,
    RuleShape,
    ScoringShape,
    TargetShape,
    VetoShape,
)
from wuding.book.scores import scoring
from wuding.book.sections import charter, patrol, target, veto
from wuding.book.shapes import load
from wuding.book.steps import escalation, step_ids
from wuding.book.strata import ordered
from wuding.book.variants import expanded
from wuding.errors import Diagnostic, Rejected, Span
from wuding.lang.texts import zone_exists
from wuding.lang.tree import Node, Problems, canonical, wrong
from wuding.program.added import Sections
from wuding.program.model import Domain, Head, Label, Parameter, Program, Rule, Season

ZONE = "Asia/Shanghai"


def link(root: Node, domain: Domain, problems: Problems, sections: Sections) -> Program | None:
    """The program of a resolved book, or None; what is wrong goes to `problems`."""
    headers = book_shape(tuple(sections))
    try:
        book: BookShape | None = load(headers, root)
    except Rejected as error:
        problems.extend(error.diagnostics)
        book = _salvaged(headers, root, {problem.span for problem in error.diagnostics})
    if book is None:
        return None
    rules = _infos(root, sections)
    zone = _zone(book, problems)
    levels = _levels(book, domain, problems)
    calendar = _calendar(book, problems)
    parameters = _parameters(book, rules, problems)
    types = {str(name): parameters[name].type if name in parameters else "" for name in book.parameters}
    ctx = Context(domain, levels, zone, rules, types, frozenset(book.calendar), sections=sections)
    linked = _rules(book, ctx, problems)
    uses: Mapping[str, frozenset[str]] = {}
    try:
        ordered_rules, uses = ordered(linked, parameters)
    except Rejected as error:
        problems.extend(error.diagnostics)
        return None
    if any(problem.severity == "error" for problem in problems):
        return None
    return Program(
        str(book.book),
        book.title or Label(str(book.book), str(book.book)),
        domain,
        str(book.grid) if book.grid is not None else None,
        levels,
        zone,
        calendar,
        parameters,
        ordered_rules,
        uses,
        _digest(root, domain),
        book.retroactive,
        {**domain.labels, **{str(name): label for name, label in book.labels.items()}},
    )


def _salvaged(headers: type[BookShape], root: Node, wrong_places: set[Span]) -> BookShape | None:
    """The headers without the keys that are wrong, so that one wrong header does not hide what else is wrong."""
    if root.kind != "map":
        return None
    kept = []
    for key, value in root.entries:
        places = {key.span, *(node.span for node in value.walk())}
        places |= {child.span for node in value.walk() for child in node.keys.values()}
        if not places & wrong_places:
            kept.append((key, value))
    try:
        return load(headers, root.with_entries(tuple(kept)))
    except Rejected:
        return None


# ── headers ──────────────────────────────────────────────────────────────────────────────────────
def _zone(book: BookShape, problems: Problems) -> str:
    if book.zone is None:
        return ZONE
    if not zone_exists(book.zone):
        problems.append(Diagnostic("WD224", book.zone.span, {"name": str(book.zone)}))
        return ZONE
    return str(book.zone)


def _levels(book: BookShape, domain: Domain, problems: Problems) -> dict[str, tuple[str, ...]]:
    levels: dict[str, tuple[str, ...]] = {name: (name,) for name in domain.levels}
    for name, names in book.levels.items():
        try:
            levels[known(name, domain.levels, "WD202")] = tuple(str(tree) for tree in names)
        except Rejected as error:
            problems.extend(error.diagnostics)
    return levels


def _calendar(book: BookShape, problems: Problems) -> dict[str, Season]:
    found: dict[str, Season] = {}
    for name, shape in book.calendar.items():
        try:
            found[str(name)] = season(shape)
        except Rejected as error:
            problems.extend(error.diagnostics)
    return found


def _parameters(book: BookShape, rules: Mapping[str, RuleInfo], problems: Problems) -> dict[str, Parameter]:
    found: dict[str, Parameter] = {}
    for name, shape in book.parameters.items():
        try:
            found[str(name)] = parameter(name, shape, rules)
        except Rejected as error:
            problems.extend(error.diagnostics)
    return found


# ── rules ────────────────────────────────────────────────────────────────────────────────────────
def _infos(root: Node, sections: Sections) -> dict[str, RuleInfo]:
    """What can be said of each rule before its shape is known to be right: a rule that is wrong still exists."""
    found: dict[str, RuleInfo] = {}
    for section in (*SECTIONS, *sections):
        listed = root.get(section)
        for rule in listed.items if listed is not None else ():
            name = rule.get("id") if rule.kind == "map" else None
            if name is None or name.text in found:
                continue
            steps, bands, mode = rule.get("steps"), rule.get("bands"), rule.get("mode")
            ids = [name for step in (steps.items if steps else ()) if step.get("id") for name in step_ids(step)]
            parts = sections[section].parts if section in sections else None
            ids += parts(rule) if parts is not None else ()
            trial = mode is not None and mode.text == "trial"
            found[name.text] = RuleInfo(
                name.text, section, trial, tuple(ids), tuple(bands.keys) if bands is not None else ()
            )
    return found


def _rules(book: BookShape, ctx: Context, problems: Problems) -> list[Rule]:
    made: list[Rule] = []
    for section in (*SECTIONS, *ctx.sections):
        added = ctx.sections.get(section)
        for node in getattr(book, section):
            try:
                variants = expanded(node, section, added.main if added else ())
            except Rejected as error:
                problems.extend(error.diagnostics)
                continue
            for variant, rule in variants:
                try:
                    if added is not None:
                        shape = load(added.shape, rule)
                        made.append(added.link(shape, _head(shape, variant), ctx))
                    else:
                        made.append(_rule(load(SECTION_SHAPES[section], rule), variant, ctx))
                except Rejected as error:
                    problems.extend(error.diagnostics)
    return made


def _rule(shape: RuleShape, variant: str, ctx: Context) -> Rule:
    head = _head(shape, variant)
    match shape:
        case CharterShape():
            return charter(shape, head, ctx)
        case PatrolShape():
            return patrol(shape, head, ctx)
        case ScoringShape():
            return scoring(shape, head, ctx)
        case VetoShape():
            return veto(shape, head, ctx)
        case EscalationShape():
            return escalation(shape, head, ctx)
        case TargetShape():
            return target(shape, head, ctx)
        case _:
            raise TypeError(shape)


def _head(shape: RuleShape, variant: str) -> Head:
    head = Head(
        str(shape.id),
        variant,
        shape.title or Label(str(shape.id), str(shape.id)),
        tuple(str(clause) for clause in shape.clause),
        shape.node.span,
        trial=shape.mode == "trial",
        severity=str(shape.severity or ""),
        was=tuple(str(name) for name in shape.was),
    )
    if shape.valid is None:
        return head
    start, to = shape.valid.start, shape.valid.to
    if start is not None and to is not None and start > to:
        raise wrong("WD301", shape.valid.node.span)
    return replace(head, valid_from=start, valid_to=None if to is None else to + 1)


def _digest(root: Node, domain: Domain) -> str:
    text = json.dumps([domain.name, canonical(root)], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
