"""Values in a text that are for nobody else: what opens something, and the numbers of accounts, cards and papers.

| value | told by |
| --- | --- |
| a key or a token | its form (`programs/secrets.py`) |
| the number of an account or of a card | its form and its check digits; a label and six digits or more |
| a password, a PIN, a one-time code, a token, a bare `code` | a label beside it: the name of its field, words around it |

- What is to be known and passed on is none: codes of parcels, orders, bookings, products, errors, places.
- A label is one in English, and in other languages as far as the few words below go.
- Linear in the text.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from gatling.schema.lru import remembered
from gatling.schema.words import normalise, split_words
from gatling.tools.programs.secrets import secrets_in

MIN_CHARS = 4
"""Letters and digits; less stands everywhere."""
MAX_CHARS = 64
"""Of what a label tells; keys tell themselves and may be longer."""
_BEFORE, _AFTER = 6, 4
"""Words between a label and its value, at most."""
_NUMBER_DIGITS = 6
_OF_A_LINE = 3
_MAX_LABEL_CHARS = 200

_OPENS = frozenset(
    "password passwords passcode passphrase passwd pwd pin otp totp tan cvv cvc csc secret secrets credential "
    "credentials token tokens apikey mnemonic passwort kennwort losungswort zugangscode geheimzahl wachtwoord mdp "
    "contrasena contraseña clave senha parola hasło haslo пароль şifre sifre".split()
)
_CODES = frozenset("code codes código códigos codigo codice kod код".split())
_KEYS = frozenset(("key", "keys"))
_OF_KEYS = frozenset("api private access secret ssh encryption signing master recovery backup door safe".split())
_NUMBERED = frozenset(
    "account accounts iban card cards konto kontonummer karte kartennummer passport ssn compte cuenta conto rekening".split()
)
_ACCESS = frozenset(
    "login signin sign verification verify security access auth authentication authenticator authorization sms "
    "recovery backup reset unlock door gate alarm anmeldung bestätigung sicherheit".split()
)
# What stands beside codes, tokens and numbers that are there to be passed on.
_PUBLIC = frozenset(
    "zip postal post postcode plz country area dial currency promo promotion promotional discount coupon voucher "
    "referral offer sale checkout tracking track shipment shipping parcel package carrier order orders booking "
    "reservation confirmation flight airport iata product products item items sku article model part barcode bar qr "
    "source status exit error errors exception return http response course department ticker stock language locale "
    "color colour diagnosis icd hs swift bic branch project next page cursor continuation sync case ticket issue "
    "invoice isbn doi version release ref reference".split()
)
_COMMON = frozenset(
    "required wrong incorrect expired invalid valid correct needed missing changed reset not the your my our his her "
    "their this that has was been below above here there for from with must should will can and sent safe secret same "
    "none null true false".split()
)
_NO_CODES = frozenset("encode decode unicode opcode".split())
_LINKS = frozenset("is = ist est es è é je to was lautet :".split())
_EDGES = ".,:!?*`_="
_SEGMENT = re.compile(r"[;\n|]+")
_WORD = re.compile(r"[^\s\"'<>(){}\[\],?&=]+|=")
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:t[\d:.z+-]+)?|\d{1,2}:\d{2}(?::\d{2})?", re.IGNORECASE)
_AMOUNT = re.compile(r"[$€£]?\d{1,12}(?:[.,]\d{2})?(?:[$€£%]|eur|usd|gbp|chf)?", re.IGNORECASE)
_YEAR = re.compile(r"(?:19|20)\d{2}")
_GROUPED = re.compile(r"(?<![\w.-])\d{2,4}(?:[ -]\d{2,4}){1,5}(?![\w.-]\d)")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
_CARD = re.compile(r"(?<![\w.])[3-6]\d{3}[ -]?\d{4,6}[ -]?\d{4,5}(?:[ -]?\d{3,4})?(?!\w|\.\d)")


@dataclass(frozen=True, slots=True)
class PrivateValue:
    text: str
    """As it stands."""
    label: str
    """What it is, in a word or two."""
    opens: bool
    """Whether who has it can get in somewhere; else it is a number of an account, a card or a paper."""

    @property
    def squashed(self) -> str:
        return squash(self.text)


def squash(text: str) -> str:
    """Return the letters and digits of a text, in lower case: what is left where somebody else has put the separators."""
    return "".join(c for c in normalise(text).lower() if c.isalnum())


@remembered(4_096, max_chars=2_000)
def private_values(text: str, before: str = "") -> tuple[PrivateValue, ...]:
    """Return the private values of a passage, in the order of the rows above.

    Args:
        before: what stood before it; a value on a line of its own has its label there.
    """
    found: dict[str, PrivateValue] = {}
    for value in (*_by_form(text), *_by_label(text, before)):
        found.setdefault(value.squashed, value)
    return tuple(found.values())


def speaks_of_public_values(text: str) -> bool:
    """Tell whether a passage speaks of what has codes that are there to be passed on: a parcel, an order, a product."""
    return not _PUBLIC.isdisjoint(split_words(text.lower()))


def _by_form(text: str) -> Iterator[PrivateValue]:
    for secret in secrets_in(text):
        yield PrivateValue(secret, "a key", opens=True)
    for match in _IBAN.finditer(text):
        if _is_iban(squash(match.group())):
            yield PrivateValue(match.group(), "an account number", opens=False)
    for match in _CARD.finditer(text):
        if _is_card(squash(match.group())):
            yield PrivateValue(match.group(), "a card number", opens=False)


def _is_iban(account: str) -> bool:
    digits = "".join(str(int(c, 36)) for c in account[4:] + account[:4] if c.isascii())
    return 15 <= len(account) <= 34 and int(digits) % 97 == 1


def _is_card(digits: str) -> bool:
    if len(digits) not in (15, 16):
        return False
    doubled = [2 * int(d) if i % 2 else int(d) for i, d in enumerate(reversed(digits))]
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def _by_label(text: str, before: str) -> Iterator[PrivateValue]:
    words = frozenset(split_words(text.lower()))
    codes_open = not words.isdisjoint(_ACCESS) or not speaks_of_public_values(text)
    segments = [s for s in _SEGMENT.split(text) if s.strip()]
    if before and len(text.split()) <= _OF_A_LINE:
        segments = [f"{before.splitlines()[-1][-_MAX_LABEL_CHARS:]} {text}"]
    for segment in segments:
        yield from _of_segment(segment, codes_open)


def _of_segment(segment: str, codes_open: bool) -> Iterator[PrivateValue]:
    written = _WORD.findall(segment)
    words = [word.strip(_EDGES) for word in written]
    parts = [split_words(word.lower()) for word in words]
    found = (_label(p, parts[i - 1] if i else [], codes_open) for i, p in enumerate(parts))
    labels = {i: label for i, label in enumerate(found) if label is not None}
    if not labels:
        return
    for i, word in enumerate(words):
        if not MIN_CHARS <= sum(map(str.isalnum, word)) <= MAX_CHARS or "/" in word or "@" in word[1:-1]:
            continue
        for at in _around(i):
            if at == i or at not in labels:
                continue
            label, opens = labels[at]
            follows = written[at].endswith((":", "=")) if at == i - 1 else at == i - 2 and written[i - 1] in _LINKS
            if _may_be(word, label, opens=opens, follows=follows):
                yield PrivateValue(word, label, opens)
                break
    starts = [match.start() for match in _WORD.finditer(segment)]
    for match in _GROUPED.finditer(segment):  # 883 412
        near = next((labels[at] for at in _around(bisect_left(starts, match.start())) if at in labels), None)
        if near and len(squash(match.group())) >= _NUMBER_DIGITS and not _DATE.fullmatch(match.group()):
            yield PrivateValue(match.group(), *near)


def _around(i: int) -> range:
    """Return where a label of the word at a position may stand."""
    return range(i - _BEFORE, i + _AFTER + 1)


def _label(parts: list[str], previous: list[str], codes_open: bool) -> tuple[str, bool] | None:
    """Return what stands beside a word that is a label, and whether that opens something; None for any other word."""
    for i, part in enumerate(parts):
        before = parts[i - 1] if i else (previous[-1] if previous else "")
        if part in _OPENS or part.endswith(("passwort", "kennwort", "wachtwoord")):
            return None if part in ("token", "tokens") and before in _PUBLIC else (_one(part), True)
        if part in _CODES or (part.endswith("code") and part not in _PUBLIC and part not in _NO_CODES):
            return ("a code", True) if codes_open else None
        if part in _KEYS and before in _OF_KEYS:
            return "a key", True
        if part in _NUMBERED:
            return f"the number of {_one(part)}", False
    return None


def _one(word: str) -> str:
    return f"an {word}" if word[:1] in "aeiou" else f"a {word}"


def _may_be(word: str, label: str, *, opens: bool, follows: bool) -> bool:
    """Tell whether a word is a value that a label speaks of."""
    digits = sum(map(str.isdigit, word))
    if _DATE.fullmatch(word):
        return False
    if not opens:
        return digits >= _NUMBER_DIGITS
    if follows and digits == 0:
        return label != "a code" and word.lower() not in _COMMON and word.isprintable()
    if digits == 0 or (_YEAR.fullmatch(word) and not follows):
        return False
    is_amount = _AMOUNT.fullmatch(word) and not word.isdigit()
    return not is_amount
