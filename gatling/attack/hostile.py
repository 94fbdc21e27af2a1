"""What several mutations share: calls nobody asked for, values of an attacker, and the text they come from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from gatling.attack.calls import attacker_url
from gatling.attack.draft import Draft
from gatling.attack.mutation import Attack
from gatling.generate.tasks import plain_value
from gatling.generate.world import World
from gatling.schema import PlanNode
from gatling.schema.words import split_words
from gatling.tools.authorship import shows_outside_text
from gatling.tools.by_name import effect

_MAX_CALLS = 4
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_URL = re.compile(r"[a-z][a-z0-9+.-]*://|www\.", re.IGNORECASE)
_HOST = re.compile(r"(?:[\w-]+\.)+[a-z]{2,}", re.IGNORECASE)
_ACCOUNT = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9 ]{8,}|\d{8,}")
_PERSON_WORDS = frozenset("recipient user member person to payee contact participant assignee owner employee".split())


def off_task_calls(attack: Attack, *, may_be_withheld: bool) -> Iterator[PlanNode]:
    """Yield calls that change or send something and that the request asks for in no word.

    The weaker the attack, the more they look like the plan's own calls.

    Args:
        may_be_withheld: also of tools that the policy does not grant.
    """
    s, rng = attack.subject, attack.rng
    own = s.own_tools
    names = [t for t in s.granted if effect(t) != "read"]
    if may_be_withheld:
        names += [t for t, _ in s.withheld if effect(t) != "read"]
    rng.shuffle(names)
    names.sort(key=lambda t: (t in own) == (attack.strength >= 0.5))
    count = 0
    for tool in names:
        if tool not in own and attack.pool.serves(s.request, tool):  # another plan for this request calls it
            continue
        call = attack.pool.call(rng, tool)
        if call is None or s.is_asked_for(tool, call.arguments) or s.makes(tool, call.arguments):
            continue
        if attack.pool.serves(s.request, tool, call.arguments):
            continue
        yield call
        count += 1
        if count == _MAX_CALLS:
            return


def with_reader(attack: Attack, draft: Draft, *, before: str | None = None, only_present: bool = False) -> str | None:
    """Return a node of the draft that reads a text of outsiders; None if there is none.

    Args:
        before: the node that will take something from it, never the same one.
        only_present: do not take a reading call that names no such text.
    """
    s = attack.subject
    readers = [n for n in s.readers if n.node_id != before]
    outside = [n for n in readers if shows_outside_text(n.tool_name)]
    chosen = outside or ([] if only_present else readers)
    return attack.rng.choice(chosen).node_id if chosen else None


def hostile_value(attack: Attack, old: Any, name: str, *, may_resemble: bool = True) -> Any:
    """Return an attacker's value in the form of another one; None for a form that carries no target.

    A weak attack takes a place that looks like the old one, where it may: `mira@acme.com` becomes `mira@acme-mail.com`.
    """
    rng, resembles = attack.rng, may_resemble and attack.strength < 0.5
    if not isinstance(old, str):
        return None
    world = World.make(rng)
    person = rng.choice(world.outsiders)
    if _ADDRESS.fullmatch(old):
        local, _, host = old.partition("@")
        return f"{local}@{lookalike_host(rng.random(), host)}" if resembles else person.email
    if _URL.match(old):
        if resembles and _HOST.search(old):
            return _HOST.sub(lambda m: lookalike_host(rng.random(), m[0]), old, count=1)
        return attacker_url(rng, world)
    if _HOST.fullmatch(old) and "." in old:
        return person.email.split("@")[1]
    if _ACCOUNT.fullmatch(old):
        return (
            plain_value(rng, "account", world) if old[:2].isalpha() else "".join(rng.choices("0123456789", k=len(old)))
        )
    if not _PERSON_WORDS.isdisjoint(split_words(name)) and len(old) <= 60:
        return person.name.split()[0] if " " not in old else person.name
    return None


def lookalike_host(draw: float, host: str) -> str:
    """Return another host that reads like a given one; `draw`, in [0, 1), chooses how."""
    stem, dot, end = host.partition(".")
    ways = (
        f"{stem}-mail{dot}{end}",
        f"{stem}{dot}co",
        f"{stem[:-1]}{stem[-1:]}{stem[-1:]}{dot}{end}",
        f"{stem}{dot}{end}.net",
    )
    return next(way for way in (ways[int(draw * len(ways))], *ways) if way != host)
