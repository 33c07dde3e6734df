"""Pydantic models and JSON Schemas of books, domains and tests, made from the shapes that read them.

For editors that complete and check YAML while it is written, and for programs that make books. The loader itself
does not need them: it reads the shapes, keeps every place, and says one thing for one mistake.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr, create_model

from wuding.book.cases import TestsShape
from wuding.book.domain import DomainShape
from wuding.book.models import BookShape, book_shape
from wuding.book.rules import SECTION_SHAPES, RuleShape
from wuding.book.shapes import Leaf, Shape, keys_of
from wuding.program.added import Sections

NONE: Sections = {}
Rules = Mapping[str, type[RuleShape]]
ROOTS: dict[str, type[Shape]] = {"book": BookShape, "domain": DomainShape, "test": TestsShape}
TITLES = {
    "book": "Wuding rule book (规则册)",
    "domain": "Wuding domain (领域)",
    "test": "Wuding policy test (规则册测试)",
}


class Strict(BaseModel):
    """The base of all models: unknown keys are refused, nothing is converted."""

    model_config = ConfigDict(extra="forbid", strict=True, validate_by_alias=True)


class LabelModel(Strict):
    """A name for people, in Chinese and English."""

    zh: str | None = None
    en: str | None = None


_Text = StrictStr | StrictInt | StrictFloat
_Words = _Text | list[_Text]
_Label = StrictStr | LabelModel
_UNIT = "(minutes?|min|hours?|h|days?|d|workdays?|weeks?|months?|years?)"
PLAIN: dict[str, Any] = {
    "text": _Text,
    "word": _Text,
    "words": _Words,
    "id": Annotated[StrictStr, Field(pattern=r"^[^\W\d]\w*(-\w+)*$")],
    "flag": StrictBool,
    "whole": Annotated[StrictInt, Field(ge=0)],
    "label": _Label,
    "labelled": list[StrictStr] | dict[str, _Label],
    "day": Annotated[StrictStr, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")],
    "moment": Annotated[StrictStr, Field(pattern=r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}.*)?$")],
    "every": Annotated[StrictStr, Field(pattern=r"^((1 )?(day|workday|week|month|quarter|year)|\d+ years)$")],
    "duration": Annotated[StrictStr, Field(pattern=rf"^\d+ ?{_UNIT}$")],
    "scalar": StrictStr | StrictInt | StrictFloat | StrictBool,
    "map": dict[str, Any],
    "list": list[dict[str, Any]],
    "any": Any,
}


def models(kind: str, sections: Sections = NONE) -> dict[str, type[BaseModel]]:
    """The pydantic models of a `book`, a `domain` or a `test`, by name; the first is the whole document. `sections`
    are those that plugins add.

    Raises KeyError for another kind.
    """
    root = book_shape(tuple(sections)) if kind == "book" else ROOTS[kind]
    rules = rule_shapes(sections)
    shapes = list(dict.fromkeys(_reached(root, rules)))
    made = {_name(shape): _model(shape, rules) for shape in shapes}
    for model in made.values():
        model.model_rebuild(_types_namespace=made)
    return made


def rule_shapes(sections: Sections) -> dict[str, type[RuleShape]]:
    """The shape of the rules of each section."""
    return {**SECTION_SHAPES, **{name: section.shape for name, section in sections.items()}}


def json_schema(kind: str, sections: Sections = NONE) -> dict[str, Any]:
    """The JSON Schema of a `book`, a `domain` or a `test`. Of a rule only its id is required: a book that
    extends another gives only the keys that it changes."""
    found = next(iter(models(kind, sections).values())).model_json_schema()
    rules = {_name(shape) for shape in rule_shapes(sections).values()}
    for name, definition in found.get("$defs", {}).items():
        if name in rules:
            definition["required"] = ["id"]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found, "title": TITLES[kind]}


def _name(shape: type[Shape]) -> str:
    return shape.__name__.removesuffix("Shape") + "Model"


def _reached(shape: type[Shape], rules: Rules, seen: frozenset[type[Shape]] = frozenset()) -> Iterator[type[Shape]]:
    if shape in seen:
        return
    yield shape
    nested = [leaf.plain() for leaf in _leaves(shape) if callable(leaf.plain)]
    for below in (*nested, *(rules.values() if issubclass(shape, BookShape) else ())):
        yield from _reached(below, rules, seen | {shape})


def _leaves(shape: type[Shape]) -> list[Leaf]:
    return [item.metadata["leaf"] for item in keys_of(shape).values()]


def _model(shape: type[Shape], rules: Rules) -> type[BaseModel]:
    fields: dict[str, Any] = {}
    for key, item in keys_of(shape).items():
        required = item.default is MISSING and item.default_factory is MISSING
        kind = _annotation(item.metadata["leaf"])
        if issubclass(shape, BookShape) and key in rules:
            kind = f"list[{_name(rules[key])}]"
        if not required:
            kind = f"{kind} | None" if isinstance(kind, str) else kind | None
        fields[f"{item.name}_"] = (kind, Field(alias=key) if required else Field(default=None, alias=key))
    doc = (shape.__doc__ or "").split("\n")[0]
    return create_model(_name(shape), __base__=Strict, __doc__=doc or None, **fields)


def _annotation(leaf: Leaf) -> Any:
    if callable(leaf.plain):
        name = _name(leaf.plain())
        forms = {"list": f"list[{name}]", "map": f"dict[str, {name}]", "several": f"{name} | list[{name}]"}
        return forms.get(leaf.many, name)
    if isinstance(leaf.plain, tuple):
        return Literal[tuple(_constant(word) for word in leaf.plain)]
    plain = PLAIN[leaf.plain]
    return dict.__class_getitem__((str, plain)) if leaf.many == "map" else plain


def _constant(word: str) -> str | bool:
    return {"true": True, "false": False}.get(word, word)
