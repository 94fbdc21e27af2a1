"""Which blocks of a tree are entries of tools that are known, whose they are, and what is no entry and says nothing of calls."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import Any

from gatling.policy.convert.entries import EXPLAINING, Case, EntryParser, rules_of_case, verdict_of
from gatling.policy.convert.keyed import INHERITS
from gatling.policy.convert.notes import is_comment_member
from gatling.policy.convert.record_claims import ClaimReader
from gatling.policy.convert.record_words import EFFECT, ELSE, EVERYBODY, STRUCTURE, WHO, Around, is_of, is_role_word
from gatling.policy.language import keys
from gatling.policy.language.administration import is_administrative, is_purpose
from gatling.policy.language.concern import tools_of
from gatling.policy.language.deeds import root
from gatling.policy.language.effects import effect_in
from gatling.policy.language.keys import ASK, DENY
from gatling.policy.language.lexicon import Lexicon, role_names
from gatling.policy.language.matching import words_for
from gatling.policy.language.nature import is_remark, is_ruling
from gatling.policy.language.scope import is_reason
from gatling.policy.language.statement import NativeRule, Reading, Statement, review
from gatling.policy.source import DataPath
from gatling.schema.arguments import walk
from gatling.schema.words import split_words

_SOMETIMES = frozenset(
    "emergency emergencies incident incidents maintenance migration holiday holidays weekend night test trial pilot beta dry drill freeze audit "
    "exceptions exception break glass oncall outage fallback degraded offline".split()
)
"""Labels above entries that may say when these hold."""
_MATCHED = frozenset(
    "here listed named match matches matched applies mentioned found rule rules table list above below covered specified defined row line entry".split()
)
_NOT = frozenset(
    "not no nothing nobody none un unlisted unmatched unspecified undefined unnamed implicit implicitly missing absent uncovered".split()
)
_OF_DEFAULTS = (
    ELSE
    | _MATCHED
    | _NOT
    | frozenset(
        "what is are if when whatever that in this it on any all action effect verdict decision answer access policy behaviour behavior tools tool calls the to do does".split()
    )
)
_STRATEGY = frozenset(
    "strategy mode model approach posture stance default defaults type semantics evaluation baseline principle".split()
)
_CLOSED = re.compile(
    r"(?:white|allow)[ _-]?list(?:ed|ing)?(?: only)?|deny[ _-]by[ _-]default|default[ _-]deny|deny[ _-]all|closed|restrictive|opt[ _-]in|fail[ _-]closed|"
    r"deny[ _-]unless[ _-](?:allowed|permitted|listed)|least[ _-]privilege",
    re.IGNORECASE,
)
_NORM = re.compile(
    r"\b(?:never|must|may|shall|cannot|can't|not|no|nobody|except|unless|only if|forbid\w*|until|allowed|permitted|expires?|valid)\b",
    re.IGNORECASE,
)


_WHOLE = EVERYBODY | {
    "everything",
    "anything",
    "everything else",
    "anything else",
    "the rest",
    "all else",
    "all others",
}
_NOT_AMONG = frozenset("if when is not in for list the of roles role who users".split())
"""`if_not_in_for: off`, where `for` lists people."""
_PAST_BOUNDS = frozenset("if when over above beyond outside exceeding exceeded exceeds more than of".split())
_BOUNDS = frozenset("max maximum limit limits bound bounds cap that the a an any range".split())


def _is_past(words: set[str]) -> bool:
    """Tell whether words only say that a bound is passed: `over_max`, `outside_limits`. Such a call is not granted anyway."""
    return (
        bool(words & (_PAST_BOUNDS - {"if", "when", "of"}))
        and bool(words & _BOUNDS)
        and words <= _PAST_BOUNDS | _BOUNDS
    )


def default_of(key: str, value: Any) -> str:
    """Return the effect that a member gives to what the policy does not name, or to what is past its bounds, if it denies that;
    empty if it is not about that."""
    words = {w.lower() for w in split_words(key) if w.isalnum()}
    one = next(iter(value.items())) if isinstance(value, dict) and len(value) == 1 else ("", value)
    inner = words | {w.lower() for w in split_words(one[0]) if w.isalnum()}
    is_rest = _is_past(inner) or ({"not", "in"} < words <= _NOT_AMONG and not one[0])
    if is_rest and not isinstance(one[1], (dict, list)) and verdict_of(one[1]) == DENY:
        return DENY
    if isinstance(value, str) and words <= _STRATEGY and _CLOSED.fullmatch(value.strip()):
        return DENY
    said = bool(words & (ELSE | (_NOT - {"not", "no"}))) or bool(words & _NOT and words & _MATCHED)
    if not said or not words <= _OF_DEFAULTS:
        return ""
    if isinstance(value, dict):
        rest = {k: v for k, v in value.items() if v not in (None, "", [], {})}
        if len(rest) != 1:
            return ""
        value = next(iter(rest.values()))
    if isinstance(value, str) and value.strip().lower() in ("nobody", "none", "no one"):
        return DENY
    return verdict_of(value) or (DENY if isinstance(value, str) and _CLOSED.fullmatch(value.strip()) else "")


def inferred_roles(data: Any, lexicon: Lexicon) -> frozenset[str]:
    """Return keys that stand below at least two tools with an effect each, and are parameters of none: those are roles."""
    counts: Counter[str] = Counter()
    for path, value in walk(data):
        if not isinstance(value, dict) or not path:
            continue
        head = next((p for p in reversed(path) if isinstance(p, str)), "")
        names = [lexicon.exact(head), *(lexicon.exact(v) for v in value.values() if isinstance(v, str))]
        tool = next(filter(None, names), "")
        if not tool or tool not in lexicon.specs:
            continue
        own = {w for p in lexicon.specs[tool].parameters for w in words_for(p.name)}
        for key, said in value.items():
            effect = verdict_of(said) if not isinstance(said, list) else verdict_of(said[0]) if said else ""
            if (
                effect
                and not own & set(words_for(key))
                and not _NORM.search(key)
                and not verdict_of(key)
                and not keys.effect_of_key(key)
                and re.fullmatch(r"[A-Za-z][\w .-]*", key)
            ):
                counts[key.lower()] += 1
    words_of_effects = frozenset(
        "effect decision verdict status answer mode action enabled active log result outcome access permission can may then".split()
    )
    return frozenset(key for key, count in counts.items() if count > 1 and key not in words_of_effects)


class NamedEntryReader(ClaimReader):
    """Reads blocks that name tools. What it does not take is left to the reader of records."""

    taken: set[DataPath]
    """Members of entries that were read."""
    _bindings: dict[str, tuple[str, ...]] | None = None
    _entry_roles: frozenset[str] | None = None

    @property
    def entry_roles(self) -> frozenset[str]:
        if self._entry_roles is None:
            self._entry_roles = self.roles | self.lexicon.roles | inferred_roles(self.source.data, self.lexicon)
        return self._entry_roles

    def tools_of_entry(self, block: dict[str, Any], path: DataPath) -> tuple[tuple[str, ...], str]:
        """Return the tools that a block is an entry of, and the member that names them."""
        parser = EntryParser(self.lexicon, self.entry_roles)
        for key, value in block.items():
            if (
                isinstance(value, (str, list))
                and _NORM.search(" ".join(split_words(key)))
                and parser.names_tools(value)
            ):
                return (), ""
            if isinstance(value, (str, list)) and not is_of(key, WHO) and (found := parser.names_tools(value)):
                if (
                    keys.effect_of_key(key)
                    and keys.is_plain_effect(key)
                    and key.lower() not in ("action", "actions", "operations", "can_do")
                ):
                    return (), ""
                return found, key
        head = next((p for p in reversed(path) if isinstance(p, str)), "")
        exact = self.lexicon.exact(head) if path and (path[-1] == head or path[-2:-1] == (head,)) else ""
        return ((exact,) if exact else ()), ""

    def entry(self, block: dict[str, Any], path: DataPath, around: Around) -> bool:
        """Read a block as an entry; tell whether it is one."""
        if not self.lexicon.is_closed or not self.lexicon.specs:
            return False
        tools, named = self.tools_of_entry(block, path)
        if not tools or not all(tool in self.lexicon.specs for tool in tools):
            return False
        inner = [v for v in block.values() if isinstance(v, (dict, list))]
        others = {self.lexicon.exact(p) for v in inner for p in _names_within(v)} - {"", *tools}
        if others:
            return False  # it holds entries of other tools
        parser = EntryParser(self.lexicon, self.entry_roles, self.legend, self.often)
        parser.taken = frozenset(p.name.lower() for tool in tools for p in self.lexicon.specs[tool].parameters)
        case = self._around(around, tools, named)
        label = next((p for p in reversed(path) if isinstance(p, str)), "")
        if (bound := self.bindings.get(label)) is not None and case.roles is None:
            case.roles = bound
        elif self.bindings and case.roles is None:
            case.left.append("who has this permission")
        self.taken |= {(*path, *inner) for inner, _ in walk(block) if inner}
        parser.read(block, case, skip=(named,) if named else ())
        said = self.statement(path, block)
        for one in parser.cases:
            if not (one.effect or one.roles is not None or one.asks or one.wants or one.left):
                continue
            rules, note = rules_of_case(one, tools, self.lexicon, said.text)
            self.say(path, block, rules, note)
        is_denied = bool(parser.cases) and all(one.effect == DENY for one in parser.cases)
        for key, text in parser.remarks:
            self.beside(path, key, text, tools, is_denied=is_denied)
        return True

    def denies_the_rest(self, block: dict[str, Any], path: DataPath) -> bool:
        """Read `{op: any, role: any, verdict: DROP}`: what no entry names is denied; tell whether a block is that."""
        said = [(key, value) for key, value in block.items() if value not in (None, "", [], {})]
        effects = [verdict_of(value) for key, value in said if set(split_words(key)) <= EFFECT | {"action", "mode"}]
        whole = [str(value).strip().lower().replace("_", " ") in _WHOLE for _, value in said]
        others = [
            v
            for (k, v), w in zip(said, whole, strict=True)
            if not w and not set(split_words(k)) <= EFFECT | {"action", "mode"}
        ]
        if effects != [DENY] or not any(whole) or not all(isinstance(v, (int, float)) for v in others):
            return False
        self.say(path, block, (NativeRule("default", value="deny"),))
        return True

    def one_effect(self, key: str, value: Any, path: DataPath, around: Around) -> bool:
        """Read `send_money: always`, below whatever stands above it; tell whether it is that."""
        if isinstance(value, (dict, list)) or not self.lexicon.exact(key) or not verdict_of(value):
            return False
        return self.entry({"effect": value}, path, replace(around, words=(*around.words, key)))

    def beside(self, path: DataPath, key: str, text: str, tools: tuple[str, ...], *, is_denied: bool) -> None:
        """Leave a remark inside of an entry to somebody. What an entry that denies says of why is part of it, unless it forbids more."""
        where = self.statement((*path, key), text).line
        said = Statement(where, text, is_comment=is_comment_member(key, text))
        explains = bool(EXPLAINING.intersection(split_words(key)))
        if is_denied and is_reason(text, tools, self.lexicon, explains=explains):
            self.readings.append(Reading(said, is_part=True))
            return
        said = replace(said, beside=tools, explains=explains)
        self.readings.append(Reading(said, (review(text, "a remark beside a rule"),)))

    def _around(self, around: Around, tools: tuple[str, ...], named: str) -> Case:
        """Return what stands above an entry as the beginning of its cases."""
        case = Case(around.effect, around.roles if around.has_roles else None, is_limit=around.is_limit)
        case.wants = [(key, value, False) for key, value in around.qualities]
        case.left = [around.doubt] if around.doubt else []
        case.guess = around.above if around.names_roles else ()
        own = {w for tool in tools for w in words_for(tool)}
        words = around.words if named else around.words[:-1]
        for word in words:
            parts = {w.lower() for w in split_words(word)}
            if parts <= STRUCTURE or self.lexicon.exact(word) or {root(w) for w in parts} <= own:
                continue
            if (
                parts & _SOMETIMES
                or is_ruling(word)
                or keys.is_condition(word, "")
                or effect_in(word).effect in (DENY, ASK)
            ):
                case.left.append(word)
            elif case.roles is None and (is_role_word(word) or word.lower() in self.entry_roles):
                case.roles = role_names(word)
            elif len(parts) <= 4:
                case.guess = role_names(word)
        return case

    @property
    def bindings(self) -> dict[str, tuple[str, ...]]:
        """Which roles have which entries, where lists say that by the entries' own names: `librarian: [search, loans]`."""
        if self._bindings is None:
            labels = {
                path[-1]
                for path, value in walk(self.source.data)
                if isinstance(value, dict)
                and path
                and isinstance(path[-1], str)
                and not self.lexicon.exact(path[-1])
                and self.tools_of_entry(value, path)[0]
            }
            found: dict[str, list[str]] = {}
            for path, value in walk(self.source.data):
                head = next((p for p in reversed(path) if isinstance(p, str)), "")
                if (
                    isinstance(value, list)
                    and value
                    and all(isinstance(v, str) for v in value)
                    and labels.issuperset(value)
                ):
                    for label in value:
                        found.setdefault(label, []).extend(role_names(head))
            self._bindings = {label: tuple(dict.fromkeys(roles)) for label, roles in found.items()}
        return self._bindings

    def says_nothing(self, key: str, value: Any, path: DataPath) -> bool:
        """Tell whether a member that is no entry only describes: whom a role stands for, or what the document is called."""
        if not self.lexicon.is_closed or key.lower() in INHERITS or self.lexicon.exact(key) or is_of(key, WHO):
            return False
        if isinstance(value, dict):
            return self._describes(key, value, path)
        if isinstance(value, str) and (is_purpose(key, value) or is_administrative(value, self.lexicon)):
            return True
        if (
            isinstance(value, list)
            and value
            and all(isinstance(v, str) and (is_remark(v, key=key) or self._is_label(key, v)) for v in value)
        ):
            return True
        if (
            isinstance(value, list)
            and value
            and self.bindings
            and all(isinstance(v, str) and v in self.bindings for v in value)
        ):
            return True
        above = [p for p in path[:-1] if isinstance(p, str)]
        is_role = any(is_of(p, keys.ROLE_KEYS | {"people", "groups", "subjects"}) for p in above)
        if (
            isinstance(value, str)
            and is_role
            and (
                key.lower() in self.entry_roles
                or is_role_word(key)
                or is_of(key, frozenset(("label", "text", "about", "description", "title", "name", "id")))
            )
        ):
            return not _NORM.search(value) and not tools_of(value, self.lexicon)
        return self._is_label(key, value)

    def _describes(self, key: str, block: dict[str, Any], path: DataPath) -> bool:
        """Tell whether all members of a mapping only describe: `meta: {ticket: .., reviewed_by: ..}`, `group: {name: employee}`."""
        if is_of(key, keys.ROLE_KEYS) and set(block) <= {"name", "id"}:
            return all(isinstance(v, str) for v in block.values())
        return bool(block) and all(
            v in (None, "", [], {})
            or (not isinstance(v, (dict, list)) and is_remark(str(v), key=k))
            or (not isinstance(v, (bool, int, float)) and self.says_nothing(k, v, (*path, k)))
            for k, v in block.items()
        )

    def _is_label(self, key: str, value: Any) -> bool:
        """Tell whether a member gives something a name, by a key and a value that no tool has a word of: `farm: Hof Tannenblick`."""
        if not isinstance(value, str) or keys.is_condition(key, value) or is_ruling(re.sub(r"[ _-]no$", "", key)):
            return False
        text = value.strip()
        words = text.split()
        is_name = (
            0 < len(words) <= 4
            and not text.endswith((".", "!", "?"))
            and all(re.fullmatch(r"[\w&.'+/@#-]+", w) for w in words)
        )
        is_name = is_name and (
            len(words) == 1 or all(w[:1].isupper() or not w[:1].isalpha() for w in words if len(w) > 3)
        )
        if not is_name or verdict_of(text) or is_ruling(re.sub(r"[A-Z]+-\d+|\d", "", text)):
            return False
        own = {w for s in self.lexicon.specs.values() for p in s.parameters for w in words_for(p.name)}
        own |= {w for name in self.lexicon.names for w in words_for(name)}
        return not own & (set(words_for(key)) | set(words_for(text)))


def _names_within(value: Any) -> list[str]:
    """Return the keys and short texts within a part."""
    found: list[str] = []
    for path, leaf in walk(value):
        found += [p for p in path[-1:] if isinstance(p, str)]
        if isinstance(leaf, str) and len(leaf) < 80:
            found.append(leaf)
    return found
