"""The demonstration: a new ledger, every scenario of the plugins on it, and what to try next.

The core knows no domain: what is loaded and what is told comes from the hook `wuding_demos`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from types import ModuleType

from wuding.app import Wuding
from wuding.catalogue import text
from wuding.errors import WudingError
from wuding.hookspecs import Demo
from wuding.plugins import plugin_manager
from wuding.store.ledger import open_ledger

COMMANDS = 3  # to try next


def run_demo(
    url: str, lang: str, echo: Callable[[str], None], seed: int = 2024, plugins: Iterable[ModuleType] = ()
) -> None:
    """Write a new ledger at `url` and tell, line by line through `echo`, what follows from what it holds.

    `lang` is `zh` or `en`; equal seeds give equal facts. `plugins` are modules to use besides the installed ones.

    Raises WD808 when there is a ledger at `url` already (nothing of it is touched), WD820 when no plugin offers
    a scenario, and what `Wuding.open` raises.
    """
    modules = list(plugins)
    demos = [demo for found in plugin_manager(modules).hook.wuding_demos() for demo in found]
    if not demos:
        raise WudingError("WD820")
    _refuse_used(url)
    began = time.perf_counter()
    with Wuding.open(url, plugins=modules) as w:
        commands: list[Sequence[str]] = []
        for demo in demos:
            commands = [*_run(w, demo, lang, echo, seed), *commands]
        facts = w.ledger.head().seq
    seconds = f"{time.perf_counter() - began:.0f}"
    echo(text("demo.end", lang, url=url, facts=f"{facts:,}", seconds=seconds))
    for words in commands[:COMMANDS]:
        echo(f"  wuding {' '.join(_quoted(word) for word in words)} --db {_quoted(url)}")


def _run(w: Wuding, demo: Demo, lang: str, echo: Callable[[str], None], seed: int) -> list[Sequence[str]]:
    title = demo.title.get(lang)
    echo(f"── {title} " + "─" * 20)
    echo(demo.source.get(lang).format(seed=seed))
    for book in demo.books:
        w.put_in_force(book)
    began = time.perf_counter()
    before = w.ledger.head().seq
    demo.load(w, seed)
    loaded = time.perf_counter()
    facts = w.ledger.head().seq - before
    result = w.check(as_of=demo.as_of, books=demo.books)
    checked = time.perf_counter()
    echo(
        text(
            "demo.checked", lang, facts=f"{facts:,}", loading=f"{loaded - began:.1f}",
            findings=f"{result.frame.height:,}", checking=f"{checked - loaded:.1f}", as_of=demo.as_of,
        )
    )  # fmt: skip
    echo("")
    for line in demo.tell(w, result, lang):
        echo(line)
    echo("")
    return list(demo.next(result))


def _refuse_used(url: str) -> None:
    try:
        open_ledger(url, create=False).close()
    except WudingError as error:
        if error.code != "WD502":
            raise
        return
    raise WudingError("WD808", url=url)


def _quoted(word: str) -> str:
    """A word as every common shell takes it: in single quotes when it holds more than plain letters."""
    plain = all(c.isalnum() or c in "-_./:=" for c in word)
    return word if plain else f"'{word}'"
