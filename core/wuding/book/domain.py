# ruff: noqa: RUF009 - the calls are dataclass fields
"""`domain.yaml`: the shape, and the domain that is made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wuding.book.context import BUILTIN, Gather, each, known
from wuding.book.models import Names
from wuding.book.shapes import (
    FLAG,
    ID,
    LABELS,
    TEXT,
    TITLE,
    WORD,
    WORDS,
    Leaf,
    Name,
    Shape,
    choice,
    expect,
    load,
    mapping,
    may,
    need,
    read_label,
    read_words,
    shape,
)
from wuding.errors import Diagnostic, Rejected
from wuding.lang.tree import Node, Problems
from wuding.lang.types import FIELD_TYPES, MOMENTS
from wuding.program import builtin
from wuding.program.model import Domain, FieldType, Label, Role, Thing


def _labelled(node: Node) -> dict[Name, Label]:
    """A list of names, or a map from names to their labels."""
    if node.kind == "list":
        return {name: Label(name, name) for name in read_words(node)}
    return mapping(read_label)(node)


LABELLED = Leaf(_labelled, "labelled")


@dataclass(kw_only=True, eq=False, repr=False)
class FieldShape(Shape):
    type: Name = need(choice(*FIELD_TYPES))
    title: Label | None = may(TITLE)
    required: bool = may(FLAG, default=False)
    private: bool = may(FLAG, default=False)
    values: dict[Name, Label] = may(LABELLED, default={})
    labels: dict[Name, Label] = may(LABELLED, default={})
    to: Name | None = may(WORD)
    unit: Name | None = may(TEXT)

    def check(self) -> Problems:
        for key, kind in (("values", "enum"), ("to", "ref")):
            if self.type == kind and self.node.get(key) is None:
                return [Diagnostic("WD111", self.node.span, {"key": key})]
            if self.type != kind and self.node.get(key) is not None:
                return [Diagnostic("WD144", self.node.keys[key].span, {"key": key, "needs": f"type: {kind}"})]
        for name in self.labels:
            if name not in self.values:
                args = {"name": str(name), "field": "labels", "allowed": tuple(self.values)}
                return [Diagnostic("WD211", name.span, args)]
        return []


FIELDS = shape(lambda: FieldShape, "map")


@dataclass(kw_only=True, eq=False, repr=False)
class SubjectShape(Shape):
    title: Label | None = may(TITLE)
    fields: dict[Name, FieldShape] = may(FIELDS, default={})


@dataclass(kw_only=True, eq=False, repr=False)
class HoldsShape(Shape):
    start: Name = need(WORD, "from")
    to: Name = need(WORD)


@dataclass(kw_only=True, eq=False, repr=False)
class FactShape(Shape):
    title: Label | None = may(TITLE)
    key: Names = may(WORDS, default=())
    about: Name | None = may(choice("grid", "subject"))
    holds: HoldsShape | None = may(shape(lambda: HoldsShape))
    fields: dict[Name, FieldShape] = may(FIELDS, default={})


@dataclass(kw_only=True, eq=False, repr=False)
class PostShape(Shape):
    title: Label | None = may(TITLE)
    duties: Names = may(WORDS, default=())
    sees: Name | None = may(choice("own", "subtree", "all"))


@dataclass(kw_only=True, eq=False, repr=False)
class EffectsShape(Shape):
    bars: Names = may(WORDS, default=())
    lists: Names = may(WORDS, default=())
    gives: Names = may(WORDS, default=())


@dataclass(kw_only=True, eq=False, repr=False)
class DomainShape(Shape):
    domain: Name = need(ID)
    title: Label | None = may(TITLE)
    levels: dict[Name, Label] = need(LABELLED)
    kinds: dict[Name, Label] = may(LABELLED, default={})
    roles: dict[Name, PostShape] = may(shape(lambda: PostShape, "map"), default={})
    duties: dict[Name, Label] = may(LABELLED, default={})
    subjects: dict[Name, SubjectShape] = may(shape(lambda: SubjectShape, "map"), default={})
    facts: dict[Name, FactShape] = may(shape(lambda: FactShape, "map"), default={})
    effects: EffectsShape | None = may(shape(lambda: EffectsShape))
    labels: dict[Name, Label] = may(LABELS, default={})


def domain(root: Node) -> Domain:
    """The domain that a `domain.yaml` says. Raises Rejected with everything that is wrong with it."""
    read = load(DomainShape, expect(root, "map"))
    gather = Gather()
    fact_names = (*read.facts, *builtin.FACTS)
    for name in read.facts:
        if name in builtin.FACTS:
            gather.problems.append(Diagnostic("WD234", name.span, {"name": str(name), "kind": "fact"}))
    roles = gather.every(read.roles.items(), lambda item: _role(*item, read.duties))
    subjects = gather.every(read.subjects.items(), lambda item: _subject(*item, fact_names))
    facts = gather.every(read.facts.items(), lambda item: _fact(*item, fact_names))
    gather.done()
    effects = read.effects
    allowed: Mapping[str, tuple[str, ...]] = {
        kind: tuple(str(name) for name in getattr(effects, kind)) if effects is not None else ()
        for kind in ("bars", "lists", "gives")
    }
    return Domain(
        str(read.domain),
        _label(read.domain, read.title),
        _plain(read.levels),
        {role.name: role for role in roles},
        _plain(read.duties),
        {thing.name: thing for thing in subjects},
        {**builtin.FACTS, **{thing.name: thing for thing in facts}},
        allowed,
        _plain(read.kinds),
        _plain(read.labels),
    )


def _label(name: Name, title: Label | None) -> Label:
    return title or Label(str(name), str(name))


def _plain(labels: Mapping[Name, Label]) -> dict[str, Label]:
    return {str(name): label for name, label in labels.items()}


def _role(name: Name, shape: PostShape, duties: Mapping[Name, Label]) -> Role:
    own = each(shape.duties, lambda duty: known(duty, duties, "WD217"))
    return Role(str(name), _label(name, shape.title), own, str(shape.sees or "own"))


def _subject(name: Name, of: SubjectShape, facts: tuple[str, ...]) -> Thing:
    return Thing(str(name), _label(name, of.title), _fields(of.fields, "subject", facts))


def _fields(shapes: Mapping[Name, FieldShape], source: str, facts: tuple[str, ...]) -> dict[str, FieldType]:
    return {str(name): _field(name, of, source, facts) for name, of in shapes.items()}


def _field(name: Name, of: FieldShape, source: str, facts: tuple[str, ...]) -> FieldType:
    if name in BUILTIN[source]:
        raise Rejected([Diagnostic("WD234", name.span, {"name": str(name), "kind": "field"})])
    if of.to is not None:
        known(of.to, facts, "WD205")
    labels = {str(key): label for key, label in {**of.values, **of.labels}.items()}
    return FieldType(
        str(name),
        str(of.type),
        _label(name, of.title),
        of.required,
        of.private,
        tuple(str(value) for value in of.values),
        str(of.to or ""),
        str(of.unit or ""),
        labels,
    )


def _fact(name: Name, of: FactShape, facts: tuple[str, ...]) -> Thing:
    fields = _fields(of.fields, "fact", facts)
    key = each(of.key, lambda field: known(field, fields, "WD204", kind="fact", of=str(name)))
    holds = _holds(of.holds, fields, name) if of.holds is not None else None
    return Thing(str(name), _label(name, of.title), fields, key, str(of.about or "grid"), holds)


def _holds(shape: HoldsShape, fields: Mapping[str, FieldType], name: Name) -> tuple[str, str]:
    def day(field: Name) -> str:
        known(field, fields, "WD204", kind="fact", of=str(name))
        if fields[field].type not in MOMENTS:
            raise Rejected([Diagnostic("WD308", field.span, {"name": str(field), "type": fields[field].type})])
        return str(field)

    start, end = each((shape.start, shape.to), day)
    return start, end
