"""What a trace is: a governance context, an execution plan, and a label.

- Strict: `"7"` is not a number and `true` is not 1. Frozen: a trace is never changed in place. Where somebody may do it all the
  same, work on a `snapshot`: a `digest` is remembered from when it was first asked for.
- Unknown extra fields are kept and written back. They are not read by any model.
- A node without `provenance_tier` counts as tier 3, public or untrusted: trust is stated, never assumed.
- `meta` may hold the grounds of a label; no feature reads it.
"""

from __future__ import annotations

import graphlib
import hashlib
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_serializer, model_validator
from pydantic_core import PydanticCustomError

from gatling.errors import InputError
from gatling.schema.budget import checked
from gatling.schema.lazy import cached_property
from gatling.schema.plain import canonical_json, check_plain, decode_text, plain_copy
from gatling.schema.sizes import (
    MAX_HEADER_FIELDS,
    MAX_NAME_CHARS,
    MAX_ORIGIN_CHARS,
    MAX_ORIGINS,
    MAX_PLAN_EDGES,
    MAX_PLAN_NODES,
)

Label = Literal["compliant", "violation"]


def _refuse(error: InputError) -> PydanticCustomError:
    """Carry an InputError's relative path through pydantic, whose location holds the path to the field."""
    # The message is a template that pydantic fills in; what the data says travels beside it, see parse.py.
    return PydanticCustomError("gatling", "refused", {"reason": error.reason, "path": error.path, "line": error.line})


def _plain(value: Any) -> Any:
    if type(value) is str and len(value) <= MAX_NAME_CHARS and value.isascii():
        return value  # as most names and ids are
    try:
        check_plain(value)
    except InputError as error:
        raise _refuse(error) from None
    return value


class _Record(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="allow", ignored_types=(cached_property,))

    @model_validator(mode="after")
    def _extras_are_plain(self) -> Any:
        if self.model_extra:
            _plain(self.model_extra)
        return self

    def with_fields(self, fields: dict[str, Any]) -> Self:
        """Return a copy with other values of some fields, none of which is checked: `model_copy(update=)` in a third of the time.
        What else had been worked out of it is copied, too."""
        copied = type(self).__new__(type(self))
        extra = self.__pydantic_extra__
        fill = object.__setattr__
        fill(copied, "__dict__", {**self.__dict__, **fields})
        fill(copied, "__pydantic_extra__", None if extra is None else dict(extra))
        fill(copied, "__pydantic_fields_set__", self.__pydantic_fields_set__ | fields.keys())
        fill(copied, "__pydantic_private__", None)
        return copied


REQUEST_KEYS = ("user_request", "request", "instruction", "prompt", "query", "task", "goal")
"""Names of the field of a session that says what was asked; the first that is there counts."""


class Origin(_Record):
    """A passage that a call can have come from: something that the agent had read before it made the call."""

    source: str | None = None
    """The node whose output it stood in; None if it is not known."""
    text: str
    header: dict[str, str] = Field(default_factory=dict)
    """Fields around it that say whose it is or what item it belongs to, such as `sender` or `filename`."""
    tier: int = Field(default=3, ge=1, le=3)
    """The best that may be said of who wrote it, as `provenance_tier`."""
    is_record: bool = False
    """Whether it is the short fields of a record and no running text."""
    is_hidden: bool = False
    """Whether a person who looks at the item does not see it."""
    before: str = ""
    after: str = ""
    """The sentences around it."""
    is_one_account: bool = False
    """Whether all that had been read by then names a number of an account, and no other."""
    is_meant: bool | None = None
    """Of a record of a list: whether the request means it ("the latest mail"), or another one of that list; None if that is not
    certain."""

    @field_validator("text", "before", "after")
    @classmethod
    def _is_bounded(cls, value: str) -> str:
        if len(value) > MAX_ORIGIN_CHARS:
            raise _refuse(InputError(f"{len(value)} characters, at most {MAX_ORIGIN_CHARS} are taken"))
        return str(_plain(value))

    @field_validator("header")
    @classmethod
    def _header_is_bounded(cls, value: dict[str, str]) -> dict[str, str]:
        if len(value) > MAX_HEADER_FIELDS:
            raise _refuse(InputError(f"{len(value)} fields, at most {MAX_HEADER_FIELDS} are taken"))
        for key, text in value.items():
            if len(key) + len(text) > MAX_ORIGIN_CHARS:
                raise _refuse(InputError(f"{len(key) + len(text)} characters, at most {MAX_ORIGIN_CHARS} are taken"))
        return dict(_plain(value))

    def snapshot(self) -> Origin:
        """Return the passage with a header of its own."""
        return self.model_copy(update={"header": dict(self.header)})


