"""How far a remark reaches that nobody made a rule of: nowhere, over what it is attached to, or over every call.

A remark is about what it is attached to: the entry whose line it ends, above which it stands, in whose block it is. Who writes a
prohibition of something else writes a sentence for it. So the form of a remark says how far it may reach:

| the remark | is about |
| --- | --- |
| who wrote the document, when it was touched, where it lies, how it is to be edited | nothing |
| a fragment beside an entry (`auditors only, no exceptions`) | the entry, and the tools that it has words of |
| why an entry is as it is (`reason: ..`) | the same |
| a sentence that has a word of the entry's own tool (`# Opening: life is not simple.`) | the same |
| any other sentence, and a fragment that forbids something else (`never hand over crypto`) | what `concern.about` says, which may be every call |
"""

from __future__ import annotations

import re

from gatling.policy.language.concern import EVERY_CALL, about, tools_of
from gatling.policy.language.deeds import root
from gatling.policy.language.lexicon import Lexicon
from gatling.policy.language.matching import words_for
from gatling.policy.language.nature import DATED, has_verb, is_remark, is_ruling, is_state
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
_COMPARES = re.compile(r"(?:up to|at most|more|less|over|above|below|under|longer|larger|higher|fewer|from|between)\b(?: than)?[^a-z]*\d", re.IGNORECASE)
_POINTS = re.compile(r"\b(?:it|this|that|these|those|them|there|here)\b", re.IGNORECASE)


def consents(text: str) -> bool:
    """Tell whether a remark says whose consent is wanted, and nothing more."""
    return bool(_CONSENTS.fullmatch(text.strip(" .")))


def scope_of(text: str, beside: tuple[str, ...], lexicon: Lexicon, *, explains: bool = False) -> tuple[str, ...]:
    """Return the tools that a remark may be about.

    Args:
        beside: the tools of the entry that it is attached to.
        explains: it stands under a key that says why the entry is as it is.
    """
    said = set(words_for(text))
    is_whole = is_sentence(text)
    direct = {t for t in lexicon.names if said & (set(words_for(t)) - ({lexicon.parts(t)[0]} if is_whole else set()))}
    hits = tools_of(text, lexicon)
    if consents(text) or (not is_whole and _COMPARES.match(text)):
        return beside
    forbids = bool(_FORBIDS.search(text)) and not (_POINTS.search(text) and not is_whole)
    if not is_whole:
        direct |= {t for t in beside if said & {w for w in lexicon.parts(t)[1] if len(w) > 2}}
    if set(beside) & direct:
        return tuple(dict.fromkeys((*beside, *direct)))
    if forbids or (is_whole and not explains):
        meant = about(text, lexicon)
        return meant if meant == EVERY_CALL else tuple(dict.fromkeys((*beside, *meant)))
    return tuple(dict.fromkeys((*beside, *hits)))


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


def forbids_more(text: str, beside: tuple[str, ...], lexicon: Lexicon) -> bool:
    """Tell whether a remark beside what is denied forbids other calls too, by its words: it is then more than the reason."""
    said = set(words_for(text))
    others = any(said & set(words_for(t)) for t in lexicon.names if t not in beside)
    return others and bool(_FORBIDS.search(text))


# --- remarks about the document, and not about calls --------------------------------------------------------------------------

