"""Files of rows as tables of text."""

import gzip
from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wuding.errors import Rejected, WudingError
from wuding.intake.read import ragged_rows, read_table


@pytest.fixture
def table(tmp_path):
    def read(content, name="a.csv", **more):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_table(path, **more)

    return read


def codes(caught) -> list[tuple[str, int]]:
    return [(d.code, d.span.line) for d in caught.value.diagnostics]


def test_cells_stay_text_and_rows_keep_their_numbers(table):
    found = table('a,b\n007,1.50\n\n"x\ny",\n" z ",""\n')
    assert found.frame.to_dict(as_series=False) == {"a": ["007", "x\ny", " z "], "b": ["1.50", None, None]}
    assert found.rows.to_list() == [2, 4, 5]
    assert found.blank == 1 and found.encoding == "utf-8"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk"])
def test_encodings(table, encoding):
    text = "代码,名称\n1,赤港開發區\n"
    found = table(text.encode(encoding))
    assert found.frame.columns == ["代码", "名称"] and found.frame["名称"].to_list() == ["赤港開發區"]
    assert found.encoding == ("gb18030" if encoding.startswith("gb") else "utf-8")


def test_text_in_no_encoding_says_where(table):
    with pytest.raises(WudingError) as caught:
        table(b"a\n1\n\xff\xff\n")
    assert (caught.value.code, caught.value.args_["line"]) == ("WD421", 3)
    with pytest.raises(WudingError) as caught:
        table("a\nä\n", encoding="ascii")
    assert (caught.value.code, caught.value.args_["line"]) == ("WD421", 2)
    with pytest.raises(WudingError) as caught:
        table("a\n1\n", encoding="klingon")
    assert caught.value.code == "WD421"
    assert table("a\nä\n".encode("latin-1"), encoding="latin-1").frame["a"].to_list() == ["ä"]


def test_ragged_rows_are_kept_apart_with_their_numbers(table):
    found = table("a,b\n1,2\n3\n4,5,6\n7,8\n")
    assert found.frame.rows() == [("1", "2"), ("7", "8")] and found.rows.to_list() == [2, 5]
    assert [(r.row, r.text, r.cells, r.expected) for r in found.ragged] == [(3, "3", 1, 2), (4, "4,5,6", 3, 2)]
    assert [(d.code, d.span.line) for d in ragged_rows(found)] == [("WD428", 3), ("WD428", 4)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [("WD425", 1)]),
        ("\n\n", [("WD425", 1)]),
        ("a,a\n1,2\n", [("WD424", 1)]),
        ("a,\n1,2\n", [("WD424", 1)]),
        ('a,b\n1,"2\n3,4\n', [("WD422", 2)]),
        ('a,b\n1,2\n3,"', [("WD422", 3)]),
    ],
)
def test_broken_files(table, text, expected):
    with pytest.raises(Rejected) as caught:
        table(text)
    assert codes(caught) == expected


def test_quotes_that_are_closed_are_no_problem(table):
    assert table('a,b\n1,"2\n3"').frame.rows() == [("1", "2\n3")]
    assert table('a,b\n1,"2 ""x"""\n').frame.rows() == [("1", '2 "x"')]
    assert table('a,b\n1,5"\n').frame.rows() == [("1", '5"')]
    assert table('a,b\n1,""').frame.rows() == [("1", None)]
    assert table("a,b\n").frame.height == 0


def test_separators_and_packed_files(table):
    assert table("a\tb\n1\t2\n", "a.tsv").frame.rows() == [("1", "2")]
    assert table("a;b\n1;2\n", delimiter=";").frame.rows() == [("1", "2")]
    assert table(gzip.compress(b"a,b\n1,2\n"), "a.csv.gz").frame.rows() == [("1", "2")]
    assert table(gzip.compress(b'{"a": 1}\n'), "a.jsonl.gz").frame.rows() == [("1",)]
    assert table("a,b\r\n1,2\r\n").frame.rows() == [("1", "2")]


def test_what_cannot_be_read(table, tmp_path):
    cut = gzip.compress(b"a,b\n" * 99)[:-9]
    for content, name, code in [
        ("a", "a.xlsx", "WD423"),
        ("a", "a.gz", "WD423"),
        ("a", "a.parquet.gz", "WD423"),
        ("no gzip", "a.csv.gz", "WD420"),
        (cut, "b.csv.gz", "WD420"),
        ("no parquet", "a.parquet", "WD420"),
    ]:
        with pytest.raises(WudingError) as caught:
            table(content, name)
        assert caught.value.code == code
    with pytest.raises(WudingError) as caught:
        read_table(tmp_path / "absent.csv")
    assert caught.value.code == "WD420"


def test_json_lines_keep_the_spelling_of_numbers(table):
    text = '{"a": 12.50, "b": true, "c": "x"}\n\n{"a": 1e3, "c": null, "d": [1]}\n{"a": 12345678901234567890}\n'
    found = table(text, "a.jsonl")
    assert found.frame.rows() == [
        ("12.50", "true", "x", None),
        ("1000", None, None, "[1]"),
        ("12345678901234567890", None, None, None),
    ]
    assert found.rows.to_list() == [1, 3, 4]


def test_json_lines_that_are_none(table):
    with pytest.raises(Rejected) as caught:
        table('{"a": 1}\n[1]\n{"a": NaN}\n{"a": "\\ud800"}\n{"a"\n', "a.jsonl")
    assert codes(caught) == [("WD426", 2), ("WD426", 3), ("WD426", 4), ("WD426", 5)]
    with pytest.raises(Rejected) as caught:
        table("\n", "a.jsonl")
    assert codes(caught) == [("WD425", 1)]


def test_parquet_becomes_text(tmp_path):
    path = tmp_path / "a.parquet"
    frame = pl.DataFrame(
        {
            "n": [1, None],
            "d": [Decimal("12.50"), None],
            "b": [True, False],
            "day": [date(2024, 5, 3), None],
            "local": [datetime(2024, 5, 3, 9), None],
            "utc": pl.Series([datetime(2024, 5, 3, 1, tzinfo=UTC), None]).dt.convert_time_zone("Asia/Shanghai"),
        }
    )
    frame.write_parquet(path)
    found = read_table(path)
    expected = ("1", "12.50", "true", "2024-05-03", "2024-05-03T09:00:00.000000", "2024-05-03T01:00:00.000000Z")
    assert found.frame.row(0) == expected and found.rows.to_list() == [1, 2]
    pl.DataFrame({"a": [[1]]}).write_parquet(path)
    with pytest.raises(Rejected) as caught:
        read_table(path)
    assert codes(caught) == [("WD427", 1)]


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r", exclude_categories=["Cs"]), max_size=8)


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=8))
def test_csv_written_by_others_is_read_as_it_was(tmp_path_factory, rows):
    import csv

    path = tmp_path_factory.mktemp("csv") / "a.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows([("a", "b"), *rows])
    found = read_table(path)
    assert found.frame.rows() == [(a or None, b or None) for a, b in rows if a or b]
    assert found.rows.to_list() == [n for n, row in enumerate(rows, 2) if any(row)]
    assert found.blank == sum(not any(row) for row in rows) and not found.ragged
