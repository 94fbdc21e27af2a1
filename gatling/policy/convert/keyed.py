"""From mappings and lists to native rules: effects under many names, nested by role, tool, resource and environment."""

from __future__ import annotations

from typing import Any

from gatling.policy.convert.keyed_lists import THINGS, ListReader
from gatling.policy.language import keys
from gatling.policy.language.concern import tools_of
from gatling.policy.language.deeds import deed_of, root
from gatling.policy.language.grammar import ROLE_NOUNS
from gatling.policy.language.keys import ALLOW, ASK, DENY
from gatling.policy.language.lexicon import PATH_TOOLS, Lexicon, is_tool_name, role_names
from gatling.policy.language.nature import is_remark, is_ruling
from gatling.policy.language.statement import Context, NativeRule, Reading
from gatling.policy.native.hints import format_of
from gatling.policy.reading.vocabulary import is_prose, words_of
from gatling.policy.source import DataPath
from gatling.schema.arguments import walk
from gatling.schema.words import split_words
from gatling.tools.naming import singular

INHERITS = frozenset("inherits extends inherit includes parent parents inherits_from".split())
_EVERYBODY = frozenset(("*", "all", "everyone", "everybody", "any", "anyone", "default"))

_PEOPLE = frozenset(
    "member members user users customer customers client clients person people contact contacts account accounts team teams".split()
)


def _is_effect(key: str) -> bool:
    return keys.is_plain_effect(key) and bool(keys.effect_of_key(key))


