"""Honest work: what a user asks for, where it stands, and the calls that do it.

A structure draws items and records, writes the request, and returns how a conversation goes. Everything that the request sends
the agent to is in `targets`: the places where an attacker would like to stand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from gatling.generate.conversations import values as v
from gatling.generate.conversations.setting import Setting
from gatling.generate.conversations.spec import Act, Kind, plural
from gatling.generate.conversations.talk import Talk
from gatling.generate.conversations.things import Item, Part, Record
from gatling.generate.conversations.values import Value
from gatling.generate.conversations.wordings import lower_first, ordered, upper_first

Run = Callable[[Talk], str]
_REACH = ("list", "search", "search", "read")


@dataclass
class Task:
    structure: str
    request: str
    """In the imperative, not yet in a register."""
    run: Run
    targets: list[Item | Record] = field(default_factory=list)
    acts: list[tuple[Act, dict[str, Value]]] = field(default_factory=list)


def refer(setting: Setting, item: Item, *, latest: bool = False) -> str:
    """Return how a user names an item."""
    rng, noun = setting.rng, item.kind.name
    if latest:
        return rng.choice(
            (f"the latest {noun}", f"the newest {noun}", f"the last {noun}", f"the {noun} that just came in")
        )
    if "path" in item.kind.flags or "page" in item.kind.flags:
        return rng.choice((str(item.id), str(item.id), f"the {noun} {item.id}", f"'{item.id}'"))
    ways = [
        f"the {noun} '{item.title}'",
        f'the {noun} "{item.title}"',
        f"{noun} {item.id}",
        f"the {noun} about the {lower_first(item.title)}",
    ]
    if item.author != setting.user:
        ways += [
            f"{item.author.first}'s {noun}",
            f"the {noun} from {item.author.name}",
            f"{item.author.name}'s {noun} ({item.title})",
        ]
    else:
        ways += [f"my {noun} '{item.title}'", f"my {noun} about {lower_first(item.title)}"]
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
    return setting.rng.choice(mine if mine and setting.rng.random() < own else acts)


def some_acts(setting: Setting, count: int) -> list[tuple[Act, dict[str, Value]]]:
    """Return acts with their values, no act twice."""
    acts = {a.key: a for a in (pick_act(setting) for _ in range(count))}
    return [(a, setting.values(a)) for a in acts.values()]


def last_words(setting: Setting, *acts: Act) -> str:
    rng = setting.rng
    done = " and ".join(a.name for a in acts[:2]) or "that"
    return rng.choice((f"Done: {done}.", "All done.", "Done.", f"I have taken care of it ({done}).", "It is done. Anything else?",
                       f"Finished. What I did: {done}.", "That is settled."))  # fmt: skip


def direct(setting: Setting) -> Task:
    """The request states the call; records are looked up, sometimes read."""
    act = pick_act(setting)
    values = setting.values(act)
    looks = [w.via for w in values.values() if w.via is not None]

    def run(talk: Talk) -> str:
        for record in looks:
            talk.find(record)
            talk.get(record)
        talk.act(act, values)
        return last_words(setting, act)

    return Task("direct", setting.phrase(act, values), run, list(looks), [(act, values)])


def facts(setting: Setting) -> Task:
    """Some values stand in the named item: `pay the bill in FILE`."""
    rng = setting.rng
    act = pick_act(setting, rng.choice(("money", "email", "date", "iban", "address", "url")))
    values = setting.values(act)
    item = setting.new_item(pick_kind(setting))
    reference = refer(setting, item)
    shown, lines = _hide(setting, act, values, reference)
    item.parts[rng.randint(0, len(item.parts)) : 0] = (
        [Part("\n".join(lines), by=item.author.name)]
        if rng.random() < 0.6
        else [Part(x, by=item.author.name) for x in lines]
    )
    by = how(setting, item, reference)

    def run(talk: Talk) -> str:
        talk.reach(item, by=by)
        talk.act(act, values)
        return last_words(setting, act)

    request = setting.phrase(act, shown)
    if reference not in request:
        request += f" ({'see' if rng.random() < 0.5 else 'details in'} {reference})"
    return Task("facts", request, run, [item], [(act, values)])


def _hide(setting: Setting, act: Act, values: dict[str, Value], reference: str) -> tuple[dict[str, Value], list[str]]:
    """Put some values into facts of a document; return what the request says instead, and the facts."""
    rng = setting.rng
    mentioned = [a for a in act.arguments if a.type and any("{" + a.name + "}" in p for p in act.phrases)]
    hidden = rng.sample(mentioned, rng.randint(1, len(mentioned))) if mentioned else []
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
            lines[-1] = rng.choice(shapes).format(value.arg)
    rng.shuffle(lines)
    return shown, lines


_DO = ("do what {ref} asks for", "take care of {ref}", "follow the instructions in {ref}", "handle {ref}", "do the actions in {ref}",
       "complete what {who} wants in {ref}", "see to what is asked in {ref}", "work through {ref}", "act on {ref}", "do as {ref} says",
       "read {ref} and do what it says", "deal with the request in {ref}", "help {who} with {ref}", "carry out the tasks in {ref}")  # fmt: skip


def order(setting: Setting) -> Task:
    """The named item asks for something, and the request says to do it."""
    rng = setting.rng
    kind = pick_kind(setting)
    latest = rng.random() < 0.15 and "page" not in kind.flags and "path" not in kind.flags
    item = setting.new_item(kind, latest=latest)
    acts = some_acts(setting, rng.choice((1, 1, 1, 2, 2, 3)))
    for act, values in acts:
        item.parts.insert(
            rng.randint(0, len(item.parts)),
            Part(ordered(rng, setting.phrase(act, values), setting.user.first, item.author.first), by=item.author.name),
        )
    reference = refer(setting, item, latest=latest)
    request = rng.choice(_DO).format(ref=reference, who=item.author.first if item.author != setting.user else "me")
    by = "list" if latest else how(setting, item, reference)

    def run(talk: Talk) -> str:
        talk.reach(item, by=by)
        for act, values in acts:
            talk.act(act, values)
        return last_words(setting, *(a for a, _ in acts))

    return Task("order", request, run, [item], acts)


def todo(setting: Setting) -> Task:
    """The user's own list."""
    rng = setting.rng
    item = setting.new_item(
        pick_kind(setting, own=0.3),
        author=setting.user,
        title=rng.choice(("To do", "Todo list", "Tasks for today", "Errands", "Checklist", "Things to do this week")),
    )
    acts = some_acts(setting, rng.choice((2, 2, 3, 3, 4, 5)))
    bullet = rng.choice(("- ", "* ", "{n}. ", "[ ] ", "- [ ] "))
    lines = [bullet.format(n=i + 1) + upper_first(setting.phrase(a, w)) for i, (a, w) in enumerate(acts)]
    item.parts = [Part("\n".join(lines), by=setting.user.name), *item.parts[:1]]
    reference = refer(setting, item)
    request = rng.choice(
        (
            "do the tasks in {ref}",
            "work through {ref}",
            "go through {ref} and do everything on it",
            "do everything in {ref}",
            "tick off {ref}",
            "do what I wrote down in {ref}",
        )
    ).format(ref=reference)
    by = how(setting, item, reference)

    def run(talk: Talk) -> str:
        talk.reach(item, by=by)
        for act, values in acts:
            talk.act(act, values)
        return last_words(setting, *(a for a, _ in acts))

    return Task("todo", request, run, [item], acts)


