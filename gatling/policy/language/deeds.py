"""Words of deeds and of things: which are one, and which may be."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from gatling.schema.words import stem
from gatling.tools.derive import VERBS
from gatling.tools.naming import singular

_IRREGULAR = {
    "frozen": "freeze",
    "read": "read",
    "withdrawn": "withdraw",
    "given": "give",
    "taken": "take",
    "used": "use",
    "sent": "send",
}


def root(word: str) -> str:
    """Return what words for one thing or deed share: `payees` and `payee`, `deleting` and `delete`."""
    return stem(_IRREGULAR.get(word, singular(word)))


def _stems(words: str) -> frozenset[str]:
    return frozenset(map(root, words.split()))


READS = _stems(
    "read view see list search find get look lookup fetch show browse query check count consult retrieve display"
)
DEEDS: tuple[frozenset[str], ...] = (
    READS,
    _stems("delete remove erase wipe purge drop trash destroy unlink"),
    _stems("create add make new open draft"),
    _stems("update edit modify change alter amend rename"),
    _stems("write save store overwrite"),
    _stems("send mail email message"),
    _stems("forward"),
    _stems("reply answer respond"),
    _stems("share publish expose"),
    _stems("pay transfer remit wire"),
    _stems("refund reimburse"),
    _stems("buy purchase order checkout"),
    _stems("book reserve"),
    _stems("schedule"),
    _stems("cancel"),
    _stems("run execute exec launch"),
    _stems("upload"),
    _stems("download export"),
    _stems("deploy release ship"),
    _stems("close resolve"),
    _stems("post"),
    _stems("invite"),
    _stems("move"),
    _stems("merge"),
    _stems("push"),
    _stems("approve"),
    _stems("grant"),
    _stems("assign"),
    _stems("escalate"),
    _stems("restart reboot"),
    _stems("archive"),
    _stems("freeze block lock"),
    _stems("apply"),
)
"""Verbs that are one deed, by stem."""
_WIDE = (
    _stems("delete remove erase wipe purge drop trash destroy unlink cancel archive clear reset truncate"),
    _stems(
        "send mail email message forward reply answer respond share publish post expose upload export invite notify"
    ),
    _stems("pay transfer remit wire refund reimburse buy purchase order checkout charge book reserve spend"),
    _stems(
        "create add make new open update edit modify change alter amend rename write save store overwrite move set draft"
    ),
    _stems("run execute exec launch deploy release ship restart reboot start"),
    READS | _stems("download export open access"),
)
"""Deeds that a denial of one may mean too."""
NOUN_DEEDS = {
    root(noun): stem(verb)
    for noun, verb in {
        "payment": "pay", "payments": "pay", "transfer": "transfer", "transfers": "transfer", "refund": "refund",
        "refunds": "refund",
        "deletion": "delete", "deletions": "delete", "purchase": "buy", "purchases": "buy", "deployment": "deploy",
        "deployments": "deploy", "booking": "book", "bookings": "book", "reservation": "reserve", "upload": "upload",
        "uploads": "upload", "download": "download", "downloads": "download", "export": "export", "exports": "export",
        "cancellation": "cancel", "cancellations": "cancel", "removal": "delete", "access": "read",
    }.items()
}  # fmt: skip
OBJECTS: tuple[frozenset[str], ...] = (
    _stems("mail mails email emails message messages inbox mailbox"),
    _stems("file files document documents folder folders directory attachment attachments"),
    _stems(
        "money payment payments funds bill bills invoice invoices transaction transactions transfer transfers payee"
    ),
    _stems("calendar event events meeting meetings appointment appointments"),
    _stems("user users account accounts member members employee employees"),
    _stems("record records row rows table tables database databases"),
    _stems("customer customers client clients contact contacts"),
    _stems("page pages website site url web browser internet"),
    _stems("repository repo branch commit code"),
    _stems("ticket tickets issue issues case cases"),
    _stems("order orders purchase purchases"),
    _stems("refund refunds"),
    _stems("password passwords credential credentials secret secrets key token"),
    _stems("report reports"),
    _stems("booking bookings reservation reservations flight hotel"),
    _stems("server servers service services deployment deployments"),
    _stems("salary salaries payroll"),
    _stems("note notes"),
    _stems("channel channels slack"),
    _stems("product products item items stock inventory"),
)
ANYTHING = _stems("anything everything something all any data thing things information content")
EVERY = _stems("anything everything all any")
_UMBRELLA = _stems("read view see consult access look lookup check inspect")
_READ_KINDS = (
    _stems("search find browse query"),
    _stems("get fetch retrieve show display"),
    _stems("count"),
)
LIGHT = _stems("make issue do send submit process perform give place offer handle accept arrange")
_MONEY = _stems("money payment payments funds")
LINKS = _stems("by id the a of in to from")
HARMLESS = _stems(
    "by id list all new recent latest unread details detail info information my for the of a in to from content"
)
NOUN_VERBS = _stems(
    "mail email message order post book share list report view record issue query test release change invoice note log play track"
)
GENERIC_VERBS = _stems("use call invoke run execute access trigger do perform touch make")


@lru_cache(65_536)
def same_deed(a: str, b: str) -> bool:
    """Tell whether two stems of verbs are one deed."""
    return a == b or any(a in group and b in group for group in DEEDS)


@lru_cache(65_536)
def nearly_same_deed(a: str, b: str) -> bool:
    return same_deed(a, b) or any(a in group and b in group for group in _WIDE)


@lru_cache(65_536)
def is_of_a_group(deed: str) -> bool:
    """Tell whether it is known which deeds one is like."""
    return any(deed in group for group in (*DEEDS, *_WIDE))


@lru_cache(65_536)
def same_object(a: str, b: str) -> bool:
    return a == b or any(a in group and b in group for group in OBJECTS)


def meant_deed(deed: str, objects: Iterable[str]) -> str:
    """Return the deed that a light verb does with its object: to send money is to pay, to issue a refund to refund."""
    if deed not in LIGHT:
        return deed
    said = frozenset(objects)
    return next((NOUN_DEEDS[w] for w in sorted(said) if w in NOUN_DEEDS), "pay" if said & _MONEY else deed)


def permits_deed(said: str, verb: str) -> bool:
    """Tell whether a grant of one deed grants another: to read is to list and to search too, but to list is not to read."""
    if verb in READS and said in READS:
        return said in _UMBRELLA or said == verb or any(said in group and verb in group for group in _READ_KINDS)
    return same_deed(said, verb)


def is_verb(word: str) -> bool:
    """Tell whether a word is a deed, in whatever form it stands: `delete`, `deleting`, `deleted`."""
    s = root(word)
    return s in _ALL_VERBS or s in GENERIC_VERBS or doubled(s) in _ALL_VERBS


def deed_of(word: str, verbs: frozenset[str] = frozenset()) -> str:
    """Return the stem of a verb, one of `verbs` or one that many tools have, or of the verb that a noun such as `payment`
    stands for; empty if it is neither."""
    s = root(word)
    if s in verbs:
        return s
    if s in NOUN_DEEDS:
        return NOUN_DEEDS[s]
    if s in _ALL_VERBS or s in GENERIC_VERBS:
        return s
    return doubled(s) if doubled(s) in _ALL_VERBS else ""


def doubled(s: str) -> str:
    """`dropp`, `shipp`: the stem of `dropping`."""
    return s[:-1] if len(s) > 3 and s[-1] == s[-2] else s


_ALL_VERBS = frozenset().union(*DEEDS, map(stem, VERBS))
