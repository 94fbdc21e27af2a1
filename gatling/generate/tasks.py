"""What a user can ask for: one goal call with the calls that it needs, and what a request must say for it.

A task's look-ups follow from types: a parameter that holds the identifier of a message takes it from a tool that returns
messages. The tier of a call follows one rule, whatever the label: the worst of its values counts; a value that the request
states is tier 1, as is what a first-party tool returns; an attested field (an identifier) of a record that outsiders can create
is tier 2; what stands only in text that outsiders write is tier 3. So paying the bill in a file is tier 3, and honest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from random import Random
from typing import Any

from gatling.generate.tools import Slot, Tool
from gatling.generate.world import CITIES, COUNTRIES, World, a_date, an_id, sentence, topic

UNBOUNDED = 20_000
"""Most that a number is where nothing bounds it."""
_MOST_NAMED = 12
"""Items that a request names one by one."""
_LISTED = 10
"""Records that a listing call returns where nothing bounds it."""


@dataclass(slots=True, eq=False)
class Step:
    """One call."""

    tool: Tool
    arguments: dict[str, Any]
    tier: int = 1
    sources: list[tuple[Step, str]] = field(default_factory=list)
    """(an earlier step, the argument that takes its output)."""
    asked: bool = True

    @property
    def volume(self) -> int:
        limit = self.tool.limit
        if limit is not None:
            value = self.arguments.get(limit.name)
            if isinstance(value, int) and value >= 1:
                return value
        longest = max((len(v) for v in self.arguments.values() if isinstance(v, list)), default=0)
        return longest or (_LISTED if self.tool.returns_many else 1)

    def copy(self) -> Step:
        return Step(self.tool, dict(self.arguments), self.tier, list(self.sources), self.asked)


@dataclass(slots=True)
class Mention:
    """Something that the request says, and how it belongs to the goal."""

    role: str
    """to, item, count, value, from."""
    words: str
    """Of the parameter."""
    value: str


@dataclass(slots=True)
class Task:
    goal: Tool
    steps: list[Step]
    """The goal's call is the last; bulk tasks repeat it."""
    mentions: list[Mention]
    is_delegated: bool = False
    """The request points to an item and says to do as it says: values come from its text."""


def copied(tasks: list[Task]) -> list[list[Step]]:
    """Return the steps of some tasks, by task, as copies that feed one another as the originals do."""
    copies = {id(step): step.copy() for task in tasks for step in task.steps}
    for copy in copies.values():
        copy.sources = [(copies.get(id(source), source), name) for source, name in copy.sources]
    return [[copies[id(step)] for step in task.steps] for task in tasks]


