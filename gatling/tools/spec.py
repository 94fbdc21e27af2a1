"""What a tool is: the facts that a plan, and a policy about it, are made of.

A `ToolSpec` holds what its source states (name, typed parameters, permissions) and what `derive` concludes from it (effect,
privilege, limit parameter, whether data leaves, sensitivity), the latter each with its evidence. Both classes refuse values
out of their vocabulary; `from_dict` says where in the file they stand.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeVar

from gatling.errors import InputError
from gatling.schema.plain import join_path

TYPES = ("string", "integer", "number", "boolean", "array", "object")
EFFECTS = ("read", "write", "delete", "admin", "send")
DERIVED = ("effect", "privilege", "limit_parameter", "leaves_organisation", "sensitivity")
MAX_NAME_CHARS = 300
Scalar = str | int | float | bool | None
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a tool."""

    name: str
    type: str
    """One of `TYPES`."""
    is_required: bool = False
    enum: tuple[str, ...] = ()
    """The values that are taken; empty: any."""
    default: Scalar = None
    minimum: float | None = None
    """Least value of a number, inclusive."""
    maximum: float | None = None
    """Greatest value of a number, inclusive."""
    format: str = ""
    """What the value looks like where stated or evident: `email`, `date`, `datetime`, `url`, `uuid`, `path`, `currency`,
    `phone`, `byte`, ...; `message.id` is the identifier of a message."""
    item_type: str = ""
    """For arrays: the type of an item."""

    def __post_init__(self) -> None:
        _check_name(self.name, "name")
        if self.type not in TYPES:
            raise InputError(f"{self.type!r} is not one of {', '.join(TYPES)}", path="type")
        if self.item_type and self.item_type not in TYPES:
            raise InputError(f"{self.item_type!r} is not one of {', '.join(TYPES)}", path="item_type")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise InputError(f"{self.minimum} is more than the maximum {self.maximum}", path="minimum")

    def to_dict(self) -> dict[str, Any]:
        """Return plain data; fields that hold their default are left out."""
        data: dict[str, Any] = {"name": self.name, "type": self.type}
        if self.is_required:
            data["is_required"] = True
        if self.enum:
            data["enum"] = list(self.enum)
        for key in ("default", "minimum", "maximum"):
            if getattr(self, key) is not None:
                data[key] = getattr(self, key)
        for key in ("format", "item_type"):
            if getattr(self, key):
                data[key] = getattr(self, key)
        return data

    @classmethod
    def from_dict(cls, data: Any, path: str = "") -> Parameter:
        """Read plain data back. Raises: InputError with the path of the first bad value."""
        fields = _Fields(data, path)
        return fields.build(
            cls,
            name=fields.text("name"),
            type=fields.text("type"),
            is_required=fields.flag("is_required", False),
            enum=fields.texts("enum"),
            default=fields.scalar("default"),
            minimum=fields.number("minimum"),
            maximum=fields.number("maximum"),
            format=fields.text("format", ""),
            item_type=fields.text("item_type", ""),
        )


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """One tool that an agent can call."""

    name: str
    domain: str
    """The API or line of work that the tool belongs to; unique together with vendor and name."""
    vendor: str
    description: str
    parameters: tuple[Parameter, ...]
    permissions: tuple[str, ...]
    """OAuth scopes or IAM actions; any one of them suffices; what is needed together stands in one, with spaces between.
    Empty: none stated."""
    effect: str
    """One of `EFFECTS`."""
    privilege: int
    """1 (look up public things) to 5 (administer)."""
    limit_parameter: str | None
    """The parameter that bounds how many items come back or are touched."""
    returns: str
    """The entity that comes back, such as `message`; `list of message` for many; empty for nothing or unknown."""
    leaves_organisation: bool
    """Data goes to people or systems outside."""
    sensitivity: int
    """What the tool touches: 1 public to 5 critical."""
    evidence: tuple[tuple[str, str], ...]
    """For each of `DERIVED`: the field, and the rule with the words, verb or scope that decided it."""

    def __post_init__(self) -> None:
        _check_name(self.name, "name")
        _check_name(self.domain, "domain")
        _check_name(self.vendor, "vendor")
        if self.effect not in EFFECTS:
            raise InputError(f"{self.effect!r} is not one of {', '.join(EFFECTS)}", path="effect")
        for key in ("privilege", "sensitivity"):
            if not 1 <= getattr(self, key) <= 5:
                raise InputError(f"{getattr(self, key)} is not in 1 to 5", path=key)
        names = [p.name for p in self.parameters]
        if len(set(names)) != len(names):
            twice = next(n for n in names if names.count(n) > 1)
            raise InputError(f"the parameter {twice!r} stands twice", path="parameters")
        if self.limit_parameter is not None and self.limit_parameter not in names:
            raise InputError(f"{self.limit_parameter!r} is no parameter of this tool", path="limit_parameter")
        missing = [key for key in DERIVED if key not in {field for field, _ in self.evidence}]
        if missing:
            raise InputError(f"nothing is said about {', '.join(missing)}", path="evidence")

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that `from_dict` reads back."""
        return {
            "name": self.name,
            "domain": self.domain,
            "vendor": self.vendor,
            "description": self.description,
            "parameters": [p.to_dict() for p in self.parameters],
            "permissions": list(self.permissions),
            "effect": self.effect,
            "privilege": self.privilege,
            "limit_parameter": self.limit_parameter,
            "returns": self.returns,
            "leaves_organisation": self.leaves_organisation,
            "sensitivity": self.sensitivity,
            "evidence": [list(pair) for pair in self.evidence],
        }

    @classmethod
    def from_dict(cls, data: Any, path: str = "") -> ToolSpec:
        """Read plain data back. Raises: InputError with the path of the first bad value."""
        fields = _Fields(data, path)
        where = join_path(path, "parameters")
        parameters = fields.items("parameters")
        pairs = []
        for i, pair in enumerate(fields.items("evidence")):
            if not (isinstance(pair, (list, tuple)) and len(pair) == 2 and all(isinstance(s, str) for s in pair)):
                raise InputError("must be [field, reason]", path=join_path(join_path(path, "evidence"), i))
            pairs.append((pair[0], pair[1]))
        return fields.build(
            cls,
            name=fields.text("name"),
            domain=fields.text("domain"),
            vendor=fields.text("vendor"),
            description=fields.text("description", ""),
            parameters=tuple(Parameter.from_dict(p, join_path(where, i)) for i, p in enumerate(parameters)),
            permissions=fields.texts("permissions"),
            effect=fields.text("effect"),
            privilege=fields.integer("privilege"),
            limit_parameter=fields.text("limit_parameter", "") or None,
            returns=fields.text("returns", ""),
            leaves_organisation=fields.flag("leaves_organisation"),
            sensitivity=fields.integer("sensitivity"),
            evidence=tuple(pairs),
        )


def _check_name(name: str, field: str) -> None:
    if not name.strip() or len(name) > MAX_NAME_CHARS:
        raise InputError(f"must have 1 to {MAX_NAME_CHARS} characters, it has {len(name)}", path=field)
    if not name.isprintable():
        raise InputError("has characters that cannot be printed", path=field)


class _Fields:
    """Takes typed values out of a mapping; what is left over is refused. A default of `...` means required."""

    def __init__(self, data: Any, path: str) -> None:
        if not isinstance(data, dict):
            raise InputError(f"must be an object, it is {_kind(data)}", path=path)
        self.data = dict(data)
        self.path = path

    def _take(self, key: str, default: Any, wanted: str, *types: type) -> Any:
        value = self.data.pop(key, None)
        if value is None:
            if default is ...:
                raise InputError("missing", path=join_path(self.path, key))
            return default
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            raise InputError(f"must be {wanted}, it is {_kind(value)}", path=join_path(self.path, key))
        return value

    def text(self, key: str, default: Any = ...) -> str:
        value: str = self._take(key, default, "text", str)
        return value

    def flag(self, key: str, default: Any = ...) -> bool:
        value: bool = self._take(key, default, "true or false", bool)
        return value

    def integer(self, key: str) -> int:
        value: int = self._take(key, ..., "a whole number", int)
        return value

    def number(self, key: str) -> float | None:
        value = self._take(key, None, "a number", int, float)
        if value is not None and not (-1e308 <= value <= 1e308 and math.isfinite(value)):
            raise InputError("must be a finite number", path=join_path(self.path, key))
        return None if value is None else float(value)

    def scalar(self, key: str) -> Scalar:
        value: Scalar = self._take(key, None, "text, a number, true or false", str, int, float, bool)
        return value

    def items(self, key: str) -> list[Any]:
        value: list[Any] = self._take(key, [], "a list", list)
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        values = self.items(key)
        for i, value in enumerate(values):
            if not isinstance(value, str):
                raise InputError(f"must be text, it is {_kind(value)}", path=join_path(join_path(self.path, key), i))
        return tuple(values)

    def build(self, cls: type[_T], **values: Any) -> _T:
        if self.data:
            raise InputError("unknown field", path=join_path(self.path, min(self.data, key=str)))
        try:
            return cls(**values)
        except InputError as error:
            raise InputError(error.reason, path=join_path(self.path, error.path)) from None


def _kind(value: Any) -> str:
    return "null" if value is None else type(value).__name__
