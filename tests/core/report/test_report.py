"""The page about a check: what stands on it, as data and as HTML."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path

import pytest
import shapely

from wuding import Wuding, WudingError
from wuding.cli import run
from wuding.domain.grid import Grid
from wuding.domain.post import Post
from wuding.domain.subject import Subject
from wuding.report.entries import shared_out
from wuding.report.html import percent, report_html
from wuding.report.page import Node, ReportPage
from wuding.store.registry import boundary_fact

DOMAIN = """domain: river
title: {zh: 河长, en: Rivers}
levels: {town: {zh: 镇, en: town}, reach: {zh: 河段, en: reach}}
kinds: {urban: {zh: 城区, en: in town}, rural: {zh: 农村, en: in the country}}
roles: {keeper: {title: {zh: 河长, en: keeper}, duties: [walk], sees: subtree}}
duties: {walk: {zh: 巡河, en: walk}}
subjects:
  sluice:
    title: {zh: 水闸, en: sluice}
    fields:
      sort: {type: enum, values: [gate, weir], labels: {gate: {zh: 闸, en: gate}, weir: {zh: 堰, en: weir}}}
      owner: {type: text, private: true}
      lon: {type: number}
      lat: {type: number}
facts:
  walk: {title: {zh: 巡河, en: walk}, about: grid, fields: {clean: {type: bool}, sight: {type: text, private: true}}}
  spill: {title: {zh: 排污, en: spill}, about: grid, key: [no], fields: {no: {type: id, required: true}}}
  cleaned: {title: {zh: 清理, en: cleaned}, about: grid, fields: {no: {type: ref, to: spill, required: true}}}
effects: {bars: [award], lists: [], gives: []}
"""
BOOK = """book: river/small
title: {zh: 小河<册>, en: Small <river>}
domain: river
grid: T
charter:
  - {id: kept, title: {zh: 有河长, en: a keeper}, for: {grid: reach}, seat: keeper, clause: r1}
patrol:
  - {id: walked, title: {zh: 每月巡河, en: walked every month}, for: {grid: reach},
     do: {fact: walk, when: {sight: present}}, every: month, clause: r2}
scoring:
  - id: yearly
    title: {zh: 年度, en: the year}
    for: {grid: reach}
    every: year
    start: 100
    items: [{id: missed, each: {finding: walked, when: {status: missed}}, points: -10}]
    bands: {good: ">= 90", poor: else}
    rank: {in: town}
veto:
  - {id: fouled, title: {zh: 污染, en: fouled}, cause: {fact: spill}, strikes: reach, effect: {bar: [award]},
     clause: r3}
escalation:
  - id: spill
    title: {zh: 清理污染, en: clean it up}
    opens: {fact: spill}
    case: no
    steps: [{id: cleaned, expect: {fact: cleaned}, within: 5d}]
    clause: r4
targets:
  - {id: all, title: {zh: 全巡, en: all walked}, for: {grid: town}, share: {of: {grid: reach}, with: {fact: walk}},
     reach: {2024-03-31: ">= 90%"}, clause: r5}
