"""Small helpers: one test or expression, read from YAML as books are."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from wuding.book.source import read
from wuding.lang import parse, types
from wuding.lang.nodes import Cond, Term
from wuding.lang.tree import Places
from wuding.program.model import FieldType, Label


def field(name: str, kind: str, zh: str = "", unit: str = "", **values: Label) -> FieldType:
    return FieldType(name, kind, Label(zh or name, name), values=tuple(values), unit=unit, value_labels=values)


FIELDS: dict[str, FieldType] = {
    one.name: one
    for one in (
        field("visitors", "int", "游客数"),
        field("length", "number", "里程", "km"),
        field("cost", "money", "费用", "元"),
        field("price", "money", "价格", "元"),
        field("night", "bool", "夜间"),
        field("weather", "enum", "天气", dry=Label("晴", "dry"), wet=Label("雨", "wet")),
        field("due", "date", "期限"),
        field("occurred_at", "time", "发生时间"),
        field("took", "duration", "用时"),
        field("note", "text", "备注"),
        field("kinds", "list", "类别"),
    )
}
HOLDER = {"seats": field("seats", "int", "座位"), "opened": field("opened", "date", "启用日期")}
PARAMS = {"grace": "duration", "least": "int", "broken": ""}


@pytest.fixture(scope="session")
def scope() -> types.Scope:
    return types.Scope(FIELDS, "fact", "round", HOLDER, PARAMS)


@pytest.fixture(scope="session")
def fields() -> Mapping[str, FieldType]:
    return FIELDS


@pytest.fixture(scope="session")
def condition(scope: types.Scope) -> Callable[[str], Cond]:
    def read_one(text: str) -> Cond:
        node = read(text, "test.yaml")
        places = Places(node.span)
        return types.condition(node, places, scope)

    return read_one


@pytest.fixture(scope="session")
def term(scope: types.Scope) -> Callable[[str], Term]:
    def read_one(text: str) -> Term:
        node = read(text, "test.yaml")
        places = Places(node.span)
        return types.term(parse.term(node, places), places, scope)

    return read_one
