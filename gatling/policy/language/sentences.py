"""From a sentence to native rules: a grant only where all of it is understood, a denial at least for all that it names."""

from __future__ import annotations

import re

from gatling.policy.globs import matches, squashed, squashed_name
from gatling.policy.language import keys
from gatling.policy.language.deeds import EVERY, GENERIC_VERBS, root, same_deed, same_object
from gatling.policy.language.grammar import ROLE_NOUNS, Form, Who, form_of, who_of
from gatling.policy.language.lexicon import NAME, Lexicon, is_tool_name
from gatling.policy.language.phrase import Phrase, parse_phrase
from gatling.policy.language.restrictions import (
    APPROVED,
    bounds_of,
    not_there,
    restrictions,
    stated,
    when_of,
    within,
)
from gatling.policy.language.statement import NativeRule, Reading, Statement, no_grant, review
from gatling.policy.reading.vocabulary import MODAL_WORDS
from gatling.policy.unread import mentions
from gatling.schema.plain import cut
from gatling.schema.words import split_words
from gatling.tools.naming import singular

MAX_CHARS = 1_000
_RESERVED = frozenset("reserved exclusively exclusive solely hands avoid refrain care careful".split())


def read_sentence(statement: Statement, lexicon: Lexicon) -> Reading:
    """Read one sentence, or the item of a list under a heading that permits or forbids."""
    context = statement.context
    text = re.sub(r"[*_]{2}", "", statement.text).strip()
    if len(text) > MAX_CHARS:
        return Reading(statement, (review(cut(text, 300), "a sentence too long to be read", ("*",)),))
    if "~~" in text or "<!--" in text or re.search(r"(?<![\w!])!\s*[\w`*]", text):
        return Reading(statement, (review(statement.text, "struck out, turned into its contrary, or hidden"),))
    stated = _verdict_line(statement, text, lexicon)
    if stated is not None:
        return stated
    form = form_of(text)
    if context.effect and (form is None or form.verdict == "limit"):
        form = Form({"allow": "allow", "deny": "deny", "ask": "ask"}[context.effect], text)  # type: ignore[arg-type]
    if form is None:
        return _unread(statement, "no form that is read", lexicon)
    if context.effect == "deny" and form.verdict == "allow":
        return _left(statement, "permitted under a heading that forbids", lexicon, form)
    if form.verdict == "default":
        return Reading(statement, (NativeRule("default", value="deny"),))
    who = who_of(form.who)
    if form.verdict != "allow" and who.roles and not is_role(who.roles, lexicon):
        who = Who(
            is_clear=False, guess=who.roles
        )  # `external users`: whom it binds is not known by a role, so it binds everybody
    if not who.roles and who.is_clear:
        who = Who(context.roles if form.verdict == "allow" else context.bound)
    phrase = parse_phrase(form.what, lexicon)
    match form.verdict:
        case "allow":
            return _allow(statement, form, who, phrase, lexicon)
        case "deny":
            return _deny(statement, who, phrase, lexicon)
        case "ask":
            return _ask(statement, who, phrase, lexicon)
        case _:
            return _limit(statement, who, phrase, lexicon)


_VERDICT_LINE = re.compile(rf"[`'\"]?({NAME})[`'\"]?(?:\(\))?\s*(?::|->|=>|=|-|\u2013|\u2192)\s*([^:]{{1,40}})")


def _verdict_line(statement: Statement, text: str, lexicon: Lexicon) -> Reading | None:
    """Read `read_file: allowed`, `delete_file - never`; None if the line is not of that form."""
    match = _VERDICT_LINE.fullmatch(text.rstrip("."))
    tool = match and (lexicon.exact(match.group(1)) or (match.group(1) if is_tool_name(match.group(1)) else ""))
    effect = match and keys.effect_of_value(match.group(2))
    if not match or not tool or not effect:
        return None
    roles = statement.context.roles
    if effect == keys.DENY or statement.context.effect == keys.DENY:
        return Reading(statement, (NativeRule("denial", (tool,), roles),))
    if statement.context.doubt:
        return Reading(statement, (review(statement.text, f"nothing is granted: {statement.context.doubt}", (tool,)),))
    rules = [NativeRule("grant", (tool,), roles)]
    if effect == keys.ASK:
        rules.append(NativeRule("requirement", (tool,), roles, require=APPROVED))
    return Reading(statement, tuple(rules))


