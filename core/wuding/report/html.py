"""Charters as one HTML page that needs nothing else: no script, no font, no picture from anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

from wuding.catalogue import text
from wuding.report.model import CharterPage


def charter_html(pages: Sequence[CharterPage]) -> str:
    """The pages as a document for a screen of any width and for A4 paper; each charter begins a sheet of its own."""
    from jinja2 import Environment, StrictUndefined

    lang = pages[0].lang
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(files(__package__).joinpath("charter.html.j2").read_text(encoding="utf-8"))

    def say(key: str, **args: object) -> str:
        return text(key, lang, **args)

    return template.render(pages=pages, lang={"zh": "zh-CN"}.get(lang, lang), say=say)
