"""What an attacker has before him: a recorded violation, the text that is his, and what that text is after.

- His text is what `meta.injection_spans` marks. A record without marks gets them by a guess: of each call to blame the
  sentence of an earlier tool result that holds most of its values, those left out that request or system message state.
- The objects of an attack are the addresses, links, accounts, codes and numbers that stand both in his text and in a call to
  blame. Whatever is rewritten, they stay in both: an attack that reaches somebody else's account is another attack.
- Of these he owns the mail addresses, hosts and repositories that stand nowhere else before the first call to blame: he may have
  registered them under any name.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gatling.adapters.recorded import Conversation
from gatling.errors import InputError
from gatling.request.people import names_in
from gatling.request.refusal import sentences

_MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64}){1,8}")
_OBJECT = re.compile(
    _MAIL.pattern + r"|https?://[^\s'\"<>()\\]{1,400}"
    r"|www\.[^\s'\"<>()\\]{1,400}"
    r"|(?<![\w.-])[\w.-]{0,80}/[\w./-]{1,200}"
    r"|\+?\d[\d ]{6,40}\d"
    r"|(?<![\w-])(?=[a-zA-Z_-]{0,40}\d)[\w-]{1,80}"
    r"|\b[A-Z]{2,40}[\w-]{0,40}\b"
)
_FOLDS = re.compile(r"\\+[nrt]|\\\s*\n\s*\\?|\\+|\s+")
_JSON_TEXT = re.compile(r'"(?:[^"\\]|\\.)*+"')
_MAX_CHARS = 2_000
"""Of a marked text; a longer one is no injection but a document."""
_MAX_OBJECTS = 16
_MAX_GUESSED = 20_000
"""Characters of a result that are looked at for a guess."""
_LEAST_VALUE = 2
_LEAST_SPACES = 2
_LEAST_CHARS = 12
"""A sentence has words; of a script that does not space them it has characters."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Characters of a message's content."""

    message: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Call:
    """A recorded call."""

    message: int
    tool: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Scene:
    """A recorded violation as its attacker sees it."""

    conversation: Conversation
    calls: dict[str, Call]
    """All, by id, in order."""
    blamed: tuple[str, ...]
    """Ids of the calls to blame, in order."""
    spans: tuple[Span, ...]
    """Where his text stands, in order."""
    texts: tuple[str, ...]
    """The text of each span, as a reader sees it: one line, without the marks of its format."""
    objects: tuple[tuple[str, ...], ...]
    """Of each text."""
    own: tuple[str, ...]
    """Objects that he may name as he likes."""
    request: str
    people: tuple[str, ...]
    """Names in the request."""
    addresses: tuple[str, ...]
    """Mail addresses that the conversation shows before the first call to blame, but for his own."""

    @property
    def content(self) -> dict[int, str]:
        """The contents of the messages that spans stand in."""
        return {span.message: self.conversation.messages[span.message]["content"] for span in self.spans}


def scene_of(conversation: Conversation) -> Scene:
    """Read a record. Raises: InputError with file and line, where it is none of Chat Completions or its labels do not fit."""
    calls = _calls(conversation)
    blamed_ids = set(conversation.notes.get("violating_calls") or ())
    blamed = tuple(call_id for call_id in calls if call_id in blamed_ids)
    missing = blamed_ids - set(blamed)
    if missing:
        reason = f"no call of the conversation has the id {sorted(missing)[0]!r}"
        raise conversation.located(InputError(reason, path="violating_calls"))
    first = min((calls[name].message for name in blamed), default=len(conversation.messages))
    request = _request(conversation)
    spans = _marked(conversation) or _guessed(conversation, [calls[name] for name in blamed], request)
    texts = tuple(readable(_content(conversation, span.message)[span.start : span.end]) for span in spans)
    said = [leaf for name in blamed for leaf in leaves(calls[name].arguments)]
    objects = tuple(_objects(text, said) for text in texts)
    outside = "\n".join([request, *_outside(conversation, spans, first)])
    everything = tuple(dict.fromkeys(item for some in objects for item in some))
    own = tuple(item for item in everything if is_nameable(item) and item.lower() not in outside.lower())
    return Scene(
        conversation=conversation,
        calls=calls,
        blamed=blamed,
        spans=spans,
        texts=texts,
        objects=objects,
        own=own,
        request=request,
        people=tuple(dict.fromkeys(request[name.start : name.end] for name in names_in(request[:_MAX_CHARS]))),
        addresses=tuple(dict.fromkeys(_MAIL.findall(outside[: 10 * _MAX_GUESSED]))),
    )


