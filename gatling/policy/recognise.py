"""From policy data to a rulebook: the explicit rules of every dialect that is read.

What restricts counts wherever it stands; what grants counts only where it is clear whom and what it grants. So the walk goes
through every mapping, but below a key that it does not know it takes denials and requirements only and reports the rest.

Known keys, by their words, in any case and with any separators:

    allow lists       `allowed_operations`, `permitted tools`, `allowlist`, ...: names, patterns, or objects with conditions
    deny lists        `forbidden_operations`, `blockedActions`, `denylist`, ...
    limits            `scope_limits`, `limits`, `quotas`: {"tool.argument": n}, {"tool": {"argument": n}}, {"max_records": n}
    roles             {role: a policy of its own}, `inherits` inside
    programs          `denied_commands`, `allowed_paths`, `blocked_tables`, ...: patterns; a list, or by tool
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

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from gatling.policy.clauses import Unrecognised
from gatling.policy.dialects.table import DIALECTS
from gatling.policy.globs import matches, squashed, squashed_name
from gatling.policy.native.check import Problem, dialects_of, format_problems, reading_problems, refuse
from gatling.policy.native.hints import did_you_mean
from gatling.policy.reading.conditions import KEYED_OPERATORS
from gatling.policy.reading.limits import is_limit_of_argument, read_limits
from gatling.policy.reading.program_limits import limits_programs, read_program_limits
from gatling.policy.reading.reader import Dialect, Reader, RulePosition, add_prose
from gatling.policy.reading.requirements import (
    names_places,
    read_before,
    read_destinations,
    read_provenance,
    read_requests,
)
from gatling.policy.reading.review import read_review
from gatling.policy.reading.roles import read_denied_by_role, read_roles
from gatling.policy.reading.rule_objects import read_list, read_rules
from gatling.policy.reading.tool_entries import read_tools
from gatling.policy.reading.vocabulary import (
    ABOUT,
    CONTAINERS,
    DESCRIPTIVE,
    EFFECT_WORDS,
    EXCEPT_WORDS,
    LIMIT_WORDS,
    LIST_WORDS,
    PEOPLE,
    PROSE,
    REMARKS,
    TOOL_WORDS,
    is_directory,
    is_heading,
    is_list_of_sentences,
    is_prose,
    is_ruling,
    stated_effect,
    words_of,
)
from gatling.policy.rules import Rulebook
from gatling.policy.source import DataPath, PolicySource
from gatling.policy.tree import Effect
from gatling.policy.unread import mentions
from gatling.schema.plain import check_plain
from gatling.schema.words import split_words
from gatling.tools.derive import verb_of
from gatling.tools.spec import ToolSpec


def recognise(
    policy: dict[str, Any] | PolicySource, *, strict: bool = True, catalog: Mapping[str, ToolSpec] | None = None
) -> Rulebook:
    """Read the explicit rules of a policy.

    Args:
        strict: refuse what does not belong to the native format, or to the formats that the policy names. Else every dialect is
            told by its form, and what is not read is listed in the result, each part with the calls that it may be about.
        catalog: tools by name; `strict` then knows their parameters.

    Raises:
        InputError: if a policy is read strictly and a part of it is not of the format; with file, line, path, and what was
            probably meant. In either case if it holds what is no JSON.
    """
    source = policy if isinstance(policy, PolicySource) else PolicySource(policy)
    check_plain(source.data)
    if not strict:
        return _read(source, tuple(DIALECTS.values()), catalog or (), strict=False)
    refuse(source, format_problems(source))
    rules = _read(source, tuple(DIALECTS[name] for name in dialects_of(source.data)), catalog or ())
    refuse(source, reading_problems(source, rules, catalog or {}))
    return rules


def policy_problems(source: PolicySource, *, catalog: Mapping[str, ToolSpec] | None = None) -> list[Problem]:
    """Return all that keeps a policy from being read strictly; empty if it can be."""
    check_plain(source.data)
    found = format_problems(source)
    if found:
        return found
    rules = _read(source, tuple(DIALECTS[name] for name in dialects_of(source.data)), catalog or ())
    return reading_problems(source, rules, catalog or {})


def _read(
    source: PolicySource, dialects: tuple[Dialect, ...], tools: Iterable[str], *, strict: bool = True
) -> Rulebook:
    reader = _Policy(source.lines, dialects, role_names=frozenset(_role_names(source.data)))
    reader.block(source.data, RulePosition(()))
    _settle(reader, tools, strict=strict)
    rules = Rulebook(
        tuple(reader.clauses),
        reader.default,
        tuple(_with_mentions(part, source.data) for part in reader.unrecognised),
        reader.inherits,
        reader.inherits_from,
        reader.role_names,
        tuple(reader.scopes),
        tuple(reader.cedar),
    )
    if not any(c.dialect == "prose" or any(check.subject == "prose" for check in c.checks) for c in rules.clauses):
        return rules
    from gatling.policy.prose.enforce import with_prose  # its grammar takes time to load

    return with_prose(rules, tools, leaves_open=strict)


def _settle(reader: Reader, tools: Iterable[str], *, strict: bool) -> None:
    """Report limits of what is no tool, as far as anybody knows, and of what may be a tool or an argument.

    A tool is named elsewhere in the policy or in the catalogue, or its name has a verb. Below `a.b`, if no such tool is named,
    `a` may be the tool, and what was taken for arguments are operators that nobody reads. Of records a name of two words is
    that of a tool too: their policies bound tools that are not granted.
    """
    if not reader.doubtful:
        return
    by_name: dict[str, set[DataPath]] = {squashed_name(name): {()} for name in (*reader.entries, *tools)}
    patterns: dict[str, set[DataPath]] = {}
    limits = {path for _, path, _ in reader.doubtful}
    for clause in reader.clauses:
        for tool in clause.tools if clause.path not in limits else ():
            names = patterns if "*" in tool or "?" in tool else by_name
            names.setdefault(squashed(tool), set()).add(clause.path)
    patterns.pop("*", None)
    for name, path, key in reader.doubtful:
        last = name.rpartition(".")[2]  # of `send_money.amount`, `amount` is no deed
        if not key and (verb_of(last) is not None or (not strict and len(split_words(last)) > 1)):
            continue
        places = set(by_name.get(squashed_name(name), ()))
        for pattern, found in patterns.items() if len(patterns) <= _MAX_PATTERNS else ():
            if matches(pattern, squashed_name(name)):
                places |= found
        if not all(place[: len(path)] == path for place in places):
            continue
        if key:
            hint = did_you_mean(key, KEYED_OPERATORS)
            reason = f"the policy names no tool {name}, and {key} is no operator such as max, min or in{hint}"
            reader.skip((*path, key), reason)
        else:
            reader.skip(path, f"the policy names no tool {name}; grant it by name, or describe it under `tools`")


_MAX_PATTERNS = 100


def _with_mentions(part: Unrecognised, policy: dict[str, Any]) -> Unrecognised:
    """Return an unread part with what it mentions, unless what it is about is certain."""
    if part.tools or part.mentions:
        return part
    value: Any = policy
    for step in part.path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            break  # what stands above it mentions what it mentions
    return replace(part, mentions=mentions(part.path, value))


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
        if key == "review" and len(place.path) == 1 and isinstance(value, list):
            read_review(self, value, place)
            return
        words = words_of(key)
        for dialect in self.dialects:
            if dialect.is_member(words, value):
                dialect.read_member(self, key, value, place)
                return
        for is_it, read in _MEMBERS:
            if is_it(words, value):
                read(self, key, value, place)
                return
        if len(place.path) == 1 and _is_descriptive(key, value):
            for i, text in enumerate(value if isinstance(value, list) else [value]):
                if is_ruling(str(text)) and not (key == "title" and is_heading(str(text))):
                    add_prose(self, text, place.at(i) if isinstance(value, list) else place)
            return
        if key in PROSE and _is_text(value):
            for i, text in enumerate(value if isinstance(value, list) else [value]):
                if key != "notes" or is_ruling(text) or _may_forbid(text):
                    add_prose(self, text, place.at(i) if isinstance(value, list) else place)
            return
        effect = stated_effect(key)
        is_list_of_tools = words <= EFFECT_WORDS | TOOL_WORDS | LIST_WORDS
        if effect is Effect.ALLOW and is_list_of_tools:
            read_list(self, effect, value, place)
        elif effect is Effect.DENY and not words & EXCEPT_WORDS:
            read_list(self, effect, value, place)
            if not is_list_of_tools:
                self.skip(place.path, "what the other words of the key mean is not read")
            elif words & {"command", "commands"}:
                self.skip(place.path, "not a list of commands, and not one for each tool")
        elif (
            words <= LIMIT_NAMES
            and isinstance(value, dict)
            and value
            and all(map(is_limit_of_argument, value, value.values()))
        ):
            read_limits(self, key, value, place)
        elif isinstance(value, dict) and value and words and words <= CONTAINERS:
            self.block(value, place)
        elif effect is Effect.NONE and "off" not in words and (words & LIMIT_WORDS or words & {"max", "maximum"}):
            read_limits(self, key, value, place)
        elif (
            isinstance(value, str)
            and words <= ABOUT | CONTAINERS
            and (is_ruling(value) or (words & CONTAINERS and is_prose(value)))
        ):
            add_prose(self, value, place)
        elif isinstance(value, list) and words & CONTAINERS:
            for i, item in enumerate(value):
                if isinstance(item, str) and not (is_prose(item) and words <= CONTAINERS):
                    self.skip((*place.path, i), "not a sentence, and not a rule")
                else:
                    read_rules(self, [item], place, start=i)
        elif is_list_of_sentences(value) or (isinstance(value, list) and words <= REMARKS and _is_text(value)):
            for i, text in enumerate(value):
                if not words <= ABOUT and is_ruling(text):
                    self.skip((*place.path, i), "a rule in words below a key that is not known")
                elif not words <= ABOUT or is_ruling(text):
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


_HOLDS_WHEN = frozenset(
    "expire expires expired expiry expiration until effective status state enabled enable disabled active inactive suspended "
    "revoked draft before after validity".split()
)
"""Members of `metadata` that say whether or when the policy holds are no descriptions: nothing heeds them."""


def _may_forbid(text: str) -> bool:
    from gatling.policy.prose.doubtful import may_forbid  # its words take time to load

    return may_forbid(text)


def _is_descriptive(key: str, value: Any) -> bool:
    """Tell whether a member at the top says what the policy is, or whose; `role` does where it is a title of several words."""
    if key == "format":
        return True
    if key == "role":
        return isinstance(value, str) and is_prose(value)
    if key == "servers":
        return isinstance(value, list) and all(isinstance(v, str) and len(v.split()) == 1 for v in value)
    if key not in DESCRIPTIVE:
        return False
    if key == "metadata" and isinstance(value, dict):
        return all(
            isinstance(v, str) and not is_ruling(v) and _HOLDS_WHEN.isdisjoint(words_of(k)) for k, v in value.items()
        )
    items = value if isinstance(value, list) else [value]
    return all(isinstance(item, (str, int, float)) and not isinstance(item, bool) for item in items)


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


LIMIT_NAMES = frozenset("constraints constraint limits limit bounds arguments parameters".split())


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
    (limits_programs, read_program_limits),
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
            isinstance(v, list)
            and bool(w & {"rules", "rule", "constraints", "sections", "clauses", "guidelines"})
            and stated_effect(" ".join(sorted(w))) is not Effect.DENY
        ),
        lambda reader, key, value, place: read_rules(reader, value, place),
    ),
)
