"""Places in files, diagnostics, and the exceptions of Wuding.

A diagnostic is data: a stable code, arguments for its text, a place. Its text in Chinese and English
comes from the one catalogue (`wuding.catalogue`); text, JSON, JUnit and SARIF are renderings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, order=True)
class Span:
    """A place in a text file. Lines and columns count from 1, in characters; `end_*` is exclusive."""

    path: str
    line: int = 1
    column: int = 1
    end_line: int = 1
    end_column: int = 1

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Diagnostic:
    """One mistake, at one place.

    `code` is stable (`WD204`) and has a page in `docs/diagnostics/`. `args` fill the code's message and
    help in the catalogue. `help` names the catalogue entry of the remedy when it is not the code's own.
    """

    code: str
    span: Span
    args: Mapping[str, object] = field(default_factory=dict)
    help: str | None = None
    severity: str = "error"  # error | warning | advice

    @property
    def sort_key(self) -> tuple[Span, str]:
        return (self.span, self.code)


class WudingError(Exception):
    """Bad input or a bad state that the caller can do something about. Never a bug of ours."""

    def __init__(self, code: str, **args: object) -> None:
        super().__init__(code, args)
        self.code = code
        self.args_ = args

    def __str__(self) -> str:
        from wuding.catalogue import text

        return f"{self.code}  {text(self.code, 'en', **self.args_)}"


class Rejected(WudingError):
    """Input that was refused because of the diagnostics it carries."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(sorted(diagnostics, key=lambda d: d.sort_key))
        super().__init__("WD001", count=len(self.diagnostics))

    def __str__(self) -> str:
        from wuding.catalogue import render

        return "\n".join(render(d, "en") for d in self.diagnostics)
