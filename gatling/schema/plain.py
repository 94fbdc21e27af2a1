"""JSON and YAML text to plain data, strictly.

- A key that stands twice in one mapping is refused: it is a way to show a judge one plan and an executor another.
- NaN and infinities (also those that a number such as `1e999` overflows to), lone surrogates, and nesting deeper
  than `MAX_DEPTH` are refused. Nothing here recurses over the data, so hostile nesting costs no stack.
- YAML is read as JSON's data model: no tags, anchors, aliases or merge keys; `true`/`false` are the only booleans;
  dates stay text.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gatling.errors import InputError
from gatling.schema.budget import check, checked
from gatling.schema.sizes import MAX_DEPTH, MAX_INT_BITS, MAX_KEY_CHARS, MAX_STRING_CHARS, MAX_TEXT_CHARS

if TYPE_CHECKING:
    import yaml  # where YAML is read, it is imported: most of what a guard reads is JSON

_TOO_MANY_DIGITS = f"an integer of several thousand digits, at most {MAX_INT_BITS} bits are taken"


class _Duplicate:
    """Stands in the decoded data where a mapping had a key twice."""

    def __init__(self, key: str) -> None:
        self.key = key


def _pairs(pairs: list[tuple[str, Any]]) -> Any:
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                return _Duplicate(key)
            seen.add(key)
    return mapping


_DECODER = json.JSONDecoder(object_pairs_hook=_pairs)


def join_path(parent: str, part: str | int) -> str:
    """Append a key or an index to a path: `a.b` + `c` = `a.b.c`, + 2 = `a.b[2]`."""
    if isinstance(part, int):
        return f"{parent}[{part}]"
    if not re.fullmatch(r"[\w\-]+", part):
        return f"{parent}[{json.dumps(part, ensure_ascii=False)}]"
    return f"{parent}.{part}" if parent else part


def check_plain(value: Any, path: str = "") -> None:
    """Refuse what is not plain JSON data within the stated limits.

    Raises:
        InputError: with the path of the first offending value.
    """
    if not _is_plain(value):  # paths cost more than the checks, so they are made for what is refused only
        _refuse_fault(value, path)


def _is_plain(value: Any) -> bool:
    """Tell whether the value is surely plain data of fewer than `MAX_DEPTH` levels."""
    level = [value]
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        keys: list[Any] = []
        texts: list[str] = []
        check()
        for item in level:
            kind = type(item)
            if kind is str:
                texts.append(item)
            elif kind is dict:
                keys += item
                below += item.values()
            elif kind is list or kind is tuple:
                below += item
            elif kind is float:
                if not math.isfinite(item):
                    return False
            elif kind is int:
                if item.bit_length() > MAX_INT_BITS:
                    return False
            elif not (item is None or kind is bool):
                return False
        if not (_are_texts(keys, MAX_KEY_CHARS) and _are_texts(texts, MAX_STRING_CHARS)):
            return False
        if not below:
            return True
        level = below
    return False


def _are_texts(items: list[Any], most: int) -> bool:
    """Tell whether all are text of so many characters at most."""
    try:
        together = "".join(items)  # looked at in one step, as most are short and ASCII
    except TypeError:
        return False
    if len(together) <= most and together.isascii():
        return True
    return all(type(item) is str and len(item) <= most and _is_text(item) for item in checked(items))


def plain_copy(value: Any) -> Any:
    """Return a copy of checked data that shares no list and no mapping with it; depth is bounded by the check."""
    if isinstance(value, dict):
        check()
        return {key: plain_copy(child) for key, child in value.items()}
    if isinstance(value, (list, tuple)):
        check()
        return type(value)(map(plain_copy, value)) if type(value) in (list, tuple) else list(map(plain_copy, value))
    return value


def _is_text(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= c <= "\udfff" for c in text)


def _refuse_fault(value: Any, path: str) -> None:
    stack: list[tuple[Any, str, int]] = [(value, path, 0)]
    while stack:
        check()
        item, where, depth = stack.pop()
        if isinstance(item, str):
            _check_string(item, where)
        elif isinstance(item, int):
            if item.bit_length() > MAX_INT_BITS:
                raise InputError(
                    f"an integer of {item.bit_length()} bits, at most {MAX_INT_BITS} are taken", path=where
                )
        elif item is None:
            continue
        elif isinstance(item, float):
            if not math.isfinite(item):
                raise InputError(f"{item} is not a finite number", path=where)
        elif isinstance(item, (dict, list, tuple)):
            if depth >= MAX_DEPTH:
                raise InputError(f"nested deeper than {MAX_DEPTH}", path=where)
            if isinstance(item, dict):
                for key, child in item.items():
                    if not isinstance(key, str):
                        raise InputError(f"key {key!r} is not a string", path=where)
                    _check_string(key, where)
                    if len(key) > MAX_KEY_CHARS:
                        raise InputError(
                            f"a key of {len(key)} characters, at most {MAX_KEY_CHARS} are taken", path=where
                        )
                    stack.append((child, join_path(where, key), depth + 1))
            else:
                stack.extend((child, join_path(where, i), depth + 1) for i, child in enumerate(item))
        elif isinstance(item, _Duplicate):
            raise InputError(f"key {item.key!r} stands twice in one mapping", path=where)
        else:
            raise InputError(f"a value of type {type(item).__name__} is not JSON data", path=where)


def _check_string(text: str, where: str) -> None:
    if len(text) > MAX_STRING_CHARS:
        raise InputError(f"a string of {len(text)} characters, at most {MAX_STRING_CHARS} are taken", path=where)
    if not _is_text(text):
        raise InputError("a lone surrogate is not text", path=where)


def decode_json(text: str, *, read_as: Callable[[Any], Any] | None = None) -> Any:
    """Decode one JSON document and check it.

    Args:
        read_as: returns what is to be checked in place of the document, such as one without pictures.

    Raises:
        InputError: if it is not JSON, or not within the limits named in this file's header.
    """
    try:
        value = _DECODER.decode(text)
    except RecursionError:
        raise InputError(f"nested deeper than {MAX_DEPTH}") from None
    except json.JSONDecodeError as error:
        raise InputError(f"not JSON: {error.msg} at {_position(error)}" if text.strip() else "empty") from None
    except ValueError:  # an integer of more digits than Python converts
        raise InputError(_TOO_MANY_DIGITS) from None
    check_plain(value if read_as is None else read_as(value))
    return value


def _position(error: json.JSONDecodeError) -> str:
    """Say where a document is broken; the line only of one that has several."""
    written = error.doc.rstrip()
    if error.pos >= len(written):
        return "the end"
    return (f"line {error.lineno}, " if "\n" in written else "") + f"column {error.colno}"


_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF|nan|NaN|NAN)")
_NULLS = {"", "~", "null", "Null", "NULL"}
_BOOLS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


def yaml_scalar(event: yaml.ScalarEvent) -> Any:
    """Return what a YAML scalar means in JSON's data model."""
    text: str = event.value
    if not event.implicit[0]:  # quoted or block text is always a string
        return text
    if text in _NULLS:
        return None
    if text in _BOOLS:
        return _BOOLS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _NOT_FINITE.fullmatch(text):
        return float(text.lower().replace(".", ""))
    return text


