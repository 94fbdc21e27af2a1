"""Whether what a call returned is certainly an error, and nothing else: then the same call once more is the same call.

    "Error: timeout, try again"     {"error": "not found"}     {"status": 503, "message": "unavailable"}

What stands in a page or a file says nothing of the call that fetched it, as somebody wrote it: such a result is never an error.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from gatling.errors import InputError
from gatling.schema.arguments import leaf_text, leaves, number_of
from gatling.schema.budget import checked
from gatling.schema.plain import decode_json
from gatling.schema.words import split_words
from gatling.tools.authorship import authorship

MAX_ERROR_CHARS = 600
"""A longer text may say more than that there was an error."""
_ERROR = re.compile(
    r"\s*(?:\w*(?:error|exception)\b\s*[:(\[-]|(?:http(?:/[\d.]+)?\s*|status(?:\s+code)?:?\s*)[45]\d\d\b|[45]\d\d\s*:?\s*(?:bad|un|forbidden|not|request|conflict|gone|too|internal|service|gateway)|"
    r"(?:(?:request|connection|operation|call|read|gateway)\s+)?(?:timeout|timed out)\b|traceback \(most recent)",
    re.IGNORECASE,
)
_SAYS_SO = frozenset("error errors iserror is_error exception".split())
_BESIDE = _SAYS_SO | frozenset(
    "message msg detail details reason code status status_code statuscode success ok type title hint retry_after request_id result "
    "traceback".split()
)


def is_failure(tool_name: str, parts: Sequence[Any]) -> bool:
    """Tell whether the result of a call is certainly an error."""
    if authorship(tool_name) == "text" or len(parts) != 1:
        return False
    part = parts[0]
    if isinstance(part, str):
        if len(part) > MAX_ERROR_CHARS:
            return False
        if part.lstrip()[:1] != "{":
            return _ERROR.match(part) is not None
        try:
            part = decode_json(part)
        except InputError:
            return False
    return isinstance(part, dict) and _is_error(part)


def _is_error(data: dict[str, Any]) -> bool:
    known = {key.lower(): value for key, value in data.items()}
    if not known.keys() <= _BESIDE or sum(len(leaf_text(v)) for _, v in checked(leaves(data))) > MAX_ERROR_CHARS:
        return False
    if known.get("success") is True or known.get("ok") is True or known.get("result") not in (None, ""):
        return False
    status = next((number_of(known[k]) for k in ("status_code", "statuscode", "status", "code") if k in known), None)
    return (status is not None and 400 <= status < 600) or any(known.get(key) for key in _SAYS_SO)


def names_argument(parts: Sequence[Any], key: str) -> bool:
    """Tell whether an error names an argument of the call: "invalid date: use 2026-05-01"."""
    said = {
        word for part in parts for _, value in leaves(part) for word in split_words(leaf_text(value)[:MAX_ERROR_CHARS])
    }
    words = split_words(key)
    return bool(words) and said.issuperset(words)
