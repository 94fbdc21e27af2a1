"""Tools of an MCP server: a saved answer to `tools/list`, bare (`{"tools": [...]}`) or in its JSON-RPC envelope.

Tools as they are handed to a model are of the same form but for two keys, and read here too: `{"type": "function", "function":
{"name", "parameters"}}`, or the parameters under `input_schema`.

A server's annotations are its own claims. They may raise what the rules derive, never lower it: `readOnlyHint: false` makes a
read a write, `destructiveHint: true` a read or write a deletion (not where the server also says that the tool only reads),
`openWorldHint: true` says of a tool that changes something that data leaves. The evidence names each hint.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from gatling.errors import InputError
from gatling.schema.plain import join_path
from gatling.tools.derive import make_tool, privilege_of
from gatling.tools.json_schema import parameters_of
from gatling.tools.naming import describe, shorten
from gatling.tools.spec import ToolSpec

HINTS = ("readOnlyHint", "destructiveHint", "openWorldHint")


def mcp_tools(document: Any, domain: str) -> Iterator[ToolSpec]:
    """Yield the tools of a decoded `tools/list` result. Raises: InputError with the path."""
    path = ""
    if isinstance(document, dict) and "result" in document:
        document, path = document["result"], "result"
    if not isinstance(document, dict) or not isinstance(document.get("tools"), list):
        raise InputError("must be a list", path=join_path(path, "tools"))
    for i, tool in enumerate(document["tools"]):
        where = join_path(join_path(path, "tools"), i)
        if not isinstance(tool, dict):
            raise InputError("must be an object", path=where)
        yield _tool(tool, domain, where)


_SCHEMAS = ("inputSchema", "input_schema", "parameters")
"""Keys for the schema of the arguments; the first that is there is read."""


def _tool(tool: dict[str, Any], domain: str, path: str) -> ToolSpec:
    if isinstance(tool.get("function"), dict):
        tool, path = tool["function"], join_path(path, "function")
    name, description = tool.get("name"), tool.get("description", "")
    if not isinstance(name, str):
        raise InputError("must be text" if "name" in tool else "missing", path=join_path(path, "name"))
    key = next((key for key in _SCHEMAS if key in tool), "inputSchema")
    schema = tool.get(key, {})
    try:
        spec = make_tool(
            name,
            domain=domain,
            vendor="mcp",
            description=(shorten(description) if isinstance(description, str) else "") or describe(name, domain),
            parameters=parameters_of(schema, schema, key),
        )
    except InputError as error:
        raise InputError(error.reason, path=f"{path}.{error.path}") from None
    annotations = tool.get("annotations") or {}
    if not isinstance(annotations, dict):
        raise InputError("must be an object", path=join_path(path, "annotations"))
    hints = {key: annotations[key] for key in HINTS if annotations.get(key) is not None}
    for key, value in hints.items():
        if not isinstance(value, bool):
            raise InputError("must be true or false", path=join_path(join_path(path, "annotations"), key))
    return raised(spec, hints)


def raised(spec: ToolSpec, hints: dict[str, bool]) -> ToolSpec:
    """Return the tool with what its server's hints raise."""
    if not hints:
        return spec
    effect = spec.effect
    if hints.get("destructiveHint") and not hints.get("readOnlyHint") and effect in ("read", "write"):
        effect = "delete"
    elif hints.get("readOnlyHint") is False and effect == "read":
        effect = "write"
    privilege, why = privilege_of(effect, spec.sensitivity)
    leaves = spec.leaves_organisation or (effect != "read" and hints.get("openWorldHint", False))
    evidence = dict(spec.evidence)
    said = ", ".join(f"{key} {str(value).lower()}" for key, value in hints.items())
    for key, is_raised in (
        ("effect", effect != spec.effect),
        ("leaves_organisation", leaves != spec.leaves_organisation),
    ):
        evidence[key] = f"hint: {said}; over {evidence[key]}" if is_raised else f"{evidence[key]}; hint: {said}"
    if privilege > spec.privilege:
        evidence["privilege"] = why
    return dataclasses.replace(
        spec,
        effect=effect,
        privilege=max(privilege, spec.privilege),
        leaves_organisation=leaves,
        evidence=tuple(evidence.items()),
    )
