"""Values as the log keeps them: their kind, and a keyed digest by which equal values can be matched and none can be read.

    {"to": "ann@example.com", "amount": 50, "password": "hunter2"}
    -> {"to": {"kind": "email", "digest": "9a4f.."}, "amount": {"kind": "number", ..}, "password": {"kind": "secret", ..}}

A plain digest of a short value is no protection: who has the log tries all PINs. So the digests need the log's key.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from functools import lru_cache
from typing import Any

from gatling.guard.secrets import holds_secret, is_secret_name, mask_text
from gatling.schema.arguments import leaves
from gatling.schema.plain import canonical_json

MAX_VALUES = 256
"""Of one call that are kept; how many more there are is counted."""
MAX_NAME_CHARS = 200
_DIGEST_BYTES = 16

_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("email", r"[^\s@]{1,64}@[^\s@]{1,255}"),
        ("url", r"[A-Za-z][A-Za-z0-9+.-]{0,20}://\S{1,2000}"),
        ("date", r"\d{4}-\d{2}-\d{2}(?:[T ][\d:.+Z-]{1,30})?"),
        ("number", r"[+-]?\d{1,40}(?:[.,]\d{1,40}){0,10}"),
        ("account", r"[A-Z]{2}\d{2}[A-Z0-9 ]{8,36}"),
        ("phone", r"\+\d[\d ()/-]{5,24}"),
        ("path", r"(?:[A-Za-z]:)?[\w .~-]{0,100}(?:[/\\][\w .~-]{0,100}){1,40}"),
        ("word", r"[\w.-]{1,60}"),
    )
)


class Masks:
    """Masks by one key.

    Args:
        key: of the log; the digests of another key match nothing.
    """

    def __init__(self, key: bytes) -> None:
        self._key = hmac.new(key, b"gatling values", hashlib.sha256).digest()

    def digest(self, value: Any) -> str:
        """Return the keyed digest of JSON data."""
        return hashlib.blake2b(canonical_json(value).encode(), key=self._key, digest_size=_DIGEST_BYTES).hexdigest()

    def arguments(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return arguments masked, by their dotted paths."""
        masked: dict[str, Any] = {}
        num_more = 0
        for path, value in leaves(arguments):
            if len(masked) >= MAX_VALUES:
                num_more += 1
                continue
            masked[shown_name(".".join(map(str, path)))] = self._value(path, value)
        return {**masked, "...": {"kind": "more", "count": num_more}} if num_more else masked

    def _value(self, path: tuple[str | int, ...], value: Any) -> dict[str, str]:
        if value is None or isinstance(value, bool):
            return {"kind": "nothing" if value is None else "boolean"}
        name = next((key for key in reversed(path) if isinstance(key, str)), "")
        return {"kind": "secret" if _names_a_secret(name) else kind_of(value), "digest": self.digest(value)}


def kind_of(value: Any) -> str:
    """Return what kind of value a scalar is: `email`, `url`, `date`, `number`, `account`, `phone`, `path`, `word`, `text` or
    `secret`."""
    if not isinstance(value, str):
        return "number"
    kind = next((kind for kind, pattern in _KINDS if len(value) <= 2_048 and pattern.fullmatch(value)), "text")
    return "secret" if kind not in ("email", "date") and holds_secret(value) else kind


def shown_name(text: str) -> str:
    """Return a name that somebody else chose, short and without what looks like a secret."""
    return _masked_name(text[:MAX_NAME_CHARS])


@lru_cache(4_096)
def _masked_name(name: str) -> str:
    return mask_text(name)


@lru_cache(4_096)
def _names_a_secret(name: str) -> bool:
    return is_secret_name(name)
