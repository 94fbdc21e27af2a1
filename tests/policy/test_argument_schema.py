"""Argument schemas: what is read, what is refused when it is read, and that nothing hostile holds the judge up."""

from __future__ import annotations

import enum
import threading
import time
from functools import partial
from typing import Any

import pytest

from gatling.errors import InputError
from gatling.policy import Oracle, recognise
from gatling.policy.dialects.argument_schema import MAX_CHAIN, MAX_LOOKS, MAX_PARTS, ArgumentSchema
from gatling.schema import parse_context, parse_plan

read = partial(recognise, strict=False)


def _doubling(levels: int) -> dict[str, Any]:
    """Each definition asks the next one twice about the same value."""
    definitions = {f"a{i}": {"allOf": [{"$ref": f"#/$defs/a{i + 1}"}] * 2} for i in range(levels)}
    return {"$ref": "#/$defs/a0", "$defs": {**definitions, f"a{levels}": {"type": "integer"}}}


def _chain(length: int) -> dict[str, Any]:
    definitions: dict[str, Any] = {f"a{i}": {"$ref": f"#/$defs/a{i + 1}"} for i in range(length)}
    return {"$ref": "#/$defs/a0", "$defs": {**definitions, f"a{length}": {"type": "integer"}}}


def _nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"nullable": True}, "nullable: keyword not read"),
        ({"properties": {"a": {"unevaluatedItems": False}}}, "properties.a.unevaluatedItems: keyword not read"),
        ({"$dynamicRef": "#x"}, "keyword not read"),
        ({"properties": {"a": {"$id": "http://x/y"}}}, 'properties.a["$id"]: keyword not read'),
        ({"type": "text"}, "type: not a type"),
        ({"type": []}, "type: not a type"),
        ({"maximum": "3"}, "maximum: not a number"),
        ({"exclusiveMaximum": True}, "not a number"),
        ({"multipleOf": 0}, "not a number"),
        ({"minLength": -1}, "not a whole number"),
        ({"required": "a"}, "not a list of names"),
        ({"items": [{"type": "string"}]}, "items: not a schema"),
        ({"anyOf": []}, "not a list of schemas"),
        ({"properties": [1]}, "not an object"),
        ({"pattern": "(?=a)"}, "not a schema that is read"),
        ({"pattern": "((a{1,1000}){1,1000}){1,1000}"}, "not a schema that is read"),
        ({"$ref": "http://127.0.0.1:9/schema"}, "leads to no schema of this document"),
        ({"$ref": "file:///etc/passwd"}, "leads to no schema of this document"),
        ({"$ref": "#/$defs/none"}, "leads to no schema of this document"),
        ({"$ref": "#/examples/0", "examples": [True]}, "leads to no schema of this document"),
        ({"$ref": "#name"}, "leads to no schema of this document"),
        ({"$ref": "#"}, "refers to itself"),
        ({"allOf": [{"$ref": "#"}]}, "refers to itself"),
        ({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"not": {"$ref": "#/$defs/a"}}}}, "refers to itself"),
        (_doubling(12), f"more than {MAX_LOOKS} times"),
        ({"allOf": [{"items": {"$ref": "#"}}, {"items": {"$ref": "#"}}]}, f"more than {MAX_LOOKS} times"),
        ({"patternProperties": {"a": {"$ref": "#"}, "b": {"$ref": "#"}}}, f"more than {MAX_LOOKS} times"),
        (_chain(MAX_CHAIN + 1), f"more than {MAX_CHAIN} schemas"),
        ({"properties": {f"a{i}": {} for i in range(MAX_PARTS)}}, f"more than {MAX_PARTS} schemas"),
    ],
)  # fmt: skip
def test_what_is_not_read_is_refused(schema: dict[str, Any], reason: str) -> None:
    start = time.process_time()
    with pytest.raises(InputError) as caught:
        ArgumentSchema(schema)
    assert reason in str(caught.value)
    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, [None, "a"], [1, []]),
        ({"oneOf": [{"minimum": 1}, {"minimum": 5}]}, [3], [7, 0]),
        ({"not": {"const": "root"}}, ["ann"], ["root"]),
        ({"properties": {"to": {"$ref": "#/$defs/to"}}, "$defs": {"to": {"enum": ["ann"]}}}, [{"to": "ann"}], [{"to": "eve"}]),
        ({"properties": {"next": {"$ref": "#"}}, "required": ["n"]}, [{"n": 1, "next": {"n": 2}}], [{"n": 1, "next": {}}]),
        ({"$ref": "#/$defs/a~1b%20c", "$defs": {"a/b c": {"type": "integer"}}}, [1], ["a"]),
        ({"patternProperties": {"^x-": {"type": "integer"}}, "additionalProperties": False}, [{"x-a": 1}], [{"y": 1}]),
        ({"if": {"required": ["card"]}, "then": {"required": ["cvc"]}}, [{}, {"card": 1, "cvc": 2}], [{"card": 1}]),
        ({"type": "dict", "properties": {"n": {"type": "float"}}}, [{"n": 1}], [{"n": "1"}, []]),
        ({"const": 2**200}, [2**200], [2**200 + 1]),
        ({"maximum": 2**53}, [2**53], [2**53 + 1]),
        ({"enum": []}, [], [1, None]),
        ({"pattern": "^(a+)+$"}, ["a" * 50_000], ["a" * 50_000 + "b"]),
        ({"uniqueItems": True}, [[{"a": i} for i in range(20_000)]], [[{"a": 1}, {"a": 1.0}]]),
        (_doubling(6), [1], ["a"]),
        ({"items": {"$ref": "#"}, "type": ["array", "integer"]}, [_nested(60)], [[[["a"]]]]),
        ({"properties": {"a": {"$ref": "#"}, "b": {"$ref": "#"}}, "type": "object"}, [{"a": {"b": {}}}], [{"a": 1}]),
    ],
)  # fmt: skip
def test_what_is_read_is_decided(schema: dict[str, Any], good: list[Any], bad: list[Any]) -> None:
    read = ArgumentSchema(schema)
    start = time.process_time()
    assert all(read.first_failure(value) is None for value in good)
    assert all(read.first_failure(value) is not None for value in bad)
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    ("schema", "value", "failure"),
    [
        ({"properties": {"a": {"items": {"type": "string"}}}}, {"a": ["x", 3]}, ("a[1]", "type string", "3")),
        ({"properties": {"limit": {"maximum": 50}}}, {"limit": 51}, ("limit", "at most 50", "51")),
        ({"required": ["to"]}, {}, ("to", "present", "absent")),
        ({"properties": {"a": {}}, "additionalProperties": False}, {"b": "x"}, ("b", "absent", '"x"')),
        ({"additionalProperties": False}, {"b": 2}, ("b", "absent", "2")),
        ({"properties": {"b": False}}, {"b": 2}, ("b", "absent", "2")),
        ({"properties": {"a": {"enum": [1, 2]}}}, {"a": 3}, ("a", "one of [1,2]", "3")),
        ({"properties": {"a": {"anyOf": [{"type": "null"}]}}}, {"a": 3}, ("a", "what one of the alternatives takes", "3")),
        ({"properties": {"a": {"pattern": "^b"}}}, {"a": "c"}, ("a", "a match of ^b", '"c"')),
    ],
)  # fmt: skip
def test_a_failure_has_an_address(schema: dict[str, Any], value: Any, failure: tuple[str, str, str]) -> None:
    assert ArgumentSchema(schema).first_failure(value) == failure


