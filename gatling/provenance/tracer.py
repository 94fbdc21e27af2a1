"""From a conversation to a plan: each tool call is a node, each value of its arguments is traced to where it first stood.

- Tier 1: the value stands in a system prompt, in the request or in a first-party tool's output, or nowhere (the model wrote it).
  Tier 2: in an attested field of a record that outsiders can create. Tier 3: only in free text of outsiders. The best place
  counts for a value, the worst value for a call; a call without arguments is tier 1.
- An edge (a, b) says that a value of b was traced to the output of a; of an address or a code that the user did not say, that it
  stands there: then there is one from every output that holds it, `MAX_PLACES` a call at most beside those to the best places.
- Whose text a tool returns is configuration (`ToolSources`); the output of an unknown tool is text of outsiders.
- Where the output of an outsiders' tool holds an image or sound, a value that is traced nowhere may come from it: tier 3.
- A value that a call was given and that its output repeats stays as good as it was.

Everything is indexed once (`places.py`), so the cost is linear in the conversation. What is above a stated limit is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from gatling.errors import DeadlineError, InputError
from gatling.provenance.encodings import decoded, scrambled
from gatling.provenance.events import Event, Foreign, ProposedCall, Result, Said
from gatling.provenance.failures import is_failure, names_argument
from gatling.provenance.index import MAX_PLACES, MESSAGE, SHORT_CHARS, Echo, Place, PlaceIndex
from gatling.provenance.passages import Passage
from gatling.provenance.reading import Reading
from gatling.provenance.sources import UNKNOWN, ToolOutput, ToolSources
from gatling.request.handed import read_request
from gatling.request.pasted import (
    Pasted,
    announces_more,
    as_pasted,
    ended,
    hands_over_to_earlier,
    split_message,
    split_prompt,
)
from gatling.request.request import Request
from gatling.schema import ExecutionPlan, PlanEdge, PlanNode
from gatling.schema.arguments import ArgumentPath, dotted, keys_of, leaf_text, leaves, number_of
from gatling.schema.budget import Budget, checked, spending
from gatling.schema.plain import decode_json, decode_yaml
from gatling.schema.sizes import (
    MAX_CONVERSATION_CHARS,
    MAX_MESSAGES,
    MAX_NAME_CHARS,
    MAX_PLAN_EDGES,
    MAX_PLAN_NODES,
    MAX_PLAN_VALUES,
    size_of,
)
from gatling.tools.authorship import authorship
from gatling.tools.call_scope import sensitivity_of_call, volume_of

MAX_TRACING_S = 0.5
"""Processor time for one call."""
MAX_RETRIES = 3
"""How often one call may be made once more; from then on it is a call of its own."""
_FOREIGN = Place(3, -1)


@dataclass(frozen=True, slots=True)
class ValueOrigin:
    """Where a value of a call's arguments first stood."""

    argument: str
    """The dotted path of the argument; positions in lists are left out."""
    tier: int
    """1 to 3."""
    source: str | None
    """The node whose output it stood in; None for messages."""


@dataclass(frozen=True, slots=True)
class TracedValue:
    """A value of a call's arguments, or a key that is no plain name, with where it first stood."""

    path: ArgumentPath
    """Of the value; of a key, the path that ends with it."""
    value: Any
    is_key: bool
    origins: tuple[ValueOrigin, ...]
    """Empty if it was traced nowhere; for yes, no, nothing and an empty text, which come from nowhere, too."""


@dataclass(frozen=True, slots=True)
class _Failed:
    """A call whose result was an error."""

    node_id: str
    arguments: dict[str, Any]
    parts: list[Any]
    num_tries: int

    def is_again(self, arguments: dict[str, Any]) -> bool:
        """Tell whether a call is this one once more: with the same arguments, or with one changed that the error names."""
        if self.num_tries > MAX_RETRIES or arguments.keys() != self.arguments.keys():
            return False
        changed = [key for key, value in arguments.items() if value != self.arguments[key]]
        return not changed or (len(changed) == 1 and names_argument(self.parts, changed[0]))


@dataclass(slots=True)
class _Pending:
    call: ProposedCall
    echo: Echo


