"""Names that may be taken for another: below a name space, in the plural, with digits for letters, with a slip of the pen.

A *skeleton* is what is left of a name for somebody who looks at it quickly: `de1eteFiles` and `delete_file` have one. The *forms*
of a tool's name are the skeletons of the names that it may stand for:

| name | stands also for |
| --- | --- |
| `mcp__fs__delete_file`, `fs.delete_file` | `delete_file` |
| `fs_delete_file`, `bulk_delete_files` | `delete_file`, as no word before it is a verb |
| `delete_file_v2`, `delete_file2`, `delete_a_file`, `delete_file_by_id`, `do_delete_file` | `delete_file` |
| `drive.files.delete`, `FileDelete` | `delete_file` |
| `get_delete_file_log`, `undelete_file` | nothing else |
"""

from __future__ import annotations

import re

from gatling.schema.lru import remembered
from gatling.schema.words import normalise, split_words
from gatling.tools.derive import NOUN_VERBS, READ_NOUNS, VERBS, WORDS, verb_of
from gatling.tools.naming import singular

MAX_CHARS = 128
"""Of a longer name only the start is compared."""
MAX_PARTS = 16
MIN_SLIP_CHARS = 6
"""In a shorter name another letter makes another name."""

NAMESPACE = re.compile(r"__|[./:]")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SEPARATOR = re.compile(r"[^\w@$|!*?]+|_+")
_LETTERS = str.maketrans("0134578@$|!i", "oleastbaslll")
_DOUBLED = re.compile(r"(.)\1+")
_NOT_LETTERS = re.compile(r"[\W_]+")
# What may stand before and behind the name of a deed without making it another.
_BEFORE = frozenset("do run exec execute call invoke perform try auto please".split())
_DEEDS = frozenset((*VERBS, *NOUN_VERBS))
_BEHIND = frozenset(
    "now tool async sync fn func function action api new old legacy force forced all bulk batch safe unsafe quick fast ex impl "
    "op cmd command call permanently silently directly".split()
)
_VERSION = re.compile(r"v?\d{1,4}")
_NUMBERED = re.compile(r"(?<=[a-z]{2})v?\d{1,4}$")
_ARTICLES = frozenset("a an the this that my your one any".split())
_DELETES = frozenset("delete del rm remove erase destroy unlink purge wipe trash drop".split())


@remembered(65_536)
def skeleton(name: str) -> str:
    """Return the skeleton of a name; two names of one skeleton may be taken for each other."""
    return _skeleton(_parts(name))


@remembered(16_384)
def pattern_skeleton(pattern: str) -> str:
    """Return the skeleton of a pattern with `*` and `?`, which matches the skeletons of what may be taken for what it names."""
    pieces = re.split(r"([*?])", pattern[:MAX_CHARS])
    folded = [
        piece if piece in ("*", "?") else _skeleton(_parts(piece) if i == len(pieces) - 1 else _cut(piece))
        for i, piece in enumerate(pieces)
    ]
    return "".join(folded)


@remembered(16_384)
def forms(tool: str) -> tuple[str, ...]:
    """Return the skeletons of the names that a tool's name may stand for; the first is that of the whole."""
    plain = normalise(tool)[:MAX_CHARS]
    found = [skeleton(tool)]
    for match in NAMESPACE.finditer(plain):
        found += _without_affixes(_parts(plain[match.end() :]))
    parts = _parts(plain)[:MAX_PARTS]
    for i in range(len(parts)):
        before, name = parts[:i], parts[i:]
        is_whole = bool(before) and _BEFORE.issuperset(before)
        if is_whole or (len(name) > 1 and (not before or before[-1] in _BEFORE or verb_of("_".join(before)) is None)):
            found += _without_affixes(name)
    found += _turned(parts)
    if not _ARTICLES.isdisjoint(parts[1:]):
        found += _without_affixes([part for part in parts if part not in _ARTICLES])
    return tuple(dict.fromkeys(form for form in found if len(form) > 1))


