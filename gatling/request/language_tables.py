"""The tables of other languages (`assets/languages.txt`): forms of verbs, words and phrases, each with its English."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from gatling.request.deeds import ASKING_VERBS
from gatling.schema.words import normalise
from gatling.tools.derive import NOUN_VERBS, VERBS

_WORDS = re.compile(r"[^\W\d_]+")
MAX_PHRASE_WORDS = 5
_ENGLISH_VERBS = frozenset((*ASKING_VERBS, *VERBS, *NOUN_VERBS))
_WITH_CLITICS = 3
"""Pronouns are written behind so many forms of a verb: the infinitive and orders."""


class Entry(NamedTuple):
    """What a word, or a phrase that starts with it, is in English."""

    english: str
    rest: tuple[str, ...] = ()
    """The other words of the phrase."""
    is_verb: bool = False
    is_infinitive: bool = False
    first_only: bool = False
    """Whether it counts first in a clause only: elsewhere it is a form that orders nothing."""
    particle: str = ""
    """What must stand behind the verb in its clause: `weiter` behind `leite`."""
    is_told: bool = False
    """Whether it is a participle: said of what is done, or must be."""

    def said(self, first: str) -> str:
        """Return the whole of it, given its first word."""
        return " ".join((first, *self.rest, *self.particle.split()))


@dataclass
class Language:
    """One language."""

    name: str
    verbs_end: str = ""
    """Which verbs end a clause: none, `infinitives`, `any`."""
    is_spaced: bool = True
    entries: dict[str, list[Entry]] = field(default_factory=dict)
    """By the first word, the longest first."""
    clitics: frozenset[str] = frozenset()
    telling: set[str] = field(default_factory=set)
    """Words and phrases that are of this language and not of English."""


@dataclass(frozen=True)
class Tables:
    """All languages."""

    languages: tuple[Language, ...]
    by_word: dict[str, tuple[Language, ...]]
    """Those in which a word, or a phrase that starts with it, tells which language it is."""
    unspaced: re.Pattern[str]
    """What languages without spaces have, the longest first, or one character."""


def plain_word(word: str) -> str:
    """Return a word as tables spell it: in lower case, without accents."""
    word = word.lower()
    return word if word.isascii() else normalise(word).lower().replace("\u00df", "ss")


@cache
def tables() -> Tables:
    """Return the tables of all languages."""
    return read_tables((files("gatling") / "assets" / "languages.txt").read_text("utf-8"))


def read_tables(text: str) -> Tables:
    """Return the tables that a text holds; see the head of `assets/languages.txt`. Raises: ValueError with the line."""
    languages: list[Language] = []
    english = _ENGLISH_VERBS
    endings: dict[str, list[_Ending]] = {}
    part = ""
    for number, line in enumerate(text.splitlines(), start=1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        head, _, rest = line.partition(":")
        key, *words = line.split()
        if line.startswith("["):
            part, endings = "", {}
            if line != "[english]":
                languages.append(Language(line.strip("[]")))
        elif not languages:
            english |= frozenset(line.split())
        elif key == "final":
            languages[-1].verbs_end = "any" if words else "infinitives"
        elif key == "letters":
            languages[-1].is_spaced = False
        elif key == "clitics":
            languages[-1].clitics = frozenset(words)
        elif key in ("verbs", "words") and not words and ":" not in line:
            part = key
        elif key == "endings":
            endings[head.split()[1]] = list(_forms_of(rest))
        elif part and rest:
            for said in rest.split():
                for spelled in _spellings(said, languages[-1].name):
                    _add(languages[-1], head, spelled, part == "verbs", endings, english)
        else:
            raise ValueError(f"languages.txt, line {number}: {line!r} is no row of a section")
    for language in languages:
        for entries in language.entries.values():
            entries.sort(key=lambda e: (-len(e.rest), not e.particle, e.is_told))
    by_word: dict[str, list[Language]] = {}
    for language in languages:
        for word in {said.partition(" ")[0] for said in language.telling}:
            by_word.setdefault(word, []).append(language)
    unspaced = {word for language in languages if not language.is_spaced for word in language.entries}
    pattern = "|".join([*sorted(map(re.escape, unspaced), key=lambda word: (-len(word), word)), "."])
    return Tables(tuple(languages), {word: tuple(found) for word, found in by_word.items()}, re.compile(pattern))


class _Ending(NamedTuple):
    """One form of a verb: what stands before and behind its base."""

    before: str
    behind: str
    first_only: bool
    is_participle: bool


def _forms_of(text: str) -> Iterator[_Ending]:
    """Yield endings: `e`, `-` for none, `ge~t` for one with a beginning; those behind ! and + are marked."""
    mark = ""
    for word in text.split():
        if word in ("!", "+"):
            mark = word
        else:
            before, _, behind = word.rpartition("~")
            yield _Ending(before, behind.strip("-"), mark == "!", mark == "+")


def _spellings(said: str, language: str) -> Iterable[str]:
    """Return how a word is written: umlauts also as two letters."""
    if language != "german":
        return (said,)
    spelled = said
    for letter, two in (("\u00e4", "ae"), ("\u00f6", "oe"), ("\u00fc", "ue")):
        spelled = spelled.replace(letter, two)
    return dict.fromkeys((said, spelled))


def _add(
    language: Language,
    english: str,
    said: str,
    is_verb: bool,
    endings: dict[str, list[_Ending]],
    ambiguous: frozenset[str],
) -> None:
    """Add the forms of a word or a verb to a language."""
    is_english, said = said.startswith("~"), said.removeprefix("~")
    is_first, said = said.startswith("!"), said.removeprefix("!")
    is_one_form, said = said.startswith("="), said.removeprefix("=")
    particle, _, verb = said.rpartition("|")
    ending = None
    if is_verb and not is_one_form:
        ending = max((e for e in endings if verb.endswith(e)), key=len, default=None)
    if ending is None:
        base, forms = verb, [_Ending("", "", is_first, is_participle=False)]
    else:
        base, forms = verb.removesuffix(ending), endings[ending]
    for i, (before, behind, first_only, is_participle) in enumerate(forms):
        form = before + base + behind
        if is_participle:
            told = Entry(f"{english}ed", is_told=True)
            _put(language, (particle + form,), told, is_english, ambiguous)
            continue
        is_infinitive = is_verb and i == 0 and not is_one_form
        entry = Entry(english, (), is_verb, is_infinitive, first_only)
        if particle:
            together = (particle + form, f"{particle}zu{form}", f"{particle}_te_{form}") if is_infinitive else ()
            _put(language, (form,), Entry(english, (), is_verb, particle=plain_word(particle)), is_english, ambiguous)
            _put(language, together, entry, is_english, ambiguous)
        else:
            own = _open(form, is_infinitive) if is_verb and i < _WITH_CLITICS and len(form) > 2 else ""
            _put(language, (form, *(own + c for c in language.clitics if own)), entry, is_english, ambiguous)


def _open(form: str, is_infinitive: bool) -> str:
    """Return a form as pronouns are written behind it: `inviare` loses its end in `inviarlo`."""
    return form[:-1] if is_infinitive and form.endswith("re") else form


def _put(language: Language, forms: Iterable[str], entry: Entry, is_english: bool, ambiguous: frozenset[str]) -> None:
    """Add forms that mean the same."""
    for form in forms:
        first, *rest = [plain_word(form)] if form.isalpha() else map(plain_word, _WORDS.findall(form.replace("_", " ")))
        if len(rest) >= MAX_PHRASE_WORDS:
            raise ValueError(f"languages.txt: {form!r} has {len(rest) + 1} words, {MAX_PHRASE_WORDS} can be read")
        if entry.is_verb and not rest and form.isascii() and first in _ENGLISH_VERBS:
            continue  # whoever reads English reads it
        known = language.entries.setdefault(first, [])
        one = entry._replace(rest=tuple(rest)) if rest else entry
        if one not in known:
            known.append(one)
        is_word = len(first) > 1 or not language.is_spaced
        if is_word and not is_english and first not in ambiguous:
            language.telling.add(one.said(first))
