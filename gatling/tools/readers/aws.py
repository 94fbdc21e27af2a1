"""AWS's service models, as shipped inside botocore: more than 430 services, about 19,600 operations.

- Domain is the service's name in botocore, such as `s3`; a tool is `s3_get_object`; its permission is `s3:GetObject`. The
  part before the colon is the signing name, which IAM nearly always uses too (`_IAM_PREFIXES` has where it does not). A
  few operations are governed by an action of another name (`ListObjectsV2` by `s3:ListBucket`); the models do not say.
- Parameters are the top-level members of the input shape. Bounds of strings and lists are lengths, not values: left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from gatling.errors import InputError, MissingExtraError
from gatling.tools.derive import make_tool
from gatling.tools.formats import format_of
from gatling.tools.naming import describe, entity, list_of, shorten
from gatling.tools.spec import Parameter, ToolSpec

_TYPES = {
    "string": "string", "character": "string", "blob": "string", "timestamp": "string",
    "integer": "integer", "long": "integer", "short": "integer", "byte": "integer", "bigInteger": "integer",
    "float": "number", "double": "number", "bigDecimal": "number",
    "boolean": "boolean", "list": "array", "map": "object", "structure": "object",
}  # fmt: skip
_FORMATS = {"blob": "byte", "timestamp": "datetime"}
_IAM_PREFIXES = {"cloudwatch": "cloudwatch", "iot-data": "iot", "elbv2": "elasticloadbalancing", "sesv2": "ses"}
_LIST_VERBS = ("List", "Describe", "Search", "Query", "Scan", "Get", "BatchGet", "Lookup", "Filter")


def _loader() -> Any:
    try:
        from botocore.loaders import Loader
    except ImportError:
        raise MissingExtraError("the catalogue of AWS's services", "aws") from None
    # Not the default search path: that also has a folder of the user's home.
    return Loader(extra_search_paths=[Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)


def read_aws(
    services: Sequence[str] | None = None, *, progress: Callable[[int], object] | None = None
) -> Iterator[ToolSpec]:
    """Yield the operations of all services, or of some.

    Args:
        services: such as `s3`; None for all.
        progress: called with 1 after each service.

    Raises:
        MissingExtraError: without the extra `aws`.
        InputError: for a model that is not what it should be.
    """
    loader = _loader()
    known = set(loader.list_available_services("service-2"))
    for service in sorted(known) if services is None else services:
        if service not in known:
            raise InputError(f"botocore has no service {service!r}")
        yield from model_tools(loader.load_service_model(service, "service-2"), service)
        if progress:
            progress(1)


def model_tools(model: Any, service: str) -> Iterator[ToolSpec]:
    """Yield the tools of one decoded service model. Raises: InputError with the path."""
    for key in ("metadata", "operations", "shapes"):
        if not isinstance(model, dict) or not isinstance(model.get(key), dict):
            raise InputError(f"the model of {service!r} has no object {key!r}", path=key)
    metadata, shapes = model["metadata"], model["shapes"]
    signing = metadata.get("signingName") or metadata.get("endpointPrefix") or service
    action_prefix = _IAM_PREFIXES.get(service, str(signing))
    for operation_name, operation in model["operations"].items():
        try:
            tool = _tool(operation_name, operation, shapes, service, action_prefix)
        except (AttributeError, TypeError, OverflowError) as error:
            place = f"operations.{operation_name}"
            raise InputError(f"not as service models are: {error}", path=place, file=service) from None
        yield tool


def _tool(
    operation_name: str, operation: dict[str, Any], shapes: dict[str, Any], service: str, action_prefix: str
) -> ToolSpec:
    from botocore import xform_name

    prefix = service.replace("-", "_") + "_"
    name = prefix + xform_name(operation_name)
    shape = _shape(operation.get("input"), shapes)
    required = frozenset(shape.get("required", ()))
    parameters = tuple(
        _parameter(key, member, shapes, is_required=key in required) for key, member in shape.get("members", {}).items()
    )
    http = operation.get("http", {})
    # Most services answer every operation on POST: there the method says nothing.
    method = str(http.get("method", "")) if str(http.get("method", "")) in ("GET", "HEAD", "DELETE") else ""
    return make_tool(
        name,
        domain=service,
        vendor="aws",
        description=shorten(_plain_text(str(operation.get("documentation", ""))))
        or describe(name, service, prefix=prefix),
        parameters=parameters,
        permissions=(f"{action_prefix}:{operation_name}",),
        returns=_returns(operation_name, operation, shapes),
        http_method=method,
        prefix=prefix,
    )


def _shape(reference: Any, shapes: dict[str, Any]) -> dict[str, Any]:
    name = reference.get("shape") if isinstance(reference, dict) else None
    shape = shapes.get(name) if isinstance(name, str) else None
    return shape if isinstance(shape, dict) else {}


def _parameter(name: str, member: Any, shapes: dict[str, Any], *, is_required: bool) -> Parameter:
    shape = _shape(member, shapes)
    source = str(shape.get("type", ""))
    kind = _TYPES.get(source, "object")
    item = _TYPES.get(str(_shape(shape.get("member"), shapes).get("type", "")), "") if kind == "array" else ""
    enum = tuple(dict.fromkeys(str(e) for e in shape.get("enum", ())))
    is_number = kind in ("integer", "number")
    return Parameter(
        name=name,
        type=kind,
        is_required=is_required,
        enum=enum,
        minimum=_bound(shape.get("min")) if is_number else None,
        maximum=_bound(shape.get("max")) if is_number else None,
        format="" if enum else format_of(name, kind, _FORMATS.get(source, "")),
        item_type=item,
    )


def _bound(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None


def _returns(operation_name: str, operation: dict[str, Any], shapes: dict[str, Any]) -> str:
    """The first list of structures that a listing answers with; else what the operation's own name is about."""
    members = _shape(operation.get("output"), shapes).get("members") or {}
    if not members:
        return ""
    if operation_name.startswith(_LIST_VERBS):
        for key, member in members.items():
            shape = _shape(member, shapes)
            if shape.get("type") == "list":
                item = shape.get("member") or {}
                is_structure = _shape(item, shapes).get("type") == "structure"
                return list_of(str(item.get("shape")) if is_structure else key)
    from botocore import xform_name

    words = xform_name(operation_name).split("_")
    return entity("_".join(words[1:]))


def _plain_text(html: str) -> str:
    """Drop the tags of AWS's documentation; it holds no `<` but in tags."""
    return "".join(part.partition(">")[2] if i else part for i, part in enumerate(html.split("<")))
