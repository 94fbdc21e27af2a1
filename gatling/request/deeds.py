"""The verbs that people use for tools: `pay` for `send_money`, `put in` for `add_to_cart`.

A row is a deed: the words by which requests ask for it, and the words of tool names that do it. A tool does a deed where its name
has one of the words, and is no reading tool: those have their own verb alone.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

from gatling.schema.budget import checked
from gatling.schema.lru import remembered
from gatling.schema.words import split_words, stem
from gatling.tools.derive import effect_of, verb_of

# words of requests -> words of tools
_ROWS = (
    (
        "pay transfer wire remit settle reimburse refund",
        "pay payment money transfer wire payout transaction funds refund sepa ach bacs remittance reimbursement",
    ),
    (
        "mail email send write forward reply answer respond tell inform notify let nudge remind contact chase thank confirm",
        "email mail",
    ),
    ("buy order purchase checkout", "buy purchase checkout order"),
    ("add put insert include append place", "add insert append put cart basket"),
    ("book reserve", "book reserve reservation booking"),
    (
        "message tell text dm ping notify inform post announce say send write let nudge remind contact chase thank confirm",
        "message msg dm sms notify notification channel slack",
    ),
    ("schedule arrange plan book meet invite", "event meeting appointment schedule reminder"),
    ("delete remove erase trash discard clear clean rid bin chuck", "delete remove erase trash purge clear"),
    ("cancel", "cancel"),
    ("share give grant", "share grant"),
    ("invite add bring", "invite participant attendee invitee member"),
    ("create make write draft start generate produce save set", "create make write new generate save"),
    (
        "update change edit modify set adjust correct fix rename move replace reschedule mark extend put enter",
        "update change edit modify set patch rename move reschedule mark",
    ),
    ("download save fetch", "download save"),
    ("upload", "upload"),
    ("run execute launch start", "run execute launch start"),
    ("reply answer respond", "reply respond answer"),
    ("forward pass relay", "forward"),
    ("post publish tweet announce", "post publish tweet"),
    ("submit fill complete enter sign register", "submit form fill register post"),
    ("approve accept confirm", "approve accept confirm"),
    ("note record log enter register", "record log note"),
    ("renew extend prolong", "renew extend prolong"),
    ("ship dispatch deliver send", "ship shipment dispatch delivery"),
    ("assign give hand allocate", "assign allocate"),
    ("merge", "merge"),
    ("block mute ban", "block mute ban"),
    ("close", "close"),
    ("star like follow subscribe", "star like follow subscribe"),
)
_SENDING = (
    "write tell reply respond answer contact give deliver send share invite forward post publish transfer email mail notify "
    "message pay wire submit order text inform cc copy let announce"
)


# Nouns as often as verbs: "the mail from Ann" asks for no mail.
_NOUNS = frozenset(
    "mail email message order post book text call share transfer refund reply answer fax wire ping sign mark copy report "
    "schedule plan set change move place form star like start rent purchase pass draft notice fix complete clear clean close "
    "return bin launch run save download upload merge contact address forward publish meeting booking".split()
)
# What somebody did or has done is told, not asked for: "the mail that I sent", "have I paid?", "did we pay?".
_SUBJECTS = frozenset("i we you he she they who".split())
_HAVE = frozenset("already just have has had haven't hasn't i've we've you've they've he's she's".split())
_PAST = frozenset(
    "paid sent bought wrote written made told gave given booked ordered mailed emailed messaged posted shared transferred "
    "invited deleted removed added created cancelled canceled scheduled reserved forwarded replied answered uploaded".split()
)
_TELLING = frozenset("tell let inform show give notify remind update".split())
_NO_VERBS = frozenset("meeting booking".split())
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?|[^\w\s]")
_BEFORE_VERBS = frozenset(
    "to please and then also or can could will would should must may might you i we not never let us just kindly help now first "
    "finally afterwards next don't cannot n't so".split()
)


def asking_words(text: str) -> frozenset[str]:
    """Return the stems of the words by which a text may ask for deeds: all but nouns that do not stand where verbs do."""
    found: set[str] = set()
    before = earlier = "."
    words = [match.group() for match in checked(_WORD.finditer(text.lower().replace("\u2019", "'")))]
    for word, after in itertools.zip_longest(words, words[1:], fillvalue="."):
        is_noun = word in _NOUNS and before[0].isalpha() and before not in _BEFORE_VERBS
        is_plural = word not in _NOUNS and word.endswith("s") and word[:-1] in _NOUNS  # "my messages"
        is_thing = word in _NO_VERBS and before[0].isalpha()  # "my next meeting"
        is_third = word.endswith("s") and word[:-1] in ASKING_VERBS  # "what it says", "her notes": nobody is told to
        is_told = (before in _SUBJECTS and (word in _PAST or earlier in ("did", "does"))) or (
            word in _PAST and before in _HAVE
        )
        is_to_user = word in _TELLING and after in ("me", "us")  # "tell me" asks for no mail
        if word[0].isalpha() and not (is_noun or is_plural or is_thing or is_third or is_told or is_to_user):
            found.add(stem(word))
        earlier, before = before, word
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class Deed:
    """What a tool does, in stems of words."""

    asked: frozenset[str]
    """By which requests ask for it."""
    done: frozenset[str]
    """By which the tool's name says so."""


_DEEDS = tuple(Deed(frozenset(map(stem, asked.split())), frozenset(map(stem, done.split()))) for asked, done in _ROWS)
_EFFECTS = tuple((deed, effect_of(asked.split()[0])[0]) for deed, (asked, _) in zip(_DEEDS, _ROWS, strict=True))
_SENDS = frozenset(map(stem, _SENDING.split()))
ASKING_VERBS = frozenset(word for asked, _ in _ROWS for word in asked.split()) | frozenset(_SENDING.split())
"""Every verb by which requests ask for deeds, and some nouns that they use so."""


@remembered(16_384, max_chars=64)
def effect_of_verb(word: str) -> str | None:
    """Return what a verb of a request does, the effect of the first word of its row or its own; None if it is no verb."""
    for deed, effect in _EFFECTS:
        if stem(word) in deed.asked:
            return effect
    verb = verb_of(word)
    return verb[1] if verb is not None else None


@remembered(4_096)
def deeds_of(tool: str) -> tuple[Deed, ...]:
    """Return what a tool does: the rows that its name fits, and its own verb; for a tool that reads, its verb alone."""
    effect, _ = effect_of(tool)
    words = frozenset(map(stem, split_words(tool)))
    rows = () if effect == "read" else _DEEDS
    found = [Deed(deed.asked, deed.done & words) for deed in rows if not deed.done.isdisjoint(words)]
    verb = verb_of(tool)
    if verb is not None:
        own = frozenset((stem(verb[0]),))
        found.append(Deed(own, own))
        if effect == "send" and len(found) == 1:  # no row says it better
            found.append(Deed(_SENDS, own))
    return tuple(found)
