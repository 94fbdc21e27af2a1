"""`gatling policy lint`: findings with line numbers. `gatling policy test`: what the policy lets through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape

from gatling.cli.console import dump_json, out
from gatling.errors import ConfigError
from gatling.policy import read_policy, recognise
from gatling.policy.lint import LintRemark, lint
from gatling.tools import load_catalog

if TYPE_CHECKING:
    from gatling.cli.commands import Policy

EXIT_FINDINGS = 3
TEST_FLAGS = ("traces", "role", "model", "per_mutation", "seed", "examples", "fail_under")
_COLOURS = {"error": "red", "warning": "yellow", "note": "dim"}


def run_policy(command: Policy) -> int:
    """Run one of the two; return the exit status. Raises: ConfigError for a flag of the other."""
    foreign = [name for name in TEST_FLAGS if getattr(command, name) is not None] if command.what == "lint" else []
    if foreign:
        raise ConfigError(
            f"--{foreign[0].replace('_', '-')} is a flag of `gatling policy test`, `gatling policy lint` does not take it"
        )
    if command.what == "test":
        from gatling.cli.policy_test import run_policy_test

        return run_policy_test(command)
    return run_lint(command)


def run_lint(command: Policy) -> int:
    """Print the findings; return 3 if one of them is an error, else 0."""
    rules = recognise(read_policy(command.file))
    known = []
    if command.catalog is not None:
        known = [s.name for s in load_catalog([n.strip() for n in command.catalog.split(",") if n.strip()])]
    findings = lint(rules, known_tools=known)
    counts = {severity: sum(f.severity == severity for f in findings) for severity in _COLOURS}
    if command.json:
        print(
            dump_json({"file": str(command.file), **counts, "findings": [f.to_dict() for f in findings]}).decode(),
            end="",
        )
    else:
        for finding in findings:
            _print(str(command.file), finding)
        print(
            f"{command.file}: {len(rules.clauses)} rules; {counts['error']} errors, {counts['warning']} warnings, "
            f"{counts['note']} notes"
        )
    return EXIT_FINDINGS if counts["error"] or (command.strict and counts["warning"]) else 0


def _print(file: str, finding: LintRemark) -> None:
    place = f"{file}:{finding.line}" if finding.line else file
    colour = _COLOURS[finding.severity]
    what = f"[{colour}]{finding.severity}[/] {finding.kind}"
    text = f"[bold]{escape(place)}[/]: {what}: {escape(finding.path)}: {escape(finding.message)}"
    out.print(text, highlight=False, soft_wrap=True)
