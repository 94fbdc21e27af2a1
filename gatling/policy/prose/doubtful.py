"""Sentences of no form that is read: whether one may forbid something, and which calls it may be about.

| a sentence | may forbid |
| --- | --- |
| greets, thanks, says what the policy is for or whose it is, permits | nothing |
| has a word that denies, restricts, bounds or wants consent (`untouched`, `reserved`, `hands off`), or one of another language | yes |
| else: it describes | nothing |

What may forbid is about the calls that share its deed and, where it names things, its thing; without a deed, if its words forbid by
themselves, about those that change the thing; a sentence that only bounds (`unless`, `at most`) is about none, and lint warns of it; `touch`, `hands off` and their like are about those that read it, too. What must not leave the house is about all that is sent.
Words of another language name no tool, so a prohibition in one is about every call that acts.
"""

from __future__ import annotations

import re
from functools import lru_cache

from gatling.policy.language.deeds import GENERIC_VERBS, LIGHT, NOUN_DEEDS, READS, deed_of, root, same_deed, same_object
from gatling.policy.language.grammar import ROLE_NOUNS
from gatling.policy.language.lexicon import Lexicon
from gatling.policy.language.nature import is_remark
from gatling.policy.unread import falls_under
from gatling.schema.words import NEGATIONS, split_words, stem
from gatling.tools.derive import NOUN_VERBS, OUTSIDE_VERBS, effect_of

