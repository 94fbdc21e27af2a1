"""What the keys of a mapping say: an effect, whose it is, which tools, a limit, places, or only what the policy is."""

from __future__ import annotations

from typing import Any

from gatling.policy.language.lexicon import is_tool_name
from gatling.policy.reading.vocabulary import (
    ABOUT,
    DESCRIPTIVE,
    EFFECT_WORDS,
    LIMIT_WORDS,
    LIST_WORDS,
    PLACE_WORDS,
    TOOL_WORDS,
    stated_effect,
    words_of,
)
from gatling.policy.tree import Effect
from gatling.schema.words import split_words
from gatling.tools.derive import verb_of

ALLOW, DENY, ASK = "allow", "deny", "ask"
_ASK_WORDS = frozenset(
    "ask asks approval approvals approve confirm confirmation consent human review escalate hitl".split()
)
_DENY_WORDS = frozenset(
    "cannot cant disabled disable excluded exclude excludes except ban banned bans stop revoked revoke off never no not "
    "without mustnt unless dont kill barred".split()
)
_ALLOW_WORDS = frozenset(
    "can may permissions permission enabled enable include includes access capabilities grants".split()
)
_FILLERS = frozenset(
    "to do does be list tools tool the use run call access things actions must is are only default limits off in a of for "
    "needs need require required requires ok before first always".split()
)
ROLE_KEYS = frozenset(
    "role roles group groups profile profiles persona personas user users principal principals subject subjects who".split()
)
TOOL_KEYS = frozenset(
    "tool tools operation operations function functions action actions command commands api apis call method skill skills".split()
)
ENVIRONMENTS = frozenset(
    "env environment environments stage stages prod production dev development staging test testing sandbox region".split()
)
LIMITING = LIMIT_WORDS | frozenset("max maximum min minimum most least upto budget ceiling exceed spend rate".split())
_YES = frozenset(
    "yes true allow allowed ok y permit permitted grant granted on full enabled can accept x \u2713 \u2714 \u2705".split()
)
_NO = frozenset(
    "no false deny denied never n forbid forbidden off none block blocked disabled cannot drop reject refuse - \u2717 "
    "\u2718 \u274c".split()
)


def effect_of_key(key: str) -> str:
    """Return the effect that a key states: `cannot`, `disabled_tools`, `whitelist`, `needs_approval`; empty if none."""
    words = words_of(key)
    if words & _ASK_WORDS and not words & {"approved"}:
        return ASK
    stated = stated_effect(key)
    if stated is Effect.DENY or words & _DENY_WORDS:
        return DENY
    if stated is Effect.ALLOW or words & _ALLOW_WORDS:
        return ALLOW
    return ""


def is_plain_effect(key: str) -> bool:
    """Tell whether a key says nothing but an effect and that tools are meant."""
    known = EFFECT_WORDS | _ASK_WORDS | _DENY_WORDS | _ALLOW_WORDS | _FILLERS | TOOL_WORDS | LIST_WORDS | TOOL_KEYS
    return words_of(key) <= known


def effect_of_value(value: Any) -> str:
    """Return the effect that a value states beside the name of a tool: `yes`, `deny`, false, `needs approval`; empty if none."""
    if isinstance(value, bool):
        return ALLOW if value else DENY
    if not isinstance(value, str):
        return ""
    text = value.strip().lower()
    if "?" in text:
        return ""
    words = set(split_words(text)) or {text}
    if words <= _ASK_WORDS | _FILLERS | {"with", "first", "manager", "by", "yes"} and words & _ASK_WORDS:
        return ASK
    if text in _NO or (words <= _NO | {"access", "not", "allowed"} and words & (_NO | {"not"})):
        return DENY
    if text in _YES or words <= _YES:
        return ALLOW
    return ""


def is_descriptive(key: str, value: Any) -> bool:
    """Tell whether a member says what the policy is, and no more."""
    words = words_of(key)
    if (
        isinstance(value, (dict, list))
        or key in ("role", "status", "environment")
        or (effect_of_value(value) and key.lower() != "version")
    ):
        return False
    return key.lower() in DESCRIPTIVE or (bool(words) and words <= ABOUT)


def names_role(key: str) -> bool:
    return bool(words_of(key) & ROLE_KEYS) and words_of(key) <= ROLE_KEYS | {
        "by",
        "per",
        "access",
        "rbac",
        "permissions",
        "name",
        "policies",
    }


def names_tools(key: str) -> bool:
    return bool(words_of(key) & TOOL_KEYS) and words_of(key) <= TOOL_KEYS | {
        "list",
        "by",
        "rules",
        "policy",
        "policies",
        "name",
        "config",
        "settings",
        "permissions",
    }


def names_places(key: str) -> bool:
    return bool(words_of(key) & PLACE_WORDS) and not words_of(key) & TOOL_WORDS - {"endpoint", "endpoints"}


def names_environment(key: str) -> bool:
    return bool(words_of(key) & ENVIRONMENTS)


WHERE_WORDS = frozenset(
    "expires expiry expiration valid validity effective until status state enabled active disabled suspended revoked "
    "environment env stage region tenant hours schedule days weekdays when if unless condition conditions provided given "
    "during before after mode dry draft until from starting".split()
)
_IN_FORCE = frozenset(("active", "enabled", "enforced", "on", "yes", "true", "live", "in force"))
NOT_ROLES = frozenset(
    "example examples sample samples former old previous draft deprecated obsolete any all not none if when unless future "
    "planned proposed todo template legacy disabled archive".split()
)


_WITH_WHERE = frozenset(
    "only is are date dates at on in to by of the for policy rule rules office business working opening local not no and or time "
    "times".split()
)
"""Words beside these that say no more."""


def is_condition(key: str, value: Any) -> bool:
    """Tell whether a member says when what stands beside it holds: `expires`, `status: suspended`, `when`."""
    words = words_of(key)
    if not words & WHERE_WORDS or (
        isinstance(value, (dict, list)) and not words & {"when", "if", "unless", "condition", "conditions"}
    ):
        return False
    if is_plain_effect(key) and isinstance(value, list):
        return False
    if not words <= WHERE_WORDS | _WITH_WHERE:
        return False  # `pays_after_the_head_agreed` says more than when: it is a part of its own
    is_switch = bool(words & {"enabled", "active", "status", "state", "mode"})
    return not (is_switch and str(value).lower() in _IN_FORCE)


def is_in_force(key: str, value: Any) -> bool:
    """Tell whether a member says that the policy holds: `enabled: true`."""
    return (
        bool(words_of(key) & {"enabled", "active", "status", "state", "mode"})
        and str(value).lower() in _IN_FORCE
        and not isinstance(value, (dict, list))
    )


def may_name_tool(key: str) -> bool:
    """Tell whether a key can be the name of a tool: `read_file`, and not `disabled_tools` or `max_amount`."""
    if "." in key and verb_of(key.rpartition(".")[2]) is None:
        return False  # `send_money.amount`
    if not is_tool_name(key) or is_plain_effect(key) or words_of(key) & LIMITING or names_role(key) or names_tools(key):
        return False
    return "*" in key or verb_of(key) is not None


def is_name(text: Any) -> bool:
    return isinstance(text, str) and (is_tool_name(text.strip()) or text.strip() == "*")