class PlanNode(_Record):
    """One tool call."""

    tool_name: str
    """The tool's name as the agent would call it; never empty."""
    node_id: str
    """Unique within the plan. Its text carries no meaning and no model reads it."""
    arguments: dict[str, Any] = Field(default_factory=dict)
    """JSON data, nested at most 64 deep."""
    provenance_tier: int = Field(default=3, ge=1, le=3)
    """1 internal (system, the user), 2 signed partner, 3 public or untrusted."""
    provenance_hash: str | None = None
    """A digest of the source that the call came from, if the caller keeps one. No model reads it."""
    scope_volume: int = Field(default=1, ge=1)
    """Rows, records or files asked for."""
    scope_sensitivity: int = Field(default=1, ge=1, le=5)
    """1 public .. 5 critical."""
    origins: Annotated[tuple[Origin, ...], Field(strict=False, max_length=MAX_ORIGINS)] | None = None
    """What the call can have come from, the likeliest first, of all that the agent had read; None where that is not known, and
    then the call is judged without."""

    retries: str | None = None
    """The node that this call makes once more, after a result that was certainly an error; None for a call of its own."""

    @field_validator("tool_name", "node_id")
    @classmethod
    def _not_blank(cls, value: str) -> str:
        if len(value) > MAX_NAME_CHARS:
            raise _refuse(InputError(f"{len(value)} characters, at most {MAX_NAME_CHARS} are taken"))
        if not value.strip():
            raise _refuse(InputError("empty"))
        return str(_plain(value))

    @field_validator("scope_volume")
    @classmethod
    def _is_a_number_that_can_be_written(cls, value: int) -> int:
        return int(_plain(value))

    @field_validator("arguments", mode="before")
    @classmethod
    def _arguments_are_plain(cls, value: Any) -> Any:
        return _plain(value)


