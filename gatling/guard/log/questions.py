"""What the guard was asked, kept whole beside the log for those who want to ask again: values included, for this user only.

    audit/questions.jsonl      {"digest": .., "policy": .., "context": .., "plan": .., "node_id": ..}   one a line
    audit/policies/DIGEST.json

The log holds the keyed digest of each line, so that a changed line is found when it is asked again.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gatling.errors import InputError
from gatling.guard.log.masks import Masks
from gatling.schema import ExecutionPlan, GovernanceContext, PlanNode, parse_context, parse_plan
from gatling.schema.machine import replace_file
from gatling.schema.plain import canonical_json

NAME = "questions.jsonl"
POLICIES = "policies"


@dataclass(frozen=True, slots=True)
class Kept:
    """A question that was kept."""

    context: GovernanceContext
    """With the policy of that time."""
    plan: ExecutionPlan
    node: PlanNode
    """The call in question, which stands in the plan."""


class Questions:
    """Keeps questions. Each is one write at the end of the file, so several processes may share it."""

    def __init__(self, folder: Path, masks: Masks) -> None:
        self._folder = folder
        self._masks = masks
        self._lock = threading.Lock()
        self._policies: set[str] = set()

    def keep(self, question: tuple[GovernanceContext, ExecutionPlan], node: PlanNode) -> str:
        """Write a question down; return its keyed digest. Raises: OSError."""
        context, plan = question
        policy = canonical_json(context.policy)
        name = hashlib.sha256(policy.encode()).hexdigest()
        with self._lock:
            if name not in self._policies:
                self._keep_policy(name, policy)
            data = {
                "policy": name,
                "context": context.model_dump(mode="json", exclude_unset=True, exclude={"policy"}),
                "plan": plan.model_dump(mode="json", exclude_unset=True),
                "node_id": node.node_id,
            }
            digest = self._masks.digest(data)
            line = canonical_json({**data, "digest": digest}).encode() + b"\n"
            descriptor = os.open(self._folder / NAME, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(descriptor, "ab", buffering=0) as stream:
                if stream.write(line) != len(line):
                    raise OSError(f"{self._folder / NAME}: the disk took a part of a question")
        return digest

    def _keep_policy(self, name: str, text: str) -> None:
        folder = self._folder / POLICIES
        folder.mkdir(exist_ok=True)
        part = folder / f"{name}.{os.getpid()}.part"
        part.write_text(text, encoding="utf-8")
        replace_file(part, folder / f"{name}.json")
        self._policies.add(name)


def read_questions(folder: Path, masks: Masks, wanted: set[str]) -> Iterator[tuple[str, Kept]]:
    """Yield the wanted questions with their digests, those that are what was asked; in the order of the file.

    Raises:
        InputError: if the policy of one is gone or is another, or a question cannot be read; with file and line.
    """
    path = folder / NAME
    if not path.is_file():
        return
    policies: dict[str, Any] = {}
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            try:
                data = json.loads(line)
                digest = data.pop("digest")
                if digest not in wanted or masks.digest(data) != digest:
                    continue  # half a line of a process that was killed, or one that was changed
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                continue
            name = str(data["policy"])
            if name not in policies:
                policies[name] = _policy(folder, name)
            try:
                plan = parse_plan(data["plan"])
                context = parse_context({**data["context"], "policy": policies[name]})
                node = next(n for n in plan.nodes if n.node_id == data["node_id"])
            except (InputError, StopIteration) as error:
                raise InputError(str(error) or "the call is not in its plan", file=str(path), line=number) from None
            yield digest, Kept(context, plan, node)


def _policy(folder: Path, name: str) -> Any:
    path = folder / POLICIES / f"{name}.json"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"the policy of that time cannot be read: {error.strerror or error}", file=str(path)) from None
    if hashlib.sha256(text.encode()).hexdigest() != name:
        raise InputError("this is not the policy of that time", file=str(path))
    return json.loads(text)
