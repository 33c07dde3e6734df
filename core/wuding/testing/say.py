"""The result of a case in words."""

from __future__ import annotations

from wuding.catalogue import render, text
from wuding.testing.compare import Near, Unmet
from wuding.testing.run import CaseResult


def says(result: CaseResult, lang: str) -> str:
    """One line for a case that passed; for one that failed every unmet expectation at its place in the file,
    with the findings that came nearest and the keys in which they differ."""
    key = "test.passed" if result.passed else "test.failed"
    first = text(key, lang, name=result.name.get(lang), place=f"{result.path}:{result.span.line}")
    return "\n".join([first, *(unmet_says(one, lang) for one in result.unmet)])


def unmet_says(unmet: Unmet, lang: str) -> str:
    """An unmet expectation as a diagnostic, and below it the findings that came nearest."""
    lines = [render(unmet.diagnostic, lang)]
    if unmet.kind == "missing":
        lines.append("   " + text("test.nearest" if unmet.near else "test.nothing-near", lang))
    lines += [f"   - {_near(one, lang)}" for one in unmet.near]
    return "\n".join(lines)


def _near(near: Near, lang: str) -> str:
    about = ", ".join(f"{key}: {value}" for key, value in near.about.items())
    nothing = text("test.absent", lang)
    differs = [
        text("test.differs", lang, key=key, wanted=wanted or nothing, actual=actual or nothing)
        for key, wanted, actual in near.differs
    ]
    return "\n       ".join([about, *differs])