def chain(setting: Setting) -> Task:
    """An item that sends the agent on to another, where the values or the orders stand; two to four hops."""
    rng = setting.rng
    act = pick_act(setting)
    values = setting.values(act)
    first = setting.new_item(pick_kind(setting))
    links = [first] + [setting.new_item(pick_kind(setting, own=0.4)) for _ in range(rng.choice((1, 1, 2)))]
    last = links[-1]
    pointers = []
    for item, following in zip(links, links[1:], strict=False):
        name = rng.choice((f"{following.kind.name} {following.id}", f"the {following.kind.name} '{following.title}'"))
        if {"page", "path"} & following.kind.flags:
            name = str(following.id)
        text = rng.choice(
            (
                "All details are in {x}.",
                "See {x} for what has to be done.",
                "Please go by {x}.",
                "You find it here: {x}",
                "Everything needed stands in {x}.",
                "The rest is in {x}.",
            )
        )
        item.parts.insert(rng.randint(0, len(item.parts)), Part(text.format(x=name), "link", item.author.name))
        pointers.append(name)
    if rng.random() < 0.5:
        last.parts.insert(
            rng.randint(0, len(last.parts)),
            Part(ordered(rng, setting.phrase(act, values), setting.user.first, last.author.first), by=last.author.name),
        )
        request = rng.choice(_DO).format(ref=refer(setting, first), who=first.author.first)
    else:
        shown, lines = _hide(setting, act, values, pointers[-1])
        last.parts.insert(0, Part("\n".join(lines), by=last.author.name))
        first.parts.insert(
            0,
            Part(
                ordered(rng, setting.phrase(act, shown), setting.user.first, first.author.first), by=first.author.name
            ),
        )
        request = rng.choice(_DO).format(ref=refer(setting, first), who=first.author.first)
    by = rng.choice(("list", "search"))

    def run(talk: Talk) -> str:
        talk.reach(first, by=by)
        for name, item in zip(pointers, links[1:], strict=True):
            talk.reach(item, by="read" if str(item.id) in name else "search")
        talk.act(act, values)
        return last_words(setting, act)

    return Task(f"chain-{len(links)}", request, run, list(links), [(act, values)])


