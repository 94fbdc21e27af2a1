"""`gatling explain`: the energies behind a verdict."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gatling.cli.conversation_flags import ConversationFlags
from gatling.cli.flags import STDIN, MaybePath, MaybeText, flag
from gatling.errors import ConfigError, InputError

if TYPE_CHECKING:
    from gatling.adapters import Conversation
    from gatling.adapters.recorded import Unreadable
    from gatling.guard import Guard
    from gatling.provenance.sources import ToolSources


@dataclass(frozen=True, kw_only=True, slots=True)
class Explain(ConversationFlags):
    """Show what every critic made of every call, and what that rests on.

    gatling explain plan.json --policy policy.yaml --role clerk --request "Pay the May invoice."

    Energies stand on the common scale, on which 1.0 is the alarm line. For people who look into a model; logs and agents
    never see energies. Exit status as for `gatling audit`.

    gatling explain --conversations runs.jsonl --id 17

    Shows the calls of recorded conversations, each judged before it ran, and where its values first stood. With --json one
    conversation a line.

    gatling explain --conversations runs.jsonl --html page.html

    Writes the same as a page for a browser: a timeline, with the values coloured by where they first stood, and links to the
    passages that they stood in. It is one file, without scripts, that loads nothing. What looks like a secret is masked.
    """

    id: MaybeText = None
    """With --conversations: show only the conversation of this id."""
    html: MaybePath = None
    """With --conversations: write a page for a browser here, and print nothing."""

    def run(self) -> int:
        """Judge, print all energies, return the exit status."""
        if self.conversations is not None:
            return self._conversations(self.conversations)
        for name in ("id", "html"):
            if getattr(self, name) is not None:
                raise ConfigError(f"{flag(name)} is for --conversations")
        guard, context, plan = self.prepare()
        from gatling.cli.decision import exit_status, print_decision
        from gatling.cli.documents import print_json
        from gatling.cli.energies import print_energies

        decision = guard.audit(context, plan)
        if decision.assessment is None:
            print_decision(plan, decision, as_json=self.json)
            return exit_status(decision)
        rows = guard.explain(context, plan)
        if self.json:
            print_json({"decision": decision.to_dict(), "nodes": rows, "escalate_from": guard.escalate_from})
            return exit_status(decision)
        print_decision(plan, decision, as_json=False)
        print_energies(rows)
        return exit_status(decision)

    def _conversations(self, path: Path) -> int:
        """Show the conversations; return the exit status."""
        from gatling.cores import one_thread_a_process

        one_thread_a_process()  # before numpy is loaded
        from gatling.cli.model import announce_model
        from gatling.guard.conversations import guard_of

        if self.html is not None and self.json:
            raise ConfigError("--html and --json are both given")
        records, sources = self.records()
        announce_model(self.model)
        guard = guard_of(None if self.model is None else str(self.model.resolve()))
        if self.html is not None:
            return self._page(self.html, guard, self._wanted(records, path), sources)
        from gatling.cli.conversation_page import call_record, print_call, print_head
        from gatling.guard.replay import replay

        for record in self._wanted(records, path):
            context = record.context()
            calls = []
            if not self.json:
                print_head(record, context)
            try:
                for call in replay(guard, record.messages, context, sources=sources):
                    if self.json:
                        calls.append(call_record(guard, call))
                    else:
                        print_call(guard, call)
            except InputError as error:
                raise record.located(error) from None
            if self.json:
                print(json.dumps({"id": record.id, "calls": calls}, ensure_ascii=False, allow_nan=False))
        return 0

    def _wanted(self, records: Iterator[Conversation | Unreadable], path: Path) -> Iterator[Conversation]:
        """Yield the conversations that are to be shown. Raises: InputError if one cannot be read, or there is none."""
        from gatling.adapters.recorded import Unreadable

        num_shown = 0
        for record in records:
            if self.id is not None and record.id != self.id:
                continue
            num_shown += 1
            if isinstance(record, Unreadable):
                raise record.error
            yield record
        if not num_shown:
            wanted = "no conversation" if self.id is None else f"no conversation has the id {self.id!r}"
            raise InputError(wanted, file=str(path))

    def _page(self, html: Path, guard: Guard, records: Iterator[Conversation], sources: ToolSources) -> int:
        """Write the page. What could be read of a conversation stands on it, and the exit status says if that is not all."""
        from rich.markup import escape

        from gatling.cli.console import note, printable
        from gatling.cli.decision import EXIT_INPUT
        from gatling.guard.timeline import recorded_conversation
        from gatling.page import conversation_page
        from gatling.schema.files import atomic_write

        faults: list[InputError] = []
        num = 0

        def drawn() -> Iterator[Any]:
            nonlocal num
            for record in records:
                conversation, fault = recorded_conversation(guard, record, sources=sources)
                faults.extend([] if fault is None else [fault])
                num += 1
                yield conversation

        name = "standard input" if self.conversations == STDIN else str(self.conversations)
        with atomic_write(html) as stream:
            for piece in conversation_page(f"Conversations in {name}", drawn()):
                stream.write(piece.encode())
        for fault in faults:
            note(f"error: {escape(printable(str(fault)))}")
        note(f"{escape(str(html))}: {num} conversations")
        return EXIT_INPUT if faults else 0
