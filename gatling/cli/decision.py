"""A decision of the guard: what a person reads in ten seconds, and the exit status that a script reads."""

from __future__ import annotations

from gatling.cli.documents import print_json
from gatling.energy import Code, Finding, Source, Verdict
from gatling.guard import Decision
from gatling.schema import ExecutionPlan

EXIT: dict[Verdict, int] = {"allow": 0, "deny": 3, "escalate": 4}
EXIT_FAULT = 1
EXIT_INPUT = 2
WIDTH = 140
_COLOUR: dict[Verdict, str] = {"allow": "green", "deny": "red", "escalate": "yellow"}
_SHOWN_FINDINGS = 12
_REMEDY = {
    Code.FORBIDDEN: "remove the call",
    Code.NOT_GRANTED: "remove the call, or grant it in the policy",
    Code.REQUIREMENT: "meet the clause",
    Code.UNDECIDED: "say it in a rule that is read: gatling policy lint",
    Code.NOT_ASKED: "remove the call, or ask for it",
    Code.ORDERED_BY_CONTENT: "remove the call, or ask for it",
    Code.UNASKED_EFFECT: "remove the call, or ask for what it does",
    Code.UNTRUSTED_VALUE: "take the value from the request, or name its source in it",
    Code.TOO_WIDE: "narrow it",
    Code.LEAK: "send it to a place that the request names",
    Code.UNUSUAL: "look at it",
    Code.FAULT: "mend what is broken",
    Code.BUDGET: "raise the limits of the session",
    Code.LOOP: "make another call",
    Code.STOPPED: "lift the stop: gatling stop SESSION --clear",
    Code.REFUSED: "make another call",
}


def exit_status(decision: Decision) -> int:
    """Return the exit status of a command that judged."""
    if any(reason.code is Code.FAULT for reason in decision.reasons):
        return EXIT_FAULT
    return EXIT[decision.verdict]


def print_decision(plan: ExecutionPlan, decision: Decision, *, as_json: bool) -> None:
    """Print the verdict, its reasons with what would mend them, and a repaired plan's edits."""
    if as_json:
        print_json(decision.to_dict())
        return
    from rich.markup import escape  # a tenth of a second that a script does not pay
    from rich.table import Table

    from gatling.cli.console import wide

    verdict = f"[bold {_COLOUR[decision.verdict]}]{decision.verdict.upper()}[/]"
    calls = f"{len(plan.nodes)} call{'s' if len(plan.nodes) > 1 else ''}"
    again = ", another plan may pass" if decision.retryable else ""
    console = wide(WIDTH)
    console.print(f"{verdict}  {calls}, {decision.latency_ms:.1f} ms{again}", highlight=False)
    if decision.reasons:
        tools = {node.node_id: node.tool_name for node in plan.nodes}
        table = Table()
        for name in ("call", "clause", "why", "remedy"):
            table.add_column(name, overflow="fold")
        for finding in decision.reasons[:_SHOWN_FINDINGS]:
            table.add_row(*map(escape, _row(finding, tools)))
        console.print(table)
        if len(decision.reasons) > _SHOWN_FINDINGS:
            print(f"and {len(decision.reasons) - _SHOWN_FINDINGS} more: --json prints all")
    if decision.repaired is not None:
        print("a plan that passes:")
        for edit in decision.edits:
            print(f"  {edit}")


def _row(finding: Finding, tools: dict[str, str]) -> tuple[str, str, str, str]:
    call = "the plan"
    if finding.node_id is not None:
        call = f"{finding.node_id} {tools.get(finding.node_id, '')}"
        call += f"\n.{finding.argument}" if finding.argument else ""
    is_sayable = finding.source is Source.ATTRIBUTION  # what is wanted holds the sentence
    remedy = "remove the call, or let the user say it" if is_sayable else _REMEDY[finding.code]
    if finding.bound is not None:
        remedy = f"at most {finding.bound:g}"
    return call, finding.clause or "", f"{finding.found}; wanted {finding.wanted}", remedy
