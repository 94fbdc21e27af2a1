"""How far a remark reaches that nobody made a rule of: nowhere, over what it is attached to, or over every call.

A remark is about what it is attached to: the entry whose line it ends, above which it stands, in whose block it is. Who writes a
prohibition of something else writes a sentence for it. So the form of a remark says how far it may reach:

| the remark | is about |
| --- | --- |
| who wrote the document, when it was touched, where it lies, how it is to be edited (see `administration`) | nothing |
| a fragment of people and consent, or that points at its entry (`auditors only, no exceptions`) | the entry, and the tools that it has words of |
| why an entry is as it is (`reason: ..`) | the same |
| a sentence that has a word of the entry's own tool (`# Opening: life is not simple.`) | the same |
| anything else: a sentence, a fragment of something else (`never hand over crypto`) | what `concern.about` says, which may be every call |
"""

from __future__ import annotations

import re

from gatling.policy.language.classes import deed_in
from gatling.policy.language.concern import EVERY_CALL, about, says_little, tools_of
from gatling.policy.language.lexicon import Lexicon
from gatling.policy.language.matching import words_for
from gatling.policy.language.nature import has_verb, is_ruling, is_state
from gatling.policy.language.times import time_said
from gatling.schema.words import split_words
from gatling.tools.derive import effect_of

_SENTENCE = re.compile(r"[\W_]*[A-Z\d/].*[.!]\W*", re.DOTALL)
"""A sentence by how it is written: a capital letter, a path or a number first, a full stop last."""
_FORBIDS = re.compile(
    r"\b(?:never|must|mustn't|shall|cannot|can't|may not|do not|don't|nobody|no one|no-one|noone|none|nothing|everything|anything|anybody|"
    r"anyone|everybody|everyone|every|each|all|any|forbid\w*|prohibit\w*|banned|ban|frozen|freeze|suspended|halted|refrain|avoid|beware|zero|"
    r"keep|leave|stop|hands off|off[- ]limits|no[- ]go|out of the question)\b",
    re.IGNORECASE,
)
"""What forbids in general, or speaks of all."""


def is_sentence(text: str) -> bool:
    """Tell whether a piece is written as a sentence of its own, and does not go on with the line that it stands on."""
    return bool(_SENTENCE.fullmatch(text.strip()))


_CONSENTS = re.compile(
    r"(?:the |an? |our )?(?:[\w'-]+ ){0,3}[\w'-]+ (?:must |has to |have to |needs to )?(?:first )?"
    r"(?:signs?|approves?|confirms?|agrees?|decides?|releases?|signs? off|does (?:it|that|this))(?: (?:it|that|this|first|each one|each time|off|by hand))*",
    re.IGNORECASE,
)
"""`the table owner signs`: whose consent what it is attached to wants."""
_COMPARES = re.compile(
    r"(?:up to|at most|more|less|over|above|below|under|longer|larger|higher|fewer|from|between)\b(?: than)?[^a-z]*\d|"
    r"(?:larger|smaller|bigger|higher|lower|longer|shorter) ones?\b",
    re.IGNORECASE,
)
_MANNER = re.compile(
    r"(?:only |always |never |but |not )?(?:by|with|in|on|at|through|via|after|before|during|from|under) .+",
    re.IGNORECASE,
)
"""How, without who or what: `only with the physical key`."""
_FOR_ALL = re.compile(r"\b(?:for|to|by) (?:nobody|no one|everyone|everybody|anybody|anyone|all)\b", re.IGNORECASE)
_POINTS = re.compile(r"\b(?:it|this|that|these|those|them|there|here)\b", re.IGNORECASE)


_PREDICATE = re.compile(
    r"\b(?:must|may|can|cannot|is|are|never|shall|should|will|goes?|needs?|requires?|stays?|remains?|only|don't|doesn't|has|have)\b",
    re.IGNORECASE,
)
"""What a sentence says of its subject begins here: its subject alone places it."""


def consents(text: str) -> bool:
    """Tell whether a remark says whose consent is wanted, and nothing more."""
    return bool(_CONSENTS.fullmatch(text.strip(" .")))


