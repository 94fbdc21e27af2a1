"""One phrase of a sentence, taken apart: limits, places, paths, approvals, then deeds and objects, and what is left over.

Each recogniser takes its words out of the text, so what nobody understood is what remains. A grant with something left over is
not written; a denial is written without it, which forbids more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from gatling.policy.language.amounts import AMOUNT, Amount, amount_of
from gatling.policy.language.deeds import NOUN_DEEDS, deed_of, root
from gatling.policy.language.lexicon import NAME, Lexicon, names_in
from gatling.schema.words import split_words

_APPROVED = (
    r"(?:manager(?:'s)?|supervisor(?:'s)?|lead(?:'s)?|human(?:'s)?|explicit|prior|written|their|his|her|a|an|the|person(?:'s)?|"
    r"my|our|your|team|dual|second|two-person|user|user's|customer's|customer|admin|cfo|ceo|director|finance)"
)
APPROVAL = (
    rf"(?:approval|sign-?off|(?:counter)?signature|second signature|second pair of eyes|confirmation|consent|permission|review|authori[sz]ation|human in the loop|ok|okay|go-ahead)"
    rf"(?: (?:by|from|of) (?:{_APPROVED} ){{0,3}}[\w-]+)?"
)
WITH_APPROVAL = rf"(?:,? ?(?:only )?(?:with|after|upon|subject to|once|given) (?:{_APPROVED} ){{0,3}}{APPROVAL})"
_UNLESS_APPROVED = (
    rf"(?:without (?:{_APPROVED} ){{0,3}}{APPROVAL}|(?:unless|until|if not) (?:it is |it has been |they are |explicitly )?approved"
    rf"(?: by (?:{_APPROVED} )?[\w-]+)?|except (?:with|after) (?:{_APPROVED} ){{0,3}}{APPROVAL})"
)
_ASKED = (
    r"(?:(?:only )?(?:if|when) (?:explicitly |expressly )?(?:the user |a user |the customer )?(?:explicitly |expressly )?"
    r"(?:asked|asks|requested|requests)(?: (?:to|for it|so|it|by the user))?|(?:only )?(?:on|at|upon) (?:explicit )?(?:the user's )?request)"
)
_UNASKED = r"(?:(?:unless|without) (?:being |the user |explicitly |expressly ){0,3}(?:asked|asks|requested|a request|an explicit request)(?: (?:to|for it|so))?)"
_AT_MOST = (
    rf"(?:of |for |with )?(?:up to|at most|no more than|not more than|a maximum of|maximum(?: of)?|max\.?|not exceeding|"
    rf"(?:that (?:do|does) not exceed|(?:must|may|shall|do|does|should|can) ?not exceed|cannot exceed|never exceed|not to exceed)|limited to|"
    rf"capped at|<=) ?({AMOUNT})"
)
_OR_LESS = rf"(?:of )?({AMOUNT}) (?:or (?:less|fewer|below|under)|max(?:imum)?|at most|tops)"
_BELOW = rf"(?:of )?(?:below|under|less than|fewer than|smaller than|<) ?({AMOUNT})"
_ABOVE = rf"(?:of |for )?(?:that (?:is|are) )?(?:above|over|more than|exceeding|larger than|greater than|higher than|beyond|that exceed|>) ?({AMOUNT})"
_FROM = rf"(?:of |from )?({AMOUNT}) (?:or more|and above|and more|upwards)|(?:at least|>=) ?({AMOUNT})"
_HOST = r"@?(?:[a-z0-9-]{1,63}\.)+[a-z]{2,24}"
_PLACES = (
    rf"(?:only )?(?:to|within|inside|at|from) (?:only )?(?:e?mail )?(?:(?:any|the|our own|our|internal|all) )?(?:addresses?|recipients?|people|accounts?|colleagues|"
    rf"inboxes|domains?|hosts?|the domains?)? ?(?:at|in|under|ending in|of|on|from)? ?((?:{_HOST}|[\w.+-]+@{_HOST})(?:(?:,| and| or|, and|, or) (?:{_HOST}|[\w.+-]+@{_HOST}))*)"
)
_PATH = r"(?:only )?(?:in|under|below|inside|within|from|to|beneath|at) (?:the )?(?:folder |directory |path )?[`'\"]?((?:~|\.)?/[\w./~-]+?\*{0,2})[`'\"]?(?: folder| directory)?(?=[\s,;]|\.?$)"
_ONE_PATH = r"(?:~|\.)?/[\w./~-]+\*{0,2}"
_PATHS = (
    r"(?:only )?(?:in|under|below|inside|within|from|to|beneath|at) (?:the )?(?:folders? |director(?:y|ies) |paths? )?"
    rf"([`'\"]?{_ONE_PATH}[`'\"]?(?:(?:,| and| or|, and|, or) [`'\"]?{_ONE_PATH}[`'\"]?)*)(?: folders?| director(?:y|ies))?(?=[\s,;]|\.?$)"
)
_EVERYTHING = re.compile(
    r"\s*(?:use|used|call|called|do|done|run|access)?\s*(?:all|any|every|everything|anything)(?: of)?(?: the)?(?: tools?| operations?| actions?)?[\s;,]*",
    re.IGNORECASE,
)
_RATE = re.compile(
    r"\b(?:per|a|each|every) (?:day|week|month|hour|year|quarter|minute)\b|\b(?:daily|weekly|monthly|hourly)\b"
)
_FILLERS = frozenset(
    map(
        root,
        "the a an any all some of to in on for by from with and or our your please be being been is are it them "
        "that which this these those under circumstances strictly ever also then itself tool tools function operation call api using via "
        "at into through always only there just simply freely explicitly".split(),
    )
)
_COUNTED = frozenset(
    map(
        root,
        "record row result item entry email mail message file page contact customer line document at time once".split(),
    )
)


@dataclass
class Phrase:
    """What a phrase says."""

    text: str
    tools: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    """Names and patterns that stand in it."""
    deeds: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    """Deeds in words, each with its objects, by stem."""
    limits: list[tuple[str, Amount]] = field(default_factory=list)
    """Operators with what they compare with: `max`, `<`, `>`, `>=`."""
    places: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    """Folders and hosts outside of which it is."""
    needs_approval: bool = False
    needs_request: bool = False
    rate: str = ""
    exceptions: Phrase | None = None
    is_everything: bool = False
    """It is about all tools there are."""
    rest: tuple[str, ...] = ()
    """Words that nobody understood."""

    def take(self, expression: str) -> list[re.Match[str]]:
        """Take every match out of the text."""
        pattern = re.compile(r"(?<![\w`])" + expression + r"(?!\w)", re.IGNORECASE)
        found = list(pattern.finditer(self.text))
        if found:
            self.text = pattern.sub(" ; ", self.text)
        return found


def parse_phrase(text: str, lexicon: Lexicon) -> Phrase:
    """Take a phrase apart."""
    plain = re.sub(r"\blook(?:ing|ed|s)? up\b", "lookup", text.strip().rstrip("."), flags=re.IGNORECASE)
    phrase = Phrase(f" {plain} ")
    head, found, tail = _split_exception(phrase.text)
    if found:
        phrase.text = head
        phrase.exceptions = parse_phrase(tail, lexicon)
    phrase.needs_approval = bool(phrase.take(_UNLESS_APPROVED)) | bool(phrase.take(WITH_APPROVAL))
    phrase.needs_request = bool(phrase.take(_UNASKED)) | bool(phrase.take(_ASKED))
    for key, expression in (("max", _AT_MOST), ("max", _OR_LESS), (">=", _FROM), ("<", _BELOW), (">", _ABOVE)):
        for match in phrase.take(expression):
            amount = amount_of(next(g for g in match.groups() if g))
            if amount is not None:
                phrase.limits.append((key, amount))
    rate = _RATE.search(phrase.text)
    if rate:
        phrase.rate = rate.group()
        phrase.text = _RATE.sub(" ; ", phrase.text)
    for match in phrase.take(_PLACES):
        phrase.places += tuple(re.findall(rf"[\w.+-]*{_HOST}", match.group(1)))
    outside = [
        match.group(1)
        for match in phrase.take(
            _PATH.replace("(?:only )?(?:in|under", "(?:outside(?: of)?|other than in", 1).replace(
                "|below|inside|within|from|to|beneath|at)", ")", 1
            )
        )
    ]
    outside += [
        match.group(1)
        for match in phrase.take(
            rf"(?:to )?(?:(?:any )?(?:addresses|recipients|people|anyone|domains) )?outside(?: of)? ({_HOST})"
        )
    ]
    phrase.outside = tuple(outside)
    phrase.paths = tuple(path for match in phrase.take(_PATHS) for path in re.findall(_ONE_PATH, match.group(1)))
    _take_names(phrase, lexicon)
    if not phrase.named and _EVERYTHING.fullmatch(phrase.text):
        phrase.is_everything = True
        return phrase
    _take_deeds(phrase, lexicon.verbs)
    if any(amount.currency for _, amount in phrase.limits):  # `send more than 500 EUR`
        phrase.deeds = [
            (deed, objects or ("money",)) if deed == _SEND else (deed, objects) for deed, objects in phrase.deeds
        ]
    return phrase


_SEND = root("send")


def _split_exception(text: str) -> tuple[str, str, str]:
    match = re.search(
        r",?\s+(?:except(?: for)?|excluding|but not|but never|other than|apart from)\s+(?!with|after)",
        text,
        re.IGNORECASE,
    )
    return (text[: match.start()], match.group(), text[match.end() :]) if match else (text, "", "")


def _take_names(phrase: Phrase, lexicon: Lexicon) -> None:
    found = names_in(phrase.text, lexicon)
    phrase.named = tuple(dict.fromkeys(name for _, _, name in found))
    for start, end, _ in reversed(found):
        phrase.text = phrase.text[:start] + " , " + phrase.text[end:]


def _take_deeds(phrase: Phrase, known: frozenset[str]) -> None:
    """Read verbs and what they act on; several verbs in a row share their objects, and several objects their verbs."""
    verbs: list[str] = []
    objects: list[str] = []
    rest: list[str] = []

    def close() -> None:
        phrase.deeds.extend((verb, tuple(objects)) for verb in verbs)
        verbs.clear()
        objects.clear()

    words = [word for token in re.findall(r"[^\s,;]+|[,;]", phrase.text) for word in split_words(token) or [token]]
    is_next = True  # a further verb follows a comma or a conjunction; `delete draft mails` has one verb
    for word in words:
        if word in _SEPARATORS:
            is_next = True
            continue
        s = root(word)
        deed = deed_of(word, known)
        # `payments`, `refunds`: the deed, whatever its object, unless one is said
        is_noun = bool(deed) and (s != deed or (word.endswith("s") and s in NOUN_DEEDS)) and word[-3:] != "ing"
        if deed and (not verbs or (is_next and not (objects and (is_noun or _is_noun_too(word))))):
            if objects:
                close()
            verbs.append(deed)
            if is_noun:
                objects.append(s if s != deed else "all")
        elif s in _FILLERS or not any(c.isalnum() for c in word) or (s in _COUNTED and phrase.limits and not verbs):
            continue
        elif verbs:
            objects.append(s)
        else:
            rest.append(word)
        is_next = False
    close()
    phrase.rest = tuple(rest)


_SEPARATORS = frozenset((",", ";", "and", "or", "nor", "&", "then"))


def _is_noun_too(word: str) -> bool:
    """Tell whether a word that can be a verb is a thing at least as often: `mail`, `order`, `transfers`."""
    return root(word) in _NOUNS


_NOUNS = frozenset(
    map(
        root,
        "mail email message order orders transfer transfers refund refunds purchase purchases export exports upload uploads download "
        "downloads book post posts share shares list lists report reports view record records text issue issues process query test "
        "release change changes request requests invoice invite note log logs wire check play track display".split(),
    )
)


def limits_of(phrase: Phrase) -> dict[str, Any]:
    """Return the limits of a phrase as operators of the native format."""
    return {key: amount.number for key, amount in phrase.limits}


NAMED_ARGUMENT = re.compile(rf"\bwith ({NAME}) (?:=|set to|equal to) ([\w.-]+)")