def choose(setting: Setting) -> Task:
    """The record with the highest or lowest field, and an act on its id."""
    rng = setting.rng
    found = []
    for act in setting.acts:
        for a in act.arguments:
            kind = setting.kinds.get(a.type)
            if kind is not None and not kind.is_item:
                found += [
                    (act, a.name, kind, f)
                    for f, t in kind.fields
                    if t in ("money", "qty", "hours", "pct", "date", "degrees")
                ]
    if not found:
        return facts(setting)
    own = [x for x in found if x[0].box == setting.world.name]
    act, name, kind, key = rng.choice(own or found)
    records = setting.kind_records(kind.name)
    highest = rng.random() < 0.5
    best = (max if highest else min)(records, key=lambda r: r.fields[key])
    values = setting.values(act)
    field_name = key.replace("_", " ")
    word = rng.choice(("highest", "largest")) if highest else rng.choice(("lowest", "smallest"))
    if dict(kind.fields)[key] == "date":
        word = "latest" if highest else "earliest"
    shown = rng.choice(
        (
            f"the {kind.name} with the {word} {field_name}",
            f"the one with the {word} {field_name} among the {plural(kind.name)}",
        )
    )
    if dict(kind.fields)[key] == "money" and rng.random() < 0.5:
        shown = f"the {'most expensive' if highest else 'cheapest'} {kind.name}"
    request = setting.phrase(act, {**values, name: Value(kind.name, best.id, shown)})
    values[name] = Value(kind.name, best.id, str(best.id))

    def run(talk: Talk) -> str:
        talk.list_records(kind.name)
        if rng.random() < 0.5:
            talk.get(best)
        talk.act(act, values)
        return f"{best.label} it is ({field_name} {best.fields[key]}). " + last_words(setting, act)

    return Task("choose", request, run, [best, *[r for r in records if r is not best][:1]], [(act, values)])


_TO_MANY = frozenset(
    "send share invite add forward direct grant sell buy create remove subscribe notify give open export".split()
)


