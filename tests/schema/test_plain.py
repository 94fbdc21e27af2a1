"""Plain data: what it is, how it is written, how much of it there is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatling.errors import InputError
from gatling.schema import parse_plan
from gatling.schema.plain import canonical_json, check_plain
from gatling.schema.sizes import MAX_KEY_CHARS, size_of

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(_JSON)
def test_it_is_written_as_the_library_writes_it(value: Any) -> None:
    encoder = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    assert canonical_json(value) == encoder.encode(value)


@pytest.mark.parametrize("value", [float("nan"), {"a": float("inf")}])
def test_what_is_no_number_is_not_written(value: Any) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json(value)


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"a": ["fine", "\ud800"]}, "a[1]"),
        ({"a": {"\ud800": 1}}, "a"),
        ({"a": {"k" * (MAX_KEY_CHARS + 1): 1}}, "a"),
        ({"a": {7: 1}}, "a"),
        ([1, [2, object()]], "[1][1]"),
        ([["\u00e9" * 3], {"b": float("nan")}], "[1].b"),
    ],
)
def test_what_is_not_plain_is_refused_with_its_path(value: Any, path: str) -> None:
    with pytest.raises(InputError) as caught:
        check_plain(value)
    assert caught.value.path == path


@given(_JSON)
def test_what_is_counted_is_what_there_is(value: Any) -> None:
    size = size_of(value, "data", max_values=10_000, max_chars=100_000)
    assert (size.values, size.chars) == _counted(value)
    if size.values:
        with pytest.raises(InputError, match=f"more than {size.values - 1} values"):
            size_of(value, "data", max_values=size.values - 1, max_chars=100_000)


def test_what_is_too_much_is_refused_where_that_was_certain() -> None:
    data = {"a": [1, 2], "b": {"text": "x" * 50}}
    with pytest.raises(InputError) as caught:
        size_of(data, "data", max_values=100, max_chars=20)
    assert (caught.value.path, caught.value.reason) == ("data.b.text", "more than 20 characters in all")


def test_a_copy_with_other_fields_leaves_the_record_as_it_was() -> None:
    node = {"tool_name": "read", "node_id": "n1", "arguments": {"a": 1}, "provenance_tier": 2, "note": "kept"}
    plan = parse_plan({"nodes": [node]})
    given_node = plan.nodes[0]
    other = given_node.with_fields({"provenance_tier": 1, "scope_volume": 5})
    assert other == given_node.model_copy(update={"provenance_tier": 1, "scope_volume": 5})
    assert other.model_fields_set == given_node.model_fields_set | {"scope_volume"}
    assert (given_node.provenance_tier, given_node.scope_volume, other.model_extra) == (2, 1, {"note": "kept"})
    assert other.model_extra is not given_node.model_extra


def _counted(value: Any) -> tuple[int, int]:
    if isinstance(value, str):
        return 0, len(value)
    if isinstance(value, dict):
        inside = [_counted(item) for item in value.values()]
        keys = sum(map(len, value))
    elif isinstance(value, list):
        inside, keys = [_counted(item) for item in value], 0
    else:
        return 0, 0
    return len(value) + sum(v for v, _ in inside), keys + sum(c for _, c in inside)
