"""Mapping files: their form, their names, and where mistakes are said to stand."""

import pytest
from tests.core.intake.conftest import DOMAIN

from wuding.errors import Rejected, WudingError
from wuding.intake.mapping import Cell, default_mapping, parse_mapping, read_mapping
from wuding.intake.names import check_names, near_first

COLUMNS = ["when", "where", "no", "sev"]


def mistakes(text: str, columns: list[str] | None = None) -> list[tuple[str, int, int]]:
    with pytest.raises(Rejected) as caught:
        check_names(parse_mapping(text, "m.yaml"), columns or COLUMNS, DOMAIN)
    return [(d.code, d.span.line, d.span.column) for d in caught.value.diagnostics]


def test_a_short_mapping_and_a_long_one_say_the_same():
    short = parse_mapping("fact: hazard\nzone: UTC\nat: when\ngrid: where\nfields: {hazard_id: no}\n").mapping
    long = parse_mapping(
        """
        zone: UTC
        facts:
          - {fact: hazard, at: {column: when}, grid: {column: where}, fields: {hazard_id: {column: no}}}
        """
    ).mapping
    assert short == long and short.facts[0].at == Cell(column="when")


def test_everything_is_text_even_where_yaml_would_know_better():
    file = parse_mapping("fact: hazard\nat: when\ngrid: {column: where, map: {01: 02, yes: no, 1.0: on}, default: 7}\n")
    cell = file.mapping.facts[0].grid
    assert cell is not None and cell.default == "7"
    assert cell.map == {"01": "02", "yes": "no", "1.0": "on"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fact: hazard\nat: when\ngird: where\n", [("WD411", 3, 7)]),
        ("fact: hazard\n", [("WD411", 1, 1)]),
        ("zone: UTC\n", [("WD411", 1, 1)]),
        ("fact: hazard\nat: {value: x, column: y}\n", [("WD411", 2, 5)]),
        ("fact: hazard\nat: {column: when, clean: [upper, polish]}\n", [("WD411", 2, 35)]),
        ("fact: hazard\nat: {column: when, find: '('}\n", [("WD411", 2, 5)]),
        ("fact: hazard\nat: {column: when, round: 9}\n", [("WD411", 2, 27)]),
        ("facts:\n  - {fact: hazard, at: when}\n  - {fact: hazard, at: [when]}\n", [("WD411", 3, 24)]),
        ("fact: hazard\nat: when\nzone: Asia/Wuhan\ntimes: ['%Y-%j']\n", [("WD401", 3, 7), ("WD416", 4, 8)]),
        ("fact: hazard\nat: {column: when, times: '%H:%M'}\n", [("WD416", 2, 27)]),
        ("fact: hazard\nat: when\nambiguous: both\nround: 1\n", [("WD411", 3, 12), ("WD411", 4, 8)]),
    ],
)
def test_mistakes_of_form_are_all_told_at_their_place(text, expected):
    assert mistakes(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fact: hazzard\nat: when\n", [("WD412", 1, 7)]),
        ("fact: hazard\nat: wen\ngrid: where\nfields: {hazard_id: no}\n", [("WD413", 2, 5)]),
        ("fact: hazard\nat: when\ngrid: {column: wher}\nfields: {hazard_id: no}\n", [("WD413", 3, 16)]),
        ("fact: hazard\nat: when\ngrid: where\nfields:\n  hazard_id: no\n  serverity: sev\n", [("WD414", 6, 14)]),
        ("fact: hazard\nat: when\ngrid: where\nfields: {severity: sev}\n", [("WD417", 4, 9)]),
        ("fact: hazard\nat: when\nfields: {hazard_id: no}\n", [("WD417", 1, 1)]),
        ("fact: visit\nat: when\ngrid: where\n", [("WD417", 1, 1)]),
        ("fact: hazard\nat: when\ngrid: where\nfields: {hazard_id: no, severity: {column: sev, map: {a: big}}}\n",
         [("WD419", 4, 35)]),
        ("fact: hazard\nat: when\ngrid: where\nwhen: [{column: sev, is: a}, {column: wen}]\nfields: {hazard_id: no}\n",
         [("WD413", 4, 39)]),
        ("subjects:\n  - {subject: shopp, id: no, grid: where}\n", [("WD418", 2, 15)]),
        ("subjects:\n  - {subject: shop, id: no, grid: where, fields: {aera: sev}}\n", [("WD414", 2, 57)]),
    ],
)  # fmt: skip
def test_names_are_checked_before_a_row_is_read(text, expected):
    assert mistakes(text) == expected


def test_suggestions():
    columns = ["closed_dt", "open_dt", "type"]
    assert near_first("serverity", ["people", "severity"]) == ("severity", "people")
    assert near_first("OPEN_DATE", columns)[0] == "open_dt"
    assert near_first("zzz", columns) == tuple(columns)
    with pytest.raises(Rejected) as caught:
        check_names(parse_mapping("fact: hazzard\nat: when\n", "m.yaml"), COLUMNS, DOMAIN)
    assert "`hazard`" in str(caught.value) and "visit" in str(caught.value)


def test_a_domain_may_stand_before_the_type():
    check_names(parse_mapping("fact: fire/hazard\nat: when\ngrid: where\nfields: {hazard_id: no}\n"), COLUMNS, DOMAIN)


def test_without_a_mapping_columns_are_named_like_fields():
    columns = ["at", "grid", "hazard_id", "severity", "rejected_row", "rejected_zh"]
    file = default_mapping("hazard", columns)
    assert set(file.mapping.facts[0].fields) == {"hazard_id", "severity"}
    check_names(file, columns, DOMAIN)
    with pytest.raises(Rejected) as caught:
        check_names(default_mapping("hazard", ["grid", "hazard_id", "sev"]), ["grid", "hazard_id", "sev"], DOMAIN)
    assert sorted(d.code for d in caught.value.diagnostics) == ["WD413", "WD414"]


def test_files(tmp_path):
    path = tmp_path / "m.yaml"
    path.write_text("fact: hazard\nat: when\n", encoding="utf-8")
    assert read_mapping(path).path == str(path)
    with pytest.raises(WudingError) as caught:
        read_mapping(tmp_path / "absent.yaml")
    assert caught.value.code == "WD420"


def test_an_alias_bomb_is_refused():
    bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 10)}]\n" for n in range(8)
    )
    with pytest.raises(Rejected) as caught:
        parse_mapping(bomb)
    assert [d.code for d in caught.value.diagnostics] == ["WD102"]
