"""`gatling policy lint`: findings with line numbers, for people, as JSON or as SARIF."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rich.markup import escape

from gatling.cli.console import print_line
from gatling.cli.documents import print_json, read_policy
from gatling.errors import InputError
from gatling.policy import policy_problems, recognise
from gatling.policy.lint import LintRemark, lint, with_problems
from gatling.policy.sarif import sarif_log
from gatling.tools import load_catalog
from gatling.tools.spec import ToolSpec

EXIT_FINDINGS = 3
_COLOURS = {"error": "red", "warning": "yellow", "note": "dim"}


@dataclass(frozen=True, slots=True)
class _Linted:
    file: str
    rules: int
    remarks: list[LintRemark]

    def count(self, severity: str) -> int:
        return sum(remark.severity == severity for remark in self.remarks)

    def to_dict(self) -> dict[str, Any]:
        counts = {severity: self.count(severity) for severity in _COLOURS}
        return {"file": self.file, **counts, "findings": [remark.to_dict() for remark in self.remarks]}


def run_lint(
    files: Sequence[Path],
    *,
    catalog: Sequence[str] | None,
    form: Literal["text", "json", "sarif"],
    strict: bool,
    lenient: bool,
) -> int:
    """Print the findings; return 3 if one of them is an error, or with `strict` a warning, else 0.

    Args:
        lenient: what is not of the native format is a note, not an error.
    """
    specs = {} if catalog is None else {spec.name: spec for spec in load_catalog(catalog)}
    linted = [_lint(file, specs, lenient=lenient, is_many=len(files) > 1 or form == "sarif") for file in files]
    if form == "sarif":
        from gatling import __version__

        print_json(sarif_log([(one.file, one.remarks) for one in linted], version=__version__))
    elif form == "json":
        found = [one.to_dict() for one in linted]
        print_json(found[0] if len(found) == 1 else found)
    else:
        for one in linted:
            _print(one)
    failing = sum(one.count("error") + (one.count("warning") if strict else 0) for one in linted)
    return EXIT_FINDINGS if failing else 0


def _lint(file: Path, specs: Mapping[str, ToolSpec], *, lenient: bool, is_many: bool) -> _Linted:
    """Lint one policy. Raises: InputError if it cannot be read at all; of several, that is a finding like others."""
    try:
        source = read_policy(file)
        rules = recognise(source, strict=False)
    except InputError as error:
        if not is_many:
            raise
        return _Linted(str(file), 0, [LintRemark("error", "format", error.path, error.line, error.reason)])
    remarks = lint(rules, known_tools=specs)
    if not lenient:
        remarks = with_problems(remarks, policy_problems(source, catalog=specs))
    return _Linted(str(file), len(rules.clauses), remarks)


def _print(linted: _Linted) -> None:
    for remark in linted.remarks:
        place = f"{linted.file}:{remark.line}" if remark.line else linted.file
        what = f"[{_COLOURS[remark.severity]}]{remark.severity}[/] {remark.kind}"
        path = f"{escape(remark.path)}: " if remark.path else ""
        print_line(f"[bold]{escape(place)}[/]: {what}: {path}{escape(remark.message)}")
    print(
        f"{linted.file}: {linted.rules} rules; {linted.count('error')} errors, {linted.count('warning')} warnings, "
        f"{linted.count('note')} notes"
    )
