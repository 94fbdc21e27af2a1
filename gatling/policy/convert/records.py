"""Trees of keyed records, of whatever notation, to claims: who, whether, what and how, wherever each of them stands.

An effect may be a key, a value, or a key above; a role a key, a value, or a key above; a tool may be named, or said in words of
the keys above it. A mapping whose members say these of one thing is one record; any other mapping is a place where records stand.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import Any

from gatling.policy.convert.claims import (
    tools_meant,
)
from gatling.policy.convert.entry_reader import NamedEntryReader, default_of
from gatling.policy.convert.keyed import INHERITS
from gatling.policy.convert.meta import read_any
from gatling.policy.convert.places import is_place
from gatling.policy.convert.record_words import (
    EFFECT,
    ELSE,
    EVERYBODY,
    EXCEPT,
    INNER,
    LIMITS,
    MEMBERS,
    NOTE,
    ROLE_KINDS,
    ROLE_OF_BINDING,
    STRUCTURE,
    TITLE,
    TOOL,
    WHO,
    Around,
    are_names,
    are_operators,
    are_scalars,
    environments_of,
    is_of,
    is_role_word,
)
from gatling.policy.convert.tiers import tiered
from gatling.policy.language import keys
from gatling.policy.language.administration import is_administrative, is_purpose
from gatling.policy.language.concern import about_phrase
from gatling.policy.language.deeds import root
from gatling.policy.language.effects import effect_in
from gatling.policy.language.keys import ASK, DENY
from gatling.policy.language.lexicon import Lexicon, is_tool_name, role_names
from gatling.policy.language.matching import perhaps_granted, words_for
from gatling.policy.language.nature import is_about_order, is_default, is_remark, is_ruling
from gatling.policy.language.statement import Context, NativeRule, Reading, Statement
from gatling.policy.native.schema import FORMAT
from gatling.policy.reading.vocabulary import is_prose
from gatling.policy.recognise import policy_problems
from gatling.policy.source import DataPath, PolicySource
from gatling.schema.words import split_words
from gatling.tools.naming import singular


class RecordReader(NamedEntryReader):
    """One walk through a tree. What it understands of a part it says; a part that it does not is left to whoever asks."""

    def read(self) -> list[Reading]:
        data: Any = self.source.data
        around = Around()
        path: DataPath = ()
        while isinstance(data, dict) and len(data) <= 3:  # a title above all
            inner = [(k, v) for k, v in data.items() if isinstance(v, (dict, list)) and v]
            if len(inner) != 1 or not self._is_title(inner[0][0], data):
                break
            for key, value in data.items():
                if key != inner[0][0]:
                    self.member(key, value, (*path, key), around)
            path, data = (*path, inner[0][0]), inner[0][1]
        if not path and isinstance(data, dict):
            self._root(data, around)
        else:
            self.walk(data, path, around)
        return tiered(self.readings)

    def _root(self, data: dict[str, Any], around: Around) -> None:
        """Read each member at the root as the native words for it say, where these suffice."""
        rest = {
            key: value
            for key, value in data.items()
            if not (set(split_words(key)) & ELSE or default_of(key, value) == DENY)
        }
        context, said = self.keyed.around(rest, (), Context())
        self.readings += self.keyed.readings
        taken = next((k for k, v in data.items() if set(split_words(k)) & EXCEPT and self._takes_out(v)), "")
        doubt = context.doubt or (f"whom or what {taken} takes out is not read" if taken else "")
        around = replace(around, doubt=doubt, roles=context.roles, has_roles=bool(context.roles))
        if self.is_record(data, around):
            self.record(data, (), around)
            return
        for key, value in data.items():
            if key in said:
                continue
            if set(split_words(key)) & EXCEPT and self._denied_by_words(value):
                self.member(key, value, (key,), around)
                continue
            if default_of(key, value) == DENY:
                self.say((key,), value, (NativeRule("default", value="deny"),))
                continue
            if isinstance(value, dict) and self.lexicon.is_closed and self.lexicon.exact(key):
                self.member(key, value, (key,), around)  # an entry: whose it is grants it, if nothing else does
                continue
            start = len(self.keyed.readings)
            self.keyed.member(key, value, (key,), context)
            made = self.keyed.readings[start:]
            is_said = keys.is_descriptive(key, value) or not made or self._is_known(made)
            is_open = any(reading.status == "open" for reading in made)
            if self.bindings or is_open or not is_said or taken or not _loads(made):
                self.member(key, value, (key,), around)
            else:
                self.readings += made

    def _is_known(self, readings: list[Reading]) -> bool:
        """Tell whether readings are about tools that there are."""
        rules = [rule for reading in readings for rule in reading.rules]
        if not self.lexicon.is_closed:
            return bool(rules)
        if not all(fits(reading, self.lexicon) for reading in readings):
            return False
        return bool(rules) and all(
            tool in self.lexicon.names or (rule.kind == "denial" and "*" in tool)
            for rule in rules
            for tool in rule.tools
        )

    def _is_title(self, key: str, data: dict[str, Any]) -> bool:
        words = set(split_words(key))
        return bool(words & TITLE) and not keys.effect_of_key(key) and not is_role_word(key) and len(words) > 1

    def walk(self, value: Any, path: DataPath, around: Around) -> None:
        """Read a part. Depth is bounded by the decoder."""
        if isinstance(value, list):
            for i, item in enumerate(value):
                if isinstance(item, (dict, list)):
                    self.walk(item, (*path, i), around)
                else:
                    self.item(item, (*path, i), around)
        elif isinstance(value, dict):
            if (
                self._binds(value, path)
                or self.entry(value, path, around)
                or self.denies_the_rest(value, path)
                or self._by_role(value, path, around)
            ):
                return
            if around.names_roles and isinstance(value.get("name"), str) and len(value) > 1:
                around = replace(self._with_roles(around, value["name"], "name"), names_roles=False)
                self.use((*path, "name"), value["name"])
                value = {k: v for k, v in value.items() if k != "name"}
            if self.is_record(value, around):
                self.record(value, path, around)
                return
            around = self._shared(value, path, around)
            scopes = self._scopes(value)
            for key, child in value.items():
                if not self._is_shared(key, child):
                    within = (
                        replace(around, doubt=f"what stands under {key} may hold there only")
                        if key in scopes
                        else around
                    )
                    self.member(key, child, (*path, key), within)

    def _scopes(self, block: dict[str, Any]) -> frozenset[str]:
        """Return the keys that are read as nothing, of blocks beside each other that speak of the same tools: `main_stage` and
        `studio` say where their entries hold."""
        unread = {
            key: {tool for inner in child if isinstance(inner, str) and (tool := self.lexicon.exact(inner))}
            for key, child in block.items()
            if isinstance(child, dict) and not self.lexicon.exact(key) and self.enter(key, Around()).words
        }
        beside = Counter(
            tool
            for child in block.values()
            if isinstance(child, dict)
            for inner in child
            if isinstance(inner, str) and (tool := self.lexicon.exact(inner))
        )
        return frozenset(key for key, tools in unread.items() if any(beside[tool] > 1 for tool in tools))

    def _by_role(self, block: dict[str, Any], path: DataPath, around: Around) -> bool:
        """Read what stands below the name of a tool by role: `read_file: {clerk: yes, guest: no}`; tell whether it is that."""
        if not around.words or not self.lexicon.exact(around.words[-1]) or around.has_roles or around.effect:
            return False
        if not all(self.effect_of(v) and not is_of(k, EFFECT | NOTE | WHO) for k, v in block.items()):
            return False
        if not any(is_role_word(k) or k.lower() in self.roles or k.lower() in EVERYBODY for k in block):
            return False
        for key, value in block.items():
            inner = self._with_roles(replace(around, words=around.words[:-1]), key, key)
            self.record({"tool": around.words[-1], "effect": value}, (*path, key), inner)
        return True

    def _binds(self, block: dict[str, Any], path: DataPath) -> bool:
        """Read who has which role: `role: observer, members: [..]`; tell whether a mapping says that and no more."""
        rest = {
            k: v for k, v in block.items() if k.lower() not in ("kind", "type", "name", "id", "apiversion", "metadata")
        }
        role = next(
            (v for k, v in rest.items() if "_".join(split_words(k)) in ROLE_OF_BINDING and isinstance(v, str)), ""
        )
        members = next((v for k, v in rest.items() if k.lower() in MEMBERS and are_names(v)), None)
        if not role or members is None or len(rest) != 2:
            return False
        for name in [members] if isinstance(members, str) else members:
            for form in role_names(name):
                self.say(path, block, (NativeRule("role", roles=(form,), value=list(role_names(role))),))
        return True

    def _is_shared(self, key: str, value: Any) -> bool:
        return is_of(key, WHO) and are_names(value)

    def _shared(self, block: dict[str, Any], path: DataPath, around: Around) -> Around:
        """Return what members of a mapping say of those beside them: whose they are."""
        kind = next((v for k, v in block.items() if k.lower() in ("kind", "type") and isinstance(v, str)), "")
        if kind and set(split_words(kind)) <= ROLE_KINDS and isinstance(block.get("name"), str):
            around = self._with_roles(around, block["name"], "name")
        for key, value in block.items():
            if self._is_shared(key, value):
                around = self._with_roles(around, value, key)
                self.use((*path, key), value)
            elif keys.is_condition(key, value) and not (
                self.lexicon.exact(key)
                or around.is_limit
                or set(split_words(key)) & ELSE
                or default_of(key, value) == DENY
            ):
                around = replace(around, doubt=f"it holds only as {key} says")
            elif set(split_words(key)) & EXCEPT and self._takes_out(value):
                around = replace(around, doubt=f"whom or what {key} takes out is not read")
        return around

    def _takes_out(self, value: Any) -> bool:
        """Tell whether an exception may be one to anything beside it: not where it names tools, or its members only deny and have
        words of tools."""
        return not (self._names_tools(value) or self._denied_by_words(value))

    def _denied_by_words(self, value: Any) -> dict[str, tuple[str, ...]]:
        """Return the tools that each member of an exception denies something of; nothing if one does anything else."""
        if not isinstance(value, dict) or not all(self.effect_of(said) == DENY for said in value.values()):
            return {}
        found = {k: {*about_phrase(k, self.lexicon), *perhaps_granted(k, self.lexicon)} for k in value}
        if not all(found.values()) or any("*" in tools for tools in found.values()):
            return {}
        return {k: tuple(sorted(tools)) for k, tools in found.items()}

    def member(self, key: str, value: Any, path: DataPath, around: Around) -> None:
        """Read one member of a mapping that is no record."""
        if value in (None, "", [], {}):
            if is_place(key):
                self.use(path, {})
            return
        words = set(split_words(key))
        if words & EXCEPT and (denied := self._denied_by_words(value)):
            for name, tools in denied.items():
                self.unread((*path, name), value[name], "what this exception denies is not read", tools)
            return
        if self.one_effect(key, value, path, around):
            return
        if default_of(key, value) == DENY:
            self.say(path, value, (NativeRule("default", value="deny"),))
            return
        if not around.effect and self.says_nothing(key, value, path):
            self.use(path, value)
            return
        if isinstance(value, str) and self._names_tools(parts := [part.strip() for part in value.split(",")]):
            inner = self.enter(key, around)
            if inner.effect or inner.has_roles:
                for part in parts:
                    self.item(part, path, inner)
                return
        if isinstance(value, (str, bool)) and is_default(
            f"{' '.join(split_words(key))}: {'yes' if value is True else value or 'no'}"
        ):
            self.say(path, value, (NativeRule("default", value="deny"),))
            return
        if key.lower() in INHERITS and around.roles:
            self._inherit(value, path, around)
        elif keys.is_in_force(key, value):
            self.use(path, value)
        elif isinstance(value, (dict, list)) and not (isinstance(value, list) and are_scalars(value)):
            inner = self.enter(key, around)
            if self._is_above_roles(key, value, around):
                inner = replace(around, names_roles=True)
            self.walk(value, path, inner)
        elif isinstance(value, list):
            if keys.is_descriptive(key, value) or words <= NOTE:
                self.say(path, value, ())
                return
            inner = self.enter(key, around)
            if inner.effect or (words & TOOL and words <= TOOL | STRUCTURE):
                for i, item in enumerate(value):
                    self.item(item, (*path, i), inner)
            else:
                self.record({key: value}, path, around)
        elif words & ELSE and words <= ELSE | STRUCTURE | keys.ENVIRONMENTS | {"is", "are"} and not around.words:
            self._default(value, path, around)
        elif words <= NOTE | {"company", "x"} or keys.is_descriptive(key, value) or is_remark(str(value), key=key):
            self._sentences(value, path, around)
        elif isinstance(value, str) and is_about_order(f"{' '.join(split_words(key))} {value}"):
            self.use(path, value)
        else:
            self.record({key: value}, path, around)

    def _is_above_roles(self, key: str, value: Any, around: Around) -> bool:
        """Tell whether a key only stands above roles: `people: {curator: .., volunteer: ..}`."""
        return (
            isinstance(value, dict)
            and not (
                around.has_roles or is_ruling(key) or keys.effect_of_key(key) or set(split_words(key)) & keys.NOT_ROLES
            )
            and len(value) > 1
            and all(isinstance(v, dict) and k.lower() in self.roles for k, v in value.items())
        )

    def _sentences(self, value: Any, path: DataPath, around: Around) -> None:
        """Read a description: what in it rules is a sentence as any other."""
        if isinstance(value, str) and (is_purpose(str(path[-1]), value) or is_administrative(value, self.lexicon)):
            self.use(path, value)
            return
        if not isinstance(value, str) or not is_prose(value) or is_remark(value, key=str(path[-1])):
            self.say(path, value, ())
            return
        line = self.statement(path, value).line
        for sentence in re.split(r"(?<=[.!?;])\s+", value):
            if sentence.strip():
                context = Context(roles=around.roles, doubt=around.doubt)
                above = tuple(part for part in path if isinstance(part, str))
                statement = Statement(line, " ".join(sentence.split()), context, above=above)
                self.readings.append(read_any(statement, self.lexicon))

    def _inherit(self, value: Any, path: DataPath, around: Around) -> None:
        parents = [value] if isinstance(value, str) else value
        if not isinstance(parents, list) or not all(isinstance(p, str) for p in parents):
            self.unread(path, value, "not a list of roles", ())
            return
        names = [form for parent in parents for form in role_names(parent) if " " not in form]
        rules = tuple(NativeRule("role", roles=(role,), value=names) for role in around.roles if " " not in role)
        self.say(path, value, rules)

    def _default(self, value: Any, path: DataPath, around: Around) -> None:
        said = effect_in(str(value)) if not isinstance(value, bool) else None
        effect = keys.effect_of_value(value) or (said.effect if said and not said.rest else "")
        if effect == DENY:
            self.say(path, value, (NativeRule("default", value="deny"),))
        elif effect == ASK:
            self.say(
                path, value, (NativeRule("default", value="deny"),), "denied, not asked: what is not named has no tools"
            )
        else:
            self.unread(path, value, "not a default of the whole policy", ())

    def enter(self, key: str, around: Around) -> Around:
        """Return what stands around below a key."""
        words = split_words(key)
        said = set(words)
        if around.names_roles and around.above and keys.is_plain_effect(key) and keys.effect_of_key(key):
            around = replace(around, names_roles=False, roles=around.above, has_roles=True, is_guess=True)
        if around.names_roles:
            inner = self._with_roles(around, key, key)
            return replace(inner, names_roles=False)
        if around.names_places and {singular(w) for w in said} <= STRUCTURE | {"grant"}:
            around = replace(around, names_places="")  # `resource "agent_grant"` is no place
        if around.names_places:
            return replace(around, qualities=(*around.qualities, (around.names_places, key)), names_places="")
        if is_of(key, keys.ROLE_KEYS) and not around.has_roles:
            return replace(around, names_roles=True, above=role_names(key))
        if said <= {"location", "path", "directory", "resource", "folder", "object", "key", "prefix"} and said:
            return replace(around, names_places="path")
        if said & keys.ENVIRONMENTS and len(said) <= 2:
            if said <= {"env", "envs", "environment", "environments", "stage", "stages"}:
                return replace(around, names_places="environment")
            return replace(around, qualities=(*around.qualities, ("environment", environments_of(key))))
        if re.fullmatch(r"[\w*{}.@~-]*/[\w/*{}.@~-]*", key):
            return replace(around, qualities=(*around.qualities, ("path", key)))
        if key.strip().lower() in EVERYBODY - {"any", "all"}:
            return replace(around, roles=(), has_roles=True)
        effect = keys.effect_of_key(key)
        if effect and keys.is_plain_effect(key):
            return self._with_effect(around, effect, key)
        plain = effect_in(" ".join(words))
        if plain.effect and not set(words_for(plain.rest)) - set(map(root, STRUCTURE)):
            return self._with_effect(around, plain.effect, key)
        if said & LIMITS and said <= LIMITS | STRUCTURE:
            return replace(around, is_limit=True)
        if said & keys.NOT_ROLES:
            return replace(around, doubt=f"what stands under {key} may not be in force")
        if said <= STRUCTURE | INNER:
            return around
        if (is_role_word(key) or key.lower() in self.roles) and not around.has_roles:
            return replace(self._with_roles(around, key, key), is_guess=key.lower() not in self.roles)
        return replace(around, words=(*around.words, key))

    def _with_effect(self, around: Around, effect: str, key: str) -> Around:
        if around.effect and around.effect != effect:
            if DENY in (around.effect, effect):
                return replace(around, doubt=f"{key} says otherwise than what stands above")
            effect = ASK
        return replace(around, effect=effect)

    def is_record(self, block: dict[str, Any], around: Around) -> bool:
        """Tell whether the members of a mapping say who, whether, what and how of one thing."""
        if any(is_of(key, TOOL) and self._names_tools(value) for key, value in block.items()):
            return True  # what stands beside the name of a tool qualifies it, whatever it is
        kinds = []
        for key, value in block.items():
            words = set(split_words(key))
            if isinstance(value, dict):
                if not (words <= INNER or are_operators(value)):
                    return False
                kinds.append("inner")
            elif (isinstance(value, list) and not are_scalars(value)) or (
                isinstance(value, list) and keys.effect_of_key(key) and keys.is_plain_effect(key)
            ):
                return False
            elif is_of(key, TOOL) and are_names(value) and not keys.effect_of_value(value):
                kinds.append("tool")
            elif is_of(key, WHO) and are_names(value):
                kinds.append("who")
            elif words <= EFFECT | {"x"} and self.effect_of(value):
                kinds.append("effect")
        named = bool(around.words) and (
            is_tool_name(around.words[-1]) or bool(tools_meant(around.words[-1], self.lexicon))
        )
        return (
            "tool" in kinds
            or named
            or ("inner" in kinds and "effect" in kinds)
            or ("effect" in kinds and bool(around.words))
        )


def _loads(readings: list[Reading]) -> bool:
    """Tell whether what is to stand as it is, in the format of another system, is of that format."""
    return not any(
        policy_problems(PolicySource({rule.key: rule.value, "format": [FORMAT, rule.reason]}))
        for reading in readings
        for rule in reading.rules
        if rule.kind == "member"
    )


def fits(reading: Reading, lexicon: Lexicon) -> bool:
    """Tell whether the tools of a reading have the arguments that it bounds, as far as that is known."""
    for rule in reading.rules:
        for tool in rule.tools:
            spec = lexicon.specs.get(tool)
            names = {n for n in (*rule.when, *rule.require) if "." not in n}
            if spec is not None and not names <= {p.name for p in spec.parameters}:
                return False
    return True
