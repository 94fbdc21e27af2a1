"""`gatling audit`: the guard's verdict on a plan."""

from __future__ import annotations

from dataclasses import dataclass

from gatling.cli.plan_flags import PlanFlags


@dataclass(frozen=True, kw_only=True, slots=True)
class Audit(PlanFlags):
    """Judge a plan against a policy, a role and a request.

    gatling audit plan.json --policy policy.yaml --role clerk --request "Pay the May invoice."

    Exit status: 0 allow, 3 deny, 4 escalate (somebody should look), 2 bad input, 1 the guard could not do its work.
    """

    def run(self) -> int:
        """Judge, print, return the exit status."""
        guard, context, plan = self.prepare()
        from gatling.cli.decision import exit_status, print_decision

        decision = guard.audit(context, plan)
        print_decision(plan, decision, as_json=self.json)
        return exit_status(decision)
