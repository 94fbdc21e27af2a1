"""What the readers of mappings and lists share: where they are, what they have found, and what a name is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gatling.policy.language import keys
from gatling.policy.language.keys import ALLOW, DENY
from gatling.policy.language.lexicon import Lexicon
from gatling.policy.language.restrictions import APPROVED
from gatling.policy.language.sentences import read_sentence
from gatling.policy.language.statement import GUESSED, Context, NativeRule, Reading, Statement, review
from gatling.policy.source import DataPath, PolicySource, show_path
from gatling.policy.unread import mentions
from gatling.schema.plain import canonical_json, cut

_NOWHERE = Context()


@dataclass
class KeyedBase:
    """One walk through data."""

    source: PolicySource
    lexicon: Lexicon
    roles: frozenset[str] = frozenset()
    """Names of roles, lower case, that stand under a key for roles."""
    readings: list[Reading] = field(default_factory=list)

    def say(self, path: DataPath, value: Any, rules: tuple[NativeRule, ...], note: str = "") -> None:
        self.readings.append(Reading(self.statement(path, value), rules, note))

    def use(self, path: DataPath, value: Any) -> None:
        """Say that a member is part of what stands beside or below it."""
        self.readings.append(Reading(self.statement(path, value), is_part=True))

    def statement(self, path: DataPath, value: Any, context: Context = _NOWHERE) -> Statement:
        where = path
        while where and where not in self.source.lines:
            where = where[:-1]
        shown = value if isinstance(value, str) else canonical_json(value)
        text = f"{show_path(path)}: {cut(shown, 300)}"
        above = tuple(part for part in path if isinstance(part, str))
        key = above[-1] if above else ""
        return Statement(self.source.lines.get(where, 1), " ".join(text.split()), context, value, key, above)

    def open(self, path: DataPath, value: Any, reason: str, tools: tuple[str, ...] = ()) -> None:
        self.say(path, value, (review(self.statement(path, value).text, reason, tools),))

    def tool(self, key: str) -> str:
        """Return the tool, or the pattern of tools, that a key names; empty if it names none."""
        exact = self.lexicon.exact(key)
        if exact:
            return exact
        return key if keys.may_name_tool(key) else ""

    def related(self, text: str) -> tuple[str, ...]:
        """Return what a denied thing is about: every call, if no tool that is known has a word of it."""
        said = mentions((), text)
        return () if any(leaf.may_mean(name) for leaf in said for name in self.lexicon.names) else ("*",)

    def sentence(self, text: str, path: DataPath, context: Context, *, prefix: str = "", shown: Any = None) -> None:
        whole = self.statement(path, text if shown is None else shown)
        said = f"{prefix}: {text}" if prefix else text
        if prefix:
            self.open(path, text, "a sentence about this tool", (prefix,))
            return
        self.readings.append(read_sentence(Statement(whole.line, said, context, text, above=whole.above), self.lexicon))

    def verdict(self, effect: str, tools: tuple[str, ...], path: DataPath, value: Any, context: Context) -> None:
        match effect:
            case "allow" if context.doubt:
                self.open(path, value, f"nothing is granted: {context.doubt}", tools)
            case "allow":
                self.say(path, value, (NativeRule("grant", tools, context.roles),))
            case "deny":
                note = f"forbidden everywhere: {context.doubt}" if context.doubt else ""
                guess = context.roles if context.is_guess and not context.doubt else ()
                doubt = context.doubt or (GUESSED if guess else "")
                self.say(path, value, (NativeRule("denial", tools, context.bound, doubt=doubt, guess=guess),), note)
            case _:
                rules = (NativeRule("requirement", tools, context.roles, require=APPROVED),)
                self.say(path, value, rules if context.doubt else (NativeRule("grant", tools, context.roles), *rules))

    def default(self, value: str, path: DataPath, context: Context) -> None:
        effect = keys.effect_of_value(value)
        if effect == DENY:
            self.say(path, value, (NativeRule("default", value="deny"),))
        elif effect == ALLOW and not context.roles and not context.doubt and len(path) <= 2:
            self.say(path, value, (NativeRule("default", value="allow"),))
        else:
            self.open(path, value, "not a default of the whole policy")

    # How the walk goes on below a part is for `KeyedReader` to say.

    def block(self, block: Any, path: DataPath, context: Context) -> None:
        """Read a mapping or a list where rules may stand."""
        raise NotImplementedError

    def member(self, key: str, value: Any, path: DataPath, context: Context) -> None:
        """Read one member of a mapping."""
        raise NotImplementedError
