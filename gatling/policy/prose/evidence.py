"""What the session says of facts and records, for the oracle. Linear in the session, once for a plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice
from typing import Any

from gatling.errors import InputError
from gatling.policy.calls import Call
from gatling.policy.clauses import Operator
from gatling.policy.compare import CheckResult, compare
from gatling.policy.globs import squashed_name
from gatling.schema.arguments import walk
from gatling.schema.lazy import cached_property
from gatling.schema.plain import decode_json
from gatling.schema.trace import REQUEST_KEYS
from gatling.schema.words import split_words, stem

MAX_FIELDS = 20_000
"""Of a session; what stands further back is not found, so that what asks for it stays open."""
_PREFIX = 5
"""Letters that a fact and a field share to be one: `vaccinated` and `vaccine`."""


class SessionFacts:
    """The fields of a session, by name, and the records in it, by what they name."""

    def __init__(self, session: Mapping[str, Any]) -> None:
        self._session = {key: value for key, value in session.items() if key not in REQUEST_KEYS}
        self.request = next((v for k in REQUEST_KEYS if isinstance(v := session.get(k), str)), "")

    @cached_property
    def request_stems(self) -> frozenset[str]:
        return frozenset(map(stem, split_words(self.request.lower())))

    @cached_property
    def _fields(self) -> dict[str, list[Any]]:
        """Scalars by the last name of their path."""
        found: dict[str, list[Any]] = {}
        for path, value in self._walk():
            if path and isinstance(path[-1], str) and not isinstance(value, (dict, list)):
                found.setdefault(squashed_name(path[-1]), []).append(value)
        return found

    @cached_property
    def _records(self) -> dict[tuple[str, str], list[dict[str, Any]]]:
        """Objects by each name and value of theirs."""
        found: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for _, value in self._walk():
            for key, field in value.items() if isinstance(value, dict) else ():
                if isinstance(field, (str, int)) and not isinstance(field, bool):
                    found.setdefault((squashed_name(key), str(field).strip().lower()), []).append(value)
        return found

    def _walk(self) -> Iterator[tuple[tuple[str | int, ...], Any]]:
        return islice(walk(_decoded(self._session), ()), MAX_FIELDS)

    def fact(self, name: str, operator: Operator, wanted: Any) -> CheckResult:
        """Compare a fact: the fields of that name, wherever they stand; else the one switch whose name is much like it."""
        values = self._fields.get(squashed_name(name)) or self._alike(name, wanted)
        outcomes = [compare(value, operator, wanted, None) for value in values]
        if not outcomes or any(o.holds is not outcomes[0].holds for o in outcomes):
            reason = (
                f"session_context says nothing of {name}"
                if not outcomes
                else f"{name} stands in the session more than once"
            )
            return CheckResult(None, found=reason)
        first = outcomes[0]
        return CheckResult(first.holds, found=f"{name} {values[0]}" if first.holds is False else first.found)

    def _alike(self, name: str, wanted: Any) -> list[Any]:
        if not isinstance(wanted, bool):
            return []
        heads = {word[:_PREFIX] for word in split_words(name) if len(word) >= _PREFIX}
        found = [
            values
            for field, values in self._fields.items()
            if all(isinstance(v, bool) for v in values) and any(head in field for head in heads)
        ]
        return found[0] if len(found) == 1 else []

    def record(self, call: Call, field: str, operator: Operator, wanted: Any) -> CheckResult:
        """Compare a field of the records that a call names."""
        name = squashed_name(field)
        found: list[Any] = []
        for path, value in call.leaves:
            if isinstance(value, (str, int)) and not isinstance(value, bool):
                key = squashed_name(path.rpartition(".")[2])
                for record in self._records.get((key, str(value).strip().lower()), ()):
                    found += [v for k, v in record.items() if squashed_name(k) == name and k != path]
        for value in found:
            outcome = compare(_lower(value), operator, wanted, None)
            if outcome.holds is not True:
                return CheckResult(outcome.holds, found=f"{field} {value}")
        return CheckResult(True) if found else CheckResult(None, found=f"no record in the session says the {field}")


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _decoded(session: dict[str, Any]) -> dict[str, Any]:
    """Return the session with JSON texts at its top as data: records often come as one text."""
    found = {}
    for key, value in session.items():
        if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
            with suppress(InputError):
                value = decode_json(value)
        found[key] = value
    return found
