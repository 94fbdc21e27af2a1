"""What ids, numbers of accounts and addresses look like: `LR-2214` and `LR-2209` have one form, and so have any two accounts.

Two values of a form are rivals: where one is stated, whoever takes the other takes it from elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gatling.schema.budget import checked

ADDRESS = "@"
ACCOUNT = "account"
_DIGITS = re.compile(r"\d+")
_ACCOUNT = re.compile(r"\b[a-z]{2}\d{2}(?: ?[a-z0-9]{4}){2,7}(?: ?[a-z0-9]{1,4})?\b")
_MARKS = ".,;:!?()[]{}'\"<>|"
_MAX_FORM = 40
MAX_WORDS = 2_000


def form_of(word: str) -> str | None:
    """Return what an id, an account or an address looks like, in lower case; None for what is none."""
    word = word.strip(_MARKS)
    if "@" in word and "." in word:
        return ADDRESS
    if not any(map(str.isdigit, word)) or len(word) > _MAX_FORM or not any(c.isalpha() or c == "#" for c in word):
        return None
    if _ACCOUNT.fullmatch(word):
        return ACCOUNT
    return _DIGITS.sub("0", word)


def forms_in(text: str) -> Iterator[tuple[str, str]]:
    """Yield form and value of each id, account and address of a text in lower case, accounts with no spaces in them.

    Beyond 2,000 words it is not looked at.
    """
    rest = text
    if any(map(str.isdigit, text)):
        for match in checked(_ACCOUNT.finditer(text)):
            yield ACCOUNT, match.group().replace(" ", "")
        rest = _ACCOUNT.sub(" ", text)
    for word in rest.split(maxsplit=MAX_WORDS)[:MAX_WORDS]:
        if (form := form_of(word)) is not None:
            yield form, word.strip(_MARKS)
