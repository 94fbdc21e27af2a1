"""A conversation as a page shows it: from a recording that is replayed, or from a session that runs.

What looks like a secret is masked here, as in everything that people are shown: by the name it stands under, else by its looks.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, partial
from typing import Any

import yaml

from gatling.adapters import Conversation as Recorded
from gatling.adapters import ConversationTracer
from gatling.adapters.formats import events
from gatling.adapters.stated import text_of_the_model
from gatling.errors import InputError
from gatling.guard.approval import PendingCall
from gatling.guard.asking import CallJudge
from gatling.guard.decision import Decision
from gatling.guard.replay import replay
from gatling.guard.secrets import SECRET, is_secret_name, mask_text
from gatling.guard.session import Session
from gatling.page import Call, Conversation, Kind, Output, Passage, Reason, Said, Value
from gatling.provenance.events import Said as SaidEvent
from gatling.provenance.index import SHORT_CHARS, folded
from gatling.provenance.passages import Passage as ReadPassage
from gatling.provenance.sources import ToolSources
from gatling.provenance.tracer import TracedValue, Tracer
from gatling.schema import PlanNode
from gatling.schema.arguments import leaf_text
from gatling.schema.plain import canonical_json, join_path
from gatling.schema.trace import Origin
from gatling.schema.words import normalise

_WORST: tuple[Kind, ...] = ("outsiders", "attested", "first_party", "request")
_PART = re.compile(r"\[(\d+|\"(?:[^\"\\]|\\.)*\")\]\.?|([^.\[\]]+)\.?")
_LINE = re.compile(r" \(line \d+\)\Z")
_MAX_CLAUSE_CHARS = 2_000


def recorded_conversation(
    guard: CallJudge, recorded: Recorded, *, sources: ToolSources | None = None
) -> tuple[Conversation, InputError | None]:
    """Judge every call of a recorded conversation and return it for a page, with the error that ended it before its end.

    Raises:
        InputError: if its context cannot be read.
    """
    context = recorded.context()
    tracer = ConversationTracer(sources=sources)
    entries: list[Call | Said | tuple[str, str]] = []

    def heard() -> Iterator[Any]:
        for i, message in enumerate(recorded.messages):
            entries.extend(said_in(message, i))
            yield message

    fault = None
    clause = cache(partial(_clause_text, context.policy))
    try:
        for call in replay(guard, heard(), context, tracer=tracer):
            entries.append(_call(tracer, call.node, call.decision, clause, {}))
            entries.append((call.node.node_id, call.node.tool_name))
    except InputError as error:
        fault = recorded.located(error)
    request = context.session_context.get("user_request", tracer.request)
    return _whole(recorded.id, context.user_role, request, tracer, entries, fault), fault


def running_conversation(session: Session, said: Iterable[tuple[int, Said]] | None = None) -> Conversation:
    """Return a session for a page: what was said, every call with the decision on it, and what came of it.

    Args:
        said: with how many calls stood before it; by default what the user said, which is all that a session keeps.

    Raises:
        ApprovalError: if it cannot be read whose word counts.
    """
    with session._shared.lock:
        tracer = session._shared.tracer
        decisions = session.decisions
        terms = session._verdicts.terms[-1]
        clause = cache(partial(_clause_text, terms.asking().context("").policy))
        words = {}
        if any(decision.pending for _, decision in decisions):
            found = (session.approvals.find(decision.pending) for _, decision in decisions if decision.pending)
            words = {pending.id: pending for pending in found if pending is not None}
        waiting = deque(
            said if said is not None else ((n, Said("user", mask_text(text))) for n, text in tracer.requests)
        )
        entries: list[Call | Said | tuple[str, str]] = []
        for node, decision in decisions:
            while waiting and waiting[0][0] < int(node.node_id[1:]):
                entries.append(waiting.popleft()[1])
            entries.append(_call(tracer, node, decision, clause, words))
            entries.append((node.node_id, node.tool_name))
        entries += [what for _, what in waiting]
        return _whole(session.id, terms.role, session.request, tracer, entries, None)


def _whole(
    id: str,
    role: str,
    request: str,
    tracer: Tracer,
    entries: list[Call | Said | tuple[str, str]],
    fault: InputError | None,
) -> Conversation:
    """Put the outputs, which have come by now, behind their calls."""
    outputs = {node: tuple(_read(passage, node) for passage in found) for node, found in tracer.outputs().items()}
    shown = [
        Output(*entry, outputs[entry[0]]) if isinstance(entry, tuple) else entry
        for entry in entries
        if not isinstance(entry, tuple) or entry[0] in outputs
    ]
    known = "" if fault is None else mask_text(str(fault))
    return Conversation(mask_text(id), role, mask_text(request), tuple(shown), known, foreign=outputs.get(None, ()))


def said_in(message: Any, index: int = 0) -> Iterator[Said]:
    """Yield what a message says, without secrets; nothing of one that cannot be read."""
    try:
        found = [event for event in events(message, index) if isinstance(event, SaidEvent)]
        model = text_of_the_model(message)
    except InputError:
        return
    for event in found:
        yield Said("user" if event.is_user else "system", mask_text(event.text))
    if model.strip():
        yield Said("assistant", mask_text(model))


# --- a call -----------------------------------------------------------------------------------------------------------


def _call(
    tracer: Tracer,
    node: PlanNode,
    decision: Decision,
    clause: Callable[[str], str],
    words: Mapping[str, PendingCall],
) -> Call:
    passages = tuple(_origin(origin) for origin in node.origins or ())
    stands_in = _standing([origin.text for origin in node.origins or ()], [p.node_id for p in passages])
    word = words.get(decision.pending)
    return Call(
        node_id=node.node_id,
        tool_name=node.tool_name,
        verdict=decision.verdict,
        values=tuple(_value(value, stands_in) for value in tracer.values(node.node_id)),
        passages=passages,
        reasons=tuple(
            Reason(
                code=reason["code"],
                source=reason["source"],
                argument=reason["argument"] or "",
                found=reason["found"],
                wanted=reason["wanted"],
                band=reason["band"],
                clause=reason["clause"] or "",
                clause_text=clause(reason["clause"] or ""),
            )
            for reason in decision.to_dict()["reasons"]
        ),
        call_id=decision.call_id or str((node.model_extra or {}).get("call_id") or ""),
        notes=_notes(decision, word),
        pending=decision.pending if word is None or word.state == "waiting" else "",
        edits=tuple(mask_text(edit) for edit in decision.edits),
        policy_digest=decision.policy_digest,
        latency_ms=decision.latency_ms,
    )


def _notes(decision: Decision, word: PendingCall | None) -> tuple[str, ...]:
    notes = []
    if decision.approval is not None:
        notes.append(f"{'approved' if decision.approval.is_approved else 'refused'} by {decision.approval.by}")
    if word is not None and word.state in ("approved", "used", "refused"):
        told = "refused" if word.state == "refused" else "approved"
        notes.append(
            f"{told} by {word.by}: it counts when the agent asks again"
            if word.state != "used"
            else f"{told} by {word.by}"
        )
    if word is not None and word.state == "expired":
        notes.append("nobody decided it in time" if not word.by else f"the word of {word.by} has expired")
    if decision.mode != "enforce" and decision.verdict != "allow":
        notes.append(f"ran all the same: mode {decision.mode}")
    return tuple(notes)


def _value(value: TracedValue, stands_in: Callable[[str, set[str | None]], tuple[int, ...]]) -> Value:
    text = value.value if isinstance(value.value, str) else canonical_json(value.value)
    name = next((part for part in reversed(value.path) if isinstance(part, str)), "")
    is_secret = (
        not value.is_key and is_secret_name(name) and not isinstance(value.value, bool) and value.value is not None
    )
    kind = _kind(value)
    nodes = {origin.source for origin in value.origins}
    plain = normalise(text) if isinstance(value.value, str) else text
    shown = SECRET if is_secret else mask_text(text)
    return Value(
        argument=mask_text(_path(value)),
        text=shown,
        kind=kind,
        node_ids=tuple(sorted((node for node in nodes if node), key=lambda node: int(node[1:]))),
        passages=stands_in(text, nodes) if value.origins else (),
        looks_like=plain if plain != text and plain.isascii() and shown == text else "",
        is_key=value.is_key,
    )


def _kind(value: TracedValue) -> Kind:
    if value.origins:
        return min((_kind_of(origin.tier, origin.source) for origin in value.origins), key=_WORST.index)
    return "nobody" if len(leaf_text(value.value).strip()) > SHORT_CHARS else "none"


def _kind_of(tier: int, source: str | None) -> Kind:
    if tier == 3:
        return "outsiders"
    return "attested" if tier == 2 else "request" if source is None else "first_party"


def _path(value: TracedValue) -> str:
    path = ""
    for part in value.path:
        path = join_path(path, part)
    return path


def _standing(texts: list[str], nodes: list[str | None]) -> Callable[[str, set[str | None]], tuple[int, ...]]:
    """Return what tells in which passages a value stands: of a call's few, those of its sources that hold it or are in it."""
    known = [folded(text).strip() for text in texts]

    def stands_in(text: str, sources: set[str | None]) -> tuple[int, ...]:
        plain = folded(text).strip()
        return tuple(
            i
            for i, (passage, node) in enumerate(zip(known, nodes, strict=True))
            if node in sources and plain and passage and (plain in passage or passage in plain)
        )

    return stands_in


