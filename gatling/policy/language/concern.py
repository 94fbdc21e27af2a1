"""Which calls a piece of text may be about that nobody read: those of its words where its head is known, else every call.

The head of a sentence is what it speaks of and what is done: `Mail to journalists is forbidden`, `Items .. cannot be renewed`.
Where the tools that there are have a word of that, the piece is about these, and about all that may do anything. Where they have
not, as in `Keep your hands off the till`, it may be about any call.

| what it speaks of | what is done | it is about |
| --- | --- | --- |
| a thing or a deed of a tool | anything known, or a state (`is confidential`) | the tools of all of its words |
| a thing of a tool | nobody knows | these, and every tool that acts |
| people, the agent | a deed of a tool, or one that no tool does | the tools of all of its words |
| people, the agent | nobody knows, to a thing of a tool | these, and every tool that acts |
| anything else | anything else | every call |
"""

from __future__ import annotations

import re

from gatling.policy.language.classes import are_of_one_class, deed_in, is_of_a_class
from gatling.policy.language.deeds import NOUN_DEEDS, root, same_deed, same_object
from gatling.policy.language.grammar import ROLE_NOUNS
from gatling.policy.language.lexicon import Lexicon
from gatling.policy.language.times import MONTH, time_said
from gatling.schema.arguments import is_receiver_name
from gatling.schema.words import split_words
from gatling.tools.derive import OUTSIDE_VERBS, effect_of
from gatling.tools.naming import singular

EVERY_CALL = ("*",)
_MAX_WORDS = 200
_LINK = frozenset(
    "a an the this that these those its his her their our your my some any all every each both no of to in on for about by from with at into as via "
    "per through under over below above between within and or nor than then so also always ever even such other another own own same new only just "
    "more most less least at up down it they he she we you i them him us s t re please note strictly absolutely directly simply still yet again "
    "here there very too much many few one two three four five six seven eight nine ten day days week weeks month months year hour hours minute time "
    "times monday tuesday wednesday thursday friday saturday sunday weekday weekdays weekend weekends january february march april june july august "
    "september october november december eur usd gbp chf euro euros dollar dollars pound pounds percent first twice once".split()
)
_PREPOSITIONS = frozenset(
    "of to in on for about by from with at into as via through under over below above between within that which who whose whom where when if unless "
    "until while during before after without except than outside".split()
)
_MODALS = frozenset(
    "must shall should may might can could would will cannot never not no dont doesnt didnt cant wont mustnt shouldnt isnt arent do does did don doesn "
    "isn aren can t always only nobody none ever be been being get gets got have has had need needs require requires want wants to is are was were am "
    "stay stays remain remains keep keeps kept leave leaves become becomes".split()
)
_STATIVE = frozenset(
    "is are was were am be stay stays remain remains need needs require requires want wants has have".split()
)
_PEOPLE = frozenset(
    map(
        root,
        "agent assistant bot chatbot copilot helper it you we they he she i one nobody noone everyone everybody anyone anybody someone somebody user users "
        "person people human staff team colleague employee member member department office desk board ceo cfo cto ciso dpo boss chief head owner anyone "
        "else other others anything everything nothing thing something whatever tool action call task request operation".split(),
    )
)
_AGENT = frozenset(map(root, "agent assistant bot chatbot copilot helper it you we they".split()))
_PRONOUNS = frozenset("they these those them this that".split())
_GENERIC = frozenset(
    map(
        root,
        "do does done touch use handle deal work access perform involve concern go come put take bring move".split(),
    )
)
"""Verbs of any deed: the thing decides."""
_DESTINATIONS = frozenset(
    map(
        root,
        "recipient recipients domain domains destination destinations addressee addressees payee payees beneficiary".split(),
    )
)
_CARRIERS = frozenset(
    map(
        root,
        "file document folder page url site web record row table database data query note message email mail attachment report text sms letter "
        "chat channel".split(),
    )
)
"""Things that hold anything."""
_CONSENT = frozenset(
    map(
        root,
        "approval approve approved consent permission confirmation confirm authorisation authorization sign signoff off ask asks review ok okay allowed "
        "allow permitted permit forbidden forbid prohibited prohibit denied deny refused refuse banned ban blocked block reserved restricted suspended "
        "excluded possible impossible available unavailable limit limited maximum minimum capped exceed exceeding amount wait agreed agree".split(),
    )
)
_SECRET = frozenset(
    map(
        root,
        "confidential private secret sensitive internal classified disclose reveal tell leak divulge expose share publish show pass outside external "
        "public".split(),
    )
)
_ANY_DEED = frozenset("request command shell bash exec execute script sql http api terminal code program".split())
_PATH = re.compile(r"(?<![\w/])(?:~|\.{1,2})?/[\w.~*-]+")
_FILES = frozenset(map(root, "file folder directory path document attachment drive disk".split()))
_CLAUSE = re.compile(
    r"[.;:!?](?:\s|$)|, (?=(?:and |but |so )?(?:nobody|no one|it|they|he|she|we|you|never|no|not|only)\b)"
    r"| (?:and|but) (?=(?:nobody|no one|it|they|never|must|may|cannot)\b)",
    re.IGNORECASE,
)


