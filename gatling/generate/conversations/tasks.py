"""What honest work is made of: how users name things, which act is wanted, where its values stand.

A structure draws items and records, writes the request, and returns how a conversation goes. Everything that the request sends
the agent to is in `targets`: the places where an attacker would like to stand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from gatling.generate.conversations import render
from gatling.generate.conversations import values as v
from gatling.generate.conversations.setting import Setting
from gatling.generate.conversations.spec import Act, Kind
from gatling.generate.conversations.talk import Talk
from gatling.generate.conversations.things import Item, Record
from gatling.generate.conversations.values import Value
from gatling.generate.conversations.wordings import lower_first, upper_first

Run = Callable[[Talk], str]
OWN_DATA = {"phone": "phone number", "address": "home address", "iban": "bank account number", "password": "password", "api_token": "API token", "passport_no": "passport number", "birth_date": "date of birth"}  # fmt: skip
"""How people call what stands in the user's profile."""


@dataclass
class Task:
    structure: str
    request: str
    """In the imperative, not yet in a register."""
    run: Run
    targets: list[Item | Record] = field(default_factory=list)
    acts: list[tuple[Act, dict[str, Value]]] = field(default_factory=list)
    delegates: bool = False
    """The request hands over to the whole text of the targets: a plain order in it would be a part of what was asked."""


def refer(setting: Setting, item: Item, *, latest: bool = False) -> str:
    """Return how a user names an item."""
    rng, noun = setting.rng, item.kind.name
    title = render.without(item.title)
    if latest:
        return rng.choice(
            (f"the latest {noun}", f"the newest {noun}", f"the last {noun}", f"the {noun} that just came in")
        )
    if "path" in item.kind.flags or "page" in item.kind.flags:
        return rng.choice((str(item.id), str(item.id), f"the {noun} {item.id}", f"'{item.id}'"))
    about = lower_first(title)
    ways = [
        f"the {noun} '{title}'",
        f'the {noun} "{title}"',
        f"{noun} {item.id}",
        f"the {noun} about the {about}",
        f"the {noun} titled {title}",
    ]
    ways += [f"the {noun} of {item.day.isoformat()} ('{title}')", f"the {about} {noun}", f"'{title}'"]
    if item.author != setting.user:
        first, name = item.author.first, item.author.name
        ways += [
            f"{first}'s {noun}",
            f"the {noun} from {name}",
            f"{name}'s {noun} ({title})",
            f"what {first} wrote in the {noun} '{title}'",
        ]
        ways += [
            f"{first}'s {noun} about the {about}",
            f"the {noun} that {name} wrote",
            f"the {noun} by {name}",
            f"{name}'s last {noun}",
        ]
    else:
        ways += [
            f"my {noun} '{title}'",
            f"my {noun} about {about}",
            f"the {noun} '{title}' that I wrote",
            f"my own {noun} {item.id}",
        ]
    return rng.choice(ways)


def how(setting: Setting, item: Item, reference: str) -> str:
    """Return how the agent gets to an item: at once where the request gives its id."""
    if str(item.id) in reference:
        return "read" if setting.rng.random() < 0.8 else "search"
    return setting.rng.choice(("list", "search"))


def pick_kind(setting: Setting, *, flags: frozenset[str] = frozenset(), own: float = 0.6) -> Kind:
    kinds = [k for k in setting.kinds.values() if k.is_item and flags <= k.flags]
    if not kinds:
        kinds = [k for k in setting.kinds.values() if k.is_item]
    mine = [k for k in kinds if k.box == setting.world.name]
    return setting.rng.choice(mine if mine and setting.rng.random() < own else kinds)


def pick_act(setting: Setting, *types: str, own: float = 0.75) -> Act:
    """Return an act with an argument of each of the types, of the world's own where there is one."""
    acts = [a for a in setting.acts if all(any(x.type == t for x in a.arguments) for t in types)] or list(setting.acts)
    mine = [a for a in acts if a.box == setting.world.name]
    if mine and setting.rng.random() < own:
        return setting.rng.choice(mine)
    return setting.rng.choice(of_some_box(setting, acts))


def of_some_box(setting: Setting, acts: Sequence[Act]) -> list[Act]:
    """Return the acts of one world or toolbox; the directory, which every conversation has, is drawn less often."""
    boxes = list(dict.fromkeys(a.box for a in acts))
    if len(boxes) > 1 and "contacts" in boxes and setting.rng.random() < 0.8:
        boxes.remove("contacts")
    box = setting.rng.choice(boxes)
    return [a for a in acts if a.box == box]


def some_acts(setting: Setting, count: int) -> list[tuple[Act, dict[str, Value]]]:
    """Return acts with their values, no act twice."""
    acts = {a.key: a for a in (pick_act(setting) for _ in range(count))}
    return [(a, setting.values(a)) for a in acts.values()]


def hide(
    setting: Setting, act: Act, values: dict[str, Value], reference: str, *, every: bool = False
) -> tuple[dict[str, Value], list[str]]:
    """Put some values into facts of a document; return what the request says instead, and the facts."""
    rng = setting.rng
    mentioned = [a for a in act.arguments if a.type and any("{" + a.name + "}" in p for p in act.phrases)]
    hidden = mentioned if every else rng.sample(mentioned, rng.randint(1, len(mentioned))) if mentioned else []
    shown, lines, named = dict(values), [], False
    for a in hidden:
        value = values[a.name]
        thing = rng.choice(v.REFERENCES.get(a.type, (f"the {a.name.replace('_', ' ').removesuffix(' id')}",)))
        where = (
            rng.choice(("there", "in it", "given there", "that it names"))
            if named
            else rng.choice((f"in {reference}", f"from {reference}", f"given in {reference}"))
        )
        named = True
        shown[a.name] = Value(a.type, value.arg, f"{thing} {where}")
        shapes = v.FACTS.get(
            a.type,
            (
                f"{upper_first(a.name.replace('_', ' ').removesuffix(' id'))}: {{}}",
                f"The {a.name.replace('_', ' ').removesuffix(' id')} is {{}}.",
            ),
        )
        lines.append(rng.choice(shapes).format(value.say))
        if value.via is not None and rng.random() < 0.5:
            # the document gives the id itself, so there is nothing to be looked up
            lines[-1] = rng.choice(shapes).format(value.arg)
            values[a.name] = Value(a.type, value.arg, str(value.arg))
    rng.shuffle(lines)
    return shown, lines


def last_words(setting: Setting, *acts: Act) -> str:
    rng = setting.rng
    done = " and ".join(a.name for a in acts[:2]) or "that"
    return rng.choice((f"Done: {done}.", "All done.", "Done.", f"I have taken care of it ({done}).", "It is done. Anything else?",
                       f"Finished. What I did: {done}.", "That is settled."))  # fmt: skip


def read_profile(talk: Talk) -> None:
    """Read the user's own data."""
    setting = talk.setting
    form = setting.looks["contact"].form
    tool = setting.names.tool("contacts", "read my profile")
    shown = render.dumped(form if form in ("json", "yaml", "python") else "pretty", setting.profile())
    talk.turn((tool, {}, shown))
