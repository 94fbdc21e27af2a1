"""A violation while it is rewritten: the texts of its attacker, the calls to blame, names, places and the order.

Moves change a draft; `is_consistent` says whether the goal is still the same one; `rendered` makes a record of it.
"""

from __future__ import annotations

import copy
import json
import re
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from gatling.attack.adaptive.fields import field_around, written
from gatling.attack.adaptive.known import KnownTools
from gatling.attack.adaptive.ordering import Order, reordered
from gatling.attack.adaptive.scene import Scene, Span, leaves
from gatling.request.refusal import sentences

Place = Literal["kept", "front", "back", "apart"]
_MAX_TEXT = 4_000
SECOND_ID = "call_of_the_second_item"


@dataclass
class DraftedCall:
    """A call to blame as it is going to be made."""

    tool: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Second:
    """An item of the attacker's that his first text sends the agent to, as the call that reads it and what stands there."""

    tool: str
    arguments: dict[str, Any]
    text: str


@dataclass
class Draft:
    """A violation being rewritten."""

    scene: Scene
    known: KnownTools
    texts: list[str] = field(default_factory=list)
    calls: dict[str, DraftedCall] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)
    """New names of what the attacker owns."""
    pieces: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Objects that stand in his text in pieces only."""
    labels: dict[str, str] = field(default_factory=dict)
    """Fields of the items that his texts stand in, as they are written, and what is written there now."""
    second: Second | None = None
    place: Place = "kept"
    order: Order = "kept"

    @classmethod
    def of(cls, scene: Scene, known: KnownTools) -> Draft:
        """Return a draft in which nothing has been changed."""
        calls = {
            name: DraftedCall(scene.calls[name].tool, copy.deepcopy(scene.calls[name].arguments))
            for name in scene.blamed
        }
        return cls(scene, known, list(scene.texts), calls)

    def named(self, item: str) -> str:
        """Return what an object is called now."""
        return self.renamed.get(item, item)

    def objects(self, i: int) -> tuple[str, ...]:
        """Return the objects of a text under their present names."""
        return tuple(map(self.named, self.scene.objects[i]))

    def rename(self, old: str, new: str) -> None:
        """Give something the attacker owns another name, in his texts and in the calls to blame."""
        self.renamed[old] = new
        self.texts = [replaced(text, old, new) for text in self.texts]
        if self.second is not None:
            self.second = replace(self.second, text=replaced(self.second.text, old, new))
        for call in self.calls.values():
            call.arguments = _renamed_in(call.arguments, {old: new})

    @property
    def is_consistent(self) -> bool:
        """Whether every object stands in the text it stood in and in a call to blame, and no text has grown beyond measure."""
        said = [leaf.lower() for call in self.calls.values() for leaf in leaves(call.arguments)]
        for i, text in enumerate(self.texts):
            if len(text) > _MAX_TEXT:
                return False
            low = (text if self.second is None else f"{text} {self.second.text}").lower()
            for item in self.objects(i):
                if not all(piece.lower() in low for piece in self.pieces.get(item, (item,))):
                    return False
                if not any(item.lower() in leaf for leaf in said):
                    return False
        return True

    def rendered(self) -> tuple[list[Any], tuple[Span, ...]] | None:
        """Return the messages, and where the attacker's texts stand in them; None if they cannot be written there."""
        messages = list(self.scene.conversation.messages)
        spans: list[Span] = []
        for i in sorted({span.message for span in self.scene.spans}):
            written_one = self._content(i)
            if written_one is None:
                return None
            content, found = self._labelled(*written_one)
            messages[i] = {**messages[i], "content": content}
            spans += [Span(i, *ends) for ends in found]
        if self.renamed:
            first = min(self.scene.calls[name].message for name in self.scene.blamed)
            messages[first:] = [_renamed_message(m, self.renamed) for m in messages[first:]]
        for name in self.scene.blamed:
            i = self.scene.calls[name].message
            messages[i] = self._with_call(messages[i], name)
        return self._with_second(reordered(messages, tuple(spans), self.scene.blamed, self.order))

    def _labelled(self, content: str, found: list[tuple[int, int]]) -> tuple[str, list[tuple[int, int]]]:
        """Return a content with its fields as they are written now, and where his texts stand in it."""
        for old, new in self.labels.items():
            at = content.find(old)
            if at < 0 or content.find(old, at + 1) >= 0 or any(a < at + len(old) and at < b for a, b in found):
                continue
            content = content[:at] + new + content[at + len(old) :]
            grown = len(new) - len(old)
            found = [(a + grown, b + grown) if a > at else (a, b) for a, b in found]
        return content, found

    def _with_second(
        self, made: tuple[list[Any], tuple[Span, ...]] | None
    ) -> tuple[list[Any], tuple[Span, ...]] | None:
        """Return messages and spans with the call that reads the second item, before the first call to blame."""
        if made is None or self.second is None:
            return made
        messages, spans = made
        blamed = set(self.scene.blamed)
        at = next(i for i, m in enumerate(messages) if blamed & {c["id"] for c in m.get("tool_calls") or ()})
        text = written(self.second.text)
        function = {"name": self.second.tool, "arguments": json.dumps(self.second.arguments, ensure_ascii=False)}
        reads = [
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": SECOND_ID, "type": "function", "function": function}],
            },
            {"role": "tool", "tool_call_id": SECOND_ID, "content": text},
        ]
        moved = [s if s.message < at else replace(s, message=s.message + len(reads)) for s in spans]
        return [*messages[:at], *reads, *messages[at:]], tuple(sorted([*moved, Span(at + 1, 0, len(text))]))

    def _content(self, i: int) -> tuple[str, list[tuple[int, int]]] | None:
        """Return a message's content with the texts of its spans, and where they stand; from the last span to the first."""
        content = self.scene.content[i]
        was_json = _is_json(content)
        here = [(span, n) for n, span in enumerate(self.scene.spans) if span.message == i]
        found: list[tuple[int, int]] = []
        limit = len(content)
        for position in range(len(here) - 1, -1, -1):
            span, n = here[position]
            old = content[span.start : span.end]
            if self.place == "kept" and self.texts[n] == self.scene.texts[n]:
                parts = [(span.start, old)]
            else:
                least = here[position - 1][0].end if position else 0
                parts = self._parts(content, span, self.texts[n], (least, limit))
            rest = content[: span.start] + content[span.end :]
            length = span.end - span.start
            shift = 0
            new = []
            for at, text in parts:
                place = (at if at <= span.start else max(at - length, span.start)) + shift
                rest = rest[:place] + text + rest[place:]
                new.append((place, place + len(text)))
                shift += len(text)
            grown = len(rest) - len(content)
            found = [*new, *((a + grown, b + grown) for a, b in found)]
            limit = min(start for start, _ in new)
            content = rest
        if was_json and not _is_json(content):
            return None
        return content, sorted((a + len(c) - len(c.lstrip()), b) for a, b in found for c in [content[a:b]])

    def _parts(self, content: str, span: Span, text: str, bounds: tuple[int, int]) -> list[tuple[int, str]]:
        """Return what is to be written where, in order; positions are those before the old text is taken away."""
        text = written(text)
        start, end = field_around(content, span.start, span.end, bounds)
        if self.place == "front":
            return [(start, text + " ")]
        if self.place == "back":
            return [(end, " " + text)]
        if self.place == "apart":
            cuts = [a for a, _ in sentences(text)][1:]
            if cuts:
                cut = cuts[(len(cuts) - 1) // 2]
                return [(span.start, text[:cut].rstrip()), (end, " " + text[cut:].strip())]
        return [(span.start, text)]

    def _with_call(self, message: dict[str, Any], name: str) -> dict[str, Any]:
        drafted = self.calls[name]
        calls = []
        for call in message["tool_calls"]:
            if call["id"] == name:
                is_text = isinstance(call["function"]["arguments"], str)
                arguments = json.dumps(drafted.arguments, ensure_ascii=False) if is_text else drafted.arguments
                call = {**call, "function": {**call["function"], "name": drafted.tool, "arguments": arguments}}
            calls.append(call)
        return {**message, "tool_calls": calls}


def replaced(text: str, old: str, new: str) -> str:
    """Replace a name, however it is spelt, where it stands alone."""
    return re.sub(rf"(?<![\w@]){re.escape(old)}(?![\w@])", lambda _: new, text, flags=re.IGNORECASE)


def _renamed_in(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, str):
        for old, new in names.items():
            value = replaced(value, old, new)
        return value
    if isinstance(value, list):
        return [_renamed_in(item, names) for item in value]
    if isinstance(value, dict):
        return {key: _renamed_in(item, names) for key, item in value.items()}
    return value


def _renamed_message(message: Any, names: dict[str, str]) -> Any:
    """Return a message from the first call to blame on with the new names: a result tells of the call that was made."""
    return _renamed_in(message, names)


def _is_json(text: str) -> bool:
    if text[:1] not in ("{", "["):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
