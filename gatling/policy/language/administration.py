"""Remarks about the document, and not about calls: who wrote it, when it was touched, where it lies, how it is to be edited.

Each is told by its form, and has no word of what calls may do outside of dates, ids and names.
"""

from __future__ import annotations

import re

from gatling.policy.language.concern import tools_of
from gatling.policy.language.lexicon import Lexicon
from gatling.policy.language.nature import DATED, is_remark, is_ruling
from gatling.schema.words import split_words

_DOCUMENT = (
    r"(?:files?|pages?|tables?|lists?|documents?|polic(?:y|ies)|rules?|rulebook|layout|config(?:uration)?s?|sheets?|wikis?|schemas?|templates?|"
    r"headers?|comments?|sections?|lines?|rows?|columns?|keys?|entries|entry|notes?|drafts?|copy|copies|matrix|text|yaml|json|toml|literal|"
    r"legend|changelog|format|names?|typos?|diagrams?|settings|spreadsheet|manual|repo(?:sitory)?)"
)
_THIS = rf"(?:this|these|the|our|that|its)\s+(?:[\w-]+\s+){{0,2}}?{_DOCUMENT}"
_EDITED = (
    r"(?:touched|edited|reviewed|updated|changed|written|filled\s+(?:in|out)|prepared|collected|generated|borrowed|copied|imported|exported|loaded|"
    r"parsed|published|revised|amended|maintained|created|compiled|drafted|translated|migrated|printed|pinned|typed|rendered|checked\s+in|synced|"
    r"merged|adapted|derived|validated|hosted|tracked|versioned|formatted|put\s+together|set\s+up)"
)
_AGREED = r"(?:approved|agreed|adopted|discussed|decided|signed\s+off|read|ordered|recorded|owned|deployed|released|kept|taken)"
"""What is done to documents, and to other things too: a date must stand with it."""
_BY = r"(?:by|on|in|at|from|with|for|as|during|last|this|every|each|weekly|monthly|quarterly|yearly|automatically|\d+|recently|again|:)"
_HAND = r"(?:edit|change|modify|touch|reformat|rename|reorder|sort|commit|copy|update|keep|leave|regenerate|restart|reload|bump|extend)"
_OWN_DOCUMENT = r"(?:config(?:uration)?|yaml|json|toml|header|headers|comments?|format|layout|schema|template|legend|changelog|table|policy|settings)"
_ONE = rf"(?:(?:this|these|our)\s+(?:[\w-]+\s+){{0,2}}?{_DOCUMENT}|the\s+(?:[\w-]+\s+)?{_OWN_DOCUMENT})"
_DOES = tuple(
    re.compile(expression, re.IGNORECASE)
    for expression in (
        rf"(?:changes?|edits?|additions?|corrections?|pull requests?)\s+(?:to|in|on)\s+(?:{_ONE})\b.*",
        rf"(?:please\s+)?(?:do\s+not|don't|never|please|always)?\s*{_HAND}\s+{_ONE}\b[\w\s,'-]*",
        r"(?:please\s+)?(?:do\s+not|don't|never)\s+(?:edit|modify|change|touch)\s+(?:by\s+hand|manually|it\s+by\s+hand|this|here)\W*",
        r"(?:please\s+)?(?:keep|leave|write|format)\s+(?:it|this)\s+(?:an?|as|in|sorted|plain|short|simple|alphabetical)\b.*",
        r"(?:loaded|read)\s+at\s+(?:start|boot|startup)\b.*",
    )
)
"""How the document is to be kept: here a word of denial or duty is about editing."""
_TELLS = tuple(
    re.compile(expression, re.IGNORECASE)
    for expression in (
        rf"(?:last|first|originally|initially|automatically|auto)?[\s-]*{_EDITED}(?:\s+{_BY}\b.*|\W*)",
        rf"{_EDITED}\s+{_THIS}\s+(?:from|by|on|for|in)\b.*",
        rf"{_THIS}(?:\s+(?:in|of|for|on|below|above)\s+[\w' -]{{1,30}}?)?\s+(?:is|was|are|were|has\s+been|have\s+been|gets?)\s+"
        rf"(?:\w+\s+){{0,3}}(?:{_EDITED}|{_AGREED}|outdated|the\s+source\s+of\s+truth|final|a\s+draft)\b.*",
        rf"{_THIS}\s+(?:lives?|lies|sits|resides|comes?|belongs?|describes?|lists?|explains?|covers?|replaces?|supersedes?|mirrors?|tells?|states?|shows?)\b.*",
        r"(?:questions?|suggestions?|feedback|corrections?|typos?|mistakes?)\s*(?::|to|\?|go(?:es)?\s+to)\s.*",
        rf"(?:see|cf\.?|details?(?:\s+in)?|more\s+in|refer\s+to|tracked\s+in|documented\s+in|background|source)\b\s*:?\s+(?:also\s+)?"
        rf"(?:.*\b(?:{_DOCUMENT}|post-?mortem|appendix|chapter|handbook|intranet|confluence|jira)\b.*|.*(?:https?://|[A-Z]+-\d+|#\d+).*)",
        rf"[\w' -]{{2,30}}\s(?:looks?\s+at|reviews?|updates?|maintains?|edits?)\s+(?:it|this|{_THIS})\b.*",
        r"(?:page|document|file|policy|rule\s?book)?\s*(?:owner|author|editor|maintainer|reviewer|contact|steward)s?\s*[:=]\s*.*",
        r"(?:page |document )?status\s*[:=]\s*(?:approved|final|published|in force|active|reviewed)\b.*",
        rf"(?:the\s+)?(?:same|similar|like|as|modelled|inspired)\b[^,;:]*\b{_DOCUMENT}",
        r"last\s+(?:lines?|rows?|rules?|entry)\s+(?:drops?|denies|refuses)",
        rf"(?:the\s+)?[\w'-]+\s+(?:reads|loads|imports|parses|picks\s+up)\s+(?:this|it|{_ONE})\b.*",
        r"(?:the\s+)?(?:gateway|guard|server|proxy|engine|host|loader|middleware|pipeline|orchestrator|runtime)\s+"
        r"(?:asks|queries|reads|evaluates|consults|loads|parses)\b.*",
        r"i\s+(?:write|wrote|am\s+writing|have\s+written|put|made|collected|typed)\b.*",
        r"\(?(?:sent\s+from|typed\s+in|stuck\s+on|printed\s+(?:on|by)|posted\s+(?:on|by|in))\b.*",
        r"(?:please\s+)?(?:read|print|pin|bookmark)\s+(?:it|this)\b.*",
        rf"[A-Z][\w -]{{1,40}}\b{_EDITED}\s+(?:by|on|in|from)\b.*",
        r"signed\s+off\s*:.*",
        r"(?:thanks?|thank you|many thanks|cheers)\b.*",
        r"(?:newest|latest|oldest|most recent)(?:\s+\w+)?\s+(?:first|last|on top|at the top|at the bottom)",
    )
)
"""What the document is, and how it came to be."""
_DATED_DEED = re.compile(rf"(?:last |first )?{_AGREED}\b.*", re.IGNORECASE)
_SPARED = frozenset(
    "last first once again approved reviewed reviewer reviewers signed off each every quarter week month year two now out soon status asks ask".split()
)
"""Words that rule elsewhere, and here say when the document was made."""
_RULES_OF_CALLS = re.compile(
    r"\b(?:may|must|mustn't|shall|can|cannot|can't|allowed|permitted|granted|forbidden|prohibited|denied|except|unless|until|if|when|only|nobody|everybody|"
    r"effective|expires?|valid|from now)\b",
    re.IGNORECASE,
)
_PLACE = re.compile(r"(?:~|\.{0,2})/?(?:[\w.-]+/)*[\w-]+\.[a-z]{1,6}|/(?:[\w.-]+/)+[\w.-]*|https?://\S+")
_QUOTED = re.compile(r"[\"\u201c\u201e][^\"]+[.!][\"\u201d\u201c]")
_FILED = re.compile(rf"(?:{_PLACE.pattern})(?:\s*(?:--?|\u2013|\u2014|:)\s*(?P<rest>.*))?")
_IDS = re.compile(r"\b[A-Z][A-Z0-9]*-\d+\b|#\d+\b|\b[\w.+-]+@[\w.-]+|https?://\S+")


