"""One claim: who, whether, what and how, as a record of any notation states them; and the native rules that it becomes.

A claim is a grant only where all of it is understood. What forbids is written for each tool that it certainly means; where
something of it is not understood, without that, which forbids more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from gatling.policy.convert.qualities import When, bounds_for, bounds_in, condition, currency_in, joined
from gatling.policy.globs import matches, squashed, squashed_name
from gatling.policy.language.amounts import Amount
from gatling.policy.language.concern import about_phrase, tools_of
from gatling.policy.language.deeds import deed_of, root
from gatling.policy.language.keys import ALLOW, ASK, DENY
from gatling.policy.language.lexicon import Lexicon, is_tool_name
from gatling.policy.language.matching import matched, perhaps_granted, words_for
from gatling.policy.language.restrictions import APPROVED, currency_rules
from gatling.policy.language.statement import GUESSED, NativeRule, no_grant, review
from gatling.policy.language.times import time_said
from gatling.schema.words import split_words
from gatling.tools.derive import effect_of

_MAX_PARTS = 16
_PLACED = frozenset(("path", "paths", "resource", "Resource", "folder"))


@dataclass
class Claim:
    """What a record says."""

    effect: str = ""
    roles: tuple[str, ...] = ()
    is_guess: bool = False
    """That these are roles is concluded: what is granted is theirs, what is forbidden binds everybody."""
    actions: list[str] = field(default_factory=list)
    """Phrases for what is done, each of them by itself."""
    around: list[str] = field(default_factory=list)
    """What stands above, from outside in: words that the actions may lack, a thing or a topic."""
    qualities: list[tuple[str, Any]] = field(default_factory=list)
    bounds: list[tuple[str, Amount]] = field(default_factory=list)
    tools: tuple[str, ...] = ()
    """All that it means."""
    units: tuple[str, ...] = ()
    """Words beside the bounds, which may say what is bounded."""
    is_limit: bool = False
    """That it stands under a key that says that bounds follow."""
    left: list[str] = field(default_factory=list)
    """What is not understood."""
    text: str = ""

    @property
    def bound(self) -> tuple[str, ...]:
        return () if self.is_guess else self.roles


def tools_meant(phrase: str, lexicon: Lexicon) -> tuple[str, ...]:
    """Return the tools that a phrase means: by name, by pattern, or by all of its words."""
    text = phrase.strip(" `'\"()")
    exact = lexicon.exact(text)
    if exact:
        return (exact,)
    if "*" in text and re.fullmatch(r"[\w*.:-]+", text) and re.search(r"\w", text):
        pattern = squashed(text)
        found = tuple(name for name in lexicon.names if matches(pattern, squashed_name(name)))
        return found if lexicon.is_closed else (text,)
    return matched(text, lexicon)


def split_actions(phrase: str, lexicon: Lexicon) -> tuple[tuple[str, ...], str]:
    """Return the tools that a phrase with conjunctions means, and the first part of it that means none.

    `read and search orders` shares its object, `create invoices and quotes` its verb.
    """
    whole = tools_meant(phrase, lexicon)
    if whole:
        return whole, ""
    parts = [part.strip() for part in re.split(r"\s*(?:,|;|/|&|\band\b|\bor\b|\+)\s*", phrase) if part.strip()]
    if not 1 < len(parts) <= _MAX_PARTS:
        return (), phrase
    found: list[str] = []
    verb = ""
    tail = [re.sub(r"^\S+\s*", "", part) for part in parts]
    head = re.sub(r"\s*\S+$", "", parts[0]) if len(parts[0].split()) > 2 else ""
    for i, part in enumerate(parts):
        objects = next((t for t in tail[i:] if t), "")
        forms = [part, f"{part} {objects}", f"{verb} {part}", f"{verb} {part} {objects}", f"{head} {part}"]
        meant = next((tools for form in forms if (tools := tools_meant(form, lexicon))), ())
        if not meant:
            return tuple(dict.fromkeys(found)), part
        found += meant
        first = part.split()[0]
        verb = first if deed_of(first) and len(part.split()) > 1 else verb
    return tuple(dict.fromkeys(found)), ""


@dataclass(frozen=True, slots=True)
class Meant:
    """The tools of a claim, and what stands above it that does not say which tools are meant."""

    tools: tuple[str, ...]
    beside: tuple[str, ...] = ()


def resolve(claim: Claim, lexicon: Lexicon) -> Meant | None:
    """Return the tools that the actions of a claim mean, with as few words from above as that takes; None if they mean none."""
    implied = [w for w in lexicon.shared if w] if lexicon.is_closed else []
    if any(key in _PLACED for key, _ in claim.qualities):
        implied += ["file"]
    for used in range(len(claim.around) + 1):
        above = claim.around[len(claim.around) - used :]
        found: list[str] = []
        for action in claim.actions or [""]:
            forms = [" ".join([*above, action]).strip()] if used else [action]
            if used > 1:
                forms += [f"{outer} {action}".strip() for outer in above[:-1]]
            forms += [f"{form} {word}" for form in list(forms) for word in implied]
            tools, missed = next(
                ((t, m) for f in forms if f for t, m in [split_actions(f, lexicon)] if not m), ((), "x")
            )
            if missed:
                found = []
                break
            found += tools
        if found:
            return Meant(tuple(dict.fromkeys(found)), tuple(claim.around[: len(claim.around) - used]))
    return None


def rules_of(claim: Claim, meant: Meant | None, lexicon: Lexicon) -> tuple[tuple[NativeRule, ...], str]:
    """Return the rules that a claim becomes, and what was read more narrowly than it may be meant."""
    if meant is None:
        return _of_no_tool(claim, lexicon)
    claim.tools = meant.tools
    if claim.effect == DENY:
        return _denial(claim, meant, lexicon)
    rules: list[NativeRule] = []
    left = list(claim.left)
    for tool in meant.tools:
        when, extra, why = _when(claim, tool, lexicon)
        left += why
        rules += extra
        rules.append(NativeRule("grant", (tool,), claim.roles, when=when))
        if claim.effect == ASK:
            rules.append(NativeRule("requirement", (tool,), claim.roles, when=when, require=APPROVED))
    if left:
        reason = f"not understood: {', '.join(dict.fromkeys(left))}"
        return (no_grant(claim.text, reason, meant.tools, claim.roles),), ""
    return _merged(rules), ""


def _has_unit(tool: str, units: tuple[str, ...], lexicon: Lexicon) -> bool:
    """Tell whether a tool has a parameter of the unit that stands beside a bound: `for up to 25 people`."""
    spec = lexicon.specs.get(tool)
    return spec is not None and any(set(words_for(p.name)) & set(units) for p in spec.parameters)


def _has_no_amount(tool: str, lexicon: Lexicon) -> bool:
    """Tell whether a tool only reads and takes no number: of `read the book and take orders up to 180` the bound is of orders."""
    spec = lexicon.specs.get(tool)
    return (
        spec is not None
        and effect_of(tool)[0] == "read"
        and not any(p.type in ("number", "integer") for p in spec.parameters)
    )


def _merged(rules: Iterable[NativeRule]) -> tuple[NativeRule, ...]:
    """Join rules that say one thing of several tools."""
    merged: list[NativeRule] = []
    for rule in rules:
        for i, other in enumerate(merged):
            if (other.kind, other.roles, other.when, other.require, other.value, other.key) == (
                rule.kind, rule.roles, rule.when, rule.require, rule.value, rule.key
            ):  # fmt: skip
                merged[i] = replace(rule, tools=(*other.tools, *rule.tools), doubt=other.doubt or rule.doubt)
                break
        else:
            merged.append(rule)
    return tuple(merged)


def _when(claim: Claim, tool: str, lexicon: Lexicon) -> tuple[When, list[NativeRule], list[str]]:
    """Return under which conditions a claim is about a tool, the places that its calls go to, and what is not understood."""
    when: When = {}
    places: list[NativeRule] = []
    left: list[str] = []
    if claim.bounds:
        bounded = bounds_for(tool, claim.bounds, claim.units, lexicon)
        when = bounded or {}
        others = [t for t in claim.tools if t != tool]
        is_of_another = any(_has_unit(t, claim.units, lexicon) for t in others) and not _has_unit(
            tool, claim.units, lexicon
        )
        is_free = bool(others) and (is_of_another or _has_no_amount(tool, lexicon))
        left += [] if bounded or is_free else [f"how much {tool} may be"]
    for key, value in claim.qualities:
        hosts = hosts_in(key, value)
        if hosts:
            places.append(NativeRule("places", (tool,), claim.roles, value=hosts, key="allowed_domains"))
            continue
        wanted = condition(tool, key, value, lexicon, is_limit=claim.is_limit)
        both = joined(when, wanted) if wanted is not None else None
        if both is None:
            left.append(f"{key} {value}".strip())
        else:
            when = both
        currency = currency_in(value)
        places += currency_rules((tool,), claim.roles, currency, lexicon)
    for _, amount in claim.bounds[:1]:
        places += currency_rules((tool,), claim.roles, amount.currency, lexicon)
    return when, places, left


_HOST = re.compile(r"(?:\*\.|@|[\w.+-]+@)?(?:[a-z0-9-]+\.)+[a-z]{2,24}", re.IGNORECASE)


def hosts_in(key: str, value: Any) -> list[str]:
    """Return the hosts and addresses that calls may go to; none if that is not what a member says."""
    words = set(split_words(key))
    if not words & set(
        "domain domains host hosts address addresses recipient recipients to site sites destination url urls email".split()
    ):
        return []
    if set(split_words(str(value))) & {"http", "https"}:
        return []
    if words & set("other blocked denied forbidden not except from".split()):
        return []
    items = value if isinstance(value, list) else re.split(r"\s*[,;\s]\s*", str(value).strip())
    return (
        [i.lstrip("@") for i in items]
        if items and all(isinstance(i, str) and _HOST.fullmatch(i) for i in items)
        else []
    )


def _denial(claim: Claim, meant: Meant, lexicon: Lexicon) -> tuple[tuple[NativeRule, ...], str]:
    rules: list[NativeRule] = []
    note = ""
    guess = claim.roles if claim.is_guess else ()
    for tool in meant.tools:
        when, extra, why = _when(claim, tool, lexicon)
        doubt = GUESSED if guess else ""
        if why or claim.left or extra:
            unclear = ", ".join([*claim.left, *why]) or "its places"
            note, doubt = f"forbidden whatever is meant by: {unclear}", f"what is meant is not clear: {unclear}"
            when = {}
        rules.append(NativeRule("denial", (tool,), claim.bound, _broken(when), doubt=doubt, guess=guess))
    return _merged(rules), note


def _broken(when: When) -> When:
    """Return the conditions of a denial: a floor that only keeps a bound honest says nothing of what is forbidden."""
    return {
        name: {o: b for o, b in wanted.items() if o != "not_like" and not (o == "min" and len(wanted) > 1)}
        for name, wanted in when.items()
    }


def _of_no_tool(claim: Claim, lexicon: Lexicon) -> tuple[tuple[NativeRule, ...], str]:
    """Return what is left of a claim that means no tool that is known."""
    said = " ".join([*claim.around, *claim.actions])
    named = tuple(a for a in claim.actions if is_tool_name(a.strip("`'\"")))
    if claim.effect == DENY and named and len(named) == len(claim.actions):
        return (NativeRule("denial", named, claim.bound),), ""
    if claim.effect == DENY:
        above = [word for word in claim.around if tools_of(word, lexicon)]
        beside = [str(value) for key, value in claim.qualities if not key]
        tools = about_phrase(" ".join([*above, *claim.actions, *beside]), lexicon) if lexicon.is_closed else ()
        if lexicon.is_closed and not tools:
            return (), "no tool that is known does this"
        if claim.bound and tools and "*" not in tools:
            note = "forbidden to these only, whatever it means"
            return (NativeRule("denial", tools, claim.bound),), note
        return (review(claim.text, "which tools it means is not certain", tools),), ""
    is_named = bool(named) and len(named) == len(claim.actions)
    is_plain = not claim.qualities and not claim.left and not claim.is_limit and not claim.bounds
    tokens = [token.strip("`'\",;:()") for action in claim.actions for token in action.split()]
    parts = [part for token in tokens for part in (token, *re.split(r"[.:/#\[\]()]", token))]
    inside = tuple(
        dict.fromkeys(filter(None, map(lexicon.exact, parts)))
    )  # `get_order until 2026-12-31`, `pay.needs_receipt`
    if lexicon.is_closed and (is_named or (claim.effect == ALLOW and is_plain)) and not inside:
        return (), "no tool that is known does this: nothing is granted"
    why = f"{'not understood' if inside else 'no tool is known that this means'}: {said.strip()}"
    near = perhaps_granted(said, lexicon) if lexicon.is_closed and claim.effect == ALLOW else ()
    return (no_grant(claim.text, why, inside or near or named, claim.roles),), ""


_MAX_VALUED = 200
"""Parameters whose names are looked for in a phrase."""
_GROUPS = frozenset(map(root, "group groups party parties quantity quantities".split()))


def _valued(claim: Claim, lexicon: Lexicon) -> Meant | None:
    """Read `upload builds to the test channel` as a deed with a value of one of its tool's parameters."""
    text = claim.actions[0]
    names = {p.name for s in lexicon.specs.values() for p in s.parameters if p.type == "string"}
    for name in sorted(names)[:_MAX_VALUED]:
        said = " ".join(split_words(name))
        found = re.search(
            rf"(?:\b(?:to|in|on|for|at|from|into|via|through|by) )?(?:the |a )?([\w-]+) {re.escape(said)}s?\b",
            text,
            re.IGNORECASE,
        )
        if found is None or found.group(1).lower() in (
            "the",
            "a",
            "any",
            "all",
            "every",
            "each",
            "no",
            "other",
            "its",
            "their",
        ):
            continue
        shorter = f"{text[: found.start()]} {text[found.end() :]}".strip()
        meant = resolve(Claim(actions=[shorter], around=claim.around), lexicon) if shorter else None
        if meant and all(
            any(p.name == name for p in lexicon.specs[t].parameters) for t in meant.tools if t in lexicon.specs
        ):
            claim.actions = [shorter]
            claim.qualities.append((name, found.group(1)))
            return meant
    return None