def decode_yaml(text: str) -> Any:
    """Decode one YAML document to JSON's data model and check it.

    Raises:
        InputError: with the line, if it is not YAML or uses what this file's header refuses.
    """
    import yaml

    root: list[Any] = []
    # One entry per open collection: the collection itself, and for a mapping its pending key (None: none is pending).
    stack: list[tuple[list[Any] | dict[str, Any], list[str]]] = [(root, [])]

    def add(value: Any, line: int | None, is_scalar: bool) -> None:
        target, pending = stack[-1]
        if isinstance(target, list):
            target.append(value)
            return
        if pending:
            target[pending.pop()] = value
            return
        if not is_scalar:
            raise InputError("a mapping key must be a scalar", line=line)
        key = value if isinstance(value, str) else json.dumps(value)
        if key == "<<":
            raise InputError("merge keys are not read", line=line)
        if key in target:
            raise InputError(f"key {key!r} stands twice in one mapping", line=line)
        pending.append(key)

    try:
        for event in checked(yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))):
            line = event.start_mark.line + 1 if event.start_mark else None
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise InputError("anchors and aliases are not read", line=line)
            tag = getattr(event, "tag", None)
            if tag not in (None, "!"):
                raise InputError(f"the tag {tag!r} is not read", line=line)
            if isinstance(event, yaml.ScalarEvent):
                add(yaml_scalar(event), line, is_scalar=True)
            elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
                if len(stack) > MAX_DEPTH:
                    raise InputError(f"nested deeper than {MAX_DEPTH}", line=line)
                opened: list[Any] | dict[str, Any] = {} if isinstance(event, yaml.MappingStartEvent) else []
                add(opened, line, is_scalar=False)
                stack.append((opened, []))
            elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
                stack.pop()
            elif isinstance(event, yaml.DocumentStartEvent) and root:
                raise InputError("more than one YAML document", line=line)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or str(error)
        raise InputError(f"not YAML: {reason}", line=mark.line + 1 if mark else None) from None
    except RecursionError:
        raise InputError(f"nested deeper than {MAX_DEPTH}") from None
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        raise InputError(_TOO_MANY_DIGITS) from None
    if not root:
        raise InputError("empty")
    check_plain(root[0])
    return root[0]