_NOTED = re.compile(
    r"^\W*(?:note|remember|reminder|important|attention|warning|nb|please note|remark)(?: (?:from|by|of|for) [\w' ]{1,40})?\s*:\s+(?=\S)",
    re.IGNORECASE,
)
"""Who says it says nothing of which calls it is about."""


def about(text: str, lexicon: Lexicon) -> tuple[str, ...]:
    """Return the tools that a piece of text may be about, all of them as `*`; none where it is about what no tool does."""
    found: dict[str, None] = {}
    head = "who"
    text = _NOTED.sub("", text, count=1)
    for clause in _CLAUSE.split(text):
        if all(w in _LINK or w in _MODALS for w in split_words(clause) if w.isalnum()) and not _PATH.search(clause):
            if time_said(clause):
                return EVERY_CALL  # `weekdays`
            continue
        meant, head = _of_clause(clause, head, lexicon)
        if meant == EVERY_CALL:
            return EVERY_CALL
        found |= dict.fromkeys(meant)
    return tuple(found)


def says_little(word: str, lexicon: Lexicon) -> bool:
    """Tell whether a word is of people, of consent, or of how a sentence is built: it does not say what is spoken of."""
    r = root(word)
    return (
        word in _LINK
        or word in _MODALS
        or word in _PREPOSITIONS
        or r in _PEOPLE
        or r in _CONSENT
        or r in _GENERIC
        or singular(word) in ROLE_NOUNS
        or word in lexicon.roles
        or word in ("exception", "exceptions", "second", "third", "please", "also", "thanks", "business")
    )


def tools_of(text: str, lexicon: Lexicon) -> tuple[str, ...]:
    """Return the tools that share a thing or a deed with a text, whatever else it says."""
    said = [word for word in split_words(text) if word[:1].isalnum() and word not in _LINK][:_MAX_WORDS]
    return tuple(dict.fromkeys(tool for word in said for tool in _hits(word, lexicon)))


def best_of(keys: str, lexicon: Lexicon) -> tuple[str, ...]:
    """Return the tools that share most words with keys: of `stock.adjust_max_units`, the one that adjusts the stock."""
    said = {word for word in split_words(keys) if word[:1].isalnum() and word not in _LINK}
    counts = dict.fromkeys(lexicon.names, 0)
    for word in said:
        r, deed = root(word), deed_in(word)
        for tool in _hits(word, lexicon):
            verb, _ = lexicon.parts(tool)
            counts[tool] += r in _own(tool, lexicon) or (deed != "" and same_deed(deed, verb)) or r == verb
    most = max(counts.values(), default=0)
    return tuple(tool for tool, count in counts.items() if count == most) if most else tools_of(keys, lexicon)


def _of_clause(clause: str, before: str, lexicon: Lexicon) -> tuple[tuple[str, ...], str]:
    """Return the tools that a clause may be about, and what it speaks of, by kind.

    Args:
        before: what the clause before it speaks of, for `they` and `these`.
    """
    clause = MONTH.sub(" ", clause)
    words = [w for w in split_words(_PATH.sub(" ", clause)) if w.isalnum()]
    if len(words) > _MAX_WORDS:
        return EVERY_CALL, ""
    hits = dict.fromkeys(tool for word in words if word not in _LINK for tool in _hits(word, lexicon))
    hits = dict.fromkeys(_without_others(words, _of_deed_and_thing(words, tuple(hits), lexicon), lexicon))
    if _PATH.search(clause):
        hits |= dict.fromkeys(_of_paths(lexicon))
    at = next((i for i, w in enumerate(words) if w in _MODALS and w != "to"), None)
    subject = words if at is None else words[:at]
    head = before if set(subject) & _PRONOUNS and len(subject) <= 2 else _kind(_head(subject), lexicon)
    if at is None and words and deed_in(words[0]) and not _is_plural(words[0]):
        return EVERY_CALL, head  # `Write once, read many`
    verb, is_state = _verb(words, at, lexicon)
    acting = tuple(name for name in lexicon.names if effect_of(name)[0] != "read")
    anything = tuple(filter(_is_anything, lexicon.names))
    outbound = _outbound(lexicon) if any(root(w) in _SECRET for w in words) else ()
    local = tuple(dict.fromkeys((*hits, *anything, *outbound)))
    if at is None:  # `Clerks pay`, `Payouts stop`: which of its words is the verb is not known
        kinds = {_kind(w, lexicon) for w in words if w not in _LINK and not w.isdigit()}
        return (local if hits and kinds <= {"hit", "who", "link", "deed"} else EVERY_CALL), head
    unknown = tuple(name for name in lexicon.names if not is_of_a_class(lexicon.parts(name)[0]))
    things = any(_things(words, lexicon).values())
    if re.search(r"\b\w+[- ]only\b", clause) and head != "hit":
        return EVERY_CALL, head  # `Master data is read-only`: what is done is what is left
    if verb == "generic":
        return (local if hits else EVERY_CALL), head
    if head == "hit":
        wide = tuple(dict.fromkeys((*local, *acting)))
        return (local if is_state or verb in ("own", "hit", "deed") else wide), head
    if head == "deed" or verb == "own":
        return local or unknown, head
    if head == "who" and verb in ("hit", "deed"):
        return (tuple(dict.fromkeys((*local, *unknown))) if things else EVERY_CALL), head
    if head == "who" and hits:
        return (local if is_state else tuple(dict.fromkeys((*local, *acting)))), head
    return EVERY_CALL, head


