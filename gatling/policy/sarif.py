"""Lint remarks as SARIF 2.1.0, the form in which code hosts and editors take the findings of tools.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html. One run for all files, so that a host sees what is fixed. A
fingerprint goes by path, kind and message and not by line: a finding that moves is not a new one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from gatling.policy.lint import KINDS, LintRemark

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
VERSION = "2.1.0"


def sarif_log(linted: Iterable[tuple[str, Iterable[LintRemark]]], *, version: str) -> dict[str, Any]:
    """Return the remarks on some files as a SARIF log.

    Args:
        linted: each file, as it was named, with its remarks.
        version: of Gatling.
    """
    names = list(KINDS)
    rules = [
        {"id": f"policy/{name}", "name": name, "shortDescription": {"text": summary}} for name, summary in KINDS.items()
    ]
    results = [_result(file, remark, names.index(remark.kind)) for file, remarks in linted for remark in remarks]
    driver = {"name": "gatling", "semanticVersion": version, "rules": rules}
    return {
        "$schema": SCHEMA,
        "version": VERSION,
        "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}],
    }


def _result(file: str, remark: LintRemark, index: int) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": uri_of(file)}}
    if remark.line:
        physical["region"] = {"startLine": remark.line}
    location: dict[str, Any] = {"physicalLocation": physical}
    if remark.path:
        location["logicalLocations"] = [{"fullyQualifiedName": remark.path}]
    text = f"{remark.path}: {remark.message}" if remark.path else remark.message
    said = re.sub(r" \(line \d+\)", "", remark.message)  # of another rule that it names
    mark = hashlib.sha256("\n".join((remark.kind, remark.path, said)).encode()).hexdigest()[:32]
    return {
        "ruleId": f"policy/{remark.kind}",
        "ruleIndex": index,
        "level": remark.severity,
        "message": {"text": text},
        "locations": [location],
        "partialFingerprints": {"gatlingPolicy/v1": mark},
    }


def uri_of(file: str) -> str:
    """Return a file's name as a URI reference: relative where the name is, with `/` and with odd characters escaped."""
    path = PurePath(file)
    if path.is_absolute():
        return path.as_uri()
    return quote(path.as_posix())
