"""Which words of a statement mean which tools.

A name that stands in the source is that tool. Words are matched to tools that are known: those of the catalogue, and those whose
names stand somewhere in the source. A grant wants every word of the tool's name to be said; a denial takes each tool that has the
deed and the object, and what it may mean besides is left open.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from gatling.policy.globs import squashed_name
from gatling.policy.language.deeds import (
    ANYTHING,
    EVERY,
    GENERIC_VERBS,
    HARMLESS,
    LINKS,
    NOUN_DEEDS,
    NOUN_VERBS,
    OBJECTS,
    READS,
    is_of_a_group,
    is_verb,
    meant_deed,
    nearly_same_deed,
    permits_deed,
    root,
    same_deed,
    same_object,
)
from gatling.schema.lazy import cached_property
from gatling.schema.words import split_words, stem
from gatling.tools.derive import VERBS, effect_of, verb_of
from gatling.tools.naming import singular
from gatling.tools.spec import ToolSpec

NAME = r"[A-Za-z*][\w*?]*(?:(?:__|[.:/-])[\w*?]+)*"
_TOKEN = re.compile(rf"[`'\"]({NAME})[`'\"]|(?<![\w@/.])({NAME})(?:\(\))?(?![\w@])")
_KIND = re.compile(r"(?:tools?|actions?|operations?|functions?|fn|op|call|api)[.:/]", re.IGNORECASE)
"""What says before a name that it is a tool's."""
PATH_TOOLS = ("*file*", "*folder*", "*director*", "*path*", "*document*", "*shell*", "*bash*", "*exec*", "*command*")
"""Tools that may reach a path by an argument."""


class Lexicon:
    """The tools that are known, and what words mean among them."""

    def __init__(self, names: Iterable[str], specs: Mapping[str, ToolSpec] | None = None) -> None:
        self.specs = dict(specs or {})
        self.roles: frozenset[str] = frozenset()
        """Names of roles that the source states, in lower case."""
        self.is_closed = False
        """Whether these are all tools that there are."""
        self.wants_certain = False
        """Whether nobody asks what a denial may mean besides."""
        self.names = tuple(dict.fromkeys((*self.specs, *(n for n in names if "*" not in n and "?" not in n))))
        self._by_form = {squashed_name(name): name for name in self.names}
        self.hits: dict[str, tuple[str, ...]] = {}
        """For each word that was asked of, the tools that share a thing or a deed with it; see `concern`."""

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
            found[name] = meant_deed(lead, rest), rest
        return found

    def parts(self, name: str) -> tuple[str, frozenset[str]]:
        """Return for a tool that is known the stem of its deed, and those of all words of its name and of its parameters'."""
        verb, _ = self._parts[name]
        words = split_words(name.rpartition("__")[2].rpartition(".")[2] or name)
        found = verb_of(name)
        if words and words[0] in VERBS and (found is None or found[0] != words[0]):
            verb = root(words[0])  # `view_leave_balance` views
        spec = self.specs.get(name)
        texts = (name, *(p.name for p in (spec.parameters if spec else ())))
        return verb, frozenset(root(w) for text in texts for w in split_words(text) if len(w) > 2)

    @cached_property
    def verbs(self) -> frozenset[str]:
        """The verbs of the tools that are known, by stem."""
        return frozenset(verb for verb, _ in self._parts.values() if verb and verb not in NOUN_VERBS)

    @cached_property
    def shared(self) -> tuple[str, ...]:
        """The words that the names of all tools have, such as that of one system: `vault_read`, `vault_list`."""
        words = [frozenset(map(root, split_words(name))) for name in self.names]
        return tuple(sorted(frozenset.intersection(*words))) if len(words) > 1 else ()

    def exact(self, text: str) -> str:
        """Return the tool of that name, case and separators aside; empty if there is none. `tool.send_money` is that too."""
        if not text:
            return ""
        found = self._by_form.get(squashed_name(text), "")
        if not found and (head := _KIND.match(text)):
            found = self._by_form.get(squashed_name(text[head.end() :]), "")
        return found

    def named(self, text: str) -> tuple[str, ...]:
        """Return the tools whose names stand in a text as they are written in code."""
        found = (self.exact(name) for _, _, name in names_in(text) if is_tool_name(name))
        return tuple(dict.fromkeys(filter(None, found)))

    def granted(self, deed: str, objects: Iterable[str]) -> tuple[str, ...]:
        """Return the tools whose every word is said: the deed, the object, and nothing that is not."""
        deed = meant_deed(deed, objects)
        said = set(objects) - ANYTHING
        is_all = not said and not EVERY.isdisjoint(objects)
        found = []
        for name, (verb, rest) in self._parts.items():
            if not verb or not permits_deed(deed, verb) or deed in GENERIC_VERBS - {"run", "execut"}:
                continue
            if is_all:
                found.append(name)
                continue
            harmless = HARMLESS if verb in READS else LINKS
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
        deed = meant_deed(deed, objects)
        said = set(objects)
        is_all = not said - ANYTHING
        return tuple(
            name
            for name, (verb, rest) in self._parts.items()
            if (same_deed(verb, deed) or (deed in rest and deed not in NOUN_VERBS))
            and (is_all or any(same_object(word, o) for word in (verb, *rest) for o in said))
        )

    def perhaps(self, deed: str, objects: Iterable[str]) -> tuple[str, ...]:
        """Return the tools that it may mean besides: a deed near to it, to an object that is not another one for certain."""
        if self.wants_certain:
            return ()
        deed = meant_deed(deed, objects)
        said = set(objects) - ANYTHING
        certain = set(self.denied(deed, objects))
        found = []
        for name, (verb, rest) in self._parts.items():
            if name in certain:
                continue
            telling = rest - HARMLESS
            touches = not said or not telling or any(self._may_be(w, o) for w in telling for o in said)
            is_open = not verb or (verb in GENERIC_VERBS and verb != deed) or nearly_same_deed(verb, deed)
            acts_alike = effect_of(name)[0] != "read" and deed in GENERIC_VERBS and not certain
            if touches and (is_open or acts_alike or (deed in GENERIC_VERBS and not certain)):
                found.append(name)
        return tuple(found)

    def near(self, deeds: Iterable[str]) -> tuple[str, ...]:
        """Return the tools that a denial of some deeds may mean, whatever their objects: all but those whose own deeds are known
        to be others, and but those that read where it is not about reading."""
        said = frozenset(deeds)
        if not all(is_of_a_group(deed) for deed in said):
            return tuple(name for name in self.names if effect_of(name)[0] != "read")
        found = []
        for name, (verb, rest) in self._parts.items():
            own = [
                word for word in (verb, *rest) if word and (word == verb or word in NOUN_VERBS or is_of_a_group(word))
            ]
            may_be = not all(map(is_of_a_group, own)) or any(
                nearly_same_deed(word, deed) for word in own for deed in said
            )
            if may_be and (effect_of(name)[0] != "read" or any(nearly_same_deed(verb, deed) for deed in said)):
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
    if len(words) > 1:
        plain = [word.lower() for word in words]
        forms += [" ".join(words), " ".join(plain), " ".join([*plain[:-1], singular(plain[-1])])]
    elif len(parts := split_words(words[0])) > 1:  # `claimHandler`, `shift_lead`
        forms += ["_".join([*parts[:-1], singular(parts[-1])]), " ".join([*parts[:-1], singular(parts[-1])])]
    return tuple(dict.fromkeys(forms))
