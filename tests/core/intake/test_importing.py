"""Whole imports: rows become facts, all or none, or the good ones with the rest beside them."""

import csv
import gzip

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wuding.domain.grid import Grid
from wuding.domain.instants import parse_instant
from wuding.errors import Rejected, WudingError
from wuding.intake.importing import RowsRejected
from wuding.intake.known import known, known_frames
from wuding.intake.read import read_table

HEAD = "at,grid,hazard_id,severity,people,cost,fixed,found_on,limit,due,reporter\n"
FULL = "2024-05-03T09:00,G1,H1,重大,3,12.50,是,2024-05-02,7d,2024-05-10T18:00,li\n"
GRID = "fact: hazard\nat: at\ngrid: grid\nfields: {hazard_id: id}\n"


def refused(load, *args, **more) -> RowsRejected:
    with pytest.raises(RowsRejected) as caught:
        load(*args, **more)
    assert caught.value.got.appends == 0
    return caught.value


def rejects(error: RowsRejected) -> list[tuple[int, str, str]]:
    return [tuple(row) for row in error.rejects.select("row", "column", "code").rows()]


def test_columns_named_like_fields_become_facts(load):
    got = load(HEAD + FULL + "2024-05-04T09:00Z,G1,H2,,,,,,,,\n")
    first, second = got.own
    assert (first.domain, first.type, first.grid, first.at) == (
        "fire",
        "hazard",
        "G1",
        parse_instant("2024-05-03T01:00Z", "UTC"),
    )
    assert first.fields == {
        "hazard_id": "H1", "severity": "major", "people": 3, "cost": "12.50", "fixed": True,
        "found_on": "2024-05-02", "limit": "7d", "due": "2024-05-10T10:00:00Z",
    }  # fmt: skip
    assert first.private == {"reporter": "li"} and second.private == {}
    assert second.fields == {"hazard_id": "H2"}
    (note,) = (fact for fact in got.facts if fact.domain == "core")
    assert (note.type, note.at) == ("import", 7)
    assert note.fields == {"file": "in.csv", "sha256": got.result.sha256, "rows": 2, "kept": 2}
    assert got.appends == 1 and got.result.facts == 2 and got.result.rejected is None


def test_one_bad_row_and_nothing_is_written(load):
    error = refused(load, HEAD + FULL + "yesterday,G9,,huge,x,1e3,maybe,2024-13-01,soon,2024-05-03,\n")
    assert rejects(error) == [
        (3, "at", "WD436"), (3, "hazard_id", "WD430"), (3, "severity", "WD438"), (3, "people", "WD432"),
        (3, "cost", "WD433"), (3, "fixed", "WD434"), (3, "found_on", "WD435"), (3, "limit", "WD439"),
        (3, "grid", "WD440"),
    ]  # fmt: skip
    head, *each = error.diagnostics
    assert (head.code, head.args["bad"], head.args["rows"]) == ("WD445", 1, 2)
    assert len(each) == 9 and all(d.span.line == 3 for d in each)
    assert "huge" in str(error) and "in.csv:3" in str(error)


def test_twenty_are_shown_and_all_are_counted(load):
    error = refused(
        load, HEAD + "".join(f"2024-05-03,G1,H{n},huge,,,,,,,\n" for n in range(30)) + "2024-05-03,G9,H,,,,,,,,\n"
    )
    assert len(error.diagnostics) == 21 and error.rejects.height == 31
    assert error.diagnostics[0].args["reasons"] == "WD438 × 30, WD440 × 1"


def test_the_good_rows_are_kept_on_request_and_the_others_stand_beside(load):
    text = HEAD + FULL + 'x,G9,"a, b",,,,,,,,\n' + "1,2\n" + FULL.replace("H1", "H2")
    got = load(text, keep_good=True)
    assert [fact.fields["hazard_id"] for fact in got.own] == ["H1", "H2"] and got.appends == 1
    assert (got.result.rows, got.result.kept) == (4, 2)
    assert got.result.rejected == got.path.with_name("in.csv.rejected.csv")
    rows = list(csv.DictReader(got.result.rejected.open(encoding="utf-8-sig", newline="")))
    assert [(row["at"], row["hazard_id"], row["rejected_row"]) for row in rows] == [
        ("x", "a, b", "3"),
        ("1,2", "", "4"),
    ]
    assert "WD436" in rows[0]["rejected_en"] and "WD440" in rows[0]["rejected_zh"] and "网格" in rows[0]["rejected_zh"]
    assert "WD428" in rows[1]["rejected_en"]