_RESTRICTS = frozenset(
    map(
        root,
        "forbid forbidden prohibit prohibited ban banned deny denied block blocked refuse refused reject disallow disallowed restrict restricted "
        "restriction reserve reserved suspend suspended revoke revoked lock locked stop stopped halt cease pause paused limit limited "
        "capped exceed maximum confidential secret classified private protected irreversible approval approved permission consent signature signatures "
        "countersigned signoff authorisation authorization authorised authorized clearance cleared mandatory avoid refrain abstain taboo illegal unlawful "
        "untouched untouchable unchanged unaltered exempt exclude excluded exception veto embargo moratorium quarantine quarantined require required requires "
        "only solely exclusively alone except unless without never nothing nobody none neither cannot not no must "
        "prerequisite supervised supervision witness".split(),
    )
)
_PHRASES = re.compile(
    r"\b(?:read[- ]only|hands off|off[- ]limits|out of bounds|out of the question|no[- ]go|under no circumstances|in no case|on no account|far from|"
    r"away from|(?:second|two|four|double) (?:signatures?|persons?|people|pairs? of eyes|eyes)|"
    r"leaves? (?:the|our|this)|leave [\w ]{2,40} (?:to|alone|as)|"
    r"(?:stays?|remains?) (?:as|put|within|inside|in|where|closed|internal)|keep [\w ]{2,40} (?:off|out|away|within|inside|internal)|"
    r"first ask|ask first|need(?:s|ed)?|up to|at most|at least|"
    r"no more than|not more than|or less|only)\b|n['\u2019]t\b|\b(?:un|non-?|in|im|ir)[a-z]{3,}able\b|[<>=]|[\u26d4\u274c\u2717\u2718\U0001f6ab]",
    re.IGNORECASE,
)
_FOREIGN = re.compile(
    r"\b(?:verboten|untersagt|nicht|keine?[nrms]?|niemals|niemand|nie|nur|ausschlie\u00dflich|d\u00fcrfen|darf|"
    r"interdite?s?|d\u00e9fense de|d\u00e9fendue?s?|jamais|aucune?|seuls?|seulement|uniquement|ne (?:\w+ ){1,2}pas|"
    r"prohibid[oa]s?|prohibe|nunca|jam\u00e1s|ning\u00fan|ninguna?|s\u00f3lo|solamente|\u00fanicamente|no se (?:puede|debe)|"
    r"vietat[oaei]|proibit[oaie]|mai|nessuno?|soltanto|solamente|non (?:si )?(?:pu\u00f2|deve)|"
    r"proibid[oa]s?|n\u00e3o|nenhuma?|somente|apenas|"
    r"verboden|niet|geen|nooit|niemand|alleen|uitsluitend|"
    r"zabronion[eay]|zakazan[eay]|nigdy|nie wolno|tylko|\u017cadn\w+)\b"
    r"|\u0437\u0430\u043f\u0440\u0435\u0449|\u043d\u0435\u043b\u044c\u0437\u044f|\u043d\u0438\u043a\u043e\u0433\u0434\u0430|\u0442\u043e\u043b\u044c\u043a\u043e"
    r"|\byasak|\basla\b|\byaln\u0131z|\bsadece\b|\u7981\u6b62|\u4e0d\u5f97|\u4e0d\u8981|\u4e0d\u51c6|\u4e0d\u8bb8|\u4e0d\u53ef|\u53ea\u80fd|\u3057\u306a\u3044\u3067|\u7981\u6b62|\u306e\u307f",
    re.IGNORECASE,
)
"""Words of prohibitions in other languages."""
_BOUNDS = frozenset(
    map(
        root,
        "only except unless without nothing nobody none neither must require required requires prerequisite "
        "exception limit limited capped exceed maximum witness supervised supervision cannot not no never".split(),
    )
)
"""Words that more often say how something is done than that it is not: `Economy class unless the flight is long.`"""
_FORBIDS = re.compile(
    r"\b(?:read[- ]only|hands off|off[- ]limits|out of bounds|out of the question|no[- ]go|under no circumstances|in no case|on no account|far from|"
    r"away from|(?:second|two|four|double) (?:signatures?|persons?|people|pairs? of eyes|eyes)|leaves? (?:the|our|this)|"
    r"leave [\w ]{2,40} (?:to|alone|as)|keep [\w ]{2,40} (?:off|out|away|within|inside|internal))\b|"
    r"[\u26d4\u274c\u2717\u2718\U0001f6ab]",
    re.IGNORECASE,
)
"""Of the phrases those that forbid by themselves."""
_DENIES = frozenset("never cannot not".split()) | NEGATIONS
_ENGLISH = frozenset(
    "the a an of to and or is are be for with in on at by from you your this that it we they not no never only must may can do does if all any "
    "who what when where which agent agents user users".split()
)
_DESCRIBES = re.compile(
    r"\b(?:make|makes|making|made) (?:\w+ ){0,3}up\b|\bdoes not (?:say|specify|state|mention|outline|name)\b|"
    r"^(?:thanks?|thank|hello|hi|dear|greetings|welcome|please note that|note that|for example|e\.g\.)\b|"
    r"\b(?:helps?|assists?|supports?|serves?|answers? questions|is (?:for|about))\b(?!.*\b(?:not|never|no|only|must)\b)",
    re.IGNORECASE,
)
_OUTWARDS = re.compile(
    r"\b(?:(?:leaves?|leaving) (?:the|our|this) (?:company|house|building|office|organi[sz]ation|network|team|country|premises|system)|goes out|gets? out|outside|external(?:ly)?|outsiders?|third part(?:y|ies)|confidential|secret|public(?:ly)?|strangers?|abroad)\b",
    re.IGNORECASE,
)
_READ_ONLY = re.compile(r"\bread[- ]only\b", re.IGNORECASE)
_AGENT_READS = re.compile(
    r"(?:(?:the|this|our|your|an?) )?(?:(?:\w+ )?(?:agent|assistant|bot|chatbot|copilot|helper|access|mode|deployment|policy|it|you|everything|all access)"
    r"(?: (?:is|are|has|have|works?|operates?|runs?|must be|should be|stays?|remains?))?(?: (?:strictly|always|in|on a|a|an|only))*\W{0,2})?"
    r"\bread[- ]only(?: (?:access|mode|rights|basis|agent|assistant|permissions?|at all times|always))*[.!]*",
    re.IGNORECASE,
)
_ANYWAY = re.compile(
    r"\b(?:touch|hands off|access|off[- ]limits|out of bounds|taboo|away from|far from|no[- ]go|confidential|secret)\b",
    re.IGNORECASE,
)
"""What is said of a thing so that to read it is meant, too."""
_SAYS_LITTLE = frozenset(
    map(
        root,
        "the a an of to in on at by for from with and or is are be been it its this that these those all any every each no not never only other others "
        "another who whom whose which what when where if unless without except than then there here we us our you your they them their he she i me my "
        "agent assistant bot system tool tools user users people person staff team company everybody everyone nobody anyone somebody must may can cannot "
        "shall should will would could do does did done has have had need needs require requires required leave leaves stay stays remain remains keep "
        "keeps hand hands under over above below circumstance case question limit off out up down new old one two second first last time times day".split(),
    )
)
_MANNER = frozenset(
    map(
        root,
        "polite rude friendly brief language english german french tone style emoji honest clear concise sorry guess invent assume hallucinate".split(),
    )
)
"""Words of how to speak: no call."""


