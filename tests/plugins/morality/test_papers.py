"""The statement of an account and the public notice of a period: what they say, in both languages, as text and HTML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tests.plugins.morality.conftest import BOOK, Bank, found, opened

from wuding import Wuding
from wuding.catalogue import texts
from wuding.cli import run
from wuding.errors import WudingError
from wuding.plugins import plugin_manager, shelf
from wuding_morality import papers
from wuding_morality.account import BEFORE, Account
from wuding_morality.guard import CODES
from wuding_morality.notice import notice
from wuding_morality.papers import Paper, Table, rendered
from wuding_morality.statement import statement

HEADS = re.compile(r'table\(\s*(?:"[\w-]+"|kind), "([a-z ]+)"')
KINDS = re.compile(r'table\(\s*"([\w-]+)"')


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wuding]:
    """A year of the bank, to read from: credits, a deduction, redemptions, a claim under way, money and goods."""
    folder = tmp_path_factory.mktemp("year")
    with pytest.MonkeyPatch.context() as patch, opened(f"sqlite:///{folder}/bank.db") as w:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        found(w)
        a_year(Bank(w))
        yield w


def a_year(bank: Bank) -> None:
    bank.fund_in("V1", "2024-01-05", source="fiscal", amount="1000")
    bank.fund_out("V1", "2024-02-05", source="fiscal", amount="250.50")
    bank.goods_in("V1", "2024-02-06", item="rice", quantity=10)
    bank.earn("H1", "C1", 10)
    bank.redeemed("H1", "2024-03-01", points=4, item="rice", quantity=2)
    bank.earn("H1", "C2", -2, "2024-04")
    bank.claim_path("H2", "C3", 5, "2024-12")
    bank.reviewed("H3", "2024-12-20", claim_id="C4", passed=True, points=5)


def table(paper: Paper, title: str) -> Table:
    return next(one for one in paper.tables if one.title == title)


def test_a_statement_tells_every_movement_and_what_is_left(year: Wuding) -> None:
    paper = statement(year, "H1", as_of="2024-12-06", lang="en")
    assert dict(paper.facts) == {"account": "H1 (H1家)", "lifetime points": "10", "redeemable points (2024)": "4"}
    rows = table(paper, "Movements of redeemable points 2024").rows
    assert [(day, what, into, out, left) for day, what, _, into, out, left in rows] == [
        ("2024-02-10", "entered in the ledger of points", "10", "", "10"),
        ("2024-03-01", "points redeemed", "", "4", "6"),
        ("2024-04-10", "entered in the ledger of points", "", "2", "4"),
    ]
    assert rows[0][2] == "claim number C1, good deeds, number of the points card KC1"
    assert rows[1][2] == "goods rice, quantity 2"


def test_what_is_left_lapses_with_the_year_and_lifetime_points_stay(year: Wuding) -> None:
    paper = statement(year, "H1", as_of="2025-01-01T00:01", lang="en")
    assert dict(paper.facts)["lifetime points"] == "10"
    assert dict(paper.facts)["redeemable points (2025)"] == "0"
    assert table(paper, "Movements of redeemable points 2024").rows[-1][1:] == (
        "lapsed at the end of the year", "", "", "4", "0",
    )  # fmt: skip


def test_claims_under_way_say_how_far_they_have_come(year: Wuding) -> None:
    at = "2024-12-06"
    assert table(statement(year, "H2", as_of=at, lang="en"), "Claims under way").rows == (
        ("C3", "publicised", "2024-12-03", "published until 2024-12-09 00:00"),
    )
    assert table(statement(year, "H3", as_of="2024-12-31", lang="zh"), "办理中的申报").rows == (
        ("C4", "无", "", "积分申报"),
    )
    assert table(statement(year, "H1", as_of=at, lang="en"), "Claims under way").rows == ()


def test_a_village_has_a_statement_of_money_and_goods(year: Wuding) -> None:
    paper = statement(year, "V1", as_of="2024-12-06", lang="zh")
    assert dict(paper.facts)["财政投入的资金结余"] == "749.5"
    assert dict(paper.facts)["rice的物资库存"] == "8"
    assert [row[3:] for row in table(paper, "rice的物资库存明细").rows] == [("10", "", "10"), ("", "2", "8")]


def test_a_notice_tells_the_period_and_what_may_be_objected_to(year: Wuding) -> None:
    paper = notice(year, "2024-03-01", "2024-12-05", grid="V1", lang="en")
    assert [row[0::4] for row in table(paper, "account of points: entered").rows] == [("2024-04-10", "-2")]
    assert [row[0::4] for row in table(paper, "account of points: redeemed").rows] == [("2024-03-01", "4")]
    assert table(paper, "Being published: anybody may object").rows == (("H2 (H2家)", "C3", "2024-12-09 00:00"),)
    assert table(paper, "What stands on the accounts").rows[0] == ("H1 (H1家)", "10", "4")
    money = {row[0]: row[1:] for row in table(paper, "money, by its five sources: in and out").rows}
    assert money["public budget, V1 (一村)"] == ("749.5", "0", "0", "749.5")
    assert len(money) == 5
    assert [row[1:] for row in table(paper, "goods in stock: in and out").rows] == [("10", "0", "2", "8")]


def test_a_notice_after_the_last_day_has_nothing_to_object_to(year: Wuding) -> None:
    assert table(notice(year, "2024-12-01", "2024-12-31", lang="zh"), "正在公示，可提异议").rows == ()
    assert table(notice(year, "2024-12-01", "2024-12-08", lang="zh"), "正在公示，可提异议").rows != ()


class Cells(HTMLParser):
    """The texts of table cells; fails on tags that are not closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.cells: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "br"):
            self.open.append(tag)
        if tag == "td":
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "td":
            self.cells[-1] += data


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_html_and_text_say_the_same(year: Wuding, lang: str) -> None:
    for paper in (statement(year, "H1", lang=lang), notice(year, "2024-01-01", "2024-12-31", lang=lang)):
        page, text = Cells(), rendered(paper, "text")
        page.feed(rendered(paper, "html"))
        assert page.open == []
        assert page.cells == [cell for one in paper.tables for row in one.rows for cell in row]
        assert all(cell in text for cell in page.cells)
        assert "paper." not in text and "accounts." not in text  # every text is there


