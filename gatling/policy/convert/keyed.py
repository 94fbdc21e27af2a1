"""From mappings and lists to native rules: effects under many names, nested by role, tool, resource and environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gatling.policy.convert import keys
from gatling.policy.convert.amounts import amount_of
from gatling.policy.convert.grammar import ROLE_NOUNS
from gatling.policy.convert.keys import ALLOW, ASK, DENY
from gatling.policy.convert.lexicon import OBJECTS, PATH_TOOLS, Lexicon, deed_of, is_tool_name, role_names, root
from gatling.policy.convert.qualifiers import Qualified, is_rate, qualify
from gatling.policy.convert.sentences import APPROVED, argument_for, currency_rules, is_count, read_sentence
from gatling.policy.convert.statement import Context, NativeRule, Reading, Statement, no_grant, review
from gatling.policy.native.hints import format_of
from gatling.policy.reading.vocabulary import is_prose, is_ruling, words_of
from gatling.policy.source import DataPath, PolicySource, show_path
from gatling.policy.unread import mentions
from gatling.schema.plain import canonical_json, cut
from gatling.schema.words import split_words
from gatling.tools.naming import singular

_INHERITS = frozenset("inherits extends inherit includes parent parents inherits_from".split())
_RULE_KEYS = frozenset(
    "effect decision verdict permission allow allowed action type then policy rule access status".split()
)
_EVERYBODY = frozenset(("*", "all", "everyone", "everybody", "any", "anyone", "default"))
_NAMING = (
    "tool",
    "tools",
    "operation",
    "operations",
    "action",
    "actions",
    "function",
    "name",
    "command",
    "api",
    "call",
    "resource",
)


@dataclass
class KeyedReader:
    """One walk through data."""

    source: PolicySource
    lexicon: Lexicon
    roles: frozenset[str] = frozenset()
    """Names of roles, lower case, that stand under a key for roles."""
    readings: list[Reading] = field(default_factory=list)

    def read(self) -> list[Reading]:
        self.block(self.source.data, (), Context())
        return self.readings

    def say(self, path: DataPath, value: Any, rules: tuple[NativeRule, ...], note: str = "") -> None:
        self.readings.append(Reading(self.statement(path, value), rules, note))

    def statement(self, path: DataPath, value: Any, context: Context = Context()) -> Statement:
        where = path
        while where and where not in self.source.lines:
            where = where[:-1]
        shown = value if isinstance(value, str) else canonical_json(value)
        text = f"{show_path(path)}: {cut(shown, 300)}"
        return Statement(self.source.lines.get(where, 1), " ".join(text.split()), context, value)

    def open(self, path: DataPath, value: Any, reason: str, tools: tuple[str, ...] = ()) -> None:
        self.say(path, value, (review(self.statement(path, value).text, reason, tools),))

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
                self.say((*path, key), value, (), "")
                said.add(key)
            elif keys.is_condition(key, value) and not self.tool(key):
                context = context.with_(doubt=f"it holds only as {key} says")
            elif keys.is_in_force(key, value):
                self.say((*path, key), value, ())
                said.add(key)
        return context, said

    def is_rule(self, block: dict[str, Any]) -> bool:
        """Tell whether a mapping is one rule: it names tools and says what of them."""
        named = [k for k in block if k.lower() in _NAMING and isinstance(block[k], (str, list))]
        said = [
            k
            for k in block
            if k.lower() in _RULE_KEYS or keys.names_role(k) or keys.effect_of_key(k) or words_of(k) & keys.LIMITING
        ]
        return (
            bool(named)
            and bool(said)
            and not any(isinstance(block[k], list) and k.lower() in ("allow", "allowed") for k in block)
        )

    def member(self, key: str, value: Any, path: DataPath, context: Context) -> None:
        effect = keys.effect_of_key(key)
        words = words_of(key)
        tool = self.tool(key)
        if key in ("$schema", "format") or (
            keys.is_descriptive(key, value) and not (isinstance(value, str) and is_ruling(value))
        ):
            self.say(path, value, ())
        elif len(path) == 1 and format_of(key, value):
            self.say(path, value, (NativeRule("member", key=key, value=value, reason=format_of(key, value)),))
        elif "default" in words and isinstance(value, str) and keys.effect_of_value(value):
            self.default(value, path, context)
        elif key.lower() in _INHERITS and context.roles and not effect:
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
            tools = self.context_tools(context)
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
                self.phrase(f"{verb} {key}", (*path, i), verb, context.with_(effect=ALLOW))
        elif (
            isinstance(value, (dict, list)) and value and not words & keys.NOT_ROLES and self.is_role_block(key, value)
        ):
            is_known = singular(key.lower()) in ROLE_NOUNS
            self.role_member_of(key, value, path, context, is_guess=not is_known)
        elif isinstance(value, list) and context.effect and all(root(w) in _THINGS for w in words):
            self.listed(value, path, context)
        elif isinstance(value, (dict, list)) and value:
            known = words <= _CONTAINERS or all(root(w) in _THINGS for w in words) or is_tool_name(key)
            self.block(
                value,
                path,
                context if known else context.with_(doubt=f"what {key} means is not known"),
            )
        elif value not in (None, "", [], {}):
            self.open(path, value, "not a part that is read", self.context_tools(context))

    def is_role_block(self, key: str, value: Any) -> bool:
        """Tell whether a name above effects or tools may be that of a role: what it grants is for that role at most."""
        words = words_of(key)
        if (
            words <= _CONTAINERS
            or len(words) > 3
            or not key
            or all(root(w) in _THINGS for w in words)
            or not isinstance(value, (dict, list))
        ):
            return False
        if isinstance(value, dict):
            return any(keys.effect_of_key(k) or self.tool(k) or keys.effect_of_value(v) for k, v in value.items())
        return singular(key.lower()) in ROLE_NOUNS

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

    def context_tools(self, context: Context) -> tuple[str, ...]:
        return context.tools

    def tool(self, key: str) -> str:
        """Return the tool, or the pattern of tools, that a key names; empty if it names none."""
        exact = self.lexicon.exact(key)
        if exact:
            return exact
        return key if keys.may_name_tool(key) else ""

    # --- whose, and which tools ------------------------------------------------------------------------------------------

    def role_member(self, key: str, value: Any, path: DataPath, context: Context) -> None:
        if key.lower() in self.roles and not keys.names_role(key) and key.lower() not in _AGENTS:
            self.role(key, value, path, context)
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
                self.say((*path, i), item, ())
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
        names = [form for parent in parents for form in role_names(parent)]
        self.say(path, value, tuple(NativeRule("role", roles=(role,), value=names) for role in context.roles))

    def tools(self, value: Any, path: DataPath, context: Context) -> None:
        """Tools under a key that only says that they are tools: entries, or a list that grants where a role has it."""
        if isinstance(value, dict):
            for name, entry in value.items():
                if (
                    self.tool(name)
                    or self.lexicon.exact(name)
                    or is_tool_name(name)
                    or isinstance(entry, (dict, bool))
                    or keys.effect_of_value(entry)
                ):
                    self.tool_member(self.tool(name) or name, entry, (*path, name), context)
                else:
                    self.member(name, entry, (*path, name), context)
        elif isinstance(value, list) and any(isinstance(v, dict) for v in value):
            for i, item in enumerate(value):
                if isinstance(item, dict) and any(k.lower() in _NAMING for k in item):
                    self.rule(item, (*path, i), context)
                else:
                    self.item(item, (*path, i), context)
        elif context.roles or context.effect:
            self.listed(value, path, context.with_(effect=context.effect or ALLOW))
        else:
            self.open(path, value, "a list of tools that does not say what is allowed: nothing is granted", ())

    def tool_member(self, tool: str, value: Any, path: DataPath, context: Context) -> None:
        effect = keys.effect_of_value(value)
        if effect and context.effect == DENY:
            if effect == ALLOW:  # `deny: {pay: true}`
                self.verdict(DENY, (tool,), path, value, context)
            else:
                self.open(path, value, "whether it is denied or not is not clear", (tool,))
        elif effect:
            self.verdict(effect, (tool,), path, value, context)
        elif isinstance(value, dict):
            self.qualified((tool,), value, path, context)
        elif isinstance(value, str) and is_prose(value):
            self.sentence(value, path, context, prefix=tool)
        elif amount_of(value) is not None:
            rules = self.bare_limit((tool,), value, context)
            if context.effect == ALLOW and not context.doubt:
                rules = (NativeRule("grant", (tool,), context.roles), *rules)
            self.say(path, value, rules)
        elif isinstance(value, (list, str)) and value and all(isinstance(v, str) for v in value):
            roles = [value] if isinstance(value, str) else value
            known = all(r.lower() in self.roles or r.lower() in ("*", "all", "everyone") for r in roles)
            if known and not context.roles and context.effect != DENY:
                names = (
                    ()
                    if any(r in ("*", "all", "everyone") for r in roles)
                    else tuple(n for r in roles for n in role_names(r))
                )
                self.verdict(ALLOW, (tool,), path, value, context.with_(roles=names))
            else:
                self.open(path, value, "whether these are roles or values is not known", (tool,))
        else:
            self.open(path, value, "what is said of this tool is not read", (tool,))

    # --- effects ---------------------------------------------------------------------------------------------------------

    def verdict(self, effect: str, tools: tuple[str, ...], path: DataPath, value: Any, context: Context) -> None:
        match effect:
            case "allow" if context.doubt:
                self.open(path, value, f"nothing is granted: {context.doubt}", tools)
            case "allow":
                self.say(path, value, (NativeRule("grant", tools, context.roles),))
            case "deny":
                note = f"forbidden everywhere: {context.doubt}" if context.doubt else ""
                self.say(path, value, (NativeRule("denial", tools, context.bound),), note)
            case _:
                rules = (NativeRule("requirement", tools, context.roles, require=APPROVED),)
                self.say(path, value, rules if context.doubt else (NativeRule("grant", tools, context.roles), *rules))

    def listed(self, value: Any, path: DataPath, context: Context) -> None:
        """Read what stands under an effect: names, patterns, phrases, rules, or roles with lists of them."""
        if isinstance(value, str):
            parts = [part.strip() for part in value.split(",")]
            if len(parts) > 1 and all(self.tool(p) or is_tool_name(p) for p in parts):
                for part in parts:
                    self.item(part, path, context)
            else:
                self.item(value, path, context)
        elif isinstance(value, list):
            for i, item in enumerate(value):
                self.item(item, (*path, i), context)
        elif isinstance(value, dict):
            for name, item in value.items():
                here = (*path, name)
                if name.lower() in self.roles or name.lower() in ("*", "all", "everyone"):
                    self.listed(
                        item, here, context.with_(roles=() if name.lower() not in self.roles else role_names(name))
                    )
                elif isinstance(item, dict) and self.is_resource(name, item):
                    self.resource(name, item, here, context)
                elif (
                    self.tool(name)
                    or is_tool_name(name)
                    or (deed_of(name) and not isinstance(item, list) and root(name) not in _THINGS)
                ):
                    if context.effect == ASK:
                        self.verdict(ASK, (self.tool(name) or name,), here, item, context)
                        if not isinstance(item, bool):
                            self.open(
                                here, item, "how the approval depends on this is not read", (self.tool(name) or name,)
                            )
                    else:
                        self.tool_member(self.tool(name) or name, item, here, context)
                else:
                    self.member(name, item, here, context)
        elif isinstance(value, bool) and context.tools:
            effect = context.effect if value else {ALLOW: DENY, DENY: ALLOW}.get(context.effect, "")
            if effect == ALLOW and context.effect == DENY:
                self.say(path, value, ())
            elif effect:
                self.verdict(effect, context.tools, path, value, context)
        elif value is not None:
            self.open(path, value, "not the name of a tool", context.tools)

    def item(self, item: Any, path: DataPath, context: Context) -> None:
        """Read one item of a list: the name of a tool, a phrase or a sentence, or a rule."""
        if isinstance(item, dict):
            if self.is_rule(item) or (context.effect and any(k.lower() in _NAMING for k in item)):
                self.rule(item, path, context)
            else:
                self.block(item, path, context)
            return
        if isinstance(item, list):
            self.listed(item, path, context)
            return
        if not isinstance(item, str):
            self.open(path, item, "not the name of a tool", context.tools)
            return
        text = item.strip()
        if not text:
            return
        negated = text[:1] in "!-" and len(text) > 1 and (self.tool(text[1:].strip()) or is_tool_name(text[1:].strip()))
        name = text[1:].strip() if negated else text
        tool = self.tool(name) or (name if is_tool_name(name) or (name == "*" and context.effect) else "")
        effect = DENY if negated and context.effect == ALLOW else context.effect
        if tool and effect:
            self.verdict(effect, (tool,), path, item, context)
        elif (
            context.effect
            and " " not in text
            and self.lexicon.exact(text) == ""
            and text.isidentifier()
            and not (deed_of(text) and self.lexicon.is_closed)
        ):
            self.bare(text, path, item, context)
        elif context.effect or " " in text:
            self.sentence(text, path, context)
        else:
            self.open(path, item, "neither a tool nor a sentence", context.tools)

    def bare(self, text: str, path: DataPath, item: str, context: Context) -> None:
        """One word in a list of tools: the name of one, as the list says, whoever knows it."""
        if context.effect == DENY:
            self.verdict(DENY, (text,), path, item, context)
            if not any(words_of(part) & keys.TOOL_KEYS for part in path if isinstance(part, str)):
                self.open(path, item, "whether it is a tool or a thing is not known", self.related(text))
        elif not self.lexicon.specs:
            self.verdict(context.effect, (text,), path, item, context)
        else:
            self.open(path, item, "no tool of the catalogue has this name")

    def related(self, text: str) -> tuple[str, ...]:
        """Return what a denied thing is about: every call, if no tool that is known has a word of it."""
        said = mentions((), text)
        return () if any(leaf.may_mean(name) for leaf in said for name in self.lexicon.names) else ("*",)

    def phrase(self, text: str, path: DataPath, value: Any, context: Context) -> None:
        self.sentence(text, path, context, shown=value)

    def sentence(self, text: str, path: DataPath, context: Context, *, prefix: str = "", shown: Any = None) -> None:
        line = self.statement(path, text if shown is None else shown).line
        said = f"{prefix}: {text}" if prefix else text
        if prefix:
            self.open(path, text, "a sentence about this tool", (prefix,))
            return
        self.readings.append(read_sentence(Statement(line, said, context, text), self.lexicon))

    def default(self, value: str, path: DataPath, context: Context) -> None:
        effect = keys.effect_of_value(value)
        if effect == DENY:
            self.say(path, value, (NativeRule("default", value="deny"),))
        elif effect == ALLOW and not context.roles and not context.doubt and len(path) <= 2:
            self.say(path, value, (NativeRule("default", value="allow"),))
        else:
            self.open(path, value, "not a default of the whole policy")

    # --- rules, limits, places ------------------------------------------------------------------------------------------

    def rule(self, rule: dict[str, Any], path: DataPath, context: Context) -> None:
        """Read a mapping that is one rule."""
        rest = dict(rule)
        tools: tuple[str, ...] = ()
        for key in list(rest):
            if key.lower() == "name" and any(
                k.lower() in _NAMING[:6] + _NAMING[6:7] for k in rest if k.lower() != "name"
            ):
                rest.pop(key)  # the rule's own name
            elif key.lower() in _NAMING and (not tools or key.lower() != "resource"):
                value = rest[key]
                if key.lower() in ("action", "actions") and keys.effect_of_value(value):
                    continue
                names = [value] if isinstance(value, str) else value
                if isinstance(names, list) and all(isinstance(n, str) for n in names):
                    names = [part.strip() for n in names for part in n.split(",")]
                    if all(
                        self.tool(n)
                        or is_tool_name(n)
                        or n == "*"
                        or (n.isidentifier() and key.lower() in ("tool", "tools", "name", "function", "operation"))
                        for n in names
                    ):
                        tools += tuple(self.tool(n) or n for n in names)
                        rest.pop(key)
        if not tools:
            self.open(path, rule, "a rule whose tools are not known")
            return
        self.qualified(tuple(dict.fromkeys(tools)), rest, path, context)

    def qualified(self, tools: tuple[str, ...], rest: dict[str, Any], path: DataPath, context: Context) -> None:
        said: Qualified = qualify(rest, tools, self.lexicon, context)
        bound = said.roles if said.roles != context.roles else context.bound
        effect = said.effect or context.effect
        rules: list[NativeRule] = []
        note = ""
        if effect == DENY:
            rules.append(NativeRule("denial", tools, bound, when=said.when))
            if said.unread:
                rules[0] = NativeRule("denial", tools, bound)
                note = f"forbidden whatever {', '.join(said.unread)} means"
                rules.append(review(self.statement(path, rest).text, f"not understood: {', '.join(said.unread)}"))
        else:
            rules += said.rules
            why = context.doubt or (f"not understood: {', '.join(said.unread)}" if said.unread else "")
            if effect in (ALLOW, ASK):
                if why:
                    text = self.statement(path, rest).text
                    rules.append(no_grant(text, why, tools))
                else:
                    rules.insert(0, NativeRule("grant", tools, said.roles, when=said.when))
                if effect == ASK:
                    rules.append(NativeRule("requirement", tools, said.roles, require=APPROVED))
            elif why or not rules:
                rules.append(review(self.statement(path, rest).text, why or "it says nothing that is read", tools))
        self.say(path, rest, tuple(rules), note)

    def bare_limit(self, tools: tuple[str, ...], value: Any, context: Context) -> tuple[NativeRule, ...]:
        amount = amount_of(value)
        assert amount is not None
        rules: list[NativeRule] = []
        for tool in tools:
            argument = argument_for(tool, self.lexicon, is_count(tool) and not amount.currency)
            floor = {"min": 0, "max": amount.number}
            rules.append(NativeRule("requirement", (tool,), context.roles, require={argument: floor}))
            rules += currency_rules((tool,), context.roles, amount.currency, self.lexicon)
        return tuple(rules)

    def limit(self, key: str, value: Any, path: DataPath, context: Context) -> None:
        """Read a limit, or a mapping of them by tool, by `tool.argument`, or by role."""
        if isinstance(value, dict):
            for name, bound in value.items():
                here = (*path, name)
                head, _, argument = name.rpartition(".")
                if name.lower() in self.roles and not context.roles:
                    self.limit(key, bound, here, context.with_(roles=role_names(name)))
                elif (
                    head
                    and (self.tool(head) or is_tool_name(head) or self.lexicon.exact(head))
                    and not isinstance(bound, dict)
                ):
                    self.bound((self.tool(head) or head,), argument, bound, here, context)
                elif (self.tool(name) or is_tool_name(name)) and not context.tools:
                    tool = self.tool(name) or name
                    if isinstance(bound, dict):
                        for argument, most in bound.items():
                            self.bound((tool,), argument, most, (*here, argument), context)
                    else:
                        self.tool_member(tool, bound, here, context.with_(effect=""))
                elif isinstance(bound, dict):
                    self.limit(name, bound, here, context)
                else:
                    self.bound(context.tools or ("*",), name, bound, here, context)
        elif context.tools:
            self.bound(context.tools, key, value, path, context)
        else:
            self.bound(("*",), key, value, path, context)

    def bound(self, tools: tuple[str, ...], argument: str, value: Any, path: DataPath, context: Context) -> None:
        text = self.statement(path, value).text
        amount = amount_of(value)
        is_named = bool(words_of(argument) - keys.LIMITING)
        if (
            amount is not None
            and is_named
            and tools != ("*",)
            and not context.roles
            and len(tools) == 1
            and not is_rate(argument)
        ):
            limit = NativeRule("limit", tools, key=argument, value=amount.number)
            self.say(path, value, (limit, *currency_rules(tools, (), amount.currency, self.lexicon)))
            return
        said = qualify({argument: value}, tools, self.lexicon, context)
        if said.unread or not said.rules:
            self.say(path, value, (review(text, "a limit that is not understood", () if tools == ("*",) else tools),))
        else:
            self.say(path, value, tuple(said.rules))

    def places(self, key: str, value: Any, path: DataPath, context: Context, effect: str) -> None:
        from gatling.policy.reading.conditions import destination_pattern

        items = value if isinstance(value, list) else [value]
        native = f"{'allowed' if effect == ALLOW else 'blocked'}_domains"
        if items and all(isinstance(i, str) and destination_pattern(i) and ("." in i or "@" in i) for i in items):
            if context.tools:
                self.say(path, value, (NativeRule("places", context.tools, value=items, key=native),))
            elif context.roles:
                note = "for everybody, not only for the role"
                self.say(path, value, (NativeRule("places", ("*",), value=items, key=native),), note)
            else:
                self.say(path, value, (NativeRule("places", ("*",), value=items, key=native),))
        else:
            self.open(path, value, "not hosts and addresses", context.tools)

    # --- resources ------------------------------------------------------------------------------------------------------

    def is_resource(self, key: str, value: dict[str, Any]) -> bool:
        return (
            bool(value)
            and all(deed_of(k) or keys.effect_of_key(k) for k in value)
            and any(deed_of(k) for k in value)
            and not keys.effect_of_key(key)
        )

    def resource(self, key: str, value: dict[str, Any], path: DataPath, context: Context) -> None:
        """`mail: {read: yes, send: no}`: deeds on one thing."""
        for verb, said in value.items():
            here = (*path, verb)
            effect = keys.effect_of_value(said)
            if context.effect == DENY:
                effect = DENY if effect == ALLOW else ""
            if not deed_of(verb):
                self.member(verb, said, here, context.with_(doubt=f"what {key} means is not known"))
            elif effect and not context.doubt:
                objects = tuple(map(root, split_words(key)))
                found = (
                    self.lexicon.denied(deed_of(verb), objects)
                    if effect == DENY
                    else self.lexicon.granted(deed_of(verb), objects)
                )
                perhaps = self.lexicon.perhaps(deed_of(verb), objects) if effect == DENY else ()
                if found:
                    self.verdict(effect, found, here, said, context)
                else:
                    self.open(here, said, f"no tool is known that can {verb} {key}")
                if perhaps:
                    self.open(here, said, "whether it means these tools too", perhaps)
            else:
                self.open(here, said, f"what is said of {verb} {key} is not read")


def _joined(outer: str, inner: str) -> str:
    return DENY if DENY in (outer, inner) else inner


_CONTAINERS = frozenset(
    "policy access control controls rules rule authorization authorisation security governance settings guardrails constraints "
    "restrictions scope config spec general global common defaults matrix agent acl entries statements".split()
)


_PATH_WORDS = frozenset("path paths file files folder folders directory directories".split())
_AGENTS = frozenset(("agents", "assistants", "bots", "teams", "departments"))
_THINGS = frozenset().union(*OBJECTS)


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
