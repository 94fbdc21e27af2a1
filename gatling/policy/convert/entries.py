"""Entries: a block, a record or an item that names a tool, whatever stands beside it, read member by member.

An entry says for whom, whether, and within which bounds its tool may be called. Its members are told by classes of words; blocks
within it are cases of their own (`permit: {..}`, `clerk: {..}`, `case: [{when: .., verdict: ..}]`), or hold bounds (`limits: {..}`).
What is not understood of a case makes its grant none, and leaves open the calls of that tool.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gatling.policy.convert.claims import hosts_in
from gatling.policy.convert.constraints import operator_of, texts, wanted
from gatling.policy.convert.legends import is_legend
from gatling.policy.convert.qualities import When, currency_in, joined
from gatling.policy.convert.record_words import (
    APPROVAL,
    EFFECT,
    EVERYBODY,
    NOBODY,
    NOTE,
    NUMBERS,
    WHO,
    are_names,
    is_of,
    is_role_word,
)
from gatling.policy.language import keys
from gatling.policy.language.administration import is_administrative
from gatling.policy.language.amounts import amount_of
from gatling.policy.language.effects import effect_in
from gatling.policy.language.keys import ALLOW, ASK, DENY
from gatling.policy.language.lexicon import Lexicon, role_names
from gatling.policy.language.nature import is_remark
from gatling.policy.language.restrictions import APPROVED, currency_rules
from gatling.policy.language.statement import GUESSED, NativeRule, no_grant, review
from gatling.schema.words import split_words

EXPLAINING = frozenset("reason reasons why because rationale message explanation motive justification hint".split())
"""Keys for why an entry is as it is."""
_EFFECT_KEYS = EFFECT | frozenset(
    "mode action can may enabled enable disposition do does target op response then allowed decision level gate".split()
)
_HOLDS = frozenset(
    "limits limit only where on in provided with if when match conditions condition constraints constraint args arguments params parameters within "
    "bounds restrictions restriction only_if only_when must require requires scope max min maximum minimum given if_all all values filters filter "
    "restrict restricted_to input oneof".split()
)
"""Keys of blocks that hold bounds of the entry that they stand in."""
_ALL_OF = frozenset("all and every both each of conjunction".split())
_ONE_OF = frozenset("any or either one of oneof anyof cases case alternatives".split())
"""Keys of lists of blocks: all of them hold, or one does. Of a list under another key it is not known."""
_HOLDS_NONE = frozenset(
    "not never except noneof none_of unless exclude excluded excluding deny_if forbidden_values".split()
)
_WHOM = frozenset(
    "ask approver approvers approved by who says ok whom from confirmer reviewer reviewers signer escalate_to timeout contact via channel notify".split()
)
_LOGGED = frozenset(
    "log logged logging audit audited trace record_call telemetry n nr id sid priority order seq generation line number index weight".split()
)
_THINGS = frozenset({"order", "line", "generation"})
"""Labels that also are things: `order: X1` of a tool with such a parameter is a bound."""
_LABELS = frozenset("label labels name title sid id heading ref key slug".split())
_SIDES = frozenset("src source from by calling caller allowed on behalf of".split())
_FIELD = frozenset("field parameter param argument attribute property key arg".split())
_GO = {
    "go": ALLOW,
    "free": ALLOW,
    "auto": ALLOW,
    "stop": DENY,
    "hold": ASK,
    "wait": ASK,
    "drop": DENY,
    "escalate": ASK,
    "manual": ASK,
    "prohibit": DENY,
}
_ASKED_OF = re.compile(r"([A-Za-z_ -]{2,20})\s?(?::\s?|\(\s?)(?:the )?[\w.@-]+(?:[ _-][\w.@-]+){0,2}\s?\)?")
"""`ask:owner`, `hold(duty manager)`: who is asked stands behind."""
_NAMED_BOUND = re.compile(r"([\w .-]{1,40}):\s|([A-Za-z][\w.-]{1,40})\s+(?=\d[\d.,]*\w*$)")
"""`days: 21`, `days 21`: the parameter, then its bound."""
_GIVES = frozenset(
    "serve serves return returns respond yield yields give gives output produce say says treatment disposition value variation".split()
)
"""Keys for what comes of a case, where a word of verdicts stands. `staging: allow` says for which calls, and is none of them."""
_BEYOND = frozenset(
    "over above beyond exceeding exceeded exceeds otherwise else fallthrough fallback remainder".split()
)
_APPROVED_VALUE = re.compile(
    r"\b(?:approval|approved?|sign ?off|signoff|consent|confirm\w*|human|review|dual control|second|ask)\b",
    re.IGNORECASE,
)


def verdict_of(value: Any) -> str:
    """Return the effect of `permitWithApproval`, `ask-manager`, `needs_signoff`, `check with the lead`, `stop`; empty if none."""
    if isinstance(value, bool):
        return ALLOW if value else DENY
    if not isinstance(value, str) or not value.strip() or len(value) > 80 or re.search(r"[?<>=\d]", value):
        return ""
    known = keys.effect_of_value(value) or _GO.get(value.strip().lower(), "")
    if known:
        return known
    if (asked := _ASKED_OF.fullmatch(value.strip())) and verdict_of(asked.group(1)) == ASK:
        return ASK
    head, found, _ = value.partition(",")
    if found and keys.effect_of_value(head) == DENY:
        return DENY  # why it is denied follows
    words = [w.lower() for w in split_words(value)]
    if set(words) & {"if", "unless", "except", "only", "not", "never", "but", "when", "until", "before", "yet", "no"}:
        said = effect_in(value)
        return said.effect if not said.rest else ""
    if not words:
        return ""  # a dash
    text = " ".join(words)
    said = effect_in(text)
    if (
        words[0] in ("ask", "check", "confirm", "require", "requires", "needs", "need", "hold", "wait", "escalate")
        and len(words) <= 6
    ):
        return ASK
    if (
        _APPROVED_VALUE.search(text)
        and len(words) <= 5
        and words[0] in ("permit", "allow", "allowed", "permitted", "ok", "yes", "with", "after", "grant")
    ):
        return ASK
    return said.effect if said.effect and not said.rest else ""


_VERDICTS = re.compile(
    r"(?:allow|permit|grant|accept|deny|forbid|block|refuse|reject|prohibit|ask|approve|escalate|confirm)(?:ed|d|s)?\b",
    re.IGNORECASE,
)


def is_verdict(value: Any) -> bool:
    """Tell whether a value is a word of verdicts, and not one of switches (`yes`, `on`)."""
    return isinstance(value, str) and bool(_VERDICTS.match(value.strip()))


@dataclass
class Case:
    """One thing that an entry says."""

    effect: str = ""
    roles: tuple[str, ...] | None = None
    """Nobody said yet whose it is, or everybody's if empty."""
    wants: list[tuple[str, Any, bool]] = field(default_factory=list)
    """Keys and values, and whether they are what it is not to be."""
    asks: list[tuple[str, Any]] = field(default_factory=list)
    """Beyond what an approval is wanted."""
    left: list[str] = field(default_factory=list)
    is_limit: bool = False
    """It stands under a key that says that bounds follow: what has no effect of its own grants nothing."""
    guess: tuple[str, ...] = ()
    """Whose it is, concluded from a key above: what is granted is theirs, what is forbidden binds everybody."""
    unsure: list[str] = field(default_factory=list)
    """Keys of lists whose bounds were taken to hold together, which makes a grant narrower and a denial wider than it may be meant."""

    def copy(self) -> Case:
        lists = {n: list(getattr(self, n)) for n in ("wants", "asks", "left", "unsure")}
        return replace(self, **lists)  # type: ignore[arg-type]