@remembered(16_384)
def deletion(tool: str) -> str:
    """Return the skeleton of a name with its word for deleting as `delete`, of `fs.rm_file` too; empty if it has none."""
    parts = [p for p in _parts(NAMESPACE.split(normalise(tool)[:MAX_CHARS])[-1])[:MAX_PARTS] if p not in _ARTICLES]
    at = next((i for i, part in enumerate(parts) if part in _DELETES), None)
    if at is None or len(parts) < 2:
        return ""
    rest = parts[at + 1 :] or parts[:at]
    return min(_without_affixes(["delete", *rest]), key=len)


def _turned(parts: list[str]) -> list[str]:
    """Return a name with the verb at its end put before what it is done to: `drive.files.delete` is `delete_file`."""
    if len(parts) < 2 or parts[-1] not in _DEEDS:
        return []
    return [_skeleton([parts[-1], *parts[i:-1]]) for i in range(max(0, len(parts) - 4), len(parts) - 1)]


def starts(tool: str) -> tuple[str, ...]:
    """Return the skeletons of the names of two words or more that a tool's name starts with, below a name space or not, if they
    are of a deed that changes something: `delete_file` of `delete_file_by_id`."""
    found: list[str] = []
    for name in (tool, NAMESPACE.split(tool)[-1]):
        parts = _parts(name)[:MAX_PARTS]
        if len(parts) > 2 and VERBS.get(parts[0], NOUN_VERBS.get(parts[0], "read")) != "read":
            found += [_skeleton(parts[:i]) for i in range(2, len(parts))]
    return tuple(dict.fromkeys(found))


def _without_affixes(parts: list[str]) -> list[str]:
    """Return the skeleton of a name, and what it is without what may stand behind a deed."""
    found = [_skeleton(parts)]
    while len(parts) > 1 and (parts[-1] in _BEHIND or _VERSION.fullmatch(parts[-1])):
        parts = parts[:-1]
        found.append(_skeleton(parts))
    if parts and (plain := _NUMBERED.sub("", parts[-1])) != parts[-1]:
        found.append(_skeleton([*parts[:-1], plain]))
    return found


def slips(form: str) -> frozenset[str]:
    """Return a skeleton with each letter left out in turn: two that share one of these differ by a slip of the pen."""
    if len(form) < MIN_SLIP_CHARS:
        return frozenset()
    return frozenset(_DOUBLED.sub(r"\1", form[:i] + form[i + 1 :]) for i in range(len(form))) | {form}


@remembered(16_384)
def is_slip(tool: str, name: str) -> bool:
    """Tell whether a tool's name differs from another by what is no word: of `set_alarm` and `get_alarm` both are names."""
    own, other = (frozenset(map(one_of, split_words(text))) for text in (tool, name))
    strange = own - other
    return bool(strange) and not any(_is_word(word) for word in strange)


def _is_word(word: str) -> bool:
    return len(word) < 3 or word.isdigit() or any(word in known for known in (VERBS, NOUN_VERBS, WORDS, READ_NOUNS))


def one_of(word: str) -> str:
    """Return the singular of a word in a name."""
    return "id" if word == "ids" else singular(word)


def _cut(name: str) -> list[str]:
    plain = _CAMEL.sub("_", normalise(name[:MAX_CHARS]))
    return [part for part in _SEPARATOR.split(plain.lower()) if part]


def _parts(name: str) -> list[str]:
    return [one_of(part) for part in _cut(name)]


def _skeleton(parts: list[str]) -> str:
    return _folded("".join(map(_letters, parts)))


def _letters(part: str) -> str:
    """Return a part of a name with digits among letters as the letters that they look like; a number stays one."""
    return part if part.isdigit() else _NOT_LETTERS.sub("", part.translate(_LETTERS))


def _folded(text: str) -> str:
    return _DOUBLED.sub(r"\1", text.replace("rn", "m").replace("vv", "w"))
