"""Lists under an effect: names, patterns, phrases, rules; and deeds on one thing."""

from __future__ import annotations

from typing import Any

from gatling.policy.convert.keyed_entries import NAMING, EntryReader
from gatling.policy.language import keys
from gatling.policy.language.deeds import OBJECTS, deed_of, root
from gatling.policy.language.keys import ALLOW, ASK, DENY
from gatling.policy.language.lexicon import is_tool_name, role_names
from gatling.policy.language.statement import Context
from gatling.policy.reading.vocabulary import words_of
from gatling.policy.source import DataPath
from gatling.schema.words import split_words

THINGS = frozenset().union(*OBJECTS)


class ListReader(EntryReader):
    """Reads what stands under an effect."""

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
                if isinstance(item, dict) and any(k.lower() in NAMING for k in item):
                    self.rule(item, (*path, i), context)
                else:
                    self.item(item, (*path, i), context)
        elif context.roles or context.effect:
            self.listed(value, path, context.with_(effect=context.effect or ALLOW))
        else:
            self.open(path, value, "a list of tools that does not say what is allowed: nothing is granted", ())

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
                    or (deed_of(name) and not isinstance(item, list) and root(name) not in THINGS)
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
                self.use(path, value)
            elif effect:
                self.verdict(effect, context.tools, path, value, context)
        elif value is not None:
            self.open(path, value, "not the name of a tool", context.tools)

    def item(self, item: Any, path: DataPath, context: Context) -> None:
        """Read one item of a list: the name of a tool, a phrase or a sentence, or a rule."""
        if isinstance(item, dict):
            if self.is_rule(item) or (context.effect and any(k.lower() in NAMING for k in item)):
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