def decode_text(text: str) -> Any:
    """Decode JSON or YAML: JSON where the text starts like a JSON object, YAML otherwise.

    Raises:
        InputError: as `decode_json` and `decode_yaml` do.
    """
    if len(text) > MAX_TEXT_CHARS:
        raise InputError(f"a text of {len(text)} characters, at most {MAX_TEXT_CHARS} are taken")
    stripped = text.lstrip("\ufeff \t\r\n")
    if stripped[:1] == "{":
        try:
            return decode_json(stripped)
        except InputError as error:
            if not error.reason.startswith("not JSON:"):
                raise
            json_error = error
        try:
            return decode_yaml(text)  # a YAML flow mapping also starts with a brace
        except InputError:
            raise json_error from None
    return decode_yaml(text)


def writer(how: json.JSONEncoder) -> Callable[[Any], str]:
    """Return what writes data as an encoder does that does not indent. An encoder makes its writer in C anew for each text; here
    it is made once. Data that holds itself is a RecursionError, and no ValueError."""
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:  # an interpreter without it
        return how.encode
    text = json.encoder.encode_basestring_ascii if how.ensure_ascii else json.encoder.encode_basestring
    colon, comma = how.key_separator, how.item_separator
    write = make(None, how.default, text, None, colon, comma, how.sort_keys, how.skipkeys, how.allow_nan)
    return lambda data: "".join(write(data, 0))


_CANONICAL = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
_canonical = writer(_CANONICAL)


def canonical_json(value: Any) -> str:
    """Return the one JSON text of plain data: sorted keys, no spaces, UTF-8 characters as they are."""
    return _canonical(value)


def shown(value: object, most: int = 60) -> str:
    """Return a value as findings show it: on one line, shortened with its length stated."""
    text = " ".join(str(value).split())
    return f"{text!r}" if len(text) <= most else f"{text[:most]!r}... ({len(text)} characters)"


def cut(value: object, most: int = 80) -> str:
    """Return a text as it is, and other JSON data as JSON, in `most` characters at most."""
    text = value if isinstance(value, str) else canonical_json(value)
    return text if len(text) <= most else text[: most - 3] + "..."
