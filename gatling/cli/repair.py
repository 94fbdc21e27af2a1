"""`gatling repair`: the nearest plan that passes."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

from gatling.cli.flags import MaybePath
from gatling.cli.plan_flags import PlanFlags
from gatling.errors import ConfigError


@dataclass(frozen=True, kw_only=True, slots=True)
class RepairCommand(PlanFlags):
    """Judge a plan, and where it is not allowed search for the nearest one that is.

    gatling repair plan.json --policy policy.yaml --role clerk --request "Pay the May invoice." --output passes.json

    Edits narrow a limit, redirect to a named destination, take a weaker tool, drop an argument, or remove a call; none widens
    what the plan may do, and no value is invented. The result has passed the full audit. Exit status as for `gatling audit`,
    but 0 also where a repair was found.
    """

    output: MaybePath = None
    """Write the repaired plan here as JSON; nothing is written if there is none."""
    repair_ms: float = 500.0
    """How long to search."""

    def run(self) -> int:
        """Judge, search, print, write; return the exit status."""
        if not 0 <= self.repair_ms < math.inf:
            raise ConfigError(f"--repair-ms is {self.repair_ms}, it must be 0 or more and finite")
        guard, context, plan = self.prepare()
        from gatling.cli.decision import exit_status, print_decision
        from gatling.schema.files import atomic_write

        guard.repair_ms = self.repair_ms
        decision = guard.repair(context, plan)
        print_decision(plan, decision, as_json=self.json)
        if decision.repaired is not None:
            repaired = decision.repaired.model_dump(mode="json", exclude_unset=True)
            content = json.dumps(repaired, indent=2, ensure_ascii=False)
            if self.output is not None:
                with atomic_write(self.output) as stream:
                    stream.write((content + "\n").encode())
            elif not self.json:
                print(content)
            return 0
        if decision.verdict != "allow" and not self.json:
            print("no repair was found")
        return exit_status(decision)