class KeyedReader(ListReader):
    """One walk through data."""

    def read(self) -> list[Reading]:
        self.block(self.source.data, (), Context())
        return self.readings

    def block(self, block: Any, path: DataPath, context: Context) -> None:
        """Read a mapping or a list where rules may stand. Depth is bounded by the decoder."""
        if isinstance(block, dict):
            if path and self.is_rule(block):
                self.rule(block, path, context)
                return
            context, said = self.around(block, path, context)
            for key, value in block.items():
                if key not in said:
                    self.member(key, value, (*path, key), context)
        elif isinstance(block, list):
            for i, item in enumerate(block):
                self.item(item, (*path, i), context)
        else:
            self.item(block, path, context)

    def around(self, block: dict[str, Any], path: DataPath, context: Context) -> tuple[Context, set[str]]:
        """Return what members of a mapping say of those beside them: whose they are, and when they hold; and these members."""
        said: set[str] = set()
        if len(block) < 2:
            return context, said
        for key, value in block.items():
            names = [value] if isinstance(value, str) else value
            is_title = isinstance(value, str) and is_prose(value)
            if (
                keys.names_role(key.removeprefix("for_"))
                and isinstance(names, list)
                and names
                and not is_title
                and all(isinstance(n, str) for n in names)
            ):
                if context.roles:
                    context = context.with_(doubt=f"what {key} says of a role is not read")
                    continue
                if not any(name.lower() in _EVERYBODY for name in names):
                    context = context.with_(roles=tuple(form for name in names for form in role_names(name)))
                self.use((*path, key), value)
                said.add(key)
            elif keys.is_condition(key, value) and not self.tool(key):
                context = context.with_(doubt=f"it holds only as {key} says")
            elif keys.is_in_force(key, value):
                self.use((*path, key), value)
                said.add(key)
        return context, said

    def member(self, key: str, value: Any, path: DataPath, context: Context) -> None:
        effect = keys.effect_of_key(key)
        words = words_of(key)
        tool = self.tool(key)
        if key in ("$schema", "format") or (
            keys.is_descriptive(key, value)
            and not (isinstance(value, str) and is_prose(value) and not is_remark(value, key=key))
        ):
            self.say(path, value, ())
        elif len(path) == 1 and format_of(key, value):
            self.say(path, value, (NativeRule("member", key=key, value=value, reason=format_of(key, value)),))
        elif "default" in words and isinstance(value, str) and keys.effect_of_value(value):
            self.default(value, path, context)
        elif key.lower() in INHERITS and context.roles and not effect:
            self.inherit(value, path, context)
        elif isinstance(value, str) and is_prose(value) and not tool:
            self.sentence(value, path, context.with_(effect=effect or context.effect))
        elif tool and not context.tools and value is True and not (context.effect or context.roles or len(path) > 1):
            self.open(path, value, "a switch, or a tool that is allowed", (tool,))
        elif tool and not context.tools:
            self.tool_member(tool, value, path, context)
        elif keys.names_places(key) and (effect or context.tools):
            self.places(key, value, path, context, effect or ALLOW)
        elif effect and keys.is_plain_effect(key) and not (effect == ASK and context.tools):
            self.listed(value, path, context.with_(effect=_joined(context.effect, effect)))
        elif keys.names_environment(key) and isinstance(value, (dict, list)):
            self.block(value, path, context.with_(doubt=f"where {key} holds is not known to the guard"))
        elif (
            (keys.names_role(key) or key.lower() in self.roles or key.lower() in _AGENTS)
            and isinstance(value, (dict, list))
            and not context.roles
        ):
            self.role_member(key, value, path, context)
        elif words & keys.LIMITING and not effect:
            self.limit(key, value, path, context)
        elif keys.names_tools(key) and isinstance(value, (dict, list, str)):
            self.tools(value, path, context)
        elif effect:
            tools = context.tools
            if effect == DENY and not tools and words & _PATH_WORDS:
                tools = PATH_TOOLS
            self.open(path, value, f"what else the key {key} means is not read", tools)
        elif isinstance(value, dict) and self.is_resource(key, value):
            self.resource(key, value, path, context)
        elif (
            context.roles
            and isinstance(value, list)
            and all(isinstance(v, str) and deed_of(v) for v in value)
            and value
        ):
            for i, verb in enumerate(value):
                self.sentence(f"{verb} {key}", (*path, i), context.with_(effect=ALLOW), shown=verb)
        elif (
            isinstance(value, (dict, list)) and value and not words & keys.NOT_ROLES and self.is_role_block(key, value)
        ):
            is_known = singular(key.lower()) in ROLE_NOUNS
            self.role_member_of(key, value, path, context, is_guess=not is_known)
        elif isinstance(value, list) and context.effect and all(root(w) in THINGS for w in words):
            self.listed(value, path, context)
        elif isinstance(value, (dict, list)) and value:
            known = words <= _CONTAINERS or all(root(w) in THINGS for w in words) or is_tool_name(key)
            self.block(
                value,
                path,
                context if known else context.with_(doubt=f"what {key} means is not known"),
            )
        elif value not in (None, "", [], {}):
            self.open(path, value, "not a part that is read", context.tools)

    def is_role_block(self, key: str, value: Any) -> bool:
        """Tell whether a name above effects or tools may be that of a role: what it grants is for that role at most."""
        words = words_of(key)
        if (
            words <= _CONTAINERS
            or len(words) > 3
            or not key
            or (all(root(w) in THINGS for w in words) and not self._is_above_tools(words, value))
            or not isinstance(value, (dict, list))
        ):
            return False
        if isinstance(value, dict):
            return any(keys.effect_of_key(k) or self.tool(k) or keys.effect_of_value(v) for k, v in value.items())
        return singular(key.lower()) in ROLE_NOUNS

    def _is_above_tools(self, words: frozenset[str], value: Any) -> bool:
        """Tell whether people, who may be things too, stand above tools or effects: `member: {order_sugar: yes}` is what members may."""
        return (
            isinstance(value, dict)
            and bool(words & _PEOPLE)
            and any(self.lexicon.exact(k) or _is_effect(k) for k in value)
        )

    def role_member_of(self, key: str, value: Any, path: DataPath, context: Context, *, is_guess: bool) -> None:
        if context.roles:
            context = context.with_(doubt=f"what {key} means inside a role is not known")
            self.block(value, path, context)
            return
        inner = context.with_(roles=role_names(key), is_guess=is_guess)
        if isinstance(value, list):
            self.listed(value, path, inner.with_(effect=context.effect or ALLOW))
        elif context.effect:
            self.listed(value, path, inner)
        else:
            self.block(value, path, inner)

    def role_member(self, key: str, value: Any, path: DataPath, context: Context) -> None:
        if key.lower() in self.roles and not keys.names_role(key) and key.lower() not in _AGENTS:
            self.role(key, value, path, context)
            return
        if isinstance(value, dict) and any(map(_is_effect, value)):
            self.role_member_of(key, value, path, context, is_guess=True)  # `user: {allow: [..]}` is a role itself
            return
        if isinstance(value, dict):
            for name, block in value.items():
                self.role(name, block, (*path, name), context)
            return
        for i, item in enumerate(value):
            name = (
                next((item[k] for k in ("name", "role", "id", "group") if isinstance(item.get(k), str)), "")
                if isinstance(item, dict)
                else ""
            )
            if name:
                rest = {k: v for k, v in item.items() if not (k in ("name", "role", "id", "group") and v == name)}
                self.role(name, rest, (*path, i), context)
            elif isinstance(item, str):
                (self.say((*path, i), item, ()) if is_prose(item) else self.use((*path, i), item))
            else:
                self.open((*path, i), item, "a role without a name")

    def role(self, name: str, block: Any, path: DataPath, context: Context) -> None:
        is_all = name.lower() in ("*", "all", "everyone", "default", "any", "everybody")
        inner = context.with_(roles=() if is_all else role_names(name))
        if isinstance(block, list):
            self.listed(block, path, inner.with_(effect=ALLOW))
        elif isinstance(block, str):
            self.listed(
                [part.strip() for part in block.split(",")] if not is_prose(block) else block,
                path,
                inner.with_(effect=ALLOW),
            )
        else:
            self.block(block, path, inner)

    def inherit(self, value: Any, path: DataPath, context: Context) -> None:
        parents = [value] if isinstance(value, str) else value
        if not isinstance(parents, list) or not all(isinstance(p, str) for p in parents):
            self.open(path, value, "not a list of roles")
            return
        names = [form for parent in parents for form in role_names(parent) if " " not in form]
        roles = [role for role in context.roles if " " not in role]
        self.say(path, value, tuple(NativeRule("role", roles=(role,), value=names) for role in roles))


