"""`gatling policy lint`: findings with line numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.markup import escape

from gatling.cli.console import print_line
from gatling.cli.documents import print_json, read_policy
from gatling.policy import policy_problems, recognise
from gatling.policy.lint import LintRemark, lint, with_problems
from gatling.tools import load_catalog

EXIT_FINDINGS = 3
_COLOURS = {"error": "red", "warning": "yellow", "note": "dim"}


def run_lint(file: Path, *, catalog: Sequence[str] | None, as_json: bool, strict: bool, lenient: bool) -> int:
    """Print the findings; return 3 if one of them is an error, or with `strict` a warning, else 0.

    Args:
        lenient: what is not of the native format is a note, not an error.
    """
    source = read_policy(file)
    rules = recognise(source, strict=False)
    specs = {} if catalog is None else {spec.name: spec for spec in load_catalog(catalog)}
    findings = lint(rules, known_tools=specs)
    if not lenient:
        findings = with_problems(findings, policy_problems(source, catalog=specs))
    counts = {severity: sum(f.severity == severity for f in findings) for severity in _COLOURS}
    if as_json:
        print_json({"file": str(file), **counts, "findings": [f.to_dict() for f in findings]})
    else:
        for finding in findings:
            _print(str(file), finding)
        print(
            f"{file}: {len(rules.clauses)} rules; {counts['error']} errors, {counts['warning']} warnings, "
            f"{counts['note']} notes"
        )
    return EXIT_FINDINGS if counts["error"] or (strict and counts["warning"]) else 0


def _print(file: str, finding: LintRemark) -> None:
    place = f"{file}:{finding.line}" if finding.line else file
    colour = _COLOURS[finding.severity]
    what = f"[{colour}]{finding.severity}[/] {finding.kind}"
    text = f"[bold]{escape(place)}[/]: {what}: {escape(finding.path)}: {escape(finding.message)}"
    print_line(text)
