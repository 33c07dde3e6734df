"""Columns of text to columns of values; the fast readers against the readers of single values."""

from datetime import date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wuding.domain.instants import iso_z, local_day, parse_date, parse_instant
from wuding.domain.period import to_date
from wuding.errors import WudingError
from wuding.intake.cells import pick
from wuding.intake.columns import ROW_CODES, Reading, convert, instants, iso_instants, local_days
from wuding.intake.mapping import Cell
from wuding.program.model import FieldType, Label

SHANGHAI = Reading("Asia/Shanghai")


def read(type, cells, reading=SHANGHAI, **more):
    kind = FieldType("x", type, Label("x", "x"), **more)
    found = convert(pick(pl.DataFrame({"x": cells}, schema={"x": pl.String}), Cell(column="x"), reading), kind, reading)
    return list(zip(found.value.to_list(), found.code.to_list(), strict=True))


@pytest.mark.parametrize(
    ("type", "text", "value", "code"),
    [
        ("text", " a b ", "a b", None),
        ("text", "a\0b", "a\0b", "WD448"),
        ("id", "007", "007", None),
        ("int", "14", 14, None),
        ("int", "+14.0", 14, None),
        ("int", "-0014", -14, None),
        ("int", "14.5", None, "WD432"),
        ("int", "1,400", None, "WD432"),
        ("int", "１４", None, "WD432"),
        ("int", "1e3", None, "WD432"),
        ("int", "999999999999", 999_999_999_999, None),
        ("int", "1000000000000", None, "WD437"),
        ("int", "0000000000000012", 12, None),
        ("number", "12.50", "12.50", None),
        ("number", "+12", "12", None),
        ("number", "-0.000001", "-0.000001", None),
        ("number", "0.1234567", None, "WD437"),
        ("number", "0.1234560000", "0.1234560000", None),
        ("number", "1234567890123", None, "WD437"),
        ("number", ".5", None, "WD433"),
        ("number", "5.", None, "WD433"),
        ("number", "NaN", None, "WD433"),
        ("money", "1e2", None, "WD433"),
        ("bool", "是", True, None),
        ("bool", "No", False, None),
        ("bool", "0", False, None),
        ("bool", "maybe", None, "WD434"),
        ("date", "2024-02-29", "2024-02-29", None),
        ("date", "2023-02-29", None, "WD435"),
        ("date", "2024-05-03T23:30Z", "2024-05-04", None),
        ("date", "2024-05-03 00:00:00", "2024-05-03", None),
        ("date", "05/03/2024", None, "WD435"),
        ("time", "2024-05-03T09:00", "2024-05-03T01:00:00Z", None),
        ("time", "2024-05-03 09:00:00.25", "2024-05-03T01:00:00.250000Z", None),
        ("time", "2024-05-03T24:00", "2024-05-03T16:00:00Z", None),
        ("time", "9 o'clock", None, "WD436"),
        ("duration", "48h", "48h", None),
        ("duration", "03 workday", "3 workdays", None),
        ("duration", "1 week", "1 weeks", None),
        ("duration", "48 hours", None, "WD439"),
        ("duration", "-1d", None, "WD439"),
    ],
)  # fmt: skip
def test_values(type, text, value, code):
    assert read(type, [text]) == [(value, code)]
    assert read(type, [None, text, ""]) == [(None, None), (value, code), (None, None)]
    assert read(type, [""], required=True) == [(None, "WD430")]


def test_enums_take_values_and_labels():
    labels = {"major": Label("重大", "major hazard"), "minor": Label("一般", "minor hazard")}
    found = read("enum", ["major", "一般", "major hazard", "Major"], values=("major", "minor"), value_labels=labels)
    assert found == [("major", None), ("minor", None), ("major", None), (None, "WD438")]


def test_spellings_of_nothing():
    reading = Reading("UTC", missing=("NA", "-"))
    assert read("int", ["NA", " - ", "1"], reading, required=True) == [(None, "WD430"), (None, "WD430"), (1, None)]


@pytest.mark.parametrize(
    ("cell", "values", "expected"),
    [
        ({"clean": "commas"}, ["1,234", "１，２"], ["1234", "１２"]),
        ({"clean": ["halfwidth", "commas"]}, ["１，２３４"], ["1234"]),
        ({"clean": "zeros"}, ["007", "0", "0.5", "00"], ["7", "0", "0.5", "0"]),
        ({"clean": ["upper", "spaces"]}, ["a  b\tc"], ["A B C"]),
        ({"find": "([0-9]+)"}, ["Ward 3", "03", "x"], ["3", "03", None]),
        ({"find": "[a-z]+", "prefix": "w-"}, ["1ab2", None], ["w-ab", None]),
        ({"map": {"Y": "yes"}, "default": "no"}, ["Y", "N", None], ["yes", "no", "no"]),
        ({"round": 2}, ["1.005", "-2.345", "7", "x"], ["1.01", "-2.35", "7.00", "x"]),
        ({"prefix": "W", "default": "none"}, ["1", ""], ["W1", "none"]),
    ],
)
def test_what_is_done_to_cells(cell, values, expected):
    frame = pl.DataFrame({"x": values}, schema={"x": pl.String})
    assert pick(frame, Cell.model_validate({"column": "x", **cell}), SHANGHAI).value.to_list() == expected


