"""Every piece of the source is accounted for: what is no rule is a remark for certain, or closes calls that it may be about."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from dataclasses import replace
from typing import Any

from gatling.policy.language import keys
from gatling.policy.language.administration import is_administrative, is_purpose
from gatling.policy.language.concern import EVERY_CALL, about, about_phrase, best_of
from gatling.policy.language.effects import effect_in
from gatling.policy.language.lexicon import Lexicon
from gatling.policy.language.matching import perhaps_granted
from gatling.policy.language.nature import is_about_others, is_remark, is_ruling, is_state
from gatling.policy.language.restrictions import APPROVED
from gatling.policy.language.scope import is_reason, scope_of
from gatling.policy.language.statement import NativeRule, Reading, Statement, is_no_grant, review
from gatling.policy.reading.vocabulary import is_prose
from gatling.policy.source import DataPath, PolicySource
from gatling.schema.arguments import walk

_PERMITS = frozenset("may can allow allowed permit permitted could approve release clear".split())
_NO_RULE = "no form that is read"
_PERHAPS = "whether it means these tools too"


def accounted(readings: list[Reading], lexicon: Lexicon) -> list[Reading]:
    """Return the readings so that nothing that may restrict is left out: each such piece is an item of review, with its tools."""
    grants = [rule for reading in readings for rule in reading.rules if rule.kind == "grant"]
    denied = {
        t
        for r in readings
        for rule in r.rules
        if rule.kind == "denial" and not rule.roles and not rule.when
        for t in rule.tools
    }
    is_of_roles = bool(grants) and all(rule.roles for rule in grants)
    result: list[Reading] = []
    lines: dict[int, tuple[str, ...]] = {}
    asked: set[int] = set()
    for reading in readings:
        line = reading.statement.line
        said = reading.statement
        if said.beside and denied.issuperset(said.beside) and is_reason(said.text, said.beside, lexicon):
            result.append(replace(reading, rules=(), is_part=True))
            continue
        last = next((rule.tools for rule in result[-1].rules if rule.tools), ()) if result else ()
        before = lines.get(line, last)
        if line in asked and _APPROVES.fullmatch(reading.statement.text.strip(" .")) and reading.status == "open":
            result.append(replace(reading, rules=(), is_part=True))
            continue
        if any(rule.require == APPROVED for rule in reading.rules):
            asked.add(line)
        lines[line] = tuple(dict.fromkeys((*lines.get(line, ()), *(t for rule in reading.rules for t in rule.tools))))
        result.append(_of_tools(_accounted(reading, lexicon, is_of_roles=is_of_roles), lexicon, before))
    return result


def _accounted(reading: Reading, lexicon: Lexicon, *, is_of_roles: bool) -> Reading:
    if reading.rules or reading.is_part or reading.note:
        return reading
    statement = reading.statement
    pieces = _pieces(statement.key, statement.value, statement.text)
    left = [piece for piece in pieces if not _says_nothing(piece, lexicon)]
    if is_of_roles:
        left = [piece for piece in left if not is_about_others(piece[1])]
    if statement.is_heading and is_remark(statement.text, is_heading=True):
        left = []
    if not left:
        return reading
    return replace(reading, rules=(review(statement.text, _NO_RULE),))


def sentences_in_keys(source: PolicySource, taken: Container[DataPath] = ()) -> Iterator[Statement]:
    """Yield the keys of a tree that are sentences: `Never hand over crypto: true`. What stands there does not unsay them.

    Args:
        taken: members that a reader took for a bound of its entry; such a key says more only with a full stop.
    """
    for path, value in walk(source.data):
        key = path[-1] if path else ""
        if not isinstance(key, str) or len(key.split()) < 2 or isinstance(value, (dict, list)):
            continue
        is_said = value is None or isinstance(value, (bool, int, float)) or not effect_in(str(value)).effect
        is_sentence = key.rstrip().endswith((".", "!", "?")) or (is_said and (is_ruling(key) or is_state(key)))
        if path in taken and not key.rstrip().endswith((".", "!", "?")):
            continue
        if is_sentence and not (keys.effect_of_key(key) and keys.is_plain_effect(key)):
            yield Statement(source.lines.get(path, 1), " ".join(key.split()))


def _says_nothing(piece: tuple[str, str], lexicon: Lexicon) -> bool:
    key, text = piece
    sentences = re.split(r"(?<=[.!?;])\s+(?=[A-Z(])", text)
    return all(is_remark(s, key=key) or is_administrative(s, lexicon) for s in sentences) or is_purpose(key, text)


def _pieces(key: str, value: Any, text: str) -> list[tuple[str, str]]:
    """Return the texts of a part, each with its key."""
    if value is None or value == "heading":
        return [("", text)]
    found = []
    for path, leaf in walk(value):
        own = next((part for part in reversed(path) if isinstance(part, str)), key)
        if not isinstance(leaf, (dict, list)):
            found.append((own, str(leaf)))
    return found


def _of_tools(reading: Reading, lexicon: Lexicon, before: tuple[str, ...]) -> Reading:
    """Return a reading whose open items name the tools that they may be about, where all tools are known."""
    if reading.status != "open":
        return reading
    if not lexicon.is_closed:
        return replace(reading, rules=tuple(_about_any(rule, lexicon) for rule in reading.rules))
    rules: list[NativeRule] = []
    for rule in reading.rules:
        if rule.kind == "review" and (not rule.tools or not set(rule.tools) <= set(lexicon.names)):
            text = str(rule.value) or reading.statement.text
            if is_mere_permission(rule):
                tools = perhaps_granted(text, lexicon)
                if not tools:
                    continue
            else:
                is_long = rule.tools == EVERY_CALL and rule.reason.startswith("a sentence too long")
                tools = EVERY_CALL if is_long else concerned(reading, text, lexicon)
                if before and _SAYS_THAT.fullmatch(text.strip(" .")):
                    tools = before
                if not tools:
                    continue
            rule = replace(rule, tools=tools)
        elif (
            is_no_grant(rule)
            and not (reading.statement.key or reading.statement.beside)
            and (beside := _beside(str(rule.value), lexicon))
        ):
            rule = replace(
                rule,
                tools=beside if EVERY_CALL in (beside, rule.tools) else tuple(dict.fromkeys((*rule.tools, *beside))),
            )
        elif rule.reason == _PERHAPS and reading.statement.context.effect == keys.DENY:
            near = about_phrase(str(rule.value), lexicon)
            rule = replace(rule, tools=tuple(t for t in rule.tools if near == EVERY_CALL or t in near))
            if not rule.tools:
                continue
        rules.append(rule)
    note = reading.note if rules else reading.note or "no tool that is known does this"
    return replace(reading, rules=tuple(rules), note=note)


_SAYS_THAT = re.compile(
    r"(?:only )?(?:the |an? |our )?(?:[\w'-]+ ){1,4}"
    r"(?:does|do|decides?|handles?|(?:may|can|must) do|did|(?:must |has to |have to |needs to )?"
    r"(?:approves?|confirms?|agrees?|sign(?:s)? off|decides?|release[sd]?))"
    r"(?: (?:that|this|it|so|those|these|first|before|every time|each time))*",
    re.IGNORECASE,
)
"""`Only the circulation desk does that`: it is about what the sentence before it is about."""


_APPROVES = re.compile(
    r"(?:the |an? |our )?(?:[\w'-]+ ){1,4}(?:must |has to |have to |needs to )?(?:approves?|confirms?|agrees?|signs? off)"
    r"(?: first| it| this)*",
    re.IGNORECASE,
)
"""Who approves what stands in the line, where an approval is asked for anyway."""


def _about_any(rule: NativeRule, lexicon: Lexicon) -> NativeRule:
    """Return an item, about every call where it is a sentence whose head none of the tools has that the source names."""
    is_said = rule.kind == "review" and not rule.tools and rule.reason in (_NO_RULE, "a sentence beside a rule")
    return replace(rule, tools=EVERY_CALL) if is_said and about(str(rule.value), lexicon) == EVERY_CALL else rule


def is_mere_permission(rule: NativeRule) -> bool:
    """Tell whether a rule is what is left of a grant, and its text only permits: no other call is less allowed for it."""
    return is_no_grant(rule) and not is_ruling(re.sub(r"[|`*]", " ", str(rule.value)), spared=_PERMITS)


def concerned(reading: Reading, text: str, lexicon: Lexicon) -> tuple[str, ...]:
    """Return the tools that an item may be about.

    What stands under keys is about the tools that these have words of, unless it is a sentence, which may be about more.
    """
    statement = reading.statement
    if statement.beside:
        return scope_of(text, statement.beside, lexicon, explains=statement.explains)
    if statement.key and (head := re.match(r"[\w\[\]. -]*?: ", text)):
        above, said = best_of(head.group(), lexicon), text[head.end() :]
        if above and not is_prose(said):
            return above
        if above:
            meant = about(said, lexicon)
            return meant if meant == EVERY_CALL else tuple(dict.fromkeys((*above, *meant)))
    if statement.context.effect == keys.DENY:
        asked, found, said = text.partition("? ")
        meant = about_phrase(asked, lexicon)
        return meant if not found or meant == EVERY_CALL or not _GOES_ON.search(said) else about(text, lexicon)
    return about(text, lexicon)


def _beside(text: str, lexicon: Lexicon) -> tuple[str, ...]:
    """Return the tools that other clauses are about than the one that names a tool: `use send_mail, cash is frozen`."""
    found: dict[str, None] = {}
    for clause in re.split(r"[.;:!?]\s+|,\s+|\s(?:and|but)\s|\s(?=[A-Z][a-z]+ (?:is|are|must|may|can|needs?) )", text):
        names_one = any(lexicon.exact(token.strip("`'\"(),.;")) for token in clause.split())
        if names_one or not is_state(clause) or not is_ruling(clause, spared=_PERMITS) or is_remark(clause):
            continue
        found |= dict.fromkeys(about(clause, lexicon))
    return EVERY_CALL if "*" in found else tuple(found)


_GOES_ON = re.compile(r"\b(?:but|except|never|not|unless|only)\b.*\w{3,}", re.IGNORECASE)
"""An answer that says more than whether."""
