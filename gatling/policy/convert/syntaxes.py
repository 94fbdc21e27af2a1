"""Notations of keys and values to one tree with lines: TOML, XML, blocks in braces or tags, properties, several YAML documents.

What a notation calls a section, an element, a block or a dotted key is a mapping here, so that one reader reads all of them.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any
from xml.parsers import expat

from gatling.errors import InputError
from gatling.policy.source import DataPath, PolicySource, lines_of
from gatling.schema.plain import check_plain, decode_text

MAX_DEPTH = 24
"""Blocks within blocks; deeper is refused."""
_PROPERTY = re.compile(r"\s*(?:export\s+)?([\w.*-]+)\s*[=:]\s*(.*?)\s*$")
_TOKEN = re.compile(r'"[^"\n]*"|#.*|//.*|[{}\n;]|</?\w[^>\n]*>|[^\s{};"]+')
_APART = re.compile(r",\s*(?=[\w.-]+\s*=[^=])(?![^\[]*\])")
_ASSIGNED = re.compile(r"([\w.-]+|\"[^\"]*\")\s*(?:=|:)\s*(.+)")


_TEXTS = frozenset("by who role roles group name title text label note comment reason description value".split())
"""Attributes of an element that are text; others of several words are lists of them."""


class _Tree:
    """A tree that grows, with the line of each part; what stands twice under one key becomes a list."""

    def __init__(self) -> None:
        self.data: dict[str, Any] = {}
        self.lines: dict[DataPath, int] = {}

    def put(self, path: DataPath, key: str, value: Any, line: int, *, is_shared: bool = False) -> DataPath:
        """Put a value under a key and return its path.

        Args:
            is_shared: a mapping that stands there already is meant; else what stands twice becomes a list.
        """
        target: Any = self.data
        for part in path:
            target = target[part]
        if key not in target:
            target[key] = value
            self.lines[*path, key] = line
            return (*path, key)
        if is_shared and isinstance(target[key], dict):
            return (*path, key)
        if not isinstance(target[key], list):
            target[key] = [target[key]]
            self.lines[*path, key, 0] = self.lines[*path, key]
            for where in [w for w in self.lines if w[: len(path) + 1] == (*path, key) and len(w) > len(path) + 1]:
                if where[len(path) + 1] != 0:
                    self.lines[*path, key, 0, *where[len(path) + 1 :]] = self.lines.pop(where)
        target[key].append(value)
        self.lines[*path, key, len(target[key]) - 1] = line
        return (*path, key, len(target[key]) - 1)


def toml_of(text: str, file: str | None) -> PolicySource:
    """Read TOML. Raises: InputError."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        raise InputError(f"no TOML: {error}", file=file, line=int(found.group(1)) if found else None) from None
    data = _plain(data)
    check_plain(data)
    lines: dict[DataPath, int] = {}
    section: DataPath = ()
    seen: dict[DataPath, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if head := re.match(r"\s*\[(\[?)([^\]]+)\]", line):
            section = tuple(part.strip().strip("\"'") for part in head.group(2).split("."))
            if head.group(1):
                seen[section] = seen.get(section, -1) + 1
                section = (*section, seen[section])
            lines.setdefault(section, number)
        elif key := re.match(r"\s*([\w-]+|\"[^\"]*\")\s*=", line):
            lines.setdefault((*section, key.group(1).strip('"')), number)
    return PolicySource(data, lines, file)


def _plain(value: Any) -> Any:
    """Return TOML's values as plain data: dates and times as text. Depth is bounded by the decoder's own recursion."""
    if isinstance(value, dict):
        return {key: _plain(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_plain(child) for child in value]
    return value if isinstance(value, (str, int, float, bool)) else str(value)


def xml_of(text: str, file: str | None) -> PolicySource:
    """Read elements as mappings: attributes and elements within are members. Raises: InputError, also for a DTD."""
    tree = _Tree()
    parser = expat.ParserCreate()
    stack: list[DataPath] = [()]
    texts: list[str] = [""]

    def refuse(*_: Any) -> None:
        raise InputError("a document type definition is not read", file=file, line=parser.CurrentLineNumber)

    def start(tag: str, attributes: dict[str, str]) -> None:
        if len(stack) > MAX_DEPTH:
            raise InputError(
                f"more than {MAX_DEPTH} elements within each other", file=file, line=parser.CurrentLineNumber
            )
        path = tree.put(stack[-1], tag, {}, parser.CurrentLineNumber)
        for key, value in attributes.items():
            is_tokens = key not in _TEXTS and re.fullmatch(r"[a-z][a-z0-9-]*(?: [a-z][a-z0-9-]*)+", value)
            tree.put(path, key, value.split() if is_tokens else value, parser.CurrentLineNumber)
        stack.append(path)
        texts.append("")

    def end(_: str) -> None:
        path, said = stack.pop(), texts.pop().strip()
        if not said:
            return
        target: Any = tree.data
        for part in path[:-1]:
            target = target[part]
        if target[path[-1]]:
            target[path[-1]].setdefault("text", said)
        else:
            target[path[-1]] = said

    def add(data: str) -> None:
        texts[-1] += data

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, add
    try:
        parser.Parse(text.lstrip().encode(), True)
    except expat.ExpatError as error:
        raise InputError(f"no XML: {error}", file=file, line=error.lineno) from None
    return PolicySource(tree.data, tree.lines, file)


def is_blocks(text: str) -> bool:
    """Tell whether a text is made of blocks: `role "x" { .. }`, `location /x { .. }`, `<Location /x> .. </Location>`."""
    opened = len(re.findall(r"^\s*[\w-]+(?:[ \t]+[^\s{}<>\"]+|[ \t]+\"[^\"\n]*\")*[ \t]*\{", text, re.MULTILINE))
    tagged = len(re.findall(r"^\s*<(\w+)[^>\n]*>\s*$", text, re.MULTILINE))
    closed = len(re.findall(r"^\s*</\w+>\s*$", text, re.MULTILINE))
    return not text.lstrip().startswith(("{", "[", "<?xml")) and (opened > 0 or (tagged > 0 and tagged == closed))


def blocks_of(text: str, file: str | None) -> PolicySource:
    """Read blocks; the words of a block's head are keys within each other. Raises: InputError."""
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group().count("\n"), text, flags=re.DOTALL)
    tree = _Tree()
    stack: list[tuple[DataPath, int]] = [((), 0)]
    pending: list[str] = []
    line = started = 1

    def flush() -> None:
        said = " ".join(pending).strip()
        pending.clear()
        if not said:
            return
        parts = [part for part in _APART.split(said) if part.strip()]
        if len(parts) > 1 and all(_ASSIGNED.fullmatch(part) for part in parts):  # `{ region = [..], max = 3 }`
            for part in parts:
                key, value = _ASSIGNED.fullmatch(part).groups()  # type: ignore[union-attr]
                tree.put(stack[-1][0], key.strip('"'), _value(value), started)
            return
        assigned = _ASSIGNED.fullmatch(said)
        key, value = assigned.groups() if assigned else (said.partition(" ")[0], said.partition(" ")[2])
        tree.put(stack[-1][0], key.strip('"'), _value(value), started)

    def enter(head: list[str]) -> None:
        if len(stack) + len(head) > MAX_DEPTH:
            raise InputError(f"more than {MAX_DEPTH} blocks within each other", file=file, line=line)
        path = stack[-1][0]
        words = head or ["block"]
        for i, word in enumerate(words):
            path = tree.put(path, word.strip('"'), {}, line, is_shared=i < len(words) - 1)
        stack.append((path, line))

    for match in _TOKEN.finditer(text):
        token = match.group()
        if token == "\n":
            if not (pending and pending[-1].endswith((",", "[", "="))):
                flush()
            line += 1
        elif token.startswith(("#", "//")):
            continue
        elif token == ";":
            flush()
        elif token == "{":
            head, pending[:] = pending[:], []
            enter([word for word in head if word != "="])
        elif token == "}" or token.startswith("</"):
            flush()
            if len(stack) < 2:
                raise InputError(f"{token} closes no block", file=file, line=line)
            stack.pop()
        elif token.startswith("<"):
            flush()
            enter(re.findall(r'"[^"]*"|[^\s"]+', token[1:-1]))
        else:
            started = line if not pending else started
            pending.append(token)
    flush()
    if len(stack) > 1:
        raise InputError("a block that nothing closes", file=file, line=stack[-1][1])
    return PolicySource(tree.data, tree.lines, file)


def _value(text: str) -> Any:
    """Return a value as data where it is a list, a number or a switch, else as text."""
    text = text.strip().rstrip(",")
    if text.startswith("["):
        try:
            return decode_text(text)
        except InputError:
            return text
    if re.fullmatch(r'"[^"]*"', text):
        return text[1:-1]
    if text in ("true", "false"):
        return text == "true"
    return int(text) if re.fullmatch(r"-?\d{1,15}", text) else text


def is_properties(text: str) -> bool:
    """Tell whether every line is a dotted or an upper-case key and a value."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith(("#", "!", ";"))]
    found = [_PROPERTY.fullmatch(line) for line in lines]
    keys = [match.group(1) for match in found if match]
    return len(keys) > 1 and len(keys) == len(lines) and all("=" in line for line in lines)


def properties_of(text: str, file: str | None) -> PolicySource:
    """Read `a.b=value` and `A_B=value`: parts between dots are keys within each other; a prefix that all keys have is none.

    Raises: InputError for a line of another form, or a key that stands twice.
    """
    found: list[tuple[int, list[str], str]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith(("#", "!", ";")):
            continue
        match = _PROPERTY.fullmatch(line)
        if match is None:
            raise InputError("no line of the form `key = value`", file=file, line=number)
        key, value = match.groups()
        parts = key.split(".") if "." in key else [key]
        if "." not in key and key.isupper():
            parts = [key.lower()]
        found.append((number, parts, value.strip("\"'")))
    shared = (
        _shared_prefix([parts[0].split("_") for _, parts, _ in found]) if all(len(p) == 1 for _, p, _ in found) else 0
    )
    tree = _Tree()
    for number, parts, value in found:
        keys = ["_".join(parts[0].split("_")[shared:])] if shared else parts
        path: DataPath = ()
        for part in keys[:-1]:
            target: Any = tree.data
            for step in path:
                target = target[step]
            if part in target and not isinstance(target[part], dict):
                target[part] = {"access": target[part]}
            path = tree.put(path, part, {}, number, is_shared=True)
        target = tree.data
        for step in path:
            target = target[step]
        if keys[-1] in target:
            if not isinstance(target[keys[-1]], dict):
                raise InputError(f"the key {'.'.join(keys)} stands twice", file=file, line=number)
            path, keys = (*path, keys[-1]), ["access"]
        tree.put(path, keys[-1], _value(value), number)
    return PolicySource(tree.data, tree.lines, file)


def _shared_prefix(names: list[list[str]]) -> int:
    """Return how many first words all keys share that only say whose they are: `AGENT_`, and not `NO_` or `BLOCK_`."""
    shared = 0
    while (
        len(names) > 1 and all(len(name) > shared + 1 for name in names) and len({name[shared] for name in names}) == 1
    ):
        if names[0][shared].lower() not in _OWN_WORDS:
            break
        shared += 1
    return shared


_OWN_WORDS = frozenset("agent assistant bot ai app policy rules rule tool tools gate guard helper".split())


def documents_of(text: str) -> PolicySource | None:
    """Read several YAML documents as a list of rules; None if it is one. Raises: InputError."""
    parts = re.split(r"^---[ \t]*$", text, flags=re.MULTILINE)
    if len([part for part in parts if part.strip()]) < 2:
        return None
    items: list[Any] = []
    lines: dict[DataPath, int] = {}
    line = 0
    for part in parts:
        if re.sub(r"#.*", "", part).strip():
            index = len(items)
            items.append(decode_text(part))
            lines["documents", index] = line + 1
            lines |= {("documents", index, *path): line + at for path, at in lines_of(part).items()}
        line += part.count("\n")
    return PolicySource({"documents": items}, lines)