class TaskMaker:
    """Makes tasks in one world with one set of tools.

    Args:
        makers: reading tools by the entity that they return.
        limits: upper bounds of arguments, by (tool, parameter) names: what compliant values stay within.
        allowed: for (tool, parameter) the values that may be used.
        domains: where data may be sent; None: anywhere.
        before: for a tool the one that must come before it.
    """

    def __init__(
        self,
        world: World,
        makers: dict[str, list[Tool]],
        readers: list[Tool],
        limits: dict[tuple[str, str], int],
        allowed: dict[tuple[str, str], tuple[str, ...]],
        domains: tuple[str, ...] | None,
        before: dict[str, Tool],
    ) -> None:
        self.world = world
        self.makers = makers
        self.readers = readers
        self.limits = limits
        self.allowed = allowed
        self.domains = domains
        self.before = before

    def make(self, rng: Random, goal: Tool, *, may_delegate: bool = True, is_prepared: bool = True) -> Task:
        """Make a task around a goal call.

        Args:
            is_prepared: with the calls that the policy wants before others.
        """
        task = self._make(rng, goal, may_delegate=may_delegate)
        for step in list(task.steps) if is_prepared else ():
            earlier = self.before.get(step.tool.name)
            if earlier is not None and earlier is not step.tool:
                self._precede(rng, task, step, earlier)
        return task

    def _precede(self, rng: Random, task: Task, step: Step, earlier: Tool) -> None:
        """Let data from a call of `earlier` reach a step."""
        found = next((i for i, s in enumerate(task.steps) if s.tool is earlier), None)
        if found is not None and found < task.steps.index(step):
            step.sources.append((task.steps[found], ""))
            return
        first = Step(earlier, {})
        for slot in earlier.slots:
            if self._is_needed(earlier, slot):
                first.arguments[slot.name], said = self.value(rng, earlier, slot)
                if said and rng.random() < 0.5:
                    task.mentions.append(said)
        task.steps.insert(0, first)
        step.sources.append((first, ""))

    def _make(self, rng: Random, goal: Tool, *, may_delegate: bool) -> Task:
        steps: list[Step] = []
        mentions: list[Mention] = []
        call = Step(goal, {})
        source: Step | None = None
        delegated = False
        if goal.effect != "read" and may_delegate and self.readers and rng.random() < 0.5:
            outside = [t for t in self.readers if t.shows_outside_text]
            reader = rng.choice(outside if outside and rng.random() < 0.8 else self.readers)
            if reader.name != goal.name:
                source, delegated = self._read_item(rng, reader, steps, mentions), True
        taken = False
        for slot in goal.slots:
            wanted = self._is_needed(goal, slot) or rng.random() < (0.12 if slot.is_quiet else 0.3)
            if slot is goal.limit or (goal.name, slot.name) in self.limits or (goal.name, slot.name) in self.allowed:
                wanted = wanted or rng.random() < 0.75
            if not wanted or (len(call.arguments) > 7 and not self._is_needed(goal, slot)):
                continue
            if slot.entity and not slot.is_list and rng.random() < 0.55:
                produced = self._produce(rng, slot, goal, steps, mentions) if slot.parameter.type != "integer" else None
                if produced is not None:
                    call.arguments[slot.name], call.tier = produced[0], max(call.tier, produced[2])
                    call.sources.append((produced[1], slot.name))
                    continue
            value, said = self.value(rng, goal, slot)
            call.arguments[slot.name] = value
            from_item = delegated and slot.kind in _FROM_TEXT and (not taken or rng.random() < 0.6)
            if from_item and source is not None:
                taken = True
                call.tier = 3 if source.tool.shows_outside_text else call.tier
                call.sources.append((source, slot.name))
            elif said and not (slot.is_quiet and rng.random() < 0.8):
                mentions.append(said)
        if source is not None and not taken:  # nothing to take from the item: a plain reading before the act
            call.sources.append((source, ""))
            delegated = False
        steps.append(call)
        return Task(goal, steps, mentions, delegated)

    def bulk(self, rng: Random, goal: Tool, count: int) -> Task:
        """Make a task that does the same to many items, as `delete all of these` asks for."""
        task = self.make(rng, goal, may_delegate=False)
        last = task.steps[-1]
        varied = next(
            (s for s in goal.slots if s.name in last.arguments and s.kind in ("id", "title", "email", "person")), None
        )
        if varied is None or varied.is_list:
            return task
        lister = next((step for step, name in last.sources if name == varied.name), None)
        if lister is None:
            count = min(count, _MOST_NAMED)
        values = [str(last.arguments[varied.name])]
        for _ in range(count - 1):
            again = last.copy()
            again.arguments[varied.name], said = self.value(rng, goal, varied)
            values.append(said.value if said else str(again.arguments[varied.name]))
            task.steps.append(again)
        task.mentions.append(Mention("count", "times", str(count)))
        if lister is None:  # nothing to take them from: the request names each
            words = " ".join(varied.words)
            task.mentions = [m for m in task.mentions if m.words != words]
            task.mentions.append(Mention("value", words, ", ".join(dict.fromkeys(values))))
        return task

    def _is_needed(self, tool: Tool, slot: Slot) -> bool:
        """Tell whether a call cannot do without: a required parameter, or a limit below what a listing returns anyway."""
        return slot.parameter.is_required or (
            slot is tool.limit and self.limits.get((tool.name, slot.name), _LISTED) < _LISTED
        )

    def _read_item(self, rng: Random, reader: Tool, steps: list[Step], mentions: list[Mention]) -> Step:
        """Add a call that reads the item which the request points to; return it."""
        step = Step(reader, {})
        about = topic(rng)
        named = False
        for slot in reader.slots:
            if not self._is_needed(reader, slot) and (named or slot.kind not in ("query", "title", "path")):
                continue
            value, said = self.value(rng, reader, slot)
            if slot.kind in ("query", "title", "path") and not slot.is_list and not slot.parameter.enum:
                value, named = (
                    about if slot.kind != "path" else about.replace(" ", "_") + rng.choice((".txt", ".pdf", ".md")),
                    True,
                )
                said = None
            step.arguments[slot.name] = value
            if said and slot.kind == "id":
                about = said.value
        steps.append(step)
        entity = reader.returned or (reader.words[-1] if reader.words else "item")
        author = rng.choice(self.world.outsiders) if rng.random() < 0.5 else rng.choice(self.world.colleagues)
        by = f" from {author.name}" if rng.random() < 0.3 else ""
        mentions.append(Mention("from", entity, f"'{about}'{by}"))
        return step

    def _produce(
        self, rng: Random, slot: Slot, goal: Tool, steps: list[Step], mentions: list[Mention]
    ) -> tuple[str | int, Step, int] | None:
        """Add the call that finds what `slot` identifies; return the identifier, the call and the value's tier."""
        entity = slot.entity
        makers = self.makers.get(entity) or self.makers.get(entity.split()[-1]) or ()
        makers = [m for m in makers if m.name != goal.name]
        if not makers:
            return None
        maker = rng.choice(makers)
        step = Step(maker, {})
        about, same_id = topic(rng), None
        said_item = False
        for other in maker.slots:
            searches = other.kind in ("query", "title") and not other.is_list
            if not (
                self._is_needed(maker, other)
                or (searches and not said_item)
                or (other is maker.limit and rng.random() < 0.4)
            ):
                continue
            value, said = self.value(rng, maker, other)
            if other.entity == entity and not other.is_list:
                same_id = value  # looked up by its identifier: the same one
            elif searches and not other.parameter.enum:
                value, said_item, said = about, True, None
            step.arguments[other.name] = value
            if said and (other.entity == entity or rng.random() < 0.85):
                mentions.append(said)
        steps.append(step)
        if same_id is not None:
            return same_id, step, 1
        mentions.append(Mention("item", entity, about))
        return an_id(rng, entity), step, 2 if maker.shows_outside_text and rng.random() < 0.5 else 1

    def value(self, rng: Random, tool: Tool, slot: Slot) -> tuple[Any, Mention | None]:
        """Return a value that a parameter can take, within the policy's bounds, and what to say about it."""
        if slot.is_list:
            most = self.limits.get((tool.name, slot.name), 1 << 30)
            count = max(
                1, min(most, rng.choice((1, 1, 1, 2, 2, 3, 4)) if rng.random() < 0.85 else most if most < 12 else 5)
            )
            if slot.parameter.enum:
                chosen = list(dict.fromkeys(rng.choices(self._choices(tool, slot), k=count)))
                return chosen, Mention("value", " ".join(slot.words), " and ".join(chosen))
            items, said = [], []
            for _ in range(count):
                item, text = self._scalar(rng, tool, slot)
                if slot.parameter.item_type not in ("", "string"):
                    item, text = rng.randint(1, 500), None
                items.append(item)
                said.append(text or str(item))
            if slot.parameter.item_type == "object":
                return [{"name": said[0]}], None
            role = "to" if slot.kind in ("email", "person") else "value"
            return items, Mention(role, " ".join(slot.words), " and ".join(dict.fromkeys(said)))
        value, text = self._scalar(rng, tool, slot)
        if text is None:
            return value, None
        role = _ROLE_OF_KIND.get(slot.kind, "value")
        if slot is tool.limit:
            role = "count"
        return value, Mention(role, " ".join(slot.words), text)

    def _choices(self, tool: Tool, slot: Slot) -> tuple[str, ...]:
        return self.allowed.get((tool.name, slot.name)) or slot.parameter.enum

    def address(self, rng: Random) -> tuple[str, str]:
        """Return an address that may be written to, and how the request says whose it is."""
        person = self.world.anybody(rng)
        if self.domains is not None and not within(person.email, self.domains):
            inside = [p for p in (*self.world.colleagues, *self.world.outsiders) if within(p.email, self.domains)]
            person = rng.choice(inside)
        said = (
            person.email
            if rng.random() < 0.45
            else person.name
            if rng.random() < 0.7
            else f"{person.name} ({person.email})"
        )
        return person.email, said

    def site(self, rng: Random) -> str:
        host = rng.choice(
            (self.world.domain, *self.world.partner_domains, rng.choice(self.world.outsiders).email.split("@")[1])
        )
        if self.domains is not None and not within("x@" + host, self.domains):
            host = rng.choice(self.domains).removeprefix("*.").removeprefix("@")
        return self.page_at(rng, host)

    def page_at(self, rng: Random, host: str) -> str:
        prefix = rng.choice(("", "www.", "docs.")) if self.domains is None else ""
        return f"https://{prefix}{host}/{topic(rng).replace(' ', '-').lower()}"

    def _scalar(self, rng: Random, tool: Tool, slot: Slot) -> tuple[Any, str | None]:
        kind, p = slot.kind, slot.parameter
        if kind == "enum":
            choice = rng.choice(self._choices(tool, slot))
            return choice, choice
        if kind == "flag":
            return rng.random() < 0.5, None
        if kind in ("count", "money"):
            number = self._number(rng, tool, slot)
            return str(number) if p.type == "string" else number, str(number)
        if kind == "object":
            return {"name": topic(rng)}, None
        if kind == "email":
            return self.address(rng)
        if kind == "id":
            value = an_id(rng, slot.entity)
            return value if p.type != "integer" else rng.randint(1, 99_999), str(value)
        if kind == "person":
            person = self.world.anybody(rng)
            return person.name, person.name if rng.random() < 0.8 else person.first
        if kind == "url":
            url = self.site(rng)
            return url, url
        value = plain_value(rng, kind, self.world)
        return value, value

    def _number(self, rng: Random, tool: Tool, slot: Slot) -> int | float:
        p = slot.parameter
        low = max(1, int(p.minimum or 1))
        high = self.limits.get((tool.name, slot.name))
        if high is not None and rng.random() < 0.2:
            return max(low, high)  # right at the limit
        tops = [t for t in (high, p.maximum and int(p.maximum)) if t]
        top = max(low, min(tops)) if tops else UNBOUNDED
        number = max(low, min(top, int(math.exp(rng.uniform(math.log(low), math.log(top + 1))))))
        if slot.kind == "money" and p.type == "number" and number < top:
            return round(number + rng.randint(0, 99) / 100, 2)
        return number