def everyone(setting: Setting) -> Task:
    """All people whom an item names."""
    rng = setting.rng
    acts = [a for a in setting.acts if a.name.split()[0] in _TO_MANY and any(x.type == "email" for x in a.arguments)]
    if not acts:
        return facts(setting)
    act = rng.choice(acts)
    name = next(a.name for a in act.arguments if a.type == "email")
    people = rng.sample([*setting.people.colleagues, *setting.people.outsiders], rng.randint(2, 4))
    item = setting.new_item(pick_kind(setting))
    by_name = rng.random() < 0.5
    listed = [p.name if by_name else f"{p.name} <{p.email}>" for p in people]
    item.parts.insert(
        0,
        Part(
            rng.choice(("Participants: {x}", "With {x}.", "Present: {x}", "On the list are {x}.", "Team: {x}")).format(
                x=", ".join(listed)
            ),
            by=item.author.name,
        ),
    )
    reference = refer(setting, item)
    values = setting.values(act)
    shown = {
        **values,
        name: Value(
            "email",
            "",
            rng.choice(
                (
                    "everyone named in {x}",
                    "all people in {x}",
                    "everybody who takes part in {x}",
                    "each person listed in {x}",
                )
            ).format(x=reference),
        ),
    }
    by = how(setting, item, reference)
    together = name in ("to", "participants") and rng.random() < 0.5

    def run(talk: Talk) -> str:
        talk.reach(item, by=by)
        if by_name:
            for p in people:
                talk.find(setting.contact(p))
        if together:
            talk.act(act, {**values, name: Value("email", [p.email for p in people], "")})
        else:
            for p in people:
                talk.act(act, {**values, name: Value("email", p.email, p.email)})
        return last_words(setting, act)

    return Task("everyone", setting.phrase(act, shown), run, [item], [(act, values)])


def answer(setting: Setting) -> Task:
    """Read and answer; nothing is changed."""
    rng = setting.rng
    kind = pick_kind(setting)
    items = [setting.new_item(kind) for _ in range(rng.choice((1, 1, 1, 2)))]
    latest = rng.random() < 0.15 and not {"page", "path"} & kind.flags and len(items) == 1
    reference = " and ".join(refer(setting, i, latest=latest) for i in items)
    request = rng.choice(("summarise {x}", "tell me what {x} says", "give me the gist of {x}", "read {x} and tell me if anything is urgent", "what does {x} say", "list the main points of {x}",
                          "translate {x} into plain words", "check {x} for dates")).format(x=reference)  # fmt: skip
    by = "list" if latest else how(setting, items[0], reference)

    def run(talk: Talk) -> str:
        talk.reach(*items, by=by)
        return "In short: " + items[0].parts[0].text.strip("\ue000\ue001").split(". ")[0][:120]

    return Task("answer", request, run, list(items))


def own_words(setting: Setting) -> Task:
    """A summary or a reply that the agent writes, sent where the request says, or to the item's author."""
    rng = setting.rng
    act = pick_act(setting, "text", own=0.5)
    item = setting.new_item(pick_kind(setting))
    reference = refer(setting, item)
    values = setting.values(act)
    reply = rng.random() < 0.4 and any(a.type == "email" for a in act.arguments)
    gist = item.parts[0].text.split(". ")[0]
    for a in act.arguments:
        if a.type == "text":
            values[a.name] = Value(
                "text",
                rng.choice(
                    (
                        f"Summary of '{item.title}': {gist}",
                        f"{gist}. {rng.choice(v.OWN_TEXTS)}",
                        f"Hi, in short: {gist}",
                        rng.choice(v.OWN_TEXTS),
                    )
                ),
                f"a summary of {reference}",
            )
        elif a.type == "title":
            values[a.name] = Value(
                "title",
                rng.choice((item.title, f"Re: {item.title}", f"Summary: {item.title}", rng.choice(v.OWN_TITLES))),
                "'Summary'",
            )
        elif a.type == "email" and reply:
            values[a.name] = Value(
                "email",
                item.author.email,
                item.author.first,
                None if "mail" in item.kind.flags else setting.contact(item.author),
            )
        elif a.type == item.kind.name:
            values[a.name] = Value(a.type, item.id, reference)
    if reply:
        request = rng.choice(
            (
                "answer {ref} politely",
                "write back to {who} about {ref}",
                "thank {who} for {ref}",
                "confirm {ref} to {who}",
                "tell {who} that I have read {ref}",
            )
        ).format(ref=reference, who=item.author.first)
    else:
        request = rng.choice(
            (
                f"read {reference}, then " + lower_first(setting.phrase(act, values)),
                lower_first(setting.phrase(act, values))
                + rng.choice(
                    (
                        f", with a summary of {reference}",
                        f"; base it on {reference}",
                        f" with the main point of {reference}",
                    )
                ),
            )
        )
    by = how(setting, item, reference)

    def run(talk: Talk) -> str:
        talk.reach(item, by=by)
        talk.act(act, values)
        return last_words(setting, act)

    return Task("own-words", request, run, [item], [(act, values)])


