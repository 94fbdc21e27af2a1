"""What a source is written in, told by its form; each kind is read into statements or into data with lines."""

from __future__ import annotations

import configparser
import re
from pathlib import PurePath
from typing import Any

from gatling.errors import InputError
from gatling.policy.convert.latex import is_latex
from gatling.policy.convert.python_literals import is_python, python_of
from gatling.policy.convert.rego import is_rego, rego_of
from gatling.policy.convert.syntaxes import (
    blocks_of,
    documents_of,
    is_blocks,
    is_properties,
    properties_of,
    toml_of,
    xml_of,
)
from gatling.policy.source import DataPath, PolicySource, lines_of
from gatling.schema.plain import decode_text

KINDS = (
    "data",
    "ini",
    "toml",
    "xml",
    "blocks",
    "properties",
    "python",
    "rego",
    "sudoers",
    "robots",
    "codeowners",
    "iptables",
    "text",
)
"""data: JSON or YAML. blocks: in braces or tags. properties: keys and values. python: assignments of literals. text: Markdown, tables, lists and sentences."""
TREES = {"data", "ini", "toml", "xml", "blocks", "properties", "python", "rego"}
"""Kinds that are read into one tree."""
_SUFFIXES = {
    ".json": "data",
    ".yaml": "data",
    ".yml": "data",
    ".ini": "ini",
    ".cfg": "ini",
    ".toml": "toml",
    ".properties": "properties",
    ".env": "properties",
    ".cedar": "text",
    ".md": "text",
    ".csv": "text",
    ".tsv": "text",
    ".html": "text",
    ".rst": "text",
}
_SUDO = re.compile(r"^\s*[%\w@.-]+\s+\w+\s*=\s*(?:\([^)]*\))?|^\s*(?:User|Cmnd|Host|Runas)_Alias\s", re.MULTILINE)
_ROBOTS = re.compile(r"^\s*user-agent\s*:", re.MULTILINE | re.IGNORECASE)
_IPTABLES = re.compile(r"^\s*(?:iptables\s+)?-[APID]\s+\w+", re.MULTILINE)
_OWNED = re.compile(r"\S+(?:\s+@[\w./-]+)+\s*")
_SECTION = re.compile(r"^\s*\[[^\]\n]+\]\s*$", re.MULTILINE)


def kind_of(text: str, file: str | None) -> str:
    """Return the kind of a source, by its name where that says it, else by its form."""
    suffix = _SUFFIXES.get(PurePath(file or "").suffix.lower())
    if suffix in ("ini", "text", "toml", "properties"):
        return suffix
    if PurePath(file or "").suffix.lower() == ".py":
        return "python" if is_python(text) else "text"
    if suffix is None and is_rego(text):
        return "rego"
    if suffix is None and is_latex(text):
        return "text"
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith(("#", ";"))]
    if suffix is None and lines:
        if text.lstrip().startswith("<?xml") or PurePath(file or "").suffix.lower() == ".xml":
            return "xml"
        if not _is_data(text):
            if is_python(text):
                return "python"
            if is_blocks(text):
                return "blocks"
            if is_properties(text):
                return "properties"
        if _ROBOTS.search(text):
            return "robots"
        if _IPTABLES.search(text):
            return "iptables"
        if all(_OWNED.fullmatch(line.partition(" #")[0].strip()) for line in lines):
            return "codeowners"
        if (
            _SUDO.search(text)
            and "=" in text
            and not text.lstrip().startswith("{")
            and all(_SUDO.match(line) or line.lstrip().startswith("Defaults") for line in lines)
        ):
            return "sudoers"
        if (
            _SECTION.search(text)
            and re.search(r"^\s*[\w. -]+\s*[=:]", text, re.MULTILINE)
            and not text.lstrip().startswith(("{", "[{", '["'))
        ):
            return "ini"
    try:
        data = decode_text(text)
    except InputError:
        return suffix or "text"
    if suffix == "data":
        return "data"
    if isinstance(data, dict) and (text.lstrip().startswith("{") or _looks_keyed(data)):
        return "data"
    return (
        "data"
        if isinstance(data, list)
        and any(isinstance(item, dict) for item in data)
        and not re.search(r"^#{1,6} ", text, re.M)
        else "text"
    )


