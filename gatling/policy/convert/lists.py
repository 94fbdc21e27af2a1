"""Lists of other systems, line by line: sudoers, robots, CODEOWNERS and iptables.

Where such a list goes by its order (the first or the last line that matches), the result goes by "deny wins", which grants no
more; a last line that denies all is the default.
"""

from __future__ import annotations

import re

from gatling.errors import InputError
from gatling.policy.globs import covers
from gatling.policy.language.lexicon import PATH_TOOLS, is_tool_name, role_names
from gatling.policy.language.statement import NativeRule, Reading, RuleKind, Statement, review
from gatling.schema.words import split_words
from gatling.tools.naming import singular

_MAX_OWNED = 500
_ALL = frozenset(("*", "all", "any", "everything"))


def read_list_of(kind: str, text: str) -> list[Reading]:
    """Read a list of one of these kinds."""
    lines = [(i, line.partition(" #")[0].strip()) for i, line in enumerate(text.splitlines(), 1)]
    lines = [(i, line) for i, line in lines if line and not line.startswith(("#", "//"))]
    return {"sudoers": _sudoers, "robots": _robots, "codeowners": _codeowners, "iptables": _iptables}[kind](lines)


def _left(line: int, text: str, reason: str, tools: tuple[str, ...] = ()) -> Reading:
    return Reading(Statement(line, text), (review(text, reason, tools),))


def _is_tool(name: str) -> bool:
    return is_tool_name(name) or re.fullmatch(r"[a-zA-Z]\w*", name) is not None


def _sudoers(lines: list[tuple[int, str]]) -> list[Reading]:
    readings = []
    aliases: dict[str, list[str]] = {}
    for number, line in lines:
        if alias := re.fullmatch(r"(User|Cmnd)_Alias\s+(\w+)\s*=\s*(.+)", line):
            aliases[alias.group(2)] = [part.strip() for part in alias.group(3).split(",")]
            readings.append(Reading(Statement(number, line), is_part=True))
            continue
        match = re.fullmatch(r"([%\w@.,-]+)\s+(\w+)\s*=\s*(?:\(([^)]*)\))?\s*((?:\w+:\s*)*)(.+)", line)
        if match is None or match.group(2) != "ALL":
            readings.append(_left(number, line, "no line of the form `role ALL = tools`"))
            continue
        who, _, _, tags, what = match.groups()
        names = [name for part in who.split(",") for name in aliases.get(part.lstrip("%"), [part.lstrip("%")])]
        roles = (
            ()
            if "ALL" in names
            else tuple(dict.fromkeys(form for name in names for form in role_names(name.lstrip("%"))))
        )
        rules: list[NativeRule] = []
        if re.sub(r"(?:NOPASSWD|PASSWD|SETENV|NOEXEC|EXEC):\s*", "", tags).strip():
            readings.append(_left(number, line, f"the tag {tags.strip()} is not read"))
            continue
        parts = [item for part in what.split(",") for item in _expanded(part.strip(), aliases)]
        for part in parts:
            name = part.lstrip("!").strip()
            if name == "ALL":
                name = "*"
            if name != "*" and not _is_tool(name):
                rules.append(review(line, f"{name} is not the name of a tool"))
            elif part.startswith("!"):
                rules.append(NativeRule("denial", (name,), roles))
            else:
                rules.append(NativeRule("grant", (name,), roles))
                if re.search(r"(?<!NO)PASSWD:", tags):
                    rules.append(NativeRule("requirement", (name,), roles, require={"session.approved": True}))
        readings.append(Reading(Statement(number, line), tuple(rules)))
    return readings


def _expanded(part: str, aliases: dict[str, list[str]]) -> list[str]:
    sign = "!" if part.startswith("!") else ""
    return [sign + item for item in aliases[part.lstrip("!")]] if part.lstrip("!") in aliases else [part]