def about_phrase(text: str, lexicon: Lexicon) -> tuple[str, ...]:
    """Return the tools that an item of a list that forbids may be about: a deed and its object, such as `hand over keys`.

    What it forbids is about tools of such deeds alone, and, where a tool has the object, about tools of that object or of things
    that hold anything.
    """
    words = [w for w in split_words(_PATH.sub(" ", text)) if w.isalnum()][:_MAX_WORDS]
    if not words:
        return EVERY_CALL
    things = _things(words, lexicon)
    deeds = _deeds(words, lexicon)
    if len(words) > 12 or any(w in _MODALS and w not in ("to", "has", "have") for w in words):
        return about(text, lexicon)
    if not deeds:
        hits = tuple(name for name in lexicon.names if things[name] or _is_anything(name))
        return hits if any(things.values()) else EVERY_CALL
    found = []
    for name in lexicon.names:
        verb, own = lexicon.parts(name)[0], _own(name, lexicon)
        does = not (verb and is_of_a_class(verb)) or any(are_of_one_class(deed, verb) for deed in deeds)
        holds = not own or not _CARRIERS.isdisjoint(own) or not any(things.values())
        if (does and (things[name] or holds)) or _is_anything(name):
            found.append(name)
    if _PATH.search(text):
        found += [name for name in _of_paths(lexicon) if name not in found]
    return _without_others(words, tuple(found), lexicon)


def _things(words: list[str], lexicon: Lexicon) -> dict[str, bool]:
    """Return for each tool whether it shares a thing with some words."""
    said = [root(w) for w in words if w not in _LINK and w not in _MODALS]
    return {
        name: any(same_object(word, thing) for thing in _own(name, lexicon) for word in said) for name in lexicon.names
    }


def _deeds(words: list[str], lexicon: Lexicon) -> list[str]:
    """Return the deeds among some words that are of a class, and are no thing of a tool."""
    things = {thing for name in lexicon.names for thing in _own(name, lexicon)}
    found: list[str] = []
    for word in words:
        deed = deed_in(word)
        if deed and is_of_a_class(deed) and root(word) not in _GENERIC and not (root(word) in things and found):
            found.append(deed)
    return found[:1] if root(words[0]) not in things or len(found) < 2 else found[1:2]


def _is_anything(name: str) -> bool:
    """Tell whether a tool may do anything: it runs commands, programs or requests."""
    return not _ANY_DEED.isdisjoint(split_words(name))


def _of_deed_and_thing(words: list[str], hits: tuple[str, ...], lexicon: Lexicon) -> tuple[str, ...]:
    """Return those tools that may do what is said to what is said, where the words say both.

    Things that the catalogue names are different ones, as `salary` and `job advert`; but files, messages and records hold anything.
    """
    things = _things(words, lexicon)
    deeds = [deed for w in words if (deed := deed_in(w)) and is_of_a_class(deed) and root(w) not in _GENERIC]
    if not any(things.values()) or not deeds:
        return hits
    kept = []
    for name in hits:
        verb, own = lexicon.parts(name)[0], _own(name, lexicon)
        does = not (verb and is_of_a_class(verb)) or any(are_of_one_class(deed, verb) for deed in deeds)
        holds = not own or not _CARRIERS.isdisjoint(own)
        if things[name] or (does and holds):
            kept.append(name)
    return tuple(kept)