def test_a_value_beside_the_map_is_refused():
    found = pick(pl.DataFrame({"x": ["Y", "N", None]}), Cell(column="x", map={"Y": "yes"}), SHANGHAI)
    assert found.value.to_list() == ["yes", None, None] and found.code.to_list() == [None, "WD431", None]
    assert found.text.to_list() == ["Y", "N", None]


def test_one_value_for_all_rows():
    assert pick(pl.DataFrame({"x": ["a", "b"]}), Cell(value="v"), SHANGHAI).value.to_list() == ["v", "v"]


# ── the fast path and the readers of single values agree ─────────────────────────────────────────
FORMATS = st.sampled_from(
    [(), ("%m/%d/%Y %I:%M:%S %p",), ("%d/%m/%Y", "%m/%d/%Y %H:%M"), ("%Y-%m-%d %H:%M:%S.%f",), ("%d %b %y %H:%M",),
     ("%Y年%m月%d日 %H:%M",), ("%m-%d-%Y %H:%M", "%Y/%m/%d")]
)  # fmt: skip
ZONES = st.sampled_from(["America/New_York", "Asia/Shanghai", "Europe/London", "America/Sao_Paulo", "UTC"])
POLICIES = st.sampled_from(["refuse", "earlier", "later"])
NEAR = st.one_of(
    st.datetimes(datetime(1980, 1, 1), datetime(2036, 1, 1)),
    st.sampled_from(
        [datetime(2024, 3, 10, 1, 59), datetime(2024, 11, 3, 0, 59), datetime(2018, 11, 3, 23, 30)]
    ).flatmap(lambda start: st.integers(0, 100).map(lambda minutes: start + timedelta(minutes=minutes))),
)
SPELL = st.sampled_from(
    ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%MZ",
     "%Y-%m-%dT%H:%M:%S+08:00", "%Y-%m-%dT%H:%M:%S.%f-0530", "%m/%d/%Y %I:%M:%S %p", "%d/%m/%Y", "%m/%d/%Y %H:%M",
     "%Y-%m-%d %H:%M:%S.%f", "%d %b %y %H:%M", "%Y年%m月%d日 %H:%M", "%m-%d-%Y %H:%M", "%Y/%m/%d", "%Y-%m-%dT24:00"]
)  # fmt: skip
NOISE = st.text(st.sampled_from("0123456789-/: TZ.+,APMampm年月日"), max_size=22)


@st.composite
def times(draw):
    when = draw(NEAR)
    return draw(st.one_of(st.just(when.strftime(draw(SPELL))), NOISE, st.just(when.isoformat() + draw(NOISE)[:3])))


def one_by_one(text, reader):
    try:
        return reader(text), None
    except WudingError as error:
        return None, ROW_CODES[error.code]


@example(["+2015-01-05"], ("%Y-%m-%d",), "UTC", "refuse")
@example(["01/05/69"], ("%m/%d/%y %H",), "UTC", "refuse")
@given(st.lists(times(), min_size=1, max_size=6), FORMATS, ZONES, POLICIES)
def test_instants_agree(texts, formats, zone, policy):
    reading = Reading(zone, formats, policy)
    texts = [text.strip() for text in texts]
    us, codes = instants(pl.Series(texts, dtype=pl.String), reading)
    expected = [one_by_one(text, lambda t: parse_instant(t, zone, formats, policy)) for text in texts]
    assert list(zip(us.to_list(), codes.to_list(), strict=True)) == expected


@given(st.lists(times().map(str.strip).filter(bool), min_size=1, max_size=6), FORMATS, ZONES)
def test_dates_agree(texts, formats, zone):
    def by_hand(text):
        try:
            return to_date(parse_date(text, formats)).isoformat()
        except WudingError:
            try:
                return to_date(local_day(parse_instant(text, zone, (), "earlier"), zone)).isoformat()
            except WudingError:
                raise WudingError("WD402", value=text) from None

    assert read("date", texts, Reading(zone, formats)) == [one_by_one(text, by_hand) for text in texts]


@given(st.lists(st.integers(-(10**15), 7 * 10**15), min_size=1), ZONES)
def test_showing_and_days_agree(moments, zone):
    series = pl.Series(moments, dtype=pl.Int64)
    assert iso_instants(series).to_list() == [iso_z(us) for us in moments]
    assert local_days(series, zone).to_list() == [local_day(us, zone) for us in moments]


@given(st.lists(st.dates(date(1700, 1, 1), date(2250, 12, 31)), min_size=1))
def test_every_date_comes_back(days):
    assert read("date", [one.isoformat() for one in days]) == [(one.isoformat(), None) for one in days]
