"""From one record to one claim: each of its members says who, whether, what or how, or is left to somebody."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import Any

from gatling.policy.convert.claims import (
    Claim,
    Meant,
    hosts_in,
    phrase_claim,
    resolve,
    rules_of,
    tools_meant,
)
from gatling.policy.convert.keyed import KeyedReader
from gatling.policy.convert.qualities import NOTHING, When, bounds_in, condition, joined
from gatling.policy.convert.record_words import (
    APPROVAL,
    EFFECT,
    EVERYBODY,
    NO_APPROVAL,
    NO_NAMES,
    NOBODY,
    NOTE,
    NUMBERS,
    OBJECT,
    PREFIX,
    STRUCTURE,
    THINGS,
    TOOL,
    WHO,
    Around,
    are_deeds,
    are_names,
    are_operators,
    are_scalars,
    exceeds,
    flattened,
    is_of,
    is_role_word,
    stated_effect_of,
    tier_of,
    turned_by,
)
from gatling.policy.language import keys
from gatling.policy.language.amounts import amount_of
from gatling.policy.language.arguments import MONEY
from gatling.policy.language.classes import deed_in
from gatling.policy.language.concern import tools_of
from gatling.policy.language.deeds import deed_of, root
from gatling.policy.language.effects import Effect, effect_in
from gatling.policy.language.keys import ALLOW, ASK, DENY
from gatling.policy.language.lexicon import Lexicon, is_tool_name, role_names
from gatling.policy.language.matching import concerned, words_for
from gatling.policy.language.nature import is_default, is_remark, is_ruling
from gatling.policy.language.restrictions import APPROVED
from gatling.policy.language.statement import NativeRule, Reading, Statement, review
from gatling.policy.places import sends
from gatling.policy.reading.vocabulary import is_prose
from gatling.policy.source import DataPath, PolicySource, show_path
from gatling.schema.arguments import walk
from gatling.schema.plain import canonical_json, cut
from gatling.schema.words import split_words


class ClaimReader:
    """Reads the records of a tree, one at a time. What it does not understand of one is left to somebody."""

    def __init__(self, source: PolicySource, lexicon: Lexicon, keyed: KeyedReader) -> None:
        self.source, self.lexicon, self.keyed, self.roles = source, lexicon, keyed, keyed.roles
        self.readings: list[Reading] = []
        self.taken: set[DataPath] = set()
        self._values: Counter[str] | None = None
        self.legend: dict[str, str] = {}
        """What the source says that its own values mean, in lower case."""
        self.asides: list[str] = []
        """Sentences inside of the record that is read, which may be about other calls."""

    def effect_of(self, value: Any) -> str:
        """Return the effect that a value states, also by what the source says that it means."""
        return self.legend.get(str(value).strip().lower(), "") or stated_effect_of(value)

    @property
    def often(self) -> Counter[str]:
        """How often short values stand in the source, in lower case."""
        if self._values is None:
            self._values = Counter(
                n.strip().lower()
                for _, v in walk(self.source.data)
                if isinstance(v, str) and len(v) < 80
                for n in v.split(",")
            )
        return self._values

    def _are_roles(self, value: Any) -> bool:
        """Tell whether a value names roles: everybody, words for roles, or names that stand so at several places."""
        items = value if isinstance(value, list) else [value]
        if not items or not all(isinstance(i, str) for i in items):
            return False
        names = [n.strip().lower() for i in items for n in i.split(",")]
        return all(
            0 < len(n.split()) <= 3
            and not NO_NAMES.search(n)
            and (n in EVERYBODY | NOBODY or is_role_word(n) or n in self.roles or self.often[n] > 1)
            for n in names
        ) and not all(effect_in(n).effect and n not in EVERYBODY | NOBODY for n in names)

    def ruling(self, value: str) -> Effect:
        """Return what a cell says of a call, also by what the source says that it means."""
        known = self.legend.get(value.strip().lower(), "")
        return Effect(known, "") if known else effect_in(value)

    def _with_roles(self, around: Around, value: Any, key: str) -> Around:
        names = [value] if isinstance(value, str) else value
        names = [part.strip() for name in names for part in re.split(r",|/|\band\b|&|;", name) if part.strip()]
        if around.has_roles and not around.is_guess:
            return replace(around, doubt=f"what {key} says of a role is not read")
        if any(name.strip().lower() in EVERYBODY for name in names):
            return replace(around, roles=(), has_roles=True, is_guess=False)
        if any(re.search(r"[!<>=]|\b(?:not|except|but|without|only|if)\b", name) for name in names):
            return replace(around, doubt=f"whom {key} means is not clear")
        forms = tuple(dict.fromkeys(form for name in names for form in role_names(name)))
        return replace(around, roles=forms, has_roles=True, is_guess=False)

    def _names_tools(self, value: Any) -> bool:
        items = value if isinstance(value, list) else [value]
        return bool(items) and all(isinstance(i, str) and (is_tool_name(i) or self.lexicon.exact(i)) for i in items)

    def record(self, block: dict[str, Any], path: DataPath, around: Around) -> None:
        """Read one record, and the sentences in it by themselves."""
        self._record(block, path, around)
        self.say_asides(self.statement(path, block).line)

    def say_asides(self, line: int) -> None:
        """Leave the sentences inside of the record that was read to somebody: they may be about other calls than the record."""
        for text in self.asides:
            self.readings.append(Reading(Statement(line, text), (review(text, "a sentence beside a rule"),)))
        self.asides = []

    def _record(self, block: dict[str, Any], path: DataPath, around: Around) -> None:
        claim = Claim(around.effect, around.roles, around.is_guess, is_limit=around.is_limit)
        claim.around = list(around.words)
        claim.qualities = list(around.qualities)
        claim.left = [around.doubt] if around.doubt else []
        claim.text = self.statement(path, block).text
        flat = flattened(block)
        if flat and all(exceeds(key, value) for key, value in flat):
            self.use(path, block)
            return
        objects: list[str] = []
        who = around
        said_who = any(is_of(key, WHO) and are_names(value) for key, value in flat)
        for key, value in flat:
            words = set(split_words(key)) or {key.strip()}
            if value in (None, "") or (words <= NUMBERS and re.fullmatch(r"[A-Za-z]{0,3}[.-]?\d{0,4}", str(value))):
                continue
            if (isinstance(value, dict) and not are_operators(value)) or (
                isinstance(value, list) and not are_scalars(value)
            ):
                claim.left.append(key)
                continue
            if key.lower() == "by" and claim.effect == ASK:
                continue
            if exceeds(key, value):
                continue  # what exceeds a bound is not granted, whatever is said of it
            if is_of(key, WHO) and are_names(value):
                who = self._with_roles(who, value, key)
                claim.roles, claim.is_guess = who.roles, who.is_guess
                claim.left += [who.doubt] if who.doubt and who.doubt != around.doubt else []
            elif words & APPROVAL and words <= APPROVAL | EFFECT | {
                "required",
                "needed",
                "needs",
                "by",
                "of",
            }:
                self._effect(claim, self._approval(value))
            elif words <= EFFECT | {"x", "required"} and (said := self.effect_of(value)):
                self._effect(claim, said)
            elif is_of(key, TOOL) and are_names(value):
                names = [value] if isinstance(value, str) else value
                for name in names:
                    deeper = keys.effect_of_value(name)
                    if deeper and not tools_meant(name, self.lexicon):
                        self._effect(claim, deeper)
                    else:
                        claim.actions.append(name)
            elif words & OBJECT and words <= OBJECT | {"name", "type"} and are_names(value):
                objects += [value] if isinstance(value, str) else value
            elif words and words <= NOTE:
                self._remark(claim, key, value)
            else:
                self._quality(claim, key, value)
        self._place_objects(claim, objects)
        tiers = [(key, value, tier) for key, value in claim.qualities if (tier := tier_of(key, value)) is not None]
        if tiers and claim.effect in ("", ALLOW):
            rest = [quality for quality in claim.qualities if tier_of(*quality) is None]
            free = max((amount_of(value).number for _, value, tier in tiers if tier.effect == ALLOW), default=None)  # type: ignore[union-attr]
            for key, value, tier in tiers:
                bound = amount_of(value)
                if tier.effect == ASK and free is not None and bound is not None and bound.number > free:
                    value = f"({free}..{bound.number}]"
                text = f"{claim.text} [{key}]" if len(tiers) > 1 else claim.text
                one = replace(
                    claim, effect=tier.effect, qualities=[*rest, (tier.rest, value)], text=text, is_limit=True
                )
                self.finish(one, path, block, who)
            return
        is_named = bool(claim.actions or (claim.around and tools_meant(claim.around[-1], self.lexicon)))
        if not claim.effect and (who.has_roles or said_who) and is_named and not claim.is_limit:
            claim.effect = ALLOW
        above = claim.around[-1] if claim.around else ""
        if (
            not claim.actions
            and is_tool_name(above)
            and self.lexicon.is_closed
            and not tools_meant(above, self.lexicon)
        ):
            self.say(path, block, (), f"no tool that is known has the name {above}")
            return
        self.finish(claim, path, block, who)

    def _approval(self, value: Any) -> str:
        """Return the effect of `approval: no`, `approval: head of purchasing`, `approved_by: never`."""
        if value is False or (isinstance(value, str) and value.strip().lower() in NO_APPROVAL):
            return ALLOW
        said = effect_in(str(value))
        return DENY if said.effect == DENY else ASK

    def _effect(self, claim: Claim, effect: str) -> None:
        if claim.effect and claim.effect != effect:
            effect = DENY if DENY in (claim.effect, effect) else ASK
        claim.effect = effect

    def _remark(self, claim: Claim, key: str, value: Any) -> None:
        """Read a note: by whom it is approved, or a bound. Any other that is no remark is a sentence, and the record grants nothing."""
        text = str(value).strip()
        if is_remark(text, key=key) or (claim.effect == ASK and re.match(r"(?i)by (?:the |an? )?[\w' -]+$", text)):
            return
        said = effect_in(text)
        if (
            claim.effect == DENY == said.effect
            and len(said.rest.split()) <= 3
            and not any(map(deed_in, said.rest.split()))
        ):
            return  # `never by software`
        bounds, left = bounds_in(text)
        if (bounds and len(left.split()) <= 2) or text.lower().replace("-", " ") == "read only":
            claim.qualities.append(("", text))
            return
        claim.left.append(text)
        self.aside(text, key)

    def aside(self, text: str, key: str = "") -> None:
        """Keep a sentence inside of a record, which may be about other calls than the record."""
        is_value = bool(bounds_in(text)[0]) or amount_of(text) is not None or len(text.split()) < 2
        is_note = bool(key) and set(split_words(key)) <= NOTE
        if is_prose(text) or ((is_note or is_ruling(text)) and not is_value):
            self.asides += [] if is_remark(text, key=key) else [text]

    def _quality(self, claim: Claim, key: str, value: Any) -> None:
        """Read a member that is neither who, whether nor what: a bound, a value, or all of these in one key."""
        if isinstance(value, str) and value.strip().lower() in NOTHING - {"-", "\u2013", "\u2014"} and claim.around:
            return
        words = [w for w in split_words(key) if w.isalnum()]
        said = effect_in(" ".join(words))
        switch = keys.effect_of_value(value) or self.legend.get(str(value).strip().lower(), "")
        prefix = PREFIX.fullmatch(" ".join(words))
        if prefix:
            self._effect(
                claim,
                turned_by(DENY if re.search(r"not|never|cannot", prefix.group(1)) else ALLOW, switch) if switch else "",
            )
            claim.actions.append(prefix.group(2))
            if not switch:
                claim.left.append(f"{key}: {value}")
            return
        if not switch and not claim.actions and not claim.roles and self._are_roles(value):
            above = [Claim(actions=[form]) for form in (" ".join([*claim.around[-1:], *words]), " ".join(words))]
            if any(resolve(c, self.lexicon) for c in above) or (self.lexicon.is_closed and any(map(deed_of, words))):
                names = [v.strip() for item in (value if isinstance(value, list) else [value]) for v in item.split(",")]
                self._effect(claim, DENY if any(n.lower() in NOBODY for n in names) else ALLOW)
                claim.actions.append(" ".join(words))
                if not any(n.lower() in EVERYBODY | NOBODY for n in names):
                    claim.roles = tuple(dict.fromkeys(form for n in names for form in role_names(n)))
                return
        if isinstance(value, str) and not switch and not claim.actions and are_deeds(value):
            claim.actions = [
                f"{deed} {' '.join(words)}" for deed in re.split(r"\s*(?:,|/|&|\+|\band\b)\s*", value.strip())
            ]
            self._effect(claim, ALLOW)
            return
        if isinstance(value, str) and not switch:
            inside = effect_in(value)
            if inside.effect and not claim.effect and not claim.actions:
                if len(inside.rest.split()) > 3:
                    self.aside(value)
                claim.actions.append(" ".join(words))
                self._effect(claim, inside.effect)
                self.rest(claim, inside.rest)
                return
        if switch and said.effect and said.rest and not claim.actions and tools_meant(said.rest, self.lexicon):
            turned = turned_by(said.effect, switch)
            self._effect(claim, turned)
            claim.actions.append(said.rest)
            claim.left += [] if turned else [f"{key}: {value}"]
            return
        if switch and not claim.actions and not claim.is_limit:
            meant = tools_meant(" ".join(words), self.lexicon)
            if meant or not (claim.around and tools_meant(claim.around[-1], self.lexicon)):
                self._effect(claim, switch if not said.effect or meant else "")
                claim.actions.append(" ".join(words))
                if said.effect and not meant:
                    claim.left.append(f"{key}: {value}")
                return
        if not claim.actions and tools_meant(" ".join(words), self.lexicon):
            claim.actions.append(" ".join(words))
            claim.left.append(f"{key}: {value}")
            return
        if isinstance(value, str) and is_prose(value) and not bounds_in(value)[0]:
            self.aside(value)
        claim.qualities.append((key, value))

    def rest(self, claim: Claim, rest: str) -> None:
        """Read what stands beside an effect in a value: for whom, or how much."""
        text = rest.strip()
        if not text or text.lower() in NOTHING:
            return
        names = [part.strip() for part in re.split(r",|/|\band\b|&|;|\s{2,}", text) if part.strip()]
        if claim.effect == ASK and len(text.split()) <= 3 and not re.search(r"[\d<>=]", text):
            return  # whose approval it is
        if all(name.lower() in EVERYBODY for name in names):
            return
        if (
            not claim.roles
            and claim.effect != DENY
            and not NO_NAMES.search(text)
            and all(len(n.split()) <= 3 for n in names)
        ):
            claim.roles = tuple(dict.fromkeys(form for name in names for form in role_names(name)))
            return
        claim.qualities.append(("", text))

    def _place_objects(self, claim: Claim, objects: list[str]) -> None:
        """Put the things that a record is about to its deeds, or take them for places."""
        if not objects:
            return
        if all("/" in o or "*" in o for o in objects):
            claim.qualities.append(("path", objects))
        elif claim.actions:
            claim.actions = [f"{action} {thing}" for action in claim.actions for thing in objects]
        else:
            claim.actions = list(objects)

    def item(self, item: Any, path: DataPath, around: Around) -> None:
        """Read one item of a list: a tool, or a phrase."""
        if not isinstance(item, str) or item.lstrip()[:1] in "!-~^":
            self.unread(path, item, "not the name of a tool", ())
            return
        if around.effect == DENY and not around.qualities and is_default(f"{item}: denied"):
            self.say(path, item, (NativeRule("default", value="deny"),))  # `denied: [everything else]`
            return
        effect = around.effect or (ALLOW if around.has_roles or around.qualities or around.words else "")
        deeper = keys.effect_of_value(item)
        if deeper and not tools_meant(item, self.lexicon):
            effect, text = deeper, ""
        else:
            text = item
        claim, meant = phrase_claim(text, effect, around.roles, self.lexicon)
        claim.is_guess, claim.is_limit = around.is_guess, around.is_limit
        claim.around, claim.qualities = list(around.words), [*around.qualities, *claim.qualities]
        claim.left += [around.doubt] if around.doubt else []
        claim.text = self.statement(path, item).text
        if meant is not None and not meant.beside:
            meant = Meant(meant.tools, around.words)  # what stands above may say for whom
        if not text:
            claim.actions = ["*"]
            meant = Meant(tuple(self.lexicon.names), ()) if self.lexicon.is_closed and claim.qualities else None
        self.finish(claim, path, item, around, meant)

    def finish(self, claim: Claim, path: DataPath, value: Any, who: Around, meant: Meant | None = None) -> None:
        """Write what a claim becomes."""
        is_all = not claim.qualities and not claim.left and not claim.roles and not claim.around
        if (
            claim.effect == DENY
            and is_all
            and all(a.strip().lower() in EVERYBODY | {"everything", "anything"} for a in claim.actions)
        ):
            self.say(path, value, (NativeRule("default", value="deny"),), "the rest is denied")
            return
        meant = meant or resolve(claim, self.lexicon) or self._of_money(claim)
        if meant is not None:
            self._beside(claim, meant, who)
        if not claim.effect:
            self._bound(claim, path, value, meant)
            return
        rules, note = rules_of(claim, meant, self.lexicon)
        self.say(path, value, rules, note)

    def _of_money(self, claim: Claim) -> Meant | None:
        """Return the one tool that moves money for a thing, where a section of that name says how much: `vouchers: up to 15 EUR`."""
        bounds = [v for k, v in claim.qualities if amount_of(v) is not None or (isinstance(v, str) and bounds_in(v)[0])]
        if (
            claim.actions
            or not claim.around
            or not bounds
            or len(bounds) < len(claim.qualities)
            or claim.effect == DENY
        ):
            return None
        said = set(words_for(claim.around[-1]))
        found = tuple(
            tool
            for tool in self.lexicon.names
            if said <= set(words_for(tool))
            and (spec := self.lexicon.specs.get(tool))
            and any(set(words_for(p.name)) & MONEY and p.type in ("number", "integer") for p in spec.parameters)
        )
        return Meant(found, tuple(claim.around[:-1])) if len(found) == 1 else None

    def _beside(self, claim: Claim, meant: Meant, who: Around) -> None:
        """Read what stands above a claim and does not say which tools it means: a topic, or the role that it is for."""
        said = {w for tool in meant.tools for w in words_for(tool)}
        for word in meant.beside:
            own = {w for w in words_for(word) if w not in map(root, STRUCTURE)}
            if own <= said | THINGS and own & said:
                continue
            if not claim.roles and not who.has_roles and len(split_words(word)) <= 4:
                claim.roles, claim.is_guess = role_names(word), True
            else:
                claim.left.append(word)

    def _bound(self, claim: Claim, path: DataPath, value: Any, meant: Meant | None) -> None:
        """Read a record without an effect: a bound of tools that other records may grant."""
        tools = meant.tools if meant else ()
        rules: list[NativeRule] = []
        placed = [quality for quality in claim.qualities if quality[0] in ("path", "environment")]
        for key, wanted in (
            claim.qualities if len(placed) == len(claim.qualities) else [q for q in claim.qualities if q not in placed]
        ):
            if hosts := hosts_in(key, wanted):
                going = tools or tuple(t for t in concerned(" ".join([*claim.around, key]), self.lexicon) if sends(t))
                rules += [
                    NativeRule("places", (tool,), claim.bound, value=hosts, key="allowed_domains") for tool in going
                ]
                if going:
                    continue
            about = tools or tuple(
                t for t in self.lexicon.names if condition(t, key, wanted, self.lexicon, is_limit=claim.is_limit)
            )
            if not meant and claim.around:
                above = {w for word in claim.around for w in words_for(word)}
                near = tuple(t for t in about if above & set(words_for(t)))
                about = near or about
            for tool in about:
                require = condition(tool, key, wanted, self.lexicon, is_limit=claim.is_limit)
                when = self._within(tool, placed if (key, wanted) not in placed else [])
                if require and when is not None:
                    rules.append(NativeRule("requirement", (tool,), claim.bound, when=when, require=require))
                else:
                    about = ()
            if not about:
                self._unread_within(claim, path, value, tools)
                return
        if claim.left or not rules:
            self._unread_within(claim, path, value, tools)
            return
        self.say(path, value, tuple(rules))

    def _within(self, tool: str, placed: list[tuple[str, Any]]) -> When | None:
        """Return the places and environments as conditions on a tool; None if they are not understood."""
        when: When = {}
        for key, wanted in placed:
            found = condition(tool, key, wanted, self.lexicon)
            both = joined(when, found) if found else None
            if both is None:
                return None
            when = both
        return when

    def _unread_within(self, claim: Claim, path: DataPath, value: Any, tools: tuple[str, ...]) -> None:
        """Leave a part to somebody. Where it stands below a place or an environment, it is about the calls there alone, and these
        need an approval."""
        named = tuple(t for action in claim.actions for t in tools_meant(action, self.lexicon))
        about = tools or named or tools_of(self.statement(path, value).text, self.lexicon)
        placed = [quality for quality in claim.qualities if quality[0] in ("path", "environment")]
        rules = []
        for tool in about if placed else ():
            when = self._within(tool, placed)
            if when is None:
                self.unread(path, value, "a part whose effect is not known", tools)
                return
            rules.append(NativeRule("requirement", (tool,), when=when, require=APPROVED))
        if rules:
            self.say(path, value, tuple(rules), "an approval is wanted there, whatever it means")
        else:
            self.unread(path, value, "a part whose effect is not known", tools)

    def statement(self, path: DataPath, value: Any) -> Statement:
        where = path
        while where and where not in self.source.lines:
            where = where[:-1]
        shown = value if isinstance(value, str) else canonical_json(value)
        text = f"{show_path(path)}: {cut(shown, 300)}" if path else cut(shown, 300)
        above = tuple(part for part in path if isinstance(part, str))
        key = above[-1] if above else ""
        return Statement(self.source.lines.get(where, 1), " ".join(text.split()), value=value, key=key, above=above)

    def say(self, path: DataPath, value: Any, rules: tuple[NativeRule, ...], note: str = "") -> None:
        self.readings.append(Reading(self.statement(path, value), rules, note))

    def use(self, path: DataPath, value: Any) -> None:
        """Say that a member is part of what stands beside or below it."""
        self.readings.append(Reading(self.statement(path, value), is_part=True))

    def unread(self, path: DataPath, value: Any, reason: str, tools: tuple[str, ...]) -> None:
        said = self.statement(path, value)
        self.say(path, value, (review(said.text, reason, tools),))
