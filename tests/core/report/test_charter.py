"""The charter of a grid: what stands on it, and how it looks in a browser."""

from __future__ import annotations

import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
import shapely

from wuding import Wuding, WudingError
from wuding.domain.grid import Grid
from wuding.domain.post import Post
from wuding.domain.subject import Subject
from wuding.report.html import charter_html
from wuding.store.registry import boundary_fact

BOOK = """book: fire/small
title: {zh: 南城消防册, en: Nancheng}
domain: fire
grid: Z
calendar:
  summer: {from: 06-01, to: 08-31}
charter:
  - {id: led, title: {zh: 有主任, en: a director}, for: {grid: zone}, seat: director, clause: p8.2}
  - {id: managed, title: {zh: 有管理员, en: a manager}, for: {grid: zone}, seat: fire-manager, clause: p8.2}
patrol:
  - id: summer-rounds
    title: {zh: 夏季检查, en: inspections in summer}
    for: {grid: zone}
    do: {fact: inspection, when: {filed: true}}
    every: month
    during: summer
    clause: p8.4
  - {id: shops, title: {zh: 查店, en: shops}, for: {subject: shop}, do: {fact: inspection}, every: month, clause: p8.5}
  - {id: elsewhere, for: {grid: basic}, do: {fact: inspection}, every: day}
scoring:
  - id: annual
    title: {zh: 年度考核, en: annual assessment}
    for: {grid: zone}
    every: year
    start: 100
    items:
      - {id: fires, each: {fact: fire}, points: -5}
    rewards: [{when: {total: ">= 90"}, give: {bonus: 2}}]
    clause: p8.13
veto:
  - {id: burnt, title: {zh: 失火, en: burnt}, cause: {fact: fire, when: {grade: grave}}, strikes: zone,
     effect: {score: 0}, clause: p8.10}
"""


@pytest.fixture
def w(tmp_path: Path) -> Wuding:
    book = tmp_path / "small.yaml"
    book.write_text(BOOK, encoding="utf-8")
    found = Wuding.open(f"sqlite:///{tmp_path / 'w.db'}", books=[book])
    found.add_grids(
        [Grid("Z", "南城<县>", None, "zone"), Grid("G", "一组", "Z", "grid"), Grid("Y", "别处", None, "zone")]
    )
    found.add_subjects([Subject("S1", "shop", "G", "甲店")])
    found.appoint([
        Post("", "李四", "fire-manager", "Z", start=19_800), Post("", "张三", "director", "Z", end=19_793),
        Post("", "王五", "fire-manager", "Z", capacity="A"), Post("", "赵六", "fire-manager", "G"),
    ])  # fmt: skip
    square = shapely.to_wkb(shapely.box(116.0, 27.0, 116.1, 27.1))
    found.ledger.append([boundary_fact("Z", square, found.ledger.clock())])
    return found


def test_the_five_things_and_the_gaps(w: Wuding) -> None:
    (page,) = w.charter("Z", as_of="2024-05-01", lang="en")
    area = dict(page.area)
    assert (page.name, page.level, page.as_of) == ("南城<县>", "zone (medium grid)", "2024-04-30")
    assert area["grids below"] == "1 × grid (small grid)"
    assert area["subjects"] == "1 × street shop"
    assert area["area"].startswith("109.8") or area["area"].startswith("109.9") or area["area"].startswith("110.")
    assert [(p.role, p.name, p.capacity, p.since) for p in page.persons] == [
        ("fire manager", "李四", "principal", "2024-03-18"), ("fire manager", "王五", "deputy A", ""),
    ]  # fmt: skip
    assert [role for role, _ in page.duties] == ["director of the fire-safety committee", "fire manager"]
    assert "fire-safety publicity and education" in page.duties[1][1]
    assert [(t.title, t.clauses) for t in page.tasks] == [("inspections in summer", ("p8.4",)), ("shops", ("p8.5",))]
    assert page.tasks[0].sentences == (
        "at least 1 every month: fire inspection (registered and reported is yes), only during summer (06-01 to 08-31)",
    )
    assert page.tasks[1].sentences[0] == "for 1 subject in this grid"
    assert {r.title for r in page.rewards} == {"annual assessment", "burnt"}
    assert any("when total is at least 90: bonus 2" in s for r in page.rewards for s in r.sentences)
    assert [(g.title, g.status, g.since, g.days) for g in page.gaps] == [("a director", "gap", "2024-03-11", 51)]


def test_only_books_that_govern_the_grid_are_asked(w: Wuding) -> None:
    with pytest.raises(WudingError) as error:
        w.charter("Y", as_of="2024-05-01")
    assert error.value.code == "WD824"
    with pytest.raises(WudingError) as error:
        w.charter("ZZ", as_of="2024-05-01")
    assert error.value.code == "WD813"


class Read(HTMLParser):
    """The texts of a page, and whatever it would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.fetched += [str(value) for name, value in attrs if name in ("src", "href", "action", "srcset")]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.mark.parametrize(("lang", "heads"), [
    ("zh", ["五定责任书", "定区域", "定人员", "定职责", "定任务", "定奖惩", "尚未落实"]),
    ("en", ["Charter of five fixed things", "Area", "Persons", "Duties", "Tasks", "Reward and penalty"]),
])  # fmt: skip
def test_the_page_has_all_of_it_and_fetches_nothing(w: Wuding, lang: str, heads: list[str]) -> None:
    read = Read()
    html = charter_html(w.charter("Z", as_of="2024-05-01", lang=lang))
    read.feed(html)
    text = "\n".join(read.texts)
    assert [head for head in heads if head not in text] == []
    assert "南城<县>" in text and "<县>" not in html
    assert all(said in text for said in ("李四", "2024-03-18", "p8.4", "2024-03-11", "109."))
    assert "report." not in text
    assert read.fetched == [] and "url(" not in html and "@import" not in html


@pytest.mark.parametrize("width", [360, 1200])
def test_a_browser_shows_it_without_scrolling_sideways(w: Wuding, tmp_path: Path, width: int) -> None:
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no chromium is installed")
    html = charter_html(w.charter("Z", as_of="2024-05-01", lang="zh"))
    (tmp_path / "page.html").write_text(html, encoding="utf-8")
    # The page in a frame of the width: a window cannot be made as narrow as a phone.
    (tmp_path / "frame.html").write_text(
        f'<body><iframe id="f" style="border:0;width:{width}px;height:3000px" src="page.html"></iframe><script>'
        "onload = () => { const d = document.getElementById('f').contentDocument.documentElement;"
        "document.body.dataset.widths = d.scrollWidth + '/' + d.clientWidth + '/' + d.scrollHeight; }</script>",
        encoding="utf-8",
    )
    shown = subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files",
         f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=4000", "--dump-dom",
         (tmp_path / "frame.html").as_uri()],
        capture_output=True, text=True, timeout=120, check=True,
    ).stdout  # fmt: skip
    scrolled, seen, height = (int(n) for n in shown.split('data-widths="')[1].split('"')[0].split("/"))
    assert (scrolled, seen) == (width, width)
    assert height > 800
