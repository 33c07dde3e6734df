"""The texts of Wuding in Chinese and English: messages, their remedies, names of things; and how a diagnostic looks.

Texts lie in JSON files beside this one, a flat object each: key to `{"zh": .., "en": ..}`. Of a code `WDnnn` the
message, and `WDnnn.help` the remedy. Placeholders are those of `str.format`; `{count:book|books}` is the first word
when `count` is 1, else the second; `{hint}` is made here from the arguments `name` and `allowed`: a suggestion, when
one of the allowed names is near.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path

from wuding.errors import Diagnostic, Span

LANGS = ("zh", "en")
NAMED = ("expected", "found", "first", "kind", "type", "needs")  # arguments that may be names of things: `term.map`
MOST = 16  # allowed names that a help shows
Entry = Mapping[str, str]


@cache
def texts() -> dict[str, Entry]:
    """Every text, from all fragments and from the plugins. Those of plugins are kept for the process: whoever says
    something has a key and no plugin manager in hand, and a key says the same whichever ledger is open."""
    return dict(own_texts())  # plain, and made once: it is looked through for every word of an explanation


@cache
def own_texts() -> dict[str, Entry]:
    """The core's own texts."""
    found: dict[str, Entry] = {}
    for item in sorted(files(__package__).iterdir(), key=lambda item: item.name):
        if item.name.endswith(".json"):
            found.update(json.loads(item.read_text(encoding="utf-8")))
    return found


def learn(new: Mapping[str, Entry]) -> str | None:
    """Add a plugin's texts, all or none; answers with the first key that has another text already, or that lacks a
    language."""
    for key, entry in new.items():
        if not isinstance(entry, Mapping) or set(entry) != set(LANGS) or texts().get(key, entry) != entry:
            return key
    texts().update(new)
    return None


def text(key: str, lang: str, /, **args: object) -> str:
    """The text of `key`, filled in. A key that has no text stands for itself: what is said must not be lost."""
    entry = texts().get(key)
    if entry is None:
        return key
    return entry[lang].format_map(_Said(args, lang))


class _Said(dict[str, str]):
    """The arguments as they are said in a language; what is not given is said as nothing."""

    def __init__(self, args: Mapping[str, object], lang: str) -> None:
        super().__init__({name: _Word(_said(name, value, lang)) for name, value in args.items()})
        self["hint"] = _hint(args, lang)

    def __missing__(self, name: str) -> str:
        return ""


class _Word(str):
    """What is said of an argument; `{count:book|books}` says a noun in its number instead."""

    def __format__(self, spec: str) -> str:
        one, bar, many = spec.partition("|")
        if not bar:
            return super().__format__(spec)
        return one if self == "1" else many


def _said(name: str, value: object, lang: str) -> str:
    if isinstance(value, list | tuple):
        parts = [_said(name, part, lang) for part in value[:MOST]] + (["…"] if len(value) > MOST else [])
        return ("、" if lang == "zh" else ", ").join(parts)
    if name in NAMED and (entry := texts().get(f"term.{value}")):
        return entry[lang]
    return str(value)


def _hint(args: Mapping[str, object], lang: str) -> str:
    allowed = args.get("allowed")
    if not isinstance(allowed, list | tuple) or "name" not in args:
        return ""
    from difflib import get_close_matches

    near = get_close_matches(str(args["name"]), [str(name) for name in allowed], 1, 0.6)
    return text("hint", lang, near=near[0]) if near else ""


def choose_lang(option: str | None, env: Mapping[str, str]) -> str:
    """`zh` or `en`: what was asked for, else `WUDING_LANG`, else the locale's language, else English."""
    for wish in (option, env.get("WUDING_LANG")):
        if wish in LANGS:
            return str(wish)
    locale = env.get("LC_ALL") or env.get("LC_MESSAGES") or env.get("LANG") or ""
    return "zh" if locale.lower().startswith("zh") else "en"


# ── a diagnostic on paper ────────────────────────────────────────────────────────────────────────
def render(diagnostic: Diagnostic, lang: str, source_lines: Sequence[str] | None = None) -> str:
    """The diagnostic with the line it stands on, a caret under the place, and the remedy.

    `source_lines` are the lines of the file; without them the file is read where it can be.
    """
    span, args = diagnostic.span, diagnostic.args
    level = "" if diagnostic.severity == "error" else text(f"severity.{diagnostic.severity}", lang)
    out = [f"{span}  {diagnostic.code}  {level}{text(diagnostic.code, lang, **args)}"]
    lines = _lines(span.path) if source_lines is None else source_lines
    margin = " " * max(2, len(str(span.line)))
    if 0 < span.line <= len(lines):
        line = lines[span.line - 1].rstrip("\r\n")
        out += [f"{margin} |", f"{span.line:>{len(margin)}} | {_shown(line)}", f"{margin} | {_caret(line, span)}"]
    key = diagnostic.help or f"{diagnostic.code}.help"
    if key in texts():
        out.append(f"{margin} = {text('help', lang)}{text(key, lang, **args)}")
    return "\n".join(out)


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8-sig").splitlines() if path else []
    except (OSError, ValueError):
        return []


def _shown(line: str) -> str:
    return "".join(" " if unicodedata.category(char) == "Cc" else char for char in line)


def _caret(line: str, span: Span) -> str:
    start = min(span.column - 1, len(line))
    end = span.end_column - 1 if span.end_line == span.line else len(line.rstrip())
    marked = width(line[start : max(end, start)])
    return " " * width(line[:start]) + "^" * max(marked, 1)


def width(line: str) -> int:
    """The columns that a text takes in a terminal: Chinese characters take two, combining marks none."""
    return sum(
        0 if unicodedata.combining(char) or char in "\u200b\u200d\ufe0f" else 2 if _wide(char) else 1 for char in line
    )


def _wide(char: str) -> bool:
    return unicodedata.east_asian_width(char) in ("W", "F")
