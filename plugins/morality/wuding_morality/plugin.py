"""The morality-bank domain: YAML, and what YAML cannot say: accounts, their guard, what no book may do, two papers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wuding.hookspecs import Guard, Resource, hookimpl

if TYPE_CHECKING:
    from wuding.book.added import Lint
    from wuding.program.added import Section


@hookimpl
def wuding_domains() -> list[Resource]:
    """The domain, as (package, path inside it)."""
    return [("wuding_morality", "books/domain.yaml")]


@hookimpl
def wuding_books() -> list[Resource]:
    """The base book that jurisdictions extend, as (package, path inside it)."""
    return [("wuding_morality", "books/base.yaml")]


@hookimpl
def wuding_sections() -> list[Section]:
    """The section `accounts`."""
    from wuding_morality.account import SECTION

    return [SECTION]


@hookimpl
def wuding_guards() -> list[Guard]:
    """Nothing is spent that is not there, nothing credited that was not published, no household has two accounts."""
    from wuding_morality.guard import concerned, decide

    return [Guard(concerned, decide)]


@hookimpl
def wuding_lints() -> list[Lint]:
    """A bank may touch points and honours alone, and its roll of honour has five to ten places."""
    from wuding_morality.lint import only_points, roll_of_honour, takes_nothing

    return [only_points, roll_of_honour, takes_nothing]


@hookimpl
def wuding_texts() -> list[Resource]:
    """What the plugin says, in Chinese and English."""
    return [("wuding_morality", "texts.json")]


@hookimpl
def wuding_commands() -> dict[str, str]:
    """`wuding statement` and `wuding notice`."""
    return {"statement": "wuding_morality.commands", "notice": "wuding_morality.commands"}
