"""Build gatling/assets/catalog.json.gz, the catalogue that ships with the package.

    uv run --extra google --extra aws python -m scripts.build_catalog

Three vendors: `office` from scripts/office_tools.txt, and a selection from the extras `google` and `aws`. Of those two only
facts are taken (names, types, enums, bounds, permissions); descriptions are made from names. The same inputs give the same
bytes; another release of the extras may give others.
"""

from __future__ import annotations

import argparse
import dataclasses
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from gatling.errors import InputError
from gatling.tools.derive import derive, privilege_of
from gatling.tools.files import write_catalog
from gatling.tools.formats import format_of
from gatling.tools.naming import describe
from gatling.tools.readers.aws import read_aws
from gatling.tools.readers.google import read_google
from gatling.tools.spec import EFFECTS, Parameter, Scalar, ToolSpec

OFFICE = Path(__file__).with_name("office_tools.txt")
OUTPUT = Path(__file__).resolve().parent.parent / "gatling" / "assets" / "catalog.json.gz"

GOOGLE_APIS = (
    "admin.directory_v1 adsense.v2 analyticsadmin.v1beta androidpublisher.v3 bigquery.v2 blogger.v3 books.v1 calendar.v3 "
    "chat.v1 civicinfo.v2 classroom.v1 cloudbilling.v1 cloudbuild.v2 cloudkms.v1 compute.v1 container.v1 content.v2.1 "
    "customsearch.v1 dns.v1 docs.v1 drive.v3 fcm.v1 firebasehosting.v1 fitness.v1 forms.v1 gmail.v1 healthcare.v1 iam.v1 "
    "keep.v1 logging.v2 meet.v2 monitoring.v3 people.v1 pubsub.v1 reseller.v1 run.v2 secretmanager.v1 sheets.v4 slides.v1 "
    "sqladmin.v1 storage.v1 tagmanager.v2 tasks.v1 vault.v1 walletobjects.v1 youtube.v3"
).split()
AWS_SERVICES = (
    "athena backup cloudtrail cloudwatch codecommit cognito-idp connect dynamodb ec2 ecr ecs efs glue guardduty iam kms "
    "lambda logs organizations rds redshift route53 s3 secretsmanager ses sns sqs stepfunctions sts support transfer workmail"
).split()
MAX_GOOGLE_METHODS = 25
MAX_AWS_OPERATIONS = 20
MAX_PARAMETERS = 12
MAX_ENUM = 8

_PARAMETER = re.compile(
    r"(?P<name>\w+)(:(?P<type>\w+(\|\w+)+|\w+(\.id)?))?(?P<array>\[\])?(?P<required>!)?"
    r"(=(?P<default>[\w\-]+))?(\.\.(?P<max>\d+))?(?P<late>!)?"
)
_TYPES = {  # the type and the format that a short word of office_tools.txt stands for
    "text": ("string", ""), "int": ("integer", ""), "number": ("number", ""), "bool": ("boolean", ""),
    "date": ("string", "date"), "datetime": ("string", "datetime"), "time": ("string", "time"),
    "email": ("string", "email"), "url": ("string", "url"), "phone": ("string", "phone"), "person": ("string", "person"),
    "money": ("number", "money"), "path": ("string", "path"), "file": ("string", "path"), "map": ("object", ""),
    "json": ("object", ""), "iban": ("string", "iban"), "currency": ("string", "currency"),
}  # fmt: skip


def office_tools(path: Path = OFFICE) -> Iterator[ToolSpec]:
    """Yield the hand-written tools. Raises: InputError with the line."""
    domain = ""
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        if line.startswith("## "):
            domain = line[3:].strip()
        elif line.strip() and not line.startswith("#"):
            try:
                yield parse_tool(line, domain)
            except InputError as error:
                raise error.at(str(path), number) from None