def is_role(roles: tuple[str, ...], lexicon: Lexicon) -> bool:
    """Tell whether what restricts some is restricted to a role: one that the source knows, or a word for one."""
    return any(role.lower() in lexicon.roles or singular(role.lower()) in ROLE_NOUNS for role in roles)


def _unread(statement: Statement, reason: str, lexicon: Lexicon) -> Reading:
    """Return what nobody read: a remark if it can be about no call, else something to decide."""
    said = mentions((), statement.text)
    tokens = (token.strip("`.,;:'\"()") for token in statement.text.split())
    words = split_words(statement.text)
    rules = any(leaf.is_restricting for leaf in said) or not (MODAL_WORDS | _RESERVED).isdisjoint(words)
    if not rules and not statement.context.effect and not any(map(is_tool_name, tokens)):
        deeds = {deed for deed, _ in parse_phrase(statement.text, lexicon).deeds if not same_deed(deed, "read")}
        meant = tuple(dict.fromkeys(tool for deed in sorted(deeds) for tool in lexicon.denied(deed, ())))
        if not meant:
            return Reading(statement)
        return Reading(statement, (review(statement.text, reason, meant),))
    return Reading(statement, (review(statement.text, reason),))


def _left(statement: Statement, reason: str, lexicon: Lexicon, form: Form | None = None) -> Reading:
    return Reading(statement, (review(statement.text, reason),))


# --- grants ---------------------------------------------------------------------------------------------------------------


def _allow(statement: Statement, form: Form, who: Who, phrase: Phrase, lexicon: Lexicon) -> Reading:
    tools, left = granted_tools(phrase, lexicon)
    if phrase.is_everything:
        tools = _everything_but(phrase.exceptions, lexicon)
        left = () if tools else ("what is excepted is not known",)
    why = _doubt(statement, who, phrase, left)
    rules: list[NativeRule] = []
    if phrase.exceptions is not None:
        denied, _ = denied_tools(phrase.exceptions, lexicon)
        if denied:
            rules.append(NativeRule("denial", denied, who.roles))
        else:
            why = why or "what is excepted is not known"
    if not tools and not why:
        why = f"no tool is known that this means: {', '.join(left) or form.what}"
    rules += restrictions(phrase, tools, who, lexicon) if tools else []
    if why:
        return Reading(
            statement, (*rules, no_grant(statement.text, why, phrase.named, who.roles if who.is_clear else ()))
        )
    rules.insert(0, NativeRule("grant", tools, who.roles, is_exclusive=form.is_exclusive))
    return Reading(statement, tuple(rules))


def _everything_but(exceptions: Phrase | None, lexicon: Lexicon) -> tuple[str, ...]:
    """Return all tools that are known without those that are excepted or may be; a pattern where none is known by a catalogue,
    and what is excepted is named. Nothing where that is not clear."""
    if exceptions is None:
        return ("*",)
    denied, perhaps = denied_tools(exceptions, lexicon)
    is_named = not exceptions.deeds and not exceptions.rest and bool(exceptions.named)
    if not denied or (not is_named and not lexicon.is_closed):
        return ()
    if not lexicon.is_closed:
        return ("*",)
    out = {*denied, *perhaps}
    return tuple(
        t for t in lexicon.names if t not in out and not any(matches(squashed(d), squashed_name(t)) for d in denied)
    )