class EntryParser:
    """Reads the members of one entry into cases."""

    def __init__(
        self,
        lexicon: Lexicon,
        roles: frozenset[str],
        legend: dict[str, str] | None = None,
        often: Mapping[str, int] | None = None,
    ) -> None:
        self.lexicon, self.roles, self.legend = lexicon, roles, legend or {}
        self.often: Mapping[str, int] = often or {}
        """How often names stand somewhere. Where an entry grants, one that does so twice is taken for a role: it grants to nobody else."""
        self.taken: frozenset[str] = frozenset()
        """The parameters of the tools that the entry is of."""
        self.cases: list[Case] = []
        self.remarks: list[tuple[str, str]] = []

    def effect_of(self, value: Any) -> str:
        return self.legend.get(str(value).strip().lower(), "") or verdict_of(value)

    def names_tools(self, value: Any) -> tuple[str, ...]:
        items = [part.strip() for part in value.split(",")] if isinstance(value, str) else value
        if not isinstance(items, list) or not items or not all(isinstance(i, str) for i in items):
            return ()
        found = [self.lexicon.exact(i) for i in items]
        return tuple(found) if all(found) else ()

    def is_role(self, key: str) -> bool:
        return key.strip().lower() in self.roles | EVERYBODY or is_role_word(key)

    def read(self, block: dict[str, Any], case: Case, skip: Iterable[str] = ()) -> None:
        """Read a block into `cases`; what it says of all of its cases stands in `case`. Depth is bounded by the decoder."""
        inner: list[tuple[str, Any, str]] = []
        names_some = any(self._names_some(k, v) for k, v in block.items())
        for key, value in block.items():
            if key in skip or value in (None, "", [], {}) or (names_some and self._denies_others(key, value)):
                continue
            self._member(key, value, case, inner)
        if not inner:
            self.cases.append(case)
            return
        stated = any(effect for _, _, effect in inner) or case.effect
        for key, value, effect in inner:
            one = case.copy()
            if effect:
                one.effect = self.both(one.effect, effect)
            if key and self.is_role(key):
                names = self.names(key, one)
                one.left += [] if one.roles is None or set(names) <= set(one.roles) else [key]
                one.roles = names
            if isinstance(value, dict):
                self.read(value, one)
            else:
                self.cases.append(one)
        if not stated:
            case.left.append("an effect")

    def _names_some(self, key: str, value: Any) -> bool:
        """Tell whether a member allows or asks, for people whom it names."""
        names = [value] if isinstance(value, str) else value
        return (
            keys.is_plain_effect(key)
            and keys.effect_of_key(key) in (ALLOW, ASK)
            and isinstance(names, list)
            and bool(names)
            and all(isinstance(n, str) and n.strip().lower() not in EVERYBODY for n in names)
        )

    @staticmethod
    def _denies_others(key: str, value: Any) -> bool:
        """Tell whether a member denies all others, where some are allowed beside it: `allow librarian; deny all`."""
        return (
            keys.is_plain_effect(key)
            and keys.effect_of_key(key) == DENY
            and isinstance(value, str)
            and value.strip().lower() in EVERYBODY | {"others", "other", "else", "rest"}
        )

    def _member(self, key: str, value: Any, case: Case, inner: list[tuple[str, Any, str]]) -> None:
        words = {w.lower() for w in split_words(key) if w.isalnum()} or {key}
        effect = self.effect_of(value) if not isinstance(value, (dict, list)) else ""
        is_block = isinstance(value, (dict, list)) and words <= _HOLDS | _HOLDS_NONE
        key_effect = (
            "" if is_block else verdict_of(key) or (keys.effect_of_key(key) if keys.is_plain_effect(key) else "")
        )
        if isinstance(value, tuple):
            value = list(value)
        if (
            words <= _LABELS | NUMBERS | _LOGGED
            and not isinstance(value, (dict, list))
            and not re.search(r"\s", str(value))
            and not (words & _THINGS and key.lower() in self.taken and isinstance(value, str))
        ):
            return
        if words & EXPLAINING or words <= NOTE | _LABELS:
            self._remark(key, value, case)
        elif words & _BEYOND and words <= _BEYOND | _HOLDS and effect in (DENY, ASK):
            return  # what no case of the entry allows is denied
        elif (
            words <= {"by", "of", "to", "from"} - self.taken
            and self.both(case.effect, "") == ASK
            and self._are_names(value)
        ):
            return  # who is asked
        elif self.is_role(key) and key.lower() not in ("all", "any") and (effect or isinstance(value, (dict, list))):
            self._of_role(key, value, effect, case, inner)
        elif words & {"disabled", "blocked", "suspended", "revoked"} and isinstance(value, bool):
            case.effect = self.both(case.effect, DENY) if value else case.effect
        elif self._tier(key, value, case):
            return
        elif (
            (is_of(key, WHO) or (words & keys.ROLE_KEYS and words <= WHO | _SIDES))
            and not isinstance(value, dict)
            and self._are_names(value)
        ):
            self._whose(key, value, case)
        elif words <= _EFFECT_KEYS | {"x", "required"} and effect:
            if "enabled" in words and effect == ALLOW:
                return
            case.effect = self.both(case.effect, effect)
        elif words <= _GIVES and effect and is_verdict(value):
            case.effect = self.both(case.effect, effect)
        elif words & APPROVAL and words <= APPROVAL | {"required", "needed", "needs", "by", "of"}:
            said = (
                DENY
                if value is False or str(value).strip().lower() in ("no", "none", "never", "false", "not required")
                else ASK
            )
            case.effect = self.both(case.effect, ASK) if said == ASK else case.effect
        elif words <= _WHOM:
            if case.effect == "" and words & {"approver", "approvers", "signer"}:
                case.effect = ASK
        elif key_effect and keys.is_condition(key, value) is False and not isinstance(value, bool):
            self._under_effect(key, value, key_effect, case, inner)
        elif key_effect and isinstance(value, bool):
            turned = key_effect if value else {ALLOW: DENY, DENY: "", ASK: ""}[key_effect]
            case.effect = self.both(case.effect, turned) if turned else case.effect
        elif words <= _HOLDS_NONE and isinstance(value, list) and all(isinstance(i, dict) for i in value):
            self._excepted(key, value, case)
        elif isinstance(value, list) and value and all(isinstance(i, dict) for i in value):
            self._several(key, value, words, case, inner)
        elif isinstance(value, dict) and self._is_field(value):
            self._field(key, value, case)
        elif isinstance(value, dict) and words <= _HOLDS | _HOLDS_NONE | {"of", "the"} and self._holds(value):
            is_negative = bool(words & _HOLDS_NONE)
            is_most = bool(words & {"max", "maximum", "most", "limit", "limits"})
            for name, said in value.items():
                if not is_negative and is_of(name, WHO) and not isinstance(said, dict) and self._are_names(said):
                    self._whose(name, said, case)
                    continue
                is_bare = (
                    isinstance(said, (int, float, str)) and amount_of(said) is not None and not isinstance(said, bool)
                )
                bound = "max" if is_most and is_bare else "min" if words & {"min", "minimum"} and is_bare else ""
                self._bound(f"{bound} {name}".strip(), said, case, is_negative=is_negative)
        elif (
            isinstance(value, str)
            and words <= _HOLDS | {"at", "most", "only", "in", "allowed"}
            and (named := _NAMED_BOUND.match(value))
        ):
            name, said = named.group(1) or named.group(2), value[named.end() :]
            bound = "max" if words & {"most", "max", "maximum", "limit"} else "min" if words & {"least", "min"} else ""
            bound = bound if amount_of(said.strip()) is not None else ""
            self._bound(f"{bound} {name}".strip(), said.strip(), case)
        else:
            self._bound(key, value, case)

    @staticmethod
    def _holds(block: dict[str, Any]) -> bool:
        """Tell whether a block holds bounds by parameter, and is no mapping of operators itself."""
        return not all(map(operator_of, block)) or all(isinstance(v, dict) for v in block.values())

    @staticmethod
    def both(one: str, other: str) -> str:
        if not one or one == other:
            return other
        if not other:
            return one
        return DENY if DENY in (one, other) else ASK

    def _are_names(self, value: Any) -> bool:
        return are_names(value) and not any(
            re.search(r"[<>=!]", n) for n in ([value] if isinstance(value, str) else value)
        )

    def names(self, value: Any, case: Case) -> tuple[str, ...]:
        """Return the roles that a value names; what is not a name of one is left over."""
        items = value if isinstance(value, list) else re.split(r"\s*[,;|]\s*|\s+and\s+|\s*&\s*", str(value))
        if (
            isinstance(value, str)
            and len(items) == 1
            and len(spaced := value.split()) > 1
            and all(s.lower() in self.roles for s in spaced)
        ):
            items = spaced
        found: list[str] = []
        for item in items:
            name = str(item).strip()
            if name.lower() in EVERYBODY:
                return ()
            if name.lower() in NOBODY:
                case.effect = DENY
                continue
            if (
                not name
                or len(name.split()) > 4
                or re.search(r"\b(?:not|except|but|only|if|without|when|unless|until)\b|[!<>=?()]", name, re.IGNORECASE)
            ):
                case.left.append(f"whom {name} means")
                continue
            found += [name] if re.fullmatch(r"[\w.-]+[/:][\w.-]+", name) else []
            found += role_names(name.rpartition("/")[2] if "/" in name else name)
        return tuple(dict.fromkeys(found))

    def _whose(self, key: str, value: Any, case: Case) -> None:
        if case.roles is not None:
            case.left.append(f"what {key} says of a role")
            return
        words = set(split_words(key))
        case.roles = self.names(value, case)
        if words & {"not", "excluded", "except", "forbidden", "denied", "blocked"}:
            case.left.append(key)

    def _of_role(self, key: str, value: Any, effect: str, case: Case, inner: list[tuple[str, Any, str]]) -> None:
        if effect:
            inner.append((key, None, effect))
        elif isinstance(value, dict):
            inner.append((key, value, ""))
        elif (
            isinstance(value, list)
            and value
            and self.effect_of(value[0])
            and all(isinstance(v, dict) for v in value[1:])
        ):
            merged = {k: v for part in value[1:] for k, v in part.items()}
            inner.append((key, merged, self.effect_of(value[0])))
        else:
            case.left.append(f"{key}: {value}")

    def _under_effect(self, key: str, value: Any, effect: str, case: Case, inner: list[tuple[str, Any, str]]) -> None:
        """Read what stands under an effect within an entry: whose it is, or a case of its own."""
        if isinstance(value, dict):
            inner.append(("", value, effect))
        elif isinstance(value, list) and all(isinstance(v, dict) for v in value):
            inner += [("", v, effect) for v in value]
        elif self._are_names(value) and not isinstance(value, bool):
            names = value if isinstance(value, list) else re.split(r"\s*[,;]\s*", value)
            known = all(
                str(n).strip().lower() in self.roles | EVERYBODY | NOBODY
                or is_role_word(str(n))
                or (effect != DENY and self.often.get(str(n).strip().lower(), 0) > 1)
                for n in names
            )
            if not known or case.roles is not None:
                case.left.append(f"{key}: {value}")
                return
            turned = DENY if effect != DENY and all(str(n).strip().lower() in NOBODY for n in names) else effect
            one = Case()
            one.roles = () if turned == DENY and effect != DENY else self.names(value, one)
            case.effect, case.roles = self.both(case.effect, turned), one.roles
            case.left += one.left
        else:
            case.left.append(f"{key}: {value}")

    def _tier(self, key: str, value: Any, case: Case) -> bool:
        """Read `confirm_above_gb: 50`, `ask first if kilos over: 800`: an approval is wanted beyond a bound."""
        if amount_of(value) is None or isinstance(value, bool):
            return False
        words = [w.lower() for w in split_words(key) if w.isalnum()]
        asks = {
            "confirm",
            "confirmation",
            "ask",
            "approve",
            "approval",
            "approved",
            "signoff",
            "review",
            "escalate",
            "human",
            "manual",
            "hold",
        }
        over = {"above", "over", "beyond", "from", "exceeding", "more", "exceeds"}
        if asks & set(words) and {"with", "without"} & set(
            words
        ):  # `max_cost_without_approval`, `max_cost_with_approval_of_lead`
            at = next(i for i, w in enumerate(words) if w in ("with", "without"))
            key = " ".join(w for w in words[:at] if w not in ("max", "maximum", "limit", "up", "to"))
            if "without" in words:
                case.asks.append((key, value))
            else:
                case.wants.append((f"max {key}", value, False))
            return True
        if not asks & set(words) or not over & set(words):
            return False
        rest = [
            w
            for w in words
            if w
            not in asks
            | over
            | {"if", "first", "when", "than", "needs", "need", "required", "requires", "sign", "off", "is"}
        ]
        case.asks.append((" ".join(rest), value))
        return True

    def _several(
        self, key: str, items: list[dict[str, Any]], words: set[str], case: Case, inner: list[tuple[str, Any, str]]
    ) -> None:
        """Read a list of blocks: bounds by field, cases, or bounds of which all hold or one does, as the key says."""
        if all(self._is_field(item) for item in items):
            for item in items:
                self._field(key, item, case)
        elif words <= _ONE_OF or all(map(self._is_case, items)):
            inner += [("", item, "") for item in items]
        elif words <= _ALL_OF | _HOLDS and not any(map(self._is_case, items)):
            if not words <= _ALL_OF:
                case.unsure.append(key)
            for name, value in (member for item in items for member in item.items()):
                if isinstance(value, (dict, list)) and {w.lower() for w in split_words(name)} <= _ALL_OF | _ONE_OF:
                    case.left.append(f"{key}.{name}")  # all and any within each other
                else:
                    self._bound(name, value, case)
        else:
            case.left.append(key)

    def _is_case(self, block: dict[str, Any]) -> bool:
        """Tell whether a block of a list says itself what comes of it, or whose it is."""
        return any(
            keys.is_plain_effect(key)
            or self.is_role(key)
            or is_of(key, WHO)
            or ({w.lower() for w in split_words(key)} <= _EFFECT_KEYS | _GIVES and self.effect_of(value))
            for key, value in block.items()
            if not isinstance(value, dict) or keys.is_plain_effect(key) or self.is_role(key)
        )

    def _excepted(self, key: str, items: list[dict[str, Any]], case: Case) -> None:
        """Read what is taken out: `except: [{enclosure: [tiger], allow: [senior_keeper]}]`. Whom it is left to is not granted it here."""
        for item in items:
            bounds = {k: v for k, v in item.items() if not (self._names_some(k, v) or is_of(k, WHO))}
            if len(bounds) != 1:
                case.left.append(key)
                continue
            name, value = next(iter(bounds.items()))
            case.wants.append((name, value, True))

    @staticmethod
    def _is_field(block: dict[str, Any]) -> bool:
        return any(k.lower() in _FIELD for k in block) and all(not isinstance(v, dict) for v in block.values())

    def _field(self, key: str, block: dict[str, Any], case: Case) -> None:
        """Read `{field: days, operator: Lte, value: 28}`, `limit: {parameter: minutes, min: 10, max: 40}`, `oneOf: {parameter: .., value: [..]}`."""
        name = next(str(v) for k, v in block.items() if k.lower() in _FIELD)
        rest = {k.lower(): v for k, v in block.items() if k.lower() not in _FIELD}
        operator = next((v for k, v in rest.items() if k in ("operator", "op", "comparison", "cmp", "test")), None)
        value = next((v for k, v in rest.items() if k in ("value", "values", "than", "bound", "limit")), None)
        known = {"operator", "op", "comparison", "cmp", "test", "value", "values", "than", "bound"}
        if operator is None and value is not None and operator_of(key):
            operator = key
        if operator is not None and value is not None and rest.keys() <= known:
            case.wants.append((name, {str(operator): value}, False))
        elif rest and all(operator_of(k) for k in rest):
            case.wants.append((name, rest, False))
        else:
            case.left.append(f"{key} {name}")

    def _bound(self, key: str, value: Any, case: Case, *, is_negative: bool = False) -> None:
        if isinstance(value, dict) and not all(map(operator_of, value)):
            words = {w.lower() for w in split_words(key)}
            if words <= _HOLDS | _HOLDS_NONE or (
                operator_of(key) and operator_of(key) in ("<=", ">=", "<", ">", "in", "not_in")
            ):
                for name, said in value.items():
                    one = (
                        {key: said}
                        if operator_of(key) and not isinstance(said, dict) and not words <= _HOLDS - {"max", "min"}
                        else said
                    )
                    case.wants.append((name, one, is_negative or (not operator_of(key) and bool(words & _HOLDS_NONE))))
                return
            case.left.append(key)
            return
        case.wants.append((key, value, is_negative))

    def _remark(self, key: str, value: Any, case: Case) -> None:
        for item in value if isinstance(value, list) else [value]:
            text = str(item).strip()
            if isinstance(item, (dict, list)):
                case.left.append(key)
            elif text and not (is_remark(text, key=key) or is_administrative(text, self.lexicon) or is_legend(text)):
                self.remarks.append((key, text))


