"""What a log recorded, as traces to calibrate on: the honest traffic of a phase in which nothing was stopped.

A plan counts as compliant if all of its calls were let run and none was against the policy. What the critics alone doubted is
kept: in shadow mode it ran, and whether such calls are honest is what `gatling calibrate` has to learn. So the phase
must have been free of attacks, or the sessions that were not must be named.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from gatling.energy import Code
from gatling.errors import InputError
from gatling.guard.log.chain import LogKey
from gatling.guard.log.masks import Masks
from gatling.guard.log.questions import Kept, read_questions
from gatling.guard.log.verify import read_entries
from gatling.schema import Trace
from gatling.schema.plain import canonical_json

_NOT_COMPLIANT = frozenset(map(str, (Code.FORBIDDEN, Code.NOT_GRANTED, Code.REQUIREMENT)))
"""What a policy says for certain; in shadow mode such calls run."""


@dataclass(slots=True)
class Extract:
    """What came of reading a log; complete when the traces were made."""

    traces: list[Trace]
    """One of each session and context: its longest compliant plan, in the order of their first calls."""
    num_decisions: int = 0
    num_not_compliant: int = 0
    """Decisions on calls that were not let run, or were against the policy."""
    num_left_out: int = 0
    """Decisions of sessions that were to be left out."""
    num_not_kept: int = 0
    """Decisions whose question is not there any more, or never was."""


def traces_of(folder: str | Path, *, without: Collection[str] = (), key: LogKey | None = None) -> Extract:
    """Return the compliant plans of a log whose questions were kept (`AuditLog(keeps_questions=True)`).

    Args:
        without: sessions to leave out, with their children; those that were attacked.

    Raises:
        LogError: if the log is not what was written.
        InputError: if a question or its policy cannot be read, or a session of `without` is not in the log.
    """
    folder = Path(folder)
    key = key if key is not None else LogKey.read(folder / "key")
    found = Extract([])
    session_of: dict[str, str] = {}  # by question
    refused: set[tuple[str, str]] = set()  # calls: session and node
    seen: set[str] = set()
    for entry in read_entries(folder, key):
        if entry.get("event") != "decision":
            continue
        found.num_decisions += 1
        session = str(entry["session"])
        named = {name for name in without if session == name or session.startswith(f"{name}/")}
        seen |= named
        if named:
            found.num_left_out += 1
        elif not entry["may_run"] or any(reason["code"] in _NOT_COMPLIANT for reason in entry["reasons"]):
            found.num_not_compliant += 1
            refused.add((session, entry["node_id"]))
        elif entry["question"] is None:
            found.num_not_kept += 1
        else:
            session_of[entry["question"]] = session
    for name in without:
        if name not in seen:
            raise InputError(f"no decision is of the session {name!r}", file=str(folder))
    longest: dict[tuple[str, str], Kept] = {}
    for digest, kept in read_questions(folder, Masks(key.secret), set(session_of)):
        if digest not in session_of:
            continue  # the same question, kept twice
        session = session_of.pop(digest)
        if any((session, node.node_id) in refused for node in kept.plan.nodes):
            continue
        place = session, canonical_json(kept.context.model_dump(mode="json"))
        if place not in longest or len(kept.plan.nodes) > len(longest[place].plan.nodes):
            longest[place] = kept
    found.num_not_kept += len(session_of)
    found.traces = [
        Trace(
            governance_context=kept.context,
            execution_plan=kept.plan,
            label="compliant",
            id=f"{session}:{number}",
            source="audit log",
        )
        for number, ((session, _), kept) in enumerate(longest.items(), start=1)
    ]
    return found
