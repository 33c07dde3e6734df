"""What a YAML text says, with the place of every word: the input of everything in `lang` and `book`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Literal, TypeVar

from wuding.errors import Diagnostic, Rejected, Span

Kind = Literal["map", "list", "text", "number", "bool", "null"]
Problems = list[Diagnostic]
T = TypeVar("T")


@dataclass(frozen=True)
class Node:
    """One value of a YAML file.

    `text` is the scalar as the editor wrote it, without quotes; numbers are read from it exactly. `entries`
    are a map's (key, value) pairs in order, `items` a list's values. `plain` says that `text` stands in the
    file letter by letter, so that a place inside it can be shown.
    """

    kind: Kind
    span: Span
    text: str = ""
    value: str | bool | Fraction | None = None
    quoted: bool = False
    plain: bool = False
    items: tuple[Node, ...] = ()
    entries: tuple[tuple[Node, Node], ...] = ()

    @cached_property
    def fields(self) -> dict[str, Node]:
        return {key.text: value for key, value in self.entries}

    @cached_property
    def keys(self) -> dict[str, Node]:
        return {key.text: key for key, _ in self.entries}

    def get(self, key: str) -> Node | None:
        return self.fields.get(key)

    @property
    def scalar(self) -> bool:
        return self.kind not in ("map", "list")

    def inside(self, start: int, end: int) -> Span:
        """The place of `text[start:end]`; the whole scalar where letters and columns do not correspond."""
        if not self.plain:
            return self.span
        first = self.span.column + self.quoted
        return replace(self.span, column=first + start, end_column=first + max(end, start + 1))

    def with_entries(self, entries: tuple[tuple[Node, Node], ...]) -> Node:
        return replace(self, entries=entries)

    def walk(self) -> Iterator[Node]:
        """This node and all nodes below it."""
        yield self
        for item in self.items:
            yield from item.walk()
        for _, value in self.entries:
            yield from value.walk()


class Places:
    """Where each parsed thing stands, by identity: equal terms may stand in many places."""

    def __init__(self, whole: Span) -> None:
        self.whole = whole
        self._places: dict[int, tuple[object, Span, str]] = {}

    def put(self, item: T, span: Span, text: str = "") -> T:
        self._places[id(item)] = (item, span, text)
        return item

    def of(self, item: object) -> Span:
        return self._places[id(item)][1] if id(item) in self._places else self.whole

    def text(self, item: object) -> str:
        """A literal as the editor wrote it."""
        return self._places[id(item)][2] if id(item) in self._places else ""


def map_node(span: Span, fields: dict[str, Node]) -> Node:
    """A map that no editor wrote, standing at `span`."""
    return Node("map", span, entries=tuple((text_node(span, key), value) for key, value in fields.items()))


def text_node(span: Span, text: str) -> Node:
    return Node("text", span, text, text)


def wrong(code: str, span: Span, **args: object) -> Rejected:
    """The exception for one mistake."""
    return Rejected([Diagnostic(code, span, args)])


def canonical(node: Node) -> object:
    """What the node says, without places, as JSON holds it: the input of digests."""
    if node.kind == "map":
        return {key.text: canonical(value) for key, value in node.entries}
    if node.kind == "list":
        return [canonical(item) for item in node.items]
    return [node.kind, node.text]