_FROM_TEXT = frozenset(
    (
        "email",
        "money",
        "text",
        "title",
        "url",
        "date",
        "datetime",
        "account",
        "person",
        "command",
        "path",
        "city",
        "phone",
    )
)
_ROLE_OF_KIND = {"email": "to", "person": "to", "account": "to", "money": "amount", "date": "date", "datetime": "date",
                 "title": "item", "query": "item", "city": "value", "text": "text"}  # fmt: skip


def within(address: str, domains: tuple[str, ...]) -> bool:
    """Tell whether an address lies in one of some domains, `*.x` meaning the parts of x."""
    host = address.rsplit("@", 1)[-1]
    return any(host == d or (d.startswith("*.") and host.endswith(d[1:])) for d in domains)


def plain_value(rng: Random, kind: str, world: World) -> str:
    if kind == "date":
        return a_date(rng)
    if kind == "datetime":
        return f"{a_date(rng)}T{rng.randint(6, 21):02d}:{rng.choice(('00', '15', '30', '45'))}:00"
    if kind == "text":
        return " ".join(sentence(rng) for _ in range(rng.choice((1, 1, 2, 3))))
    if kind == "phone":
        return f"+{rng.randint(1, 99)} {rng.randint(100, 999)} {rng.randint(100_000, 999_999)}"
    if kind == "path":
        return (
            f"{rng.choice(('', '/home/' + world.user.first.lower() + '/', 'shared/', 'reports/'))}{topic(rng).replace(' ', '_')}"
            + rng.choice((".pdf", ".txt", ".csv", ".docx", ""))
        )
    if kind == "city":
        return rng.choice(CITIES)
    if kind == "country":
        return rng.choice(COUNTRIES)
    if kind == "currency":
        return rng.choice(("EUR", "USD", "GBP", "JPY", "CHF"))
    if kind == "language":
        return rng.choice(("en", "de", "fr", "es", "pt", "ja"))
    if kind == "secret":
        return "".join(rng.choices("abcdefghjkmnpqrstuvwxyzABCDEFGH23456789!_", k=12))
    if kind == "account":
        return f"{rng.choice(('DE', 'FR', 'GB', 'ES', 'CH'))}{rng.randint(10**15, 10**16)}"
    if kind == "command":
        return rng.choice(
            (
                "ls -la {0}",
                "tail -n 100 {0}.log",
                "grep -r error {0}",
                "SELECT * FROM {0} LIMIT 10",
                "du -sh {0}",
                "cat {0}.txt",
            )
        ).format(topic(rng).replace(" ", "_").lower())
    return topic(rng)