def _robots(lines: list[tuple[int, str]]) -> list[Reading]:
    readings = []
    roles: tuple[str, ...] | None = None
    is_open = False
    for number, line in lines:
        key, _, value = (part.strip() for part in line.partition(":"))
        match key.lower():
            case "user-agent":
                names = () if value in _ALL else role_names(value)
                roles = (*roles, *names) if is_open and roles and names else names
                is_open = True
                readings.append(Reading(Statement(number, line), is_part=True))
                continue
            case "allow" | "disallow" if roles is not None:
                is_denied = key.lower() == "disallow"
                if value in ("/", "*", "/*") and is_denied:
                    readings.append(Reading(Statement(number, line), (NativeRule("default", value="deny"),)))
                elif is_tool_name(value) or re.fullmatch(r"[a-zA-Z]\w*", value):
                    kind: RuleKind = "denial" if is_denied else "grant"
                    readings.append(Reading(Statement(number, line), (NativeRule(kind, (value,), roles),)))
                elif not value and is_denied:
                    readings.append(_left(number, line, "a line that forbids nothing is no grant here"))
                else:
                    readings.append(
                        _left(number, line, "a path is not the name of a tool", ("*",) if is_denied else ())
                    )
            case _:
                readings.append(_left(number, line, "neither User-agent, Allow nor Disallow"))
        is_open = False
    return readings


def _codeowners(lines: list[tuple[int, str]]) -> list[Reading]:
    """Each line: a pattern and its owners. The last line that matches counts: owners of an earlier, wider one lose the tool."""
    readings = []
    earlier: list[tuple[str, tuple[str, ...]]] = []
    for number, line in lines:
        pattern, *owners = line.split()
        roles = tuple(
            dict.fromkeys(form for owner in owners for form in role_names(owner.lstrip("@").rpartition("/")[2]))
        )
        if pattern != "*" and not _is_tool(pattern):
            named = tuple(f"*{singular(word)}*" for word in split_words(pattern) if len(word) > 2 and word.isalpha())
            readings.append(
                _left(number, line, "a path is not the name of a tool", (*named, *PATH_TOOLS) if named else ("*",))
            )
            continue
        rules = [NativeRule("grant", (pattern,), roles)]
        lost = [
            role
            for wide, others in earlier
            if covers(wide, pattern) or covers(pattern, wide)
            for role in others
            if role not in roles
        ]
        if lost:
            rules.append(NativeRule("denial", (pattern,), tuple(dict.fromkeys(lost))))
        earlier.append((pattern, roles))
        if len(earlier) > _MAX_OWNED:
            raise InputError(f"more than {_MAX_OWNED} patterns with owners", line=number)
        readings.append(Reading(Statement(number, line), tuple(rules)))
    return readings


def _iptables(lines: list[tuple[int, str]]) -> list[Reading]:
    readings = []
    for number, line in lines:
        if policy := re.fullmatch(r"(?:iptables\s+)?-P\s+\w+\s+(ACCEPT|DROP|REJECT)", line):
            value = "allow" if policy.group(1) == "ACCEPT" else "deny"
            readings.append(Reading(Statement(number, line), (NativeRule("default", value=value),)))
            continue
        match = re.fullmatch(r"(?:iptables\s+)?-[AI]\s+\w+\s+(.*?)-j\s+(\w+)", line)
        if match is None:
            readings.append(_left(number, line, "no line of the form `-A CHAIN ... -j ACCEPT`"))
            continue
        options = dict(re.findall(r"--?([\w-]+)[ =]+(\"[^\"]*\"|[^\s-]\S*)", match.group(1)))
        tools = tuple(
            part
            for key in ("tool", "tools", "operation")
            for part in options.pop(key, "").strip('"').split(",")
            if part
        )
        who = next((options.pop(key) for key in ("role", "user", "uid-owner", "s", "source") if key in options), "")
        roles = role_names(who) if who and who not in _ALL else ()
        for quiet in ("m", "comment"):
            options.pop(quiet, None)
        target = match.group(2)
        if target in ("DROP", "REJECT") and not tools and not options and not roles:
            readings.append(Reading(Statement(number, line), (NativeRule("default", value="deny"),)))
        elif target in ("DROP", "REJECT") and tools:
            note = f"forbidden whatever {', '.join(options)} is" if options else ""
            readings.append(Reading(Statement(number, line), (NativeRule("denial", tools, roles),), note))
        elif target == "ACCEPT" and tools and not options and "!" not in line:
            readings.append(Reading(Statement(number, line), (NativeRule("grant", tools, roles),)))
        else:
            readings.append(_left(number, line, f"not read: {', '.join(options) or target}", tools))
    return readings
