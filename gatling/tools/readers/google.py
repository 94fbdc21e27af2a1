"""Google's API discovery documents, as shipped inside google-api-python-client: 610 APIs, about 28,000 methods.

- Domain is the document's file name without `.json`, such as `gmail.v1`: two versions of an API are two domains. A tool's
  name is the method's id.
- Body parameters are the top-level properties of the request's schema without the read-only ones; nothing below the top
  level is followed, so recursive schemas cost nothing. A name that the URL has already is the URL's.
- `index.json` lists the documents and describes no API; every other file is read, and one that cannot be is an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from gatling.errors import InputError, MissingExtraError
from gatling.schema.plain import decode_json
from gatling.tools.derive import make_tool
from gatling.tools.formats import format_of
from gatling.tools.naming import describe, entity, list_of, shorten
from gatling.tools.spec import Parameter, Scalar, ToolSpec

_INTEGER_FORMATS = frozenset("int32 int64 uint32 uint64".split())
# Newer documents write the API and its version before a schema's name.
_QUALIFIED = re.compile(r"^Google\w*?V\d+(p\d+)?((alpha|beta)\d*)?(?=[A-Z])")
_TYPES = frozenset("string integer number boolean array object".split())


def google_documents() -> dict[str, Path]:
    """Return the discovery documents by domain, sorted. Raises: MissingExtraError without the extra `google`."""
    try:
        import googleapiclient
    except ImportError:
        raise MissingExtraError("the catalogue of Google's APIs", "google") from None
    folder = Path(str(googleapiclient.__file__)).parent / "discovery_cache" / "documents"
    return {
        path.name.removesuffix(".json"): path for path in sorted(folder.glob("*.json")) if path.name != "index.json"
    }


def read_google(
    domains: Sequence[str] | None = None, *, progress: Callable[[int], object] | None = None
) -> Iterator[ToolSpec]:
    """Yield the methods of all documents, or of some.

    Args:
        domains: such as `gmail.v1`; None for all.
        progress: called with 1 after each document.

    Raises:
        MissingExtraError: without the extra `google`.
        InputError: for a document that is not what it should be, with its file and path.
    """
    documents = google_documents()
    for domain in documents if domains is None else domains:
        path = documents.get(domain)
        if path is None:
            raise InputError(f"google-api-python-client has no document {domain!r}")
        try:
            document = decode_json(path.read_text("utf-8"))
            yield from document_tools(document, domain)
        except InputError as error:
            raise error.at(str(path), None) from None
        if progress:
            progress(1)


def document_tools(document: Any, domain: str) -> Iterator[ToolSpec]:
    """Yield the tools of one decoded discovery document. Raises: InputError with the path."""
    schemas = _mapping(document, "schemas", "")
    pending: list[tuple[dict[str, Any], str]] = [(document, "")]
    while pending:
        resource, path = pending.pop()
        for name, method in _mapping(resource, "methods", path).items():
            try:
                tool = _tool(method, schemas, domain, f"{path}methods.{name}")
            except (AttributeError, TypeError, OverflowError) as error:
                raise InputError(f"not as discovery documents are: {error}", path=f"{path}methods.{name}") from None
            yield tool
        for name, child in reversed(_mapping(resource, "resources", path).items()):
            pending.append((child, f"{path}resources.{name}."))


def _tool(method: Any, schemas: dict[str, Any], domain: str, path: str) -> ToolSpec:
    if not isinstance(method, dict) or not isinstance(method.get("id"), str):
        raise InputError("must be an object with an id", path=path)
    name, http_method = method["id"], str(method.get("httpMethod", "")).upper()
    found: dict[str, Parameter] = {}
    for key, value in _mapping(method, "parameters", path + ".").items():
        found[key] = _parameter(key, value, schemas, is_required=bool(value.get("required")))
    for key, value in _body(method, schemas).items():
        required = name in value.get("annotations", {}).get("required", ())
        if key not in found and not value.get("readOnly"):
            found[key] = _parameter(key, value, schemas, is_required=required)
    if method.get("supportsMediaUpload") and "media_body" not in found:  # what the client library calls it
        found["media_body"] = Parameter("media_body", "string", format="byte")
    return make_tool(
        name,
        domain=domain,
        vendor="google",
        description=shorten(str(method.get("description", ""))) or describe(name, domain),
        parameters=tuple(found.values()),
        permissions=tuple(str(scope) for scope in method.get("scopes", ())),
        returns=_returns(method, schemas),
        http_method=http_method,
    )


def _body(method: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """Return the top-level properties of the request's schema; a body of any shape is one parameter, `body`."""
    request = method.get("request")
    if not isinstance(request, dict):
        return {}
    schema = _resolve(request, schemas)
    properties = schema.get("properties")
    if isinstance(properties, dict):
        return {key: value for key, value in properties.items() if isinstance(value, dict)}
    return {"body": schema} if schema.get("additionalProperties") or schema.get("type") in ("any", "array") else {}