_DOCUMENT = (
    r"(?:files?|pages?|tables?|lists?|documents?|polic(?:y|ies)|rules?|rulebook|layout|config(?:uration)?s?|sheets?|wikis?|schemas?|templates?|"
    r"headers?|comments?|sections?|lines?|rows?|columns?|keys?|entries|entry|notes?|drafts?|copy|copies|matrix|text|yaml|json|toml|literal|"
    r"legend|changelog|format|names?|typos?|diagrams?|settings|spreadsheet|manual|repo(?:sitory)?)"
)
_THIS = rf"(?:this|these|the|our|that|its)\s+(?:[\w-]+\s+){{0,2}}?{_DOCUMENT}"
_EDITED = (
    r"(?:touched|edited|reviewed|updated|changed|written|filled\s+(?:in|out)|prepared|collected|generated|borrowed|copied|imported|exported|loaded|"
    r"read|parsed|published|revised|amended|adopted|maintained|created|compiled|drafted|translated|migrated|printed|pinned|typed|kept|rendered|"
    r"checked\s+in|deployed|synced|merged|taken|adapted|derived|validated|stored|hosted|tracked|versioned|formatted|signed\s+off|recorded|"
    r"put\s+together|set\s+up|owned|agreed|approved|discussed|decided|numbered|sorted|ordered|based)"
)
_EDIT = (
    r"(?:edit|change|modify|touch|reformat|rename|reorder|sort|commit|copy|update|remove|delete|keep|leave|read|run|restart|reload|regenerate|"
    r"print|bump|add|extend|check|see|ask|send|report|mail|write|use|remember)"
)
_ABOUT_THE_DOCUMENT = tuple(
    re.compile(expression, re.IGNORECASE)
    for expression in (
        rf"(?:last|first|originally|initially|previously|automatically|auto)?[\s-]*{_EDITED}\b.*",
        rf"{_THIS}(?:\s+(?:in|of|for|on|below|above)\s+[\w' -]{{1,30}}?)?\s+(?:is|was|are|were|has\s+been|have\s+been|gets?)\s+"
        rf"(?:\w+\s+){{0,3}}(?:{_EDITED}|outdated|the\s+source\s+of\s+truth|final|a\s+draft)\b.*",
        rf"{_THIS}\s+(?:lives?|lies|sits|resides|comes?|belongs?|describes?|lists?|says?|explains?|covers?|replaces?|supersedes?|follows?|mirrors?)\b.*",
        r"(?:changes?|edits?|additions?|corrections?|questions?|suggestions?|feedback|comments?|problems?|issues?|typos?|pull requests?|mistakes?)"
        rf"(?:\s+(?:to|about|on|in|for|with)\s+(?:{_THIS}|it))\b.*",
        r"(?:questions?|suggestions?|feedback|corrections?|typos?|mistakes?|complaints?)\s*(?::|to|\?|go(?:es)?\s+to|please)\b.*",
        rf"(?:please\s+)?(?:do\s+not|don't|never|please|always)?\s*{_EDIT}\s+{_THIS}\b[\w\s,'\[\](){{}}-]*",
        r"(?:please\s+)?(?:do\s+not|don't|never)\s+(?:edit|modify|change|touch)\s+(?:by\s+hand|manually|it\s+by\s+hand|this|here)\W*",
        r"(?:see|cf\.?|details?(?:\s+in)?|more\s+in|refer\s+to|tracked\s+in|documented\s+in|background|source|origin|context)\b\s*:?\s+.*",
        r"(?:generated|written|made|produced|exported|created)\s+(?:by|with|from|on)\b.*",
        r"(?:the\s+)?[\w'-]+\s+(?:reads|loads|imports|parses|consumes|picks\s+up)\s+(?:this|it|the\s+file)\b.*",
        rf"(?:status|page|document|file|policy|rule\s?book)?\s*(?:status|owner|author|editor|maintainer|reviewer|contact|steward)s?\s*[:=]\s*.*",
        rf"(?:the\s+)?(?:same|similar|like|as|modelled|inspired)\b[^,;:]*\b{_DOCUMENT}",
        rf"[\w' -]{{2,30}}\s(?:looks?\s+at|reviews?|checks?|updates?|maintains?|owns?|edits?|keeps?)\s+(?:it|this|{_THIS})\b.*",
        r"(?:please\s+)?(?:keep|leave|write|format)\s+(?:it|this|them)\b.*",
        r"(?:please\s+)?(?:read|print|pin|bookmark)\s+(?:it|this|them)\b.*",
        r"imported\b.*",
        r"(?:the\s+)?(?:gateway|guard|server|proxy|engine|host|loader|app|service|middleware|pipeline|ci|orchestrator|runtime)\s+"
        r"(?:asks|queries|reads|evaluates|calls|consults|loads|uses|applies|enforces|parses|checks)\b.*",
        rf"last\s+{_DOCUMENT}\s+(?:drops?|denies|refuses)",
        r"i\s+(?:write|wrote|am\s+writing|have\s+written|put|made|collected|typed)\b.*",
        r"\(?(?:sent\s+from|typed\s+in|stuck\s+on|printed\s+(?:on|by)|posted\s+(?:on|by|in))\b.*",
    )
)
_ADMIN_WORDS = frozenset(
    map(
        root,
        "last first once again approved approve approval review reviewed reviewer reviewers sign signed off now hand own always never not don do keep need needs "
        "touched touch edited changed checked signed kept published decided recorded "
        "every each quarter wait asks ask change release pending currently no already two soon before after stop attention valid all only still by".split(),
    )
)
"""Words that rule elsewhere, and here say how the document is kept."""
_RULES_OF_CALLS = re.compile(
    r"\b(?:may|must|mustn't|shall|can|cannot|can't|allowed|permitted|granted|forbidden|prohibited|denied|except|unless|until|if|when|only|nobody|everybody|"
    r"effective|expires?|valid|from now)\b",
    re.IGNORECASE,
)
_PLACE = re.compile(r"(?:~|\.{0,2})/?(?:[\w.-]+/)*[\w-]+\.[a-z]{1,6}|/(?:[\w.-]+/)+[\w.-]*|https?://\S+")
_QUOTED = re.compile(r"[\"\u201c\u201e][^\"]+[.!][\"\u201d\u201c]")
_FILED = re.compile(rf"(?:{_PLACE.pattern})(?:\s*(?:--?|\u2013|\u2014|:)\s*(?P<rest>.*))?")
_IDS = re.compile(r"\b[A-Z][A-Z0-9]*-\d+\b|#\d+\b|\b[\w.+-]+@[\w.-]+|https?://\S+")


