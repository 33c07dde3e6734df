"""Every command, its formats, languages and exit codes: 0 clean, 1 findings or failures, 2 bad input."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from wuding import Wuding
from wuding.demo import run_demo

CHECK = ("check", "--book", "little.yaml", "--as-of", "2024-07-01", "--from", "2024-05-01")


def test_from_nothing_to_findings(wuding, ledger: Path) -> None:
    assert "3 rows: 3 facts" in wuding("import", "facts.csv", "--fact", "inspection").out
    answer = wuding(*CHECK, "--format", "json")
    assert answer.code == 1
    told = json.loads(answer.out)
    assert {row["status"]: row["count"] for row in told["counts"]} == {"met": 2, "missed": 2}
    assert (told["breaches"], told["as_of"], told["books"]) == (2, "2024-07-01 00:00", ["fire/little"])
    found = wuding("findings", "--status", "missed", "--format", "csv")
    assert found.code == 0
    assert [row["id"] for row in csv.DictReader(io.StringIO(found.out))] == [
        "fire/little#monthly@B2/2024-05", "fire/little#monthly@B2/2024-06",
    ]  # fmt: skip
    table = wuding("findings", "--holder", "B1")
    assert "fire/little#monthly@B1/2024-05" in table.out
    assert "✓ met" in table.out
    assert "✓ 已完成" in wuding("findings", "--holder", "B1", "--lang", "zh").out


def test_a_check_asks_of_the_days_named(wuding, ledger: Path) -> None:
    wuding("import", "facts.csv", "--fact", "inspection")
    early = wuding("check", "--book", "little.yaml", "--as-of", "2024-06-01", "--from", "2024-05-01", "--format", "csv")
    assert list(csv.reader(io.StringIO(early.out)))[1:] == [
        ["fire/little", "patrol", "met", "1"], ["fire/little", "patrol", "missed", "1"],
    ]  # fmt: skip
    before = wuding(*CHECK, "--known-at", "2024-01-01", "--format", "json")
    assert json.loads(before.out)["known_seq"] == 0
    clean = wuding("check", "--book", "little.yaml", "--as-of", "2024-05-01", "--from", "2024-05-01")
    assert clean.code == 0


def test_a_check_without_anything_to_ask_says_so(wuding) -> None:
    wuding("init")
    answer = wuding("check", "--book", "fire/chigang")
    assert answer.code == 0
    assert "nothing to ask about" in answer.out
    assert "breached" not in answer.out


def test_one_fact(wuding, ledger: Path) -> None:
    told = wuding("record", "inspection", "filed=true", "--grid", "B2", "--at", "2024-05-09", "--format", "json")
    assert (told.code, json.loads(told.out)["seq"]) == (0, 5)
    assert "序号 6" in wuding("record", "inspection", "--grid", "B2", "--lang", "zh").out
    checked = json.loads(wuding(*CHECK, "--format", "json").out)
    assert {row["status"]: row["count"] for row in checked["counts"]} == {"missed": 3, "met": 1}


def test_the_tree(wuding, ledger: Path) -> None:
    assert [row["code"] for row in json.loads(wuding("grid", "show", "G1", "--format", "json").out)] == [
        "G1", "B1", "B2",
    ]  # fmt: skip
    assert "B1 甲格" in wuding("grid", "show", "Z").out
    assert wuding("grid", "show", "Z", "--depth", "1", "--format", "csv").out.count("\n") == 3
    checked = wuding("grid", "check")
    assert (checked.code, "sound: 4 grids, 1 root" in checked.out) == (0, True)


def test_a_partition(wuding, ledger: Path, tmp_path: Path) -> None:
    def feature(code: str, west: float, east: float) -> dict[str, object]:
        ring = [[west, 27], [east, 27], [east, 28], [west, 28], [west, 27]]
        shape = {"type": "Polygon", "coordinates": [ring]}
        return {"type": "Feature", "properties": {"code": code}, "geometry": shape}

    tiles = [feature("G1", 113, 115), feature("B1", 113, 114), feature("B2", 114.1, 115), feature("X", 1, 2)]
    (tmp_path / "map.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": tiles}))
    lacking = wuding("grid", "check", "--partition", "G1")
    assert (lacking.code, "WD823" in lacking.err) == (2, True)
    assert "1 code that no grid has: X" in wuding("grid", "import", "--boundaries", "map.geojson").out
    answer = wuding("grid", "check", "--partition", "G1", "--format", "json")
    (gap,) = json.loads(answer.out)["partition"]
    assert (answer.code, gap["kind"], sorted(gap["codes"])) == (1, "gap", ["B1", "B2"])
    assert 114 < gap["lon"] < 114.1
    assert wuding("grid", "check", "--partition", "G1", "--max-gap", "10 %").code == 0
    assert "空缺" in wuding("grid", "check", "--partition", "G1", "--lang", "zh").out


def test_verify_locates_a_changed_byte(wuding, ledger: Path) -> None:
    wuding("import", "facts.csv", "--fact", "inspection")
    clean = wuding("verify", "--format", "json")
    head = json.loads(clean.out)["head"]
    assert (clean.code, head.split(":")[0]) == (0, "8")
    assert wuding("verify", "--head", head).code == 0
    with closing(sqlite3.connect(ledger)) as db, db:
        ((body,),) = db.execute("SELECT body FROM fact WHERE seq = 7")
        db.execute("UPDATE fact SET body = ? WHERE seq = 7", (body.replace(b"wu", b"li"),))
    changed = wuding("verify", "--format", "csv")
    assert changed.code == 1
    assert ("changed", "7") in [(row["kind"], row["seq"]) for row in csv.DictReader(io.StringIO(changed.out))]
    assert "第 7 号" in wuding("verify", "--lang", "zh").out


def test_a_noted_head_shows_a_cut_tail(wuding, ledger: Path) -> None:
    wuding("record", "inspection", "--grid", "B1")
    head = json.loads(wuding("verify", "--format", "json").out)["head"]
    with closing(sqlite3.connect(ledger)) as db, db:
        db.execute("DELETE FROM fact WHERE seq = 5")
        db.execute("DELETE FROM batch WHERE first_seq = 5")
    cut = json.loads(wuding("verify", "--format", "json", "--head", head).out)
    assert [(p["kind"], p["seq"]) for p in cut["problems"] if p["kind"] == "cut"] == [("cut", 5)]


def test_an_import_is_all_or_nothing(wuding, ledger: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_bytes(
        "at,grid,filed\r\n2024-02-30,B1,true\r\n2024-05-03,B1,true\r\n2024-05-03,B9,是\r\n".encode("gb18030")
    )
    refused = wuding("import", "bad.csv", "--fact", "inspection")
    assert refused.code == 2, refused.err
    assert re.findall(r"^bad.csv(?: row)?:(\d+):1  (WD\d+)", refused.err, re.MULTILINE) == [
        ("1", "WD445"), ("2", "WD436"), ("4", "WD440"),
    ]  # fmt: skip
    assert "4 facts" in wuding("verify").out
    kept = wuding("import", "bad.csv", "--fact", "inspection", "--keep-good", "--format", "json")
    assert kept.code == 1
    told = json.loads(kept.out)
    assert (told["rows"], told["kept"], told["facts"]) == (3, 1, 1)
    aside = list(csv.DictReader(Path(told["rejected"]).read_text(encoding="utf-8-sig").splitlines()))
    assert [row["rejected_row"] for row in aside] == ["2", "4"]
    assert all("2024-02-30" in str(row) or "B9" in str(row) for row in aside)
    again = wuding("import", "bad.csv", "--fact", "inspection", "--keep-good")
    assert (again.code, "WD409" in again.err) == (2, True)


def test_the_plugins(wuding) -> None:
    rows = {row["plugin"]: row for row in json.loads(wuding("plugins", "--format", "json").out)}
    assert rows["fire"]["domains"] == "fire"
    assert "fire/nancheng" in rows["rules"]["books"]
    assert "领域" in wuding("plugins", "--lang", "zh").out


def test_a_book_put_into_force_is_what_a_check_uses(wuding, ledger: Path) -> None:
    assert wuding("appoint", "li", "cell-head", "B1", "--from", "2024-01-01").code == 0
    assert wuding("enforce", "little.yaml", "--from", "2024-05-01").code == 0
    wuding("import", "facts.csv", "--fact", "inspection")
    told = json.loads(wuding("check", "--as-of", "2024-07-01", "--format", "json").out)
    assert (told["books"], told["breaches"]) == (["fire/little"], 2)


BAD = {
    "init": "WD808", "init --db mysql://x": "WD504", "init --db sqlite:///none/x.db": "WD501",
    "init --db sqlite:///n.db --zone Mars/X": "WD505", "verify --db sqlite:///none.db": "WD502",
    "verify --head 12": "WD815",
    "verify --db sqlite:///tree.csv": "WD501", "demo": "WD808", "lint none.yaml": "WD812", "--lang fr lint x": "WD810",
    "check --format sarif": "WD810", "check --db": "WD811", "check": "WD802", "check --book fire/none": "WD603",
    "check --book none.yaml": "WD604", "check --book little.yaml --as-of 2024-02-30": "WD403",
    "check --book little.yaml --from soon": "WD402", "check --book little.yaml --known-at 24:00": "WD403",
    "check --book little.yaml --on mars": "WD885", "check --book little.yaml --columns .": "WD886",
    "columns export .": "WD802", "columns export . --book little.yaml": "WD888",
    "check --columns . --known-at 2024-01-01": "WD810",
    "findings": "WD805", "findings --check 9": "WD805", "findings --status mised": "WD810",
    "findings --section x": "WD810",
    "grid import": "WD819", "grid show B7": "WD813", "grid check --partition B7": "WD813",
    "grid check --partition B1": "WD823",
    "import facts.csv": "WD817", "import none.csv --fact inspection": "WD420",
    "import tree.csv --fact inspection": "WD413",
    "import facts.csv --fact inspektion": "WD803", "import facts.csv --fact inspection --domain water": "WD804",
    "import little.yaml --fact inspection": "WD423", "import facts.csv --mapping none": "WD420",
    "record inspektion": "WD803", "record inspection filed": "WD809",
    "record inspection filed=true filed=true": "WD818",
    "record inspection at=now": "WD822", "record inspection --grid B7": "WD440",
    "record inspection --grid B1 fild=true": "WD414",
    "record inspection --grid B1 filed=perhaps": "WD434", "record inspection --grid B1 --at 2024-02-30": "WD403",
    "record fire --grid B1 grade=general deaths=100000000000000000000": "WD437",
    "appoint li king B1": "WD814", "appoint li cell-head B7": "WD813", "appoint li cell-head B1 --as C": "WD810",
    "appoint li cell-head B1 --subject S7": "WD816", "appoint li cell-head B1 --from 2023-02-29": "WD402",
    "enforce fire/none": "WD603",
    "test none.test.yaml": "WD707", "test .": "WD708",
}  # fmt: skip


@pytest.mark.parametrize("line", BAD)
def test_bad_input_is_told_with_its_remedy(wuding, ledger: Path, line: str) -> None:
    for lang, remedy in (("en", "= help: "), ("zh", "= 帮助：")):
        words = shlex.split(line) if line.startswith("--lang") else ["--lang", lang, *shlex.split(line)]
        answer = wuding(*words)
        assert (answer.code, answer.out) == (2, "")
        if not line.startswith("--lang"):
            assert BAD[line] in answer.err
            assert remedy in answer.err
    assert "4 facts" in wuding("verify").out, "bad input left something behind"


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("empty.csv", "", "WD425"), ("orphan.csv", "code,name,parent,level\nX,x,NO,grid\n", "WD450"),
        ("cycle.csv", "code,name,parent,level\nX,x,Y,grid\nY,y,X,grid\n", "WD451"),
        ("twice.csv", "code,name,parent,level\nX,x,Z,grid\nX,y,Z,grid\n", "WD452"),
        ("blank.csv", "code,name,parent,level\nX,,Z,grid\n", "WD453"),
        ("column.csv", "code,name,level\nX,x,grid\n", "WD454"),
        ("days.csv", "code,name,parent,level,from\nX,x,Z,grid,2023-02-29\n", "WD402"),
    ],
)  # fmt: skip
def test_a_broken_tree_is_refused_at_its_row(wuding, ledger: Path, name: str, text: str, code: str) -> None:
    Path(name).write_text(text, encoding="utf-8")
    answer = wuding("grid", "import", name)
    assert answer.code == 2
    assert re.search(rf"^{name}:\d+:1  {code}  ", answer.err, re.MULTILINE)
    assert "4 facts" in wuding("verify").out


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_help_is_a_text(wuding, lang: str) -> None:
    listed = wuding("--help", "--lang", lang).out
    for command in re.findall(r"^│ ([a-z]+) ", listed, re.MULTILINE):
        for words in (
            [(command,)] if command != "grid" else [("grid",), *(("grid", c) for c in ("import", "show", "check"))]
        ):
            said = wuding(*words, "--help", "--lang", lang)
            assert said.code == 0
            assert "cli." not in said.out, words


def test_the_demo_ends_in_commands_that_work(wuding) -> None:
    lines: list[str] = []
    run_demo("sqlite:///demo.db", "zh", lines.append)
    assert any("模拟" in line for line in lines), "it says what is simulated"
    commands = [line.split() for line in lines if line.startswith("  wuding ")]
    assert len(commands) == 3
    for words in commands:
        answer = wuding(*shlex.split(" ".join(words))[1:])
        assert answer.code in (0, 1)
        assert answer.out
        assert answer.err == ""
    with Wuding.open("sqlite:///demo.db", create=False) as w:
        order = ["book", "id", "status", "at"]
        whole = w.check(as_of="2025-01-01", save=False).frame.sort(order)
        parts = w.check(as_of="2025-01-01", save=False, partitions=3)
        assert all(edition.split.parts == 3 for edition in parts.editions)
        assert parts.frame.sort(order).equals(whole)


def test_a_check_in_parts_says_which_rules_it_could_not_part(wuding, ledger: Path, tmp_path: Path) -> None:
    assert wuding("import", "facts.csv", "--fact", "inspection").code == 0
    whole = wuding(*CHECK, "--format", "json", "--no-save")
    parts = wuding(*CHECK, "--format", "json", "--no-save", "--partitions", "2")
    here, there = (json.loads(one.out) for one in (whole, parts))
    assert sorted(here["counts"], key=str) == sorted(there["counts"], key=str)
    assert (parts.code, there["breaches"]) == (whole.code, here["breaches"]) == (1, 2)
    assert parts.err == "fire/little: checked in 2 parts; 0 rules assessed on everything\n"
    ranked = "scoring: [{id: best, for: {grid: basic}, every: month, start: 1, rank: {in: book}}]\n"
    text = (tmp_path / "little.yaml").read_text("utf-8")
    (tmp_path / "little.yaml").write_text(text[: text.index("patrol")] + ranked, "utf-8")
    told = wuding(*CHECK, "--partitions", "2", "--lang", "zh").err
    assert told == "WD883  fire/little 无法按网格树的分支检查，已整体检查：best（全册排名）\n"
    told = wuding(*CHECK, "--partitions", "2").err
    assert told.endswith("was checked whole: best (it ranks the whole book)\n")


def test_findings_go_into_files_and_are_told_the_same(wuding, ledger: Path, tmp_path: Path) -> None:
    assert wuding("import", "facts.csv", "--fact", "inspection").code == 0
    whole = json.loads(wuding(*CHECK, "--format", "json", "--no-save").out)
    assert wuding("columns", "export", "columns", "--book", "little.yaml", "--branches", "2").code == 0
    for place, more in {"a": (), "b": ("--columns", "columns"), "c": ("--partitions", "2")}.items():
        told = wuding(*CHECK, "--format", "json", "--to", place, *more)
        found = json.loads(told.out)
        assert (told.code, sorted(found["counts"], key=str)) == (1, sorted(whole["counts"], key=str))
        assert (found["check"], found["breaches"], found["first"]) == (0, 2, whole["first"])
        assert (tmp_path / place / "fire/little/monthly.parquet").is_file()
    assert wuding("findings").code == 2  # none was saved
    refused = wuding(*CHECK, "--to", ".")
    assert (refused.code, refused.err[:5]) == (2, "WD888")


def test_exported_columns_are_checked_without_the_ledger(wuding, ledger: Path, tmp_path: Path) -> None:
    assert wuding("import", "facts.csv", "--fact", "inspection").code == 0
    whole = wuding(*CHECK, "--format", "csv", "--no-save")
    told = wuding("columns", "export", "out", "--book", "little.yaml", "--branches", "2")
    assert (told.code, told.err) == (0, "")
    assert "3 facts, 3 branches" in told.out
    ledger.unlink()
    assert wuding(*CHECK, "--format", "csv", "--columns", "out").out == whole.out


def test_the_domain_may_be_named_or_follow_from_the_mapping(wuding, ledger: Path, tmp_path: Path) -> None:
    told = wuding("import", "facts.csv", "--fact", "fire/inspection", "--format", "json")
    assert (told.code, json.loads(told.out)["facts"]) == (0, 3)
    (tmp_path / "map.yaml").write_text("fact: inspection\nat: at\ngrid: grid\nfields: {filed: filed}\n", "utf-8")
    again = wuding("import", "facts.csv", "--mapping", "map.yaml", "--again", "--format", "json")
    assert (again.code, json.loads(again.out)["facts"]) == (0, 3)


def test_a_fact_is_corrected_and_voided(wuding, ledger: Path) -> None:
    recorded = json.loads(
        wuding("record", "inspection", "filed=true", "--grid", "B1", "--at", "2024-05-03T09:00", "--format", "json").out
    )
    seq = str(recorded["seq"])

    def met() -> set[str]:
        assert wuding(*CHECK).code in (0, 1)
        found = json.loads(wuding("findings", "--status", "met", "--format", "json").out)
        return {f["id"] for f in found}

    assert met() == {"fire/little#monthly@B1/2024-05"}

    moved = wuding("correct", seq, "--at", "2024-06-03T09:00", "--grid", "B2", "--reason", "wrong day", "--by", "wu")
    assert moved.code == 0 and f"fact {seq} corrected" in moved.out
    assert met() == {"fire/little#monthly@B2/2024-06"}

    assert wuding("correct", seq, "--void", "--reason", "false alarm").code == 0
    assert met() == set()
    for words in ((seq,), (seq, "--void", "--at", "2024-06-03"), ("999", "--void", "filed=true")):
        answer = wuding("correct", *words)
        assert answer.code == 2 and answer.err.startswith("WD836")
    assert wuding("correct", "999", "--at", "2024-06-03").err.startswith("WD508")