def test_a_name_cannot_write_html(bank: Bank) -> None:
    bank.earn("H1", "<b>", 3)
    html = rendered(statement(bank.w, "H1", as_of="2024-12-31"), "html")
    assert "<b>" not in html and "&lt;b&gt;" in html


def test_unknown_names_and_days_are_refused(bank: Bank) -> None:
    with pytest.raises(WudingError, match="WD864"):
        statement(bank.w, "H9")
    with pytest.raises(WudingError, match="WD864"):
        notice(bank.w, "2024-01-01", "2024-03-31", grid="T1")
    with pytest.raises(WudingError, match="WD865"):
        notice(bank.w, "2024-03-31", "2024-01-01")
    with Wuding.open("sqlite://", books=["fire/nancheng"]) as other, pytest.raises(WudingError, match="WD863"):
        statement(other, "H1")


def test_the_commands(year: Wuding, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--db", f"sqlite:///{year.ledger.database.path}", "--book", BOOK]
    assert run(["statement", "H1", "--as-of", "2024-12-06", *where, "--lang", "zh"], {}) == 0
    assert "可兑换积分（2024）: 4" in capsys.readouterr().out
    assert run(["notice", "--from", "2024-01-01", "--to", "2024-12-31", *where, "--format", "html"], {}) == 0
    assert capsys.readouterr().out.startswith("<!DOCTYPE html>")
    assert run(["statement", "H9", *where], {}) == 2


def test_every_key_that_is_made_up_has_a_text() -> None:
    """What `test_catalogue` cannot see: keys made of a name."""
    plugin_manager()
    program = shelf().program(BOOK)
    balances = {part for rule in program.rules if isinstance(rule, Account) for part, _ in rule.parts} - {BEFORE}
    sources = [path.read_text(encoding="utf-8") for path in Path(papers.__file__).parent.glob("*.py")]
    heads = {word for text in sources for found in HEADS.findall(text) for word in found.split()}
    kinds = {found for text in sources for found in KINDS.findall(text)} | {
        "statement",
        "notice",
        "credits",
        "redemptions",
    }
    keys = {f"balance.{name}" for name in balances} | {f"accounts.fault-{why}" for why in CODES}
    keys |= (
        {f"paper.column.{head}" for head in heads}
        | {f"paper.{kind}" for kind in kinds}
        | {"accounts.of-in", "accounts.of-net"}
    )
    assert len(heads) > 10 and len(kinds) > 7
    assert sorted(keys - set(texts())) == []