def _is_data(text: str) -> bool:
    """Tell whether a text is a mapping or a list of JSON or YAML."""
    try:
        return isinstance(decode_text(text), (dict, list))
    except InputError:
        return False


def _looks_keyed(data: dict[str, Any]) -> bool:
    """Tell whether a mapping was meant as one: `Note: never delete files.` is a sentence with a colon."""
    if any(re.search(r"->|=>|\u2192", str(key)) for key in data):
        return False
    return all(len(str(key).split()) <= 4 for key in data) and any(
        isinstance(v, (dict, list, bool, int)) or (isinstance(v, str) and len(v.split()) <= 3) for v in data.values()
    )


def tree_of(kind: str, text: str, file: str | None) -> PolicySource:
    """Read a source of one of `TREES`. Raises: InputError."""
    return {
        "data": data_of,
        "ini": ini_of,
        "toml": toml_of,
        "xml": xml_of,
        "blocks": blocks_of,
        "properties": properties_of,
        "python": python_of,
        "rego": rego_of,
    }[kind](text, file)


def data_of(text: str, file: str | None) -> PolicySource:
    """Read JSON or YAML; a list at the root is read as rules. Raises: InputError."""
    try:
        several = None if text.lstrip().startswith(("{", "[")) else documents_of(text)
        if several is not None:
            return several
        data = decode_text(text)
    except InputError as error:
        raise error.at(file, error.line) from None
    lines = lines_of(text)
    if isinstance(data, list):
        data, lines = {"rules": data}, {("rules", *path): line for path, line in lines.items()}
    if not isinstance(data, dict):
        raise InputError("neither a mapping nor a list; say --from text for sentences", file=file)
    return PolicySource(data, lines, file)


def ini_of(text: str, file: str | None) -> PolicySource:
    """Read sections of keys; a value with commas is a list, yes and no are switches. Raises: InputError."""
    parser = configparser.ConfigParser(
        interpolation=None, strict=True, allow_no_value=True, delimiters=("=", ":"), inline_comment_prefixes=(";", "#")
    )
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    try:
        parser.read_string(text)
    except (configparser.Error, AttributeError) as error:  # the latter for a value's next line below a key without one
        raise InputError(
            f"no INI: {str(error).splitlines()[0]}", file=file, line=getattr(error, "lineno", None)
        ) from None
    data: dict[str, Any] = {}
    lines: dict[DataPath, int] = {}
    places = _ini_lines(text)
    for section in parser.sections():
        name = section.strip()
        target: dict[str, Any] = data
        path: tuple[str, ...] = ()
        for part in (
            re.split(r"\s*:\s*|\s+(?=\")", name)
            if re.match(r"(?i)(?:role|group|profile|tool)s?\s*[: ]", name)
            else [name]
        ):
            path = (*path, part.strip().strip('"'))
            inner = target.setdefault(path[-1], {})
            if not isinstance(inner, dict):
                raise InputError(f"the section {name} has the name of a key", file=file, line=places.get((section, "")))
            target = inner
            lines.setdefault(path, places.get((section, ""), 1))
        for key, value in parser.items(section):
            target[key] = _ini_value(value)
            lines[*path, key] = places.get((section, key), 1)
    return PolicySource(data, lines, file)


def _ini_lines(text: str) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        if match := re.match(r"\s*\[([^\]]+)\]", line):
            section = match.group(1)
            found[section, ""] = number
        elif match := re.match(r"\s*([^=:]+?)\s*(?:[=:]|$)", line):
            found.setdefault((section, match.group(1)), number)
    return found


def _ini_value(value: str | None) -> Any:
    if value is None:
        return True
    text = value.strip().strip('"')
    if text.lower() in ("true", "yes", "on"):
        return True
    if text.lower() in ("false", "no", "off"):
        return False
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    parts = [part.strip() for part in re.split(r"[,\n]", text) if part.strip()]
    return parts if len(parts) > 1 and all(" " not in part for part in parts) else text
