"""What a source says that its own marks and values mean: `R = may have the agent do it`, `Legend: x allowed, - not allowed`."""

from __future__ import annotations

import re

from gatling.policy.language import keys
from gatling.policy.language.effects import effect_in
from gatling.policy.language.grammar import ROLE_NOUNS
from gatling.policy.language.keys import ALLOW, ASK, DENY
from gatling.schema.words import split_words
from gatling.tools.naming import singular

QUALIFIED = re.compile(
    r"\b(?:if|when|unless|except|but|while|until|during|before|after|without|only|not|never|provided|as long as|outside|other than|per day|"
    r"daily|weekly|monthly|per (?:week|month|year|hour)|each day|who|whose|which)\b",
    re.IGNORECASE,
)


_CHECKED = re.compile(
    r"\b(?:un)?(?:checked|ticked|crossed)\b[^.\n]{0,20}?(?:=|:|means?|is|are|does|may)[^.\n]*\b(?:may|does|do|allowed|can|yes|permitted)\b",
    re.IGNORECASE,
)
"""What says that a mark before an item permits it."""


def is_legend_of_checks(text: str) -> bool:
    """Tell whether a text says that what is checked may be done, and nothing else of it."""
    found = _CHECKED.search(text)
    if found is None:
        return False
    checked = re.split(r"[,;]? ?\bun(?:checked|ticked)\b", found.group(), flags=re.IGNORECASE)[0]
    return bool(checked.strip()) and not re.search(
        r"\b(?:not|never|no|blocked|forbidden|denied|later|only|except|if|once)\b|n't", checked, re.IGNORECASE
    )


_LEGEND = re.compile(
    r"[\"'\u201c(]?([\w?+~-]{1,12}|-)[\"'\u201d]?\s*\(?\s*(?:=|:|means|stands for)\s*([^=.;\n)]{2,90}?)(?=[=.;\n)]|\s{2,}|$)"
)


def legend_of(text: str) -> dict[str, str]:
    """Return what a text says that values in it mean: `R = may have the agent do it`, `manager (= the manager must approve)`."""
    found = marks_of(text)
    if found:
        return found
    for match in _LEGEND.finditer(text):
        said = effect_in(match.group(2))
        name = match.group(1).lower()
        effect = said.effect or (
            ASK
            if re.search(r"\bapprov", match.group(2), re.I)
            else DENY
            if re.search(r"\b(?:no|not)\b", match.group(2))
            else ""
        )
        if effect == ALLOW and QUALIFIED.search(match.group(2)):
            effect = ""
        own = effect_in(name).effect if len(name) > 2 else ""
        if effect == ALLOW and (own in (ASK, DENY) or _somebody_acts(match.group(2))):
            effect = own if own in (ASK, DENY) else ASK  # `confirm = a team lead clicks OK` does not permit
        if effect and (len(name) <= 2 or "(" in match.group()):
            found[name] = effect if found.get(name, effect) == effect else ASK
    return found


_ACTS = frozenset(
    "say says said click clicks press presses tick ticks nod nods okay okays ok'd give gives grant grants sign signs agree agrees lead leads head chief "
    "boss human somebody someone second colleague".split()
)


def _somebody_acts(text: str) -> bool:
    """Tell whether the meaning of a mark has somebody who acts in it, so that what is permitted may wait for them."""
    return any(w in _ACTS or singular(w) in ROLE_NOUNS - {"agent", "assistant", "bot"} for w in split_words(text))


_MEANING = re.compile(
    r"(?:(?:values?|legend|key|marks?)\s*:\s*)?(?:[\w-]{1,12}\s*[/,|]\s*)*(?:[\"'\u201c(`]?(?:\S{1,2}|empty|blank|nothing)[\"'\u201d)`]?\s*(?:=|:|means|stands for)\s*"
    r"[^=]{2,90}|[\w-]{1,12}\s*\(\s*(?:=|:|means)[^)]{2,90}\))",
    re.IGNORECASE,
)


_KEY = re.compile(r"^(?:legend|key|marks?|symbols?|values?|codes?)\s*[:=]\s*", re.IGNORECASE)
_MARKED = re.compile(
    r"[\"'(`]?(?P<mark>[^\s\"'()`=:]{1,3}|[A-Z]{2,12}(?=\s*[=:])|empty|blank)[\"')`]?\ufe0f?\s*(?:=|:|means\b|stands for\b|\u2192|->)?\s*(?P<said>.{2,80})",
    re.IGNORECASE,
)


def marks_of(text: str) -> dict[str, str]:
    """Return what marks mean of which a text lists nothing else: `Legend: x allowed, ? needs approval, - not allowed`; else nothing."""
    plain = _KEY.sub("", text.strip(" ."))
    parts = re.split(r"\s*[\u00b7;|]\s*|\s+/\s+|\s{2,}|,\s+(?=[^\s,]{1,3}\s*(?:=|:|means))", plain)
    found: dict[str, str] = {}
    has_key = plain != text.strip(" .")
    for part in parts:
        match = _MARKED.fullmatch(part.strip(" ,."))
        said = effect_in(match.group("said")) if match else None
        effect = said.effect if said else ""
        if (
            match
            and not effect
            and re.search(
                r"\b(?:approv|confirm|ask|consent|sign|agree|waits?|release)", match.group("said"), re.IGNORECASE
            )
        ):
            effect = ASK
        is_free = (
            effect == ALLOW
            and said is not None
            and (said.rest or QUALIFIED.search(match.group("said") if match else ""))
        )
        is_said = has_key or (
            match is not None and bool(re.search(r"=|\bmeans\b|stands for", part[: match.start("said")]))
        )
        if match is None or not effect or is_free or not is_said:
            return {}
        found[match.group("mark").lower()] = effect
    is_one = len(found) == 1 and next(iter(found.values())) == effect_in(next(iter(found))).effect
    return found if len(found) > 1 or is_one or (found and _KEY.match(text.strip())) else {}


_APPROVES = re.compile(
    r"[\"'(`]?(?P<mark>[^\s\"'()`=:]{1,3})[\"')`]?\s*(?:=|:|means\b|stands for\b)\s*(?:the |he |she |they |it )?(?:must |has to |have to )?(?:approves?|approver|signs?|confirms?|releases?|decides?)\b",
    re.IGNORECASE,
)


def approving_marks(text: str) -> frozenset[str]:
    """Return the marks that say who approves what others do: `A = must approve`, and not `A = may, after an approval`."""
    return frozenset(match.group("mark").lower() for match in _APPROVES.finditer(text))


_ASKED_OF = re.compile(r"(\w+)\s*(?:=|:|means)\s*(?:the |an? )?[A-Za-z]+(?: [A-Za-z]+){0,2}")
"""`ask_first = shift manager`: who is asked."""


def is_legend(text: str) -> bool:
    """Tell whether a text only says what marks in it mean, each of which is an effect."""
    parts = re.split(
        r"[,;.]?\s+(?=[\"']?(?:[^\s(=]{1,2}|empty|blank)[\"']?\s*(?:=|:|means\b))|\s{2,}", text.strip(" .;")
    )
    if (found := _ASKED_OF.fullmatch(text.strip(" ."))) and keys.effect_of_key(found.group(1)) == ASK:
        return True
    return bool(marks_of(text)) or (
        bool(legend_of(text)) and all(_MEANING.fullmatch(part.strip(" .")) for part in parts if part.strip())
    )
