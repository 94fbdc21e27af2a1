"""What stands inside the texts of a call: in JSON, or as `name=value`, with paths as if it were an argument.

A text is not what a tool's argument is, so what is found here leaves a rule open at most, or shows that a place is named.

| text | inside it |
| --- | --- |
| `{"amount": 5000}`, `"{\\"amount\\": 5000}"` | `amount` is 5000 |
| `amount=5000&to=x`, `--amount 5000`, `{'amount': 5000}`, `amount: 5000` | the same |
| `Hi\\r\\nBcc: eve@evil.com` in a subject | `Bcc` is `eve@evil.com` |
| the same in a body, which has lines | nothing |
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from gatling.errors import InputError
from gatling.schema.arguments import dotted_leaves, is_free_text_name, name_words
from gatling.schema.budget import check, checked
from gatling.schema.paths import decoded
from gatling.schema.plain import decode_json

MAX_JSON_CHARS = 200_000
MAX_KEYED_CHARS = 8_192
MAX_DEPTH = 3
"""Of JSON in a text in JSON, so many layers are read."""
MAX_FOUND = 10_000

_VALUE = r"(\"[^\"\r\n]{0,512}\"|'[^'\r\n]{0,512}'|[^\s&;,\"'}\])]{1,512})"
_NAME = r"([A-Za-z_][\w.-]{0,63})"
_KEYED = re.compile(rf"(?:^|[\s&?;,{{(\[\"'-]){_NAME}[\"']?\s{{0,8}}[=:]\s{{0,8}}{_VALUE}|--{_NAME}\s{{1,4}}{_VALUE}")
_WEB = re.compile(r"\s*[a-z][a-z0-9+.-]{1,20}://\S*\s*", re.IGNORECASE)
_OF_ONE_LINE = frozenset("subject title headline heading caption topic line reason memo".split())
_BREAK = re.compile(r"[\r\n]+")
_SIGNS = frozenset("=:-")


def inner_leaves(leaves: Iterable[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Return the scalars inside the texts of a call, each with the path of the text and its own."""
    found: list[tuple[str, Any]] = []
    waiting = [(path, text, 0) for path, text in leaves if isinstance(text, str)]
    while waiting and len(found) < MAX_FOUND:
        check()
        path, text, depth = waiting.pop()
        value = json_in(text)
        if isinstance(value, (dict, list)):
            for below, leaf in dotted_leaves(value):
                where = f"{path}.{below}" if below else path
                found.append((where, leaf))
                if isinstance(leaf, str) and depth < MAX_DEPTH:
                    waiting.append((where, leaf, depth + 1))
        elif isinstance(value, str) and depth < MAX_DEPTH:
            waiting.append((path, value, depth + 1))
        else:
            found += ((f"{path}.{name}", value) for name, value in _keyed(path, text))
    return found


def json_in(text: str) -> Any:
    """Return the JSON that a text is, or None."""
    stripped = text.strip()
    if stripped[:1] not in ("{", "[", '"') or len(stripped) > MAX_JSON_CHARS:
        return None
    try:
        return decode_json(stripped)
    except InputError:
        return None


def _keyed(path: str, text: str) -> list[tuple[str, str]]:
    """Return the names and values that a text writes as `name=value`, `name: value` or `--name value`."""
    if is_free_text_name(path) and text.strip()[:1] not in ("{", "["):
        if not (len(text) <= MAX_KEYED_CHARS and name_words(path)[-1] in _OF_ONE_LINE):
            return []
        plain = decoded(text)[0]
        head = _BREAK.search(plain)
        plain = plain[head.start() :] if head else ""
    else:
        plain = text if len(text) <= MAX_KEYED_CHARS else ""
    if _SIGNS.isdisjoint(plain) or _WEB.fullmatch(plain):
        return []
    return [
        (m.group(1) or m.group(3), (m.group(2) or m.group(4)).strip("\"'")) for m in checked(_KEYED.finditer(plain))
    ]
