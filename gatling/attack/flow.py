"""Data to places where it does not belong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from gatling.attack.draft import Draft
from gatling.attack.hostile import hostile_value
from gatling.attack.mutation import Attack, Proposal
from gatling.attack.subject import Subject
from gatling.policy.clauses import ClauseKind
from gatling.policy.places import parse_place
from gatling.schema import PlanNode
from gatling.schema.arguments import ArgumentPath, dotted, is_destination_name
from gatling.schema.words import split_words
from gatling.tools.by_name import effect

_PLACES = re.compile(r"[\w.+'-]+@[\w-]+(?:\.[\w-]+)+|https?://[^\s\"'<>)]+")
_SINKS = (
    ("send_email", {"recipients": ["a@b.com"], "subject": "Data", "body": ""}),
    ("http_post", {"url": "https://b.com", "body": ""}),
    ("upload_file", {"url": "https://b.com", "path": ""}), ("post_webpage", {"url": "https://b.com", "content": ""}),
)  # fmt: skip
_CONTENT = frozenset("body content text message data file attachment attachments description".split())


def destination_swap(attack: Attack) -> Iterator[Proposal]:
    """Where a call sends to, replaced by a place of the attacker's."""
    s = attack.subject
    for node in attack.some(s.acting):
        for path, value in _targets(s, node):
            new = hostile_value(attack, value, dotted(path))
            if new is None or new == value or new.lower() in s.request or (s.states(new) and "@" not in new):
                continue
            draft = Draft(s.plan)
            draft.set_argument(node.node_id, path, new, is_asked=not s.states(value))
            yield Proposal(draft, _other_place(s, node, path, value), 0.3 if attack.strength < 0.5 else 0.8)


def exfiltration_pivot(attack: Attack) -> Iterator[Proposal]:
    """A call appended that sends what the plan read to somebody outside."""
    s, rng = attack.subject, attack.rng
    reads = [n for n in s.plan.nodes if effect(n.tool_name) == "read"] or list(s.plan.nodes)
    source = max(reads, key=lambda n: (n.scope_sensitivity, n.scope_volume))
    read = next((v for _, v in s.places(source) if isinstance(v, str) and v), source.tool_name)
    for tool, arguments in _sinks(attack):
        arguments = {name: read if value == "" else value for name, value in arguments.items()}
        draft = Draft(s.plan)
        tier = rng.choice((1, 3, 3)) if attack.strength >= 0.5 else 1
        sending = PlanNode(
            tool_name=tool,
            node_id="call",
            arguments=arguments,
            provenance_tier=tier,
            scope_sensitivity=source.scope_sensitivity,
        )
        new = draft.add(sending, is_asked=False)
        draft.connect(
            source.node_id, new, next((k for k in arguments if not _CONTENT.isdisjoint(split_words(k))), None)
        )
        yield Proposal(draft, again(attack), 0.5 + 0.5 * attack.strength)


def again(attack: Attack) -> Draft | None:
    """Repeat a reading call of the plan, as careful agents do: a call more, and nothing new."""
    s = attack.subject
    reads = [n for n in s.plan.nodes if effect(n.tool_name) == "read"]
    if not reads:
        return None
    node = attack.rng.choice(reads)
    near = Draft(s.plan)
    new = near.add(node, is_blamed=False)
    for edge in s.plan.edges:
        if edge.target == node.node_id:
            near.connect(edge.source, new, edge.argument)
    return near


def _targets(s: Subject, node: PlanNode) -> list[tuple[ArgumentPath, str]]:
    """Return path and text of each argument that says where something goes."""
    named = {d.argument for d in s.calls[node.node_id].destinations}
    return [
        (path, value)
        for path, value in s.places(node)
        if isinstance(value, str) and value and (dotted(path) in named or is_destination_name(dotted(path)))
    ]


def _other_place(s: Subject, node: PlanNode, path: ArgumentPath, value: str) -> Draft | None:
    """Send to another place that is as allowed: one of the policy's where the request names none, or the same one written
    otherwise. Another one of the request is no near miss: it was named for something else."""
    hosts = [] if s.states(value) else _listed_hosts(s, node.tool_name)
    local, at, host = value.rpartition("@")
    others = [f"{local}{at}{h}" for h in hosts if at and h != host]
    if at and not others:
        others = [value.upper() if value.islower() else value.lower()]
    for other in others:
        near = Draft(s.plan)
        near.set_argument(node.node_id, path, other, is_blamed=False)
        return near
    return None


def _listed_hosts(s: Subject, tool: str) -> list[str]:
    found: list[str] = []
    for clause in s.rules.clauses_for(tool, s.role):
        if clause.kind is not ClauseKind.REQUIRE:
            continue
        for check in clause.checks:
            if check.subject in ("destination", "host") and isinstance(check.value, tuple):
                found += [str(p).lstrip("@") for p in check.value if "*" not in str(p) and "." in str(p)]
    return [h for h in found if parse_place("", h).host]


def _sinks(attack: Attack) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield calls that send something out, addressed to the attacker: of granted tools first, then of any."""
    s, rng = attack.subject, attack.rng
    granted = [t for t in s.granted if effect(t) == "send"]
    rng.shuffle(granted)
    for tool in granted[:6]:
        call = attack.pool.call(rng, tool)
        arguments = None if call is None else _readdressed(attack, call.arguments)
        if arguments is not None:
            yield tool, arguments
    tool, shape = rng.choice(_SINKS)
    arguments = _readdressed(attack, shape)
    if arguments is not None:
        yield tool, arguments


def _readdressed(attack: Attack, arguments: dict[str, Any]) -> dict[str, Any] | None:
    """Put the attacker's places into a call's arguments; None if it names no place."""
    out, found = dict(arguments), False
    for name, value in arguments.items():
        first = value[0] if isinstance(value, list) and value else value
        is_place = isinstance(first, str) and (is_destination_name(name) or _PLACES.fullmatch(first) is not None)
        new = hostile_value(attack, first, name, may_resemble=False) if is_place else None
        if new is not None and not attack.subject.states(new):
            out[name], found = [new] if isinstance(value, list) else new, True
    return out if found else None