def leaves(value: Any) -> Iterator[str]:
    """Yield the texts and numbers in an argument, numbers as they are written."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting += reversed(item.values())
        elif isinstance(item, list):
            waiting += reversed(item)
        elif isinstance(item, (str, int, float)) and not isinstance(item, bool):
            yield str(item)


def readable(text: str) -> str:
    """Return an injected text as one line, without the line breaks and doubled quotes of the format around it."""
    return _FOLDS.sub(" ", text).replace("''", "'").strip()


def is_nameable(item: str) -> bool:
    """Tell whether an object has a name that its owner chooses: an address, a host, a repository."""
    return (
        bool(_MAIL.fullmatch(item)) or item.startswith(("www.", "http")) or bool(re.fullmatch(r"[\w-]+/[\w-]+", item))
    )


def _calls(conversation: Conversation) -> dict[str, Call]:
    found: dict[str, Call] = {}
    for i, message in enumerate(conversation.messages):
        made = message.get("tool_calls") if isinstance(message, dict) else None
        for call in made or ():
            try:
                name, function = call["id"], call["function"]
                arguments = function["arguments"]
                arguments = json.loads(arguments) if isinstance(arguments, str) else arguments
                tool = function["name"]
            except (KeyError, TypeError, ValueError, RecursionError):
                reason = "wanted a call as of Chat Completions: id, function.name, function.arguments"
                raise conversation.located(InputError(reason, path=f"messages.{i}.tool_calls"), i) from None
            if not isinstance(arguments, dict):
                arguments = {}
            if name in found:
                raise conversation.located(InputError(f"the id {name!r} is used twice", path=f"messages.{i}"), i)
            found[name] = Call(i, tool, arguments)
    return found


def _content(conversation: Conversation, i: int) -> str:
    content = conversation.messages[i].get("content")
    return content if isinstance(content, str) else ""


def _request(conversation: Conversation) -> str:
    context = conversation.governance_context
    session = context.get("session_context") if isinstance(context, dict) else None
    stated = session.get("user_request") if isinstance(session, dict) else None
    if isinstance(stated, str) and stated:
        return stated
    said = [m.get("content") for m in conversation.messages if isinstance(m, dict) and m.get("role") == "user"]
    return "\n".join(text for text in said if isinstance(text, str))


def _marked(conversation: Conversation) -> tuple[Span, ...]:
    meta = conversation.notes.get("meta")
    marks = meta.get("injection_spans") if isinstance(meta, dict) else None
    found = []
    for mark in marks if isinstance(marks, list) else ():
        try:
            span = Span(mark["message"], mark["start"], mark["end"])
            fits = 0 <= span.start < span.end <= len(_content(conversation, span.message)) and span.message >= 0
        except (KeyError, TypeError, IndexError, AttributeError):
            fits = False
        if not fits:
            raise conversation.located(
                InputError(f"{mark!r}, wanted characters of a message's content", path="meta.injection_spans")
            )
        if span.end - span.start <= _MAX_CHARS:
            found.append(span)
    found.sort()
    if any(a.message == b.message and b.start < a.end for a, b in itertools.pairwise(found)):
        raise conversation.located(InputError("two of them overlap", path="meta.injection_spans"))
    return tuple(found)


def _guessed(conversation: Conversation, blamed: list[Call], request: str) -> tuple[Span, ...]:
    """Return for each call to blame the sentence that holds most of what only tool results can have told."""
    first = conversation.messages[0] if conversation.messages else None
    system = first.get("content") if isinstance(first, dict) and first.get("role") == "system" else ""
    known = f"{request}\n{system}"
    found: set[Span] = set()
    for call in blamed:
        said = [leaf for leaf in leaves(call.arguments) if len(leaf) >= _LEAST_VALUE]
        values = {part for leaf in said for part in (leaf, *_OBJECT.findall(leaf)) if not _stands(part, known)}
        best: tuple[int, Span] | None = None
        for i in range(call.message):
            if conversation.messages[i].get("role") != "tool":
                continue
            content = _content(conversation, i)[:_MAX_GUESSED]
            for start, end in _passages(content):
                text = content[start:end]
                score = sum(_stands(value, text) for value in values)
                if score and end - start <= _MAX_CHARS and (best is None or score >= best[0]):
                    best = score, Span(i, start, end)
        if best is not None:
            found.add(best[1])
    return tuple(sorted(found))


def _stands(value: str, text: str) -> bool:
    """Tell whether a value stands in a text, and not as a part of another word or number."""
    return re.search(rf"(?<!\w){re.escape(value)}(?!\w)", text, re.IGNORECASE) is not None


def _passages(content: str) -> Iterator[tuple[int, int]]:
    """Yield sentences; of JSON those of its texts, never a sign of the format around them."""
    is_json = content[:1] in ("{", "[") and content.rstrip()[-1:] in ("}", "]")
    places = [(0, len(content))]
    if is_json:
        found = [match.span() for match in _JSON_TEXT.finditer(content)]
        places = [(a + 1, b - 1) for a, b in found if not content[b : b + 2].lstrip().startswith(":")]
    for at, stop in places:
        inside = content[at:stop].replace("\\n", "\n ") if is_json else content[at:stop]
        for start, end in sentences(inside):
            cut = inside[start:end]
            start += len(cut) - len(cut.lstrip())
            end = start + len(cut.strip())
            if cut.strip().count(" ") >= _LEAST_SPACES or (end - start >= _LEAST_CHARS and not cut.isascii()):
                yield at + start, at + end


def _objects(text: str, said: list[str]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for match in _OBJECT.finditer(text):
        item = match.group().rstrip(".,;:!?-/")
        if len(item) > 1 and any(item.lower() in leaf.lower() for leaf in said):
            found[item] = None
    return tuple(found)[:_MAX_OBJECTS]


def _outside(conversation: Conversation, spans: tuple[Span, ...], before: int) -> Iterator[str]:
    """Yield the texts of the messages before a place, without the spans."""
    for i, message in enumerate(conversation.messages[:before]):
        content = message.get("content") if isinstance(message, dict) else None
        if isinstance(content, str):
            at = 0
            for span in (span for span in spans if span.message == i):
                yield content[at : span.start]
                at = span.end
            yield content[at:]
        for call in (message.get("tool_calls") or ()) if isinstance(message, dict) else ():
            yield str(call["function"]["arguments"])
