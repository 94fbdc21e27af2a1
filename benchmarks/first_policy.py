"""What a first policy of `gatling policy init` lets through: made from half of the honest runs of a file, tried on all others.

    uv run python benchmarks/first_policy.py TRACES.jsonl.gz [TRACES ...]

Every second compliant trace makes the policy. Printed by file: how many of the other honest traces its rules find compliant, and
how many of the traces labelled violations they deny. Rules alone: no critic, no request.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from gatling.policy import Oracle, parse_policy, recognise
from gatling.policy.draft import Run, SeenCalls, draft
from gatling.schema import GovernanceContext, read_traces


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("traces", nargs="+")
    print("| file | honest runs that made it | other honest runs, compliant | violations, denied |")
    print("| --- | ---: | ---: | ---: |")
    for name in parser.parse_args(arguments).traces:
        honest: list[Run] = []
        violations: list[Run] = []
        for trace in read_traces(name):
            context = trace.governance_context
            run = Run(context.user_role, context.session_context, trace.execution_plan)
            (honest if trace.is_compliant else violations).append(run)
        seen = SeenCalls()
        seen.add(honest[::2])
        oracle = Oracle(recognise(source := parse_policy(draft(seen).text)))
        others = honest[1::2]
        passed = sum(_verdict(oracle, source.data, run) == "compliant" for run in others)
        denied = sum(_verdict(oracle, source.data, run) == "violation" for run in violations)
        print(f"| {name} | {len(honest) - len(others)} | {passed} of {len(others)} | {denied} of {len(violations)} |")


def _verdict(oracle: Oracle, policy: dict[str, object], run: Run) -> str:
    context = GovernanceContext.model_construct(
        policy=policy, user_role=run.role or "anybody", session_context=run.session
    )
    return oracle.judge(context, run.plan).verdict


if __name__ == "__main__":
    main()