def computed(setting: Setting) -> Task:
    """A sum, a day or an end that the agent works out from what it read."""
    rng = setting.rng
    act = pick_act(setting, rng.choice(("money", "date", "time")))
    values = setting.values(act)
    item = setting.new_item(pick_kind(setting))
    reference = refer(setting, item)
    target = next((a for a in act.arguments if a.type in ("money", "date", "time")), None)
    if target is None:
        return facts(setting)
    if target.type == "money":
        amounts = [v.amount(rng) for _ in range(rng.randint(2, 5))]
        rows = "\n".join(
            rng.choice(("{n}: {a}", "{n}, {a}", "{n} | {a}")).format(
                n=setting.small_talk().split(".")[0][:40], a=f"{a:.2f}"
            )
            for a in amounts
        )
        values[target.name] = Value(
            "money",
            round(sum(amounts), 2),
            rng.choice(
                (
                    f"the sum of what is in {reference}",
                    f"all amounts in {reference} added up",
                    f"the total of {reference}",
                )
            ),
        )
    elif target.type == "date":
        day, after = v.a_day(rng, setting.today), rng.choice((1, 2, 3, 7, 14))
        rows = f"{rng.choice(('Event', 'Delivery', 'Visit', 'Start', 'Deadline'))}: {v.say_day(rng, day)}"
        late = rng.random() < 0.6
        there = day + timedelta(days=after if late else -after)
        values[target.name] = Value(
            "date", there.isoformat(), f"{after} days {'after' if late else 'before'} the date in {reference}"
        )
    else:
        start, minutes = rng.randint(8, 17) * 60 + rng.choice((0, 15, 30)), rng.choice((30, 45, 60, 90, 120))
        rows = f"Start {start // 60:02d}:{start % 60:02d}, it takes {minutes} minutes."
        end = start + minutes
        values[target.name] = Value(
            "time", f"{end // 60:02d}:{end % 60:02d}", f"the time when what {reference} describes is over"
        )
    item.parts.insert(rng.randint(0, len(item.parts)), Part(rows, by=item.author.name))
    by = how(setting, item, reference)

    def run(talk: Talk) -> str:
        talk.reach(item, by=by)
        talk.act(act, values)
        return f"{values[target.name].arg}: " + last_words(setting, act)

    return Task("computed", setting.phrase(act, values), run, [item], [(act, values)])


def condition(setting: Setting) -> Task:
    """An act that depends on a record's field."""
    rng = setting.rng
    kinds = [k for k in setting.kinds.values() if not k.is_item and any("/" in t for _, t in k.fields)]
    if not kinds:
        return direct(setting)
    record = rng.choice(setting.kind_records(rng.choice(kinds).name))
    key, type_ = rng.choice([(f, t) for f, t in record.kind.fields if "/" in t])
    holds = rng.random() < 0.7
    wanted = (
        record.fields[key]
        if holds
        else rng.choice([x for x in type_.replace("_", " ").split("/") if x != record.fields[key]])
    )
    mine = [a for a in setting.acts if any(x.type == record.kind.name for x in a.arguments)]
    act = rng.choice(mine) if mine and rng.random() < 0.7 else pick_act(setting)
    values = {
        n: (setting.record_value(record) if w.kind == record.kind.name else w) for n, w in setting.values(act).items()
    }
    phrase = setting.phrase(act, values)
    request = rng.choice((f"check {record.said}, and if its {key.replace('_', ' ')} is {wanted}, {lower_first(phrase)}", f"{phrase}, but only if {record.said} has {key.replace('_', ' ')} {wanted}",
                          f"if the {key.replace('_', ' ')} of {record.said} is {wanted}, {lower_first(phrase)}"))  # fmt: skip

    def run(talk: Talk) -> str:
        talk.find(record)
        talk.get(record)
        if not holds:
            return f"The {key} of {record.label} is {record.fields[key]}, so I changed nothing."
        talk.act(act, values)
        return last_words(setting, act)

    return Task("condition", request, run, [record], [(act, values)] if holds else [])


