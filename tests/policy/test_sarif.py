"""Lint remarks as SARIF: the members that the standard requires, and what a code host goes by."""

from __future__ import annotations

from typing import Any

import jsonschema

from gatling.policy import parse_policy, policy_problems, recognise
from gatling.policy.lint import KINDS, lint, with_problems
from gatling.policy.sarif import sarif_log, uri_of

# The part of the schema of SARIF 2.1.0 that is about what is written here: what it requires, and the values that it takes.
TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["version", "runs"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {"type": "array", "items": {"$ref": "#/$defs/run"}},
    },
    "$defs": {
        "run": {
            "type": "object",
            "required": ["tool"],
            "additionalProperties": False,
            "properties": {
                "tool": {
                    "type": "object",
                    "required": ["driver"],
                    "additionalProperties": False,
                    "properties": {"driver": {"$ref": "#/$defs/driver"}},
                },
                "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                "results": {"type": "array", "items": {"$ref": "#/$defs/result"}},
            },
        },
        "driver": {
            "type": "object",
            "required": ["name"],
            "additionalProperties": False,
            "properties": {
                "name": {"type": "string"},
                "semanticVersion": {"type": "string", "pattern": r"^\d+\.\d+\.\d+"},
                "rules": {
                    "type": "array",
                    "uniqueItems": True,
                    "items": {
                        "type": "object",
                        "required": ["id"],
                        "additionalProperties": False,
                        "properties": {"id": {"type": "string"}, "name": {"type": "string"}, "shortDescription": TEXT},
                    },
                },
            },
        },
        "result": {
            "type": "object",
            "required": ["message"],
            "additionalProperties": False,
            "properties": {
                "ruleId": {"type": "string"},
                "ruleIndex": {"type": "integer", "minimum": 0},
                "level": {"enum": ["none", "note", "warning", "error"]},
                "message": TEXT,
                "partialFingerprints": {"type": "object", "additionalProperties": {"type": "string"}},
                "locations": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "additionalProperties": False,
                        "properties": {
                            "physicalLocation": {
                                "type": "object",
                                "anyOf": [{"required": ["address"]}, {"required": ["artifactLocation"]}],
                                "properties": {
                                    "artifactLocation": {
                                        "type": "object",
                                        "properties": {"uri": {"type": "string", "pattern": r"^[^ \\]+$"}},
                                    },
                                    "region": {
                                        "type": "object",
                                        "properties": {"startLine": {"type": "integer", "minimum": 1}},
                                    },
                                },
                            },
                            "logicalLocations": {
                                "type": "array",
                                "items": {
                                    "type": "object",
                                    "properties": {"fullyQualifiedName": {"type": "string"}},
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}
WRONG = """\
allowed_operations: [read_file, delete_file]
forbidden_operations: [delete_file]
scope_limits: {write_file.limit: 5}
rules: [Files are read only if the request asks for it.]
forbiden: [x]
"""


def logged(text: str, file: str = "p.yaml") -> dict[str, Any]:
    source = parse_policy(text, file=file)
    remarks = with_problems(lint(recognise(source, strict=False)), policy_problems(source))
    return sarif_log([(file, remarks)], version="0.1.0")


def test_the_log_is_of_the_standard() -> None:
    log = logged(WRONG)
    jsonschema.Draft202012Validator(SCHEMA).validate(log)
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["name"] for rule in rules] == list(KINDS)
    found = {r["ruleId"]: r for r in run["results"]}
    assert {"policy/format", "policy/contradiction", "policy/prose"} <= found.keys()
    assert found["policy/format"]["level"] == "error"
    assert found["policy/prose"]["level"] == "note"
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    place = found["policy/format"]["locations"][0]
    assert place["physicalLocation"]["region"]["startLine"] == 5
    assert place["logicalLocations"][0]["fullyQualifiedName"] == "forbiden"


def test_a_log_that_breaks_the_standard_would_be_noticed() -> None:
    log = logged(WRONG)
    del log["runs"][0]["results"][0]["message"]
    assert not jsonschema.Draft202012Validator(SCHEMA).is_valid(log)


def test_a_policy_without_remarks_has_a_run_without_results() -> None:
    log = logged("allowed_operations: [read_file]\n")
    jsonschema.Draft202012Validator(SCHEMA).validate(log)
    assert log["runs"][0]["results"] == []


def marks(log: dict[str, Any]) -> list[str]:
    return sorted(r["partialFingerprints"]["gatlingPolicy/v1"] for r in log["runs"][0]["results"])


def test_a_remark_that_moves_keeps_its_fingerprint_and_another_has_another() -> None:
    assert marks(logged(WRONG)) == marks(logged("# a comment\n\n" + WRONG))
    assert marks(logged(WRONG)) != marks(logged(WRONG.replace("forbiden", "forbidenn")))
    assert len(set(marks(logged(WRONG)))) == len(marks(logged(WRONG)))


def test_names_of_files_become_references() -> None:
    assert uri_of("policies/my mail.yaml") == "policies/my%20mail.yaml"
    assert uri_of("/etc/p.yaml") == "file:///etc/p.yaml"
