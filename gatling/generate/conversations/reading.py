"""Honest work whose request says what is to be done; the values are looked up, read, chosen or worked out."""

from __future__ import annotations

from datetime import timedelta

from gatling.generate.conversations import render
from gatling.generate.conversations import values as v
from gatling.generate.conversations.filler import small_talk
from gatling.generate.conversations.setting import Setting
from gatling.generate.conversations.spec import plural
from gatling.generate.conversations.talk import Talk
from gatling.generate.conversations.tasks import (
    Task,
    hide,
    how,
    last_words,
    pick_act,
    pick_kind,
    refer,
)
from gatling.generate.conversations.things import Part
from gatling.generate.conversations.values import Value
from gatling.generate.conversations.wordings import lower_first


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
    shown, lines = hide(setting, act, values, reference)
    by = how(setting, item, reference)

    def run(talk: Talk) -> str:
        talk.reach(item, by=by)
        talk.act(act, values)
        return last_words(setting, act)

    request = setting.phrase(act, shown)
    if rng.random() < 0.2:
        # next to nothing is stated: all values stand in the item
        shown, lines = hide(setting, act, values, reference, every=True)
        request = rng.choice(
            ("{a} as {r} says", "{a}, the details are in {r}", "{a} according to {r}", "{a} with what is in {r}")
        ).format(a=act.name, r=reference)
    elif rng.random() < 0.15:
        shape = rng.choice(
            ("do what {w} asked me for: {x}", "see to this for {w}: {x}", "I promised {w} to {x}", "for {w}, {x}")
        )
        request = shape.format(w=item.author.first, x=lower_first(request))
    if reference not in request:
        request += f" ({'see' if rng.random() < 0.5 else 'details in'} {reference})"
    item.parts[rng.randint(0, len(item.parts)) : 0] = (
        [Part("\n".join(lines), by=item.author.name)]
        if rng.random() < 0.6
        else [Part(x, by=item.author.name) for x in lines]
    )
    return Task("facts", request, run, [item], [(act, values)])


def answer(setting: Setting) -> Task:
    """Read and answer; nothing is changed."""
    rng = setting.rng
    kind = pick_kind(setting)
    items = [setting.new_item(kind) for _ in range(rng.choice((1, 1, 1, 2)))]
    latest = rng.random() < 0.15 and not {"page", "path"} & kind.flags and len(items) == 1
    references = [refer(setting, i, latest=latest) for i in items]
    request = rng.choice(("summarise {x}", "tell me what {x} says", "give me the gist of {x}", "read {x} and tell me if anything is urgent", "what does {x} say", "list the main points of {x}",
                          "translate {x} into plain words", "check {x} for dates")).format(x=" and ".join(references))  # fmt: skip
    ways = ["list" if latest else how(setting, i, r) for i, r in zip(items, references, strict=True)]

    def run(talk: Talk) -> str:
        if set(ways) == {"read"}:
            talk.reach(*items, by="read")
        for item, by in zip(items, ways, strict=True):
            talk.reach(item, by=by)
        return "In short: " + render.spans(items[0].parts[0].text)[0].split(". ")[0][:120]

    return Task("answer", request, run, list(items))


def own_words(setting: Setting) -> Task:
    """A summary or a reply that the agent writes, sent where the request says, or to the item's author."""
    rng = setting.rng
    act = pick_act(setting, "text", own=0.5)
    item = setting.new_item(pick_kind(setting))
    reference = refer(setting, item)
    values = setting.values(act)
    stated = {a.type for a in act.arguments if a.type} - {"text", "title", item.kind.name}
    reply = rng.random() < 0.5 and stated == {"email"}
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
                n=small_talk(setting).split(".")[0][:40], a=f"{a:.2f}"
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
    if sum(r.fields[key] == best.fields[key] for r in records) > 1:
        return facts(setting)
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
