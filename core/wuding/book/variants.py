"""`each_of`: one rule written once for each value. Works on nodes, before anything is linked."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import product

from wuding.lang.tree import Node, map_node, wrong

EACH = re.compile(r"\$each(?![\w-])")


@dataclass(frozen=True)
class Choice:
    """One value of one field, and what `$each` stands for with it."""

    key: Node
    value: Node
    each: Node | None


def expanded(rule: Node, section: str, added: tuple[tuple[str, ...], ...] = ()) -> list[tuple[str, Node]]:
    """The variants of a rule, each with its name: the values joined by "/", empty without `each_of`.

    `added`: where the selectors are to which the condition is added, in a section of a plugin.

    Raises Rejected: WD112 for values that are no list or map, WD315 where the rule has no selector that the
    value could go into, WD316 for a `$each` that stands for nothing.
    """
    each_of = rule.get("each_of")
    if each_of is None:
        _refuse_each(rule)
        return [("", rule)]
    if each_of.kind != "map" or not each_of.entries:
        raise wrong("WD112", each_of.span, expected="map", found=each_of.kind)
    choices = [_choices(key, value) for key, value in each_of.entries]
    return [_variant(rule, section, chosen, added) for chosen in product(*choices)]


def _choices(key: Node, values: Node) -> list[Choice]:
    if values.kind == "map" and values.entries:
        return [Choice(key, name, value) for name, value in values.entries]
    if values.kind == "list" and values.items:
        for item in values.items:
            if not item.scalar:
                raise wrong("WD112", item.span, expected="value", found=item.kind)
        return [Choice(key, item, None) for item in values.items]
    raise wrong("WD112", values.span, expected="list", found=values.kind)


def _variant(
    rule: Node, section: str, chosen: tuple[Choice, ...], added: tuple[tuple[str, ...], ...]
) -> tuple[str, Node]:
    mapped = [choice.each for choice in chosen if choice.each is not None]
    each_of = rule.fields["each_of"]
    bare = rule.with_entries(tuple(entry for entry in rule.entries if entry[0].text != "each_of"))
    if len(mapped) == 1:
        bare = _substituted(bare, mapped[0])
    _refuse_each(bare)
    for choice in chosen:
        bare = _placed_in_all(bare, added, choice) if added else _placed(bare, section, choice)
    name = "/".join(choice.value.text for choice in chosen)
    return name, bare.with_entries((*bare.entries, (rule.keys["each_of"], each_of)))


def _refuse_each(rule: Node) -> None:
    for node in rule.walk():
        if node.scalar and (found := EACH.search(node.text)):
            raise wrong("WD316", node.inside(*found.span()))


def _substituted(node: Node, value: Node) -> Node:
    if node.kind == "map":
        return node.with_entries(tuple((key, _substituted(child, value)) for key, child in node.entries))
    if node.kind == "list":
        return replace(node, items=tuple(_substituted(item, value) for item in node.items))
    if node.text == "$each":
        return value if not value.scalar else replace(value, span=node.span, plain=False)
    if EACH.search(node.text):
        text = EACH.sub(lambda _: value.text, node.text)
        return replace(node, text=text, value=text, plain=False)
    return node


# ── where the value goes ─────────────────────────────────────────────────────────────────────────
def _placed(rule: Node, section: str, choice: Choice) -> Node:
    """The rule with the value as an equality in the `when` of its main selector, or as its role."""
    if choice.key.text == "role" and rule.get("seat") is not None:
        return _with(rule, "seat", choice.value)
    path = _main(rule, section)
    if path is None:
        raise wrong("WD315", choice.key.span, name=choice.key.text)
    return _placed_at(rule, path, choice)


def _placed_in_all(rule: Node, paths: tuple[tuple[str, ...], ...], choice: Choice) -> Node:
    found = [path for path in paths if _at(rule, path) is not None]
    if not found:
        raise wrong("WD315", choice.key.span, name=choice.key.text)
    for path in found:
        rule = _placed_at(rule, path, choice)
    return rule


def _placed_at(rule: Node, path: tuple[str, ...], choice: Choice) -> Node:
    selector = _at(rule, path)
    assert selector is not None
    if selector.kind != "map":
        return rule  # its own diagnostic follows
    if choice.key.text == "role" and selector.get("post") is not None:
        return _set(rule, path, _with(selector, "post", choice.value))
    if path[-1] == "with" and not is_selector(selector):
        return _set(rule, path, _also(selector, choice))
    when = selector.get("when") or Node("map", selector.span)
    return _set(rule, path, _with(selector, "when", _also(when, choice)))


def is_selector(node: Node) -> bool:
    return any(node.get(source) is not None for source in ("grid", "subject", "post", "fact", "finding"))


def _main(rule: Node, section: str) -> tuple[str, ...] | None:
    paths: dict[str, tuple[tuple[str, ...], ...]] = {
        "charter": (("have",), ("count",), ("partition", "into")),
        "patrol": (("do",), ("for",)),
        "targets": (("count",), ("share", "with")),
        "veto": (("cause",),),
        "escalation": (("opens",),),
    }
    return next((path for path in paths.get(section, ()) if _at(rule, path) is not None), None)


def _at(node: Node | None, path: Iterable[str]) -> Node | None:
    for key in path:
        node = node.get(key) if node is not None and node.kind == "map" else None
    return node


def _set(node: Node, path: tuple[str, ...], value: Node) -> Node:
    if len(path) == 1:
        return _with(node, path[0], value)
    return _with(node, path[0], _set(node.fields[path[0]], path[1:], value))


def _with(node: Node, key: str, value: Node) -> Node:
    entries = {old.text: (old, child) for old, child in node.entries}
    name = entries[key][0] if key in entries else Node("text", node.span, key, key)
    entries[key] = (name, value)
    return node.with_entries(tuple(entries.values()))


def _also(when: Node, choice: Choice) -> Node:
    if when.kind != "map":
        return when
    if when.get(choice.key.text) is None:
        return when.with_entries((*when.entries, (choice.key, choice.value)))
    both = (when, Node("map", choice.key.span, entries=((choice.key, choice.value),)))
    return map_node(when.span, {"all": Node("list", when.span, items=both)})