class PlanEdge(_Record):
    """Data that flows from one call's output to another call's argument. JSON also has it as `[source, target]`."""

    source: str
    target: str
    argument: str | None = None
    """The target's argument that receives the data, if known."""

    @field_validator("source", "target", "argument")
    @classmethod
    def _is_text(cls, value: str | None) -> str | None:
        _plain(value)
        return value

    @model_validator(mode="before")
    @classmethod
    def _from_pair(cls, value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            if len(value) != 2:
                raise PydanticCustomError(
                    "gatling",
                    f"an edge of {len(value)} items, wanted [source, target]",
                    {"path": "", "line": None},
                )
            return {"source": value[0], "target": value[1]}
        return value

    @model_serializer(mode="wrap")
    def _to_pair(self, handler: Any) -> Any:
        if self.argument is None and not self.model_extra:
            return [self.source, self.target]
        return handler(self)


class ExecutionPlan(_Record):
    """A directed acyclic graph of tool calls."""

    nodes: Annotated[tuple[PlanNode, ...], Field(strict=False, min_length=1)]
    edges: Annotated[tuple[PlanEdge, ...], Field(strict=False)] = ()

    @field_validator("nodes", "edges", mode="before")
    @classmethod
    def _is_sequence(cls, value: Any, info: Any) -> Any:
        if not isinstance(value, (list, tuple)):
            raise _refuse(InputError("not a list"))
        limit = MAX_PLAN_NODES if info.field_name == "nodes" else MAX_PLAN_EDGES
        if len(value) > limit:
            raise PydanticCustomError(
                "gatling",
                f"{len(value)} {info.field_name}, at most {limit} are taken",
                {"path": "", "line": None},
            )
        return value

    @model_validator(mode="after")
    def _is_dag(self) -> ExecutionPlan:
        first: dict[str, int] = {}
        for i, node in enumerate(self.nodes):
            if node.node_id in first:
                raise _refuse(
                    InputError(
                        f"{node.node_id!r} is also the id of nodes[{first[node.node_id]}]",
                        path=f"nodes[{i}].node_id",
                    )
                )
            first[node.node_id] = i
        parents: dict[str, list[str]] = {node.node_id: [] for node in self.nodes}
        is_in_order = True
        for i, edge in enumerate(checked(self.edges)):
            for end in (edge.source, edge.target):
                if end not in first:
                    raise _refuse(InputError(f"no node has the id {end!r}", path=f"edges[{i}]"))
            if edge.source == edge.target:
                raise _refuse(InputError(f"the edge joins {edge.source!r} to itself", path=f"edges[{i}]"))
            parents[edge.target].append(edge.source)
            is_in_order &= first[edge.source] < first[edge.target]
        if is_in_order:  # as agents write plans: every edge leads on, so none leads back
            return self
        try:
            graphlib.TopologicalSorter(parents).prepare()
        except graphlib.CycleError as error:
            loop = [str(n) for n in error.args[1]]
            shown = loop if len(loop) <= 8 else [*loop[:8], "..."]
            raise _refuse(InputError(f"the edges form a cycle: {' -> '.join(shown)}", path="edges")) from None
        return self

    def snapshot(self) -> ExecutionPlan:
        """Return the plan as it is now, with arguments of its own and no digest remembered."""
        nodes = tuple(n.with_fields(_own_parts(n)) for n in checked(self.nodes))
        own = self.with_fields({"nodes": nodes})
        own.__dict__.pop("digest", None)
        return own

    @cached_property
    def digest(self) -> str:
        """Hex SHA-256 over what a judge reads of the plan: node names and the order of nodes and edges do not matter.

        Nodes are told apart by their content and that of their neighbours three edges deep (Weisfeiler-Leman), which is
        also as much as the encoder sees.
        """
        label = {
            n.node_id: _sha(
                [
                    n.tool_name,
                    n.arguments,
                    n.provenance_tier,
                    n.scope_volume,
                    n.scope_sensitivity,
                    *_read(n),
                    *_again(n),
                ]
            )
            for n in checked(self.nodes)
        }
        reading = [n for n in self.nodes if n.origins]
        for _ in range(3):
            around: dict[str, list[tuple[str, str, str]]] = {node_id: [] for node_id in label}
            for e in checked(self.edges):
                around[e.source].append(("out", label[e.target], e.argument or ""))
                around[e.target].append(("in", label[e.source], e.argument or ""))
            for n in reading:
                for position, origin in enumerate(n.origins or ()):
                    around[n.node_id].append(("read", label.get(origin.source or "", ""), str(position)))
            label = {node_id: _sha_around(label[node_id], around[node_id]) for node_id in checked(label)}
        return _sha(sorted(label.values()))


def _own_parts(node: PlanNode) -> dict[str, Any]:
    own: dict[str, Any] = {"arguments": plain_copy(node.arguments)}
    if node.origins is not None:
        own["origins"] = tuple(origin.snapshot() for origin in node.origins)
    return own


def _read(node: PlanNode) -> list[Any]:
    """Return the origins as far as a judge reads them; nothing for a node without, so that its digest is what it was."""
    return [] if node.origins is None else [[_read_of(o) for o in node.origins]]


def _again(node: PlanNode) -> list[str]:
    return [] if node.retries is None else ["retries"]


def _read_of(origin: Origin) -> dict[str, Any]:
    own = origin.model_dump(exclude={"source"})
    return {
        key: value for key, value in own.items() if (key, value) not in (("is_meant", None), ("is_one_account", False))
    }


def _sha_around(label: str, around: list[tuple[str, str, str]]) -> str:
    """Return `_sha([label, sorted(around)])`, written by hand: all but the names of arguments are hex digits and plain words."""
    said = [f'["{how}","{other}",{canonical_json(name) if name else _NO_NAME}]' for how, other, name in sorted(around)]
    return hashlib.sha256(f'["{label}",[{",".join(said)}]]'.encode()).hexdigest()


_NO_NAME = '""'


def _sha(value: Any) -> str:
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


class GovernanceContext(_Record):
    """What is allowed, to whom, and what was asked."""

    policy: dict[str, Any]
    """A JSON object. JSON or YAML text is parsed when the context is made."""
    user_role: str
    session_context: dict[str, Any] = Field(default_factory=dict)
    """Who, and often `user_request`: what was asked."""

    @field_validator("policy", mode="before")
    @classmethod
    def _parse_policy(cls, value: Any) -> Any:
        try:
            if isinstance(value, str):
                value = decode_text(value)
                if not isinstance(value, dict):
                    raise InputError(f"the policy text is a {type(value).__name__}, wanted a mapping")
            else:
                check_plain(value)
        except InputError as error:
            raise _refuse(error) from None
        return value

    @field_validator("session_context", mode="before")
    @classmethod
    def _session_is_plain(cls, value: Any) -> Any:
        return _plain(value)

    @field_validator("user_role")
    @classmethod
    def _role_is_text(cls, value: str) -> str:
        return str(_plain(value))

    def snapshot(self) -> GovernanceContext:
        """Return the context as it is now, with a policy and a session of its own and no digest remembered."""
        parts = {"policy": self.policy, "session_context": self.session_context, **(self.model_extra or {})}
        own = self.model_copy(update=plain_copy(parts))
        own.__dict__.pop("digest", None)
        return own

    @cached_property
    def digest(self) -> str:
        """Hex SHA-256 over policy, role and session, whatever the order of their keys."""
        content = [self.policy, self.user_role, self.session_context]
        return hashlib.sha256(canonical_json(content).encode()).hexdigest()


class Trace(_Record):
    """A governance context, a plan proposed in it, and whether the plan is compliant."""

    governance_context: GovernanceContext
    execution_plan: ExecutionPlan
    label: Label
    id: str | None = None
    source: str | None = None
    """Where the trace comes from; reports are broken down by it."""
    request: str | None = None
    """The user's request, for people; models read `session_context` only."""
    violation_type: str | None = None
    violating_nodes: Annotated[tuple[str, ...], Field(strict=False)] = ()
    """Ids of the nodes to blame, where they are known."""
    meta: dict[str, Any] | None = None
    """Anything about the record. Never an input to a model."""

    @field_validator("meta", mode="before")
    @classmethod
    def _meta_is_plain(cls, value: Any) -> Any:
        return _plain(value)

    @model_validator(mode="after")
    def _blame_is_known(self) -> Trace:
        ids = {node.node_id for node in self.execution_plan.nodes}
        for i, node_id in enumerate(self.violating_nodes):
            if node_id not in ids:
                raise _refuse(InputError(f"no node has the id {node_id!r}", path=f"violating_nodes[{i}]"))
        return self

    @property
    def is_compliant(self) -> bool:
        return self.label == "compliant"

    def to_dict(self) -> dict[str, Any]:
        """Return plain data with the fields that were set, extras included."""
        return self.model_dump(mode="json", exclude_unset=True)
