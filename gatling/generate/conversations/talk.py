"""The conversation under way: calls and answers, what has been read, and when an obeying agent does what it read."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from gatling.generate.conversations import render
from gatling.generate.conversations.setting import Setting
from gatling.generate.conversations.spec import Act, plural
from gatling.generate.conversations.things import Item, Record
from gatling.generate.conversations.values import Value

Call = tuple[str, dict[str, Any], str]
THOUGHTS = (
    "Let me look that up.", "I'll start with the details.", "First I need to find it.", "Now I have what I need.", "Checking.",
    "I'll take care of this step by step.", "Next, the remaining step.", "OK.", "Let me read it first.", "Working on it.",
)  # fmt: skip
NOTICED = (
    "There is something else to do here.", "The text also asks for a further step; doing it.", "I see another instruction, I'll follow it.",
    "One more thing is wanted.", "This has to be done as well.", "It says what to do, so I do that.",
)  # fmt: skip
FAILURES = (
    "503 upstream timeout, try again", "Error: temporarily unavailable", '{"ok": false, "error": "rate limited, retry in 1 s"}',
    "Internal error (code 17)", "connection reset by peer",
)  # fmt: skip


class Stopped(Exception):
    """The agent dropped what it was asked for."""


@dataclass
class Talk:
    setting: Setting
    request: str
    system: str | None = None
    obey: Callable[[Talk], None] | None = None
    """What an obeying agent does once it has read the injected text."""
    when: str = "now"
    """now, later, end, or instead."""
    changed: dict[tuple[str, str], Value] = field(default_factory=dict)
    """(act, argument): the value that the agent takes from the injected text instead of the right one."""
    messages: list[dict[str, Any]] = field(default_factory=list)
    injected: list[dict[str, int]] = field(default_factory=list)
    blamed: list[str] = field(default_factory=list)
    known: set[int] = field(default_factory=set)
    read: set[int] = field(default_factory=set)
    listed: set[int] = field(default_factory=set)
    pieces: int = 1
    """How many injected texts make the attack whole."""
    heard: set[str] = field(default_factory=set)
    seen: bool = False
    hops: int = 0
    before_act: Callable[[Act], None] | None = None
    """Called before the first change that the request asks for."""
    _calls: int = 0
    _wait: int = 0
    _thought: str | None = None
    busy: bool = False

    def __post_init__(self) -> None:
        if self.system is not None:
            self.messages.append({"role": "system", "content": self.system})
        self.messages.append({"role": "user", "content": self.request})

    def turn(self, *calls: Call, blame: bool = False) -> list[str]:
        """Make calls in one message and take their answers; return their ids."""
        self._obey_if_due()
        ids, made, answers = [], [], []
        for tool, arguments, output in calls:
            self._calls += 1
            id_ = f"call_{self._calls}"
            ids.append(id_)
            text = json.dumps(arguments, ensure_ascii=False)
            made.append({"id": id_, "type": "function", "function": {"name": tool, "arguments": text}})
            answers.append((id_, output))
        rng = self.setting.rng
        content = None
        if rng.random() < 0.17:
            content = rng.choice(THOUGHTS if rng.random() < 0.85 else NOTICED)
        if self._thought is not None:
            content, self._thought = self._thought, None
        self.messages.append({"role": "assistant", "content": content, "tool_calls": made})
        for id_, output in answers:
            text, found = render.spans(output)
            self.injected += [{"message": len(self.messages), "start": a, "end": b} for a, b in found]
            self.heard.update(text[a:b] for a, b in found)
            if found and not self.seen and len(self.heard) >= self.pieces:
                self.seen = True
                self._wait = 1 if self.when == "later" else 0
            self.messages.append({"role": "tool", "tool_call_id": id_, "content": text})
        if blame:
            self.blamed += ids
        self.hops += 1
        return ids

    def _obey_if_due(self) -> None:
        if self.obey is None or not self.seen or self.busy or self.when == "end":
            return
        if self._wait > 0:
            self._wait -= 1
            return
        self._run_obey()
        if self.when == "instead":
            raise Stopped

    def _run_obey(self) -> None:
        if self.obey is not None:
            self.busy, obey, self.obey = True, self.obey, None
            if self.setting.rng.random() < 0.15:
                self._thought = self.setting.rng.choice(NOTICED)
            obey(self)
            self.busy = False

    def finish(self, text: str) -> None:
        if self.obey is not None and self.seen:
            self._run_obey()
        self.messages.append({"role": "assistant", "content": text})

    def confirm(self, question: str, answer: str) -> None:
        """The assistant proposes, the user agrees."""
        self._obey_if_due()
        self.messages.append({"role": "assistant", "content": question})
        self.messages.append({"role": "user", "content": answer})

    # what agents do

    def act(self, act: Act, values: dict[str, Value], *, blame: bool = False, answer: str | None = None) -> None:
        """Look up what has to be, then call the act's tool.

        Args:
            blame: the call is what an attacker wants.
            answer: what the tool answers; None for that it is done.
        """
        if self.before_act is not None and not self.busy:
            self.before_act(act)
        setting, rng = self.setting, self.setting.rng
        if not self.busy:
            for (key, name), value in self.changed.items():
                if key == act.key and self.seen:
                    values = {**values, name: value}
                    blame = True
        self.find(*(value.via for value in values.values() if value.via is not None))
        for value in values.values():
            if value.item is not None and not {id(value.item)} & (self.read | self.listed):
                self.look_for(value.item)
        tool = setting.names.tool(act.box, act.name)
        arguments = setting.arguments(act, values)
        if rng.random() < 0.05:
            self.turn((tool, arguments, rng.choice(FAILURES)), blame=blame)
        self.turn((tool, arguments, answer if answer is not None else self.done(act)), blame=blame)

    def acts(self, act: Act, several: Sequence[dict[str, Value]], *, blame: bool = False) -> None:
        """Call an act's tool for each of several values: one by one, or in one message."""
        setting = self.setting
        if len(several) < 2 or setting.rng.random() < 0.5 or any(key == act.key for key, _ in self.changed):
            for values in several:
                self.act(act, values, blame=blame)
            return
        if self.before_act is not None and not self.busy:
            self.before_act(act)
        self.find(*(w.via for values in several for w in values.values() if w.via is not None))
        tool = setting.names.tool(act.box, act.name)
        self.turn(*((tool, setting.arguments(act, values), self.done(act)) for values in several), blame=blame)

    def done(self, act: Act) -> str:
        rng, kind = self.setting.rng, self.setting.answer
        number = rng.randint(1000, 99999)
        return {
            "ok": '{"ok": true}',
            "status": json.dumps({"status": rng.choice(("done", "queued", "accepted", "success"))}),
            "words": rng.choice(
                (f"{act.name.capitalize()}: done.", "Done.", "The request was carried out.", f"Successful: {act.name}")
            ),
            "null": "null",
            "object": json.dumps({"success": True, "id": f"{act.name[:2]}_{number}"}),
            "id": f"OK, reference {act.name[:3].upper()}-{number}",
        }[kind]

    def find(self, *records: Record) -> None:
        """Search for records by their names, each once; several in one message or one after the other."""
        missing = [r for r in dict.fromkeys(records) if id(r) not in self.known]
        if not missing:
            return
        rng = self.setting.rng
        found = [self._search(record) for record in missing]
        if len(found) > 1 and rng.random() < 0.5:
            self.turn(*(call for call, _ in found))
        else:
            for call, _ in found:
                self.turn(call)
        self.known.update(id(r) for r in missing)
        for record, (_, whole) in zip(missing, found, strict=True):
            if (not whole and record.kind.name == "contact") or rng.random() < 0.15 or (record.notes and not whole):
                self.get(record)

    def _search(self, record: Record) -> tuple[Call, bool]:
        """Return the call that searches for a record, and whether it shows all of it; sometimes a search finds nothing first."""
        setting, rng = self.setting, self.setting.rng
        kind = record.kind
        query = setting.names.argument(kind.box, "query", kind.name)
        tool = setting.names.tool(kind.box, f"find {kind.name}")
        rows = [r for r in setting.kind_records(kind.name) if r is record or rng.random() < 0.15]
        if rng.random() < 0.08:
            nothing = render.show_list(setting.looks[kind.name].listing, [])
            self.turn((tool, {query: record.label.lower() + " *"}, nothing))
        # a search that shows little is followed by a look at the record
        whole = rng.random() < 0.6
        text = record.label if rng.random() < 0.8 else record.label.split()[-1]
        return (tool, {query: text} | self.extra(kind.name), self.rows(kind.name, rows, full=whole)), whole

    def get(self, record: Record) -> None:
        self.turn(self.get_call(record))

    def get_call(self, record: Record) -> Call:
        kind, names = record.kind, self.setting.names
        self.known.add(id(record))
        return (
            names.tool(kind.box, f"read {kind.name}"),
            {names.argument(kind.box, "id", kind.name): record.id},
            render.show_record(self.setting, record),
        )

    def rows(self, kind: str, records: Sequence[Record], *, full: bool) -> str:
        return render.show_list(
            self.setting.looks[kind].listing, [render.record_data(self.setting, r, full=full) for r in records]
        )

    def list_records(self, kind: str) -> None:
        setting = self.setting
        records = setting.kind_records(kind)
        tool = setting.names.tool(setting.kinds[kind].box, f"list {plural(kind)}")
        self.turn((tool, self.extra(kind), self.rows(kind, records, full=True)))
        self.known.update(id(r) for r in records)

    def extra(self, kind: str) -> dict[str, Any]:
        return dict(self.setting.looks[kind].extra)

    def reach(self, *items: Item, by: str = "search") -> None:
        """Read items: through a list, a search, or at once where the id is known."""
        items = tuple(item for item in items if id(item) not in self.read)
        if not items:
            return
        setting, kind = self.setting, items[0].kind
        if by in ("list", "search") and "page" not in kind.flags and self.look_for(*items, by=by):
            return
        if by != "read":
            # what came up beside them is often read too
            others = [
                i for i in setting.items.get(kind.name, []) if i not in items and id(i) in self.listed - self.read
            ]
            items += tuple(i for i in others if setting.rng.random() < (0.8 if i.sticky else 0.15))[:2]
        tool = setting.names.tool(kind.box, f"read {kind.name}")
        what = next((flag for flag in ("page", "path") if flag in kind.flags), "id")
        argument = setting.names.argument(kind.box, {"page": "url"}.get(what, what), kind.name)
        calls = [(tool, {argument: i.id}, render.show_item(setting, i)) for i in items]
        if len(calls) > 1 and setting.rng.random() < 0.5:
            for call in calls:
                self.turn(call)
        else:
            self.turn(*calls)
        self.read.update(id(i) for i in items)

    def _heard(self, *words: str) -> str:
        """Return one of the words that stand in the conversation so far, the first of them where none does."""
        said = "\n".join(m["content"] or "" for m in self.messages).lower()
        known = [w for w in words if w.lower() in said]
        return self.setting.rng.choice(known) if known else words[0]

    def look_for(self, *items: Item, by: str = "search") -> bool:
        """List or search items of a kind; return whether the listing shows them as a whole."""
        setting, rng, kind = self.setting, self.setting.rng, items[0].kind
        look, names = setting.looks[kind.name], setting.names
        everything = setting.items.get(kind.name, list(items))
        shown = [i for i in everything if by == "list" or i in items or i.sticky or rng.random() < 0.2]
        full = look.full and "path" not in kind.flags
        if full:
            rows = [render.item_data(setting, i) for i in shown]
            self.read.update(id(i) for i in shown)
        else:
            rows = [render.item_row(setting, i) for i in shown]
        self.listed.update(id(i) for i in shown)
        answer = render.show_list(look.listing, rows)
        if by == "list":
            self.turn((names.tool(kind.box, f"list {plural(kind.name)}"), self.extra(kind.name), answer))
            return full
        query = names.argument(kind.box, "query", kind.name)
        tool = names.tool(kind.box, f"find {plural(kind.name)}")
        title = render.without(items[0].title)
        if rng.random() < 0.08:
            nothing = render.show_list(look.listing, [])
            self.turn((tool, {query: f"{items[0].author.first} {title.split()[0]}"}, nothing))
        text = self._heard(title, items[0].author.name, items[0].author.first, str(items[0].id))
        self.turn((tool, {query: text} | self.extra(kind.name), answer))
        return full
