"""What a conversion is made of: statements of the source, the native rules they become, and what was made of each."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

from gatling.policy.unread import mentions

RuleKind = Literal[
    "grant", "denial", "requirement", "limit", "places", "request", "role", "default", "member", "review"
]
Status = Literal["understood", "narrowed", "remark", "open"]


@dataclass(frozen=True, slots=True)
class Context:
    """What stands around a statement: whose it is, which tools it is about, and what the heading or the key above says."""

    roles: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    effect: str = ""
    """allow, deny, ask, or nothing."""
    is_guess: bool = False
    """That these are roles is concluded from a name alone: grants are theirs, but what forbids binds everybody."""
    doubt: str = ""
    """Why nothing here may grant: an environment, a date."""

    @property
    def bound(self) -> tuple[str, ...]:
        """Whom a denial or a limit binds here."""
        return () if self.is_guess else self.roles

    def with_(self, **changes: Any) -> Context:
        return replace(self, **changes)


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing that the source says, with the line that it starts on."""

    line: int
    text: str
    """As it stands in the source, on one line; what comments quote."""
    context: Context = Context()
    value: Any = None
    """What was decoded there, where the source is data and not text."""
    key: str = ""
    """The key that it stands under, where the source is data."""
    above: tuple[str, ...] = ()
    """The keys on the way to it, its own last, where the source is data."""
    is_heading: bool = False
    """It stands above others."""
    beside: tuple[str, ...] = ()
    """A remark: the tools of the entry that it is attached to."""
    explains: bool = False
    """A remark that says why what it is attached to is so."""
    is_comment: bool = False
    """A comment by the notation, or a member that only comments (`_comment`, `reason`)."""


@dataclass(frozen=True, slots=True)
class NativeRule:
    """One rule of the native format."""

    kind: RuleKind
    tools: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    when: dict[str, Any] = field(default_factory=dict)
    require: dict[str, Any] = field(default_factory=dict)
    value: Any = None
    """places: the hosts and addresses. role: what it inherits. member: the value. review: the text. default: allow or deny."""
    key: str = ""
    """member: its key."""
    reason: str = ""
    """review: why somebody must decide."""
    is_exclusive: bool = False
    """grant: nobody else has it, whatever other lines say."""
    doubt: str = ""
    """denial: what of it is not clear. It forbids more than it may mean, and so only what no other line may grant."""
    guess: tuple[str, ...] = ()
    """denial: whom it may bind alone."""
    may_grant: tuple[str, ...] = ()
    """review: the tools that it may grant, to `roles` or anybody."""

    def shown(self) -> str:
        """Write the rule on one line, as the report shows it."""
        tools = ", ".join(self.tools) or "every call"
        who = f" for {self.roles[0]}" if self.roles else ""
        who += f" ({', '.join(self.roles[1:])})" if len(self.roles) > 1 else ""
        when = f" when {_flat(self.when)}" if self.when else ""
        match self.kind:
            case "grant":
                return f"allow {tools}{who}{when}" + (" and nobody else" if self.is_exclusive else "")
            case "denial":
                return f"forbid {tools}{who}{when}"
            case "requirement":
                return f"{tools}{who} must keep {_flat(self.require)}{when}"
            case "places":
                return f"{tools} go only to {', '.join(self.value)}"
            case "limit":
                return f"{tools}: {self.key} at most {self.value}"
            case "request":
                return f"{tools} only if the request asks for it"
            case "role":
                return f"role {self.roles[0]} inherits {', '.join(self.value)}"
            case "default":
                return f"default: {self.value}"
            case "member":
                return f"{self.key}, as it stands"
            case "review":
                about = f"about {tools}: " if self.tools else ""
                return f"to decide: {about}{self.reason}"


def _flat(conditions: dict[str, Any]) -> str:
    parts = []
    for name, wanted in conditions.items():
        if isinstance(wanted, dict):
            parts += [f"{name} {key} {_listed(value)}" for key, value in wanted.items()]
        else:
            parts.append(f"{name} {_listed(wanted)}")
    return ", ".join(parts)


def _listed(value: Any) -> str:
    return "/".join(map(str, value)) if isinstance(value, list) else str(value)


@dataclass(frozen=True, slots=True)
class Reading:
    """One statement and what was made of it."""

    statement: Statement
    rules: tuple[NativeRule, ...] = ()
    note: str = ""
    """What was read more narrowly than it may be meant."""
    answers: tuple[str, ...] = ()
    """What somebody answered where it was open."""
    is_part: bool = False
    """It is part of what others say, such as whose they are: without rules of its own it is no remark."""
    is_noted: bool = False
    """A comment that somebody said is a note."""

    @property
    def status(self) -> Status:
        if any(rule.kind == "review" for rule in self.rules):
            return "open"
        if self.is_noted:
            return "remark"
        if not self.rules and not self.note:
            return "understood" if self.answers else "remark"
        return "narrowed" if self.note else "understood"


def no_grant(text: str, why: str, tools: tuple[str, ...], roles: tuple[str, ...] = ()) -> NativeRule:
    """Return what is left of a grant that is not written. It restricts only what its words say.

    Args:
        roles: to whom it grants, where that is clear.
    """
    return NativeRule("review", tools, roles, value=text, reason=f"nothing is granted: {why}")


GUESSED = "whether it binds these only or everybody is not known"
"""The doubt of a denial below a name that may be that of a role."""


def is_no_grant(rule: NativeRule) -> bool:
    """Tell whether a rule is what is left of a grant."""
    return rule.kind == "review" and rule.reason.startswith("nothing is granted: ")


def review(text: str, reason: str, tools: tuple[str, ...] = ()) -> NativeRule:
    """Return the rule that leaves a statement to somebody. Without `tools` it is about what its words may mean; where they do not
    show that it restricts, about every call."""
    if not tools and not any(leaf.is_restricting for leaf in mentions((), text)):
        tools = ("*",)
    return NativeRule("review", tools=tools, value=text, reason=reason)
