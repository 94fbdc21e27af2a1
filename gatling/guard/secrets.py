"""What looks like a secret, and text without it.

A reason quotes the value that it is about, and a repaired plan holds all of them. What is shown goes through here first:

    mask_text("DB_PASSWORD=hunter2 in .env")     -> "DB_PASSWORD=[secret] in .env"
    mask_data({"user": "ann", "pin": 4711})      -> {"user": "ann", "pin": "[secret]"}

It is a filter, and no filter knows every secret. The audit log does not rely on it: it holds no values at all (`masking.py`).
Each pattern is bounded, so that the cost is linear in the text.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

from gatling.schema.words import split_words

SECRET = "[secret]"

_WORDS = frozenset(
    "password passwords passwd pwd passphrase passphrases passcode secret secrets token tokens apikey credential credentials "
    "authorization cookie pin cvv cvc otp totp mfa ssn bearer".split()
)
_PAIRS = frozenset(
    tuple(pair.split())
    for pair in (
        "api key|access key|private key|secret key|signing key|encryption key|session key|security code|verification code|"
        "recovery code|auth code"
    ).split("|")
)
# Counts and limits of tokens are none: "max_tokens", "token_count".
_COUNTS = frozenset("max min num number count limit total budget per page next".split())

# Quantifiers are possessive, so that nothing is tried twice.
_ASSIGNS = re.compile(r"(?<![\w.-])([\w.-]++)[\"']?\s{0,4}(?::|=>?)\s{0,4}(?!//)")
_VALUE = re.compile(r"\"[^\"]*+\"?|'[^']*+'?|[^\s,;\"']++")
_SPOKEN = "password|passphrase|passcode|pin|secret|token"
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, flags), place)
    for pattern, flags, place in (
        (r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,40}-----|\Z)", re.DOTALL, SECRET),
        (r"(://[^/\s:@]{0,256}+:)[^/\s@]{1,256}+(?=@)", 0, rf"\1{SECRET}"),
        (r"\b(Bearer|Basic)\s{1,4}[\w.~+/=-]{6,}+", re.IGNORECASE, rf"\1 {SECRET}"),
        (rf"\b((?:{_SPOKEN})\s{{1,4}}(?:is|was)\s{{1,4}})[^\s,;\"']++", re.IGNORECASE, rf"\1{SECRET}"),
        (r"\b(?:AKIA|ASIA)[0-9A-Z]{12,}+", 0, SECRET),
        (r"\b(?:gh[pousr]_|github_pat_|glpat-|hf_|npm_|sk-|rk_live_|sk_live_|xox[abeprs]-|AIza)[\w-]{12,}+", 0, SECRET),
        (r"\beyJ[\w-]{8,}+\.[\w-]{4,}+(?:\.[\w-]*+)?", 0, SECRET),
    )
)  # fmt: skip
_CARD = re.compile(r"(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w-])")
_LONG = re.compile(r"(?<![\w+/=-])[\w+/=-]{40,}+")
_MAX_NAME_CHARS = 128


def is_secret_name(name: str) -> bool:
    """Tell whether what has this name is a secret: `DB_PASSWORD`, `apiKey`, `pin`; not `max_tokens`."""
    words = split_words(name)
    if _WORDS.isdisjoint(words):
        return any(pair in _PAIRS for pair in pairwise(words))
    return _COUNTS.isdisjoint(words)


def mask_text(text: str) -> str:
    """Return a text with `[secret]` where something in it looks like a secret."""
    for pattern, place in _PATTERNS:
        text = pattern.sub(place, text)
    text = _mask_assigned(text)
    text = _CARD.sub(lambda m: SECRET if _is_card(m[0]) else m[0], text)
    return _LONG.sub(lambda m: SECRET if _is_random(m[0]) else m[0], text)


def _mask_assigned(text: str) -> str:
    """Mask what is assigned to the name of a secret."""
    parts: list[str] = []
    done = 0
    found = _ASSIGNS.search(text)
    while found:
        end = found.end()
        if is_secret_name(found[1][-_MAX_NAME_CHARS:]) and (value := _VALUE.match(text, end)):
            parts += [text[done:end], SECRET]
            end = done = value.end()
        found = _ASSIGNS.search(text, end)
    return "".join((*parts, text[done:]))


def holds_secret(text: str) -> bool:
    """Tell whether something in a text looks like a secret."""
    return mask_text(text) != text


def mask_quoted(text: str) -> str:
    """Return a text with every quoted part masked: of a value that is a secret by its name."""
    return re.sub(r"'[^']*'?|\"[^\"]*\"?", f"'{SECRET}'", text)


def mask_data(data: Any) -> Any:
    """Return JSON data with its secrets masked: by the name that they stand under, else by what they look like.

    Data is as deep as a plan may be (`gatling.schema.sizes.MAX_DEPTH`), which bounds the recursion.
    """
    if isinstance(data, dict):
        return {mask_text(key): _masked_under(key, value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [mask_data(item) for item in data]
    return mask_text(data) if isinstance(data, str) else data


def _masked_under(key: str, value: Any) -> Any:
    return _masked_secret(value) if is_secret_name(key) else mask_data(value)


def _masked_secret(value: Any) -> Any:
    """Mask what stands under the name of a secret: a value, each of a list; members of an object have names of their own."""
    if isinstance(value, (list, tuple)):
        return [_masked_secret(item) for item in value]
    return mask_data(value) if isinstance(value, (bool, dict)) or value is None else SECRET


def _is_card(text: str) -> bool:
    """Tell whether digits have the check digit of a payment card."""
    digits = [int(c) for c in text if c.isdigit()]
    total = sum(d if i % 2 == 0 else (2 * d if d < 5 else 2 * d - 9) for i, d in enumerate(reversed(digits)))
    return total % 10 == 0


def _is_random(text: str) -> bool:
    """Tell whether a long word mixes what words and digests do not: digits, capitals and small letters."""
    kinds = (any(c.isdigit() for c in text), any(c.isupper() for c in text), any(c.islower() for c in text))
    return all(kinds) and len(set(text)) >= 16
