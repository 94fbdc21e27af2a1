"""Whose text a tool returns: configuration, with defaults that err on the side of mistrust.

What is not listed is told by the words of the tool's name (`tools/authorship.py`); what they do not tell is text of outsiders.

A tool server chooses the names of its tools: where it is not trusted, use `defaults: none`, or list its tools.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from gatling.errors import InputError
from gatling.policy.globs import matches
from gatling.policy.source import read_policy
from gatling.schema.plain import check_plain, join_path
from gatling.tools.authorship import authorship

Output = Literal["trusted", "outsiders"]
Reads = Literal["json", "yaml"]
Defaults = Literal["names", "none"]

MAX_RULES = 4_096
MAX_ATTESTED_CHARS = 100
"""A longer value of an attested field counts as free text: outsiders write display names and reference lines."""

ATTESTED = (
    "id", "id_", "uid", "uuid", "guid", "message_id", "email_id", "file_id", "event_id", "thread_id", "ticket_id", "order_id",
    "transaction_id", "user_id", "date", "time", "timestamp", "created", "created_at", "updated_at", "start_time", "end_time",
    "last_modified", "received_at", "sent_at", "sender", "owner", "amount", "price", "currency", "total", "status", "state",
    "read", "recurring", "size", "all_day", "count", "rating",
)  # fmt: skip
_FREE_TEXT = frozenset("body content text html description payload snippet raw comment".split())


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """Whose text the output of a tool is."""

    output: Output = "outsiders"
    """`trusted`: first-party, tier 1. `outsiders`: free text, tier 3, except for the attested fields."""
    attested: tuple[str, ...] = ()
    """Fields that the system vouches for in records of outsiders, tier 2: a key at any depth (`sender`), the end of a path
    (`from.address`), or with `$.` a whole path (`$.messages.id`). List positions are left out. A key on its own does not
    count inside a field of free text (`body`, `content`, `description`, ...)."""
    reads: Reads = "json"
    """How a text output is structured. `yaml` also reads JSON; only for tools that quote what outsiders wrote."""

    def tier(self, path: tuple[str, ...], value: object) -> int:
        """Return the tier of the value at a path of the output."""
        if self.output == "trusted":
            return 1
        if len(str(value)) > MAX_ATTESTED_CHARS or not path:
            return 3
        return 2 if any(_is_at(entry, path) for entry in self.attested) else 3


UNKNOWN = ToolOutput()
_TRUSTED = ToolOutput("trusted")
_WITH_RECORDS = ToolOutput(attested=ATTESTED)


def _is_at(entry: str, path: tuple[str, ...]) -> bool:
    if entry.startswith("$."):
        return ".".join(path) == entry[2:]
    parts = tuple(entry.split("."))
    if path[-len(parts) :] != parts:
        return False
    return len(parts) > 1 or _FREE_TEXT.isdisjoint(key.lower() for key in path[:-1])


@dataclass(frozen=True, slots=True)
class ToolSources:
    """Whose text each tool returns.

        ToolSources()                                                the defaults by name, of this file's header
        ToolSources.from_dict({"tools": {"get_rate": "trusted"}})    one tool more
        ToolSources.from_file("sources.yaml")                        the same from a file

    Of several patterns that match a name, the name itself decides, else the pattern with the most letters, else the one
    that trusts less.
    """

    tools: Mapping[str, ToolOutput] = field(default_factory=dict)
    """Tool names, or patterns with `*` and `?`."""
    defaults: Defaults = "names"
    """`names`: tools that no pattern covers are told by their names. `none`: their output is outsiders' text."""

    def of(self, tool_name: str) -> ToolOutput:
        """Return whose text a tool returns."""
        if tool_name in self.tools:
            return self.tools[tool_name]
        found = [(p, rule) for p, rule in self.tools.items() if matches(p, tool_name)]
        if found:
            return min(found, key=lambda item: _order(*item))[1]
        return by_name(tool_name) if self.defaults == "names" else UNKNOWN

    @classmethod
    def from_dict(cls, data: Any) -> ToolSources:
        """Read `{"defaults": ..., "tools": {name or pattern: rule}}`.

        A rule is `trusted`, `outsiders`, or an object with `output`, `attested` and `reads`.

        Raises:
            InputError: with the path of the first value that is not of this form.
        """
        check_plain(data)
        if not isinstance(data, dict):
            raise InputError(f"a {type(data).__name__}, wanted an object with tools")
        for key in data:
            if key not in ("tools", "defaults"):
                raise InputError("unknown field, it must be tools or defaults", path=key)
        tools = data.get("tools", {})
        if not isinstance(tools, dict):
            raise InputError(f"a {type(tools).__name__}, wanted an object of names and rules", path="tools")
        if len(tools) > MAX_RULES:
            raise InputError(f"{len(tools)} rules, at most {MAX_RULES} are taken", path="tools")
        rules = {name: _rule(rule, join_path("tools", name)) for name, rule in tools.items()}
        return cls(rules, _one_of(data.get("defaults", "names"), get_args(Defaults), "defaults"))

    @classmethod
    def from_file(cls, path: str | Path) -> ToolSources:
        """Read a JSON or YAML file. Raises: InputError naming the file."""
        try:
            return cls.from_dict(read_policy(path).data)
        except InputError as error:
            raise error.at(error.file or str(path), error.line) from None


def _order(pattern: str, rule: ToolOutput) -> tuple[int, bool, int, str]:
    letters = sum(c not in "*?" for c in pattern)
    return -letters, rule.output == "trusted", len(rule.attested), pattern


def _rule(data: Any, path: str) -> ToolOutput:
    if isinstance(data, str):
        return ToolOutput(_one_of(data, get_args(Output), path))
    if not isinstance(data, dict):
        raise InputError(f"a {type(data).__name__}, wanted trusted, outsiders or an object", path=path)
    for key in data:
        if key not in ("output", "attested", "reads"):
            raise InputError("unknown field, it must be output, attested or reads", path=join_path(path, key))
    attested = data.get("attested", [])
    where = join_path(path, "attested")
    if not isinstance(attested, list) or not all(isinstance(entry, str) and entry for entry in attested):
        raise InputError("it must be a list of field names", path=where)
    output = _one_of(data.get("output", "outsiders"), get_args(Output), join_path(path, "output"))
    if attested and output == "trusted":
        raise InputError("a trusted output has no attested fields: all of it is first-party", path=where)
    return ToolOutput(
        output, tuple(attested), _one_of(data.get("reads", "json"), get_args(Reads), join_path(path, "reads"))
    )


def _one_of(value: Any, allowed: tuple[Any, ...], path: str) -> Any:
    if value not in allowed:
        raise InputError(f"{value!r} is not one of {', '.join(allowed)}", path=path)
    return value


def by_name(tool_name: str) -> ToolOutput:
    """Return whose text a tool returns, by its name; what the name does not tell is text of outsiders."""
    return {"own": _TRUSTED, "records": _WITH_RECORDS}.get(authorship(tool_name), UNKNOWN)
