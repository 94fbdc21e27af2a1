"""Arguments that may be the one that a rule names, under another name or further down.

| a rule about `amount` finds | where the call has no `amount` | where it has one too |
| --- | --- | --- |
| `options: {amount: 5}`, `am0unt`, `amounts`, `amount_cents`, `amount_override` | yes | yes |
| `total`, `fee`, `tip`: what is paid besides, or all of it | for limits | for limits |
| `price`, `amt`, `x`: what may say how much | for limits | no |
| `ammuont`: a slip of the pen | yes | no |
| a rule about `limit` finds `page_size`, `pages`, `fetch_all: true` | yes | yes |
| ... `size`, `top`, `count` | yes | no |
| a rule about a path finds what is one under another name | yes | yes |
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import Literal

from gatling.policy.globs import squashed_name
from gatling.schema.arguments import (
    end_of_range,
    is_amount,
    is_destination_name,
    is_duration,
    is_free_text_name,
    is_limit,
    name_words,
)
from gatling.schema.lru import remembered
from gatling.schema.words import split_words
from gatling.tools.lookalikes import one_of, skeleton
from gatling.tools.naming import singular

MAX_KEYS = 8
"""Of a path, so many of the innermost keys are compared."""
_LIKE = 0.8
_MAX_LIKE = 40
_MONEY = frozenset(
    "amount total price cost fee sum spend spending payment transfer payout value charge debit money eur usd gbp".split()
)
_BESIDES = frozenset("total subtotal grandtotal sum fee tip gratuity surcharge payout".split())
_HOW_MANY = frozenset("size pages top take first count max rows".split())
# Words beside the name of an argument that say in which form it is there once more.
_FORMS = frozenset(
    "cent minor micros override overridden value usd eur gbp chf total final real actual effective raw str string text float int "
    "decimal list array id in all other extra additional".split()
)
_NO_AMOUNTS = frozenset(
    "id number no nr account card order invoice iban bic phone telephone mobile fax serial tracking reference ref code zip "
    "postal postcode year month week day hour minute second date time timestamp version index page offset port latitude "
    "longitude lat lon lng percent percentage rating score age priority level rank row column line position size width "
    "height weight count guest people person seat night key token hash checksum seed vat tax customer user employee room "
    "flight sku item product article barcode isbn ean upc model part pin otp lot batch case ticket claim policy member "
    "student patient contract department team store branch location address street house building floor apartment extension "
    "gate".split()
)
_IDENTITIES = frozenset("id ids number no nr reference ref code date".split())
_QUANTITIES = frozenset("quantity qty unit piece".split())
_ALL = frozenset(
    "all fetch get return include load read show list select export page result row record item entry".split()
) | frozenset("pages results rows records items entries".split())
_PATHS = frozenset(
    "path paths file files filename filenames filepath dir dirs directory directories folder folders source src destination dest "
    "dst target output input from to into location pathname cwd root attachment attachments".split()
)
_ROOTED = re.compile(r"\s*[\"'`<]*(?:[a-z]{2,8}://|[/\\~$%]|\.{1,2}[/\\]|[A-Za-z]:[\\/]|file:)", re.IGNORECASE)


@remembered(65_536)
def is_alike(name: str, wanted: str) -> bool:
    """Tell whether a number under a name may be what an argument of another name is.

    An amount may be any number whose name does not say that it is another thing: people write `amt`, `betrag`, `x`.
    """
    if is_limit_of_same_kind(name, wanted) or is_near(name, wanted) or (is_limit(wanted) and name.lower() in _HOW_MANY):
        return True
    if _is_quantity(wanted) or _is_quantity(name):
        return _is_quantity(wanted) and _is_quantity(name)
    if not _is_money(wanted) or not _IDENTITIES.isdisjoint(split_words(name)):
        return False
    is_plain = _MONEY_OR_FORMS.issuperset(map(one_of, split_words(wanted)))  # `threadsTotal` is no amount of money
    return _is_money(name) or (is_plain and not _is_of_another_kind(name))


def _is_of_another_kind(name: str) -> bool:
    words = frozenset(map(one_of, split_words(name)))
    known = (
        is_destination_name(name)
        or is_limit(name)
        or is_duration(name)
        or end_of_range(name) != 0
        or is_free_text_name(name)
    )
    return known or not words.isdisjoint(_NO_AMOUNTS)


@remembered(65_536)
def is_besides(name: str, wanted: str) -> bool:
    """Tell whether a number is paid besides an amount, or is all that is paid: `total`, `service_fee`; not `total_pages`."""
    words = frozenset(map(one_of, split_words(name)))
    return not words.isdisjoint(_BESIDES) and words.isdisjoint(_NO_AMOUNTS | _ALL) and _is_money(wanted)


def _is_quantity(name: str) -> bool:
    words = frozenset(map(one_of, split_words(name)))
    return not words.isdisjoint(_QUANTITIES) and "minor" not in words


def says_all(name: str, value: object) -> bool:
    """Tell whether a switch lifts a limit on how many: `fetch_all`, `unlimited`, `no_limit`."""
    if value is not True and not (isinstance(value, str) and value.strip().lower() in ("true", "yes", "1", "on")):
        return False
    words = frozenset(split_words(name.rpartition(".")[2]))
    return (
        bool(words & {"unlimited", "everything", "unbounded"})
        or {"no", "limit"} <= words
        or ("all" in words and words <= _ALL)
    )


def is_limit_of_same_kind(name: str, wanted: str) -> bool:
    return is_limit(wanted) and (is_limit(name) or name.lower() == "pages")


@remembered(65_536)
def is_near(name: str, wanted: str) -> bool:
    """Tell whether a name is another with a slip of the pen, or one of its forms."""
    if is_form_of(name, wanted):
        return True
    a, b = squashed_name(name), squashed_name(wanted)
    if not (4 <= len(a) <= _MAX_LIKE and 4 <= len(b) <= _MAX_LIKE):
        return False
    matcher = SequenceMatcher(None, a, b)
    return matcher.real_quick_ratio() >= _LIKE and matcher.quick_ratio() >= _LIKE and matcher.ratio() >= _LIKE


@remembered(65_536)
def is_form_of(name: str, wanted: str) -> bool:
    """Tell whether a name is another in other letters, in the plural, or with a word that says in which form it is there."""
    if skeleton(name) == skeleton(wanted) != "":
        return True
    own, other = (frozenset(map(one_of, split_words(text))) for text in (name, wanted))
    return bool(other) and other < own and own - other <= _SINGULAR_FORMS


_MONEY_OR_FORMS = _MONEY | _FORMS | frozenset("send max".split())
_SINGULAR_FORMS = _FORMS | frozenset("0123456789")


def _is_money(name: str) -> bool:
    return is_amount(name) or not _MONEY.isdisjoint(map(singular, split_words(name)))


def is_path_name(path: str) -> bool:
    """Tell whether an argument, by its name, holds the path of a file."""
    return not _PATHS.isdisjoint(name_words(path))


Paths = Literal["", "named", "any", "all"]
"""Besides an argument that holds a path: what starts as one under the name of one, or under any name, or all under such names."""


def may_be_path(path: str, value: object, names: Paths) -> bool:
    """Tell whether a value is one place as a whole, by how it starts and under which name it is; free text is none."""
    if not isinstance(value, str):
        return False
    if names == "all":
        return is_path_name(path)
    return _ROOTED.match(value) is not None and (is_path_name(path) or (names == "any" and not is_free_text_name(path)))
