"""Safe YAML with the place of every node; the traps of YAML are closed here.

Only `true` and `false` are booleans, only `null`, `~` and nothing are empty; `on`, `no`, `12:30` and dates
stay text. Tags, merge keys, second documents, repeated keys and alias bombs are refused.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

import yaml

from wuding.errors import Diagnostic, Rejected, Span
from wuding.lang.tree import Node, Problems, wrong

MAX_CHARS = 2_000_000
MAX_DEPTH = 40
MAX_REPEATED = 10_000  # nodes that aliases may repeat in one file
NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]*)(\.[0-9]+)?\Z")
FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def decode(data: bytes, path: str) -> str:
    """The text of a file. Raises Rejected when it is not UTF-8."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        before = data[: error.start].rpartition(b"\n")[2].decode("utf-8", "replace")
        column = len(before) + 1
        raise wrong("WD105", Span(path, line, column, line, column + 1)) from None


def read(text: str, path: str) -> Node:
    """The root of a YAML text. Raises Rejected with every problem of its form."""
    if len(text) > MAX_CHARS:
        raise wrong("WD114", Span(path), limit=MAX_CHARS, kind="characters")
    if found := FORBIDDEN.search(text):
        raise Rejected([Diagnostic("WD105", _span_at(text, found.start(), path))])
    try:
        builder = Builder(path)
        for event in yaml.parse(text, Loader=LOADER):
            builder.take(event)
    except yaml.YAMLError as error:
        raise Rejected([_yaml_problem(error, text, path)]) from None
    if builder.problems:
        raise Rejected(builder.problems)
    if builder.root is None or builder.root.kind == "null":
        raise wrong("WD113", Span(path))
    return builder.root


