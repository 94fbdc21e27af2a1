"""Rules about named tools: rule objects, entries, limits and places."""

from __future__ import annotations

from typing import Any

from gatling.policy.convert.keyed_base import KeyedBase
from gatling.policy.convert.qualifiers import Qualified, is_rate, qualify
from gatling.policy.language import keys
from gatling.policy.language.amounts import amount_of
from gatling.policy.language.keys import ALLOW, ASK, DENY
from gatling.policy.language.lexicon import is_tool_name, role_names
from gatling.policy.language.restrictions import APPROVED, argument_for, currency_rules, is_count
from gatling.policy.language.statement import GUESSED, Context, NativeRule, no_grant, review
from gatling.policy.reading.conditions import destination_pattern
from gatling.policy.reading.vocabulary import is_prose, words_of
from gatling.policy.source import DataPath

_RULE_KEYS = frozenset(
    "effect decision verdict permission allow allowed action type then policy rule access status".split()
)
NAMING = frozenset("tool tools operation operations action actions function name command api call resource".split())
"""Keys that name the tools of a rule."""


class EntryReader(KeyedBase):
    """Reads what is said of tools that are named."""

    def is_rule(self, block: dict[str, Any]) -> bool:
        """Tell whether a mapping is one rule: it names tools and says what of them."""
        named = [k for k in block if k.lower() in NAMING and isinstance(block[k], (str, list))]
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

    def rule(self, rule: dict[str, Any], path: DataPath, context: Context) -> None:
        """Read a mapping that is one rule."""
        rest = dict(rule)
        tools: tuple[str, ...] = ()
        for key in list(rest):
            if key.lower() == "name" and any(k.lower() in NAMING - {"name", "resource"} for k in rest):
                rest.pop(key)  # the rule's own name
            elif key.lower() in NAMING and (not tools or key.lower() != "resource"):
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
            guess = context.roles if context.is_guess and said.roles == context.roles else ()
            rules.append(NativeRule("denial", tools, bound, said.when, doubt=GUESSED if guess else "", guess=guess))
            if said.unread:
                rules[0] = NativeRule("denial", tools, bound, doubt=f"{', '.join(said.unread)} is not understood")
                note = f"forbidden whatever {', '.join(said.unread)} means"
                rules.append(review(self.statement(path, rest).text, f"not understood: {', '.join(said.unread)}"))
        else:
            rules += said.rules
            why = context.doubt or (f"not understood: {', '.join(said.unread)}" if said.unread else "")
            if effect in (ALLOW, ASK):
                if why:
                    text = self.statement(path, rest).text
                    rules.append(no_grant(text, why, tools, said.roles))
                else:
                    rules.insert(0, NativeRule("grant", tools, said.roles, when=said.when))
                if effect == ASK:
                    rules.append(NativeRule("requirement", tools, said.roles, require=APPROVED))
            elif why or not rules:
                rules.append(review(self.statement(path, rest).text, why or "it says nothing that is read", tools))
        self.say(path, rest, tuple(rules), note)

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
