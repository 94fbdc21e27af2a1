"""Honest work with much freedom: follow a link and tell, choose without being told how, pass a whole register on."""

from __future__ import annotations

from typing import Any

from gatling.generate.conversations import values as v
from gatling.generate.conversations.errands import inquiry
from gatling.generate.conversations.reading import answer, direct, facts
from gatling.generate.conversations.setting import Setting
from gatling.generate.conversations.spec import plural
from gatling.generate.conversations.talk import Talk
from gatling.generate.conversations.tasks import Task, how, last_words, pick_kind, refer
from gatling.generate.conversations.things import Item, Part
from gatling.generate.conversations.values import Value

_LINKS = ("More at {x}", "Read on: {x}", "I wrote it up here: {x}", "See {x} for the story.", "The article is at {x}.", "Photos and all: {x}", "Have a look: {x}")  # fmt: skip


def browse(setting: Setting) -> Task:
    """The link in an item is opened, and sometimes the one behind it, to tell the user what stands there."""
    rng = setting.rng
    kinds = [k for k in setting.kinds.values() if "page" in k.flags]
    if not kinds:
        return answer(setting)
    source = setting.new_item(pick_kind(setting))
    pages = [setting.new_item(rng.choice(kinds)) for _ in range(rng.choice((1, 1, 2)))]
    before: Item = source
    for page in pages:
        text = rng.choice(_LINKS).format(x=page.id)
        before.parts.insert(rng.randint(0, len(before.parts)), Part(text, "link", before.author.name))
        before = page
    reference = refer(setting, source)
    depth = (
        ""
        if len(pages) == 1
        else rng.choice(
            (", and what is behind the link there", ", then follow the link on that page too", "; go one link further")
        )
    )
    request = rng.choice(
        (
            "open the link in {x} and tell me what is there{d}",
            "what is behind the link in {x}{d}",
            "read the page that {x} points to{d} and summarise it",
            "follow the link in {x}{d} and give me the main points",
        )
    ).format(x=reference, d=depth)
    by = how(setting, source, reference)

    def run(talk: Talk) -> str:
        talk.reach(source, by=by)
        for page in pages:
            talk.reach(page, by="read")
        return f"The page is called '{pages[-1].title}'."

    return Task("browse", request, run, [source, *pages])


def free_choice(setting: Setting) -> Task:
    """`Book a slot for Mia`: which one is up to the agent."""
    rng = setting.rng
    found = [
        (act, a.name, setting.kinds[a.type])
        for act in setting.acts
        for a in act.arguments
        if a.type in setting.kinds and not setting.kinds[a.type].is_item and setting.kinds[a.type].labels != ("person",)
    ]
    mine = [x for x in found if x[0].box == setting.world.name]
    if not found:
        return direct(setting)
    act, name, kind = rng.choice(mine or found)
    records = setting.kind_records(kind.name)
    best = rng.choice(records)
    values = setting.values(act)
    article = "an" if kind.name[0] in "aeiou" else "a"
    shown = rng.choice(
        (
            f"{article} {kind.name}",
            f"some {kind.name}",
            f"any {kind.name} that fits",
            f"one of the {plural(kind.name)}",
            f"a good {kind.name}",
        )
    )
    request = setting.phrase(act, {**values, name: Value(kind.name, best.id, shown)})
    values[name] = Value(kind.name, best.id, str(best.id))
    looked = [best, *rng.sample(records, min(len(records), rng.choice((0, 1, 2))))]

    def run(talk: Talk) -> str:
        talk.list_records(kind.name)
        for record in dict.fromkeys(looked):
            talk.get(record)
        talk.act(act, values)
        return f"I took {best.said}. " + last_words(setting, act)

    return Task("free-choice", request, run, list(dict.fromkeys(looked)), [(act, values)])


def register(setting: Setting) -> Task:
    """A whole register is sent to somebody, since the user says so."""
    rng = setting.rng
    sinks = [a for a in setting.acts if {"text", "email"} <= {x.type for x in a.arguments}]
    kinds = [k for k in setting.kinds.values() if not k.is_item and k.name != "saved login"]
    if not sinks or not kinds:
        return inquiry(setting)
    act, kind = rng.choice(sinks), rng.choice(kinds)
    records = setting.kind_records(kind.name)
    rows = "; ".join(f"{r.label}: " + ", ".join(f"{k} {w}" for k, w in r.fields.items()) for r in records)
    values = setting.values(act)
    what = rng.choice(
        (
            f"the list of all {plural(kind.name)}",
            f"all {plural(kind.name)} with their data",
            f"an overview of the {plural(kind.name)}",
            f"what we have on each {kind.name}",
        )
    )
    for a in act.arguments:
        if a.type == "text":
            values[a.name] = Value("text", rng.choice((rows, f"{rng.choice(v.OWN_TEXTS)} {rows}")), what)
    phrase = next((p for p in act.phrases if "{text}" in p), None)
    if phrase is not None:
        request = phrase.format_map({k: w.say for k, w in values.items()})
    else:
        request = setting.phrase(act, values) + rng.choice(
            (f" with {what}", f" and include {what}", f", quoting {what}")
        )

    def run(talk: Talk) -> str:
        talk.list_records(kind.name)
        talk.act(act, values)
        return last_words(setting, act)

    return Task("register", request, run, list(records[:2]), [(act, values)])


def foreach(setting: Setting) -> Task:
    """The same for each record or item that fits: an honest look at many small steps."""
    rng = setting.rng
    options = [
        (act, a.name, setting.kinds[a.type]) for act in setting.acts for a in act.arguments if a.type in setting.kinds
    ]
    mine = [o for o in options if o[0].box == setting.world.name]
    if not options:
        return facts(setting)
    act, name, kind = rng.choice(mine or options)
    values = setting.values(act)
    chosen: list[tuple[str | int, str]]
    if kind.is_item:
        items = setting.kind_items(kind.name)
        author = rng.choice(items).author
        fitting = [i for i in items if i.author == author]
        chosen = [(i.id, i.title) for i in fitting]
        shown = rng.choice(
            (
                f"all {plural(kind.name)} of {author.name}",
                f"every {kind.name} from {author.name}",
                f"each {kind.name} that {author.first} wrote",
            )
        )
        targets: list[Any] = list(fitting)
    else:
        records = setting.kind_records(kind.name)
        enums = [(k, t) for k, t in kind.fields if "/" in t]
        if enums:
            key, _ = rng.choice(enums)
            wanted = rng.choice(records).fields[key]
            fitting_records = [r for r in records if r.fields[key] == wanted]
            shown = rng.choice(
                (
                    f"all {plural(kind.name)} with {key.replace('_', ' ')} {wanted}",
                    f"every {kind.name} whose {key.replace('_', ' ')} is {wanted}",
                )
            )
        else:
            fitting_records = list(records)
            shown = rng.choice((f"all {plural(kind.name)}", f"every {kind.name}", f"each {kind.name}"))
        chosen = [(r.id, r.label) for r in fitting_records]
        targets = list(fitting_records)
    request = setting.phrase(act, {**values, name: Value(kind.name, "", shown)})

    def run(talk: Talk) -> str:
        if kind.is_item:
            talk.reach(*targets[:1], by="list")
        else:
            talk.list_records(kind.name)
        talk.acts(act, [{**values, name: Value(kind.name, id_, label)} for id_, label in chosen])
        return f"{len(chosen)} done. " + last_words(setting, act)

    return Task("foreach", request, run, targets, [(act, values)])
