"""The OpenAPI 3.1 document of the server, made of the table of routes and the models of what goes in and comes out."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import models_json_schema

from gatling.server.bodies import ID, ErrorShown, Shown
from gatling.server.routes import ROUTES, Route

_ERRORS = {
    400: "What was sent is not understood; the message says where.",
    401: "The token is missing, or another one.",
    403: "The token may not do this, or the request comes from another origin.",
    404: "There is no such session, or none of this id waits.",
    408: "The body did not come in time.",
    409: "It is there already, or was decided before, or another request was faster.",
    413: "The body is too long.",
    415: "The body is not `application/json`.",
    500: "The server could not judge.",
    503: "The server is busy, starting or stopping; `Retry-After` says when to ask again.",
    504: "It was not decided in time.",
}


def document(version: str) -> dict[str, Any]:
    """Return the document."""
    models: dict[Any, Any] = {(ErrorShown, "serialization"): None}
    for route in ROUTES:
        if route.body is not None:
            models[route.body, "validation"] = None
        if route.answer is not Shown:
            models[route.answer, "serialization"] = None
    _, schemas = models_json_schema(list(models), ref_template="#/components/schemas/{model}")
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Gatling decision server",
            "version": version,
            "description": "Judges the tool calls of agents by policies. A call may run where `may_run` is true, and never else.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {
                "agent": {"type": "http", "scheme": "bearer", "description": "The token of those who ask."},
                "approver": {"type": "http", "scheme": "bearer", "description": "The token of people who answer."},
            },
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    agents: list[dict[str, Any]] = [{"agent": []}]
    approvers: list[dict[str, Any]] = [{"approver": []}]
    security: dict[str, list[dict[str, Any]]] = {
        "anybody": [],
        "agents": agents,
        "approvers": approvers,
        "both": agents + approvers,
    }
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "security": security[route.who],
        "responses": {str(route.status): _response(route.answer)},
    }
    parameters = [
        {"name": part.strip("{}"), "in": "path", "required": True, "schema": {"type": "string", "pattern": ID}}
        for part in route.parts
        if part.startswith("{")
    ]
    parameters += [
        {"name": name, "in": "query", "description": meaning, "schema": {"type": "string"}}
        for name, meaning in route.query
    ]
    if parameters:
        operation["parameters"] = parameters
    if route.body is not None:
        operation["requestBody"] = {"required": True, "content": _json(route.body)}
    codes = (503,) if route.name == "ready" else () if route.is_front else tuple(_ERRORS)
    for code in codes:
        if route.name == "ready":
            operation["responses"]["503"] = {"description": "Not now.", "content": _json(route.answer)}
        else:
            operation["responses"][str(code)] = {"description": _ERRORS[code], "content": _json(ErrorShown)}
    return operation


def _response(answer: type[Shown]) -> dict[str, Any]:
    content = {"application/json": {"schema": {"type": "object"}}} if answer is Shown else _json(answer)
    return {"description": (answer.__doc__ or "").splitlines()[0], "content": content}


def _json(model: type[Any]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}}
