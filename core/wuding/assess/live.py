"""The findings of one edition of a book as they stand, carried on fact by fact and moment by moment.

A state in memory, never the truth: it is made from the ledger, follows it, and is dropped and made again whenever it
cannot follow (`carry`). What it holds equals what a full check would find. Between two arrivals only what the new
facts touch is assessed: by the rules' fact types first, then by what matching says, then by the planner of
`wuding.assess.plan`, rule by rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from wuding.assess.board import Board
from wuding.assess.check import Concluded, conclude
from wuding.assess.frame import bare, oldest_names
from wuding.assess.pulse import pulse_of, restless
from wuding.assess.quick_share import carry
from wuding.domain.fact import CORE, Fact
from wuding.engines.base import Changes, Snapshot
from wuding.engines.columnar.context import Context, open_context
from wuding.engines.columnar.kept import Findings, Kept
from wuding.lang.nodes import Param
from wuding.program.builtin import FACTS
from wuding.program.model import Charter, Program, Rule, Scoring, Selector, Veto
from wuding.program.parts import holders_asked, parts_of, rule_digests

NEVER = 2**62  # later than any moment


@dataclass(frozen=True)
class Touched:
    """What a book's rules look at, made once. `by_type`: by fact type, the keys of the rules that name it; `readers`:
    by rule key, those that read its findings; `restless`: those that time alone may change at any moment; `joined`:
    those in which facts are matched with counterparts; `reads`: by rule key, the ids of rules that it reads;
    `finding_selectors`: and how it selects findings; `always`: whom a changed finding may concern without being
    selected; `names`: oldest names of rules."""

    by_type: Mapping[str, frozenset[str]]
    readers: Mapping[str, frozenset[str]]
    restless: frozenset[str]
    joined: frozenset[str]
    reads: Mapping[str, frozenset[str]]
    finding_selectors: Mapping[str, tuple[Selector, ...]]
    always: frozenset[str]
    names: Mapping[str, str]


@dataclass
class Live:
    """The state of one edition: what is known, as of when, and by rule key the findings."""

    program: Program
    in_force: tuple[int | None, int | None]
    known_seq: int
    ctx: Context
    boards: dict[str, Board]
    touched: Touched
    facts: dict[tuple[str, str], pl.DataFrame]
    tails: dict[tuple[str, str], list[Fact]] = field(default_factory=dict)  # facts that are in no frame yet
    pulses: dict[str, int] = field(default_factory=dict)
    started: bool = True  # is there any fact, so that the days asked about begin where they do?
    ahead: int = NEVER  # when the next fact that is dated ahead comes into sight
    quick: dict[Any, Any] = field(default_factory=dict)  # what quick ways of single rules carry along

    @property
    def as_of(self) -> int:
        return self.ctx.as_of

    def frame(self) -> pl.DataFrame:
        """All findings, in the order of the rules."""
        return pl.concat(self.boards[rule.head.key].frame() for rule in self.program.rules)


class OnBoards(dict[str, Findings]):
    """By rule id the findings without `book` and `id`, made of the boards when a rule asks for them."""

    def __init__(self, program: Program, boards: Mapping[str, Board]) -> None:
        super().__init__()
        self._keys: dict[str, list[str]] = {}
        for rule in program.rules:
            self._keys.setdefault(rule.head.id, []).append(rule.head.key)
        self._boards = boards

    def __contains__(self, rule_id: object) -> bool:
        return rule_id in self._keys

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def __missing__(self, rule_id: str) -> Findings:
        made = pl.concat(bare(self._boards[key].frame()) for key in self._keys[rule_id])
        self[rule_id] = made
        return made

    def get(self, rule_id: str, default: Any = None) -> Any:
        return self[rule_id] if rule_id in self._keys else default


# ── beginning ────────────────────────────────────────────────────────────────────────────────────
def begun(
    program: Program, snap: Snapshot, known_seq: int, past: Live | None = None, changes: Changes | None = None
) -> Live:
    """The state as of a snapshot. With an earlier state and what has `changes` since, what they leave alone is not
    assessed again."""
    facts = dict(zip(snap.facts, pl.collect_all(list(snap.facts.values())), strict=True))
    snap = replace(snap, facts={key: frame.lazy() for key, frame in facts.items()})
    before = None if past is None else _concluded(past)
    done = conclude(program, snap, before, changes)
    boards = {key: Board(frame) for key, frame in done.frames.items()}
    ctx = open_context(program, snap)
    ctx.findings = OnBoards(program, boards)
    live = Live(program, snap.in_force, known_seq, ctx, boards, touched_by(program), facts)
    own = [frame.get_column("at") for key, frame in facts.items() if key[0] != CORE]
    live.started = any((at <= snap.as_of).any() for at in own)
    live.ahead = min((first_after(frame, snap.as_of) for frame in facts.values()), default=live.ahead)
    live.pulses = {key: pulse_of(board.base, snap.as_of) for key, board in boards.items()}
    for rule in program.rules:
        carry(live, rule)
    return live


def _concluded(live: Live) -> Concluded:
    boards = {rule.head.key: live.boards[rule.head.key].frame() for rule in live.program.rules}
    kept = {key: Kept(bare(frame)) for key, frame in boards.items()}
    digests, window = rule_digests(live.program, live.in_force), live.ctx.snap.window_from
    return Concluded(live.program.book, live.as_of, window, digests, kept, live.touched.names)


def first_after(frame: pl.DataFrame, as_of: int) -> int:
    """When the first fact of a frame happens that lies ahead of a moment."""
    at = frame.get_column("at")
    low = at.filter(at > as_of).min()
    return low if isinstance(low, int) else NEVER


def touched_by(program: Program) -> Touched:
    """See `Touched`."""
    every = {name for name in program.domain.facts if name not in FACTS}
    ids = {rule.head.key: rule.head.id for rule in program.rules}
    by_type: dict[str, set[str]] = {}
    readers: dict[str, set[str]] = {}
    for rule in program.rules:
        others = holders_asked(program.rules, rule) if isinstance(rule, Charter) else []
        for part in parts_of((rule, *others)):
            if isinstance(part, Selector) and part.source == "fact":
                for name in part.names or every:
                    by_type.setdefault(name, set()).add(rule.head.key)
        for used in program.uses.get(rule.head.key, ()):
            readers.setdefault(used, set()).add(rule.head.key)
    return Touched(
        {name: frozenset(keys) for name, keys in by_type.items()},
        {key: frozenset(keys) for key, keys in readers.items()},
        frozenset(rule.head.key for rule in program.rules if restless(rule)),
        frozenset(rule.head.key for rule in program.rules if _joins(rule)),
        {r.head.key: frozenset(ids[k] for k in program.uses.get(r.head.key, ()) if k in ids) for r in program.rules},
        {
            rule.head.key: tuple(p for p in parts_of(rule) if isinstance(p, Selector) and p.source == "finding")
            for rule in program.rules
        },
        frozenset(
            rule.head.key
            for rule in program.rules
            if any(isinstance(p, Param) and program.parameters[p.name].by_finding for p in parts_of(rule))
            or (
                isinstance(rule, Scoring)
                and any(isinstance(r, Veto) and rule.head.id in r.touches for r in program.rules)
            )
        ),
        oldest_names(program),
    )


def _joins(rule: Rule) -> bool:
    return any(isinstance(part, Selector) and (part.having or part.lacking) for part in parts_of(rule))