def parse_tool(line: str, domain: str) -> ToolSpec:
    """Parse `name parameter ... | effect [out] sN > [list] entity`; the part after `>` may be missing."""
    left, bar, right = line.partition(" | ")
    facts, _, returned = right.partition(">")
    words = facts.split()
    if not bar or not words or words[0] not in EFFECTS or not re.fullmatch("s[1-5]", words[-1]):
        raise InputError("must be `name parameters | effect [out] sN > entity`")
    name, *texts = left.split()
    parameters = tuple(parse_parameter(text) for text in texts)
    effect, sensitivity = words[0], int(words[-1][1:])
    permissions = (f"{domain}:{effect}", f"{domain}:manage") if effect != "admin" else (f"{domain}:manage",)
    privilege, why_privilege = privilege_of(effect, sensitivity)
    derived = derive(name, domain=domain, parameters=parameters)
    entity = returned.strip().replace("_", " ")
    return ToolSpec(
        name=name,
        domain=domain,
        vendor="office",
        description=describe(name, domain),
        parameters=parameters,
        permissions=permissions,
        effect=effect,
        privilege=privilege,
        limit_parameter=derived.limit_parameter,
        returns=f"list of {entity[5:]}" if entity.startswith("list ") else entity,
        leaves_organisation="out" in words,
        sensitivity=sensitivity,
        evidence=(
            ("effect", "stated: by the catalogue's author"),
            ("privilege", why_privilege),
            ("limit_parameter", dict(derived.evidence)["limit_parameter"]),
            ("leaves_organisation", "stated: by the catalogue's author"),
            ("sensitivity", "stated: by the catalogue's author"),
        ),
    )


def parse_parameter(text: str) -> Parameter:
    """Parse `NAME[:TYPE][[]][!][=DEFAULT][..MAX]`; an enum is written `a|b|c`, a reference `ENTITY.id`."""
    match = _PARAMETER.fullmatch(text)
    if match is None:
        raise InputError(f"{text!r} is no parameter")
    name, source = match["name"], match["type"] or "text"
    has_maximum = match["max"] is not None
    enum = tuple(source.split("|")) if "|" in source else ()
    if enum:
        kind, form = "string", ""
    elif source.endswith(".id"):
        kind, form = "string", source.replace("_", " ")
    elif source in _TYPES:
        kind, form = _TYPES[source]
        form = form or (format_of(name, kind) if kind == "string" else "")
    else:
        raise InputError(f"{source!r} is no type", path=name)
    if has_maximum and kind not in ("integer", "number"):
        raise InputError("only numbers have a maximum", path=name)
    is_array = match["array"] is not None
    return Parameter(
        name=name,
        type="array" if is_array else kind,
        is_required=bool(match["required"] or match["late"]),
        enum=enum,
        default=_default(match["default"], kind),
        minimum=1.0 if has_maximum and kind == "integer" else None,
        maximum=float(match["max"]) if has_maximum else None,
        format=form,
        item_type=kind if is_array else "",
    )


def _default(text: str | None, kind: str) -> Scalar:
    if text is None:
        return None
    if kind == "boolean":
        return text == "true"
    return int(text) if kind == "integer" else text


def selected(specs: Iterable[ToolSpec], count: int) -> list[ToolSpec]:
    """Choose up to `count` tools that take a parameter: the effects take turns, short names first within one."""
    usable = sorted((s for s in specs if s.parameters), key=lambda s: (s.name.count("."), len(s.name), s.name))
    queues = {effect: [s for s in usable if s.effect == effect] for effect in EFFECTS}
    chosen: list[ToolSpec] = []
    while len(chosen) < min(count, len(usable)):
        for queue in queues.values():
            if queue and len(chosen) < count:
                chosen.append(queue.pop(0))
    return chosen


def distilled(spec: ToolSpec, domain: str, *, prefix: str = "") -> ToolSpec:
    """Keep facts only: our own description, required parameters and the limit first, long enums dropped."""
    keep = sorted(
        spec.parameters, key=lambda p: (not p.is_required, p.name != spec.limit_parameter, p.type == "object")
    )[:MAX_PARAMETERS]
    parameters = tuple(
        p if len(p.enum) <= MAX_ENUM else dataclasses.replace(p, enum=()) for p in spec.parameters if p in keep
    )
    return dataclasses.replace(
        spec, domain=domain, description=describe(spec.name, domain, prefix=prefix), parameters=parameters
    )


def vendor_tools() -> Iterator[ToolSpec]:
    """Yield the selection from the extras `google` and `aws`."""
    for api in GOOGLE_APIS:
        domain = "directory" if api.startswith("admin.") else api.split(".")[0]
        for spec in selected(read_google([api]), MAX_GOOGLE_METHODS):
            yield distilled(spec, domain)
    for service in AWS_SERVICES:
        prefix = service.replace("-", "_") + "_"
        for spec in selected(read_aws([service]), MAX_AWS_OPERATIONS):
            yield distilled(spec, service, prefix=prefix)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    output: Path = parser.parse_args().output
    specs = [*office_tools(), *vendor_tools()]
    write_catalog(output, specs)
    print(f"{output}: {output.stat().st_size} bytes, {len(specs)} tools")
    print("vendors", dict(Counter(s.vendor for s in specs)), "effects", dict(Counter(s.effect for s in specs)))
    print("domains", len({(s.vendor, s.domain) for s in specs}))


if __name__ == "__main__":
    main()
