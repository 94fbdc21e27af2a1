"""`gatling explain`: the energies behind a verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gatling.cli.plan_flags import PlanFlags


@dataclass(frozen=True, kw_only=True, slots=True)
class Explain(PlanFlags):
    """Show what every critic made of every call, and what that rests on.

    gatling explain plan.json --policy policy.yaml --role clerk --request "Pay the May invoice."

    Energies stand on the common scale, on which 1.0 is the alarm line. For people who look into a model; logs and agents
    never see energies. Exit status as for `gatling audit`.
    """

    def run(self) -> int:
        """Judge, print all energies, return the exit status."""
        guard, context, plan = self.prepare()
        from gatling.cli.decision import exit_status, print_decision
        from gatling.cli.documents import print_json

        decision = guard.audit(context, plan)
        if decision.assessment is None:
            print_decision(plan, decision, as_json=self.json)
            return exit_status(decision)
        rows = guard.explain(context, plan)
        if self.json:
            print_json({"decision": decision.to_dict(), "nodes": rows, "escalate_from": guard.escalate_from})
            return exit_status(decision)
        print_decision(plan, decision, as_json=False)
        _print_energies(rows)
        return exit_status(decision)


def _print_energies(rows: list[dict[str, Any]]) -> None:
    from rich.markup import escape
    from rich.table import Table

    from gatling.cli.console import wide
    from gatling.cli.decision import WIDTH
    from gatling.energy.critics.table import CRITICS

    table = Table(title="energies (1.0 is the alarm line)", title_justify="left")
    columns = ("node", "call", "all", *map(str, CRITICS), "rests on")
    for i, name in enumerate(columns):
        table.add_column(name, justify="right" if 2 <= i < 3 + len(CRITICS) else "left", overflow="fold")
    for row in rows:
        energies = [f"{row['energy'][name]:.2f}" for name in ("all", *map(str, CRITICS))]
        facts = ", ".join(f"{k} {v}" for k, v in row["facts"].items())
        table.add_row(escape(row["node_id"]), escape(row["tool_name"]), *energies, escape(facts))
    wide(WIDTH).print(table)
