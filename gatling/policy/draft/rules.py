"""From what was seen of a tool to the lines of a policy, each with the reason why it stands there.

- A number under the name of a limit or an amount, and any other that is no name of a thing, is bounded by the next round number
  (1, 2 or 5 with zeros) above the largest one that was seen.
- Where a tool sends to is a list: of hosts where three addresses at one were seen, else of the addresses.
- An argument with few different short words, each seen twice, may be one of these.
- Paths below one folder stay below it.
- A tool that acts is called as often in a conversation as was seen, and on no less trust.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from gatling.policy.draft.seen import MAX_DIFFERENT, SeenArgument, SeenTool
from gatling.policy.reading.conditions import destination_pattern
from gatling.schema.arguments import is_amount, is_destination_name, is_free_text_name, is_limit, name_words
from gatling.tools.by_name import effect
from gatling.tools.spec import ToolSpec

Section = Literal["allowed_operations", "scope_limits", "provenance_requirements", "rules"]
FIRST_GUESS = 100
"""How many items a tool may read of which no call was seen."""
_FEW_WORDS, _MANY_CALLS = 4, 8
_AT_A_HOST = 3
_MAX_PLACES = 20
# A number under one of these is a name, a place or a time, and bounds nothing.
_NAMING = frozenset(
    "id ids page offset year month day hour minute second time date timestamp number no index port phone zip code start end "
    "lat lon lng latitude longitude version seed x y row column line from to before after since until".split()
)
# Everybody has an address there.
_PUBLIC_MAIL = frozenset(
    "gmail.com outlook.com hotmail.com yahoo.com icloud.com proton.me protonmail.com gmx.de web.de".split()
)
_WORD = re.compile(r"[A-Za-z][\w.-]{0,31}")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a policy."""

    section: Section
    key: str
    """Of a mapping; empty in a list."""
    value: Any
    why: str


def nice(number: float) -> float:
    """Return the least of 1, 2 and 5 with zeros that is at least a positive number."""
    power = 10.0 ** math.floor(math.log10(number))
    step = next(s for s in (1, 2, 5, 10) if number <= s * power * (1 + 1e-12))
    found = step * power
    return int(found) if found >= 1 else round(found, 12)


def lines_of_seen(name: str, tool: SeenTool, spec: ToolSpec | None) -> Iterator[Line]:
    """Yield what is written of a tool that was called: the grant, then its bounds."""
    roles = sorted(role for role in tool.roles if role is not None)
    who = f" by {', '.join(roles)}" if roles else ""
    why = f"called {_times(tool.calls)} in {tool.runs} {'run' if tool.runs == 1 else 'runs'}{who}"
    is_for_all = None in tool.roles or not roles
    yield Line("allowed_operations", "", name if is_for_all else {"tool": name, "roles": roles}, why)
    parameters = {p.name for p in spec.parameters} if spec is not None else set()
    for path, argument in tool.arguments.items():
        if parameters and path.partition(".")[0] not in parameters:
            continue  # the description knows no such argument: a rule on it could not be told from a slip
        yield from _bounds(name, path, argument, tool)
    acts = (spec.effect if spec is not None else effect(name)) != "read"
    yield from _places(name, tool, acts=acts)
    if acts and re.fullmatch(r"[\w-]+", name):
        most = int(nice(tool.most_in_a_run))
        yield Line("scope_limits", f"{name}.per_request", most, f"at most {_times(tool.most_in_a_run)} in a run")
    if acts and tool.states_tier and tool.worst_tier < 3:
        trust = {1: "the user and the system", 2: "partners at least"}[tool.worst_tier]
        yield Line("provenance_requirements", name, tool.worst_tier, f"always on the word of {trust}")