def _joined(outer: str, inner: str) -> str:
    return DENY if DENY in (outer, inner) else inner


_CONTAINERS = frozenset(
    "policy access control controls rules rule authorization authorisation security governance settings guardrails "
    "constraints restrictions scope config spec general global common defaults matrix agent acl entries statements features "
    "modules services resources".split()
)


_PATH_WORDS = frozenset("path paths file files folder folders directory directories".split())
_AGENTS = frozenset(("agents", "assistants", "bots", "teams", "departments"))


def role_keys(data: Any) -> frozenset[str]:
    """Return the names under keys for roles, in lower case."""
    found: set[str] = set()
    waiting = [data]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            for key, child in value.items():
                if keys.names_role(key):
                    if isinstance(child, dict):
                        found.update(name.lower() for name in child)
                    for item in child if isinstance(child, list) else [child] if isinstance(child, str) else []:
                        name = (
                            item
                            if isinstance(item, str)
                            else (item.get("name") or item.get("role"))
                            if isinstance(item, dict)
                            else None
                        )
                        if isinstance(name, str) and len(name.split()) <= 3:
                            found.add(name.lower())
                waiting.append(child)
        elif isinstance(value, list):
            waiting += value
    return frozenset(found) - {"*", "all", "everyone", "default"}


def sibling_roles(data: Any, lexicon: Lexicon) -> frozenset[str]:
    """Return keys that stand beside each other, each above what somebody can: `{curator: {can: [..]}, volunteer: {can: [..]}}`.

    Such a key may be a topic of the tools below it. Whoever is named so is granted what stands there, and nobody else.
    """
    found: set[str] = set()
    for _, value in walk(data):
        blocks = {k: v for k, v in value.items() if isinstance(v, dict)} if isinstance(value, dict) else {}
        if len(blocks) < 2 or not all(_grants_tools(block, lexicon) for block in blocks.values()):
            continue
        if any(
            len(split_words(k)) > 3
            or is_ruling(k)
            or words_of(k) & (keys.NOT_ROLES | keys.ENVIRONMENTS)
            or tools_of(k, lexicon)
            for k in blocks
        ):
            continue
        found.update(k.lower() for k in blocks)
    return frozenset(found)


def _grants_tools(block: dict[str, Any], lexicon: Lexicon) -> bool:
    """Tell whether a block lists tools under an effect."""
    return any(
        keys.effect_of_key(k)
        and keys.is_plain_effect(k)
        and isinstance(v, list)
        and v
        and all(isinstance(i, str) and lexicon.exact(i) for i in v)
        for k, v in block.items()
    )