"""


@pytest.fixture
def w(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wuding]:
    import sys
    from types import ModuleType

    from wuding.hookspecs import hookimpl

    package = tmp_path / "rivers_for_report"
    package.mkdir()
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "domain.yaml").write_text(DOMAIN, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    module = ModuleType("rivers_plugin")
    module.wuding_domains = hookimpl(lambda: [("rivers_for_report", "domain.yaml")])  # type: ignore[attr-defined]
    book = tmp_path / "small.yaml"
    book.write_text(BOOK, encoding="utf-8")
    with Wuding.open(f"sqlite:///{tmp_path / 'w.db'}", books=[book], plugins=[module]) as found:
        found.add_grids([
            Grid("T", "东镇", None, "town"), Grid("A", "上游<一>", "T", "reach", ("urban",)),
            Grid("B", "中游", "T", "reach", ("rural",)), Grid("C", "下游", "T", "reach", ("rural",)),
        ])  # fmt: skip
        found.add_subjects([
            Subject("S1", "sluice", "A", "一号闸", {"sort": "gate", "owner": "钱七", "lon": "116.05", "lat": "27.05"}),
            Subject("S2", "sluice", "B", "二号堰", {"sort": "weir", "owner": "孙八"}),
        ])  # fmt: skip
        found.appoint([Post("", "李四", "keeper", "A"), Post("", "王五", "keeper", "B")])
        for month in ("01", "02", "03"):
            found.record("walk", grid="A", actor="李四", at=f"2024-{month}-05T10:00", sight="秘密所见", clean=True)
        found.record("walk", grid="B", actor="王五", at="2024-02-05T10:00", sight="秘密所见")
        found.record("spill", grid="B", at="2024-03-25T10:00", no="P1")
        found.record("spill", grid="C", at="2024-03-30T10:00", no="P2")
        for code, west in (("T", 116.0), ("A", 116.0), ("B", 116.1)):
            shape = shapely.box(west, 27.0, 116.2 if code == "T" else west + 0.1, 27.1)
            found.ledger.append([boundary_fact(code, shapely.to_wkb(shape), found.ledger.clock())])
        found.check(as_of="2024-04-02")
        yield found
    sys.modules.pop("rivers_for_report", None)


def named(nodes: tuple[Node, ...]) -> dict[str, Node]:
    return {node.code: node for top in nodes for node in (top, *named(top.children).values())}


# ── the page as data ─────────────────────────────────────────────────────────────────────────────
def test_how_every_grid_stands(w: Wuding) -> None:
    page = w.report(lang="en")
    nodes = named(page.tree)
    assert {code: node.standing for code, node in nodes.items()} == {
        "T": "breach", "A": "good", "B": "struck", "C": "struck",
    }  # fmt: skip
    assert nodes["T"].below == {"struck": 2, "good": 1}
    assert (nodes["A"].met, nodes["A"].asked) == (3, 3)
    assert (nodes["B"].met, nodes["B"].asked) == (1, 3)
    assert (nodes["T"].met, nodes["T"].asked) == (4, 9)
    assert nodes["A"].level == "reach" and nodes["A"].kinds == ("in town",)
    assert [(r.kind, r.status, r.title) for r in nodes["C"].reasons] == [
        ("struck", "struck", "fouled"), ("breach", "gap", "a keeper"), ("breach", "missed", "walked every month"),
    ]  # fmt: skip
    assert page.title == "东镇" and page.as_of == "2024-04-02 00:00"


def test_the_calendar_counts_by_the_month_in_which_periods_end(w: Wuding) -> None:
    (part,) = w.report(lang="zh").books
    assert part.months[0] == "2023-04" and part.months[-1] == "2024-04" and len(part.months) == 13
    (duty,) = part.duties
    assert duty.title == "每月巡河" and duty.clauses == ("r2",)
    assert [(c.month, c.met, c.missed, c.due) for c in duty.cells] == [
        ("2024-01", 1, 2, 0), ("2024-02", 2, 1, 0), ("2024-03", 1, 2, 0), ("2024-04", 0, 0, 3),
    ]  # fmt: skip
    by_grid = {(c.place, c.month): c.missed for c in duty.grids}
    assert by_grid["中游", "2024-01"] == 1 and by_grid["中游", "2024-02"] == 0 and by_grid["下游", "2024-02"] == 1
    assert duty.missed is not None and duty.missed.total == 5
    assert [e.who for e in duty.missed.entries[:2]] == ["中游", "下游"]


def test_scores_vetoes_cases_gaps_and_targets(w: Wuding) -> None:
    (part,) = w.report(lang="en").books
    (board,) = part.boards
    assert [(s.who, s.low, s.band, s.rank) for s in board.scores] == [
        ("上游<一>", "100", "good", 1), ("中游", "80", "poor", 2), ("下游", "70", "poor", 3),
    ]  # fmt: skip
    assert [(made.title, made.total, [e.who for e in made.entries]) for made in part.vetoes] == [
        ("fouled", 2, ["下游", "中游"])
    ]
    assert part.cases is not None
    assert [(e.when, e.status, e.due) for e in part.cases.entries] == [
        ("P1", "overdue", "2024-03-31 00:00"), ("P2", "waiting", "2024-04-05 00:00"),
    ]  # fmt: skip
    assert [(week.week, week.late, week.waiting) for week in part.weeks] == [
        ("2024-03-25", 1, 0), ("2024-04-01", 0, 1),
    ]  # fmt: skip
    assert [(made.title, made.total, made.entries[0].who) for made in part.gaps] == [("a keeper", 1, "下游")]
    assert [(tally.title, dict(tally.counts)) for tally in part.asks] == [("a keeper", {"fixed": 2, "gap": 1})]
    assert [(made.title, made.entries[0].value) for made in part.targets] == [("all walked", "66.67% / >= 90%")]


def test_every_finding_that_is_shown_has_its_own_explanation(w: Wuding) -> None:
    page = w.report(lang="en")
    (part,) = page.books
    lists = [b.listed for b in part.boards] + [*part.vetoes, *part.gaps, *part.targets]
    lists += [d.missed for d in part.duties if d.missed] + ([part.cases] if part.cases else [])
    entries = [e for made in lists for e in made.entries]
    assert len(entries) == page.shown == page.worth == 14
    assert len({e.anchor for e in entries}) == len(entries)
    for e in entries:
        alone = w.explain(e.id, lang="en")
        assert e.why.verdict == alone.verdict
        assert [part.title for part in e.why.parts] == [part.title for part in alone.parts]


def test_a_page_with_little_room_says_what_it_leaves_out(w: Wuding) -> None:
    page = w.report(lang="en", shown=8)
    (part,) = page.books
    assert (page.shown, page.worth) == (8, 14)
    assert len(part.boards[0].listed.entries) == 3 and len(part.vetoes[0].entries) == 2
    missed = part.duties[0].missed
    assert missed is not None and (missed.total, len(missed.entries)) == (5, 0)
    assert missed.rest == (
        "findings", "--check", "1", "--book", "river/small", "--rule", "walked", "--status", "missed",
    )  # fmt: skip
    assert missed.explain[:2] == ("explain", "river/small#walked@B/2024-03")
    html = report_html(page)
    assert "wuding findings --check 1 --book river/small --rule walked --status missed" in html
    assert "wuding report --check 1 --shown 14" in html


def test_room_is_shared_out() -> None:
    assert shared_out([(3, False), (100, False), (2, False)], 9) == [3, 4, 2]
    assert shared_out([(50, False), (50, True)], 60) == [10, 50]
    assert shared_out([(5, True), (5, False)], 3) == [3, 0]
    assert shared_out([(1, False)], 10) == [1]
    assert percent(999_999, 1_000_000) == "99.9%" and percent(2, 2) == "100%"


def test_private_fields_stay_away(w: Wuding) -> None:
    html = report_html(w.report(lang="zh"))
    assert "秘密所见" not in html and "钱七" not in html
    assert "秘密所见" in json.dumps(asdict(w.explain("river/small#walked@A/2024-01", lang="zh")), ensure_ascii=False)


def test_one_grid_and_its_part_of_the_findings(w: Wuding) -> None:
    page = w.report(grid="B", lang="en")
    assert list(named(page.tree)) == ["B"] and page.title == "中游"
    (part,) = page.books
    assert part.duties[0].total("missed") == 2 and part.gaps == ()
    with pytest.raises(WudingError) as error:
        w.report(grid="BB")
    assert error.value.code == "WD813"
    with pytest.raises(WudingError) as error:
        w.report(books=["river/other"])
    assert error.value.code == "WD603"
    with pytest.raises(WudingError) as error:
        w.report(7)
    assert error.value.code == "WD805"


def test_the_map_has_boundaries_and_places(w: Wuding) -> None:
    found = w.report(lang="en").map
    assert found is not None
    assert [(o.code, o.standing, o.inner) for o in found.outlines] == [
        ("T", "breach", True), ("A", "good", False), ("B", "struck", False),
    ]  # fmt: skip
    assert found.outlines[2].share == pytest.approx(1 / 3)
    # 0.2 degrees of longitude by 0.1 of latitude at 27 degrees north
    assert found.ratio == pytest.approx(2 * 0.891, abs=0.001)
    assert [(s.name, s.type) for s in found.spots] == [("一号闸", "sluice")]
    west, east = (found.outlines[1].geometry["coordinates"][0][0][0], found.outlines[2].at[0])
    assert found.spots[0].at[0] < max(west, east)


def test_the_atlas_is_by_kind_of_grid(w: Wuding) -> None:
    (atlas,) = w.report(lang="en").atlases
    assert atlas.domain == "Rivers"
    urban, rural = atlas.sheets
    assert (urban.kind, urban.grids) == ("in town", (("reach", 1),))
    assert [(s.place, s.type, s.kind, s.count) for s in urban.stock] == [("上游<一>", "sluice", "gate", 1)]
    assert [(h.person, h.roles, h.areas) for h in urban.staff] == [("李四", ("keeper",), ("上游<一>",))]
    assert (rural.kind, rural.grids, rural.kinds_of) == ("in the country", (("reach", 2),), (("sluice", "weir", 1),))


# ── the page as HTML ─────────────────────────────────────────────────────────────────────────────
VOID = {"meta", "br", "img", "link", "input", "hr"}
FETCHING = {"script", "link", "img", "iframe", "object", "embed", "base", "form", "video", "audio", "image", "use"}


class Read(HTMLParser):
    """The texts, the ids, the links, what would be fetched; and that every element is closed in its place."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.fetching: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in FETCHING or "src" in given:
            self.fetching.append(tag)
        if given.get("id"):
            self.ids.append(str(given["id"]))
        self.links += [str(value) for name, value in attrs if name.endswith("href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, (tag, self.getpos())

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.mark.parametrize(("lang", "heads"), [
    ("zh", ["网格检查报告", "网格现状", "地图", "履职日历", "评分、等次、名次", "一票否决", "未办结事项", "五定缺口",
            "图集", "小河<册>"]),
    ("en", ["Grid report", "How the grids stand", "Map", "Calendar of duties", "Scores, bands and ranks", "Vetoes",
            "Open cases by due time", "Gaps in charters", "Atlas", "Small <river>"]),
])  # fmt: skip
def test_the_page_has_all_of_it_and_fetches_nothing(w: Wuding, lang: str, heads: list[str]) -> None:
    read = Read()
    html = report_html(w.report(lang=lang))
    read.feed(html)
    read.close()
    text = "\n".join(read.texts)
    assert read.open == []
    assert [head for head in heads if head not in text] == []
    assert "上游<一>" in text and "上游<一>" not in html and "<册>" not in html
    assert not re.search(r"\b(page|standing|status|report)\.[a-z]", re.sub(r"wuding report\.?", "", text))
    assert read.fetching == []
    assert [link for link in read.links if not link.startswith("#")] == []
    assert not re.search(r"url\(|@import|https?://", html)
    assert len(set(read.ids)) == len(read.ids)
    assert sorted({link[1:] for link in read.links} - set(read.ids)) == []


def test_no_standing_is_told_by_colour_alone(w: Wuding) -> None:
    html = report_html(w.report(lang="en"))
    signs = re.findall(r'<span class="sign k-(\w+)"[^>]*>([^<]*)</span>', html)
    assert {"struck", "breach", "good"} <= {kind for kind, _ in signs}
    told = dict(signs)
    assert all(sign.strip() for _, sign in signs) and len(set(told.values())) == len(told)
    bars = re.findall(r'<span class="bar".*?</span>\s*(<span|<td class="c">|</td>)', html, re.DOTALL)
    assert len(bars) == html.count('<span class="bar"') > 0  # numbers beside each


def test_libraries_that_are_missing_are_named(w: Wuding, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "wuding.report.charts.find_spec", lambda name: None if name == "vl_convert" else find_spec(name)
    )
    page: ReportPage = w.report(lang="en")
    with pytest.raises(WudingError) as error:
        report_html(page)
    assert error.value.code == "WD870" and error.value.args_["missing"] == ["vl_convert"]


def test_the_command_writes_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"sqlite:///{tmp_path / 'c.db'}"
    with Wuding.open(url, books=["fire/nancheng"]) as w:
        w.add_grids([Grid("361021", "南城县", None, "county"), Grid("361021100", "建昌镇", "361021", "town")])
        assert run(["report", "--db", url, "--lang", "en"], {}) == 2
        assert "WD805" in capsys.readouterr().err
        w.check(as_of="2024-04-02")
    book = ["--book", "fire/nancheng"]
    out = tmp_path / "page.html"
    assert run(["report", *book, "--db", url, "--lang", "en", "--shown", "5", "--out", str(out)], {}) == 0
    assert re.match(rf"wrote {out} \(\d+ KB\): 5 of \d+ findings", capsys.readouterr().out)
    assert "<title>南城县 · Grid report</title>" in out.read_text(encoding="utf-8")
    assert run(["report", *book, "--db", url, "--format", "json", "--shown", "0"], {}) == 0
    assert json.loads(capsys.readouterr().out)["shown"] == 0
    assert (
        run(["report", *book, "--db", url, "--lang", "en", "--shown", "1", "--out", str(tmp_path / "no/page.html")], {})
        == 2
    )
    assert "WD871" in capsys.readouterr().err
