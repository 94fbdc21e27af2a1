"""The request in a context, and clauses that want a call to be asked for."""

from __future__ import annotations

import re

from gatling.policy.clauses import Condition, Operator
from gatling.request.handed import read_request
from gatling.request.request import Request
from gatling.schema import GovernanceContext
from gatling.schema.trace import REQUEST_KEYS

# A word for the request, not as a part of a tool's name: "the request asks", "the user asked", "was not asked for".
_ASKING = re.compile(
    r"(?<![\w.-])(?:(?:user_)?request(?![\w-]|\.\w)|session_context\.user_request\b|users? (?:asks?|asked|requests|requested)\b"
    r"|(?:not|explicitly|was|were|is|are) (?:asked for|requested)\b)",
    re.IGNORECASE,
)
# A word that makes it a condition: "only if the request ..", "do what the request asks", "needs a request that ..".
_BINDING = re.compile(r"\b(?:only|alone|nothing|needs?|must|without|not|no|what)\b", re.IGNORECASE)
# Sentences about what texts may not do, about rates or about refusals speak of the request too; they do not say that a call
# needs one.
_NOT_ASKING = re.compile(
    r"\b(?:unless|texts?|content|directions|orders|data|per (?:user )?request|deny|denied|refuse|cannot|handled?|count)\b",
    re.IGNORECASE,
)


def request_as_written(context: GovernanceContext) -> str:
    """Return what was asked, with whatever was pasted into it; empty if the session does not say."""
    session = context.session_context
    return str(next((session[k] for k in REQUEST_KEYS if isinstance(session.get(k), str)), ""))


def request_in(context: GovernanceContext) -> Request:
    """Return what the user asked for himself, and what he hands over with what he pasted."""
    return read_request(request_as_written(context))


def request_of(context: GovernanceContext) -> str:
    """Return what was asked, in lower case; empty if the session does not say."""
    return request_as_written(context).lower()


def asks(check: Condition) -> bool:
    """Tell whether a check, or the sentence of a rule, wants a call to be asked for."""
    if check.subject == "request":
        return True
    text = str(check.value)
    is_prose = check.operator is Operator.UNKNOWN
    return is_prose and bool(_ASKING.search(text)) and bool(_BINDING.search(text)) and not _NOT_ASKING.search(text)
