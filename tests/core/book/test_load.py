"""Whatever the text, the loader gives diagnostics and never an exception; reading costs no heavy imports."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wuding.book.cases import load_tests
from wuding.book.load import load_domain, load_program
from wuding.book.source import decode, read
from wuding.catalogue import render
from wuding.errors import Diagnostic, Rejected
from wuding.program.model import Domain, Program

HERE = Path(__file__).parent
Load = Callable[..., tuple[Program | None, list[Diagnostic]]]
CITY = (HERE / "city.yaml").read_text(encoding="utf-8")
DOMAIN = (HERE / "park.domain.yaml").read_text(encoding="utf-8")
BASE = (HERE / "park.base.yaml").read_text(encoding="utf-8")
TEST = (HERE / "park.test.yaml").read_text(encoding="utf-8")
TOKENS = [
    "{", "}", "[", "]", ":", ": ", ",", "\n", " ", "-", "$", "$each", "~", "true", "1", "..", ">", "|", "*a",
    "&a", "'", '"', "#", "\t", "：", "，", "!!x", "null", "{}", "[]", "%", "each_of: {weather: [dry]}", "off: true",
    "holder.x",
]  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn, source: str) -> str:
    """The text with a few pieces cut, doubled or put in."""
    text = source
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        length = draw(st.integers(0, 25))
        piece = draw(st.one_of(st.sampled_from(TOKENS), st.text(max_size=3), st.just(text[at : at + length])))
        text = text[:at] + piece + text[at + (length if draw(st.booleans()) else 0) :]
    return text


def fine(problems: list[Diagnostic], text: str) -> None:
    for one in problems:
        assert render(one, "zh", text.split("\n")) and render(one, "en", text.split("\n"))
    assert problems == sorted(problems, key=lambda one: one.sort_key)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=mutated(CITY))
def test_no_book_breaks_the_loader(text: str, park: Domain) -> None:
    program, problems = load_program(text, "b.yaml", {"park": park}, lambda name: (BASE, "base.yaml"))
    assert (program is None) == any(one.severity == "error" for one in problems)
    fine(problems, text)


@settings(max_examples=150, deadline=None)
@given(text=mutated(DOMAIN))
def test_no_domain_breaks_the_loader(text: str) -> None:
    domain, problems = load_domain(text, "d.yaml")
    assert (domain is None) == bool(problems)
    fine(problems, text)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=mutated(TEST))
def test_no_test_breaks_the_loader(text: str, park: Domain) -> None:
    tests, problems = load_tests(text, "t.yaml", {"park": park}, lambda name: (BASE, "base.yaml"))
    assert (tests is None) == bool(problems)
    fine(problems, text)


@settings(max_examples=150)
@given(st.one_of(st.text(max_size=60), st.lists(st.sampled_from(TOKENS), max_size=20).map("".join)))
def test_no_text_breaks_the_reader(text: str) -> None:
    try:
        node = read(text, "x.yaml")
    except Rejected as error:
        fine(list(error.diagnostics), text)
    else:
        assert all(part.span.line >= 1 and part.span.column >= 1 for part in node.walk())


def test_bytes_that_are_no_text() -> None:
    with pytest.raises(Rejected) as caught:
        decode("甲: 1\n乙: ".encode() + b"\xff", "x.yaml")
    assert [(one.code, str(one.span)) for one in caught.value.diagnostics] == [("WD105", "x.yaml:2:4")]
    assert decode("\ufeffa: 1".encode(), "x.yaml") == "a: 1"


def test_reading_a_book_loads_nothing_heavy() -> None:
    code = (
        "import sys; from pathlib import Path; from wuding.book.load import load_domain, load_program; "
        f"here = Path({str(HERE)!r}); domain, _ = load_domain((here / 'park.domain.yaml').read_text('utf-8'), 'd'); "
        "text = (here / 'park.base.yaml').read_text('utf-8'); "
        "program, _ = load_program(text, 'b', {'park': domain}, lambda n: None); "
        "assert program; print([m for m in ('pydantic', 'lark', 'polars', 'narwhals', 'sqlmodel', 'rich', 'holidays') "
        "if m in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
