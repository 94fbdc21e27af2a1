"""Reading other languages: sentences by their language, clauses, and the English words in their order; see `languages`.

- A sentence is read in the language of which it has most words, and in none if it has hardly one. A word that is English too, or
  that names people, says nothing about the language: it is read only where others say it.
- Verbs that end a clause go to its front, as English reads an order by its first word; so does a negation, as it refuses its
  clause. Where in the text something is refused is told by position.

Linear in the text: one look-up a word, phrases of at most five.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from gatling.request.language_tables import Entry, Language, Tables, plain_word, tables
from gatling.request.languages import Refused, Said
from gatling.schema.budget import checked

MAX_REFUSED = 256
"""Refused stretches of a text that are told; more make the rest of it one."""
_STRONG_CHARS = 5
"""A verb of so many letters says alone what language a sentence is in."""
_FEW = 2
_IDEOGRAPHS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
_IS_IDEOGRAPH = re.compile(f"[{_IDEOGRAPHS}]")
_PIECE = re.compile(rf"[{_IDEOGRAPHS}]+|[^\s{_IDEOGRAPHS}]+")
_LETTERS = re.compile(r"[^\W\d_]+")
# What holds an address, a path or an identifier is a value, whatever words it is made of.
_VALUE = re.compile(r"[@_\\]|//|\w\.[a-z0-9]|^[/~]|[^\W\d]-?\d|\d[^\W\d]")
_SENTENCE_END = re.compile(r"[.!?](?=\s|$)|[;\n\u3002\uff01\uff1f\uff1b]")
_CLAUSE_END = re.compile(r"[,:](?=\s)|[()\u3001\uff0c\uff1a\u2013\u2014\u201e\u201c\"\u00ab\u00bb\u00a1\u00bf]|\s-")
_JOINTS = ("", "'", "\u2019", "-")
_WITHIN_PHRASE = re.compile(r"[ '\u2019\u00a0-]{0,3}")
# What may stand before the verb of an order, in English.
_LEADING = frozenset(
    "please and but or then also now if before when you i we he must can could should would will to so immediately".split()
) | {"want to", "i want to", "we want to", "you must", "remember to"}
_BEFORE_NOUNS = frozenset("the a my your his her our this".split())
# A sentence with one of these is English more likely than what one short word says.
_ENGLISH = frozenset(
    "the of to and is are for with you your this that it we please from be will have has not by at our was my an if or".split()
)
_JOINING = frozenset(("and", "but", "or", "then"))
_MOODS = frozenset(("please", "you must", "must", "should", "could"))
_NOT = "not"
_REFUSING = (_NOT, "without")
_OPENING = {ord("\u00bf"): None, ord("\u00a1"): None}
"""Marks that open a sentence, and that English has not."""


class _Token(NamedTuple):
    start: int
    end: int
    word: str


class _Item(NamedTuple):
    """A word or a phrase, and what stands for it in English."""

    start: int
    end: int
    english: str
    is_verb: bool = False
    moves: bool = False
    """Whether it is a verb that ends its clause and goes to the front."""


def read(text: str) -> Said | None:
    """Return what a text says in English words; None where no other language is recognised in it."""
    known = tables()
    sentences = [_in_language(tokens, known) for tokens in checked(_by_sentence(text, _tokens(text, known)))]
    whole = sum((count for _, count in sentences), Counter())
    if not whole:
        return None
    out: list[str] = []
    refused: list[Refused] = []
    at = num_orders = 0
    is_refusing = False
    for tokens, count in checked(sentences):
        language = _language_of(tokens, count, whole, known)
        clauses = _clauses(text, tokens, language) if language is not None else ([_Item(*tokens[0][:2], "")],)
        for clause in clauses:
            start, end = clause[0].start, clause[-1].end
            if is_refusing:  # to where the next clause starts, so that the values that it ends with are in it
                refused[-1] = replace(refused[-1], end=_stop(text, at, start))
            refusing = next((item for item in clause if item.english in _REFUSING), None)
            is_refusing = refusing is not None
            if language is None:
                break
            english = _in_order(text, clause)
            out += (text[at:start].translate(_OPENING), english)
            if refusing is not None:
                begin = _restart(text, at, start) if refusing.english == _NOT else refusing.start
                refused.append(Refused(begin, len(text), english))
            at = end
            num_orders += sum(item.is_verb or item.english in _MOODS for item in clause)
    if is_refusing:
        refused[-1] = replace(refused[-1], end=_stop(text, at, len(text)))
    if not out:
        return None
    out.append(text[at:])
    if len(refused) > MAX_REFUSED:
        last = refused[MAX_REFUSED - 1]
        refused[MAX_REFUSED - 1 :] = [Refused(last.start, len(text), last.english)]
    return Said("".join(out), num_orders, tuple(refused))


def _stop(text: str, start: int, end: int) -> int:
    """Return where a clause ends of which the last word ends at `start`, and the next clause starts at `end`."""
    stop = _SENTENCE_END.search(text, start, end)
    return stop.start() if stop else end


def _restart(text: str, start: int, end: int) -> int:
    """Return where a clause starts of which the first word starts at `end`, and the one before ends at `start`."""
    marks = [m.end() for pattern in (_SENTENCE_END, _CLAUSE_END) for m in pattern.finditer(text, start, end)]
    return max(marks, default=end if start else 0)


# --- words and sentences ----------------------------------------------------------------------------------------------


def _tokens(text: str, known: Tables) -> Iterator[_Token]:
    """Yield the words as the tables spell them, but for those within values; of scripts without spaces the known runs."""
    for piece in checked(_PIECE.finditer(text)):
        if _IS_IDEOGRAPH.match(piece.group()):
            for match in checked(known.unspaced.finditer(text, piece.start(), piece.end())):
                yield _Token(match.start(), match.end(), match.group())
        elif not _VALUE.search(piece.group().rstrip(".,;:!?)'\"")):
            for match in checked(_LETTERS.finditer(text, piece.start(), piece.end())):
                yield _Token(match.start(), match.end(), plain_word(match.group()))


def _by_sentence(text: str, tokens: Iterator[_Token]) -> Iterator[list[_Token]]:
    """Yield the words of each sentence."""
    sentence: list[_Token] = []
    for token in tokens:
        if sentence and _SENTENCE_END.search(text, sentence[-1].end, token.start + 1):
            yield sentence
            sentence = []
        sentence.append(token)
    if sentence:
        yield sentence


# --- which language ---------------------------------------------------------------------------------------------------


def _in_language(tokens: list[_Token], known: Tables) -> tuple[list[_Token], Counter[str]]:
    """Return a sentence, and for each language how many of its words tell that it is of that one."""
    count: Counter[str] = Counter()
    words = {token.word for token in tokens}
    for i, token in enumerate(tokens):
        for language in known.by_word.get(token.word, ()):
            if any(
                e.said(token.word) in language.telling
                and _stands(tokens, i, e)
                and (not e.particle or e.particle in words)
                for e in language.entries[token.word]
            ):
                count[language.name] += 1
    return tokens, count


def _stands(tokens: list[_Token], i: int, entry: Entry) -> bool:
    return all(i + k < len(tokens) and tokens[i + k].word == word for k, word in enumerate(entry.rest, start=1))


def _language_of(tokens: list[_Token], count: Counter[str], whole: Counter[str], known: Tables) -> Language | None:
    """Return the language that a sentence is read in: the one of which it has most words, then the text as a whole."""
    if not count:
        return None
    by_name = {language.name: language for language in known.languages if count[language.name]}
    known_of = {name: sum(t.word in language.entries for t in tokens) for name, language in by_name.items()}
    name = max(by_name, key=lambda n: (count[n], whole[n], known_of[n]))
    language = by_name[name]
    if count[name] >= _FEW or whole[name] > _FEW or not language.is_spaced:
        return language
    if len(tokens) > 1 and _ENGLISH.isdisjoint(token.word for token in tokens):
        return language
    is_strong = any(
        len(t.word) >= _STRONG_CHARS or not t.word.isascii()
        for t in tokens
        if language in known.by_word.get(t.word, ())
    )
    return language if is_strong else None


# --- words to English -------------------------------------------------------------------------------------------------


def _clauses(text: str, tokens: list[_Token], language: Language) -> Iterator[list[_Item]]:
    """Yield the clauses of a sentence; words that the tables do not have stay as they are."""
    clause: list[_Item] = []
    segment: list[_Token] = []
    for token in (*tokens, None):
        if token is None or (segment and _CLAUSE_END.search(text, segment[-1].end, token.start)):
            for item in _items(text, segment, language):
                if clause and item.english in _JOINING:
                    yield _turned(text, clause, language)
                    clause = []
                clause.append(item)
            if clause:
                yield _turned(text, clause, language)
            clause, segment = [], []
        if token is not None:
            segment.append(token)


def _items(text: str, tokens: list[_Token], language: Language) -> Iterator[_Item]:
    """Yield what words and phrases between two commas are in English."""
    last_at = {token.word: i for i, token in enumerate(tokens)}
    dropped: set[int] = set()
    before = ""
    was_verb = False
    i = 0
    while i < len(tokens):
        token = tokens[i]
        entry = None if i in dropped else _entry(text, tokens, i, language, last_at, before)
        if entry is None:
            english = "" if i in dropped else text[token.start : token.end]
            yield _Item(token.start, token.end, english)
            i += 1
        else:
            end = i + 1 + len(entry.rest)
            english = "" if was_verb and entry.english == "you" else entry.english  # "zahlen Sie"
            if entry.particle:
                dropped.add(last_at[entry.particle])
            yield _Item(token.start, tokens[end - 1].end, english, entry.is_verb, entry.is_infinitive)
            i = end
        before, was_verb = english, entry is not None and entry.is_verb


def _entry(
    text: str, tokens: list[_Token], i: int, language: Language, last_at: dict[str, int], before: str
) -> Entry | None:
    """Return what a word is read as: of several rows the longest phrase, and first in a clause a verb."""
    found = None
    is_first = i == 0 or before in _LEADING
    for entry in language.entries.get(tokens[i].word, ()):
        if entry.first_only and not is_first:
            continue
        if entry.particle and last_at.get(entry.particle, -1) <= i:
            continue
        if not _stands(tokens, i, entry) or not all(
            _WITHIN_PHRASE.fullmatch(text, tokens[i + k].end, tokens[i + k + 1].start) for k in range(len(entry.rest))
        ):
            continue
        if entry.is_verb and before in _BEFORE_NOUNS:
            continue  # "el informe", "la commande"
        is_as_long = found is not None and len(entry.rest) == len(found.rest) and not found.particle
        if found is None or (is_as_long and entry.is_verb is is_first and found.is_verb is not is_first):
            found = entry
    return found


def _turned(text: str, clause: list[_Item], language: Language) -> list[_Item]:
    """Return a clause in which one verb at most moves: the last, where the language ends clauses with verbs."""
    verbs = [i for i, item in enumerate(clause) if item.is_verb] if language.verbs_end else []
    moving = -1
    if verbs and language.verbs_end == "any":
        moving = verbs[-1]
    elif verbs and clause[verbs[-1]].moves:
        before = clause[verbs[-1] - 1].english if verbs[-1] else ""
        is_last = not any(item.english for item in clause[verbs[-1] + 1 :])
        if before != "to" and (is_last or any(item.english == "please" for item in clause)):
            moving = verbs[-1]
    return [item._replace(moves=i == moving) for i, item in enumerate(clause)]


def _in_order(text: str, clause: list[_Item]) -> str:
    """Return a clause in English words: a verb that ends it and a negation go behind the words that may lead an order."""
    lead = 0
    for before, item in zip((None, *clause), clause, strict=False):
        is_next = before is None or not text[before.end : item.start].strip()
        if item.english not in _LEADING or not is_next:
            break
        lead += 1
    out = [item.english for item in clause]
    front = ["do not"] if _NOT in out else []
    for i, item in enumerate(clause):
        if item.english == _NOT:
            out[i] = ""
        if item.moves and i >= lead:
            front.append(item.english)
            out[i] = ""
        elif item.is_verb and i > lead and out[i - 1] not in _LEADING:
            out[i] = f"to {item.english}"  # a verb and no noun, as `transfer` is one as well
    said: list[str] = []
    for i, item in enumerate(clause):
        if i:
            gap = text[clause[i - 1].end : item.start]
            said.append(" " if gap in _JOINTS else gap)
        if i == lead and front:
            said.append(" ".join(front) + " ")
        said.append(out[i])
    return "".join(said)
