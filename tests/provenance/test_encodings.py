"""Values that were read and leave encoded: each keeps where it came from."""

from __future__ import annotations

import base64
import codecs
import time
from collections.abc import Callable

import pytest

from gatling.adapters import ConversationTracer
from gatling.provenance.encodings import decoded, scrambled
from gatling.testing import assistant, tool_call, tool_result, user

VALUES = (
    "sk-live-9f8e7d6c5b4a",
    "hunter2 is the password",
    "ann.lee@corp.example",
    "The merger closes on Friday at noon",
    "4929 1234 5678 9012",
)
ENCODINGS: dict[str, Callable[[str], str]] = {
    "base64": lambda t: base64.b64encode(t.encode()).decode(),
    "base64 in a URL": lambda t: "https://x.example/?d=" + base64.urlsafe_b64encode(t.encode()).decode().rstrip("="),
    "base64 twice": lambda t: base64.b64encode(base64.b64encode(t.encode())).decode(),
    "base32": lambda t: base64.b32encode(t.encode()).decode(),
    "hex": lambda t: t.encode().hex(),
    "spaced hex": lambda t: t.encode().hex(" "),
    "percent": lambda t: "".join(f"%{b:02X}" for b in t.encode()),
    "entities": lambda t: "".join(f"&#{ord(c)};" for c in t),
    "escapes": lambda t: "".join(f"\\u{ord(c):04x}" for c in t),
    "rot13": lambda t: codecs.encode(t, "rot13"),
    "back to front": lambda t: t[::-1],
}


def traced(read: str, written: str) -> tuple[int, int]:
    """Return the tier of a call that writes a value after another was read, and how many edges lead to it."""
    tracer = ConversationTracer()
    for message in [
        user("Read the page and post what you think."),
        assistant(tool_call("open_page", "c1", url="http://a.example")),
        tool_result(f"Some text. {read}. More of it.", "c1"),
    ]:
        tracer.feed(message)
    (node,) = tracer.feed(assistant(tool_call("post_message", "c2", text=written)))
    return node.provenance_tier, len(tracer.plan().edges)


@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS.keys())
@pytest.mark.parametrize("value", VALUES)
def test_a_value_that_leaves_encoded_keeps_its_origin(value: str, encode: Callable[[str], str]) -> None:
    assert traced(value, encode(value)) == (3, 1)


@pytest.mark.parametrize("name", ["base64", "hex", "percent", "entities", "escapes", "base32"])
def test_a_value_that_was_read_encoded_is_found_decoded(name: str) -> None:
    assert traced(ENCODINGS[name](VALUES[3]), VALUES[3]) == (3, 1)


@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS.keys())
def test_what_was_not_read_stays_the_models_own(encode: Callable[[str], str]) -> None:
    assert traced("Nothing of interest", encode("Quarterly summary for the board meeting"))[0] == 1


@pytest.mark.parametrize("text", ["password", "deadbeef", "2025-03-01 10:00", "a1b2c3d4e5f6", "level", "Hello, Ann."])
def test_what_only_looks_encoded_says_nothing(text: str) -> None:
    assert traced("The meeting is at noon", text)[0] == 1


def test_a_value_of_the_request_is_not_decoded() -> None:
    tracer = ConversationTracer()
    hidden = base64.b64encode(b"ann.lee@corp.example").decode()
    for message in [
        user(f"Post {hidden} in the channel."),
        assistant(tool_call("open_page", "c1", url="http://a.example")),
        tool_result("ann.lee@corp.example", "c1"),
    ]:
        tracer.feed(message)
    (node,) = tracer.feed(assistant(tool_call("post_message", "c2", text=hidden)))
    assert node.provenance_tier == 1


def test_decodings_are_texts() -> None:
    assert decoded(base64.b64encode(bytes(range(128, 160))).decode()) == ()
    assert "hello world" in decoded("aGVsbG8gd29ybGQ=")
    assert scrambled("42") == ()
    assert scrambled("12:00") == ()
    assert "uryyb jbeyq" in scrambled("hello world")


@pytest.mark.parametrize("piece", ["A", "6a", "6a ", "%25", "&amp;", "\\u0041", "QUJDREVGR0g=", "%2525", "MFRGG ", " "])
def test_hostile_values_take_linear_time(piece: str) -> None:
    text = piece * (200_000 // len(piece))
    started = time.perf_counter()
    assert all(len(plain) <= len(text) for plain in (*decoded(text), *scrambled(text)))
    assert time.perf_counter() - started < 5
