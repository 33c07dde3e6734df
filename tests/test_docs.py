"""What the pages say is so: links lead somewhere, excerpts are in the files they name, what a page tells to do is done
in its order and comes out as it says, commands exist, tables name every key, hook and status that there is.

Marks in a page, each on a line of its own before a block or table:

    <!-- from: PATH -->    the block is found, word for word, in that file of the repository
    <!-- file: NAME -->    the block is a file, written at this place of the page into the page's folder; as it is last
                           written, a book or a test lints clean and passes
    <!-- output -->        the block is what the Python block before it prints
    <!-- run -->           the `$` lines of the block are run: `wuding`, `cd`, `pip install`, `pytest`; lines under one
                           are what it prints, a line `…` stands for any that are left out
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.outside import Outside, outside

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(p for p in (ROOT / "docs").glob("*.md"))])
IDS = [str(page.relative_to(ROOT)) for page in PAGES]
MARK = re.compile(r"<!-- ([\w-]+)(?:: (.+?))? -->\Z")


@dataclass(frozen=True)
class Block:
    """A fenced block with the mark before it."""

    mark: str
    of: str
    info: str
    text: str
    line: int


def blocks(page: Path) -> list[Block]:
    found: list[Block] = []
    lines = page.read_text(encoding="utf-8").split("\n")
    start: int | None = None
    for at, line in enumerate(lines):
        if not line.startswith("```"):
            continue
        if start is None:
            start = at
            continue
        marked = MARK.match(lines[start - 1])
        mark, of = (marked[1], marked[2] or "") if marked else ("", "")
        found.append(Block(mark, of, lines[start][3:].strip(), "\n".join(lines[start + 1 : at]) + "\n", start + 1))
        start = None
    assert start is None, f"{page}:{start} is never closed"
    return found


def page_of(name: str) -> Path:
    return ROOT / name


def each(mark: str, *infos: str) -> list[Any]:
    return [
        pytest.param(page, block, id=f"{page.relative_to(ROOT)}:{block.line}")
        for page in PAGES
        for block in blocks(page)
        if (block.mark == mark or mark == "*") and (not infos or block.info in infos)
    ]


# ── every page ───────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, anchor = target.partition("#")
        if "://" in path:
            continue
        found = page.parent / path if path else page
        assert found.exists(), f"{page.name} links to {target}"
        if anchor:
            assert anchor in anchors(found), f"{page.name} links to {target}"


def anchors(page: Path) -> set[str]:
    """The anchors that a page's headings have where Markdown is shown."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_no_place_of_a_machine(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"(?<![\w.])/(?:work|home|root|Users|tmp)/|[A-Z]:\\|pypi\.org|index-url", text)


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_document_is_listed(page: Path) -> None:
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    if page.parent == ROOT / "docs" and page.name != "index.md":
        assert f"({page.name})" in index


@pytest.mark.parametrize(("page", "block"), each("from"))
def test_excerpts_are_in_their_file(page: Path, block: Block) -> None:
    source = (ROOT / block.of).read_text(encoding="utf-8")
    assert f"\n{block.text}" in f"\n{source}"


@pytest.mark.parametrize(("page", "block"), each("*", "yaml"))
def test_every_yaml_block_says_what_it_is(page: Path, block: Block) -> None:
    if page.name not in ("semantics.md", "importing.md", "language.md"):
        assert block.mark in ("from", "file", "part"), f"{page.name}:{block.line} is neither an excerpt nor a file"


