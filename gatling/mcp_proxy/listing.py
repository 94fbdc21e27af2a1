"""Which tools a policy rules out for a role, whatever the arguments: what an agent need not be shown."""

from __future__ import annotations

from collections.abc import Callable

from gatling.policy import ClauseKind, PolicySource, recognise


def ruled_out(policy: PolicySource, role: str) -> Callable[[str], bool]:
    """Return whether a tool can run in no case. In doubt it can: the call itself is judged all the same."""
    rules = recognise(policy.data, strict=False)
    has_grants = any(clause.kind is ClauseKind.ALLOW for clause in rules.clauses)
    is_open = rules.is_allow_by_default or bool(rules.cedar) or bool(rules.unrecognised) or not has_grants

    def is_ruled_out(tool: str) -> bool:
        clauses = rules.clauses_for(tool, role)
        if any(clause.kind is ClauseKind.DENY and not clause.when for clause in clauses):
            return True
        return not is_open and all(clause.kind is not ClauseKind.ALLOW for clause in clauses)

    return is_ruled_out