def _doubt(statement: Statement, who: Who, phrase: Phrase, left: tuple[str, ...]) -> str:
    """Return why a grant is not written; empty if all of it is understood."""
    if statement.context.doubt:
        return statement.context.doubt
    if not who.is_clear:
        return "whom it is about is not clear"
    if phrase.rate:
        return f"how much {phrase.rate} is not counted over conversations"
    if phrase.outside:
        return f"outside of {', '.join(phrase.outside)} is not read"
    return f"not understood: {', '.join(left)}" if left else ""


def granted_tools(phrase: Phrase, lexicon: Lexicon) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the tools that a phrase names or means for a grant, and the words that are left over."""
    tools = list(phrase.named)
    left = list(phrase.rest)
    for deed, objects in phrase.deeds:
        if phrase.named and deed in GENERIC_VERBS:
            left += [
                o
                for o in objects
                if not (root(o) == "tool" or any(o in map(root, split_words(n)) for n in phrase.named))
            ]
            continue
        found = lexicon.granted(deed, objects)
        if phrase.named and found and not set(found) <= set(phrase.named):
            tools += found
        elif not found:
            left += [deed, *objects]
            continue
        else:
            tools += found
        left += [o for o in objects if not _is_said(o, deed, found)]
    return tuple(dict.fromkeys(tools)), tuple(dict.fromkeys(left))


def _is_said(word: str, deed: str, tools: tuple[str, ...]) -> bool:
    """Tell whether a word is in the name of a tool, or says the deed once more."""
    return (
        word in EVERY
        or same_deed(word, deed)
        or any(
            same_object(word, root(part)) or same_deed(word, root(part)) for tool in tools for part in split_words(tool)
        )
    )


# --- denials --------------------------------------------------------------------------------------------------------------


def _deny(statement: Statement, who: Who, phrase: Phrase, lexicon: Lexicon) -> Reading:
    if (
        phrase.exceptions is not None
        and not phrase.named
        and not phrase.deeds
        and not phrase.limits
        and not phrase.paths
    ):
        return _left(statement, "a denial with an exception", lexicon)
    tools, perhaps = denied_tools(phrase, lexicon)
    note = doubt = ""
    rules: list[NativeRule] = []
    words = [w for _, objects in phrase.deeds for w in objects]
    left = [*phrase.rest, *(o for o in words if tools and not any(_is_said(o, d, tools) for d, _ in phrase.deeds))]
    roles = who.roles
    if not who.is_clear:
        note, doubt = "forbidden to everybody, as whom it is about is not clear", "whom it is about is not clear"
    if not tools and not phrase.named:
        return Reading(
            statement, (review(statement.text, "no tool is known that this means", _about_denial(phrase, lexicon)),)
        )
    if phrase.exceptions is not None:
        spared, _ = granted_tools(phrase.exceptions, lexicon)
        if set(tools) & set(spared):
            note = note or "the exception is not made"
        elif not spared:
            note = "the exception is not made, as it is not understood"
    if phrase.needs_approval:
        rules.append(NativeRule("requirement", tools, roles, when=when_of(phrase, tools, lexicon), require=APPROVED))
    elif phrase.needs_request:
        rules.append(NativeRule("request", tools, roles))
    elif phrase.limits and not phrase.rate and not left:
        rules += [
            NativeRule("denial", (tool,), roles, when={argument: operators}, doubt=doubt)
            for tool in tools
            for argument, operators in bounds_of(phrase, tool, lexicon).items()
        ]
        rules += stated(phrase, tools, roles, lexicon)
    elif phrase.outside and not left and not phrase.limits and not phrase.paths:
        if all("/" in place for place in phrase.outside):
            rules += [NativeRule("requirement", (t,), roles, require=within(phrase.outside, t, lexicon)) for t in tools]
        else:
            rules.append(NativeRule("places", tools, roles, value=list(phrase.outside)))
    elif phrase.paths and not left and not phrase.limits:
        rules += not_there(phrase, tools, roles, lexicon)
    elif phrase.places and not left:
        rules.append(review(statement.text, "where it must not go is to be listed under blocked_domains", tools))
    else:
        if left or phrase.limits or phrase.rate or phrase.paths or phrase.places or phrase.outside:
            unclear = ", ".join([*left, *filter(None, [phrase.rate])]) or "its conditions"
            note = note or f"forbidden whatever is meant by: {unclear}"
            doubt = doubt or f"what is meant is not clear: {unclear}"
        rules.append(NativeRule("denial", tools, roles, doubt=doubt, guess=who.guess))
    if perhaps:
        rules.append(review(statement.text, "whether it means these tools too", perhaps))
    return Reading(statement, tuple(rules), note)


def denied_tools(phrase: Phrase, lexicon: Lexicon) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the tools that a denial means for certain, and those that it may mean besides."""
    tools = list(phrase.named)
    perhaps: list[str] = []
    for deed, objects in phrase.deeds:
        if deed in GENERIC_VERBS and phrase.named:
            continue
        tools += lexicon.denied(deed, objects)
        perhaps += lexicon.perhaps(deed, objects)
    if not phrase.deeds and phrase.rest:  # `no payments`
        for word in map(root, phrase.rest):
            perhaps += [name for name in lexicon.names if any(same_object(word, root(w)) for w in split_words(name))]
    return tuple(dict.fromkeys(tools)), tuple(dict.fromkeys(p for p in perhaps if p not in tools))