class Builder:
    """Turns the events of the YAML parser into nodes. A stack instead of recursion: depth is the editor's."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.root: Node | None = None
        self.problems: Problems = []
        self.documents = 0
        self.repeated = 0
        self.open: list[tuple[Any, list[Node]]] = []
        self.anchors: dict[str, tuple[Node, int, int]] = {}

    def take(self, event: Any) -> None:
        name = type(event).__name__
        if name == "DocumentStartEvent":
            self.documents += 1
            if self.documents == 2:
                self.problems.append(Diagnostic("WD107", self.span(event)))
        elif name in ("MappingStartEvent", "SequenceStartEvent"):
            self.check_tag(event)
            if len(self.open) >= MAX_DEPTH:
                raise wrong("WD114", self.span(event), limit=MAX_DEPTH, kind="levels")
            self.open.append((event, []))
        elif name == "MappingEndEvent":
            start, children = self.open.pop()
            self.add(self.map(self.span(start, event), children), start.anchor)
        elif name == "SequenceEndEvent":
            start, children = self.open.pop()
            self.add(Node("list", self.span(start, event), items=tuple(children)), start.anchor)
        elif name == "ScalarEvent":
            self.check_tag(event)
            self.add(self.scalar(event), event.anchor)
        elif name == "AliasEvent":
            self.add(self.alias(event), None)

    def span(self, start: Any, end: Any = None) -> Span:
        first, last = start.start_mark, (end or start).end_mark
        return Span(self.path, first.line + 1, first.column + 1, last.line + 1, last.column + 1)

    def add(self, node: Node, anchor: str | None) -> None:
        if anchor:
            self.anchors[anchor] = (node, sum(1 for _ in node.walk()), depth(node))
        if self.open:
            self.open[-1][1].append(node)
        elif self.root is None:
            self.root = node

    def check_tag(self, event: Any) -> None:
        if event.tag is not None:
            self.problems.append(Diagnostic("WD108", self.span(event), {"tag": event.tag}))

    def alias(self, event: Any) -> Node:
        span = self.span(event)
        if event.anchor not in self.anchors:
            raise wrong("WD115", span, name=event.anchor)
        node, size, deep = self.anchors[event.anchor]
        if len(self.open) + deep > MAX_DEPTH:
            raise wrong("WD114", span, limit=MAX_DEPTH, kind="levels")
        self.repeated += size
        if self.repeated > MAX_REPEATED:
            raise wrong("WD102", span, limit=MAX_REPEATED)
        return node

    def scalar(self, event: Any) -> Node:
        text, span, quoted = event.value, self.span(event), event.style in ("'", '"')
        width = span.end_column - span.column
        plain = span.line == span.end_line and width == len(text) + 2 * quoted and event.style not in ("|", ">")
        if quoted or event.style in ("|", ">"):
            return Node("text", span, text, text, quoted=quoted, plain=plain)
        if text in ("true", "false"):
            return Node("bool", span, text, text == "true", plain=plain)
        if text in ("", "~", "null"):
            return Node("null", span, text, None, plain=plain)
        if NUMBER.match(text) and len(text) < 40:
            return Node("number", span, text, Fraction(text), plain=plain)
        return Node("text", span, text, text, plain=plain)

    def map(self, span: Span, children: list[Node]) -> Node:
        entries: list[tuple[Node, Node]] = []
        seen: dict[str, Node] = {}
        for key, value in zip(children[::2], children[1::2], strict=True):
            if not key.scalar:
                self.problems.append(Diagnostic("WD116", key.span))
            elif key.text == "<<" and not key.quoted:
                self.problems.append(Diagnostic("WD109", key.span))
            elif key.text in seen:
                self.problems.append(Diagnostic("WD101", key.span, {"key": key.text, "line": seen[key.text].span.line}))
            else:
                seen[key.text] = key
                entries.append((key, value))
        return Node("map", span, entries=tuple(entries))


def depth(node: Node) -> int:
    """How many levels of maps and lists the node has."""
    below = [*node.items, *(value for _, value in node.entries)]
    return 0 if node.scalar else 1 + max((depth(child) for child in below), default=0)


# ── what the YAML parser could not read ──────────────────────────────────────────────────────────
def _yaml_problem(error: Any, text: str, path: str) -> Diagnostic:
    """One of the known traps where we recognise it, else the parser's own words."""
    mark = error.problem_mark
    problem = str(error.problem)
    if error.context_mark is not None and ("expected ':'" in problem or "block scalar" in str(error.context)):
        mark = error.context_mark
    lines = text.split("\n")
    line = lines[mark.line] if mark.line < len(lines) else ""
    span = Span(path, mark.line + 1, mark.column + 1, mark.line + 1, mark.column + 2)
    rest = line[mark.column :]
    if trap := re.match(r">=?\s*[^,}\]\s]*", rest):
        return Diagnostic("WD104", _part(span, 0, len(trap.group())), {"text": trap.group().strip()})
    if "\t" in problem or "tab" in problem or rest.startswith("\t"):
        return Diagnostic("WD103", span)
    wide = [at for at, char in enumerate(line) if char == "："]
    above = lines[mark.line - 1] if mark.line else ""
    if wide and ":" not in line[: wide[0]]:
        return Diagnostic("WD106", _column(span, wide[0]), {"found": "：", "write": ": "})
    if "：" in above and ":" not in above and "not allowed" in problem:
        return Diagnostic("WD106", _column(_line(span, -1), above.index("：")), {"found": "：", "write": ": "})
    if rest[:1] in ("@", "`", "%") and "cannot start" in problem:
        return Diagnostic("WD120", span, {"found": rest[:1]})
    return Diagnostic("WD100", span, {"problem": problem})


def _span_at(text: str, at: int, path: str) -> Span:
    line = text.count("\n", 0, at) + 1
    column = at - (text.rfind("\n", 0, at) + 1) + 1
    return Span(path, line, column, line, column + 1)


def _column(span: Span, column: int) -> Span:
    return Span(span.path, span.line, column + 1, span.line, column + 2)


def _line(span: Span, by: int) -> Span:
    return Span(span.path, span.line + by, span.column, span.line + by, span.end_column)


def _part(span: Span, start: int, end: int) -> Span:
    return Span(span.path, span.line, span.column + start, span.line, span.column + end)
