"""Bytes: the fast encoder gives what RFC 8785 asks, and refuses what has no exact form."""

from __future__ import annotations

import json
from hashlib import sha256

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from wuding.errors import WudingError
from wuding.store.canonical import SAFE, NewFact, canonical, prepare, row_hash

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
scalars = st.none() | st.booleans() | st.integers(-SAFE, SAFE) | texts
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=4))


@given(values)
def test_equals_the_reference(value: object) -> None:
    assert canonical(value).encode() == rfc8785.dumps(value)


def test_keys_beyond_the_basic_plane_sort_by_utf16() -> None:
    assert canonical({"\uff5e": 1, "\U0001f600": 2}) == '{"\U0001f600":2,"\uff5e":1}'


@pytest.mark.parametrize(
    "value", [1.5, 1.0, 1e300, float("nan"), float("-inf"), 2**53, -(2**53), "\ud800", b"x", {1, 2}]
)
@pytest.mark.parametrize("wrap", [lambda v: v, lambda v: {"a": v}, lambda v: {"a": ["x", v]}])
def test_refuses_what_is_not_exact(value: object, wrap: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        canonical(wrap(value))  # type: ignore[operator]


def salt() -> bytes:
    return b"salt"


def test_body_is_canonical_json_of_everything_the_chain_covers() -> None:
    fact = NewFact("fire", "inspection", 5, "G1", None, "李", {"b": "12.50", "a": True}, {"who": "张三"})
    made = prepare([fact], salt)
    told = json.loads(made.bodies[0])
    promise = sha256(b'salt"\xe5\xbc\xa0\xe4\xb8\x89"').hexdigest()
    assert made.bodies[0] == rfc8785.dumps(told)
    assert told == {
        "actor": "李", "at": 5, "domain": "fire", "fields": {"a": True, "b": "12.50"}, "grid": "G1",
        "private": {"who": promise}, "subject": None, "type": "inspection",
    }  # fmt: skip
    assert made.private == [(0, "who", b"salt", '"张三"')]
    assert made.hashes == [row_hash(0, made.bodies[0])]


def test_a_hash_is_bound_to_its_place() -> None:
    assert row_hash(0, b"x") != row_hash(1, b"x")


@pytest.mark.parametrize(
    "fact",
    [
        NewFact("fire", "x", 2**53),
        NewFact("fire", "x", True),
        NewFact("fire", "x", 1, fields={"a": 1.5}),
        NewFact("fire", "x", 1, grid="a\0b"),
        NewFact("fire", "x", 1, grid=5),  # type: ignore[arg-type]
        NewFact("fire", "../x", 1),
        NewFact("", "x", 1),
        NewFact("fire", "x", 1, fields={"a": 1}, private={"a": 2}),
    ],
)
def test_refuses_facts_that_cannot_be_kept(fact: NewFact) -> None:
    with pytest.raises(WudingError) as caught:
        prepare([NewFact("fire", "fine", 1), fact], salt)
    assert caught.value.code == "WD506"
    assert caught.value.args_["place"] == 2