def may_forbid(sentence: str) -> bool:
    """Tell whether a sentence may forbid, restrict or bound something; one that only describes, greets or permits does not."""
    if is_remark(sentence) or _DESCRIBES.search(sentence):
        return False
    words = split_words(sentence.replace("\u2019", "'"))
    if not _MANNER.isdisjoint(map(root, words)):
        return False
    return bool(
        any(root(word) in _RESTRICTS or word in NEGATIONS for word in words)
        or _PHRASES.search(sentence)
        or is_foreign(sentence)
    )


def forbids_itself(sentence: str) -> bool:
    """Tell whether a sentence has a word or a phrase that forbids, and not only one that bounds or negates."""
    words = split_words(sentence.replace("\u2019", "'"))
    return any(root(word) in _RESTRICTS - _BOUNDS for word in words) or _FORBIDS.search(sentence) is not None


def is_foreign(sentence: str) -> bool:
    """Tell whether a sentence forbids in another language than English."""
    return _FOREIGN.search(sentence) is not None and _ENGLISH.isdisjoint(split_words(sentence))


def tools_perhaps_meant(sentence: str, lexicon: Lexicon) -> tuple[str, ...]:
    """Return the tools whose calls a sentence may be about that may forbid something."""
    acting = tuple(name for name in lexicon.names if effect_of(name)[0] != "read")
    forbids = forbids_itself(sentence)
    if not (forbids or is_foreign(sentence) or not _DENIES.isdisjoint(split_words(sentence.replace("\u2019", "'")))):
        return ()  # a bound that no rule reads: lint warns of it
    if is_foreign(sentence) or says_read_only(sentence):
        return acting
    words = [root(word) for word in split_words(sentence) if len(word) > 1 and not word.isdigit()]
    things = {word for word in words if word not in _SAYS_LITTLE and word not in ROLE_NOUNS}
    sharing = {name for name in lexicon.names if any(same_object(w, t) for w in _own(name, lexicon) for t in things)}
    if _READ_ONLY.search(sentence):  # `The ledger is read-only`
        return tuple(name for name in acting if name in sharing or not sharing)
    deeds = {deed for word in words if word not in _RESTRICTS and (deed := _deed(word))} - GENERIC_VERBS - LIGHT
    is_wide = _ANYWAY.search(sentence) is not None or not READS.isdisjoint(words)
    is_outwards = _OUTWARDS.search(sentence) is not None
    found = []
    for name in lexicon.names:
        verb = lexicon.parts(name)[0]
        if deeds and verb:
            own = _own(name, lexicon)
            does = any(same_deed(verb, deed) or deed in own for deed in deeds)
            is_meant = does and (name in sharing or not sharing or not own)
        else:
            is_meant = forbids and name in sharing and (is_wide or name in acting)
        if is_meant or (is_outwards and name in acting and is_outward(name)):
            found.append(name)
    return tuple(found)


def things_said(sentence: str) -> tuple[str, ...]:
    """Return the stems of what a sentence speaks of, for calls that name it though no tool does: `hands off the payroll`."""
    words = {word for word in split_words(sentence) if word.isalnum() and not word.isdigit() and len(word) > 2}
    found = (
        stem(w) for w in words if not ({root(w)} & (_SAYS_LITTLE | _RESTRICTS) or w in ROLE_NOUNS or w in NEGATIONS)
    )
    return tuple(sorted(found))


@lru_cache(1_024)
def may_be_meant(tool: str, sentence: str) -> bool:
    """Tell whether a sentence that may forbid something may be about calls of a tool, where no other tool is known."""
    if says_read_only(sentence):
        return effect_of(tool)[0] != "read"
    return falls_under(tool, sentence) or tool in tools_perhaps_meant(sentence, Lexicon([tool]))


def says_read_only(sentence: str) -> bool:
    """Tell whether a sentence says of the agent, or of all that it may do, that it only reads."""
    return _AGENT_READS.fullmatch(sentence.strip()) is not None


def _own(name: str, lexicon: Lexicon) -> frozenset[str]:
    return frozenset(root(word) for word in split_words(name)) - {lexicon.parts(name)[0]}


def is_outward(name: str) -> bool:
    """Tell whether a tool hands something out, by its verb."""
    return not OUTSIDE_VERBS.isdisjoint(split_words(name))


def _deed(word: str) -> str:
    """Return the deed that a word is; one that is a thing as often (`order`, `mail`) only as a noun for a deed (`refund`)."""
    if word in NOUN_DEEDS:
        return NOUN_DEEDS[word]
    return "" if word in NOUN_VERBS else deed_of(word)
