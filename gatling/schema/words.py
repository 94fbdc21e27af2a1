"""Strings to words: the one place where text is normalised and split.

- Compatibility forms are folded (NFKC), Latin accents dropped, invisible characters removed, letters of other scripts
  that look like Latin ones replaced where a word mixes scripts or has nothing but look-alikes. So `dеlete` with a
  Cyrillic letter reads as `delete`; `is_disguised` tells that it was not written so.
- Words end at camel case, underscores, punctuation, and between letters and digits. Comparison signs and `*` are words
  of their own, as policies are made of them; so are `..` and `; | & $`, as paths and commands are. Numbers get one
  spelling: `10,000` and `10000.0` are `10000`.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterator

from gatling.schema.budget import checked
from gatling.schema.lru import remembered

# Look-alikes of Latin letters, by script; the usual ones of Unicode's confusables table (UTS 39).
_LOOKALIKES = str.maketrans(
    # Cyrillic
    "аеорсухіјѕһԁԛԝАВЕКМНОРСТУХІЈЅԌҺ"
    # Greek
    "οανιρυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧ"
    # Armenian, and Latin letters that are not a to z
    "օոսհցզıɡɑǀ",
    "aeopcyxijshdqwABEKMHOPCTYXIJSGHoavipuxABEZHIKMNOPTYXonuhgqigal",
)
_LOOKALIKE_SET = frozenset(map(chr, _LOOKALIKES))
_INVISIBLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\ufe00-\ufe0f\U000e0000-\U000e0fff]")
_ACCENTS = re.compile("[\u0300-\u036f]")
_RUN = re.compile(r"[^\W\d_]+")
_EMOJI_JOINERS = re.compile(r"(?<=[^\w\s])[\ufe0f\u200d]+")

_IDEOGRAPH = r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]"  # scripts without spaces: a character is a word
_WORD = re.compile(
    r"(?<![\d.,])\d{1,3}(?:,\d{3})++(?:\.\d+)?(?![\d,])"  # 10,000.50
    r"|(?<![\d.])\d++\.\d++(?![\d.])"  # 3.14, but not part of an address such as 10.0.0.1
    r"|\d+"
    r"|[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+"  # XMLHttp, Request, fooBar
    rf"|{_IDEOGRAPH}"
    rf"|(?:(?!{_IDEOGRAPH})[^\W\d_A-Za-z]|[\u0900-\u0eff])+"  # other letters, with the vowel signs of Indic scripts
    r"|[<>=!]=|\.{2,}|[<>*;|&$]"
)
_MAX_NUMBER_CHARS = 15
_MAX_MARKS = 16
CACHED_CHARS = 64
"""The words of a text of so many characters, at most, are remembered."""
_PIECE_CHARS = 16_384
_STARTS = frozenset(("Lu", "Ll", "Lo", "Nd", "Zs", "Po"))
_JAMO = re.compile("[\u1100-\u11ff\ua960-\ua97f\u3130-\u318f\ud7b0-\ud7ff\uffa0-\uffdc]")

# Forms that no ending gives away.
_IRREGULAR = {
    "bought": "buy",
    "sent": "send",
    "paid": "pay",
    "wrote": "writ",
    "written": "writ",
    "made": "mak",
    "got": "get",
    "found": "find",
    "sold": "sell",
}

NEGATIONS = frozenset("not no never without cannot nor none except unless neither cant dont mustnt isnt only".split())


def normalise(text: str) -> str:
    """Fold compatibility forms, accents, invisible characters and look-alikes; case is kept."""
    if text.isascii():
        return text
    pieces = [_folded(piece) for piece in checked(_pieces(_limit_marks(text)))]
    has_lookalikes = any(not _LOOKALIKE_SET.isdisjoint(piece) for piece in pieces)  # other threads run in between
    folded = "".join(pieces)
    return _RUN.sub(_fold_run, folded) if has_lookalikes else folded


def _folded(text: str) -> str:
    text = _ACCENTS.sub("", unicodedata.normalize("NFKD", text))
    for c in set(text):
        if unicodedata.category(c) == "Cf":
            text = text.replace(c, "")
    return unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))


def _pieces(text: str) -> Iterator[str]:
    """Yield a long text in pieces that fold as the whole does: folding can make a text 18 times as long, and one call of it
    lets no other thread run. Pieces start at a letter, a digit or a space, which nothing before it joins with."""
    start, end = 0, _PIECE_CHARS
    while end < len(text):
        if unicodedata.category(text[end]) in _STARTS and not _JAMO.match(text[end]):
            yield text[start:end]
            start, end = end, end + _PIECE_CHARS
        else:
            end += 1
    yield text[start:]


def _limit_marks(text: str) -> str:
    """Drop combining marks beyond `_MAX_MARKS` in a row: normalising sorts a run of them, in quadratic time."""
    if not any(map(unicodedata.combining, set(text))):
        return text
    kept, run = [], 0
    for c in text:
        run = run + 1 if unicodedata.combining(c) else 0
        if run <= _MAX_MARKS:
            kept.append(c)
    return "".join(kept)


def _fold_run(match: re.Match[str]) -> str:
    run = match.group()
    if run.isascii():
        return run
    if any(c.isascii() for c in run) or all(c in _LOOKALIKE_SET for c in run):
        return run.translate(_LOOKALIKES)
    return run


def is_disguised(text: str) -> bool:
    """Tell whether the text was not written as it reads.

    True for invisible characters, for stacks of combining marks, and for letters that only look like plain Latin ones.
    A word of another script that happens to consist of look-alikes counts too; an emoji's joiners do not.
    """
    if text.isascii():
        return False
    limited = _limit_marks(text)
    if limited != text:
        return True
    visible = _EMOJI_JOINERS.sub("", text)
    if _INVISIBLE.search(visible) or any(unicodedata.category(c) == "Cf" for c in set(visible)):
        return True
    if any(unicodedata.normalize("NFKC", c).isascii() and c.isalpha() for c in set(visible) if not c.isascii()):
        return True
    for piece in checked(_pieces(visible)):
        plain = unicodedata.normalize("NFKC", _ACCENTS.sub("", unicodedata.normalize("NFKD", piece)))
        if not _LOOKALIKE_SET.isdisjoint(plain) and _RUN.sub(_fold_run, plain) != plain:
            return True
    return False


def split_words(text: str) -> list[str]:
    """Normalise a string and split it into lower-case words.

    `getUserByID2` gives `get user by id 2`; a string without a letter, digit or comparison gives an empty list.
    """
    if len(text) <= CACHED_CHARS:
        return list(_split_short(text))
    # Not `findall`, in which no other thread runs: a text may be many millions of characters long once it is folded.
    return [_canonical(match.group()) for match in checked(_WORD.finditer(normalise(text)))]


def split_words_at(text: str) -> tuple[list[str], list[int]]:
    """Return the words of a string, and where in it each starts; near there, where normalising changes its length."""
    plain = normalise(text)
    words, starts = [], []
    for match in checked(
        _WORD.finditer(plain)
    ):  # not a list of pairs: of millions the garbage collector holds all threads
        words.append(_canonical(match.group()))
        starts.append(match.start() * len(text) // len(plain))
    return words, starts


@functools.lru_cache(maxsize=16_384)
def _split_short(text: str) -> tuple[str, ...]:
    return tuple(_canonical(word) for word in _WORD.findall(normalise(text)))


def _canonical(word: str) -> str:
    if not word[0].isdigit():
        return word.lower()
    digits = word.replace(",", "")
    if len(digits) > _MAX_NUMBER_CHARS:
        return digits
    if "." in digits:
        digits = digits.rstrip("0").rstrip(".")
    if len(digits) == 2 and digits[0] == "0":  # the day and month of a date
        return digits[1]
    return digits


def number_word(value: int | float) -> str:
    """Return the one word that stands for a JSON number: the same for 50 and 50.0, for 10**20 and 1e20."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, int) and abs(value) >= 10**15:
        if abs(value) >= 10**308:  # beyond a double: its order of magnitude
            return f"{'-' if value < 0 else ''}1e+{_num_digits(abs(value)) - 1}"
        return repr(float(value))
    return repr(value)


def _num_digits(value: int) -> int:
    """Count decimal digits without converting to text, which Python bounds."""
    return int(value.bit_length() * 0.30102999566398120) + 1


@remembered(65_536, max_chars=64)
def stem(word: str) -> str:
    """Return a word without its ending; crude, and the same everywhere."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    for ending in ("ings", "ing", "ed", "es", "s", "ly"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    return word[:-1] if word.endswith("e") and len(word) > 3 else word