def rules_of_case(
    case: Case, tools: tuple[str, ...], lexicon: Lexicon, text: str
) -> tuple[tuple[NativeRule, ...], str]:
    """Return the rules that a case becomes, and what was read more narrowly than it may be meant."""
    effect = case.effect or (ALLOW if (case.roles is not None or case.asks) and not case.is_limit else "")
    roles = case.roles if case.roles is not None else case.guess if effect != DENY else ()
    if not effect and case.wants and not case.asks:
        return _bounds_of_case(case, tools, roles, lexicon, text)
    if not effect:
        return (review(text, "a part whose effect is not known", tools),), ""
    rules: list[NativeRule] = []
    left = list(case.left)
    note = ""
    for tool in tools:
        when, places, why = _when(case, tool, tools, lexicon)
        if places and effect == DENY:
            why.append("its places")
        rules += [
            NativeRule("places", (tool,), roles, value=hosts, key="allowed_domains")
            for hosts in places
            if effect != DENY
        ]
        if effect == DENY:
            why += case.unsure
            is_plain = not why and not left
            if not is_plain:
                note = f"forbidden whatever is meant by: {', '.join([*left, *why])}"
            guess = case.guess if case.roles is None else ()
            doubt = (
                f"what is meant is not clear: {', '.join([*left, *why])}" if not is_plain else GUESSED if guess else ""
            )
            when = _broken(when) if is_plain else {}
            rules.append(NativeRule("denial", (tool,), roles, when, doubt=doubt, guess=guess))
            continue
        left += why
        rules.append(NativeRule("grant", (tool,), roles, when=when))
        if effect == ASK:
            rules.append(NativeRule("requirement", (tool,), roles, when=when, require=APPROVED))
        for key, value in case.asks:
            amount = amount_of(value)
            bound = wanted(tool, f"max {key}", amount.number, lexicon) if amount else None
            if not bound or len(bound) != 1 or amount is None:
                left.append(f"{key} {value}")
                continue
            name = next(iter(bound))
            rules.append(NativeRule("requirement", (tool,), roles, when={name: {">": amount.number}}, require=APPROVED))
            rules.append(NativeRule("requirement", (tool,), roles, require={name: {"min": 0}}))
        for _, value, _ in case.wants:
            rules += currency_rules((tool,), roles, currency_in(value), lexicon) if not isinstance(value, dict) else []
    if effect != DENY and left:
        return (no_grant(text, f"not understood: {', '.join(dict.fromkeys(left))}", tools, roles),), ""
    return tuple(rules), note