def _resolve(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """Follow `$ref` to a schema that is none; a ring of references ends in an empty schema."""
    seen = set()
    while isinstance(schema.get("$ref"), str):
        target = schema["$ref"]
        if target in seen or not isinstance(schemas.get(target), dict):
            return {}
        seen.add(target)
        schema = schemas[target]
    return schema


def _type(schema: dict[str, Any]) -> str:
    kind = schema.get("type", "object")
    if kind == "string" and schema.get("format") in _INTEGER_FORMATS:
        return "integer"  # 64-bit numbers travel as text
    return kind if kind in _TYPES else "object"


def _parameter(name: str, value: dict[str, Any], schemas: dict[str, Any], *, is_required: bool) -> Parameter:
    value = value if "$ref" not in value else _resolve(value, schemas)
    kind, item = _type(value), ""
    if value.get("repeated"):
        kind, item = "array", kind
    elif kind == "array":
        items = value.get("items")
        item = _type(_resolve(items, schemas)) if isinstance(items, dict) else ""
    enum = tuple(dict.fromkeys(str(e) for e in value.get("enum", ())))
    return Parameter(
        name=name,
        type=kind,
        is_required=is_required,
        enum=enum,
        default=_convert(value.get("default"), kind),
        minimum=_bound(value.get("minimum"), kind),
        maximum=_bound(value.get("maximum"), kind),
        format="" if enum else format_of(name, kind, str(value.get("format", ""))),
        item_type=item,
    )


def _convert(value: Any, kind: str) -> Scalar:
    """Defaults stand in the documents as text."""
    if value is None or kind in ("array", "object"):
        return None
    if kind == "boolean":
        return str(value).lower() == "true"
    if kind in ("integer", "number"):
        number = _bound(value, kind)
        return int(number) if number is not None and kind == "integer" else number
    return str(value)


def _bound(value: Any, kind: str) -> float | None:
    try:
        return float(value) if value is not None and kind in ("integer", "number") else None
    except (TypeError, ValueError):
        return None


def _returns(method: dict[str, Any], schemas: dict[str, Any]) -> str:
    """A schema with one array of objects, answered by a list or search, is a list of what the array holds."""
    response = method.get("response")
    name = response.get("$ref") if isinstance(response, dict) else None
    if not isinstance(name, str):
        return ""
    properties = _resolve({"$ref": name}, schemas).get("properties")
    verb = method["id"].rsplit(".", 1)[-1].lower()
    if isinstance(properties, dict) and ("list" in verb or "search" in verb):
        for value in properties.values():
            items = value.get("items") if isinstance(value, dict) and value.get("type") == "array" else None
            if isinstance(items, dict):
                return list_of(_QUALIFIED.sub("", str(items.get("$ref") or name)))
    return entity(_QUALIFIED.sub("", name))


def _mapping(parent: Any, key: str, path: str) -> dict[str, Any]:
    if not isinstance(parent, dict):
        raise InputError("must be an object", path=path.rstrip("."))
    value = parent.get(key, {})
    if not isinstance(value, dict):
        raise InputError("must be an object", path=f"{path}{key}")
    return value
