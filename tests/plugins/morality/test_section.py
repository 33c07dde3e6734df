"""The section `accounts` as the core sees it: in the schema, explained in both languages, waived, checked again."""

from __future__ import annotations

import pytest
import yaml
from tests.plugins.morality.conftest import Bank
from tests.rules.shipped import ROOT

from wuding.book.schema import json_schema, models
from wuding.errors import Rejected
from wuding.plugins import plugin_manager, shelf

SHELF = shelf((), plugin_manager())
BASE = ROOT / "plugins/morality/wuding_morality/books/base.yaml"
ID = "morality/village-bank#points.redeemable@H1/2024"


def test_the_base_fits_the_models_and_the_schema_knows_the_keys() -> None:
    sections = SHELF.additions.sections
    account = models("book", sections)["AccountModel"]
    for rule in yaml.load(BASE.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)["accounts"]:
        told = {
            **rule,
            "balances": {n: {**b, **({"floor": 0} if "floor" in b else {})} for n, b in rule["balances"].items()},
        }
        assert account.model_validate(told)
    schema = json_schema("book", sections)
    assert {"in", "out", "balances", "before", "opened"} <= set(schema["$defs"]["AccountModel"]["properties"])
    assert schema["$defs"]["AccountModel"]["required"] == ["id"]


HEAD = "book: morality/here\ndomain: morality\nextends: morality/village-bank\n"
DEEP = "veto: [{{id: deep, cause: {{finding: {0}, when: {{status: {1}}}}}, strikes: subject, clause: x}}]\n"


def test_another_rule_may_use_its_findings() -> None:
    program = SHELF.load(HEAD + DEEP.format("points.redeemable", "overdrawn"), "here.yaml")
    assert any(rule.head.id == "deep" for rule in program.rules)


@pytest.mark.parametrize(
    ("finding", "status", "code"), [("points.redeemed", "overdrawn", "WD208"), ("points.redeemable", "met", "WD211")]
)
def test_a_finding_or_status_that_it_lacks_is_refused(finding: str, status: str, code: str) -> None:
    with pytest.raises(Rejected) as refused:
        SHELF.load(HEAD + DEEP.format(finding, status), "here.yaml")
    assert [problem.code for problem in refused.value.diagnostics] == [code]


def overdrawn(bank: Bank) -> None:
    """As a village may stand that kept its books before there was a guard."""
    bank.w.ledger.watches = tuple
    bank.honour("H1", "2024-02-01", name="moral-model", points=30)
    bank.redeemed("H1", "2024-03-01", points=32)
    bank.credit("H1", "C1", 5, "2024-04-01")


def test_an_overdraft_is_explained_in_both_languages(bank: Bank) -> None:
    overdrawn(bank)
    bank.w.check("2025-01-01")
    told = str(bank.w.explain(ID, lang="zh"))
    assert "自2024-03-01起透支" in told and "余额不足" in told and "不得低于0" in told and "公示，并满5天" in told
    told = str(bank.w.explain(ID, lang="en"))
    assert "overdrawn since 2024-03-01" in told and "+30" in told and "-32" in told
    told = str(bank.w.explain("morality/village-bank#points.before@H1/", lang="en"))
    assert "1 credit, 1 without what must go before" in told and "there was no claim" in told


def test_a_waiver_lifts_an_overdraft(bank: Bank) -> None:
    overdrawn(bank)
    since = {"from": "2024-03-01", "to": "2024-03-01"}
    bank.w.record("waiver", at="2024-05-01", rule="points.redeemable", holder="H1", approver="sec", reason="水灾",
                  retroactive=True, **since)  # fmt: skip
    found = bank.w.check("2025-01-01", save=False).findings(rule="points", holder="H1")
    assert {f.step: f.status for f in found} == {"redeemable": "waived", "lifetime": "covered", "before": "unfounded"}


def test_checked_again_it_is_what_a_whole_check_finds(bank: Bank) -> None:
    bank.earn("H1", "C1", 10)
    first = bank.w.check("2024-06-01")
    out = bank.redeemed("H1", "2024-05-01", points=4)
    bank.fund_in("V1", "2024-05-01", source="fiscal", amount="5")
    second = bank.w.check("2024-07-01", since=first)
    assert second.frame.equals(bank.w.check("2024-07-01", save=False).frame)
    bank.w.correct(out, points=3)
    third = bank.w.check("2025-02-01", since=second)
    assert third.frame.equals(bank.w.check("2025-02-01", save=False).frame)