def test_mended_rows_can_be_imported_again(load):
    got = load(HEAD + FULL + FULL.replace("G1", "G9"), keep_good=True)
    mended = got.result.rejected.read_text("utf-8-sig").replace("G9", "G1")
    again = load(mended, name="mended.csv")
    assert len(again.own) == 1 and again.result.rejected is None


def test_when_no_row_is_good_nothing_is_kept(load):
    error = refused(load, HEAD + "x,G1,H1,,,,,,,,\n", keep_good=True)
    assert not error.got.path.with_name("in.csv.rejected.csv").exists()


def test_a_failed_append_leaves_no_file_of_rejects(load):
    def fail(facts):
        raise OSError("disk full")

    with pytest.raises(OSError) as caught:
        load(HEAD + FULL + "x,G1,H1,,,,,,,,\n", keep_good=True, append=fail)
    assert list(caught.value.got.path.parent.iterdir()) == [caught.value.got.path]


def test_a_file_is_imported_once(load):
    sha = load(HEAD + FULL).result.sha256
    with pytest.raises(WudingError) as caught:
        load(HEAD + FULL, seen={sha}.__contains__)
    assert caught.value.code == "WD409" and caught.value.got.appends == 0
    assert load(HEAD + FULL, seen={sha}.__contains__, again=True).appends == 1
    assert load(HEAD + FULL + FULL, seen={sha}.__contains__).appends == 1


def test_an_unknown_type_is_told_before_reading(load):
    with pytest.raises(Rejected) as caught:
        load(HEAD + FULL, fact="hazzard")
    assert [d.code for d in caught.value.diagnostics] == ["WD412"]


# ── places ───────────────────────────────────────────────────────────────────────────────────────
def test_grids_must_stand_on_the_day(load):
    # G2 stands from 2022-01-08 up to, not including, 2024-03-18, by the days of Shanghai.
    rows = [
        "2022-01-07T15:59Z,G2",
        "2022-01-07T16:00Z,G2",
        "2024-03-17T15:59Z,G2",
        "2024-03-17T16:00Z,G2",
        "2024-01-01,",
    ]
    error = refused(load, "at,grid,id\n" + "".join(f"{row},h\n" for row in rows), GRID)
    assert rejects(error) == [(2, "grid", "WD441"), (5, "grid", "WD441"), (6, "grid", "WD430")]


def test_facts_about_subjects_take_the_grid_where_those_lay(load):
    mapping = "fact: visit\nat: at\nsubject: who\nfields: {note: note}\n"
    got = load("at,who,note\n2024-01-01,S1,a\n2024-01-01,S2,\n", mapping)
    assert [(f.subject, f.grid, dict(f.fields)) for f in got.own] == [("S1", "G1", {"note": "a"}), ("S2", "G2", {})]
    error = refused(load, "at,who,note\n2024-01-01,S9,\n2022-01-01,S2,\n2024-01-01,,\n", mapping)
    assert rejects(error) == [(2, "who", "WD444"), (3, "who", "WD446"), (4, "who", "WD430")]
    both = mapping + "grid: where\n"
    error = refused(load, "at,who,note,where\n2024-01-01,S1,,G1\n2024-01-01,S1,,G2\n2024-01-01,S1,,\n", both)
    assert rejects(error) == [(3, "where", "WD442")]


def test_rows_may_make_the_grids_and_subjects_that_they_name(load):
    mapping = """
        grids:
          - grid: zone
            code: where
            when: {column: where, present: true}
            parent: {value: G1}
            kinds: {value: urban;new}
        subjects:
          - {subject: shop, id: who, grid: where, name: name, from: since, fields: {area: size, phone: tel}}
        facts:
          - {fact: visit, at: at, subject: who}
    """
    rows = "2024-05-01,A,W1,Ada,2024-05-01,12.5,110\n2024-05-02,A,W2,Ada,,,\n2024-05-03,S1,,,,,\n"
    got = load("at,who,where,name,since,size,tel\n" + rows, mapping)
    assert [(f.type, f.grid, f.subject) for f in got.facts] == [
        ("grid", "W1", None), ("grid", "W2", None), ("subject", "W1", "A"),
        ("visit", "W1", "A"), ("visit", "W1", "A"), ("visit", "G1", "S1"), ("import", None, None),
    ]  # fmt: skip
    grid, _, shop = got.facts[:3]
    assert grid.fields["parent"] == "G1" and grid.fields["kinds"] == ["urban", "new"]
    assert shop.fields["fields"] == {"area": "12.5"} and shop.private == {"phone": "110"}
    assert (shop.fields["name"], shop.fields["from"]) == ("Ada", "2024-05-01")
    assert (got.result.grids, got.result.subjects, got.result.facts) == (2, 1, 3)


