"""What somebody may have meant by a key or a value that is not of the format: `did you mean ...`."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from gatling.policy.dialects.table import DIALECTS
from gatling.policy.globs import squashed_name
from gatling.policy.reading.vocabulary import LIMIT_WORDS, stated_effect, words_of
from gatling.policy.tree import Effect

MAX_CHARS = 64
_NEAR = 0.75

_DENY = "forbidden_operations"
_ALLOW = "allowed_operations"
# By squashed key. Where the meaning is no key, what to do is said.
_MEANT = {
    _DENY: """disabled_tools disabled_operations excluded_tools excluded_operations no_access
        banned_tools banned deny denied denies denylist blacklist blocklist blocked forbidden prohibited
        prohibited_operations restricted_operations never never_call do_not_use not_allowed disallowed disallowed_tools exclude
        excludes disallow block forbid""",
    _ALLOW: """allow allowed allows allowlist whitelist enabled_tools permitted permitted_tools permitted_operations can may
        permissions grants granted_operations available_tools authorized_tools include includes permit""",
    "scope_limits": "limit quotas quota caps bounds thresholds constraints max maximum ceilings budget budgets",
    "explicit_request_required": "requires_request needs_request ask_first confirmation approval human_in_the_loop approvals",
    "requires_before": "prerequisites prerequisite must_come_before order before requires_after preconditions",
    "allowed_domains": "domains domain_allowlist whitelisted_domains allowed_sites egress",
    "denied_commands": "banned_commands command_denylist command_blocklist dangerous_commands never_run",
    "allowed_commands": "command_allowlist commands permitted_commands",
    "denied_paths": "path_denylist path_blocklist protected_paths off_limits_paths",
    "allowed_paths": "paths path_allowlist directories allowed_directories allowed_folders",
    "denied_tables": "protected_tables table_denylist",
    "allowed_tables": "table_allowlist",
    "blocked_domains": "domain_blocklist denied_sites",
    "allowed_recipients": "recipients allowed_contacts allowed_payees payees",
    "provenance_requirements": "provenance trust sources trusted_sources",
    "max_sensitivity": "sensitivity max_data_sensitivity",
    "default": "default_effect default_action default_policy fallback otherwise",
    "roles": "allowed_users allowed_groups allowed_roles users groups principals subjects role rbac user_roles role_permissions",
    "inherits": "inherit parent parents includes_role",
    "tools": "functions catalogue catalog",
    "rules": "guidelines instructions rule statements policies",
    "notes": "remarks note remark annotations risks",
    "when": "only_when provided given filter",
    "require": "requirements must_have ensure",
    "max": "max_value at_most_value upper highest",
    "min": "min_value lower lowest",
    "what is switched off is left out, or stands under `forbidden_operations`": """enabled active status state disabled suspended
        revoked""",
    "time is not read; remove what does not hold now": """expires expiry expires_at valid_until
        valid_from effective effective_date effective_from until from""",
    "hours and days belong to what states the time: {start: {hours: 08:00-17:30, days: mon-fri}}": """schedule business_hours
        office_hours opening_hours hours days weekdays time""",
    "what a person must ask for stands under `explicit_request_required`": """requires_approval require_approval needs_approval
        approval_required requires_confirmation confirm""",
    "where a policy holds is not read; keep one policy for each": "environment env stage region tenant",
}
_SYNONYMS = {squashed_name(key): meant for meant, keys in _MEANT.items() for key in keys.split()}


def did_you_mean(key: str, known: Iterable[str]) -> str:
    """Return what an unknown key may have been meant for, as the end of a sentence that names it; empty if nobody knows."""
    if len(key) > MAX_CHARS:
        return ""
    return _meant(key, tuple(known))


@lru_cache(maxsize=4_096)
def _meant(key: str, candidates: tuple[str, ...]) -> str:
    by_form = {squashed_name(name): name for name in candidates}
    flat = squashed_name(key)
    if flat in by_form:
        return f"; did you mean {by_form[flat]}?"
    near = difflib.get_close_matches(flat, by_form, n=1, cutoff=0.88)
    if near:
        return f"; did you mean {by_form[near[0]]}?"
    meant = _SYNONYMS.get(flat)
    if meant is not None and (" " in meant or meant in candidates):
        return f"; {meant}" if " " in meant else f"; did you mean {meant}?"
    near = difflib.get_close_matches(flat, by_form, n=1, cutoff=_NEAR)
    if near:
        return f"; did you mean {by_form[near[0]]}?"
    by_words = _by_words(key)
    return f"; did you mean {by_words}?" if by_words in candidates else ""


def _by_words(key: str) -> str:
    effect = stated_effect(key)
    if effect is Effect.DENY:
        return _DENY
    if effect is Effect.ALLOW:
        return _ALLOW
    return "scope_limits" if words_of(key) & (LIMIT_WORDS | {"max", "maximum"}) else ""


def format_of(key: str, value: Any) -> str:
    """Return the format that a member is written in, as far as its form tells; empty if in none that is read."""
    words = words_of(key)
    rows = (row for row in DIALECTS.values() if row.format and row.is_member(words, value))
    return next((row.format for row in rows), "")
