"""Cedar policies, decided by Cedar's own engine (extra `cedar`).

A call asks: may `User::"<user_id>"`, a member of `Role::"<role>"`, do `Action::"<tool>"` on `Tool::"<tool>"`, with the context
`{arguments, provenance_tier, scope_volume, scope_sensitivity}`? Numbers with a fraction are passed as Cedar decimals cannot
hold them: as text. Null values are left out. Without the extra, or if the engine cannot read the policies, nothing is decided.
"""

from __future__ import annotations

import importlib.util
import json
import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from gatling.policy.calls import Call
from gatling.policy.reading.reader import Dialect, Reader, RulePosition
from gatling.policy.reading.vocabulary import words_of
from gatling.policy.source import DataPath, show_path

NOT_INSTALLED = "Cedar policies need the extra 'cedar': pip install 'gatling-jepa[cedar]'"


_TOKEN = re.compile(r"token `([^`]+)`")
_KEY_WORDS = frozenset(("cedar", "policy", "policies", "text", "rules"))


def is_installed() -> bool:
    """Tell whether Cedar's engine is here."""
    return importlib.util.find_spec("cedarpy") is not None


@dataclass(frozen=True, slots=True)
class CedarAnswer:
    is_allowed: bool | None
    """None: the engine could not decide."""
    reason: str
    is_denied_explicitly: bool = False
    """Some `forbid` matched, rather than no `permit`."""


class CedarDialect(Dialect):
    """Texts under a key that says `cedar`; the oracle asks the engine about them."""

    name = "cedar"
    summary = "Cedar policies as text, decided by Cedar's own engine (extra: cedar)"
    format = "cedar"
    members = MappingProxyType(
        {
            "cedar": {
                "description": "the text of Cedar policies, or a list of such texts",
                "type": ["string", "array"],
                "items": {"type": "string", "description": "the text of Cedar policies"},
            }
        }
    )

    def is_member(self, words: frozenset[str], value: Any) -> bool:
        is_list = isinstance(value, list) and bool(value) and all(isinstance(text, str) for text in value)
        return "cedar" in words and (isinstance(value, str) or is_list)

    def read_member(self, reader: Reader, key: str, value: Any, place: RulePosition) -> None:
        if place.roles or not place.may_grant or not words_of(key) <= _KEY_WORDS:
            reader.skip(place.path, "Cedar policies below a role or an unknown key are not asked")
            return
        reader.cedar += [(place.path, text) for text in ([value] if isinstance(value, str) else value)]


def syntax_error(text: str) -> tuple[str, int] | None:
    """Return what Cedar's parser says of a text and the line that it speaks of; None if it reads the text, or is not here."""
    try:
        import cedarpy
    except ImportError:
        return None
    try:
        cedarpy.policies_to_json_str(text)
    except ValueError as error:
        token = _TOKEN.search(str(error))
        place = text.find(token.group(1)) if token else -1
        return str(error), text.count("\n", 0, max(place, 0)) + 1
    return None


class CedarPolicies:
    """The Cedar texts of one policy."""

    def __init__(self, texts: tuple[tuple[DataPath, str], ...], *, is_asked: bool = True) -> None:
        self._is_asked = is_asked
        self._text = "\n".join(text for _, text in texts)
        self._where = ", ".join(show_path(path) for path, _ in texts)

    def decide(self, call: Call, role: str, session: dict[str, Any]) -> CedarAnswer:
        if not self._is_asked:
            return CedarAnswer(None, f"{self._where}: the engine was not asked")
        try:
            import cedarpy
        except ImportError:
            return CedarAnswer(None, f"{self._where}: {NOT_INSTALLED}")
        tool = call.node.tool_name
        user = str(session.get("user_id", "user"))
        request = {
            "principal": _entity("User", user),
            "action": _entity("Action", tool),
            "resource": _entity("Tool", tool),
            "context": {
                "arguments": _cedar_value(call.node.arguments),
                "provenance_tier": call.node.provenance_tier,
                "scope_volume": min(call.node.scope_volume, 2**63 - 1),
                "scope_sensitivity": call.node.scope_sensitivity,
            },
        }
        entities: list[dict[Any, Any]] = [
            {"uid": {"__entity": {"type": "Role", "id": role}}, "attrs": {}, "parents": []},
            {
                "uid": {"__entity": {"type": "User", "id": user}},
                "attrs": {},
                "parents": [{"__entity": {"type": "Role", "id": role}}],
            },
        ]
        answer = cedarpy.is_authorized(request, self._text, entities)
        if answer.decision == cedarpy.Decision.NoDecision or answer.diagnostics.errors:
            # An erring policy is skipped by the engine; a skipped `forbid` must not pass for a permission.
            errors = "; ".join(map(str, answer.diagnostics.errors)) or "no decision"
            if answer.decision == cedarpy.Decision.Deny and answer.diagnostics.reasons:
                return CedarAnswer(False, _reason(answer), is_denied_explicitly=True)
            return CedarAnswer(None, f"{self._where}: {errors}")
        if answer.decision == cedarpy.Decision.Allow:
            return CedarAnswer(True, _reason(answer))
        return CedarAnswer(False, _reason(answer), is_denied_explicitly=bool(answer.diagnostics.reasons))


def _reason(answer: Any) -> str:
    return f"Cedar {', '.join(answer.diagnostics.reasons) or 'has no permit'}"


def _entity(kind: str, name: str) -> str:
    return f"{kind}::{json.dumps(name)}"


def _cedar_value(value: Any) -> Any:
    """JSON to what Cedar's records hold: no null, no fraction, integers of 64 bits."""
    if isinstance(value, dict):
        return {key: _cedar_value(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_cedar_value(item) for item in value if item is not None]
    if isinstance(value, float) or (isinstance(value, int) and not -(2**63) <= value < 2**63):
        return repr(value)
    return value
