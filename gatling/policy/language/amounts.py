"""Numbers as people write them: `€450`, `500 EUR`, `250k`, `1,000`, `1.500,00`, `10MB`, `fifty`.

A number with two readings (`1.500`) is taken as the smaller one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_SIGNS = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY"}
_NAMES = {
    "eur": "EUR", "euro": "EUR", "euros": "EUR", "usd": "USD", "dollar": "USD", "dollars": "USD", "gbp": "GBP", "pound": "GBP",
    "pounds": "GBP", "chf": "CHF", "francs": "CHF", "jpy": "JPY", "yen": "JPY", "sek": "SEK", "nok": "NOK", "dkk": "DKK",
    "pln": "PLN", "inr": "INR", "cad": "CAD", "aud": "AUD",
}  # fmt: skip
_SCALES = {"k": 10**3, "m": 10**6, "thousand": 10**3, "million": 10**6, "hundred": 100}
_SIZES = {"b": 1, "bytes": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_WORDS = {
    word: value
    for value, word in enumerate("zero one two three four five six seven eight nine ten eleven twelve".split())
} | {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "hundred": 100, "thousand": 1000}

_UNIT = "|".join(sorted((*_NAMES, *_SCALES, *_SIZES), key=len, reverse=True))
AMOUNT = (
    rf"(?:[€$£¥]\s?|\b(?:{'|'.join(_NAMES)})\s?)?"
    rf"(?:\d[\d.,]*\d|\d|\b(?:{'|'.join(_WORDS)})\b)"
    rf"(?:\s?(?:{_UNIT})\b){{0,2}}(?:\s?[€$£¥])?"
)
"""An expression for one amount in lower-case text."""
_WHOLE = re.compile(rf"\s*({AMOUNT})\s*")
_NUMBER = re.compile(r"\d[\d.,]*\d|\d")


@dataclass(frozen=True, slots=True)
class Amount:
    """A number, and what it is of."""

    number: int | float
    currency: str = ""
    is_size: bool = False


def amount_of(value: Any) -> Amount | None:
    """Read a number, or text that is an amount and nothing else; None if it is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return Amount(value)
    if not isinstance(value, str) or len(value) > 64:
        return None
    text = value.lower()
    return _read(text) if _WHOLE.fullmatch(text) else None


def _read(text: str) -> Amount | None:
    currency = next((code for sign, code in _SIGNS.items() if sign in text), "")
    digits = _NUMBER.search(text)
    words = re.findall(r"[a-z]+", text)
    if digits:
        number = _number(digits.group())
    else:
        first = next((word for word in words if word in _WORDS), None)
        if first is None:
            return None
        number = _WORDS[first]
        words.remove(first)
    is_size = False
    for word in words:
        if word in _NAMES:
            currency = _NAMES[word]
        elif word in _SIZES:
            number, is_size = number * _SIZES[word], True
        elif word in _SCALES:
            number *= _SCALES[word]
    return Amount(int(number) if float(number).is_integer() else number, currency, is_size)


def _number(text: str) -> int | float:
    """Read digits with separators; of two readings the smaller."""
    found: list[float] = []
    if re.fullmatch(r"\d+(\.\d+)?", text):
        found.append(float(text))
    if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", text):
        found.append(float(text.replace(",", "")))
    if re.fullmatch(r"\d{1,3}(\.\d{3})+(,\d+)?|\d+,\d{1,2}", text) and not re.fullmatch(r"\d{1,3}\.\d{3}", text):
        found.append(float(text.replace(".", "").replace(",", ".")))
    return min(found) if found else 0
