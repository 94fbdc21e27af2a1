"""A message that two readers may read as two different calls is refused: who runs it may be the other reader."""

from __future__ import annotations

from typing import Any

import pytest

from gatling.adapters import ConversationTracer
from gatling.errors import InputError

PAY = {"name": "pay", "arguments": "{}"}
CALL = {"id": "1", "type": "function", "function": PAY}
AI = {"type": "ai", "content": "x", "tool_calls": [{"name": "pay", "args": {}, "id": "1"}]}
BLOCK = {"type": "tool_use", "id": "1", "name": "wire", "input": {}}

MIXED: dict[str, dict[str, Any]] = {
    "a message of the user that is the model's": {"type": "human", "content": [BLOCK], "role": "assistant"},
    "a removal with calls": {"type": "remove", "content": "x", "role": "assistant", "tool_calls": [CALL]},
    "a block that is a message": {**BLOCK, "role": "user", "content": "x"},
    "JSON-RPC with calls": {"jsonrpc": "2.0", "id": 1, "result": {}, "tool_calls": [CALL]},
    "JSON-RPC with a role": {"jsonrpc": "2.0", "result": {}, "role": "assistant", "content": "x"},
    "two kinds of call": {
        "role": "assistant",
        "content": None,
        "tool_calls": [{**CALL, "custom": {"name": "wire", "input": "x"}}],
    },
    "two names": {"role": "assistant", "content": None, "tool_calls": [{**CALL, "name": "wire"}]},
    "two sets of arguments": {
        "role": "assistant",
        "content": None,
        "tool_calls": [{**CALL, "function": {**PAY, "args": {"a": 2}}}],
    },
    "arguments where the format has none": {"type": "tool_use", "id": "1", "name": "pay", "arguments": {"a": 1}},
    "another call under the id": {
        **AI,
        "additional_kwargs": {"tool_calls": [{"id": "1", "function": {"name": "wire", "arguments": "{}"}}]},
    },
    "other arguments under the id": {
        **AI,
        "additional_kwargs": {"tool_calls": [{"id": "1", "function": {"name": "pay", "arguments": '{"a": 1}'}}]},
    },
    "another block under the id": {**AI, "content": [BLOCK]},
    "an item that says nothing, with calls": {"type": "compaction", "tool_calls": [CALL]},
}


@pytest.mark.parametrize("message", MIXED.values(), ids=MIXED)
def test_a_message_of_two_shapes_is_refused(message: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        ConversationTracer().feed(message)


def test_what_says_the_same_twice_is_one_call() -> None:
    repeated = {**AI, "content": [{**BLOCK, "name": "pay"}], "additional_kwargs": {"tool_calls": [CALL]}}
    assert [node.tool_name for node in ConversationTracer().feed(repeated)] == ["pay"]