def test_a_subject_begins_on_its_day_also_for_the_rows_that_make_it(load):
    mapping = """
        subjects: [{subject: shop, id: who, grid: {value: G1}, from: since}]
        facts: [{fact: visit, at: at, subject: who}]
    """
    error = refused(load, "at,who,since\n2024-05-01,A,2024-05-02\n2024-05-02,A,\n", mapping)
    assert rejects(error) == [(2, "who", "WD446")]


def test_a_bad_row_makes_no_subject_for_others(load):
    mapping = """
        subjects: [{subject: shop, id: who, grid: where}]
        facts: [{fact: visit, at: at, subject: about}]
    """
    # Row 2 is bad (no such time), so A is not made, so row 3 is bad, so B is not made, so row 4 is bad. Row 5 is good.
    rows = "at,who,where,about\nnever,A,G1,S1\n2024-05-01,B,G1,A\n2024-05-01,C,G1,B\n2024-05-01,D,G1,D\n"
    assert rejects(refused(load, rows, mapping)) == [(2, "at", "WD436"), (3, "about", "WD444"), (4, "about", "WD444")]
    got = load(rows, mapping, keep_good=True)
    assert [(f.type, f.subject) for f in got.facts if f.subject] == [("subject", "D"), ("visit", "D")]


def test_later_rows_need_not_repeat_a_subject_in_full(load):
    mapping = "subjects: [{subject: shop, id: who, grid: where, fields: {area: size}}]\n"
    got = load("who,where,size\nA,G1,5\nA,,x\n", mapping)
    assert [f.subject for f in got.facts if f.type == "subject"] == ["A"] and got.result.kept == 2
    error = refused(load, "who,where,size\nA,,5\nA,G1,x\nA,G1,5\n,G1,5\nB,G9,1\n", mapping)
    assert rejects(error) == [
        (2, "where", "WD430"),
        (3, "size", "WD433"),
        (5, "who", "WD430"),
        (6, "where", "WD440"),
    ]


# ── forms ────────────────────────────────────────────────────────────────────────────────────────
def test_several_facts_of_a_row_are_good_or_bad_together(load):
    mapping = """
        facts:
          - {fact: hazard, at: opened, grid: {value: G1}, fields: {hazard_id: id}}
          - {fact: visit, at: closed, subject: {value: S1}, when: {column: closed, present: true}}
    """
    got = load("opened,closed,id\n2024-05-01,2024-05-02,a\n2024-05-01,,b\n2024-05-01,soon,c\n", mapping, keep_good=True)
    assert [f.type for f in got.own] == ["hazard", "hazard", "visit"] and got.result.kept == 2


def test_conditions_on_rows(load):
    mapping = GRID + "when: [{column: kind, is: [a, b]}, {column: id, not: h2}]\n"
    got = load(
        "at,grid,id,kind\n"
        + "".join(
            f"2024-05-01,G1,{i},{k}\n" for i, k in [("h1", "a"), ("h2", "a"), ("h3", "c"), ("h4", ""), ("h5", "b")]
        ),
        mapping,
    )
    assert [f.fields["hazard_id"] for f in got.own] == ["h1", "h5"]


def test_zone_formats_and_policy_come_from_the_mapping(load):
    mapping = GRID + "zone: America/New_York\ntimes: '%m/%d/%Y %I:%M %p'\n"
    rows = "at,grid,id\n11/03/2024 01:30 AM,G1,h\n"
    assert rejects(refused(load, rows, mapping)) == [(2, "at", "WD447")]
    assert rejects(refused(load, "at,grid,id\n03/10/2024 02:30 AM,G1,h\n", mapping)) == [(2, "at", "WD443")]
    later = load(rows.replace("G1", "G1"), mapping + "ambiguous: later\n").own[0].at
    assert later == parse_instant("2024-11-03T06:30Z", "UTC")


def test_jsonl_and_parquet_give_the_same_facts(load, tmp_path):
    columns = {
        "at": ["2024-05-03T01:00:00Z"],
        "grid": ["G1"],
        "hazard_id": ["H1"],
        "people": [3],
        "cost": ["12.5"],
        "fixed": [True],
    }
    path = tmp_path / "in.parquet"
    pl.DataFrame(columns).write_parquet(path)
    line = '{"at": "2024-05-03T01:00:00Z", "grid": "G1", "hazard_id": "H1", "people": 3, "cost": 12.5, "fixed": true}\n'
    packed = gzip.compress(line.encode())
    assert load(path).own == load(line, name="in.jsonl").own == load(packed, name="in.jsonl.gz").own
    assert load(path).own[0].fields == {"hazard_id": "H1", "people": 3, "cost": "12.5", "fixed": True}