def phrase_claim(text: str, effect: str, roles: tuple[str, ...], lexicon: Lexicon) -> tuple[Claim, Meant | None]:
    """Read a phrase under an effect: `take cake orders up to 180 euros`, `extend stays by up to 3 nights`."""
    is_dated = any(c.isdigit() for c in time_said(text))
    bounds, rest = ([], text) if is_dated else bounds_in(text)
    claim = Claim(effect, roles, actions=[rest.strip(" .")], text=text)
    meant = resolve(claim, lexicon)
    if not bounds:
        return claim, meant or _valued(claim, lexicon)
    words = words_for(rest)
    units: tuple[str, ...] = ()
    if meant is None:  # the unit stands among the words: `stays by 3 nights`
        known = {w for s in lexicon.specs.values() for p in s.parameters for w in words_for(p.name)}
        own = {w for name in lexicon.names for w in words_for(name)}
        for units in (
            tuple(w for w in words if (w in known and w not in own) or w in _GROUPS),
            tuple(w for w in words if w in known),
        ):
            plain = [w for w in rest.split() if root(w.strip(".,").lower()) not in units]
            claim.actions = [" ".join(plain)]
            meant = resolve(claim, lexicon) if units or plain else None
            if meant is not None:
                break
    if meant is None:
        meant = _valued(claim, lexicon)
    claim.bounds, claim.units = bounds, units if meant is not None else words
    return claim, meant