def _bounds_of_case(
    case: Case, tools: tuple[str, ...], roles: tuple[str, ...], lexicon: Lexicon, text: str
) -> tuple[tuple[NativeRule, ...], str]:
    """Return the bounds that a case without an effect sets to what other entries grant."""
    rules: list[NativeRule] = []
    for tool in tools:
        when, places, why = _when(case, tool, tools, lexicon)
        if why or case.left:
            return (review(text, f"not understood: {', '.join([*case.left, *why])}", tools),), ""
        rules += [NativeRule("requirement", (tool,), roles, require=when)] if when else []
        rules += [NativeRule("places", (tool,), roles, value=hosts, key="allowed_domains") for hosts in places]
    return tuple(rules), ""


def _when(case: Case, tool: str, tools: tuple[str, ...], lexicon: Lexicon) -> tuple[When, list[list[str]], list[str]]:
    """Return what a case wants of the calls of a tool, where they may go, and what of that is not understood. What only another of its tools can be
    asked for, as it alone has the parameter, says nothing of this one."""
    when: When = {}
    places: list[list[str]] = []
    left: list[str] = []
    for key, value, is_negative in case.wants:
        if not is_negative and (hosts := hosts_in(key, value)):
            places.append(hosts)
            continue
        words = set(split_words(key))
        found = (
            texts(tool, value, lexicon)
            if isinstance(value, str) and words <= _HOLDS | {"fine", "print", "remark", "remarks", "note"}
            else None
        )
        if found is None:
            found = wanted(tool, f"not {key}" if is_negative else key, value, lexicon)
        if found is None and any(
            wanted(t, f"not {key}" if is_negative else key, value, lexicon) for t in tools if t != tool
        ):
            continue
        both = joined(when, found) if found is not None else None
        if both is None:
            left.append(f"{key} {value}".strip())
        else:
            when = both
    return when, places, left


def _broken(when: When) -> When:
    """Return the conditions of a denial: a floor that only keeps a bound honest says nothing of what is forbidden."""
    return {name: {o: b for o, b in said.items() if not (o == "min" and len(said) > 1)} for name, said in when.items()}