class Tracer:
    """Follows a running agent: given what happens, event by event, it says what each proposed call is made of.

    What is refused changes nothing that a later judgement rests on. A call by which the plan gets more than 65,536
    edges is taken, and from then on the plan and every further message are refused.
    """

    def __init__(self, *, sources: ToolSources | None = None) -> None:
        self.sources = sources if sources is not None else ToolSources()
        self._index = PlaceIndex()
        self._reading = Reading()
        self._nodes: list[PlanNode] = []
        self._edges: list[PlanEdge] = []
        self._traced: dict[str, tuple[tuple[ValueOrigin, ...], ...]] = {}
        """Of each call the origins of its values, in order."""
        self._requests: list[str] = []
        self._asked_after: list[int] = []
        self._closed: list[str] = []
        self._pasted_last: Pasted | None = None
        self._asked: Request | None = None
        self._waiting: dict[int, _Pending] = {}
        self._ids: dict[str, int] = {}  # of calls without result
        self._answered: set[str] = set()
        self._withdrawn: set[int] = set()
        self._withdrawn_ids: set[str] = set()
        self._num_messages = 0
        self._num_chars = 0
        self._media: Place | None = None
        self._failed: dict[str, _Failed] = {}
        """The latest call of each tool, where it failed."""

    @property
    def request(self) -> str:
        """All texts of the user so far, with an empty line between them; of several each ends what was pasted into it."""
        return self._requests[0] if len(self._requests) == 1 else "\n\n".join(self._closed)

    @property
    def has_calls(self) -> bool:
        """Whether any message so far holds a tool call; without one there is no plan."""
        return len(self._nodes) > len(self._withdrawn)

    @property
    def pending(self) -> tuple[PlanNode, ...]:
        """The calls that have no result yet, in order."""
        return tuple(self._nodes[position] for position in self._waiting)

    def plan(self) -> ExecutionPlan:
        """Return all calls so far, the pending ones included. Raises: InputError if there is none, or too many edges."""
        if not self.has_calls:
            raise InputError("no message holds a tool call, and a plan has at least one", path="messages")
        self._check_edges()
        nodes = tuple(node for i, node in enumerate(self._nodes) if i not in self._withdrawn)
        return ExecutionPlan(nodes=nodes, edges=tuple(self._edges))

    def withdraw(self, node_id: str) -> None:
        """Take a call that is not run out of the plan, with its edges. It has no result, so no other call builds on it.

        Its id in the conversation is free again; a result of it is refused from here on.

        Raises:
            KeyError: if no call of this name waits for its result.
        """
        position = next((i for i in self._waiting if self._nodes[i].node_id == node_id), None)
        if position is None:
            raise KeyError(f"no call {node_id!r} waits for its result")
        call_id = self._waiting.pop(position).call.call_id
        if call_id is not None:
            del self._ids[call_id]
            self._withdrawn_ids.add(call_id)
        self._withdrawn.add(position)
        self._edges = [edge for edge in self._edges if edge.target != node_id]

    def origins(self, node_id: str) -> tuple[ValueOrigin, ...]:
        """Return where the values of a call were traced to; those that were traced nowhere are left out."""
        return tuple(dict.fromkeys(chain.from_iterable(self._traced[node_id])))

    def values(self, node_id: str) -> Iterator[TracedValue]:
        """Yield every value of a call's arguments with where it was traced to, in order. Raises: KeyError if there is no such call."""
        traced = iter(self._traced[node_id])
        for path, value, is_key in _parts(self._nodes[int(node_id[1:]) - 1].arguments):
            yield TracedValue(path, value, is_key, next(traced) if leaf_text(value) else ())

    def outputs(self) -> dict[str | None, list[Passage]]:
        """Return all that was read as passages, by the node that returned it; under None what stood in messages."""
        return self._reading.outputs()

    @property
    def requests(self) -> tuple[tuple[int, str], ...]:
        """Each text of the user, with how many calls stood before it."""
        return tuple(zip(self._asked_after, self._requests, strict=True))

    @property
    def num_messages(self) -> int:
        """How many messages were taken."""
        return self._num_messages

    def take(self, found: list[Event], where: str) -> tuple[PlanNode, ...]:
        """Take what a message holds and return its calls as nodes.

        Args:
            where: the message's path, for errors.

        Raises:
            InputError: for a result without a call or for one that has a result, an id that a pending call has, and beyond
                MAX_MESSAGES, MAX_CONVERSATION_CHARS, 4,096 calls or 65,536 edges.
        """
        if self._num_messages >= MAX_MESSAGES:
            raise InputError(f"more than {MAX_MESSAGES} messages", path=where)
        found = _with_pasted_parts(found)
        num_chars = self._num_chars + sum(_num_chars(event) for event in found)
        if num_chars > MAX_CONVERSATION_CHARS:
            raise InputError(
                f"the conversation has {num_chars} characters, at most {MAX_CONVERSATION_CHARS} are taken", path=where
            )
        matched = self._check(found, where)
        self._num_messages += 1
        self._num_chars = num_chars
        first = len(self._nodes)
        try:
            for event, call in zip(found, matched, strict=True):
                if isinstance(event, ProposedCall):
                    self._take_call(event)
                elif isinstance(event, Result) and call is not None:
                    self._take_result(event, call)
                elif isinstance(event, Said):
                    self._take_said(event)
                else:
                    self._take_foreign(event.parts if isinstance(event, Result) else [event.data])
        except BaseException:  # a call of a message that is refused is none that waits
            for node in self._nodes[first:]:
                if any(node is waiting for waiting in self.pending):
                    self.withdraw(node.node_id)
            raise
        return tuple(self._nodes[first:])

    def _check(self, found: list[Event], where: str) -> list[int | None]:
        """Return the call that each result is of, and refuse what does not fit, before anything is changed."""
        self._check_edges()
        names: dict[int, str] = {}
        ids: dict[str, int] = {}
        done: set[int] = set()
        answered: set[str] = set()
        matched: list[int | None] = []
        for event in found:
            place = None
            if isinstance(event, ProposedCall):
                if len(event.tool_name) > MAX_NAME_CHARS:
                    reason = (
                        f"the name of a tool has {len(event.tool_name)} characters, at most {MAX_NAME_CHARS} are taken"
                    )
                    raise InputError(reason, path=event.path)
                size_of(event.arguments, event.path, max_values=MAX_PLAN_VALUES, max_chars=MAX_CONVERSATION_CHARS)
                if event.call_id is not None:
                    if (open_call := ids.get(event.call_id, self._ids.get(event.call_id))) not in {None, *done}:
                        reason = (
                            f"the id {event.call_id!r} is that of call n{(open_call or 0) + 1}, which has no result yet"
                        )
                        raise InputError(reason, path=event.path)
                    ids[event.call_id] = len(self._nodes) + len(names)
                names[len(self._nodes) + len(names)] = event.tool_name
            elif isinstance(event, Result) and event.call_id is not None:
                place = ids.get(event.call_id, self._ids.get(event.call_id))
                if place in done:
                    place = None
                if place is None and event.is_of_a_call:
                    is_second = event.call_id in self._answered or event.call_id in answered
                    reason = "has a result already" if is_second else "does not stand before it"
                    if event.call_id in self._withdrawn_ids:
                        reason = "was withdrawn and must not have run"
                    raise InputError(f"a result of the call {event.call_id!r}, which {reason}", path=event.path)
                answered.add(event.call_id)
            elif isinstance(event, Result):
                place = self._by_name(event, names, done)
            done.update([] if place is None else [place])
            matched.append(place)
        if len(self._nodes) - len(self._withdrawn) + len(names) > MAX_PLAN_NODES:
            raise InputError(f"more than {MAX_PLAN_NODES} tool calls", path=where)
        return matched

    def _check_edges(self) -> None:
        if len(self._edges) > MAX_PLAN_EDGES:
            raise InputError(
                f"the calls have {len(self._edges)} edges, at most {MAX_PLAN_EDGES} are taken", path="messages"
            )

    def _by_name(self, result: Result, names: dict[int, str], done: set[int]) -> int:
        waiting = {p: w.call.tool_name for p, w in self._waiting.items()} | names
        for place in done:
            waiting.pop(place, None)
        for place, tool_name in waiting.items():
            if result.tool_name == tool_name or (result.tool_name is None and len(waiting) == 1):
                return place
        raise InputError("a result without an id, and no single call that it can be of", path=result.path)

    def _take_said(self, said: Said) -> None:
        if not said.is_user:
            own, documents = split_prompt(said.text)
            self._index.add(own, MESSAGE)
            for text in documents:
                self._index.add(text, _FOREIGN)
            self._reading.add(None, documents, UNKNOWN, is_written=True)
            return
        message = split_message(said.text)
        self._index.add(message.own, MESSAGE)
        for part in message.pasted:  # a part of the request, and read with it: see `ContextFacts.pasted`
            self._index.add(part.text, _FOREIGN)
        if self._pasted_last is not None and hands_over_to_earlier(message.start):
            self._index.add(self._pasted_last.text, MESSAGE)
        self._pasted_last = message.pasted[-1] if message.pasted else self._pasted_last
        if self._closed:
            self._closed[-1] = ended(self._closed[-1])
        self._requests.append(said.text)
        self._asked_after.append(len(self._nodes))
        self._closed.append(message.closed)
        self._asked = None

    def _is_handed_over(self, text: str, tool_name: str) -> bool:
        """Tell whether the user pasted a value and hands it over to a call of this tool."""
        if self._pasted_last is None:
            return False
        asked = self._read_request()
        number = number_of(text)
        return asked.hands_over(text, tool=tool_name) or (
            number is not None and asked.hands_over(number, tool=tool_name)
        )

    def _read_request(self) -> Request:
        """Return what was asked so far, read once."""
        if self._asked is None:
            self._asked = read_request(self.request)
        return self._asked

    def _take_call(self, call: ProposedCall) -> None:
        """Trace a call. Raises: InputError if its values are so many, and so much was read, that this takes too long."""
        try:
            with spending(Budget(work_s=MAX_TRACING_S)):
                self._trace_call(call)
        except DeadlineError:
            raise InputError(
                f"a call whose values take more than {MAX_TRACING_S:g} s to trace", path=call.path
            ) from None

    def _trace_call(self, call: ProposedCall) -> None:
        position = len(self._nodes)
        node_id = f"n{position + 1}"
        known: dict[ValueOrigin, ValueOrigin] = {}
        sets: dict[tuple[ValueOrigin, ...], tuple[ValueOrigin, ...]] = {}  # many values, few places
        traced: list[tuple[ValueOrigin, ...]] = []
        given: list[tuple[str, int]] = []
        holders: dict[int, None] = {}
        for argument, text in checked(_values(call.arguments)):
            places = self._places(text)
            if not places and self._media and len(text.strip()) > SHORT_CHARS:
                places = [self._media]
            if _FOREIGN in places and self._is_handed_over(text, call.tool_name):
                places = [MESSAGE]
            found = [
                ValueOrigin(argument, place.tier, self._nodes[place.node].node_id if place.node >= 0 else None)
                for place in places
            ]
            origins = tuple(dict.fromkeys(known.setdefault(origin, origin) for origin in found))
            traced.append(sets.setdefault(origins, origins))
            given.append((text, max((place.tier for place in places), default=1)))
            if places and MESSAGE not in places and len(holders) < MAX_PLACES:
                holders.update(dict.fromkeys(self._index.holders(text)))
        node = PlanNode(
            tool_name=call.tool_name,
            node_id=node_id,
            arguments=call.arguments,
            provenance_tier=max((origin.tier for origin in known), default=1),
            scope_volume=volume_of(call.tool_name, call.arguments),
            scope_sensitivity=sensitivity_of_call(call.tool_name),
            origins=self._reading.origins(call.tool_name, call.arguments, self._read_request()),
            **({} if call.call_id is None else {"call_id": call.call_id}),
            **self._again(call),
        )
        pending = _Pending(call, self._index.echo(given))
        self._nodes.append(node)  # from here on nothing takes long, so that a call is there as a whole or not at all
        self._traced[node_id] = tuple(traced)
        traced_to = (o.source for o in known)
        held_by = (self._nodes[node].node_id for node in list(holders)[:MAX_PLACES])
        self._edges += [PlanEdge(source=s, target=node_id) for s in dict.fromkeys((*traced_to, *held_by)) if s]
        self._waiting[position] = pending
        if call.call_id is not None:
            self._ids[call.call_id] = position
            self._withdrawn_ids.discard(call.call_id)

    def _again(self, call: ProposedCall) -> dict[str, str]:
        failed = self._failed.get(call.tool_name)
        return {"retries": failed.node_id} if failed is not None and failed.is_again(call.arguments) else {}

    def _note_failure(self, node: PlanNode, result: Result) -> None:
        before = self._failed.pop(node.tool_name, None)
        if not result.has_media and is_failure(node.tool_name, result.parts):
            is_again = before is not None and node.retries == before.node_id
            num_tries = before.num_tries + 1 if before is not None and is_again else 1
            self._failed[node.tool_name] = _Failed(node.node_id, node.arguments, result.parts, num_tries)

    def _places(self, text: str) -> list[Place]:
        """Return where a value, or what it decodes to, first stood."""
        places = self._index.find(text)
        if places == [MESSAGE]:
            return places
        hidden = [p for plain in decoded(text) for p in self._index.find(plain)]
        if not places and not hidden:
            hidden = [p for plain in scrambled(text) for p in self._index.find(plain)]
        return list(dict.fromkeys([*places, *hidden])) if hidden else places

    def _take_result(self, result: Result, position: int) -> None:
        pending = self._waiting.pop(position)
        if pending.call.call_id is not None:
            del self._ids[pending.call.call_id]
            self._answered.add(pending.call.call_id)
        rule = result.rule if result.rule is not None else self.sources.of(pending.call.tool_name)
        is_written = not rule.attested and authorship(pending.call.tool_name) == "text"
        self._reading.add(
            self._nodes[position].node_id,
            result.parts,
            rule,
            is_written=is_written,
            tool_name=pending.call.tool_name,
            arguments=pending.call.arguments,
        )
        for part in result.parts:
            for tier, text in _texts(part, rule):
                self._index.add(text, Place(tier, position), pending.echo)
                for plain in decoded(text):
                    self._index.add(plain, Place(tier, position), pending.echo)
        self._note_failure(self._nodes[position], result)
        if result.has_media and rule.output != "trusted":
            self._media = Place(3, position)

    def _take_foreign(self, parts: list[Any]) -> None:
        """Read what no call returned as what outsiders wrote into a file is read: nobody vouches for its fields."""
        self._reading.add(None, parts, UNKNOWN, is_written=True)
        for part in parts:
            for _, text in _texts(part, UNKNOWN):
                self._index.add(text, _FOREIGN)
                for plain in decoded(text):
                    self._index.add(plain, _FOREIGN)


