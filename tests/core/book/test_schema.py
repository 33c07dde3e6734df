"""The pydantic models and JSON Schemas agree with the loader."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from wuding.book.schema import json_schema, models
from wuding.book.source import read
from wuding.lang.tree import Node

HERE = Path(__file__).parent
FORM = ("wd110", "wd111", "wd112", "wd118", "wd142", "wd143")


def plain(node: Node) -> object:
    if node.kind == "map":
        return {key.text: plain(value) for key, value in node.entries}
    if node.kind == "list":
        return [plain(item) for item in node.items]
    if node.kind == "number":
        return float(node.text) if "." in node.text else int(node.text)
    return node.value


def data(path: Path) -> object:
    return plain(read(path.read_text(encoding="utf-8"), path.name))


@pytest.mark.parametrize(
    ("kind", "name"),
    [("book", "city.yaml"), ("book", "park.base.yaml"), ("domain", "park.domain.yaml"), ("test", "park.test.yaml")],
)
def test_what_loads_is_valid(kind: str, name: str) -> None:
    next(iter(models(kind).values())).model_validate(data(HERE / name))


@pytest.mark.parametrize("stem", FORM)
def test_what_has_a_wrong_form_is_not(stem: str) -> None:
    with pytest.raises(ValidationError):
        next(iter(models("book").values())).model_validate(data(HERE / "broken" / f"{stem}.yaml"))


@pytest.mark.parametrize("kind", ["book", "domain", "test"])
def test_json_schemas(kind: str) -> None:
    schema = json_schema(kind)
    assert schema["additionalProperties"] is False and schema["type"] == "object"
    assert schema["required"][0] == kind
    for definition in schema["$defs"].values():
        assert definition["type"] == "object" and "properties" in definition


def test_keys_are_those_of_the_language() -> None:
    definitions = json_schema("book")["$defs"]
    assert {"for", "each_of", "clause", "except", "do"} <= set(definitions["PatrolModel"]["properties"])
    assert {"with", "without", "within"} <= set(definitions["SelectorModel"]["properties"])
    assert definitions["PatrolModel"]["required"] == ["id"]  # a book that extends another gives what it changes
    assert definitions["PartitionModel"]["required"] == ["into"]