def is_administrative(text: str, lexicon: Lexicon | None = None) -> bool:
    """Tell whether a piece only says how the document came to be, where it lies and how it is kept.

    It has no word of what calls may do outside of dates, ids and names, and names no tool.
    """
    plain = re.sub(r"[\[\]{}()<>*_`\"]+", " ", text).strip().rstrip(".!").strip()
    plain = " ".join(plain.split())
    plain = re.sub(r"^(?:hi|hello|hey|dear|good morning)\b[\w ]{0,30}[,!]\s+(?=\w)", "", plain, flags=re.IGNORECASE)
    plain = re.sub(r"\b(\w+ \w+) = (\w+ \w+)", r"\1 \2", plain)
    if not plain or len(plain) > 300:
        return False
    if lexicon is not None and _QUOTED.fullmatch(text.strip()) and not _FORBIDS.search(text) and not tools_of(text, lexicon):
        return not _RULES_OF_CALLS.search(text)  # a motto
    if found := _FILED.fullmatch(plain):
        rest = found.group("rest") or ""
        return not rest or not is_ruling(DATED.sub(" ", _IDS.sub(" ", rest)), spared=_SPARED_IN_TITLES)
    if _RULES_OF_CALLS.search(plain):
        return False
    if lexicon is not None and re.match(r"(?:i|my)\b", plain, re.IGNORECASE) and not tools_of(plain, lexicon):
        return not is_ruling(plain, spared=frozenset(("not", "no", "me", "am", "m")))
    if not any(p.fullmatch(plain) for p in _ABOUT_THE_DOCUMENT):
        parts = [part for part in re.split(r"\s*(?:[,;:]|\s[-\u2013\u2014\u00b7|/]|\s-)\s+", plain) if part]
        return 1 < len(parts) <= 5 and all(is_administrative(part, lexicon) or is_remark(part) for part in parts)
    if lexicon is not None and any(lexicon.exact(token.strip("`'\"().,;:")) for token in plain.split()):
        return False
    left = DATED.sub(" ", _IDS.sub(" ", plain))
    left = re.sub(r"\b\d{1,3} (?:days?|weeks?|months?|years?) ago\b|\d\d:\d\d(?::\d\d)?", " ", left)
    left = re.sub(rf"\b{_EDITED}\b", " ", left, flags=re.IGNORECASE)
    words = [w for w in split_words(left) if root(w) not in _ADMIN_WORDS]
    return not is_ruling(" ".join(words))


_SPARED_IN_TITLES = frozenset("may can".split())
_PURPOSE_KEYS = frozenset("purpose idea goal aim motto mission intent objective slogan".split())
_PURPOSE = re.compile(r"(?:to|let|so that|for|help\w*|[a-z]+ing|keep|make|boundar\w+|limits?)\b.*", re.IGNORECASE | re.DOTALL)
_NORMS = re.compile(
    r"\b(?:never|must|shall|cannot|can't|may|not|no|nobody|only|except|unless|forbid\w*|prohibit\w*|until|every|all|any)\b|\d", re.IGNORECASE
)


def is_purpose(key: str, text: str) -> bool:
    """Tell whether a member says what the document is for: `purpose: Let the night shift sleep`."""
    words = set(split_words(key))
    is_free = bool(_PURPOSE.fullmatch(text.strip())) or not is_ruling(text)
    return bool(words & _PURPOSE_KEYS) and len(words) <= 2 and is_free and not _NORMS.search(text)