def _values(data: Any) -> Iterator[tuple[str, str]]:
    """Yield the values of JSON data as text with their paths; keys that are no plain names count as values."""
    for path, value, _ in _parts(data):
        if text := leaf_text(value):
            yield dotted(path), text


def _parts(data: Any) -> Iterator[tuple[ArgumentPath, Any, bool]]:
    """Yield every scalar of JSON data with its path, and before it each key above it that is no plain name and was not yielded yet;
    with whether it is a key."""
    keys: set[tuple[str, ...]] = set()
    for where, value in leaves(data):
        path = keys_of(where)
        for n in range(len(path), 0, -1):
            if path[:n] in keys:
                break
            keys.add(path[:n])
            if not path[n - 1].isidentifier():
                yield path[:n], path[n - 1], True
        yield where, value, False


def _texts(part: Any, rule: ToolOutput) -> Iterator[tuple[int, str]]:
    """Yield tier and text of each value of a result."""
    data = _structure(part, rule) if isinstance(part, str) else part
    seen: set[str] = set()
    for where, value in leaves(data):
        path = keys_of(where)
        text = leaf_text(value)
        if text:
            tier = rule.tier(path, value)
            inner = _structure(value, None) if isinstance(value, str) and path else value
            for _, inner_text in _values(inner) if not isinstance(inner, (str, int, float)) else [("", text)]:
                yield tier, inner_text
        for key in path:
            if key not in seen and not key.isidentifier():
                yield rule.tier((), key), key
            seen.add(key)


