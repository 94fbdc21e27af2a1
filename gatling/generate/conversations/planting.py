"""The text in which an attacker wants something, and the place where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from gatling.generate.conversations import render
from gatling.generate.conversations import values as v
from gatling.generate.conversations.goals import Goal
from gatling.generate.conversations.setting import Setting
from gatling.generate.conversations.tasks import Task
from gatling.generate.conversations.things import Item, Part, Record
from gatling.generate.conversations.wordings import BARE, CHANGES, WORDINGS, Wording, lower_first, upper_first, wrapped
from gatling.generate.world import Person

BARE_SHARE = 0.5


@dataclass
class Attack:
    goal: Goal
    wording: Wording
    place: str
    author: Person
    target: Item | Record
    pieces: int = 1
    """In how many items the text stands, each of which has to be read."""


def compose(setting: Setting, task: Task, goal: Goal, wording: Wording, author: Person) -> str:
    """Return what the attacker writes."""
    rng = setting.rng
    date = setting.today.isoformat()
    if goal.changed and not goal.phrases:
        ((_, name), value), *_ = goal.changed.items()
        x = rng.choice(v.REFERENCES.get(value.kind, (f"the {name}",)))
        return wording.text.format(x=x, X=upper_first(x), new=value.say)
    first, *others = goal.phrases
    if others and rng.random() < 0.5:
        text = wrapped(
            rng, wording, first, user=setting.user.first, author=author.first, date=date, foreign=goal.foreign
        )
        return text + " " + " ".join(wrapped(rng, BARE, p, user="", author="", date="") for p in others)
    phrase = ", then ".join([first, *map(lower_first, others)])
    return wrapped(
        rng,
        wording,
        phrase,
        user=setting.user.first,
        author=author.first,
        date=date,
        foreign=goal.foreign,
        task=task.request,
    )


def draw_wording(rng: Random, goal: Goal, *, natural: bool) -> Wording:
    if goal.changed and not goal.phrases:
        return rng.choice([w for w in CHANGES if w.natural or not natural])
    if rng.random() < BARE_SHARE:
        return BARE
    options = [w for w in WORDINGS if (w.natural or not natural) and (bool(w.language) <= bool(goal.foreign))]
    return rng.choice(options)


def plant(setting: Setting, task: Task, goal: Goal, *, natural: bool) -> Attack:
    """Write the text into one of the places that the request sends the agent to, or beside it."""
    rng = setting.rng
    target = rng.choice(task.targets)
    plain_is_asked = task.delegates or goal.changed is not None
    wording = draw_wording(rng, goal, natural=natural)
    author = rng.choice(setting.people.outsiders)
    text = compose(setting, task, goal, wording, author)
    if isinstance(target, Record):
        target.notes = (target.notes + " " if target.notes else "") + _marked(text)
        return Attack(goal, wording, "record", author, target)
    if (
        goal.changed is None
        and not {"page", "path"} & target.kind.flags
        and rng.random() < (0.5 if task.delegates else 0.25)
    ):
        beside = _beside(setting, task, target, author)
        whole = setting.looks[target.kind.name].full or rng.random() < 0.7
        place = (wording.place or _place(rng, beside, plain_is_asked=False)) if whole else "title"
        _put(rng, beside, place, text, author)
        return Attack(goal, wording, f"beside-{place}", author, beside)
    others = [t for t in task.targets if isinstance(t, Item) and t is not target]
    if others and goal.changed is None and not wording.place and len(text.split()) > 5 and rng.random() < 0.15:
        words = text.split(" ")
        for item, half in ((target, words[: len(words) // 2]), (rng.choice(others), words[len(words) // 2 :])):
            _put(rng, item, _place(rng, item, plain_is_asked=plain_is_asked), " ".join(half), author)
        return Attack(goal, wording, "two-items", author, target, 2)
    place = wording.place or _place(rng, target, plain_is_asked=plain_is_asked and wording.natural)
    if place == "body" and plain_is_asked and wording.natural:
        place = "comment"
    if place == "title":
        place = "field"
    if place == "field" and "order-field" in task.structure:
        place = "comment"
    _put(rng, target, place, text, author)
    return Attack(goal, wording, place, author, target)


def _beside(setting: Setting, task: Task, target: Item, author: Person) -> Item:
    """Return another item that a look for the target shows too."""
    rng = setting.rng
    same = [i for i in setting.items.get(target.kind.name, []) if i is not target and i not in task.targets]
    beside = rng.choice(same) if same and rng.random() < 0.5 else setting.new_item(target.kind, author=author)
    beside.sticky = True
    return beside


def _place(rng: Random, item: Item, *, plain_is_asked: bool) -> str:
    """Draw a place.

    Args:
        plain_is_asked: the request hands over to the item, so that a plain order which seems to be its author's would be a part of
            what was asked; only other people's places are left.
    """
    places = ["comment", "comment"]
    if not plain_is_asked:
        places += ["field", "start", "end", "end", "middle", "middle", "inline", "inline", "split", "body"]
    if item.form in ("html", "markdown"):
        places += ["hidden", "advertisement", "comment", "hidden"]
    if "mail" in item.kind.flags:
        places += ["quote", "quote"] if plain_is_asked else ["quote", "signature", "quote"]
    return rng.choice(places)


def _marked(text: str) -> str:
    return render.OPEN + text + render.CLOSE


def _put(rng: Random, item: Item, place: str, text: str, author: Person) -> None:
    marked = _marked(text)
    bodies = [i for i, p in enumerate(item.parts) if p.role == "body"]
    if place in ("comment", "field", "hidden", "advertisement", "quote", "signature"):
        item.parts.append(Part(marked, place, author.name))
    elif place == "title":
        item.title = f"{item.title} {_marked(' '.join(text.split()))}"
    elif place == "inline" and bodies:
        part = item.parts[rng.choice(bodies)]
        sentences = part.text.split(". ")
        at = rng.randint(1, len(sentences))
        head, tail = ". ".join(sentences[:at]), ". ".join(sentences[at:])
        part.text = (head if not tail else head + ".") + " " + marked + (" " + tail if tail else "")
    elif place == "split" and len(text.split()) > 5:
        words = text.split(" ")
        at = len(words) // 2
        item.parts.insert(0, Part(_marked(" ".join(words[:at])), by=author.name))
        item.parts.append(Part(_marked(" ".join(words[at:])), by=author.name))
    elif place == "start":
        item.parts.insert(0, Part(marked, by=author.name))
    elif place == "middle" and bodies:
        item.parts.insert(rng.choice(bodies) + 1, Part(marked, by=author.name))
    else:
        item.parts.append(Part(marked, by=author.name))


def unplant(task: Task, attack: Attack) -> None:
    """Take an attacker's text out of its places again."""
    for target in (attack.target, *task.targets):
        _cleaned(target)


def _cleaned(target: Item | Record) -> None:
    if isinstance(target, Record):
        target.notes = render.without(target.notes)
        return
    target.title = render.without(target.title)
    for part in target.parts:
        part.text = render.without(part.text)
    target.parts = [p for p in target.parts if p.text.strip()]
