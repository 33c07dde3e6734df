"""`wuding record`, `watch`, `tick`, `notices`, as they are typed."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.core.cli.conftest import BOOK, Wuding

CASES = """escalation:
  - id: hazard
    opens: {fact: hazard}
    case: hazard_id
    closes: {fact: rectified, when: {accepted: true}}
    steps:
      - {id: chase, wait: 7d, tell: {role: fire-manager, at: grid}}
"""
HAZARD = ("record", "fire/hazard", "severity=major", "--grid", "B1")


@pytest.fixture
def enforced(wuding: Wuding, ledger: Path, tmp_path: Path) -> Path:
    """A ledger with a book in force that has a step which tells somebody."""
    (tmp_path / "little.yaml").write_text(BOOK + CASES, encoding="utf-8")
    assert wuding("enforce", "little.yaml").code == 0
    assert wuding("appoint", "wu", "fire-manager", "G1").code == 0
    return ledger


def told(out: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in out.splitlines()]


def days_ago(days: int) -> str:
    return (datetime.now() - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M")


def test_what_record_answers(wuding: Wuding, enforced: Path) -> None:
    text = wuding(*HAZARD, "hazard_id=H1")
    assert text.code == 0 and "opened" in text.out and "fire/little#hazard@B1/H1" in text.out
    answer = json.loads(wuding(*HAZARD, "hazard_id=H2", "--format", "json").out)
    assert {(c["what"], c["id"]) for c in answer["changes"]} == {
        ("opened", "fire/little#hazard@B1/H2"), ("came", "fire/little#hazard.chase@B1/H2"),
    }  # fmt: skip
    assert answer["notices"] == [] and answer["seq"] == answer["known_seq"]
    late = json.loads(wuding(*HAZARD, "hazard_id=H3", "--at", days_ago(20), "--format", "json").out)
    assert [n["to"] for n in late["notices"]] == [["wu"]]


def test_notices_wait_until_they_are_taken(wuding: Wuding, enforced: Path, tmp_path: Path) -> None:
    wuding("tick")
    wuding(*HAZARD, "hazard_id=H1", "--at", days_ago(20))
    wuding(*HAZARD, "hazard_id=H2", "--at", days_ago(20), "--no-answer")
    (waiting,) = json.loads(wuding("notices", "--waiting", "--format", "json").out)
    assert waiting["id"] == "fire/little#hazard.chase@B1/H1!1"
    path = tmp_path / "notices.jsonl"
    (answer,) = told(wuding("watch", "--once", "--to", str(path), "--format", "json").out)
    assert {c["id"] for c in answer["changes"]} >= {"fire/little#hazard@B1/H2"}  # type: ignore[attr-defined,union-attr]
    assert [n["case"] for n in told(path.read_text(encoding="utf-8"))] == ["H1", "H2"]
    assert wuding("tick", "--to", str(path)).code == 0
    assert len(path.read_text(encoding="utf-8").splitlines()) == 2
    assert json.loads(wuding("notices", "--waiting", "--format", "json").out) == []
    assert "撤回通知" not in wuding("notices", "--lang", "zh").out


def test_facts_from_lines_of_json(wuding: Wuding, enforced: Path, tmp_path: Path) -> None:
    facts = tmp_path / "facts.jsonl"
    lines = [
        {"type": "fire/hazard", "grid": "B1", "fields": {"hazard_id": "H1", "severity": "major"}},
        {"type": "fire/rectified", "grid": "B1", "fields": {"hazard_id": "H1", "accepted": True}},
    ]
    facts.write_text("\n\n".join(json.dumps(line) for line in lines) + "\n", encoding="utf-8")
    answers = told(wuding("watch", "--facts", str(facts), "--format", "json").out)
    whats = [{c["what"] for c in answer["changes"]} for answer in answers if "seq" in answer]  # type: ignore[attr-defined,union-attr]
    assert "opened" in whats[0] and "closed" in whats[1]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("no json", "WD898"), ('{"grid": "B1"}', "WD898"), ('{"type": "fire/hazard", "fields": []}', "WD898"),
        ('{"type": "fire/hazard", "gird": "B1"}', "WD899"),
    ],
)  # fmt: skip
def test_a_line_that_says_no_fact(wuding: Wuding, enforced: Path, tmp_path: Path, line: str, code: str) -> None:
    facts = tmp_path / "facts.jsonl"
    facts.write_text("\n" + line + "\n", encoding="utf-8")
    answer = wuding("watch", "--facts", str(facts))
    assert answer.code == 2 and f"{facts}:2:1  {code}" in answer.err


def test_a_tick_is_never_ahead_of_time(wuding: Wuding, enforced: Path) -> None:
    assert "WD895" in wuding("tick", "--at", "2099-01-01").err
    assert wuding("tick", "--at", days_ago(1)).code == 0
    assert "WD812" in wuding("watch", "--facts", "nowhere.jsonl").err