def _structure(text: str, rule: ToolOutput | None) -> Any:
    """Return the data that a text is, or the text itself where it is none; what is doubtful is free text."""
    start = text.lstrip()[:1]
    try:
        if start and start in "{[":
            return decode_json(text)
    except InputError:
        pass
    try:
        if rule is not None and rule.reads == "yaml":
            return decode_yaml(text)
    except InputError:
        pass
    return text


def _with_pasted_parts(found: list[Event]) -> list[Event]:
    """Return what a message holds, where one of several texts of the user asks about the others: those are pasted."""
    texts = [event.text for event in found if isinstance(event, Said) and event.is_user]
    asking = {text for text in texts if announces_more(text)} if len(texts) > 1 else set()
    if not asking:
        return found
    return [
        replace(event, text=as_pasted(event.text))
        if isinstance(event, Said) and event.is_user and event.text not in asking
        else event
        for event in found
    ]


def _num_chars(event: Event) -> int:
    if isinstance(event, Said):
        return len(event.text)
    data = event.data if isinstance(event, Foreign) else event.parts if isinstance(event, Result) else event.arguments
    return sum(len(key) for path, _ in leaves(data) for key in keys_of(path)[-1:]) + sum(
        len(value) if isinstance(value, str) else 8 for _, value in leaves(data)
    )
