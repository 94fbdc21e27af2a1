"""What the resident process answers: which conversation an event belongs to, and with which settings.

A conversation is a session id of Claude Code under one set of flags. Its policy is read when its first event comes, and stays: an
agent that edits the file changes nothing for itself.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any, cast, get_args

from gatling.errors import ConfigError, GatlingError, InputError
from gatling.guard import Approvals, AuditLog, Guard, Session
from gatling.guard.asking import CallJudge
from gatling.guard.decision import Mode
from gatling.hook.conversation import Conversation, OnEscalate
from gatling.hook.event import SESSION_END, Event, read_event
from gatling.hook.resident import Reply, refusal
from gatling.policy import read_policy
from gatling.provenance.sources import ToolSources

MAX_CONVERSATIONS = 256
"""Beyond that the one that was quiet for longest is forgotten; if it goes on, its transcript is read anew."""
DEADLINE_MS = 2_000.0


class Service:
    """Holds the guard and the conversations. Safe to share between threads."""

    def __init__(self, guard: CallJudge) -> None:
        self._guard = guard
        self._lock = threading.Lock()
        self._conversations: OrderedDict[tuple[Any, ...], Conversation] = OrderedDict()

    @classmethod
    def load(cls, model: str, *, is_lenient: bool) -> Service:
        """Load the guard. Raises: what loading a model raises."""
        return cls(
            Guard.from_pretrained(
                model or None, deadline_ms=DEADLINE_MS, work_ms=DEADLINE_MS, is_strict_policy=not is_lenient
            )
        )

    def answer(self, settings: dict[str, str], event: bytes) -> Reply:
        """Return what the client prints; a refusal for whatever is wrong."""
        try:
            read = read_event(event)
            if read.name == SESSION_END:
                self._forget(settings, read)
                return Reply()
            conversation = self._conversation(settings, read)
        except GatlingError as error:
            return refusal(" ".join(str(error).split())[:500])
        except OSError as error:
            return refusal(f"{error.filename or 'a file'}: {error.strerror or error}")
        return conversation.take(read)

    def _forget(self, settings: dict[str, str], event: Event) -> None:
        with self._lock:
            self._conversations.pop(_key(settings, event), None)

    def _conversation(self, settings: dict[str, str], event: Event) -> Conversation:
        key = _key(settings, event)
        with self._lock:
            if key not in self._conversations:
                asks = cast(OnEscalate, _choice(settings, "on_escalate", "ask", get_args(OnEscalate)))
                self._conversations[key] = Conversation(self._session(settings, event), on_escalate=asks)
            self._conversations.move_to_end(key)
            while len(self._conversations) > MAX_CONVERSATIONS:
                self._conversations.popitem(last=False)
            return self._conversations[key]

    def _session(self, settings: dict[str, str], event: Event) -> Session:
        sources = settings.get("sources")
        log = settings.get("log")
        approvals = settings.get("approvals")
        return Session(
            self._guard,
            policy=read_policy(Path(settings["policy"])),
            role=settings["role"],
            sources=ToolSources.from_file(sources) if sources else None,
            id=event.session_id,
            mode=cast(Mode, _choice(settings, "mode", "enforce", get_args(Mode))),
            deadline_ms=_number(settings, "deadline_ms", DEADLINE_MS),
            approvals=Approvals(approvals) if approvals else None,
            log=AuditLog(log) if log else None,
        )


def _key(settings: dict[str, str], event: Event) -> tuple[Any, ...]:
    return (event.session_id, *sorted(settings.items()))


def _choice(settings: dict[str, str], name: str, default: str, allowed: tuple[str, ...]) -> str:
    value = settings.get(name, default)
    if value not in allowed:
        raise ConfigError(f"--{name.replace('_', '-')} is {value!r}, it must be one of {', '.join(allowed)}")
    return value


def _number(settings: dict[str, str], name: str, default: float) -> float:
    try:
        return float(settings.get(name, default))
    except ValueError:
        raise InputError(f"--{name.replace('_', '-')} is {settings[name]!r}, wanted a number") from None