# ── what a page tells to do ──────────────────────────────────────────────────────────────────────
class Reader:
    """Who does what a page says, in its order, in a folder of its own."""

    def __init__(self, page: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.page, self.folder, self.capsys = page, folder, capsys
        self.lang = "zh" if ".zh." in page.name else "en"
        self.names: dict[str, Any] = {"__name__": page.stem}
        self.printed = ""
        self.files: dict[Path, str] = {}  # what was last written, and what kind of file it is
        self.at = folder
        self.place: Outside | None = None  # where the page installs something, all is done there
        if any("$ pip " in block.text for block in blocks(page) if block.mark == "run"):
            self.place = outside(folder)

    def follow(self) -> None:
        for block in blocks(self.page):
            where = f"{self.page.name}:{block.line}"
            if block.mark == "file":
                self.write(block)
            elif block.mark == "output":
                assert self.printed == block.text, where
            elif block.mark == "run":
                for words, output in commands(block):
                    self.do(words, output, where)
            elif block.info == "python" and not block.mark:
                with chdir(self.folder):
                    exec(compile("\n" * block.line + block.text, str(self.page), "exec"), self.names)
                self.printed = self.capsys.readouterr().out

    def write(self, block: Block) -> None:
        path = self.folder / block.of
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")
        self.files[path] = block.info

    def do(self, words: list[str], output: str, where: str) -> None:
        if words[0] == "cd":
            self.at /= words[1]
            return
        code, out, said = self.run(*words)
        # `wuding` answers 1 where it found something, which a page may want; the others must succeed.
        assert code == 0 or (code == 1 and words[0] == "wuding"), f"{where} {words}\n{said}"
        assert shown(output, out), f"{where} {words}\n{said}"

    def run(self, program: str, *words: str) -> tuple[int, str, str]:
        if self.place is not None:
            ran = self.place.run(program, *words, cwd=self.at, lang=self.lang)
            return ran.code, ran.out, ran.said
        from wuding.cli import run

        assert program == "wuding", program
        with chdir(self.at):
            code = run(words, {"WUDING_LANG": self.lang})
        printed = self.capsys.readouterr()
        return code, printed.out, printed.out + printed.err


def shown(wanted: str, out: str) -> bool:
    """Are the lines wanted among those printed, one after the other, save where `…` stands?"""
    parts = [part.strip("\n").rstrip() for part in re.split(r"^…$", wanted, flags=re.MULTILINE)]
    printed = "\n".join(line.rstrip() for line in out.split("\n"))
    at = 0
    for part in parts:
        found = f"\n{printed}\n".find(f"\n{part}\n" if part else "", at)
        if found < 0:
            return False
        at = found + len(part)
    return True


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_what_a_page_tells_to_do_comes_out(page: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from wuding.catalogue import render
    from wuding.cli.lint import lint_files

    reader = Reader(page, tmp_path, capsys)
    reader.follow()
    written = [path for path, info in reader.files.items() if info == "yaml"]
    problems, counts = lint_files(written)
    assert sum(counts.values()) == len(written)
    assert [render(problem, "en") for problem in problems] == []
    if reader.place is None:  # where a plugin is installed, the page itself runs its tests
        policy_tests_pass(written)


def policy_tests_pass(files: list[Path]) -> None:
    from wuding.plugins import shelf
    from wuding.testing import load, run, says, untested

    tests = [file for file in files if file.name.endswith(".test.yaml")]
    if not tests:
        return
    books = [f for f in files if f not in tests and f.read_text(encoding="utf-8").startswith("book:")]
    suites = load(tests, shelf(books))
    assert [says(result, "en") for result in run(suites) if not result.passed] == []
    own = {rule.head.id for suite in suites for rule in suite.program.rules if rule.head.span.path in map(str, books)}
    assert [u.name for u in untested(suites) if u.name.partition(".")[0] in own] == []


# ── commands ─────────────────────────────────────────────────────────────────────────────────────
def commands(block: Block) -> Iterator[tuple[list[str], str]]:
    """The commands of a block, and what is printed under each."""
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        line, _, output = part.partition("\n")
        yield shlex.split(line, comments=True), output


@pytest.mark.parametrize(("page", "block"), each("*", "console"))
def test_commands_and_their_options_exist(page: Path, block: Block) -> None:
    from wuding.cli import built, every_command
    from wuding.cli.settings import Settings, split

    for (program, *words), _ in commands(block):
        if program != "wuding":
            continue
        _, rest = split(words, {})
        command: Any = built(every_command(), Settings())
        while rest and rest[0] in getattr(command, "commands", {}):
            command = command.commands[rest.pop(0)]
        assert not hasattr(command, "commands"), f"no such command: {words}"
        known = {option for parameter in command.params for option in parameter.opts}
        unknown = [word for word in rest if word.startswith("--") and word.partition("=")[0] not in known]
        assert unknown == [], f"{page.name}: {words}"


# ── twins ────────────────────────────────────────────────────────────────────────────────────────
def shape(page: Path) -> list[str]:
    return re.findall(r"^(#+) ", re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL), re.M)


@pytest.mark.parametrize("name", ["README", "docs/policy-editors"])
def test_twins_agree(name: str) -> None:
    english, chinese = page_of(f"{name}.md"), page_of(f"{name}.zh.md")
    assert shape(english) == shape(chinese)
    kept = [[(b.mark, b.of, b.info, b.text) for b in blocks(p) if b.mark != "run"] for p in (english, chinese)]
    assert kept[0] == kept[1]
    runs = [[words for b in blocks(p) if b.mark == "run" for words, _ in commands(b)] for p in (english, chinese)]
    assert runs[0] == runs[1]
    tables = [page.read_text(encoding="utf-8").count("\n|") for page in (english, chinese)]
    assert tables[0] == tables[1]


# ── README ───────────────────────────────────────────────────────────────────────────────────────
def test_readme_has_the_two_commands() -> None:
    found = {b.mark: b.text for b in blocks(page_of("README.md")) if b.info == "sh"}
    assert set(found) == {"demo", "tests"}
    assert found["demo"].strip().endswith("wuding demo")
    assert ".venv/bin/pytest" in found["tests"]


def test_the_findings_of_the_readme_follow() -> None:
    import wuding_fire.plugin
    import wuding_rules.plugin
    from wuding import Grid, Post, Wuding

    plugins = [wuding_fire.plugin, wuding_rules.plugin]
    with Wuding.open("sqlite://", books=["fire/chigang"], plugins=plugins) as w:
        w.add_grids([
            Grid("350303500", "Chigang", None, "town"), Grid("G1", "", "350303500", "grid"),
            Grid("E1", "", "G1", "basic"),
        ])  # fmt: skip
        w.appoint([Post("", "li", "fire-manager", "E1")])
        w.record("inspection", grid="E1", actor="li", at="2024-05-03T10:00", filed=True)
        found = w.check(as_of="2024-07-01", start="2024-05-01", save=False).findings(rule="monthly")
        said = "".join(f"{f.id}  {f.status:<6}  {f.low} of {f.needed}\n" for f in found)
    (shown,) = (b.text for b in blocks(page_of("README.md")) if b.info == "text")
    assert said == shown


# ── the reference ────────────────────────────────────────────────────────────────────────────────
LANGUAGE = page_of("docs/language.md")


def tables(mark: str) -> dict[str, list[list[str]]]:
    """The rows (cells) of the tables of the reference that stand under this mark."""
    found: dict[str, list[list[str]]] = {}
    lines = LANGUAGE.read_text(encoding="utf-8").split("\n")
    for at, line in enumerate(lines):
        marked = MARK.match(line)
        if marked is None or marked[1] != mark:
            continue
        rows = []
        for row in lines[at + 3 :]:
            if not row.startswith("|"):
                break
            rows.append([cell.strip() for cell in row.strip("|").split(" | ")])
        found[marked[2] or ""] = rows
    return found


def code(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def named(rows: Iterable[list[str]]) -> list[str]:
    return sorted(name for row in rows for name in code(row[0]))


def keys() -> dict[str, list[str]]:
    """Every shape of book, domain and test by its name in the reference, and its keys."""
    from wuding.book import cases, domain, models, rules, worlds
    from wuding.book.rules import SECTION_SHAPES
    from wuding.book.schema import ROOTS, _reached
    from wuding.book.shapes import keys_of

    names = {
        domain.SubjectShape: "SubjectType", domain.FactShape: "FactType", domain.PostShape: "Role",
        worlds.GridShape: "WorldGrid", worlds.SubjectShape: "WorldSubject", worlds.PostShape: "WorldPost",
        rules.HeldShape: "Rule",
    }  # fmt: skip
    shapes = {s for root in ROOTS.values() for s in _reached(root, SECTION_SHAPES)}
    # read one by one, so that the roots do not lead to them
    shapes |= {worlds.GridShape, worlds.SubjectShape, worlds.PostShape, rules.HeldShape, rules.MeasureShape}
    assert {models.BookShape, cases.CaseShape, rules.StepShape, rules.ShareShape} <= shapes
    found = {}
    for of in shapes:
        common = keys_of(rules.HeldShape) if issubclass(of, rules.RuleShape) and of is not rules.HeldShape else {}
        found[names.get(of, of.__name__.removesuffix("Shape"))] = sorted(set(keys_of(of)) - set(common))
    found["Label"] = ["en", "zh"]
    found["given"] = sorted(worlds.GIVEN)
    found["expectation"] = sorted({"rule", "each", *_expectations()})
    return found


def _expectations() -> tuple[str, ...]:
    from wuding.testing.compare import KEYS

    return KEYS


def test_every_key_is_in_the_reference() -> None:
    assert {name: named(rows) for name, rows in tables("keys").items()} == keys()


def test_what_must_be_given_is_starred() -> None:
    from dataclasses import MISSING

    from wuding.book.rules import SECTION_SHAPES, HeldShape
    from wuding.book.shapes import keys_of

    for section, of in [("Rule", HeldShape), *((s.__name__.removesuffix("Shape"), s) for s in SECTION_SHAPES.values())]:
        for row in tables("keys")[section]:
            for key in code(row[0]):
                item = keys_of(of)[key]
                must = item.default is MISSING and item.default_factory is MISSING
                assert ("*" in row[0]) == must, f"{section} {key}"


def test_every_status_is_in_the_reference() -> None:
    from wuding.domain.finding import STATUSES

    said = {section: named(rows) for section, rows in tables("statuses").items()}
    assert said == {section: sorted(statuses) for section, statuses in STATUSES.items()}


def test_types_built_in_fields_and_facts_are_in_the_reference() -> None:
    from wuding.book.context import BUILTIN
    from wuding.domain.post import CAPACITIES
    from wuding.lang.types import FIELD_TYPES
    from wuding.program.builtin import FACTS

    assert named(tables("types")[""]) == sorted(FIELD_TYPES)
    fields = {code(row[0])[0]: set(code(row[1])) - set(CAPACITIES) for row in tables("builtin")[""]}
    assert fields == {thing: set(of) for thing, of in BUILTIN.items()}
    facts = {code(row[0])[0]: row[1] for row in tables("facts")[""]}
    assert set(facts) == set(FACTS)
    for name, thing in FACTS.items():
        assert code(facts[name]) == list(thing.fields)
        for field in thing.fields.values():
            assert (f"`{field.name}` *" in facts[name]) == field.required, f"{name}.{field.name}"


def test_sections_units_and_functions_are_in_the_reference() -> None:
    from wuding.book.editions import SECTIONS
    from wuding.domain.period import UNITS
    from wuding.lang.fold import FUNCTIONS

    text = LANGUAGE.read_text(encoding="utf-8")
    assert re.findall(r"^## `(\w+)` ", text, re.MULTILINE) == list(SECTIONS)
    for word in (*UNITS, *FUNCTIONS):
        assert f"`{word}`" in text


# ── integrators ──────────────────────────────────────────────────────────────────────────────────
def test_every_hook_is_documented() -> None:
    from wuding import hookspecs

    hooks = [name for name, of in vars(hookspecs).items() if hasattr(of, "wuding_spec")]
    assert hooks
    page = page_of("docs/integrators.md").read_text(encoding="utf-8")
    for name in hooks:
        assert f"| `{name}` |" in page
        assert getattr(hookspecs, name).__doc__
