"""Answers in pieces: whatever the pieces are, the message is that which was cut up, and half a message is none."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from gatling.adapters import StreamGatherer
from gatling.adapters.formats import events
from gatling.errors import InputError
from gatling.provenance.events import ProposedCall

CALLS = [("read_file", {"path": "a b.txt"}), ("ping", {}), ("send_email", {"to": ["ann@x.org"], "body": "Grüße {}"})]


def pieces(text: str, rng: random.Random) -> Iterator[str]:
    place = 0
    while place < len(text):
        end = place + rng.randint(0, 7)
        yield text[place:end]
        place = end


def chat(rng: random.Random) -> list[dict[str, Any]]:
    def chunk(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        return {"id": "x", "object": "chat.completion.chunk", "choices": [choice]}

    chunks = [chunk({"role": "assistant", "content": ""}), *(chunk({"content": p}) for p in pieces("I read it.", rng))]
    for i, (name, arguments) in enumerate(CALLS):
        head = {"index": i, "id": f"c{i}", "type": "function", "function": {"name": name, "arguments": ""}}
        chunks.append(chunk({"tool_calls": [head]}))
        for piece in pieces(json.dumps(arguments), rng):
            chunks.append(chunk({"tool_calls": [{"index": i, "function": {"arguments": piece}}]}))
    return [*chunks, chunk({}, "tool_calls"), {"object": "chat.completion.chunk", "choices": [], "usage": {"n": 1}}]


def anthropic(rng: random.Random) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"type": "message_start", "message": {"role": "assistant", "content": []}},
        {"type": "ping"},
    ]

    def block(index: int, start: dict[str, Any], deltas: list[dict[str, Any]]) -> None:
        found.append({"type": "content_block_start", "index": index, "content_block": start})
        found.extend({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas)
        found.append({"type": "content_block_stop", "index": index})

    texts = [{"type": "text_delta", "text": p} for p in pieces("I read it.", rng)]
    block(0, {"type": "text", "text": ""}, texts)
    for i, (name, arguments) in enumerate(CALLS):
        text = json.dumps(arguments) if arguments else ""
        deltas = [{"type": "input_json_delta", "partial_json": p} for p in pieces(text, rng)]
        block(i + 1, {"type": "tool_use", "id": f"c{i}", "name": name, "input": {}}, deltas)
    return [*found, {"type": "message_delta", "delta": {"stop_reason": "tool_use"}}, {"type": "message_stop"}]


def responses(rng: random.Random) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [{"type": "response.created"}]
    for i, (name, arguments) in enumerate(CALLS):
        item = {"type": "function_call", "call_id": f"c{i}", "name": name, "arguments": ""}
        found.append({"type": "response.output_item.added", "output_index": i, "item": item})
        text = json.dumps(arguments)
        found.extend({"type": "response.function_call_arguments.delta", "delta": p} for p in pieces(text, rng))
        found.append({"type": "response.output_item.done", "output_index": i, "item": {**item, "arguments": text}})
    return [*found, {"type": "response.completed"}]


STREAMS = [chat, anthropic, responses]


@pytest.mark.parametrize("stream", STREAMS)
def test_the_calls_are_those_that_were_cut_up(stream: Any) -> None:
    for seed in range(20):
        gathering = StreamGatherer()
        messages = [m for piece in stream(random.Random(seed)) for m in gathering.feed(piece)]
        gathering.close()
        found = [e for i, m in enumerate(messages) for e in events(m, i) if isinstance(e, ProposedCall)]
        assert [(e.tool_name, e.arguments) for e in found] == CALLS
        assert [e.call_id for e in found] == ["c0", "c1", "c2"]


@pytest.mark.parametrize("stream", [chat, anthropic])
def test_no_call_is_there_before_its_message_is_whole(stream: Any) -> None:
    all_pieces = stream(random.Random(1))
    whole = next(n for n in range(1, len(all_pieces) + 1) if _fed(all_pieces[:n]))
    for n in range(1, whole):
        gathering = StreamGatherer()
        assert [gathering.feed(piece) for piece in all_pieces[:n]] == [[]] * n
        with pytest.raises(InputError, match="broke off in the middle"):
            gathering.close()


def _fed(some: list[dict[str, Any]]) -> list[Any]:
    gathering = StreamGatherer()
    return [message for piece in some for message in gathering.feed(piece)]


def _chunk(delta: Any, **more: Any) -> dict[str, Any]:
    return {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, **more}]}


@pytest.mark.parametrize(
    ("stream", "wanted"),
    [
        ([{"role": "assistant", "content": "x"}], "no piece of a known stream"),
        (["text"], "wanted an object"),
        ([{"object": "chat.completion.chunk", "choices": [{"delta": {}}, {"delta": {}}]}], "pieces of one choice"),
        ([{"object": "chat.completion.chunk", "choices": [{"index": 1, "delta": {}}]}], "pieces of one choice"),
        ([_chunk({"tool_calls": [{"index": 1, "function": {"name": "x"}}]})], "index is 1, and 0 calls stand before"),
        ([_chunk({"tool_calls": [{"index": True}]})], "index is True"),
        (
            [_chunk({"tool_calls": [{"index": 0, "function": {"name": name}}]}) for name in ("read", "wipe")],
            "name is 'wipe', and was 'read' before",
        ),
        ([{"type": "content_block_delta", "index": 0, "delta": {}}], "before message_start"),
        ([{"type": "message_start"}, {"type": "content_block_delta", "index": 0, "delta": {}}], "has not begun"),
        ([{"type": "message_start"}, {"type": "message_start"}], "before the one before it is whole"),
        (
            [
                {"type": "message_start"},
                {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
                {"type": "content_block_delta", "index": 0, "delta": {"type": "odd_delta", "odd": "x"}},
            ],
            "no known kind",
        ),
        (
            [
                {"type": "message_start"},
                {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
                {"type": "message_stop"},
            ],
            "in the middle of a block",
        ),
        ([{"type": "response.failed"}], "ends with response.failed"),
    ],
)
def test_pieces_that_do_not_fit_are_refused(stream: list[Any], wanted: str) -> None:
    with pytest.raises(InputError, match=wanted):
        _fed(stream)


def test_a_field_that_may_hold_calls_is_refused_with_the_message() -> None:
    [message] = _fed([_chunk({"actions": [{"run": "wipe"}]}), _chunk({}, finish_reason="stop")])
    with pytest.raises(InputError, match="may hold calls"):
        events(message, 0)


def test_a_stream_without_end_is_bounded() -> None:
    with pytest.raises(InputError, match="more than 4000000 characters"):
        _fed([_chunk({"content": "x" * 900_000})] * 10)
