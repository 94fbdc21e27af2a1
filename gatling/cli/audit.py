"""`gatling audit`: the guard's verdict on a plan, or on files of recorded conversations."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from gatling.cli.conversation_flags import ConversationFlags
from gatling.cli.flags import MaybeCount, MaybePath
from gatling.errors import ConfigError, InputError

_OUTPUTS = (".jsonl", ".jsonl.gz", ".jsonl.zst")


@dataclass(frozen=True, kw_only=True, slots=True)
class Audit(ConversationFlags):
    """Judge a plan, or every call of recorded conversations.

    gatling audit plan.json --policy policy.yaml --role clerk --request "Pay the May invoice."

    Exit status: 0 allow, 3 deny, 4 escalate (somebody should look), 2 bad input, 1 the guard could not do its work.

    gatling audit --conversations runs.jsonl --output verdicts.jsonl

    A record has messages and governance_context, all else in it is ignored. Each call is judged before it ran, with what had
    been read by then. A line of OUTPUT is {"id", "verdict", "energy", "calls": [{"call_id", "tool_name", "verdict", "energy",
    "reasons"}]}, in the order of the file. A record that cannot be read is reported, and its line is a denial with "fault".
    Exit status: 0 all were judged, whatever the verdicts; 2 some could not be read; 1 the guard could not do its work.
    """

    output: MaybePath = None
    """With --conversations: the file to write (.jsonl, .jsonl.gz, .jsonl.zst)."""
    workers: MaybeCount = None
    """With --conversations: processes. Default: one a core."""
    engine: Literal["local", "ray"] = "local"
    """With --conversations: ray judges on a Ray cluster (extra: ray): that of RAY_ADDRESS, else one started here; all machines
    must see MODEL."""

    def run(self) -> int:
        """Judge, print or write, return the exit status."""
        if self.conversations is not None:
            return self._conversations(self.conversations)
        if self.output is not None or self.workers is not None or self.engine != "local":
            raise ConfigError("--output, --workers and --engine are for --conversations")
        guard, context, plan = self.prepare()
        from gatling.cli.decision import exit_status, print_decision

        decision = guard.audit(context, plan)
        print_decision(plan, decision, as_json=self.json)
        return exit_status(decision)

    def _conversations(self, path: Path) -> int:
        """Write a line for each conversation; return the exit status."""
        from gatling.cores import num_cores, one_thread_a_process

        one_thread_a_process()  # before numpy is loaded
        from gatling.cli.console import note
        from gatling.cli.decision import EXIT_FAULT, EXIT_INPUT
        from gatling.cli.flags import check_counts
        from gatling.cli.model import announce_model
        from gatling.cli.progress import Progress
        from gatling.cli.unread_count import UnreadCount
        from gatling.guard.conversations import judge_conversations
        from gatling.schema.files import write_records

        if self.json:
            raise ConfigError("--json is for a PLAN: --conversations writes JSON Lines to --output")
        if self.output is None:
            raise ConfigError("--conversations needs --output, the file to write")
        if not self.output.name.endswith(_OUTPUTS):
            raise InputError(f"the name must end in one of {', '.join(_OUTPUTS)}", file=str(self.output))
        if self.workers is not None:
            check_counts(workers=self.workers)
        records, sources = self.records()
        unread = UnreadCount()
        records = unread.counted(records)
        announce_model(self.model)
        workers = self.workers if self.workers is not None else num_cores()
        judged = judge_conversations(records, model=self.model, sources=sources, workers=workers, engine=self.engine)
        counts: Counter[str] = Counter()
        num_broken = num_faults = 0

        def lines() -> Iterator[dict[str, Any]]:
            nonlocal num_broken, num_faults
            with Progress("judging", unit="conversations") as progress:
                for conversation in judged:
                    if conversation.fault is not None:
                        num_broken += 1
                        print(f"error: {conversation.fault}", file=sys.stderr)
                    num_faults += any(call.is_fault for call in conversation.calls)
                    counts[conversation.verdict] += 1
                    progress.advance(1)
                    yield conversation.to_dict()

        num_lines = write_records(self.output, lines())
        shown = ", ".join(f"{counts[verdict]} {verdict}" for verdict in ("allow", "escalate", "deny"))
        note(f"{self.output}: {num_lines} conversations: {shown}")
        unread.say()
        if num_broken:
            note(f"{num_broken} of them cannot be read, and are denied")
            return EXIT_INPUT
        if num_faults:
            note(f"the guard could not judge a call in {num_faults} of them, and denies it")
            return EXIT_FAULT
        return 0
