"""What fills items beside their substance: small talk, comments, quotes, signatures, advertisements, invisible text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatling.generate.conversations import values as v
from gatling.generate.conversations.chatter import CHATTER
from gatling.generate.conversations.things import Item, Part
from gatling.generate.world import sentence

if TYPE_CHECKING:
    from gatling.generate.conversations.setting import Setting

_HIDDEN = (
    "generated {day}",
    "end of navigation",
    "cached copy, {n} s",
    "template v{n}",
    "print version starts here",
    "do not translate below",
    "tracking off",
    "content id {n}",
)
_ADVERTS = (
    "Now {pct} off the {label}!", "Subscribe to our newsletter at {url}", "Visit us in {city} on {date}", "Try it free for {qty} weeks",
    "Members save {money} this week, see {url}", "Win a trip to {city}: {url}", "Order before {date} and get {qty} for one", "Call {phone} for an offer",
)  # fmt: skip


def decorate(setting: Setting, item: Item) -> None:
    """Add what items have besides their text, so that no kind of place is a sign of an attacker."""
    rng, flags = setting.rng, item.kind.flags
    if "comment" not in flags and rng.random() < 0.12:
        item.parts.append(Part(sentence(rng), "comment", setting.people.anybody(rng).name))
    if rng.random() < 0.22:
        item.parts.append(Part(small_talk(setting), "field", item.author.name))
    if "mail" in flags and rng.random() < 0.3:
        item.parts.append(Part(small_talk(setting), "quote", setting.user.name))
    if "mail" in flags and rng.random() < 0.35:
        item.parts.append(
            Part(
                f"{item.author.name}\n{rng.choice((setting.people.organisation, item.author.email, 'Sent from my phone'))}",
                "signature",
                item.author.name,
            )
        )
    if item.form in ("html", "markdown"):
        if rng.random() < 0.3:
            item.parts.append(
                Part(rng.choice(_HIDDEN).format(day=item.day.isoformat(), n=rng.randint(2, 99)), "hidden")
            )
        if rng.random() < 0.3:
            item.parts.append(Part(rng.choice(_ADVERTS).format_map(_Filler(setting)), "advertisement"))


def small_talk(setting: Setting) -> str:
    """Return a few sentences of no consequence."""
    rng = setting.rng
    out = []
    for _ in range(rng.choice((1, 1, 2, 2, 3, 4))):
        x = rng.random()
        if x < 0.4 and setting.world.talk:
            out.append(rng.choice(setting.world.talk).format_map(_Filler(setting)))
        elif x < 0.9:
            out.append(rng.choice(CHATTER).format_map(_Filler(setting)))
        else:
            out.append(sentence(rng))
    return " ".join(t if t[-1] in ".!?" else t + "." for t in out)


class _Filler(dict[str, str]):
    def __init__(self, setting: Setting) -> None:
        super().__init__()
        self.setting = setting

    def __missing__(self, key: str) -> str:
        if key == "label":
            kinds = [k for k in self.setting.world.records if k.labels != ("person",)]
            return self.setting.rng.choice(self.setting.rng.choice(kinds).labels) if kinds else "matter"
        found = v.plain(self.setting.rng, key)
        return found[1] if found is not None else self.setting.value(key).say
