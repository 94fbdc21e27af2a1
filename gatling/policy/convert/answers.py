"""What somebody answers to an open item of a conversion, as native rules.

| answer | becomes |
| --- | --- |
| `allow refund_order for clerk when amount <= 50` | a grant; `for` and `when` may be left out |
| `deny delete_account` | a denial, with `for` and `when` as above |
| `limit refund_order.amount 50` | the call must state an amount of at most 50 |
| `approval refund_order` | the call must be approved: `session.approved` |
| `request send_mail` | the call must be what the request asks for |
| `none` | it says nothing of calls |

Tools may be left out where the item names them. Nothing else is an answer: a word too many is asked again, and never dropped.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Any

from gatling.errors import InputError
from gatling.policy.clauses import Operator
from gatling.policy.globs import matches
from gatling.policy.language.restrictions import APPROVED
from gatling.policy.language.statement import NativeRule
from gatling.policy.native.hints import did_you_mean
from gatling.policy.reading.conditions import EXPRESSION, conditions_of
from gatling.schema.plain import cut

HELP = """\
  allow TOOL ... [for ROLE ...] [when ARGUMENT <= NUMBER]   it may be called
  deny TOOL ... [for ROLE ...] [when ARGUMENT > NUMBER]     it must not be called
  limit TOOL.ARGUMENT NUMBER                                the argument is stated, and at most this
  approval TOOL ...                                         only once the session states that it is approved
  request TOOL ...                                          only if the request asks for it
  none                                                      it says nothing of calls
  (an empty line)                                           leave it open
"""
_NAME = re.compile(r"[\w*?][\w*?.:/-]*")
_LIMIT = re.compile(r"([\w*?][\w*?:/-]*(?:\.[\w*?:/-]+)*)\.(\w+)\s+(-?\d+(?:\.\d+)?)")


def rules_of_answer(text: str, *, item: NativeRule, tools: Collection[str] = ()) -> tuple[NativeRule, ...]:
    """Return the rules that an answer states; none for `none`.

    Args:
        item: the open item that is answered; its tools are meant where the answer names none.
        tools: the tools that there are; a name that is none of them is refused. Empty if they are not known.

    Raises:
        InputError: if it is no answer, with what was wanted.
    """
    verb, _, rest = text.strip().partition(" ")
    match verb.lower():
        case "none" if not rest.strip():
            return ()
        case "allow" | "deny":
            rest, when = _split(rest, "when")
            rest, who = _split(rest, "for")
            kind = "grant" if verb.lower() == "allow" else "denial"
            return (NativeRule(kind, _tools(rest, item, tools), _names(who, "role"), when=_when(when)),)  # type: ignore[arg-type]
        case "limit":
            found = _LIMIT.fullmatch(rest.strip())
            if not found:
                raise InputError(f"{cut(rest)!r} is no limit, wanted TOOL.ARGUMENT NUMBER")
            tool, argument, number = found.groups()
            bound = float(number) if "." in number else int(number)
            low = min(0, bound)
            return (NativeRule("requirement", _known([tool], tools), require={argument: {"min": low, "max": bound}}),)
        case "approval":
            return (NativeRule("requirement", _tools(rest, item, tools), require=APPROVED),)
        case "request":
            return (NativeRule("request", _tools(rest, item, tools)),)
    raise InputError(f"{cut(text.strip())!r} is no answer")


def _split(text: str, word: str) -> tuple[str, str]:
    before, found, after = f" {text} ".partition(f" {word} ")
    if found and not after.strip():
        raise InputError(f"nothing stands behind {word!r}")
    return before, after


def _tools(text: str, item: NativeRule, tools: Collection[str]) -> tuple[str, ...]:
    named = _names(text, "tool")
    if named:
        return _known(named, tools)
    if not item.tools or item.tools == ("*",):
        raise InputError("which tools it is about is not said")
    return item.tools


def _names(text: str, what: str) -> tuple[str, ...]:
    names = [name for name in re.split(r"[,\s]+", text) if name]
    for name in names:
        if not _NAME.fullmatch(name):
            raise InputError(f"{cut(name)!r} is no name of a {what}")
    return tuple(dict.fromkeys(names))


def _known(names: Iterable[str], tools: Collection[str]) -> tuple[str, ...]:
    for name in names:
        is_known = (
            name in tools or any(matches(name, tool) for tool in tools) if "*" in name or "?" in name else name in tools
        )
        if tools and not is_known:
            raise InputError(f"there is no tool {name}{did_you_mean(name, tools)}")
    return tuple(names)


def _when(text: str) -> dict[str, Any]:
    if not text.strip():
        return {}
    when: dict[str, Any] = {}
    for part in re.split(r"\s+and\s+", text.strip()):
        match = EXPRESSION.fullmatch(part)
        found = conditions_of(part) if match else ()
        if not match or len(found) != 1 or found[0].operator is Operator.UNKNOWN:
            raise InputError(f"{cut(part)!r} is no condition, wanted such as amount <= 500")
        when.setdefault(match.group(1), {})[match.group(2)] = found[0].value
    return when
