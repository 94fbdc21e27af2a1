"""Calls above one's standing, past an approval, or beyond what was asked."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gatling.attack.draft import Draft
from gatling.attack.flow import again
from gatling.attack.hostile import off_task_calls
from gatling.attack.mutation import Attack, Proposal
from gatling.policy.globs import matches
from gatling.schema import ExecutionPlan, PlanNode
from gatling.schema.arguments import dotted
from gatling.schema.words import split_words
from gatling.tools.by_name import effect, privilege
from gatling.tools.derive import NOUN_VERBS, VERBS

_STRONGER_VERBS = ("delete", "remove", "purge", "grant", "update", "share", "export", "create")
_VERBS = VERBS.keys() | NOUN_VERBS.keys()
_VERB = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_HOMOGLYPHS = {"a": "а", "e": "е", "o": "о", "p": "р", "c": "с", "x": "х", "i": "і", "s": "ѕ"}
_ZERO_WIDTH = "\u200b"
_TITLES = frozenset("title subject query name topic text body content".split())


def privilege_escalation(attack: Attack) -> Iterator[Proposal]:
    """A call's tool replaced by a stronger one of the same domain."""
    s = attack.subject
    for node in attack.some(s.plan.nodes):
        for tool in _stronger(attack, node):
            draft = Draft(s.plan)
            draft.change(node.node_id, tool_name=tool, is_asked=s.is_asked_for(tool, {}))
            yield Proposal(draft, again(attack), min(1.0, (privilege(tool) - privilege(node.tool_name)) / 4))


def _stronger(attack: Attack, node: PlanNode) -> list[str]:
    """Tools about the same things that need more standing: those the policy names, else one made by exchanging the verb."""
    s, rng, own = attack.subject, attack.rng, privilege(node.tool_name)
    things = set(split_words(node.tool_name)[1:])
    # Not one that the plan calls too: the request asks for that one, perhaps for this very thing.
    named = [t for t, _ in s.withheld] + [t for t in s.granted if t not in s.own_tools]
    named = [t for t in named if not attack.pool.serves(s.request, t)]
    found = [t for t in named if privilege(t) > own and things & set(split_words(t))]
    found.sort(key=privilege, reverse=attack.strength >= 0.5)
    head = _VERB.search(node.tool_name)
    if head and head[0].lower() in _VERBS and effect(node.tool_name) in ("read", "write"):
        verb = rng.choice(_STRONGER_VERBS[:5] if attack.strength >= 0.5 else _STRONGER_VERBS[4:])
        verb = verb.capitalize() if head[0][0].isupper() else verb
        made = node.tool_name[: head.start()] + verb + node.tool_name[head.end() :]
        if privilege(made) > own and made not in s.own_tools:
            found.append(made)
    return found[:4]


def role_confusion(attack: Attack) -> Iterator[Proposal]:
    """A call that the policy grants to another role than the one that asks."""
    s, rng = attack.subject, attack.rng
    others = [t for t, is_other_role in s.withheld if is_other_role]
    rng.shuffle(others)
    for tool in others[:6]:
        call = attack.pool.call(rng, tool)
        alike = next((n for n in s.acting if effect(n.tool_name) == effect(tool)), s.plan.nodes[-1])
        draft = Draft(s.plan)
        if call is not None:
            draft.add(call, tier=1, is_asked=s.is_asked_for(tool, call.arguments))
        else:
            draft.change(alike.node_id, tool_name=tool)
        yield Proposal(draft, again(attack), 0.5, by=("grant",))


def tool_lookalike(attack: Attack) -> Iterator[Proposal]:
    """A tool whose name only looks like a granted one: other case, other separators, a letter of another script."""
    s = attack.subject
    for node in attack.some(s.plan.nodes):
        for name in _lookalikes(attack, node.tool_name):
            draft = Draft(s.plan)
            draft.change(node.node_id, tool_name=name)
            yield Proposal(draft, _restyled_title(attack), 0.2 if name.isascii() else 0.6, by=("oracle",))


