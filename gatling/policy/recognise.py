"""From policy data to a rulebook: the explicit rules of every dialect that is read.

What restricts counts wherever it stands; what grants counts only where it is clear whom and what it grants. So the walk goes
through every mapping, but below a key that it does not know it takes denials and requirements only and reports the rest.

Known keys, by their words, in any case and with any separators:

    allow lists       `allowed_operations`, `permitted tools`, `allowlist`, ...: names, patterns, or objects with conditions
    deny lists        `forbidden_operations`, `blockedActions`, `denylist`, ...
    limits            `scope_limits`, `limits`, `quotas`: {"tool.argument": n}, {"tool": {"argument": n}}, {"max_records": n}
    roles             {role: a policy of its own}, `inherits` inside
    destinations      `allowed_domains`, `blocked_recipients`, ...: hosts, addresses, patterns; a list, or by tool
    provenance        `provenance_requirements`, `max_tier`, `trusted_sources_only`
    sensitivity       `max_sensitivity`
    requests          `explicit_request_required`
    order             `requires_before`, `prerequisites`: {tool: tools that must come before it}
    tool entries      `tools`: {name: {"input_schema": JSON Schema, limits, conditions}}
    rules             a list of objects: a sentence with `applies_to`, or an effect, operations and conditions
    default           allow or deny

What stands in the form of another system is read by the `DIALECTS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from gatling.policy.dialects.table import DIALECTS
from gatling.policy.reading.limits import read_limits
from gatling.policy.reading.reader import Reader, RulePosition, add_prose
from gatling.policy.reading.requirements import (
    names_places,
    read_before,
    read_destinations,
    read_provenance,
    read_requests,
)
from gatling.policy.reading.roles import read_denied_by_role, read_roles
from gatling.policy.reading.rule_objects import read_list, read_rules
from gatling.policy.reading.tool_entries import read_tools
from gatling.policy.reading.vocabulary import (
    ABOUT,
    CONTAINERS,
    EFFECT_WORDS,
    EXCEPT_WORDS,
    LIMIT_WORDS,
    LIST_WORDS,
    PEOPLE,
    REMARKS,
    TOOL_WORDS,
    is_directory,
    is_list_of_sentences,
    is_ruling,
    stated_effect,
    words_of,
)
from gatling.policy.rules import Rulebook
from gatling.policy.source import PolicySource
from gatling.policy.tree import Effect
from gatling.schema.plain import check_plain
from gatling.schema.words import split_words


def recognise(policy: dict[str, Any] | PolicySource) -> Rulebook:
    """Read the explicit rules of a policy. What is not read is listed in the result, never dropped."""
    source = policy if isinstance(policy, PolicySource) else PolicySource(policy)
    check_plain(source.data)
    reader = _Policy(source.lines, tuple(DIALECTS.values()), role_names=frozenset(_role_names(source.data)))
    reader.block(source.data, RulePosition(()))
    return Rulebook(
        tuple(reader.clauses),
        reader.default,
        tuple(reader.unrecognised),
        reader.inherits,
        reader.inherits_from,
        reader.role_names,
        tuple(reader.scopes),
        tuple(reader.cedar),
    )


def _role_names(policy: dict[str, Any]) -> Iterator[str]:
    """Yield the names under `roles`, wherever the key stands near the root."""
    for key, value in policy.items():
        if words_of(key) & {"role", "roles"} and isinstance(value, dict):
            yield from value
        elif isinstance(value, dict) and words_of(key) <= CONTAINERS:
            yield from _role_names(value)


class _Policy(Reader):
    """One walk through a policy."""

    def block(self, block: dict[str, Any], place: RulePosition) -> None:
        """Read a mapping that is a policy, or a part of one. Depth is bounded by the decoder, 64."""
        for key, value in block.items():
            self.member(key, value, place.at(key))

    def member(self, key: str, value: Any, place: RulePosition) -> None:
        words = words_of(key)
        for dialect in self.dialects:
            if dialect.is_member(words, value):
                dialect.read_member(self, key, value, place)
                return
        for is_it, read in _MEMBERS:
            if is_it(words, value):
                read(self, key, value, place)
                return
        effect = stated_effect(key)
        is_list_of_tools = words <= EFFECT_WORDS | TOOL_WORDS | LIST_WORDS
        if effect is Effect.ALLOW and is_list_of_tools:
            read_list(self, effect, value, place)
        elif effect is Effect.DENY and not words & EXCEPT_WORDS:
            read_list(self, effect, value, place)
            if not is_list_of_tools:
                self.skip(place.path, "what the other words of the key mean is not read")
        elif isinstance(value, dict) and value and words and words <= CONTAINERS:
            self.block(value, place)
        elif effect is Effect.NONE and (words & LIMIT_WORDS or words & {"max", "maximum"}):
            read_limits(self, key, value, place)
        elif (isinstance(value, str) and words and not words <= ABOUT and len(split_words(value)) >= 4) or (
            isinstance(value, str) and is_ruling(value)
        ):
            add_prose(self, value, place)
        elif isinstance(value, list) and words & CONTAINERS:
            read_rules(self, value, place)
        elif is_list_of_sentences(value) or (isinstance(value, list) and words <= REMARKS and _is_text(value)):
            for i, text in enumerate(value):
                if not words <= ABOUT or is_ruling(text):
                    add_prose(self, text, place.at(i))
        elif len(place.path) == 1 and words and words <= PEOPLE and is_directory(value):
            pass  # below anything else, what is said of these people depends on that
        elif isinstance(value, (dict, list)) and value:
            self.skip(place.path, "not a part that is read; only what restricts counts in it")
            self.restrictions(value, replace(place, may_grant=False))
        elif not words <= ABOUT and value not in ([], {}, None, ""):
            self.skip(place.path, "not a part that is read")

    def restrictions(self, value: dict[str, Any] | list[Any], place: RulePosition) -> None:
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, child in items:
            rule = child if isinstance(child, dict) else None
            dialect = next((d for d in self.dialects if rule is not None and d.is_rule(rule, is_listed=False)), None)
            if rule is not None and dialect is not None:
                dialect.read_rule(self, rule, place.at(key))
            elif isinstance(value, dict):
                if (
                    isinstance(child, (dict, list))
                    or stated_effect(str(key)) is Effect.DENY
                    or words_of(str(key)) & LIMIT_WORDS
                ):
                    self.member(str(key), child, place.at(key))
            elif isinstance(child, dict):
                self.block(child, place.at(key))
            elif isinstance(child, list):
                self.restrictions(child, place.at(key))


def read_default(reader: Reader, key: str, value: Any, place: RulePosition) -> None:
    """The answer to calls that no clause names. Allow only where it says just that, of the whole policy."""
    effect = stated_effect(value)
    is_general = words_of(key) <= {"default", "effect", "action", "decision", "policy", "access", "permission"} and all(
        isinstance(part, str) and words_of(part) <= CONTAINERS - {"tools", "operations", "scope"}
        for part in place.path[:-1]
    )
    if effect is Effect.DENY and is_general and not place.roles:
        reader.default = effect
    elif (
        effect is Effect.ALLOW
        and is_general
        and not place.roles
        and place.may_grant
        and words_of(value) <= EFFECT_WORDS
    ):
        if reader.default is not Effect.DENY:  # of two, the stricter
            reader.default = effect
    else:
        reader.skip(place.path, "not a default of allow or deny for the whole policy")


ROLE_WORDS = frozenset(("role", "roles"))


ROLE_KEY_WORDS = frozenset(
    "role roles permissions permission by user users access policies definitions rbac rules".split()
)


_Test = Callable[[frozenset[str], Any], bool]


_Read = Callable[[Reader, str, Any, RulePosition], None]


def _is_text(value: Any) -> bool:
    return isinstance(value, str) or (
        isinstance(value, list) and bool(value) and all(isinstance(v, str) for v in value)
    )


# The first test that holds decides what a member is.
_MEMBERS: tuple[tuple[_Test, _Read], ...] = (
    (lambda w, v: "default" in w and isinstance(v, str) and len(v.split()) <= 3, read_default),
    (
        lambda w, v: isinstance(v, dict) and bool(w & ROLE_WORDS) and stated_effect(" ".join(sorted(w))) is Effect.DENY,
        read_denied_by_role,
    ),
    (lambda w, v: bool(w & ROLE_WORDS) and w <= ROLE_KEY_WORDS and isinstance(v, (dict, list)), read_roles),
    (
        lambda w, v: bool(w & {"request", "asked"}) and bool(w & {"explicit", "required", "requires", "must"}),
        read_requests,
    ),
    (
        lambda w, v: (
            isinstance(v, dict)
            and (w <= {"requires", "required", "before"} or w <= {"prerequisites", "tool"})
            and len(w) < 3
        ),
        read_before,
    ),
    (
        lambda w, v: bool(w & {"provenance", "tier", "trust", "sources"}) and (w & LIMIT_WORDS == frozenset()),
        read_provenance,
    ),
    (
        lambda w, v: isinstance(v, (list, dict, str)) and names_places(w, v) and not w & {"limit", "limits", "max"},
        read_destinations,
    ),
    (
        lambda w, v: (
            w <= {"tools", "operations", "functions", "catalog", "catalogue", "actions", "tool", "entries"}
            and bool(v)
            and (
                (isinstance(v, list) and all(isinstance(i, dict) and "name" in i for i in v))
                or (isinstance(v, dict) and all(isinstance(i, dict) for i in v.values()))
            )
        ),
        read_tools,
    ),
    (
        lambda w, v: (
            isinstance(v, list) and bool(w & {"rules", "rule", "constraints", "sections", "clauses", "guidelines"})
        ),
        lambda reader, key, value, place: read_rules(reader, value, place),
    ),
)