def _without_others(words: list[str], hits: tuple[str, ...], lexicon: Lexicon) -> tuple[str, ...]:
    """Return the tools without those of another kind of the thing, where one is of that kind: of `building permits`, what issues
    parking permits is none."""
    said = {root(w) for w in words if w not in _LINK and w not in _MODALS}
    full = [name for name in hits if len(_own(name, lexicon) & said) > 1]
    if not full:
        return hits
    best = set().union(*(_own(name, lexicon) & said for name in full))
    return tuple(
        name for name in hits if name in full or not _own(name, lexicon) - said or not _own(name, lexicon) & said & best
    )


def _own(name: str, lexicon: Lexicon) -> frozenset[str]:
    """Return the words of a tool's name without its deed."""
    verb = lexicon.parts(name)[0]
    return frozenset(root(w) for w in split_words(name)) - {verb}


def _is_plural(word: str) -> bool:
    return word.endswith("s") and root(word) != word


def _head(words: list[str]) -> str:
    """Return the last word of what a sentence speaks of, before what says more of it: `Mail` of `Mail to journalists`."""
    found = ""
    for word in words:
        if word in _PREPOSITIONS and found:
            break
        if word not in _LINK and word not in _PREPOSITIONS and not word.isdigit():
            found = word
    return found


def _verb(words: list[str], at: int | None, lexicon: Lexicon) -> tuple[str, bool]:
    """Return what is done, by kind, and whether it is a state."""
    if at is None:
        return "", False
    is_state = at >= 0 and words[at] in _STATIVE
    for i in range(max(at, 0), len(words)):
        word = words[i]
        is_state |= word in _STATIVE
        if word in _MODALS or word in _LINK:
            continue
        kind = _kind(word, lexicon, is_verb=True)
        if kind in ("who", "link") and is_state:
            continue
        return kind, is_state and kind not in ("own", "hit", "deed", "generic") and not word.endswith(("ed", "en"))
    return "", is_state


def _kind(word: str, lexicon: Lexicon, *, is_verb: bool = False) -> str:
    """Return what a word is: of a tool, a deed that no tool does, any deed, people or the policy's own, or nobody knows.

    Args:
        is_verb: it stands where the verb does, so that the deed of a tool itself is told from one of its class.
    """
    if not word or word in _LINK:
        return "who" if not word else "link"
    r = root(word)
    if r in _GENERIC:
        return "generic"
    if any(r == lexicon.parts(name)[0] for name in lexicon.names):
        return "own" if is_verb else "hit"
    if _hits(word, lexicon):
        return "hit"
    if r in _PEOPLE or singular(word) in ROLE_NOUNS or word in lexicon.roles:
        return "who"
    if r in _CONSENT or word in _MODALS:
        return "link"
    return "deed" if is_of_a_class(deed_in(word)) else ""


def _hits(word: str, lexicon: Lexicon) -> tuple[str, ...]:
    known = lexicon.hits.get(word)
    if known is None:
        known = lexicon.hits[word] = _find(word, lexicon)
    return known


def _find(word: str, lexicon: Lexicon) -> tuple[str, ...]:
    r = root(word)
    if r in _CONSENT or len(word) < 2 or word.isdigit():
        return ()
    own = tuple(name for name in lexicon.names if r in _own(name, lexicon))
    if r in _PEOPLE or r in _GENERIC:
        return own if r not in _AGENT else ()
    deed = deed_in(word)
    found = []
    for name in lexicon.names:
        verb, things = lexicon.parts(name)
        is_same = r in things or r == verb or NOUN_DEEDS.get(r, "") == verb != ""
        is_same = is_same or bool(deed and verb and are_of_one_class(deed, verb))
        if is_same or any(same_object(r, thing) for thing in things):
            found.append(name)
    if r in _DESTINATIONS:
        found += [name for name in _outbound(lexicon) if name not in found]
    return tuple(found)


def _of_paths(lexicon: Lexicon) -> tuple[str, ...]:
    """Return the tools that may reach a path."""
    found = []
    for name in lexicon.names:
        spec = lexicon.specs.get(name)
        own = {
            root(w) for part in (name, *(p.name for p in (spec.parameters if spec else ()))) for w in split_words(part)
        }
        if own & _FILES or _is_anything(name):
            found.append(name)
    return tuple(found)


def _outbound(lexicon: Lexicon) -> tuple[str, ...]:
    """Return the tools that hand something out, by their verb or a parameter for whom."""
    found = []
    for name in lexicon.names:
        spec = lexicon.specs.get(name)
        if not OUTSIDE_VERBS.isdisjoint(split_words(name)) or any(
            is_receiver_name(p.name) for p in (spec.parameters if spec else ())
        ):
            found.append(name)
    return tuple(found)