def _bounds(name: str, path: str, argument: SeenArgument, tool: SeenTool) -> Iterator[Line]:
    if not re.fullmatch(r"[\w.-]+", path):
        return
    is_number = argument.numbers and not argument.texts and not argument.others
    is_named = not _NAMING.isdisjoint(name_words(path)) and not is_limit(path) and not is_amount(path)
    if is_number and argument.most > 0 and not is_named and not is_destination_name(path):
        most, what = nice(argument.most), f"{path} was at most {_number(argument.most)} in {_calls(argument.calls)}"
        if re.fullmatch(r"[\w-]+", name) and "." not in path:
            yield Line("scope_limits", f"{name}.{path}", most, what)
        else:
            yield Line("rules", "", {"operation": name, "require": {path: {"max": most}}}, what)
    is_text = argument.texts and not argument.numbers and not argument.others
    if not is_text or argument.calls < tool.calls or is_destination_name(path) or not argument.is_known:
        return  # an argument that is left out would leave the call open
    words = argument.values
    is_choice = argument.calls >= _MANY_CALLS and len(words) <= _FEW_WORDS and min(words.values()) >= 2
    folder = _folder(words)
    if is_choice and all(_WORD.fullmatch(w) for w in words) and not is_free_text_name(path):
        why = f"{path} was one of these in {_calls(argument.calls)}"
        yield Line("rules", "", {"operation": name, "require": {path: {"in": sorted(words)}}}, why)
    elif folder:
        why = f"{path} lay below {folder} in {_calls(argument.calls)}"
        pattern = {"like": f"{folder}/*"}
        yield Line("rules", "", {"operation": name, "require": {path: pattern}}, why)


def _folder(paths: Counter[str]) -> str:
    """Return the folder that all absolute paths lie in; empty if it is the root, or they are none."""
    parts = [path.split("/") for path in paths]
    if any(
        p[0] or len(p) < 3 or {"..", ".", ""} & set(p[1:]) or not path.isprintable()
        for p, path in zip(parts, paths, strict=True)
    ):
        return ""
    common: list[str] = []
    for level in zip(*(p[:-1] for p in parts), strict=False):
        if len(set(level)) > 1:
            break
        common.append(level[0])
    folder = "/".join(common)
    return folder if len(common) > 1 and re.fullmatch(r"[\w/.-]+", folder) else ""


def _places(name: str, tool: SeenTool, *, acts: bool) -> Iterator[Line]:
    """Yield where a tool may send to, if all places are known and can be written as hosts and addresses. Of what only reads that
    is the sites that it opens: an address that it looks for is no place."""
    if not acts and any("@" in text for text, _ in tool.places):
        return
    if not tool.places or len(tool.places) > MAX_DIFFERENT:
        return
    at = Counter(host for text, host in tool.places if "@" in text)
    found: set[str] = set()
    for text, host in tool.places:
        if "@" in text and host and at[host] >= _AT_A_HOST and host not in _PUBLIC_MAIL:
            found.add(f"@{host}")
        else:
            found.add(host if host and "@" not in text else text)
    if len(found) > _MAX_PLACES or not all(destination_pattern(place) == place and "." in place for place in found):
        return
    why = f"it went nowhere else in {_calls(tool.has_places)}"
    yield Line("rules", "", {"operation": name, "require": {"destination": {"in": sorted(found)}}}, why)


def lines_of_described(spec: ToolSpec) -> Iterator[Line]:
    """Yield what is written of a tool of which no call was seen, and which only reads."""
    yield Line("allowed_operations", "", spec.name, f"it only reads{_about(spec)}")
    limit = next((p for p in spec.parameters if p.name == spec.limit_parameter), None)
    if limit is not None and re.fullmatch(r"[\w-]+", spec.name) and re.fullmatch(r"[\w-]+", limit.name):
        most = FIRST_GUESS if limit.maximum is None else min(FIRST_GUESS, int(limit.maximum))
        yield Line("scope_limits", f"{spec.name}.{limit.name}", max(most, 1), "a first guess, as no call was seen")


def is_harmless(spec: ToolSpec) -> bool:
    """Tell whether a tool may be granted by its description alone: it reads, nothing leaves, and what it reads is no secret."""
    return spec.effect == "read" and not spec.leaves_organisation and spec.sensitivity <= 3


def why_not(spec: ToolSpec) -> str:
    """Return why a tool is not granted by its description alone."""
    if spec.effect != "read":
        deed = {"write": "changes something", "delete": "deletes", "admin": "administers", "send": "sends"}[spec.effect]
        return f"it {deed}{_about(spec)}"
    return f"it reads what is sensitive{_about(spec)}" if spec.sensitivity > 3 else f"data leaves by it{_about(spec)}"


def _about(spec: ToolSpec) -> str:
    return f": {spec.description}" if spec.description else ""


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _calls(count: int) -> str:
    return "1 call" if count == 1 else f"{count} calls"


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:g}"
