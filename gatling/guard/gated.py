"""Functions that ask a session before they run."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, get_args

from gatling.errors import ConfigError, GatlingError, InputError
from gatling.guard.decision import Decision
from gatling.provenance.sources import Output, ToolOutput

if TYPE_CHECKING:
    from gatling.guard.session import Session

OnRefusal = Literal["raise", "text"]


class CallRefused(GatlingError, PermissionError):
    """A call that may not run. Its message is what the agent is told."""

    def __init__(self, decision: Decision) -> None:
        super().__init__(decision.text_for_agent)
        self.decision = decision


def gated(
    session: Session,
    function: Callable[..., Any],
    *,
    name: str | None,
    source: Output | ToolOutput | None,
    refused: OnRefusal,
) -> Callable[..., Any]:
    """Return a function that asks a session before every call, and tells it what came of it. See `Session.tool`."""
    if refused not in get_args(OnRefusal):
        raise ConfigError(f"refused is {refused!r}, it must be one of {', '.join(get_args(OnRefusal))}")
    if not callable(function):
        raise ConfigError(f"a {type(function).__name__}, wanted a function")
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise ConfigError(
            f"{function.__name__} yields its output piece by piece: gather it, as it is traced as a whole"
        )
    tool_name = name if name is not None else function.__name__
    signature = inspect.signature(function)

    def bound(args: tuple[Any, ...], kwargs: dict[str, Any]) -> inspect.BoundArguments:
        given = signature.bind(*args, **kwargs)  # raises TypeError as the function itself would
        given.apply_defaults()
        return given

    def of_repaired(decision: Decision, given: inspect.BoundArguments) -> inspect.BoundArguments:
        """Return what the call runs with: a person may have chosen the repaired arguments."""
        return given if decision.arguments is None else bound((), decision.arguments)

    def failed(decision: Decision, error: Exception) -> None:
        session.feed_result(decision.call_id, f"{type(error).__name__}: {error}", source=source)

    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def awaited(*args: Any, **kwargs: Any) -> Any:
            given = bound(args, kwargs)
            decision = await session.ajudge(tool_name, _arguments(signature, given))
            if not decision.is_allowed:
                return _refuse(decision, refused)
            given = of_repaired(decision, given)
            try:
                output = await function(*given.args, **given.kwargs)
            except Exception as error:
                failed(decision, error)
                raise
            session.feed_result(decision.call_id, output, source=source)
            return output

        return awaited

    @functools.wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        given = bound(args, kwargs)
        decision = session.judge(tool_name, _arguments(signature, given))
        if not decision.is_allowed:
            return _refuse(decision, refused)
        given = of_repaired(decision, given)
        try:
            output = function(*given.args, **given.kwargs)
        except Exception as error:
            failed(decision, error)
            raise
        if inspect.isawaitable(output):
            raise ConfigError(f"{tool_name} returned what must be awaited: write it with async def")
        session.feed_result(decision.call_id, output, source=source)
        return output

    return called


def _arguments(signature: inspect.Signature, given: inspect.BoundArguments) -> dict[str, Any]:
    """Return the arguments by name; those of `**kwargs` under their own names. Raises: InputError for two of one name."""
    arguments = dict(given.arguments)
    more = next((p.name for p in signature.parameters.values() if p.kind is p.VAR_KEYWORD), None)
    named = arguments.pop(more, {}) if more is not None else {}
    if both := sorted(named.keys() & arguments.keys()):
        raise InputError(f"two arguments have the name {both[0]!r}")
    return {**arguments, **named}


def _refuse(decision: Decision, refused: OnRefusal) -> str:
    if refused == "raise":
        raise CallRefused(decision)
    return decision.text_for_agent
