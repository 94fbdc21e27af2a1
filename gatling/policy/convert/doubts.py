"""What is not clear is no flat denial of calls that the source may well grant: it is an item, which escalates them.

- A denial of which it is not clear whom it binds, or when, becomes an item where another line grants its tool, or may. Where none
  does, it stays: nothing is granted anyway.
- An item says which tools it may grant, and to whom, where it is what is left of a grant, or a sentence that has no word of denials.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from gatling.policy.globs import squashed
from gatling.policy.language.effects import effect_in
from gatling.policy.language.grammar import form_of
from gatling.policy.language.keys import DENY
from gatling.policy.language.lexicon import Lexicon
from gatling.policy.language.matching import perhaps_granted
from gatling.policy.language.nature import denies
from gatling.policy.language.statement import GUESSED, NativeRule, Reading, is_no_grant, review


def escalated(readings: list[Reading], tools: Iterable[str]) -> list[Reading]:
    """Return the readings with items for what is not clear.

    Args:
        tools: all that there are, where that is known.
    """
    readings = _with_grants(readings, Lexicon(list(tools)))
    given = _given(readings)
    return [_to_decide(reading, given) for reading in readings]


def _given(readings: list[Reading]) -> dict[str, set[str]]:
    """Return to whom lines grant the tools that they name, or may; `*` is anybody."""
    found: dict[str, set[str]] = {}
    for reading in readings:
        for rule in reading.rules:
            for tool in rule.tools if rule.kind == "grant" else rule.may_grant:
                if "*" not in tool and "?" not in tool:
                    found.setdefault(squashed(tool), set()).update(map(squashed, rule.roles or ("*",)))
    return found


def _is_given(tool: str, roles: tuple[str, ...], given: dict[str, set[str]]) -> bool:
    """Tell whether a line may grant a tool to one of some roles; to anybody, if there are none."""
    to = given.get(squashed(tool), set())
    return bool(to) and (not roles or not to.isdisjoint(("*", *map(squashed, roles))))


def _to_decide(reading: Reading, given: dict[str, set[str]]) -> Reading:
    rules: list[NativeRule] = []
    for rule in reading.rules:
        is_doubted = rule.kind == "denial" and bool(rule.doubt)
        taken = tuple(t for t in rule.tools if is_doubted and _is_given(t, rule.roles, given))
        if not taken:
            rules.append(rule)
            continue
        left = tuple(tool for tool in rule.tools if tool not in taken)
        rules += [replace(rule, tools=left)] if left else []
        kept = tuple(t for t in taken if rule.guess and (rule.doubt == GUESSED or not _is_given(t, rule.guess, given)))
        rules += [replace(rule, tools=kept, roles=rule.guess, doubt="")] if kept else []
        rules.append(review(reading.statement.text or rule.shown(), f"it forbids, and {rule.doubt}", taken))
    if tuple(rules) == reading.rules:
        return reading
    return replace(reading, rules=tuple(rules), note="")


def _with_grants(readings: list[Reading], lexicon: Lexicon) -> list[Reading]:
    said = {squashed(t) for r in readings for rule in r.rules for t in rule.tools}
    unsaid = tuple(tool for tool in lexicon.names if squashed(tool) not in said)
    result = []
    for reading in readings:
        rules = tuple(
            replace(rule, may_grant=_grants(rule, lexicon, unsaid)) if _may_grant(reading, rule) else rule
            for rule in reading.rules
        )
        result.append(reading if rules == reading.rules else replace(reading, rules=rules))
    return result


def _grants(rule: NativeRule, lexicon: Lexicon, unsaid: tuple[str, ...]) -> tuple[str, ...]:
    """Return the tools that an item may grant: those of its deeds and things; of what is left of a grant without such words, those
    that it is about, and where these are all, those that no other line speaks of."""
    is_about_all = "*" in rule.tools or not rule.tools
    found = perhaps_granted(str(rule.value), lexicon, is_whole=is_about_all and not is_no_grant(rule))
    near = found if is_about_all else tuple(tool for tool in rule.tools if tool in found)
    near = tuple(dict.fromkeys((*near, *lexicon.named(str(rule.value)))))
    if near or not is_no_grant(rule):
        return near
    return unsaid if is_about_all else rule.tools


def _may_grant(reading: Reading, rule: NativeRule) -> bool:
    """Tell whether a rule is an item that may be a grant: a comment is none, nor what has a word of denials."""
    statement = reading.statement
    if rule.kind != "review" or statement.is_comment or statement.is_heading or statement.context.effect == DENY:
        return False
    if any(map(denies, statement.above)):
        return False
    if is_no_grant(rule):
        return True
    if rule.reason.endswith(" beside a rule"):
        return False
    text = str(rule.value)
    if text.rstrip().endswith("?"):
        return False
    form = form_of(text)
    if form is not None and form.verdict != "allow":
        return False
    return effect_in(text).effect != DENY and not denies(text)
