"""`gatling audit`, `repair` and `explain`: what a person reads in ten seconds, and what a script reads."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gatling.cli.console import dump_json, out, read_json
from gatling.cli.model import announce_model
from gatling.energy import CRITICS, Code, Finding, Verdict
from gatling.errors import ConfigError, InputError
from gatling.guard import Decision, Guard
from gatling.policy import PolicySource, read_policy
from gatling.schema import ExecutionPlan, GovernanceContext, parse_context, parse_plan
from gatling.schema.files import atomic_write

if TYPE_CHECKING:
    from gatling.cli.guard_commands import Audit, Explain, Repair

EXIT: dict[Verdict, int] = {"allow": 0, "deny": 3, "escalate": 4}
EXIT_FAULT = 1
_COLOUR: dict[Verdict, str] = {"allow": "green", "deny": "red", "escalate": "yellow"}
_SHOWN_FINDINGS = 12
_REMEDY = {
    Code.FORBIDDEN: "remove the call",
    Code.NOT_GRANTED: "remove the call, or grant it in the policy",
    Code.REQUIREMENT: "meet the clause",
    Code.UNDECIDED: "say it in a rule that is read: gatling policy lint",
    Code.NOT_ASKED: "remove the call, or ask for it",
    Code.UNTRUSTED_VALUE: "take the value from the request, or name its source in it",
    Code.TOO_WIDE: "narrow it",
    Code.LEAK: "send it to a place that the request names",
    Code.UNUSUAL: "look at it",
    Code.FAULT: "mend what is broken",
}


def run_audit(command: Audit) -> int:
    """Judge, print, return the exit status."""
    guard, context, plan = _prepare(command)
    decision = guard.audit(context, plan)
    _print(command, plan, decision)
    return _status(decision)


def run_repair(command: Repair) -> int:
    """Judge, search, print, write; return the exit status."""
    if not 0 <= command.repair_ms < math.inf:
        raise ConfigError(f"--repair-ms is {command.repair_ms}, it must be 0 or more and finite")
    guard, context, plan = _prepare(command)
    guard.repair_ms = command.repair_ms
    decision = guard.repair(context, plan)
    _print(command, plan, decision)
    if decision.repaired is not None:
        content = json.dumps(
            decision.repaired.model_dump(mode="json", exclude_unset=True), indent=2, ensure_ascii=False
        )
        if command.output is not None:
            with atomic_write(command.output) as stream:
                stream.write((content + "\n").encode())
        elif not command.json:
            print(content)
        return 0
    if decision.verdict != "allow" and not command.json:
        out.print("no repair was found", highlight=False)
    return _status(decision)


def run_explain(command: Explain) -> int:
    """Judge, print all energies, return the exit status."""
    guard, context, plan = _prepare(command)
    decision = guard.audit(context, plan)
    assessment = decision.assessment
    if assessment is None:
        _print(command, plan, decision)
        return _status(decision)
    rows = guard.explain(context, plan)
    if command.json:
        shown = {"decision": decision.to_dict(), "nodes": rows, "escalate_from": guard.escalate_from}
        print(dump_json(shown).decode(), end="")
        return _status(decision)
    _print(command, plan, decision)
    table = Table(title="energies (1.0 is the alarm line)", title_justify="left")
    columns = ("node", "call", "all", *map(str, CRITICS), "rests on")
    for i, name in enumerate(columns):
        table.add_column(name, justify="right" if 2 <= i < 3 + len(CRITICS) else "left", overflow="fold")
    for row in rows:
        energies = [f"{row['energy'][name]:.2f}" for name in ("all", *map(str, CRITICS))]
        facts = ", ".join(f"{k} {v}" for k, v in row["facts"].items())
        table.add_row(escape(row["node_id"]), escape(row["tool_name"]), *energies, escape(facts))
    _console().print(table)
    return _status(decision)


def _prepare(command: Audit | Repair | Explain) -> tuple[Guard, GovernanceContext, ExecutionPlan]:
    if not 0 < command.deadline_ms < math.inf:
        raise ConfigError(f"--deadline-ms is {command.deadline_ms}, it must be above 0 and finite")
    data = read_json(command.plan)
    if not isinstance(data, dict):
        raise InputError("not a plan: it is no JSON object", file=str(command.plan))
    own: dict[str, Any] = data.get("governance_context", {}) if "execution_plan" in data else {}
    try:
        plan = parse_plan(data.get("execution_plan", data))
    except InputError as error:
        raise error.at(str(command.plan), None) from None
    policies: tuple[PolicySource, ...] = ()
    context = dict(own) if isinstance(own, dict) else {}
    if command.policy is not None:
        policies = (read_policy(command.policy),)
        context["policy"] = policies[0].data
    if command.role is not None:
        context["user_role"] = command.role
    if command.session is not None:
        context["session_context"] = read_json(command.session)
    if command.request is not None:
        session = context.get("session_context") or {}
        if not isinstance(session, dict):
            raise InputError("not a JSON object", file=str(command.session or command.plan), path="session_context")
        context["session_context"] = {**session, "user_request": command.request}
    for field, flag in (("policy", "--policy"), ("user_role", "--role")):
        if field not in context:
            raise ConfigError(f"{flag} is missing, and {command.plan} is no trace that has a {field}")
    try:
        parsed = parse_context(context)
    except InputError as error:
        raise error.at(str(command.session or command.plan), None) from None
    announce_model(command.model)
    guard = Guard.from_pretrained(command.model, policies=policies, deadline_ms=command.deadline_ms)
    return guard, parsed, plan


def _status(decision: Decision) -> int:
    if any(reason.code is Code.FAULT for reason in decision.reasons):
        return EXIT_FAULT
    return EXIT[decision.verdict]


def _print(command: Audit | Repair | Explain, plan: ExecutionPlan, decision: Decision) -> None:
    if command.json:
        print(dump_json(decision.to_dict()).decode(), end="")
        return
    verdict = f"[bold {_COLOUR[decision.verdict]}]{decision.verdict.upper()}[/]"
    calls = f"{len(plan.nodes)} call{'s' if len(plan.nodes) > 1 else ''}"
    again = ", another plan may pass" if decision.retryable else ""
    _console().print(f"{verdict}  {calls}, {decision.latency_ms:.1f} ms{again}", highlight=False)
    if decision.reasons:
        tools = {node.node_id: node.tool_name for node in plan.nodes}
        table = Table()
        for name in ("call", "clause", "why", "remedy"):
            table.add_column(name, overflow="fold")
        for finding in decision.reasons[:_SHOWN_FINDINGS]:
            table.add_row(*map(escape, _row(finding, tools)))
        _console().print(table)
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
    remedy = _REMEDY[finding.code]
    if finding.bound is not None:
        remedy = f"at most {finding.bound:g}"
    return call, finding.clause or "", f"{finding.found}; wanted {finding.wanted}", remedy


def _console() -> Console:
    return out if out.is_terminal else Console(width=140)
