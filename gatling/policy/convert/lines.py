"""Lines that say whom those below them are for, and lines of values with commas."""

from __future__ import annotations

import re
from dataclasses import replace

from gatling.policy.convert.claims import Claim, Meant, rules_of, tools_meant
from gatling.policy.language.concern import about_phrase
from gatling.policy.language.effects import effect_in
from gatling.policy.language.keys import DENY, ROLE_KEYS
from gatling.policy.language.lexicon import Lexicon, role_names
from gatling.policy.language.statement import NativeRule, Reading

_WHO = ROLE_KEYS | frozenset("from by for user-agent uid owner source agent".split())


def roles_of_line(text: str) -> tuple[str, ...] | None:
    """Return whom the lines below a line are for: `User-agent: editor`; None if it says nothing of that, nobody for everybody."""
    match = re.fullmatch(r"\s*([\w-]+)\s*:\s*(\S.*?)\s*", text)
    if match is None or match.group(1).lower() not in _WHO:
        return None
    return () if match.group(2).lower() in ("*", "all", "any", "everyone") else role_names(match.group(2))


def read_tuple(reading: Reading, lexicon: Lexicon) -> Reading | None:
    """Read one line of values with commas: who, which tool in one or two of them, and whether; None if it is anything else.

    `p, purser, booking, read, allow` is `read_booking` for the purser; `g, relief captain, captain` hands a role on.
    """
    parts = [part.strip().strip("\"'") for part in reading.statement.text.split(",")]
    if not 3 <= len(parts) <= 6 or any(len(part.split()) > 3 for part in parts):
        return None
    if parts[0] == "g" and len(parts) == 3:
        parents = role_names(parts[2])
        rules = tuple(NativeRule("role", roles=(role,), value=list(parents)) for role in role_names(parts[1]))
        return replace(reading, rules=rules)
    parts = parts[1:] if re.fullmatch(r"[a-z]\d?", parts[0]) else parts
    said = [effect_in(part).effect if not effect_in(part).rest else "" for part in parts]
    if sum(map(bool, said)) != 1 or not said[-1]:
        return None
    who, *what = parts[:-1]
    if not 1 <= len(what) <= 2 or not re.fullmatch(r"[\w .-]+|\*", who):
        return None
    deeds = [part for part in what if part != "*"]
    tools = next((t for form in (deeds, deeds[::-1]) if (t := tools_meant(" ".join(form), lexicon))), ())
    claim = Claim(said[-1], () if who == "*" else role_names(who), text=reading.statement.text)
    if len(deeds) < len(what) or not tools:
        claim.actions = [" ".join(deeds)]
        if claim.effect != DENY or not deeds:
            return None
        about = about_phrase(claim.actions[0], lexicon)
        return replace(
            reading,
            rules=(NativeRule("denial", about, claim.roles, doubt="what it means is not clear"),) if about else (),
            note="whatever it means",
        )
    rules, note = rules_of(claim, Meant(tuple(dict.fromkeys(tools))), lexicon)
    return replace(reading, rules=rules, note=note)