def _placed(text: str, beside: tuple[str, ...], lexicon: Lexicon) -> frozenset[str] | None:
    """Return the tools that a remark names besides those of its entry, if its words place it there; None if they do not.

    They do if it speaks of the entry's own things, points at it (`the pipe is broken there`), only compares or consents, or has no
    word but of people and consent. A sentence is placed by its subject alone.
    """
    text = text.strip(" -=#*")
    is_whole = is_sentence(text)
    if (
        consents(text)
        or _COMPARES.match(text)
        or (not is_whole and _MANNER.fullmatch(text.strip(" -.")) and not _FORBIDS.search(text))
    ):
        return frozenset()
    subject = _PREDICATE.split(text, maxsplit=1)[0]
    if not is_whole and not _foreign(subject, lexicon):
        subject = text  # `anybody may freeze a card`
    said = words_for(subject if subject.strip() else text)
    direct = set()
    for tool in lexicon.names:
        verb = lexicon.parts(tool)[0]
        own = set(words_for(tool)) - (set() if not is_whole and said[:1] == (verb,) else {verb})
        own |= (
            {w for w in lexicon.parts(tool)[1] if len(w) > 2 and w != verb}
            if not is_whole and tool in beside
            else set()
        )
        direct |= {tool} if own & set(said) else set()
    if set(beside) & direct:
        return frozenset(direct)
    forbids = bool(_FORBIDS.search(_FOR_ALL.sub(" ", text)))
    points = bool(_POINTS.search(text)) and not re.search(
        r"\b(?:must|anything|everything|every|all)\b", text, re.IGNORECASE
    )
    if not is_whole and (points or (not forbids and (not _foreign(text, lexicon) or _is_plain(text)))):
        return frozenset()
    return None


def _foreign(text: str, lexicon: Lexicon) -> list[str]:
    """Return the words of a fragment that are neither of people, of consent nor of how a sentence is built, and are no names."""
    names = {w.lower() for w in re.findall(r"(?<=\s)[A-Z][a-z]+", text)}
    return [w for w in split_words(text) if w.isalpha() and w not in names and not says_little(w, lexicon)]


def _is_plain(text: str) -> bool:
    """Tell whether a fragment is a few words that say nothing of what is done: no verb, no rule, no place, no heading."""
    words = [w for w in split_words(text) if w.isalpha()]
    is_said = (
        is_ruling(text) or is_state(text) or has_verb(text) or any(map(deed_in, words)) or re.search(r"[/:]", text)
    )
    return len(words) <= 4 and not is_said


def scope_of(text: str, beside: tuple[str, ...], lexicon: Lexicon, *, explains: bool = False) -> tuple[str, ...]:
    """Return the tools that a remark may be about.

    Args:
        beside: the tools of the entry that it is attached to.
        explains: it stands under a key that says why the entry is as it is.
    """
    placed = _placed(text, beside, lexicon)
    if placed is not None:
        near = tools_of(text, lexicon) if not placed and not consents(text) and not _COMPARES.match(text) else ()
        return tuple(dict.fromkeys((*beside, *sorted(placed), *near)))
    if explains and not _FORBIDS.search(text):
        return tuple(dict.fromkeys((*beside, *tools_of(text, lexicon))))
    meant = about(text, lexicon)
    return meant if meant == EVERY_CALL else tuple(dict.fromkeys((*beside, *meant)))


def is_reason(text: str, beside: tuple[str, ...], lexicon: Lexicon, *, explains: bool = False) -> bool:
    """Tell whether a remark beside what is denied only says why: it is placed there, and forbids nothing else."""
    if forbids_more(text, beside, lexicon):
        return False
    last = re.split(r"[,;]\s+", text.strip())[-1]
    is_placed = _placed(text, beside, lexicon) is not None or not touches_others(text, beside, lexicon)
    return explains or (not is_sentence(text) and (is_placed or bool(_MANNER.fullmatch(last))))


_ID = re.compile(r"^[\W_]*(?:[A-Z]{1,3}[-.]?\d{1,3}|\d{1,2}(?:\.\d{1,2})*)[.):]?(?=\s|$)\s*")


def is_label(text: str, beside: tuple[str, ...], lexicon: Lexicon) -> bool:
    """Tell whether a remark above an entry only names it: `R3 settling small ones`, above what settles claims."""
    plain = _ID.sub("", text.strip(" -=#*")).strip(" -=#*.")
    if not plain:
        return True
    reads = all(effect_of(tool)[0] == "read" for tool in beside)
    if reads and re.fullmatch(r"read(?:ing)?[- ]only", plain, re.IGNORECASE):
        return True
    if is_sentence(text) or is_ruling(plain) or time_said(plain) or has_verb(plain) or is_state(plain):
        return False
    said = set(words_for(plain))
    return len(plain.split()) <= 8 and all(said & set(words_for(tool)) for tool in beside)


def touches_others(text: str, beside: tuple[str, ...], lexicon: Lexicon) -> bool:
    """Tell whether a remark has a word of tools that it does not stand beside, or speaks of all."""
    return bool(_FORBIDS.search(_FOR_ALL.sub(" ", text))) or not set(tools_of(text, lexicon)) <= set(beside)


def forbids_more(text: str, beside: tuple[str, ...], lexicon: Lexicon) -> bool:
    """Tell whether a remark beside what is denied forbids other calls too, by words that are not of its entry: then it is more than
    the reason."""
    own = {w for tool in beside for w in words_for(tool)}
    said = set(words_for(text)) - own
    others = any(said & set(words_for(t)) for t in lexicon.names if t not in beside)
    return others and bool(_FORBIDS.search(text))