def test_progress_reaches_the_end(load):
    told = []
    load(HEAD + FULL * 3, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (3, 3) and told == sorted(told)


def test_an_empty_table_is_an_empty_import(load):
    got = load(HEAD)
    assert got.own == [] and got.result.rows == 0 and got.appends == 1


ROW = st.fixed_dictionaries(
    {
        "at": st.sampled_from(["2024-05-03", "2024-05-03T09:00", "never", ""]),
        "grid": st.sampled_from(["G1", "G2", "G9", ""]),
        "hazard_id": st.sampled_from(["a", "b", ""]),
        "people": st.sampled_from(["1", "x", "", "2.0"]),
    }
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ROW, min_size=1, max_size=12))
def test_each_row_is_judged_alone(load, rows):
    """The good rows of any file are those that a row-by-row reading, written anew here, calls good."""

    def good(row) -> bool:
        placed = row["grid"] == "G1"  # G2 is closed on all of these days
        return row["at"] not in ("never", "") and placed and row["hazard_id"] != "" and row["people"] != "x"

    names = ["at", "grid", "hazard_id", "people"]
    text = ",".join(names) + "\n" + "".join(",".join(row[n] for n in names) + "\n" for row in rows)
    real = [row for row in rows if any(row.values())]
    kept = [row for row in real if good(row)]
    if real and len(kept) < len(real):
        error = refused(load, text)
        assert len(set(error.rejects["row"])) == len(real) - len(kept)
    if kept or not real:
        got = load(text, keep_good=True)
        assert [fact.fields["hazard_id"] for fact in got.own] == [row["hazard_id"] for row in kept]
        assert got.result.kept == len(kept) and got.result.blank == len(rows) - len(real)
        if got.result.rejected:
            assert read_table(got.result.rejected).frame.height == len(real) - len(kept)
            got.result.rejected.unlink()


def test_boston_imports_whole(load, data):
    """The real file: 121,145 requests, of which 106,869 or so are closed; wards are written in three ways."""
    mapping = """
        zone: America/New_York
        times: "%m/%d/%Y %I:%M:%S %p"
        ambiguous: later
        grids:
          - {grid: city, code: {value: boston}}
          - grid: zone
            code: &ward {column: ward, find: "0*([1-9][0-9]*)", prefix: W, default: W-none}
            parent: {value: boston}
        facts:
          - {fact: hazard, at: OPEN_DT, grid: *ward, fields: {hazard_id: CASE_ENQUIRY_ID, due: TARGET_DT}}
          - fact: hazard
            at: CLOSED_DT
            when: {column: CLOSED_DT, present: true}
            grid: *ward
            fields: {hazard_id: CASE_ENQUIRY_ID}
    """
    path = data / "boston-311" / "boston_311_2015.csv.gz"
    got = load(path, mapping, known=known())
    closed = read_table(path).frame["CLOSED_DT"].drop_nulls().len()
    assert got.result.kept == got.result.rows == 121_145 and got.result.facts == 121_145 + closed
    made = [f.grid for f in got.facts if f.type == "grid"]
    assert sorted(made) == sorted(["boston", "W-none", *(f"W{n}" for n in range(1, 23))])
    assert sum("due" in f.fields for f in got.own) == 121_145 - 26_991


def test_into_a_real_ledger(load):
    from wuding.store.entries import grid_fact
    from wuding.store.ledger import open_ledger
    from wuding.store.registry import registry_frames

    mapping = """
        grids: [{grid: zone, code: where, parent: {value: G1}}]
        subjects: [{subject: shop, id: who, grid: where, fields: {phone: tel}}]
        facts: [{fact: visit, at: at, subject: who, fields: {note: note}}]
    """
    with open_ledger("sqlite://") as ledger:
        ledger.append([grid_fact(Grid("G1", "one", None, "zone"), 0)])
        frames = registry_frames(ledger)
        got = load(
            "at,who,where,tel,note\n2024-05-01,A,W1,110,你好\n2024-05-02T08:00,B,W2,,\n",
            mapping,
            known=known_frames(frames.grids, frames.subjects),
            append=ledger.append_parts,
        )
        frames = registry_frames(ledger)
        assert frames.grids["code"].to_list() == ["G1", "W1", "W2"]
        assert frames.subjects.select("id", "grid").rows() == [("A", "W1"), ("B", "W2")]
        visits = list(ledger.facts(domain="fire"))
        assert [(f.subject, f.grid, f.fields) for f in visits] == [("A", "W1", {"note": "你好"}), ("B", "W2", {})]
        assert got.result.receipt.last_seq == ledger.head().seq == 8
        seen = {f.fields["sha256"] for f in ledger.facts(domain="core", type="import")}
        assert seen == {got.result.sha256}