def test_texts_that_are_members_of_an_enumeration_are_texts() -> None:
    class Mode(enum.StrEnum):
        FAST = "fast"

    read = ArgumentSchema({"properties": {"mode": {"enum": ["fast"]}}})
    assert read.accepts({"mode": Mode.FAST})
    assert not ArgumentSchema({"properties": {"mode": {"type": "integer"}}}).accepts({"mode": Mode.FAST})


def test_a_schema_is_a_copy_of_its_own() -> None:
    data = {"properties": {"limit": {"maximum": 5}}, "$defs": {"a": {"enum": [[1]]}}}
    read, same = ArgumentSchema(data), ArgumentSchema(data)
    assert read == same
    data["properties"]["limit"]["maximum"] = 500  # type: ignore[index]
    assert not read.accepts({"limit": 6})
    assert read == same != ArgumentSchema(data)


def test_the_deepest_schema_of_the_deepest_value_fits_a_small_stack() -> None:
    """What is allowed at most, on a thread with half a megabyte of stack."""
    definitions: dict[str, Any] = {f"a{i}": {"$ref": f"#/$defs/a{i + 1}"} for i in range(MAX_CHAIN - 4)}
    whole = {
        "$ref": "#/$defs/a0",
        "$defs": {**definitions, f"a{MAX_CHAIN - 4}": {"items": {"$ref": "#"}, "type": ["array", "integer"]}},
    }
    found: list[Any] = []
    old = threading.stack_size(512 * 1024)
    try:
        thread = threading.Thread(
            target=lambda: found.extend(
                (ArgumentSchema(whole).accepts(_nested(63)), ArgumentSchema(whole).first_failure([["a"]]))
            )
        )
        thread.start()
        thread.join()
    finally:
        threading.stack_size(old)
    assert found == [True, ("[0][0]", "type array or integer", '"a"')]


@pytest.mark.parametrize(
    ("schema", "arguments", "verdict"),
    [
        ({"anyOf": [{"required": ["to"]}, {"required": ["group"]}]}, {"to": "ann"}, "compliant"),
        ({"anyOf": [{"required": ["to"]}, {"required": ["group"]}]}, {"subject": "hi"}, "violation"),
        ({"$ref": "#"}, {"to": "ann"}, "undecided"),
        ({"$ref": "https://example.com/schema.json"}, {"to": "ann"}, "undecided"),
        ({"properties": {"to": {"nullable": True}}}, {"to": "ann"}, "undecided"),
    ],
)
def test_the_oracle_decides_what_is_read_and_nothing_else(schema: Any, arguments: dict[str, Any], verdict: str) -> None:
    policy = {"tools": {"send_mail": {"allowed": True, "input_schema": {"type": "object", **schema}}}}
    plan = parse_plan({"nodes": [{"node_id": "n", "tool_name": "send_mail", "arguments": arguments}]})
    context = parse_context({"policy": policy, "user_role": "clerk", "session_context": {}})
    assert Oracle(read(policy)).judge(context, plan).verdict == verdict
