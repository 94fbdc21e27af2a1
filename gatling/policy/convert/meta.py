"""Sentences about the policy itself: that the rest is denied, and which rule goes before another. They widen nothing.

The default is to deny, and deny goes before ask before allow, whatever a source says; so such a sentence is understood if it says
that, and a remark if it says which goes first.
"""

from __future__ import annotations

import re
from dataclasses import replace

from gatling.policy.convert.claims import Claim, phrase_claim, rules_of, tools_meant
from gatling.policy.convert.constraints import texts
from gatling.policy.convert.entries import Case, rules_of_case
from gatling.policy.convert.legends import QUALIFIED, is_legend_of_checks
from gatling.policy.convert.qualities import bounds_for, bounds_in
from gatling.policy.language.administration import is_administrative
from gatling.policy.language.effects import Effect, effect_in
from gatling.policy.language.grammar import Who, form_of, who_of
from gatling.policy.language.keys import ALLOW, ASK, DENY
from gatling.policy.language.lexicon import Lexicon
from gatling.policy.language.matching import concerned, words_for
from gatling.policy.language.nature import is_default, is_remark, is_ruling
from gatling.policy.language.restrictions import APPROVED
from gatling.policy.language.sentences import MAX_CHARS, is_role, read_sentence
from gatling.policy.language.statement import NativeRule, Reading, Statement, no_grant
from gatling.tools.derive import effect_of

_NOTHING_ELSE = re.compile(
    r",? (?:and|but) (?:(?:it|they|the \w+|you) (?:does|do|may do) )?nothing (?:else|more)\.?\s*$", re.IGNORECASE
)
_NOT_MORE = re.compile(
    r"[,;] (?:and |but )?(?:for )?(?:anything|everything|all) (?:more|above|beyond|larger|over)\b[^.]*\b(?:ask|approv|confirm|no|not|never)[^.]*\.?\s*$",
    re.IGNORECASE,
)
"""What is beyond the bound before it, which is not granted."""
_LARGER = re.compile(
    r"(?:larger|bigger|higher|longer|greater|more) (?:\w+ ){0,2}(?:must|have to|has to|need|needs|aren't|isn't|cannot|can't|are|is|go|require|requires)\b",
    re.IGNORECASE,
)


_FREED = re.compile(
    r"^(?:where|if) .{1,40}\bno (?:approval|sign-?off|consent) is (?:needed|required|necessary)\.?$", re.IGNORECASE
)
_BEYOND = re.compile(
    r"(?:anything |everything |all |amounts? |larger |those |what is )?(?:above|over|beyond|more than|exceeding|> ?)",
    re.IGNORECASE,
)


def _beyond(statement: Statement, before: tuple[str, ...], lexicon: Lexicon) -> Reading | None:
    """Read `Above 600 the bursar decides.` as being about the tools of the sentence before it: without an approval not more."""
    text = statement.text.strip(" .")
    bounds, rest = bounds_in(text)
    if not _BEYOND.match(text) or len(bounds) != 1 or bounds[0][0] not in (">", ">=") or concerned(rest, lexicon):
        return None
    rules: list[NativeRule] = []
    for tool in before:
        when = bounds_for(tool, bounds, (), lexicon)
        if when is None:
            if effect_of(tool)[0] != "read":
                return None
            continue
        rules.append(NativeRule("requirement", (tool,), when=when, require=APPROVED))
        rules.append(NativeRule("requirement", (tool,), require={name: {"min": 0} for name in when}))
    denies = effect_in(rest).effect == DENY
    return Reading(statement, tuple(rules), "an approval is wanted at least" if denies else "") if rules else None


