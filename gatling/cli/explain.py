"""`gatling explain`: the energies behind a verdict."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from gatling.cli.conversation_flags import ConversationFlags
from gatling.cli.flags import MaybeText
from gatling.errors import ConfigError, InputError


@dataclass(frozen=True, kw_only=True, slots=True)
class Explain(ConversationFlags):
    """Show what every critic made of every call, and what that rests on.

    gatling explain plan.json --policy policy.yaml --role clerk --request "Pay the May invoice."

    Energies stand on the common scale, on which 1.0 is the alarm line. For people who look into a model; logs and agents
    never see energies. Exit status as for `gatling audit`.

    gatling explain --conversations runs.jsonl --id 17

    Shows the calls of recorded conversations, each judged before it ran, and where its values first stood. With --json one
    conversation a line.
    """

    id: MaybeText = None
    """With --conversations: show only the conversation of this id."""

    def run(self) -> int:
        """Judge, print all energies, return the exit status."""
        if self.conversations is not None:
            return self._conversations(self.conversations)
        if self.id is not None:
            raise ConfigError("--id is for --conversations")
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
        from gatling.adapters.recorded import Unreadable
        from gatling.cli.conversation_page import call_record, print_call, print_head
        from gatling.cli.model import announce_model
        from gatling.guard.conversations import guard_of
        from gatling.guard.replay import replay

        records, sources = self.records()
        announce_model(self.model)
        guard = guard_of(None if self.model is None else str(self.model.resolve()))
        num_shown = 0
        for record in records:
            if self.id is not None and record.id != self.id:
                continue
            num_shown += 1
            if isinstance(record, Unreadable):
                raise record.error
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
        if not num_shown:
            wanted = "no conversation" if self.id is None else f"no conversation has the id {self.id!r}"
            raise InputError(wanted, file=str(path))
        return 0