_TOLD_OF = re.compile(r"(.{2,60}?)\s+(?:is|are|was|were|gets?|has been|have been)\s")
"""What something is said of: `Letters are written by people` says who writes letters, where a tool writes them."""


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
    if (
        lexicon is not None
        and _QUOTED.fullmatch(text.strip())
        and not is_ruling(re.sub(r"\blimits?\b", " ", text))
        and not tools_of(text, lexicon)
    ):
        return not _RULES_OF_CALLS.search(text)  # a motto
    if found := _FILED.fullmatch(plain):
        rest = found.group("rest") or ""
        return not rest or not is_ruling(DATED.sub(" ", _IDS.sub(" ", rest)), spared=_SPARED_IN_TITLES)
    left = DATED.sub(" ", _IDS.sub(" ", plain))
    left = re.sub(r"\b\d{1,3} (?:days?|weeks?|months?|years?) ago\b|\d\d:\d\d(?::\d\d)?", " ", left)
    names_one = lexicon is not None and any(lexicon.exact(t.strip("`'\"().,;:")) for t in plain.split())
    if names_one or _RULES_OF_CALLS.search(left):
        return False
    if re.search(r"\[\[|\{\{", text):  # it quotes how the document is written
        plain = re.sub(r"\bthe (?=\w)", "this ", plain)
    if any(p.fullmatch(plain) for p in _DOES):
        return True
    if lexicon is not None and re.match(r"(?:i|my)\b", plain, re.IGNORECASE) and not tools_of(plain, lexicon):
        return not is_ruling(plain, spared=frozenset(("not", "no", "me", "am", "m")))
    is_dated = bool(_DATED_DEED.fullmatch(plain)) and bool(DATED.search(plain))
    if is_dated or any(p.fullmatch(plain) for p in _TELLS):
        words = re.sub(rf"\b(?:{_EDITED}|{_AGREED})\b", " ", left, flags=re.IGNORECASE)
        told = _TOLD_OF.match(plain)
        is_of_calls = (
            told is not None and lexicon is not None and lexicon.is_closed and bool(tools_of(told[1], lexicon))
        )
        if not is_ruling(words, spared=_SPARED) and not is_of_calls:
            return True
    parts = [part for part in re.split(r"\s*(?:[,;:]|\s[-\u2013\u2014\u00b7|/]|\s-)\s+", text.strip(" .!")) if part]
    return 1 < len(parts) <= 5 and all(is_administrative(part, lexicon) or is_remark(part) for part in parts)


_SPARED_IN_TITLES = frozenset("may can".split())
_PURPOSE_KEYS = frozenset("purpose idea goal aim motto mission intent objective slogan".split())
_PURPOSE = re.compile(
    r"(?:to|let|so that|for|help\w*|[a-z]+ing|keep|make|boundar\w+|limits?)\b.*", re.IGNORECASE | re.DOTALL
)
_NORMS = re.compile(
    r"\b(?:never|must|shall|cannot|can't|may|not|no|nobody|only|except|unless|forbid\w*|prohibit\w*|until|every|all|any)\b|\d",
    re.IGNORECASE,
)


def is_purpose(key: str, text: str) -> bool:
    """Tell whether a member says what the document is for: `purpose: Let the night shift sleep`."""
    words = set(split_words(key))
    is_free = bool(_PURPOSE.fullmatch(text.strip())) or not is_ruling(text)
    return bool(words & _PURPOSE_KEYS) and len(words) <= 2 and is_free and not _NORMS.search(text)