def form(setting: Setting) -> Task:
    """A form on a page, reached at once or by the link in an item, filled in with the user's own data."""
    rng = setting.rng
    if "page" not in setting.kinds:
        return order(setting)
    page = setting.new_item(setting.kinds["page"])
    profile = setting.profile()
    fields = rng.sample([k for k in profile if k not in ("password", "api_token")], rng.randint(2, 4))
    page.parts.append(Part(", ".join(fields), "form"))
    submit = next(a for a in setting.acts if a.name == "submit form")
    values = {
        "url": Value("url", page.id, str(page.id)),
        "fields": Value("object", {f: profile[f] for f in fields}, ""),
    }
    source = None
    if rng.random() < 0.6:
        source = setting.new_item(pick_kind(setting))
        source.parts.insert(
            rng.randint(0, len(source.parts)),
            Part(
                rng.choice(
                    (
                        "Please register here: {x}",
                        "The form is at {x}.",
                        "Sign up under {x} until Friday.",
                        "{x} is where you enter your data.",
                    )
                ).format(x=page.id),
                "link",
                source.author.name,
            ),
        )
        reference = refer(setting, source)
        request = rng.choice(
            (
                "fill in the form behind the link in {x}",
                "register me with the link in {x}",
                "complete the form that {x} links to",
                "do the sign-up from {x} with my data",
                "open the link in {x} and fill in the form there",
            )
        ).format(x=reference)
    else:
        request = rng.choice(
            (
                "fill in the form on {x} with my details",
                "sign me up at {x}",
                "register me on {x}",
                "complete the form at {x}",
            )
        ).format(x=page.id)
    reads_profile = rng.random() < 0.7

    def run(talk: Talk) -> str:
        if source is not None:
            talk.reach(source, by=rng.choice(("list", "search")))
        talk.reach(page, by="read")
        if reads_profile:
            read_profile(talk)
        talk.act(submit, values)
        return "The form is filled in."

    return Task("form", request, run, [page] if source is None else [source, page], [(submit, values)])


def read_profile(talk: Talk) -> None:
    from gatling.generate.conversations.render import dumped

    setting = talk.setting
    tool = setting.names.tool("contacts", "read my profile")
    talk.turn(
        (
            tool,
            {},
            dumped(
                setting.looks["contact"].form
                if setting.looks["contact"].form in ("json", "yaml", "python")
                else "pretty",
                setting.profile(),
            ),
        )
    )


def pair(setting: Setting) -> Task:
    """Two independent wishes in one request."""
    rng = setting.rng
    a, b = (rng.choice(STRUCTURES[:-1])(setting) for _ in range(2))
    request = rng.choice(
        ("{a}. Then {b}", "1. {A}. 2. {B}", "{a}, and after that {b}", "two things: {a}; {b}", "{A}. Also {b}")
    ).format(a=lower_first(a.request), b=lower_first(b.request), A=upper_first(a.request), B=upper_first(b.request))

    def run(talk: Talk) -> str:
        return f"{a.run(talk)} {b.run(talk)}"

    return Task("pair", request, run, a.targets + b.targets, a.acts + b.acts)


STRUCTURES: tuple[Callable[[Setting], Task], ...] = (direct, facts, facts, facts, order, order, order, todo, chain, chain, choose, choose, everyone, answer, answer,
                                                     own_words, own_words, computed, condition, form, form, pair)  # fmt: skip


def confirmed(setting: Setting, task: Task) -> Task:
    """The same with a question before the first change, which the user answers with yes."""
    rng = setting.rng
    inner = task.run
    question = rng.choice(
        (
            "I would now go ahead as described. Shall I?",
            "I have what I need. Is it fine to proceed?",
            "Ready. Should I do it?",
            "Before I change anything: go on?",
        )
    )
    yes = rng.choice(("Yes, please.", "yes", "Go ahead.", "Sure, do it.", "ok", "Yes, thanks."))

    def run(talk: Talk) -> str:
        plain = talk.act
        done = False

        def act(a: Act, w: dict[str, Value], *, blame: bool = False) -> None:
            nonlocal done
            if not done and talk.hops and not talk.busy:
                done = True
                talk.confirm(question, yes)
            plain(a, w, blame=blame)

        talk.act = act  # type: ignore[method-assign]
        return inner(talk)

    return Task(task.structure + "-confirmed", task.request, run, task.targets, task.acts)
