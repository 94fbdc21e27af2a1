"""Operations of an OpenAPI 3.0 or 3.1 document, JSON or YAML.

- A tool is an operation; its name is the operationId, else method and path (`GET /pets/{id}`). Domain is the title's words.
- Parameters are those of path, query and header (cookies are not an agent's), then the properties of the JSON request body;
  a body that is no object is one parameter, `body`. A name that the URL has already is the URL's.
- A permission is one alternative of the security requirements: its scopes, with spaces between. Only
  `#/...` references are followed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gatling.errors import InputError
from gatling.schema.plain import join_path
from gatling.schema.words import split_words
from gatling.tools.derive import make_tool
from gatling.tools.json_schema import parameter_of, parameters_of, resolve
from gatling.tools.naming import describe, entity, list_of, shorten
from gatling.tools.spec import Parameter, ToolSpec

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


def openapi_tools(document: Any, domain: str) -> Iterator[ToolSpec]:
    """Yield the operations of a decoded document; `domain` serves where it has no title. Raises: InputError."""
    if not isinstance(document, dict) or not str(document.get("openapi", "")).startswith(("3.0", "3.1")):
        raise InputError("must be 3.0 or 3.1", path="openapi")
    info = document.get("info")
    title = info.get("title") if isinstance(info, dict) else None
    domain = "_".join(split_words(title)) if isinstance(title, str) and split_words(title) else domain
    for url, item in _object(document.get("paths", {}), "paths").items():
        path = join_path("paths", url)
        item = resolve(item, document, path)
        shared = _list(item.get("parameters", []), join_path(path, "parameters"))
        for method in METHODS:
            if method in item:
                where = join_path(path, method)
                yield _tool(_object(item[method], where), document, domain, method, url, shared, where)


def _tool(
    operation: dict[str, Any],
    document: dict[str, Any],
    domain: str,
    method: str,
    url: str,
    shared: list[Any],
    path: str,
) -> ToolSpec:
    name = operation.get("operationId")
    text = operation.get("summary") or operation.get("description") or ""
    parameters: dict[str, Parameter] = {}
    own = _list(operation.get("parameters", []), join_path(path, "parameters"))
    for i, value in enumerate([*own, *shared]):
        where = join_path(join_path(path, "parameters"), i)
        parameter = resolve(value, document, where)
        key = parameter.get("name")
        if not isinstance(key, str):
            raise InputError("missing", path=join_path(where, "name"))
        if parameter.get("in") != "cookie" and key not in parameters:
            schema = parameter.get("schema", True)
            parameters[key] = parameter_of(key, schema, document, where, is_required=parameter.get("required") is True)
    for body in _body(operation, document, path):
        parameters.setdefault(body.name, body)
    prefix = ""
    if not (isinstance(name, str) and name.strip()):
        prefix = f"{method.upper()} "  # POST is no verb of the name here
        name = prefix + url
    try:
        return make_tool(
            name,
            domain=domain,
            vendor="openapi",
            description=(shorten(text) if isinstance(text, str) else "") or describe(name, domain, prefix=prefix),
            parameters=tuple(parameters.values()),
            permissions=_scopes(operation.get("security", document.get("security", [])), path),
            returns=_returns(operation, document, path),
            http_method=method.upper(),
            prefix=prefix,
        )
    except InputError as error:
        raise InputError(
            error.reason, path=error.path if error.path.startswith(path) else f"{path}.{error.path}"
        ) from None


def _json_schema(content: Any, path: str) -> Any:
    """Return the schema of the first JSON media type, or None."""
    for media, value in _object(content, path).items():
        if "json" in media.lower() or media == "*/*":
            return _object(value, join_path(path, media)).get("schema")
    return None


def _body(operation: dict[str, Any], document: dict[str, Any], path: str) -> tuple[Parameter, ...]:
    if "requestBody" not in operation:
        return ()
    path = join_path(path, "requestBody")
    body = resolve(operation["requestBody"], document, path)
    schema = _json_schema(body.get("content", {}), join_path(path, "content"))
    if schema is None:
        return ()
    parameters = parameters_of(schema, document, path)
    if parameters:
        return parameters
    return (parameter_of("body", schema, document, path, is_required=body.get("required") is True),)


def _scopes(security: Any, path: str) -> tuple[str, ...]:
    """Return one permission an alternative; the scopes of an alternative are needed together."""
    path = join_path(path, "security")
    alternatives = []
    for requirement in _list(security, path):
        schemes = _object(requirement, path).values()
        alternatives.append(" ".join(str(scope) for scheme in schemes for scope in _list(scheme, path)))
    return tuple(dict.fromkeys(alternative for alternative in alternatives if alternative))


def _returns(operation: dict[str, Any], document: dict[str, Any], path: str) -> str:
    """The name of the schema that the first success answers with; nothing where it has none."""
    path = join_path(path, "responses")
    for status, value in _object(operation.get("responses", {}), path).items():
        if status.startswith("2"):
            schema = _json_schema(resolve(value, document, path).get("content", {}), path)
            if not isinstance(schema, dict):
                return ""
            items = schema.get("items")
            if isinstance(items, dict) and isinstance(items.get("$ref"), str):
                return list_of(items["$ref"].rsplit("/", 1)[-1])
            return entity(schema["$ref"].rsplit("/", 1)[-1]) if isinstance(schema.get("$ref"), str) else ""
    return ""


def _object(value: Any, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InputError("must be an object", path=path)
    return value


def _list(value: Any, path: str) -> list[Any]:
    if not isinstance(value, list):
        raise InputError("must be a list", path=path)
    return value
