"""Wuding: rules for grid governance as data. The public names; each is imported when it is first used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wuding.app import Answer, Change, CheckResult, WrittenCheck, Wuding, check_columns, check_columns_to
    from wuding.domain.fact import Fact
    from wuding.domain.finding import Finding
    from wuding.domain.grid import Grid
    from wuding.domain.post import Post
    from wuding.domain.subject import Subject
    from wuding.errors import Diagnostic, Rejected, Span, WudingError
    from wuding.explain.model import Explanation
    from wuding.hookspecs import hookimpl

__all__ = [
    "Answer", "Change", "CheckResult",
    "Diagnostic", "Explanation", "Fact", "Finding", "Grid", "Post", "Rejected", "Span", "Subject",
    "WrittenCheck", "Wuding", "WudingError", "check_columns", "check_columns_to", "hookimpl",
]  # fmt: skip

_HOMES = {
    "Answer": "app", "Change": "app", "CheckResult": "app", "WrittenCheck": "app", "Wuding": "app",
    "check_columns": "app", "check_columns_to": "app",
    "Explanation": "explain.model", "Fact": "domain.fact", "Finding": "domain.finding", "Grid": "domain.grid",
    "Post": "domain.post", "Subject": "domain.subject", "Diagnostic": "errors", "Rejected": "errors", "Span": "errors",
    "WudingError": "errors", "hookimpl": "hookspecs",
}  # fmt: skip
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'wuding' has no attribute {name!r}")
    return getattr(import_module(f"wuding.{_HOMES[name]}"), name)