def read_any(
    statement: Statement, lexicon: Lexicon, before: tuple[str, ...] = (), *, is_bounded: bool = False
) -> Reading:
    """Read a sentence, of calls or of the policy itself; what is not understood is about the calls that it has words of.

    Args:
        before: the tools of the sentence before it.
        is_bounded: that it says how much of these there may be.
    """
    topic = _TOPIC.match(statement.text)
    if (
        topic
        and not is_ruling(topic.group("topic"))
        and not effect_in(topic.group("topic")).effect
        and not statement.context.effect
    ):
        rest = statement.text[topic.end() :]
        if (
            form_of(rest) is not None
            and who_of(topic.group("topic")).roles[:1] != ()
            and concerned(topic.group("topic"), lexicon)
        ):
            return replace(
                read_any(replace(statement, text=rest), lexicon, before, is_bounded=is_bounded), statement=statement
            )
    if is_default(statement.text) or _ALL_DENIED.fullmatch(statement.text.strip(" .;")):
        return Reading(statement, (NativeRule("default", value="deny"),))
    if _LARGER.match(statement.text) and before and not concerned(_LARGER.sub("", statement.text), lexicon):
        rule = NativeRule("requirement", before, require=APPROVED)
        return Reading(statement, () if is_bounded else (rule,), "what is more than that is not granted")
    if (
        is_bounded
        and _BEYOND_THAT.match(statement.text)
        and not concerned(_BEYOND_THAT.sub("", statement.text), lexicon)
    ):
        return Reading(statement, (), "what is more than that is not granted")
    if (found := _IF_ROLE.fullmatch(statement.text)) and not statement.context.roles:
        who = who_of(found.group("who"))
        if who.is_clear and who.roles:
            inner = replace(statement, text=found.group("rest"), context=statement.context.with_(roles=who.roles))
            reading = read_any(inner, lexicon, before, is_bounded=is_bounded)
            return replace(reading, statement=statement)
    if is_legend_of_checks(statement.text) or _FREED.search(statement.text):
        return Reading(statement, is_part=True)
    is_plain = not statement.context.effect and not lexicon.named(statement.text)
    if is_plain and (is_remark(statement.text) or is_administrative(statement.text, lexicon)):
        return Reading(statement, is_part=True)
    if (end := _NOTHING_ELSE.search(statement.text)) or (
        (end := _NOT_MORE.search(statement.text)) and bounds_in(statement.text[: end.start()])[0]
    ):
        statement = replace(statement, text=statement.text[: end.start()])
    if before and (beyond := _beyond(statement, before, lexicon)):
        return beyond
    reading = read_sentence(statement, lexicon)
    if reading.status in ("open", "narrowed", "remark") and lexicon.is_closed:
        again = read_by_words(statement, lexicon)
        if again is not None:
            return again
    if reading.status == "remark" and (named := lexicon.named(statement.text)):  # what names a tool is about its calls
        return Reading(statement, (no_grant(statement.text, "no form that is read", named),))
    return reading


