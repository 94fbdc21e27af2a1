"""Which words of a statement mean which tools.

A name that stands in the source is that tool. Words are matched to tools that are known: those of the catalogue, and those whose
names stand somewhere in the source. A grant wants every word of the tool's name to be said; a denial takes each tool that has the
deed and the object, and what it may mean besides is left open.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cached_property

from gatling.policy.globs import squashed_name
from gatling.schema.words import split_words, stem
from gatling.tools.derive import VERBS, effect_of, verb_of
from gatling.tools.naming import singular
from gatling.tools.spec import ToolSpec

_IRREGULAR = {"frozen": "freeze", "read": "read", "withdrawn": "withdraw", "given": "give", "taken": "take"}


def root(word: str) -> str:
    """Return what words for one thing or deed share: `payees` and `payee`, `deleting` and `delete`."""
    return stem(_IRREGULAR.get(word, singular(word)))


def _stems(words: str) -> frozenset[str]:
    return frozenset(map(root, words.split()))


_READS = _stems(
    "read view see list search find get look lookup fetch show browse query check count consult retrieve display"
)
DEEDS: tuple[frozenset[str], ...] = (
    _READS,
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
    _READS | _stems("download export open access"),
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
_ANYTHING = _stems("anything everything something all any data thing things information content")
EVERY = _stems("anything everything all any")
_UMBRELLA = _stems("read view see consult access look lookup check inspect")
_READ_KINDS = (
    _stems("search find browse query"),
    _stems("get fetch retrieve show display"),
    _stems("count"),
)
_LIGHT = _stems("make issue do send submit process perform")
_MONEY = _stems("money payment payments funds")
_LINKS = _stems("by id the a of in to from")
_HARMLESS = _stems(
    "by id list all new recent latest unread details detail info information my for the of a in to from content"
)
_THINGS = _stems(
    "mail email message order post book share list report view record issue query test release change invoice note log play track"
)
GENERIC_VERBS = _stems("use call invoke run execute access trigger do perform touch make")

NAME = r"[A-Za-z*][\w*?]*(?:(?:__|[.:/-])[\w*?]+)*"
_TOKEN = re.compile(rf"[`'\"]({NAME})[`'\"]|(?<![\w@/.])({NAME})(?:\(\))?(?![\w@])")


PATH_TOOLS = ("*file*", "*folder*", "*director*", "*path*", "*document*", "*shell*", "*bash*", "*exec*", "*command*")
"""Tools that may reach a path by an argument."""


def same_deed(a: str, b: str) -> bool:
    """Tell whether two stems of verbs are one deed."""
    return a == b or any(a in group and b in group for group in DEEDS)


def nearly_same_deed(a: str, b: str) -> bool:
    return same_deed(a, b) or any(a in group and b in group for group in _WIDE)


def same_object(a: str, b: str) -> bool:
    return a == b or any(a in group and b in group for group in OBJECTS)


def _meant(deed: str, objects: Iterable[str]) -> str:
    """Return the deed that a light verb does with its object: to send money is to pay, to issue a refund to refund."""
    if deed not in _LIGHT:
        return deed
    said = frozenset(objects)
    return next((NOUN_DEEDS[w] for w in sorted(said) if w in NOUN_DEEDS), "pay" if said & _MONEY else deed)


def permits_deed(said: str, verb: str) -> bool:
    """Tell whether a grant of one deed grants another: to read is to list and to search too, but to list is not to read."""
    if verb in _READS and said in _READS:
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


class Lexicon:
    """The tools that are known, and what words mean among them."""

    def __init__(self, names: Iterable[str], specs: Mapping[str, ToolSpec] | None = None) -> None:
        self.specs = dict(specs or {})
        self.roles: frozenset[str] = frozenset()
        """Names of roles that the source states, in lower case."""
        self.is_closed = False
        """Whether these are all tools that there are."""
        self.names = tuple(dict.fromkeys((*self.specs, *(n for n in names if "*" not in n and "?" not in n))))
        self._by_form = {squashed_name(name): name for name in self.names}

    @cached_property
    def _parts(self) -> dict[str, tuple[str, frozenset[str]]]:
        """For each tool the stem of its verb, and those of its other words. `send_money` pays, `issue_refund` refunds."""
        found = {}
        for name in self.names:
            words = split_words(name.rpartition("__")[2].rpartition(".")[2] or name)
            verb = verb_of(name)
            lead = (
                stem(verb[0]) if verb else next((root(w) for w in words if is_verb(w)), root(words[0]) if words else "")
            )
            rest = frozenset(root(w) for w in words if stem(w) != lead)
            found[name] = _meant(lead, rest), rest
        return found

    @cached_property
    def verbs(self) -> frozenset[str]:
        """The verbs of the tools that are known, by stem."""
        return frozenset(verb for verb, _ in self._parts.values() if verb and verb not in _THINGS)

    def exact(self, text: str) -> str:
        """Return the tool of that name, case and separators aside; empty if there is none."""
        return self._by_form.get(squashed_name(text), "") if text else ""

    def granted(self, deed: str, objects: Iterable[str]) -> tuple[str, ...]:
        """Return the tools whose every word is said: the deed, the object, and nothing that is not."""
        deed = _meant(deed, objects)
        said = set(objects) - _ANYTHING
        is_all = not said and not EVERY.isdisjoint(objects)
        found = []
        for name, (verb, rest) in self._parts.items():
            if not verb or not permits_deed(deed, verb) or deed in GENERIC_VERBS - {"run", "execut"}:
                continue
            if is_all:
                found.append(name)
                continue
            harmless = _HARMLESS if verb in _READS else _LINKS
            telling = {word for word in rest if word not in harmless and not word.isdigit() and word != deed}
            if all(any(same_object(word, o) for o in said) for word in telling) and (
                any(same_object(word, o) for word in rest for o in said) or not said or self._is_of(verb, said)
            ):
                found.append(name)
        return tuple(found)

    @staticmethod
    def _is_of(verb: str, said: set[str]) -> bool:
        """`pay` is the tool of payments, `mail` of mail: the object is the deed once more."""
        return all(same_object(verb, o) or same_deed(NOUN_DEEDS.get(o, o), verb) for o in said)

    def denied(self, deed: str, objects: Iterable[str]) -> tuple[str, ...]:
        """Return the tools that a denial of a deed to an object certainly means."""
        deed = _meant(deed, objects)
        said = set(objects)
        is_all = not said - _ANYTHING
        return tuple(
            name
            for name, (verb, rest) in self._parts.items()
            if (same_deed(verb, deed) or (deed in rest and deed not in _THINGS))
            and (is_all or any(same_object(word, o) for word in (verb, *rest) for o in said))
        )

    def perhaps(self, deed: str, objects: Iterable[str]) -> tuple[str, ...]:
        """Return the tools that it may mean besides: a deed near to it, to an object that is not another one for certain."""
        deed = _meant(deed, objects)
        said = set(objects) - _ANYTHING
        certain = set(self.denied(deed, objects))
        found = []
        for name, (verb, rest) in self._parts.items():
            if name in certain:
                continue
            telling = rest - _HARMLESS
            touches = not said or not telling or any(self._may_be(w, o) for w in telling for o in said)
            is_open = not verb or (verb in GENERIC_VERBS and verb != deed) or nearly_same_deed(verb, deed)
            acts_alike = effect_of(name)[0] != "read" and deed in GENERIC_VERBS and not certain
            if touches and (is_open or acts_alike or (deed in GENERIC_VERBS and not certain)):
                found.append(name)
        return tuple(found)

    @staticmethod
    def _may_be(word: str, said: str) -> bool:
        if same_object(word, said):
            return True
        return not (any(word in group for group in OBJECTS) and any(said in group for group in OBJECTS))

    def parameter(self, tool: str, wanted: frozenset[str]) -> str:
        """Return the parameter of a known tool whose name has one of some words; empty if none, or nothing is known."""
        spec = self.specs.get(tool)
        for p in spec.parameters if spec else ():
            if wanted & frozenset(split_words(p.name)):
                return p.name
        return ""


def names_in(text: str, known: Lexicon | None = None) -> list[tuple[int, int, str]]:
    """Return the names of tools that stand in a text, with their places: what is known, quoted, or written as no word is."""
    found = []
    for match in _TOKEN.finditer(text):
        quoted, plain = match.groups()
        name = quoted or plain
        exact = known.exact(name) if known is not None and (quoted or not name.islower() or not is_plain(name)) else ""
        if known is not None and not exact and name in known.names:
            exact = name
        if quoted and not (is_tool_name(name) or exact):
            continue
        if exact or is_tool_name(name):
            found.append((match.start(), match.end(), exact or name))
    return found


def is_plain(name: str) -> bool:
    return name.isalpha()


def is_tool_name(name: str) -> bool:
    """Tell whether a text is written as names of tools are, and no word is: `read_file`, `fs.read`, `readFile`, `delete_*`."""
    if not re.fullmatch(NAME, name) or name in ("*", "**"):
        return False
    if "*" in name or "?" in name:
        return any(c.isalpha() for c in name) and "/" not in name
    if "/" in name or ("-" in name and "_" not in name and verb_of(name) is None):
        return False
    joined = (
        "_" in name
        or bool(re.search(r"[a-z][A-Z]", name))
        or (("." in name or ":" in name) and verb_of(name) is not None)
    )
    if (
        joined
        and "." in name
        and re.search(r"\.(?:com|org|net|io|eu|de|uk|md|txt|yaml|json|csv|pdf|py)$", name.lower())
    ):
        return False
    return joined or ("-" in name and verb_of(name) is not None)


def role_names(text: str) -> tuple[str, ...]:
    """Return the names of a role that people's words for it stand for: as written, in lower case, one of them and several."""
    words = re.sub(r"[^\w\s.:@-]", " ", text).strip().split()
    if not words:
        return ()
    forms = ["_".join(words), "_".join(words).lower()]
    forms += ["_".join([*words[:-1], singular(words[-1].lower())]).lower()]
    return tuple(dict.fromkeys(forms))