def _about_denial(phrase: Phrase, lexicon: Lexicon) -> tuple[str, ...]:
    """Return the tools that an open denial is about: all, where it may forbid to read, and no tool is known that it means."""
    found = denied_tools(phrase, lexicon)[1]
    if found:
        return ()  # by its words, which mean these too
    reads = any(deed in GENERIC_VERBS or same_deed(deed, "read") for deed, _ in phrase.deeds)
    return ("*",) if reads else ()


def _ask(statement: Statement, who: Who, phrase: Phrase, lexicon: Lexicon) -> Reading:
    tools, perhaps = denied_tools(phrase, lexicon)
    if not tools:
        return Reading(
            statement,
            (review(statement.text, "no tool is known that needs this approval", _about_denial(phrase, lexicon)),),
        )
    words = [o for deed, objects in phrase.deeds for o in objects if not _is_said(o, deed, tools)]
    left = [*phrase.rest, *words]
    when = {} if left else when_of(phrase, tools, lexicon)
    rules = [NativeRule("requirement", tools, (), when=when, require=APPROVED)]
    if when:
        rules += stated(phrase, tools, (), lexicon)
    if perhaps:
        rules.append(review(statement.text, "whether it means these tools too", perhaps))
    note = f"every call of {', '.join(tools)} needs approval, whatever is meant by: {', '.join(left)}" if left else ""
    return Reading(statement, tuple(rules), note)


def _limit(statement: Statement, who: Who, phrase: Phrase, lexicon: Lexicon) -> Reading:
    tools, perhaps = denied_tools(phrase, lexicon)
    words = [o for deed, objects in phrase.deeds for o in objects if not _is_said(o, deed, tools)]
    left = [*phrase.rest, *words]
    has_bound = bool(phrase.limits or phrase.places or phrase.paths)
    rules = restrictions(phrase, tools, who, lexicon) if tools and has_bound and not phrase.rate else []
    if not rules or left:
        reason = (
            f"how much {phrase.rate} is not counted over conversations"
            if phrase.rate
            else "which calls it bounds is not known"
        )
        reason = f"not understood: {', '.join(left)}" if left and tools and not phrase.rate else reason
        rules.append(review(statement.text, reason, tools))
    if perhaps:
        rules.append(review(statement.text, "whether it means these tools too", perhaps))
    return Reading(statement, tuple(rules))
