"""Books that extend books: the same id replaces keys, `off` removes. Works on nodes, so that every value keeps
its place in the file that it came from."""

from __future__ import annotations

from collections.abc import Callable

from wuding.book.source import read
from wuding.errors import Diagnostic, Rejected
from wuding.lang.tree import Node, Problems

FindBook = Callable[[str], tuple[str, str] | None]  # the name of a book: its text and path
SECTIONS = ("charter", "patrol", "scoring", "veto", "escalation", "targets")
MERGED = ("parameters", "calendar", "levels", "labels")
OWN = ("book", "title", "extends")  # never inherited


def resolved(root: Node, find_book: FindBook, problems: Problems, sections: tuple[str, ...] = SECTIONS) -> Node:
    """The book with everything that it inherits. What is wrong goes to `problems`."""
    name = root.get("book")
    extended = _extended(root, find_book, problems, (name.text if name else "",), sections)
    return without_off(extended, sections)


def _extended(
    root: Node, find_book: FindBook, problems: Problems, above: tuple[str, ...], sections: tuple[str, ...]
) -> Node:
    if root.kind != "map":
        return root
    _report_twice(root, problems, sections)
    extends = root.get("extends")
    if extends is None or extends.kind != "text":
        return root
    if extends.text in above:
        problems.append(Diagnostic("WD228", extends.span, {"path": " -> ".join((*above, extends.text))}))
        return root
    found = find_book(extends.text)
    if found is None:
        problems.append(Diagnostic("WD227", extends.span, {"name": extends.text}))
        return root
    try:
        base = read(*found)
    except Rejected as error:
        problems.extend(error.diagnostics)
        return root
    base = _extended(base, find_book, problems, (*above, extends.text), sections)
    own, other = root.get("domain"), base.get("domain")
    if own is not None and other is not None and own.text != other.text:
        problems.append(Diagnostic("WD229", extends.span, {"name": extends.text, "domain": other.text}))
    return _merged(base, root, problems, sections) if base.kind == "map" else root


def _report_twice(root: Node, problems: Problems, sections: tuple[str, ...]) -> None:
    seen: dict[str, Node] = {}
    for section in sections:
        for rule in _rules(root, section):
            name = rule.get("id")
            if name is None or not name.scalar:
                continue
            if name.text in seen:
                line = seen[name.text].span.line
                problems.append(Diagnostic("WD305", name.span, {"name": name.text, "line": line}))
            seen.setdefault(name.text, name)


def _rules(root: Node, section: str) -> tuple[Node, ...]:
    found = root.get(section)
    return tuple(item for item in found.items if item.kind == "map") if found is not None else ()


def _merged(base: Node, child: Node, problems: Problems, sections: tuple[str, ...]) -> Node:
    homes = {
        rule.fields["id"].text: section for section in sections for rule in _rules(base, section) if rule.get("id")
    }
    entries = {key.text: (key, value) for key, value in base.entries if key.text not in OWN}
    for key, value in child.entries:
        old = entries[key.text][1] if key.text in entries else None
        if key.text in MERGED and old is not None:
            value = _merged_map(old, value)
        elif key.text in sections and value.kind == "list":
            _report_homes(value, key.text, homes, problems)
            value = _merged_rules(old, value)
        entries[key.text] = (key, value)
    return child.with_entries(tuple(entries.values()))


def _report_homes(rules: Node, section: str, homes: dict[str, str], problems: Problems) -> None:
    """A rule of the base changed in another section, or switched off where there is none."""
    for rule in rules.items:
        name = rule.get("id") if rule.kind == "map" else None
        if name is None:
            continue
        home = homes.get(name.text)
        if home is not None and home != section:
            problems.append(Diagnostic("WD305", name.span, {"name": name.text, "section": home}, "WD305.section.help"))
        elif home is None and is_off(rule) and len(rule.entries) == 2:
            problems.append(Diagnostic("WD231", name.span, {"name": name.text, "allowed": tuple(homes)}))


def _merged_map(old: Node, new: Node) -> Node:
    if old.kind != "map" or new.kind != "map":
        return new
    entries = {key.text: (key, value) for key, value in old.entries}
    for key, value in new.entries:
        if key.text in entries and value.kind == "map" and entries[key.text][1].kind == "map":
            value = _replaced(entries[key.text][1], value)
        entries[key.text] = (key, value)
    return new.with_entries(tuple(entries.values()))


def _replaced(old: Node, new: Node) -> Node:
    """The keys of `new` in place of those of `old`; the rest of `old` stays."""
    return new.with_entries(tuple({key.text: (key, value) for key, value in (*old.entries, *new.entries)}.values()))


def _merged_rules(old: Node | None, new: Node) -> Node:
    rules: dict[object, Node] = {}
    for rule in (*(old.items if old is not None and old.kind == "list" else ()), *new.items):
        name = rule.get("id") if rule.kind == "map" else None
        key: object = name.text if name is not None else rule.span
        rules[key] = _replaced(rules[key], rule) if key in rules else rule
    return Node("list", new.span, items=tuple(rules.values()))


def is_off(rule: Node) -> bool:
    off = rule.get("off")
    return off is not None and off.value is True


def without_off(root: Node, sections: tuple[str, ...] = SECTIONS) -> Node:
    """The book without the rules that are switched off."""
    entries = []
    for key, value in root.entries:
        if key.text in sections and value.kind == "list":
            kept = tuple(rule for rule in value.items if rule.kind != "map" or not is_off(rule))
            value = Node("list", value.span, items=kept)
        entries.append((key, value))
    return root.with_entries(tuple(entries))
