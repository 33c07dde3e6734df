"""Sections of rule books that plugins add: what the core must be told of one, and what a rule of one is.

The core asks a rule of an added section what it asks a rule of its own: which findings it has (`assess`), why
(`explain`), what it demands in words (`asks`). Everything else - ids, waivers and appeals, strata, tests beside
the book, coverage, the deletion of a rule - works on heads and findings and needs no telling.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wuding.errors import Span
    from wuding.program.model import Head


@dataclass(frozen=True)
class Section:
    """A kind of section. `name` is its key in books.

    - `statuses`: what its findings may say; `breaches`: those that a waiver or an appeal can lift and that a check
      counts as breaches. A word that the core has too must mean the same.
    - `shape`: how a rule is read, a subclass of `wuding.book.rules.RuleShape` (`HeldShape` when it has holders); of
      it the pydantic model and the JSON Schema are made.
    - `link(shape, head, ctx)`: the rule, an `Added`, from what was read (`wuding.book.context.Context`); raises
      Rejected with everything that is wrong with it.
    - `assess(ctx, rule)`: the findings (`wuding.assess.frame.shaped`), from the engine's context.
    - `explain(scene)`: parts of the explanation of `scene.row`, and ids of the findings that it rests on.
    - `asks(words, rule)`: what the rule asks, in sentences (`wuding.program.words.Words`).
    - `main`: where `each_of` puts its condition: paths of keys to a selector, each tried and all that are there filled.
    - `parts(node)`: the names of the parts of a rule as it is written, before it is linked: other rules may say
      `rule.part` of findings whose `step` is that part. They must be those of the rule's own `parts`.
    - `touched(news, rule)`: which holders a change touches (`wuding.assess.plan`); None: always assessed whole.
    - `meaning`: counted up whenever equal rules conclude something else than before, so that nothing stale is kept.
    """

    name: str
    statuses: tuple[str, ...]
    shape: type[Any]
    link: Callable[[Any, Head, Any], Added]
    assess: Callable[[Any, Any], Any]
    explain: Callable[[Any], tuple[list[Any], list[str]]]
    asks: Callable[[Any, Any], list[str]]
    breaches: frozenset[str] = frozenset()
    main: tuple[tuple[str, ...], ...] = ()
    parts: Callable[[Any], Iterable[str]] | None = None
    touched: Callable[[Any, Any], Any] | None = None
    meaning: int = 1


@dataclass(frozen=True)
class Added:
    """A rule of an added section. The plugin's own rules are frozen dataclasses that extend it and say which section is
    theirs. Selectors and terms anywhere in their fields are found by the core: what they read, which parameters they
    use."""

    head: Head

    @property
    def section(self) -> Section:
        """The kind of section in which the rule stands."""
        raise NotImplementedError(type(self).__name__)

    @property
    def parts(self) -> tuple[tuple[str, Span], ...]:
        """What the rule's findings are told apart by (their `step`), each with its place in the file. With parts, every
        finding has one."""
        return ()


Sections = Mapping[str, Section]
