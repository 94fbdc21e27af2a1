"""CrewAI: hooks that ask a session before every call of a tool, while the block is open.

    with CrewAIHook(session):
        crew.kickoff()

- CrewAI runs a tool whose hook raises, and shows the model no reason: this hook never raises, and puts the reason in the place of
  CrewAI's own text.
- A hook sees no messages: the request is what the crew's tasks describe. Tasks that agents make for each other are no requests.
- A person is asked by the session's `on_escalate`.
- Register other hooks before: one that comes later may change arguments after they were judged. Crews outside the block are not
  gated; the hooks of CrewAI are those of the whole process.
"""

from __future__ import annotations

import secrets
import threading
from functools import partial
from typing import Any

from crewai.hooks import (
    register_after_tool_call_hook,
    register_before_tool_call_hook,
    unregister_after_tool_call_hook,
    unregister_before_tool_call_hook,
)

from gatling.guard import Decision
from gatling.integrations.call import Call, Heard, faulty
from gatling.integrations.gate import Gates, SessionSource
from gatling.provenance.events import Event, Foreign, Said


class CrewAIHook:
    """Asks a session before every call of a tool.

    Args:
        session: of the one crew that runs; or a function that makes one for each, by the crew's id.
    """

    def __init__(self, session: SessionSource) -> None:
        self._gates = Gates(session)
        self._open: dict[int, tuple[Any, str, Decision]] = {}
        """By the identity of a call's arguments, which both hooks get: they, the call's id, and the decision."""
        self._lock = threading.Lock()

    def __enter__(self) -> CrewAIHook:
        register_before_tool_call_hook(self.before)
        register_after_tool_call_hook(self.after)
        return self

    def __exit__(self, *error: object) -> None:
        unregister_before_tool_call_hook(self.before)
        unregister_after_tool_call_hook(self.after)

    def before(self, context: Any) -> bool | None:
        """Return None if the call may run, else False; in whatever state the context is, this does not raise."""
        call = Call("", {}, secrets.token_hex(8))
        try:
            call = Call(context.tool_name, dict(context.tool_input), call.call_id)
            decision = self._gates.of(_crew(context)).judge(call, lambda: _history(context))
            if decision.is_allowed and decision.arguments is not None:
                context.tool_input.clear()
                context.tool_input.update(decision.arguments)
        except Exception as error:
            decision = faulty(call, error)
        try:
            with self._lock:
                self._open[id(context.tool_input)] = (context.tool_input, call.call_id or "", decision)
        except Exception:
            return False
        return None if decision.is_allowed else False

    def after(self, context: Any) -> str | None:
        """Return what the model reads in place of a result, or None."""
        try:
            with self._lock:
                _, call_id, decision = self._open.pop(id(context.tool_input), (None, "", None))
            gate = self._gates.of(_crew(context))
            if decision is None:  # another hook has answered before it was judged
                gate.session.feed_foreign(context.tool_result)
                return None
            if not decision.is_allowed:
                return decision.text_for_agent
            read = gate.took(call_id, context.tool_result)
            return None if read is context.tool_result else read
        except Exception as error:
            return f"The result is withheld. {faulty(Call('', {}), error).text_for_agent}"


def _crew(context: Any) -> str:
    return str(getattr(context.crew, "id", "") or "")


def _said(text: Any) -> list[Event]:
    return [Said(text, is_user=True)]


def _history(context: Any) -> list[Heard]:
    """Return what the tasks say: those of the crew are the user's, others an agent made."""
    own = list(getattr(context.crew, "tasks", None) or [])
    heard = [Heard(f"task {task.id}", partial(_said, task.description)) for task in own]
    task = context.task
    if task is not None and all(task is not one for one in own):
        is_alone = context.crew is None
        event = Said(task.description, is_user=True) if is_alone else Foreign(task.description)
        heard.append(Heard(f"task {task.id}", lambda: [event]))
    return heard