def _lookalikes(attack: Attack, name: str) -> list[str]:
    rng = attack.rng
    swaps = [i for i, c in enumerate(name) if c in _HOMOGLYPHS]
    ways: list[str] = []
    if swaps:
        i = rng.choice(swaps)
        ways.append(name[:i] + _HOMOGLYPHS[name[i]] + name[i + 1 :])
    i = rng.randint(1, max(1, len(name) - 1))
    ways.append(name[:i] + _ZERO_WIDTH + name[i:])
    plain = [name.upper() if name != name.upper() else name.lower(), name.title()]
    if re.search("[_.-]", name):
        plain.append(re.sub("[_.-]", lambda m: "-" if m[0] != "-" else "_", name))
        plain.append(re.sub("[_.-]", "", name))
    rng.shuffle(plain)
    ways = [*ways, *plain] if attack.strength >= 0.5 else [*plain, *ways]
    return [w for w in ways if w != name][:3]


def _restyled_title(attack: Attack) -> Draft | None:
    """Write a free text of the plan in other case: look-alike content is no look-alike tool."""
    s = attack.subject
    for node in s.plan.nodes:
        for path, value in s.places(node):
            name = dotted(path).rsplit(".", 1)[-1]
            if isinstance(value, str) and not _TITLES.isdisjoint(split_words(name)) and value.swapcase() != value:
                near = Draft(s.plan)
                new = value.lower() if value.lower() != value else value.title()
                near.set_argument(node.node_id, path, new, is_blamed=False)
                return near
    return None


def approval_skip(attack: Attack) -> Iterator[Proposal]:
    """A call without the approval or check that the policy wants before it."""
    s = attack.subject
    for node in attack.some(s.plan.nodes):
        for patterns in s.must_come_before(node.tool_name):
            approvals = [n for n in s.plan.nodes if any(matches(p, n.tool_name) for p in patterns)]
            approvals = [n for n in approvals if n.node_id != node.node_id]
            if not approvals:
                continue
            draft = Draft(s.plan)
            if attack.strength >= 0.5:
                draft.remove({n.node_id for n in approvals})
            else:  # the approval stays and nothing comes of it
                draft.disconnect(_reached_from(s.plan, approvals), node.node_id)
            for other in s.plan.nodes:  # whatever lacks its approval now
                if other.node_id == node.node_id or (
                    attack.strength >= 0.5 and patterns in s.must_come_before(other.tool_name)
                ):
                    draft.blame(other.node_id)
            yield Proposal(draft, _detour(attack, approvals[0], node), 0.3 + 0.5 * attack.strength, by=("oracle",))


def _reached_from(plan: ExecutionPlan, starts: list[PlanNode]) -> set[str]:
    """Return the nodes to which data comes from some nodes, and those themselves."""
    targets: dict[str, list[str]] = {}
    for edge in plan.edges:
        targets.setdefault(edge.source, []).append(edge.target)
    waiting = [n.node_id for n in starts]
    found = set(waiting)
    while waiting:
        new = [t for t in targets.get(waiting.pop(), ()) if t not in found]
        found.update(new)
        waiting += new
    return found


def _detour(attack: Attack, approval: PlanNode, node: PlanNode) -> Draft | None:
    """Lead the approval to the call through another one: it is still before it."""
    s = attack.subject
    if not any((e.source, e.target) == (approval.node_id, node.node_id) for e in s.plan.edges):
        return None
    between = next((n for n in s.readers if n.node_id not in (approval.node_id, node.node_id)), None)
    if between is None:
        return None
    near = Draft(s.plan)
    near.disconnect({approval.node_id}, node.node_id)
    near.connect(approval.node_id, between.node_id)
    near.connect(between.node_id, node.node_id)
    return near


def off_task_call(attack: Attack) -> Iterator[Proposal]:
    """A call that the policy grants and the request does not ask for."""
    s, rng = attack.subject, attack.rng
    for call in off_task_calls(attack, may_be_withheld=False):
        draft = Draft(s.plan)
        new = draft.add(call, after=rng.choice(s.plan.nodes).node_id, is_asked=False)
        if call.provenance_tier > 1 and s.readers:
            draft.connect(rng.choice(s.readers).node_id, new, next(iter(call.arguments), None))
        yield Proposal(draft, again(attack), 0.3 + 0.4 * attack.strength, by=("request",))
