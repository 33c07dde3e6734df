"""The core knows no domain: none of the words that only domains have stands in it, but for examples in docstrings."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from wuding.plugins import shelf

CORE = Path(__file__).parents[2] / "core" / "wuding"
ENGLISH = ("fire", "household", "bank", "loan", "campus", "pollution", "morality", "redemption", "merchant")
CHINESE = ("消防", "火灾", "积分", "兑换", "农户", "银行", "贷款", "污染", "校园", "道德", "门店")
WORD = re.compile("|".join([rf"\b{word}\b" for word in ENGLISH] + list(CHINESE)), re.IGNORECASE)


def undocumented(text: str) -> str:
    """Python without its docstrings."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                node.body[0] = ast.Pass()
    return ast.unparse(tree)


def lines(file: Path) -> Iterator[str]:
    text = file.read_text(encoding="utf-8")
    yield from (undocumented(text) if file.suffix == ".py" else text).splitlines()


def test_the_words_are_words_of_domains() -> None:
    """Each is said by some domain, so that the list does not go stale."""
    found = shelf()
    domains = [repr(domain) for domain in found.domains.values()]
    said = "\n".join([*domains, *(text for text, _ in found.texts.values())])
    assert [word for word in (*ENGLISH, *CHINESE) if word not in said] == []


@pytest.mark.parametrize("folder", sorted({p.parent.relative_to(CORE).as_posix() for p in CORE.rglob("*.py")}))
def test_no_word_of_a_domain(folder: str) -> None:
    files = [p for p in (CORE / folder).iterdir() if p.is_file() and p.suffix not in (".pyc",)]
    found = {f"{p.relative_to(CORE)}: {line.strip()}" for p in files for line in lines(p) if WORD.search(line)}
    assert not found
