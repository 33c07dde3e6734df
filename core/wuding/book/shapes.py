"""How a map of YAML becomes a typed shape, and how one value of it is read: with its place, and one diagnostic
for one mistake.

Shapes are dataclasses whose fields say how they are read (`Leaf`). The same declarations make the pydantic
models and the JSON Schema (`schema`); pydantic itself is not needed to read a book, and costs what a whole lint
may take.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, TypeVar

from wuding.domain.period import UNITS, Every
from wuding.errors import Diagnostic, Rejected, Span
from wuding.lang import parse
from wuding.lang.nodes import Duration
from wuding.lang.texts import read_date
from wuding.lang.tree import Node, Problems, wrong
from wuding.program.model import Label

S = TypeVar("S", bound="Shape")
T = TypeVar("T")
NAME = re.compile(r"[^\W\d]\w*(-\w+)*\Z")


class Name(str):
    """A word of the file, with its place."""

    __slots__ = ("span",)
    span: Span

    def __new__(cls, text: str, span: Span) -> Name:
        name = super().__new__(cls, text)
        name.span = span
        return name

    def __getnewargs__(self) -> tuple[str, Span]:  # type: ignore[override]
        return str(self), self.span  # a program may be sent to another process


@dataclass(frozen=True)
class Leaf:
    """How a value is read (`read` raises Rejected), and what plain data it stands for (`plain`, see `schema`)."""

    read: Callable[[Node], object]
    plain: str | tuple[str, ...] | Callable[[], type[Shape]]
    many: str = ""  # "list", "map", or "several": one or a list


@dataclass(kw_only=True, eq=False, repr=False)
class Shape:
    """A map with known keys. `node` is where it was read from."""

    node: Node

    def check(self) -> Problems:
        """What is wrong with the keys taken together."""
        return []


def need(leaf: Leaf, key: str = "") -> Any:
    """A key that must be given. `key` is its name in the file where Python reserves it."""
    return field(metadata={"leaf": leaf, "key": key})


def may(leaf: Leaf, key: str = "", default: object = None) -> Any:
    """A key that may be given."""
    if isinstance(default, dict):
        return field(default_factory=dict, metadata={"leaf": leaf, "key": key})
    return field(default=default, metadata={"leaf": leaf, "key": key})


def keys_of(shape: type[Shape]) -> dict[str, Any]:
    """The dataclass fields of a shape by their key in the file."""
    return {item.metadata["key"] or item.name: item for item in fields(shape) if "leaf" in item.metadata}


def load(shape: type[S], node: Node) -> S:
    """The shape read from a node. Raises Rejected with everything that is wrong with it."""
    known = keys_of(shape)
    problems: Problems = []
    found: dict[str, object] = {}
    for key, value in expect(node, "map").entries:
        if key.text not in known:
            problems.append(unknown_key(key, tuple(known)))
            continue
        try:
            found[known[key.text].name] = known[key.text].metadata["leaf"].read(value)
        except Rejected as error:
            problems.extend(error.diagnostics)
    for key_text, item in known.items():
        if item.default is MISSING and item.default_factory is MISSING and node.get(key_text) is None:
            problems.append(Diagnostic("WD111", node.span, {"key": key_text}))
    if not problems:
        made = shape(node=node, **found)
        problems = made.check()
        if not problems:
            return made
    raise Rejected(problems)


def unknown_key(key: Node, allowed: tuple[str, ...]) -> Diagnostic:
    if "：" in key.text:
        at = key.text.index("：")
        return Diagnostic("WD106", key.inside(at, at + 1), {"found": "：", "write": ": "})
    return Diagnostic("WD110", key.span, {"name": key.text, "allowed": allowed})


def expect(node: Node, kind: str) -> Node:
    if node.kind != kind:
        raise wrong("WD112", node.span, expected=kind, found=node.kind)
    return node


def shape(of: Callable[[], type[Shape]], many: str = "") -> Leaf:
    """A nested shape; `many`: "list", "map" (free keys), or "several" (one or a list)."""

    def read(node: Node) -> object:
        if many == "map":
            return mapping(lambda child: load(of(), child))(node)
        if many == "list" or (many == "several" and node.kind == "list"):
            return tuple(parse.collect([_load_later(of, item) for item in expect(node, "list").items]))
        return (load(of(), node),) if many else load(of(), node)

    return Leaf(read, of, many)


def _load_later(of: Callable[[], type[Shape]], item: Node) -> Callable[[], Shape]:
    return lambda: load(of(), item)


def exactly_one(node: Node, keys: tuple[str, ...], optional: bool = False) -> Problems:
    """WD117 unless exactly one of `keys` is given (or, when `optional`, at most one)."""
    given = [key for key in keys if node.get(key) is not None]
    if len(given) == 1 or (optional and not given):
        return []
    span = node.keys[given[1]].span if given else node.span
    return [Diagnostic("WD117", span, {"keys": keys, "given": tuple(given)})]


def only_with(node: Node, key: str, needs: str) -> Problems:
    """WD144 when `key` is given without `needs`."""
    if node.get(key) is None or node.get(needs) is not None:
        return []
    return [Diagnostic("WD144", node.keys[key].span, {"key": key, "needs": needs})]


# ── readers ──────────────────────────────────────────────────────────────────────────────────────
def read_text(node: Node) -> Name:
    """Any text; a number is taken as it is written."""
    if node.kind not in ("text", "number"):
        raise wrong("WD112", node.span, expected="text", found=node.kind)
    return Name(node.text, node.span)


def read_word(node: Node) -> Name:
    word = read_text(node)
    for mark in "，、":
        if mark in word:
            raise wrong("WD106", node.inside(word.index(mark), word.index(mark) + 1), found=mark, write=", ")
    return word


def read_id(node: Node) -> Name:
    word = read_word(node)
    if not NAME.match(word) or word == "each":
        raise wrong("WD140", node.span, name=word)
    return word


def read_words(node: Node) -> tuple[Name, ...]:
    """One word, or a list of words."""
    if node.kind == "list":
        return tuple(parse.collect([_later(read_word, item) for item in node.items]))
    return (read_word(node),)


def _later(read: Callable[[Node], Name], item: Node) -> Callable[[], Name]:
    return lambda: read(item)


def read_flag(node: Node) -> bool:
    if node.kind == "bool":
        return node.value is True
    if node.kind == "text" and node.text.lower() in ("yes", "no", "on", "off", "y", "n", "true", "false", "是", "否"):
        raise wrong("WD119", node.span, text=node.text)
    raise wrong("WD112", node.span, expected="bool", found=node.kind)


def read_whole(node: Node) -> int:
    if node.kind != "number" or not re.match(r"\d{1,9}\Z", node.text):
        parse.check_width(node)
        raise wrong("WD142", node.span, text=node.text or node.kind)
    return int(node.text)


def read_label(node: Node) -> Label:
    """`{zh: .., en: ..}`, or one text for both."""
    if node.kind == "text":
        return Label(node.text, node.text)
    for key, value in expect(node, "map").entries:
        if key.text not in ("zh", "en"):
            raise Rejected([unknown_key(key, ("zh", "en"))])
        expect(value, "text")
    if not node.entries:
        raise wrong("WD111", node.span, key="zh")
    texts = {key.text: value.text for key, value in node.entries}
    return Label(texts.get("zh", texts.get("en", "")), texts.get("en", texts.get("zh", "")))


def read_day(node: Node) -> int:
    if node.kind != "text":
        raise wrong("WD219", node.span, text=node.text or node.kind, expected="date")
    parse.check_width(node)
    return read_date(node.text, node.span)


def read_every(node: Node) -> Every:
    """`month`, `2 years`."""
    text = node.text if node.kind == "text" else ""
    match = re.match(r"(?:(\d{1,3}) )?(day|workday|week|month|quarter|year)(s?)\Z", text)
    count = int(match[1] or 1) if match else 0
    if not match or count == 0 or (match[3] and count == 1) or (match[1] and match[2] != "year"):
        raise wrong("WD143", node.span, text=node.text or node.kind, allowed=UNITS)
    return Every(match[2], count)


def read_duration(node: Node) -> Duration:
    return parse.duration(node)


def choice(*words: str) -> Leaf:
    """One of these words; `true` and `false` are matched by their text."""

    def read(node: Node) -> Name:
        if not node.scalar or node.text not in words:
            parse.check_width(node)
            raise wrong("WD118", node.span, name=node.text or node.kind, allowed=words)
        return Name(node.text, node.span)

    return Leaf(read, words)


def read_map(node: Node) -> Node:
    return expect(node, "map")


def read_list(node: Node) -> tuple[Node, ...]:
    return expect(node, "list").items


def read_scalar(node: Node) -> Node:
    if not node.scalar or node.kind == "null":
        raise wrong("WD112", node.span, expected="value", found=node.kind)
    return node


def read_any(node: Node) -> Node:
    if node.kind == "null":
        raise wrong("WD132", node.span)
    return node


def mapping(read: Callable[[Node], T]) -> Callable[[Node], dict[Name, T]]:
    """A reader of maps with free keys."""

    def all_of(node: Node) -> dict[Name, T]:
        return dict(parse.collect([_entry(key, value, read) for key, value in expect(node, "map").entries]))

    return all_of


def _entry(key: Node, value: Node, read: Callable[[Node], T]) -> Callable[[], tuple[Name, T]]:
    return lambda: (Name(key.text, key.span), read(value))


TEXT = Leaf(read_text, "text")
WORD = Leaf(read_word, "word")
ID = Leaf(read_id, "id")
WORDS = Leaf(read_words, "words")
FLAG = Leaf(read_flag, "flag")
WHOLE = Leaf(read_whole, "whole")
TITLE = Leaf(read_label, "label")
DAY = Leaf(read_day, "day")
EVERY = Leaf(read_every, "every")
DURATION = Leaf(read_duration, "duration")
CONDITION = Leaf(read_map, "map")
RULES = Leaf(read_list, "list")
SCALAR = Leaf(read_scalar, "scalar")  # an expression or a duration: read when the names it may use are known
TEST = Leaf(read_any, "any")  # a value, a list, or a map
LEVELS = Leaf(mapping(read_words), "words", "map")
LABELS = Leaf(mapping(read_label), "label", "map")