def _origin(origin: Origin) -> Passage:
    kind = _kind_of(origin.tier, origin.source or "?")
    header = {} if origin.is_record else origin.header  # a record says it itself
    return Passage(mask_text(origin.text), kind, _header(header.items()), origin.is_hidden, origin.source)


def _read(passage: ReadPassage, node: str | None) -> Passage:
    kind = _kind_of(passage.tier, node or "?")
    header = () if passage.is_record else passage.header
    return Passage(mask_text(passage.text), kind, _header(header), passage.is_hidden, node)


def _header(fields: Any) -> tuple[tuple[str, str], ...]:
    return tuple((name, SECRET if is_secret_name(name) else mask_text(value)) for name, value in fields)


# --- a clause ---------------------------------------------------------------------------------------------------------


def _clause_text(policy: dict[str, Any], clause: str) -> str:
    """Return what stands in the policy at the place that a reason names; empty if the place is none of the policy's tree."""
    part: Any = policy
    place = _LINE.sub("", clause)
    if not place:
        return ""
    end = 0
    while end < len(place):
        match = _PART.match(place, end)
        if match is None:
            return ""
        end = match.end()
        try:
            key = match[2] if match[1] is None else json.loads(match[1])
        except ValueError:  # a place of another dialect
            return ""
        if isinstance(part, dict):
            part = part.get(str(key))
        elif isinstance(part, list) and isinstance(key, int) and key < len(part):
            part = part[key]
        else:
            return ""
    if part is None:
        return ""
    shown = part if isinstance(part, str) else yaml.safe_dump(part, sort_keys=False, allow_unicode=True, width=100)
    return mask_text(shown[:_MAX_CLAUSE_CHARS]).strip()
