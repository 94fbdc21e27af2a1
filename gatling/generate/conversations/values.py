"""Values: what a call is given, how people say it, how a document states it, how a request refers to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gatling.generate.conversations.things import Item, Record


@dataclass(frozen=True, slots=True)
class Value:
    kind: str
    arg: Any
    """What stands in the call."""
    say: str
    """How a text says it."""
    via: Record | None = None
    """The record to be looked up before the value is known."""
    item: Item | None = None
    """The item to be found before its id is known."""


MONTHS = "January February March April May June July August September October November December".split()
_STREETS = (
    "Mill Station Harbour Park Church Bridge Garden Market Castle River Orchard Chapel Meadow Tannery Linden".split()
)
_WAYS = ("Street", "Road", "Lane", "Square", "Avenue", "Way")
_CITIES = "Leeds Porto Ghent Turin Aarhus Graz Lyon Bergen Utrecht Malaga Cork Gdansk Bari Brno Tampere Split".split()
_PATHS = "reports notes archive shared projects invoices 2024 2025 team drafts exports photos contracts".split()
_STEMS = (
    "summary budget plan list draft figures minutes contract offer report schedule invoice checklist photos".split()
)
_EXT = ("pdf", "docx", "txt", "md", "csv", "xlsx", "json", "html")
_SITES = (
    "portal form signup upload status docs go link files info register confirm account event event-page survey".split()
)
_HEX = "0123456789abcdef"
_ALNUM = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_KEYS = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
OWN_TITLES = (
    "Update", "Quick note", "As discussed", "Your request", "Follow-up", "Information", "Details", "Next steps", "Summary",
    "Re: your question", "For your records", "Heads-up", "Result", "Requested information",
)  # fmt: skip
OWN_TEXTS = (
    "Hello, please find the details below. Best regards", "As asked, here is the information.", "Done as agreed, thanks.",
    "Hi, just passing this on. Let me know if anything is missing.", "Thank you for your message. We have taken care of it.",
    "Here is what I found.", "Please see below and come back to me with questions.", "Noted, and thanks for the quick answer.",
)  # fmt: skip
QUOTED = (
    "See you there", "Thanks for your patience", "We are running late", "The order is confirmed", "Please call me back",
    "All good on our side", "Moved to next week", "The keys are at the desk", "Great work everyone", "Meeting room changed",
    "This offer is excellent", "Access has been restored", "We accept the terms", "Not available until Monday",
    "Service is back to normal", "Your place is reserved", "Best team I have worked with", "New number below",
)  # fmt: skip


def filled(rng: Random, pattern: str) -> str | int:
    """Fill `{4d}` with digits, `{4x}` with hexadecimal ones, `{4a}` with capitals and digits; all digits: sometimes a number."""
    out: list[str] = []
    rest = pattern
    while "{" in rest:
        head, tail = rest.split("{", 1)
        what, rest = tail.split("}", 1)
        letters = {"d": "0123456789", "x": _HEX, "a": _ALNUM, "k": _KEYS}[what[-1]]
        first = rng.choice("123456789") if what[-1] == "d" and not out and not head else rng.choice(letters)
        out += [head, first, *rng.choices(letters, k=int(what[:-1]) - 1)]
    text = "".join(out) + rest
    return int(text) if text.isdigit() and len(text) < 9 and rng.random() < 0.5 else text


def amount(rng: Random) -> float | int:
    kind = rng.random()
    if kind < 0.35:
        return rng.choice((10, 15, 20, 25, 40, 50, 60, 75, 80, 100, 120, 150, 200, 250, 300, 400, 450, 500, 750, 900))
    if kind < 0.5:
        return rng.randint(11, 980)
    return round(rng.uniform(8, 990), 2)


def say_money(rng: Random, value: float, currency: str) -> str:
    plain = f"{value:.2f}" if value != int(value) else f"{int(value)}"
    sign = {"EUR": "\u20ac", "USD": "$", "GBP": "\u00a3", "CHF": "CHF "}[currency]
    word = {"EUR": "euros", "USD": "dollars", "GBP": "pounds", "CHF": "francs"}[currency]
    return rng.choice(
        (f"{currency} {plain}", f"{sign}{plain}", f"{plain} {word}", f"{plain} {currency}", f"{sign}{plain}")
    )


def iban(rng: Random) -> str:
    country, digits = rng.choice(
        (("DE", 20), ("NL", 16), ("GB", 18), ("ES", 22), ("FR", 25), ("AT", 18), ("SE", 22), ("CH", 19))
    )
    return country + "".join(rng.choices("0123456789", k=digits))


def spaced(text: str) -> str:
    return " ".join(text[i : i + 4] for i in range(0, len(text), 4))


def a_day(rng: Random, today: date) -> date:
    return today + timedelta(days=rng.randint(1, 60))


def say_day(rng: Random, day: date) -> str:
    month = MONTHS[day.month - 1]
    return rng.choice(
        (day.isoformat(), day.isoformat(), f"{day.day} {month}", f"{month} {day.day}", f"{day.day} {month} {day.year}")
    )


def site(rng: Random, domain: str) -> str:
    path = rng.choice(_SITES)
    tail = rng.choice(
        ("", "", "/" + "".join(rng.choices(_HEX, k=5)), f"?id={rng.randint(10, 9999)}", "/" + rng.choice(_STEMS))
    )
    head = rng.choice(("https://", "https://", "https://www.", "http://", "www.", f"https://{rng.choice(_SITES)}."))
    return f"{head}{domain}/{path}{tail}" if rng.random() < 0.8 else f"{head}{domain}"


def a_path(rng: Random) -> str:
    parts = rng.sample(_PATHS, rng.randint(1, 2))
    return rng.choice(("/", "/", "", "~/")) + "/".join([*parts, a_file(rng)])


def a_file(rng: Random) -> str:
    stem = rng.choice(_STEMS)
    tail = rng.choice(
        ("", "", f"_{rng.randint(2, 29)}", f"-{rng.choice(MONTHS)[:3].lower()}", f"_v{rng.randint(2, 5)}")
    )
    return f"{stem}{tail}.{rng.choice(_EXT)}"


def plain(rng: Random, kind: str) -> tuple[Any, str] | None:
    """Return (argument, how it is said) of a type that needs no world, or None."""
    if "/" in kind:
        choice = rng.choice(kind.split("/")).replace("_", " ")
        return choice, choice
    if kind == "iban":
        text = iban(rng)
        return text, spaced(text) if rng.random() < 0.4 else text
    if kind == "account":
        return (text := "".join(rng.choices("0123456789", k=rng.choice((8, 10, 12))))), text
    if kind == "phone":
        text = f"+{rng.choice((1, 31, 33, 34, 44, 49))} {rng.randint(20, 799)} {rng.randint(100, 999)} {rng.randint(1000, 9999)}"
        return text, text
    if kind == "address":
        text = f"{rng.randint(1, 180)} {rng.choice(_STREETS)} {rng.choice(_WAYS)}, {rng.choice(_CITIES)}"
        return text, text
    if kind == "city":
        return (text := rng.choice(_CITIES)), text
    if kind == "time":
        return (text := f"{rng.randint(7, 20):02d}:{rng.choice((0, 15, 30, 45)):02d}"), text
    if kind == "qty":
        return (n := rng.choice((1, 2, 2, 3, 4, 5, 6, 8, 10, 12, 20))), str(n)
    if kind == "pct":
        return (n := rng.choice((5, 10, 12, 15, 18, 20, 22, 25, 30, 40))), f"{n} %"
    if kind == "degrees":
        return (n := rng.randint(4, 28)), f"{n} degrees"
    if kind == "hours":
        return (n := rng.choice((1, 2, 3, 4, 6, 8))), f"{n} hours"
    if kind == "code":
        return (text := "".join(rng.choices(_ALNUM, k=rng.randint(5, 8)))), text
    if kind == "password":
        return (text := "".join(rng.choices(_KEYS, k=rng.randint(7, 12))) + rng.choice(("", "!", "#1"))), text
    if kind == "key":
        return (text := "ssh-ed25519 AAAAC3Nz" + "".join(rng.choices(_KEYS, k=24))), text
    if kind == "path":
        return (text := a_path(rng)), text
    if kind == "file":
        return (text := a_file(rng)), text
    if kind == "channel":
        text = rng.choice(
            "general random ops announcements launch support finance hiring design field-team night-shift".split()
        )
        return text, rng.choice((f"#{text}", f"the {text} channel", text))
    if kind == "handle":
        text = rng.choice(_STEMS) + rng.choice(("", "_", "-")) + "".join(rng.choices(_HEX, k=3))
        return text, rng.choice((text, "@" + text))
    if kind == "repo":
        text = f"{rng.choice(_SITES)}-{rng.choice(_STEMS)}"
        return text, text
    if kind == "command":
        text = f"{rng.choice(('bash', 'python', 'sh', 'make', 'npx', 'pip install'))} {rng.choice(_SITES)}-{rng.choice(_STEMS)}"
        return text, rng.choice((f"`{text}`", text))
    if kind == "quote":
        text = rng.choice(QUOTED)
        return text, rng.choice((f"'{text}'", f'"{text}"'))
    return None


FACTS: dict[str, tuple[str, ...]] = {
    "money": ("Amount: {}", "Total due: {}", "The total comes to {}.", "It comes to {} in all.", "Sum | {}", "We agreed on {}.", "Balance due {}"),
    "iban": ("IBAN: {}", "Account: {}", "Our bank account is {}.", "Bank details | {}", "Payable to {}", "Funds go to {}."),
    "account": ("Account no.: {}", "Account | {}", "The account number is {}.", "Acct {}"),
    "email": ("Contact: {}", "Mail: {}", "The address is {}.", "You reach us at {}.", "E-mail | {}", "Please use {} from now on."),
    "date": ("Date: {}", "Due | {}", "The date is {}.", "It is planned for {}.", "By {} at the latest."),
    "time": ("Time: {}", "Start | {}", "We begin at {}.", "Doors open at {}."),
    "phone": ("Phone: {}", "Tel. {}", "Our number is {}.", "Call {}."),
    "address": ("Address: {}", "Deliver to: {}", "The place is {}.", "Site | {}"),
    "url": ("Link: {}", "Online at {}", "See {}", "The page is {}.", "[here]({})"),
    "qty": ("Quantity: {}", "Number: {}", "There will be {} of them.", "Pieces | {}"),
}  # fmt: skip
REFERENCES: dict[str, tuple[str, ...]] = {
    "money": ("the amount", "the sum", "the total", "what is due", "the price"),
    "iban": ("the account", "the bank account", "the IBAN"),
    "account": ("the account", "the account number"),
    "email": ("the address", "the mail address", "the contact"),
    "date": ("the date", "the day"),
    "time": ("the time",),
    "phone": ("the number", "the phone number"),
    "address": ("the address", "the place"),
    "url": ("the link", "the page"),
    "qty": ("the number", "the quantity"),
    "quote": ("the message", "the wording"),
    "password": ("the password",),
    "key": ("the key",),
    "code": ("the code",),
    "path": ("the path", "the file"),
    "channel": ("the channel",),
    "handle": ("the account",),
    "repo": ("the repository",),
    "person": ("the person",),
}