_TOPIC = re.compile(r"(?P<topic>[A-Z][\w-]*(?: [\w-]+){0,2}):\s+(?=\w)")
"""`Heating: parents may set the thermostat.`"""
_ALL_DENIED = re.compile(
    r"(?:deny|block|reject|drop|disallow|forbid|refuse|default deny)\s*:?\s+(?:\*|all|any|everything|anything)(?: else| other)?(?: by default)?",
    re.IGNORECASE,
)
"""A line of a list that denies all: what the list does not name."""
_BEYOND_THAT = re.compile(
    r"(?:anything|everything|all|amounts?|sums?|more|larger|higher)?\s*(?:above|over|beyond|more than|larger than|higher than) (?:that|this|it|these)\b"
    r"(?= (?:\w+ ){0,3}(?:approv|confirm|ask|not|never|refus|den|forbid|need|decid|must|has to|have to|go|is))",
    re.IGNORECASE,
)
_IF_ROLE = re.compile(
    r"(?:if|when|where) (?:the |an? )?(?:user|caller|requester|person|employee|one|asker)(?: who asks| asking)? is (?:an? |the )?(?P<who>[\w -]{2,40}?),? "
    r"(?:then )?(?P<rest>(?:the|it|they|he|she|you|this) .+)",
    re.IGNORECASE,
)
"""`IF the user is a coordinator THEN the agent may look up donors.`"""
_AI = r"(?:agent|assistant|bot|chatbot|copilot|helper|system|software agent)"
_THROUGH = re.compile(
    rf"(?P<modal>\b(?:may|can|must|shall|cannot|must not|may not|shall not)) (?:have|let|ask|use|tell|instruct|direct|request) (?:the {_AI}|it)(?: to)? "
    rf"|\b(?:through|by|via|with) (?:the {_AI}|it)\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"^\s*\(?(?:[A-Z]{0,2}[.-]?\d{1,3}(?:\.\d{1,3})*|[a-z])[.):]\s+")
_SAYS = re.compile(r"(?P<what>[^:=]{2,80}?)\s*(?::|=|->|=>|\u2192|\s-\s|\s\u2013\s|\s\u2014\s)\s*(?P<said>.{1,80})")
_CONSENTING = re.compile(
    r"(?:only )?(?:(?:the|an?|our|your|some|one|another) )?(?:(?!for\b|by\b|and\b|or\b|only\b|but\b|if\b|when\b)[\w'-]++ ?){0,3}?"
    r"(?:(?:must|has to|have to|needs? to|should|will)(?: first)?|first|always)?",
    re.IGNORECASE,
)
"""Who consents, beside `approves`: no words of who may ask for the call, `editors, but each time the chair must`."""
_LEAD = re.compile(r"^(?:decided|note|please|also|agreed|rule|policy|tools?)\s*:\s*", re.IGNORECASE)


def read_by_words(statement: Statement, lexicon: Lexicon) -> Reading | None:
    """Read a sentence or a line by the words of the tools that there are, all of them; None if not all of it is understood."""
    context = statement.context
    roles, bound = context.roles, context.bound
    text = re.sub(r"[*_]{2}|(?<!\w)`|`(?!\w)", "", statement.text).strip()
    if (
        len(text) > MAX_CHARS
        or re.search(r"(?<![\w!])!\s*[\w`*]", text)
        or "~~" in text
        or "<!--" in text
        or "?" in text
        or '"' in text
    ):
        return None
    text = _LEAD.sub("", _NUMBER.sub("", text))
    text = re.sub(r"^(?:and|but|also|so) ", "", text, flags=re.IGNORECASE)
    if context.effect == DENY:
        text = re.sub(r" \([a-z' ]{2,40}\)$", "", text)
    if context.effect and not context.doubt:  # an item below a heading, whatever its words are elsewhere: `ban players`
        claim, meant = phrase_claim(text, context.effect, bound if context.effect == DENY else roles, lexicon)
        claim.text = statement.text
        if meant is not None and not QUALIFIED.search(bounds_in(text)[1]):
            rules, note = rules_of(claim, meant, lexicon)
            if not note and not any(rule.kind == "review" for rule in rules):
                return Reading(statement, rules)
    text = re.sub(
        rf"\b(?:don't|do not|never|please don't|please do not) let (?:the {_AI}|it) ",
        "never ",
        text,
        flags=re.IGNORECASE,
    )
    text = re.sub(r"\b(may|can|must|shall) also ", r"\1 ", text)
    text = _THROUGH.sub(lambda m: f"{m.group('modal')} " if m.group("modal") else "", text).strip(" .")
    case = _case(text)
    form = form_of(text) if case is None else None
    if case is not None:
        who, what, effect = case
        if not who.is_clear or context.effect:
            return None
        if effect == DENY and is_default(text):
            return Reading(statement, (NativeRule("default", value="deny"),))
        roles, bound = who.roles or roles, who.roles if is_role(who.roles, lexicon) else bound
    elif form is not None and form.verdict in ("allow", "deny"):
        who = who_of(form.who)
        if not who.is_clear or (form.verdict == "deny" and who.roles and not is_role(who.roles, lexicon)):
            return None
        roles, bound = who.roles or roles, who.roles or bound
        effect, what = form.verdict, form.what
        if form.is_exclusive or form.is_only or (context.effect == DENY and effect != DENY):
            return None
    elif form is not None and form.verdict == "default":
        return Reading(statement, (NativeRule("default", value="deny"),))
    else:
        effect, what = _marked(text, lexicon)
        effect, what = effect or context.effect, what if effect else text
        if form is not None and form.verdict in ("ask", "limit") and not context.effect:
            return None
    if context.effect and effect != context.effect:
        effect = DENY if DENY in (context.effect, effect) else ASK
    inner = effect_in(what)
    if phrase_claim(what, effect, (), lexicon)[1] is not None:
        inner = Effect("", what)  # `approve requests` is what is done
    if inner.effect == ASK and effect != DENY and tools_meant(inner.rest, lexicon) == ():
        said = _asked(what)
        effect, what = (ASK, said) if said else ("", what)
    if not effect or (context.doubt and effect != DENY) or QUALIFIED.search(bounds_in(what)[1]):
        return None
    claim, meant = phrase_claim(what, effect, bound if effect == DENY else roles, lexicon)
    claim.text = statement.text
    if meant is None and claim.bounds and effect in (ASK, DENY) and not context.effect:
        return _bounded(statement, claim, lexicon)
    if meant is None and (split := _with_tail(what, effect, bound if effect == DENY else roles, statement, lexicon)):
        return split
    if meant is None or claim.left:
        return None
    rules, note = rules_of(claim, meant, lexicon)
    return None if any(rule.kind == "review" for rule in rules) or note else Reading(statement, rules)


def _with_tail(
    what: str, effect: str, roles: tuple[str, ...], statement: Statement, lexicon: Lexicon
) -> Reading | None:
    """Read `set the thermostat in any room between 16 and 24 degrees`: a deed of one tool, and what is wanted of its arguments."""
    words = what.strip(" .").split()
    for size in range(min(len(words) - 1, 8), 0, -1):
        tools = tools_meant(" ".join(words[:size]).rstrip(","), lexicon)
        tail = " ".join(words[size:])
        if len(tools) != 1 or not texts(tools[0], tail, lexicon):
            continue
        rules, note = rules_of_case(Case(effect, roles, [("limits", tail, False)]), tools, lexicon, statement.text)
        return None if note or any(rule.kind == "review" for rule in rules) else Reading(statement, rules)
    return None


_CASE = re.compile(
    r"(?:(?:scenario|case|rule)\b[^:]{0,40}:.{0,80}?)?(?:given (?P<who>.{1,60}?),? )?(?:if|when|whenever) (?P<what>.{1,200}?),? "
    r"(?:then|=>|->)(?: that)? (?P<then>.{1,80})",
    re.IGNORECASE,
)
_ASKED_TO = re.compile(
    rf"(?:(?:the|a|an) )?(?:request|task|call|action|{_AI}|user|it|someone|somebody|customer|he|she|they)(?: is| are)?(?: asked| asks| wants| wishes| tries| requested)?"
    rf"(?: (?:the {_AI}|it))?(?: to)? ",
    re.IGNORECASE,
)


_ANYBODY = re.compile(
    r"(?:(?:any )?(?:users?|persons?|roles?|one|customer)(?: (?:of|with|in) any role)?|anyone|anybody|everyone)?",
    re.IGNORECASE,
)
_REFUSES = re.compile(
    r"(?:it|the \w+|he|she|they) (?:refuses?|declines?|does not|doesn't|must not|may not)\b", re.IGNORECASE
)
_WAITS = re.compile(
    r"(?:it|the \w+|he|she|they) (?:waits?|asks?|holds?|stops?)\b|.*\b(?:has|have|must|needs?) (?:to )?(?:agreed?|approved?|confirm(?:ed)?|sign(?:ed)? off|release[d]?)\b",
    re.IGNORECASE,
)
_DOES = re.compile(r"(?:it|the (?:agent|assistant|bot)) (?:may |can |does |will |shall )?(?P<what>.+)", re.IGNORECASE)


def _done_then(what: str, then: str) -> str:
    """Return the effect of what is done: `then it reads the meter` permits what was asked; `then it refuses` does not."""
    if _REFUSES.match(then):
        return DENY
    if _WAITS.match(then):
        return ASK
    does = _DOES.fullmatch(then.strip(" ."))
    said = set(words_for(what))
    return ALLOW if does and set(words_for(does.group("what"))) <= said | {"so", "that"} else ""


def _case(text: str) -> tuple[Who, str, str] | None:
    """Read `if the request is to send a receipt then allow`, `given .. when .. then ..`: who, what and the effect."""
    match = _CASE.fullmatch(text)
    if match is None:
        return None
    said = effect_in(
        re.sub(
            r"^(?:it|this|that|the \w+) (?:is|shall be|will be|must be) ", "", match.group("then"), flags=re.IGNORECASE
        )
    )
    effect = (
        said.effect if not said.rest or said.effect == ASK else _done_then(match.group("what"), match.group("then"))
    )
    if not effect or re.search(r"\b(?:and|or) (?:if|when|given)\b", text, re.IGNORECASE):
        return None
    what = (
        _ASKED_TO.sub("", match.group("what"), count=1) if _ASKED_TO.match(match.group("what")) else match.group("what")
    )
    what = re.sub(r"\b(?:is|are|costs?|exceeds?) (?=above|over|below|under|more|less|up to|at most)", "", what)
    who = match.group("who") or ""
    plain = re.sub(r"^(?:any|a|an|the|every) ", "", who.strip(), flags=re.IGNORECASE)
    return (
        (Who() if _ANYBODY.fullmatch(plain) else who_of(plain)),
        what,
        effect,
    )


def _bounded(statement: Statement, claim: Claim, lexicon: Lexicon) -> Reading | None:
    """Read `orders above 180 euros: ask first`: it bounds whatever tool has the thing in its name and takes such a number."""
    things = words_for(" ".join(claim.actions))
    rules: list[NativeRule] = []
    for tool in lexicon.names:
        if not things or not all(thing in words_for(tool) for thing in things):
            continue
        when = bounds_for(tool, claim.bounds, claim.units, lexicon)
        if when is None and claim.effect == ASK and effect_of(tool)[0] != "read":
            rules.append(NativeRule("requirement", (tool,), claim.bound, require=APPROVED))
        elif when is None:
            if effect_of(tool)[0] != "read":
                return None
        elif claim.effect == ASK:
            rules.append(NativeRule("requirement", (tool,), claim.bound, when=when, require=APPROVED))
            rules.append(NativeRule("requirement", (tool,), claim.bound, require={name: {"min": 0} for name in when}))
        else:
            rules.append(NativeRule("denial", (tool,), claim.bound, when=when))
    return Reading(statement, tuple(rules)) if rules else None


_ASKED = re.compile(
    rf"(?:\*\*|__|#+ |Q:? )?\s*(?:can|may|does|is|will|should) (?:it|you|we|i|the {_AI})(?: allowed to| able to| permitted to)? (.+?)\?\**",
    re.IGNORECASE,
)
_ANSWER = re.compile(
    r"(?:A:? )?(?P<said>yes|no|never|sure|of course not|certainly|only [^.]{1,80}|with [^.]{1,60}|after [^.]{1,60})(?P<rest>[^.]*)\.?(?P<more>.*)",
    re.I,
)


def question_of(text: str) -> str:
    """Return what a question asks whether it may be done; empty if it is none."""
    match = _ASKED.fullmatch(text.strip())
    return match.group(1) if match else ""


def read_answer(question: str, statement: Statement, lexicon: Lexicon) -> Reading | None:
    """Read the answer to whether something may be done; None if not all of it is understood."""
    match = _ANSWER.fullmatch(statement.text.strip())
    if match is None or match.group("more").strip():
        return None
    said = effect_in(re.sub(r"(?i)^(?:sure|certainly)$", "yes", match.group("said")))
    rest = match.group("rest").strip(" ,")
    if not said.effect or (said.rest and said.effect != ASK) or question_of(question):
        return None
    roles: tuple[str, ...] = ()
    if rest and said.effect == ALLOW:
        found = re.fullmatch(r"(?:but only )?for (?:every |all |any )?([\w' ,-]+)", rest, re.IGNORECASE)
        who = who_of(found.group(1)) if found else None
        if who is None or not who.is_clear:
            return None
        roles = who.roles
    if QUALIFIED.search(question):
        return None
    claim, meant = phrase_claim(question, said.effect, roles if said.effect != DENY else (), lexicon)
    claim.text = f"{question}? {statement.text}"
    if meant is None or claim.left:
        return None
    rules, note = rules_of(claim, meant, lexicon)
    return None if note or any(rule.kind == "review" for rule in rules) else Reading(statement, rules)


def _asked(text: str) -> str:
    """Return a phrase without the words that say that it wants an approval; empty if more than these go with them."""
    left = text
    for separator in (" only ", ", ", " - ", " \u2013 ", " \u2014 ", " (", " after ", " with ", " once ", ": "):
        head, found, tail = text.partition(separator)
        said = effect_in(f"{separator.strip(' (,:-')} {tail.rstrip(')')}")
        if found and said.effect == ASK and _CONSENTING.fullmatch(said.rest) and not effect_in(head).effect:
            return head.strip()
    return "" if left == text else left


def _marked(text: str, lexicon: Lexicon) -> tuple[str, str]:
    """Return the effect of a line that is marked with it, before or behind what it is about, and the rest; nothing if it is not."""
    head = re.match(r"(\W{1,3}|[A-Za-z][\w ]{0,24}\s*:)\s*(.+)", text)
    if head:
        said = effect_in(head.group(1).rstrip(": "))
        if said.effect and not said.rest:
            return said.effect, head.group(2)
    tail = _SAYS.fullmatch(text)
    if tail:
        said = effect_in(tail.group("said"))
        if said.effect and (not said.rest or (said.effect == ASK and _CONSENTING.fullmatch(said.rest))):
            return said.effect, tail.group("what")
        if said.effect and bounds_in(said.rest)[0]:
            return said.effect, f"{tail.group('what')} {said.rest}"
    end = re.fullmatch(r"(.+?)\s*(\W{1,3})", text)
    if end and effect_in(end.group(2)).effect:
        return effect_in(end.group(2)).effect, end.group(1)
    return "", text
