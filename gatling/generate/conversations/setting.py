"""One conversation's world: its people, records, items, tools, and the values that its acts need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

from gatling.generate.conversations import values as v
from gatling.generate.conversations.filler import decorate, small_talk
from gatling.generate.conversations.naming import STYLES, Names
from gatling.generate.conversations.spec import Act, Kind, World, load_toolboxes, plural
from gatling.generate.conversations.things import Item, Part, Record
from gatling.generate.conversations.values import Value
from gatling.generate.world import Person, sentence, topic
from gatling.generate.world import World as People

FORMS = ("json", "json", "json", "yaml", "yaml", "text", "text", "markdown", "python")
LISTS = ("json", "json", "results", "yaml", "csv", "table", "bullets", "python")


@dataclass(frozen=True, slots=True)
class Look:
    """How the tools of a kind answer."""

    form: str
    listing: str
    full: bool
    """The listing shows whole items."""
    id_key: str
    title_key: str
    extra: tuple[tuple[str, Any], ...]
    """Arguments with values that nobody stated."""


class Setting:
    """Everything is drawn from one generator, in one order; two settings of the same seed are the same."""

    def __init__(self, world: World, rng: Random) -> None:
        self.rng = rng
        self.world = world
        self.people = People.make(rng)
        self.user = self.people.user
        self.today = date(2024, 1, 8) + timedelta(days=rng.randint(0, 800))
        self.currency = rng.choice(("EUR", "USD", "GBP", "EUR", "USD", "CHF"))
        self.names = Names(rng, rng.getrandbits(32))
        boxes = load_toolboxes()
        chosen = rng.sample([b for b in boxes if b != "contacts"], rng.choice((1, 2, 2, 3, 3, 4)))
        self.boxes = [world, *(boxes[b] for b in sorted(chosen)), boxes["contacts"]]
        own = rng.choice(STYLES)
        same = rng.random() < 0.65
        for box in self.boxes:
            self.names.box(box.name, own if same else rng.choice(STYLES), box.name.split("-")[0])
        self.kinds: dict[str, Kind] = {}
        for box in self.boxes:
            for kind in (*box.items, *box.records):
                self.kinds.setdefault(kind.name, kind)
        self.looks = {name: self._look(kind) for name, kind in self.kinds.items()}
        self.acts = tuple(act for box in self.boxes for act in box.acts)
        for box in self.boxes:
            for kind in (*box.items, *box.records):
                for words in (
                    f"list {plural(kind.name)}",
                    f"find {plural(kind.name) if kind.is_item else kind.name}",
                    f"read {kind.name}",
                ):
                    self.names.tool(box.name, words)
            for act in box.acts:
                self.names.tool(box.name, act.name)
        self.names.tool("contacts", "read my profile")
        self.records: dict[str, list[Record]] = {}
        self.items: dict[str, list[Item]] = {}
        self.answer = rng.choice(("ok", "status", "words", "words", "null", "object", "id"))

    # what is there

    def kind_records(self, name: str) -> list[Record]:
        found = self.records.get(name)
        if found is None:
            kind = self.kinds[name]
            count = self.rng.randint(3, 6)
            if kind.labels == ("person",):
                everyone = [*self.people.colleagues, *self.people.outsiders]
                found = [self._record(kind, p.name, p) for p in self.rng.sample(everyone, count)]
            else:
                labels = self.rng.sample(kind.labels, min(count, len(kind.labels)))
                found = [self._record(kind, label, None) for label in labels]
            self.records[name] = found
        return found

    def contact(self, person: Person) -> Record:
        """Return the record of a person in the directory."""
        found = self.kind_records("contact")
        for record in found:
            if record.person == person:
                return record
        found.append(self._record(self.kinds["contact"], person.name, person))
        return found[-1]

    def kind_items(self, name: str) -> list[Item]:
        found = self.items.get(name)
        if found is None:
            found = self.items[name] = []
            for _ in range(self.rng.choice((1, 2, 3, 4, 4, 6))):
                self.new_item(self.kinds[name])
        return found

    def new_item(
        self, kind: Kind, *, author: Person | None = None, title: str | None = None, latest: bool = False
    ) -> Item:
        rng = self.rng
        author = author or self.writer(kind)
        day = self.today - timedelta(days=0 if latest else rng.randint(1, 30))
        title = title or topic(rng)
        look = self.looks[kind.name]
        id_ = v.a_path(rng) if "path" in kind.flags else v.filled(rng, kind.id_pattern)
        if "path" in kind.flags:
            title = str(id_).rsplit("/", 1)[-1]
        if "page" in kind.flags:
            id_ = v.site(
                rng,
                author.email.split("@")[1]
                if rng.random() < 0.5
                else rng.choice(self.people.outsiders).email.split("@")[1],
            )
        item = Item(kind, id_, title[:1].upper() + title[1:], author, day, form=look.form)
        for _ in range(rng.randint(6, 14) if rng.random() < 0.12 else rng.choice((1, 1, 2, 2, 3, 4))):
            item.parts.append(Part(small_talk(self), by=author.name))
        if "comment" in kind.flags and rng.random() < 0.6:
            for _ in range(rng.randint(1, 3)):
                person = self.people.anybody(rng)
                item.parts.append(Part(sentence(rng), "comment", person.name))
        decorate(self, item)
        self.items.setdefault(kind.name, [])
        self.items[kind.name].insert(0 if latest else rng.randint(0, len(self.items[kind.name])), item)
        return item

    def writer(self, kind: Kind) -> Person:
        people = self.people
        if kind.writer == "self":
            return self.user
        if kind.writer == "colleague":
            return self.rng.choice(people.colleagues)
        if kind.writer == "any":
            return people.anybody(self.rng)
        return self.rng.choice(people.outsiders)

    # values

    def value(self, type_: str) -> Value:
        """Draw a value of a type. A record may be named as people do, and then has to be looked up."""
        rng = self.rng
        if type_ in self.kinds:
            kind = self.kinds[type_]
            if kind.is_item:
                item = rng.choice(self.kind_items(type_) or [self.new_item(kind)])
                if rng.random() < 0.5:
                    return Value(type_, item.id, f"{type_} {item.id}")
                return Value(type_, item.id, f"the {type_} '{item.title}'", item=item)
            record = rng.choice(self.kind_records(type_))
            return self.record_value(record)
        found = v.plain(rng, type_)
        if found is not None:
            return Value(type_, *found)
        if type_ == "money":
            value = v.amount(rng)
            return Value(type_, value, v.say_money(rng, value, self.currency))
        if type_ == "date":
            day = v.a_day(rng, self.today)
            return Value(type_, day.isoformat(), v.say_day(rng, day))
        if type_ == "email":
            person = self.people.anybody(rng)
            if rng.random() < 0.25:
                return Value(type_, person.email, person.name, self.contact(person))
            return Value(type_, person.email, person.email)
        if type_ == "person":
            name = self.people.anybody(rng).name
            return Value(type_, name, name)
        if type_ == "url":
            url = v.site(rng, rng.choice(self.people.outsiders).email.split("@")[1])
            return Value(type_, url, url)
        if type_ == "title":
            text = topic(rng)
            return Value(type_, text, f"'{text}'")
        if type_ == "text":
            text = rng.choice(v.OWN_TEXTS)
            return Value(type_, text, f"'{text}'")
        raise ValueError(f"no type {type_!r}")

    def record_value(self, record: Record) -> Value:
        type_ = record.kind.name
        if self.rng.random() < (0.7 if record.person is not None else 0.55):
            return Value(type_, record.id, record.said, record)
        return Value(type_, record.id, self.rng.choice((f"{type_} {record.id}", str(record.id))))

    def values(self, act: Act) -> dict[str, Value]:
        values = {a.name: self.value(a.type) for a in act.arguments if a.type}
        if "start" in values and "end" in values:
            start = self.rng.randint(7, 18) * 60 + self.rng.choice((0, 15, 30, 45))
            for name, minutes in (("start", start), ("end", start + self.rng.choice((30, 45, 60, 60, 90, 120)))):
                text = f"{minutes // 60:02d}:{minutes % 60:02d}"
                values[name] = Value("time", text, text)
        return values

    def phrase(self, act: Act, values: dict[str, Value], *, language: str | None = None) -> str:
        """Return how the act is asked for, with its values."""
        foreign = [p for lang, p in act.foreign if lang == language]
        phrase = self.rng.choice(foreign or act.phrases)
        return phrase.format_map({k: w.say for k, w in values.items()})

    def arguments(self, act: Act, values: dict[str, Value]) -> dict[str, Any]:
        """Return the arguments of an act's call, under this conversation's names."""
        out: dict[str, Any] = {}
        for a in act.arguments:
            value = values[a.name].arg if a.type else a.default
            if (
                a.name in ("to", "participants")
                and self.names.argument(act.box, a.name, act.name).endswith("s")
                and not isinstance(value, list)
            ):
                value = [value]
            out[
                self.names.argument(act.box, a.name, a.type if a.name == "id" and a.type in self.kinds else act.name)
            ] = value
        return out

    def profile(self) -> dict[str, str]:
        """Return the user's own data: what a form asks for, and what an attacker is after."""
        rng = Random(f"{self.user.email}")
        secrets = {k: str((v.plain(rng, t) or ("", ""))[0]) for k, t in
                   (("phone", "phone"), ("address", "address"), ("iban", "iban"), ("password", "password"), ("api_token", "code"),
                    ("passport_no", "code"), ("birth_date", "code"))}  # fmt: skip
        secrets["birth_date"] = f"19{rng.randint(60, 99)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
        return {"name": self.user.name, "email": self.user.email, **secrets}

    # drawing

    def _look(self, kind: Kind) -> Look:
        rng = self.rng
        form = rng.choice(FORMS)
        if "page" in kind.flags:
            form = rng.choice(("html", "html", "html", "markdown", "text"))
        elif "path" in kind.flags:
            form = rng.choice(("raw", "raw", "raw", "json", "markdown"))
        elif "mail" in kind.flags and rng.random() < 0.3:
            form = "text"
        extra: list[tuple[str, Any]] = []
        if rng.random() < 0.3:
            extra = rng.sample([("limit", rng.choice((5, 10, 20, 50))), ("page", 1), ("include_archived", False), ("sort", "newest"),
                                ("status", None), ("format", "full"), ("cursor", ""), ("fields", ["id", "title"])], rng.choice((1, 1, 2)))  # fmt: skip
        return Look(form, rng.choice(LISTS), rng.random() < 0.4 and "page" not in kind.flags, rng.choice(("id", "id", "id", "id_", "key", "ref", f"{kind.name.split()[-1]}_id")),
                    rng.choice(("title", "subject", "name", "title")), tuple(extra))  # fmt: skip

    def _record(self, kind: Kind, label: str, person: Person | None) -> Record:
        fields: dict[str, Any] = {}
        for name, type_ in kind.fields:
            if type_ == "email" and person is not None:
                fields[name] = person.email
            else:
                fields[name] = (
                    self.value(type_).arg
                    if type_ not in self.kinds
                    else v.filled(self.rng, self.kinds[type_].id_pattern)
                )
        notes = small_talk(self) if self.rng.random() < 0.4 else ""
        return Record(kind, v.filled(self.rng, kind.id_pattern), label, fields, person, notes)

    def own_text(self, parts: Sequence[str] = ()) -> str:
        text = self.rng.choice(v.OWN_TEXTS)
        return " ".join([text, *parts])
