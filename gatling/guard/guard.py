"""The guard: a plan goes in, a decision with reasons comes out.

    guard = Guard.from_pretrained()
    decision = guard.audit(context, plan)
    decision = guard.audit_pending(context, past, call)   # before each call of a running agent
    decision = guard.repair(context, plan)                # with the nearest plan that passes, if there is one

- Nothing that goes wrong allows: a missing or damaged model, a policy that cannot be read, a plan that is none, a value
  that is not a number, a deadline that passes, an error of our own. Each denies, with the code `fault` and its reason.
- Safe to share between threads. The verdict on a plan is the same alone and in a batch, on any number of threads, in any
  process, in either precision of the encoders: critics compute in double precision in a fixed order, and so close to a line that
  the rounding of encoders could decide, the latent term is computed in double precision too.
- What is worth keeping is kept, bounded: compiled policies, and the latents of contexts.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from gatling.energy import Assessment, Code
from gatling.energy.attribution_judge import ATTRIBUTION_NAME, AttributionJudge
from gatling.energy.audit import PlanAuditor
from gatling.energy.bare_judge import BARE_NAME, BareJudge
from gatling.energy.calibration import CALIBRATION_NAME, Calibration
from gatling.energy.composite import CRITICS_NAME, CompositeEnergy
from gatling.energy.critics.latent import LatentCritic, Precision
from gatling.energy.finding import Auditor
from gatling.errors import CheckpointError, ConfigError, DeadlineError, GatlingError, InputError
from gatling.guard.decision import Decision, denial, fault_of
from gatling.guard.workers import Workers
from gatling.policy.source import PolicySource
from gatling.repair import repair
from gatling.runtime import RuntimeEncoders
from gatling.runtime.folder import encoders_digest, pretrained_folder
from gatling.schema import ExecutionPlan, GovernanceContext, PlanEdge, PlanNode, parse_plan
from gatling.schema.budget import Budget, work_clock
from gatling.schema.files import as_path
from gatling.schema.parse import parse_context
from gatling.schema.sizes import (
    MAX_POLICY_CHARS,
    MAX_POLICY_NODES,
    MAX_SESSION_CHARS,
    Size,
    plan_size,
    size_of,
)
from gatling.tools.spec import ToolSpec

DEADLINE_MS = 2_000.0
WORK_MS = 200.0
_WORK_SHARE = 0.1
"""Of the deadline: the rest is for waiting, on a machine that has others to serve."""
REPAIR_MS = 50.0


class Guard:
    """Judges plans and repairs them.

    Args:
        auditor: None if there is nothing to judge with; then everything is denied, with `fault` as the reason.
        fault: why there is no auditor.
        deadline_ms: so long a caller waits for a decision, on the wall; one that comes later is a denial. None for no limit.
        work_ms: processor time that a decision may take, whatever else the machine has to do; by default a tenth of the deadline,
            but 200 at least. Where a single call gets a longer deadline, it gets as much more of this.
        repair_ms: processor time that a search for a repair may take, within the deadline.

    Raises:
        ConfigError: if a time is not a finite number, or none that there can be.
    """

    def __init__(
        self,
        auditor: PlanAuditor | None,
        *,
        fault: str = "",
        model_digest: str = "",
        deadline_ms: float | None = DEADLINE_MS,
        work_ms: float | None = None,
        repair_ms: float = REPAIR_MS,
    ) -> None:
        if deadline_ms is not None and not 0 < deadline_ms < math.inf:
            raise ConfigError(f"deadline_ms is {deadline_ms}, it must be above 0 and finite")
        if work_ms is not None and not 0 < work_ms < math.inf:
            raise ConfigError(f"work_ms is {work_ms}, it must be above 0 and finite")
        if not 0 <= repair_ms < math.inf:
            raise ConfigError(f"repair_ms is {repair_ms}, it must be 0 or more and finite")
        self._auditor = auditor
        self._fault = fault or "there is no model"
        self.model_digest = model_digest
        self.deadline_ms = deadline_ms
        self.work_ms = work_ms if work_ms is not None else max(WORK_MS, _WORK_SHARE * (deadline_ms or 0.0))
        self.repair_ms = repair_ms
        self._workers = Workers()

    @classmethod
    def from_pretrained(
        cls,
        path: str | Path | None = None,
        *,
        policies: Iterable[PolicySource] = (),
        catalog: Mapping[str, ToolSpec] | None = None,
        deadline_ms: float | None = DEADLINE_MS,
        work_ms: float | None = None,
        repair_ms: float = REPAIR_MS,
        escalate_from: float | None = None,
        precision: Precision = "fp32",
        is_strict: bool = True,
        is_strict_policy: bool = True,
    ) -> Guard:
        """Load the guard that ships with Gatling, or one from a model folder with `critics.json` and `calibration.json`.

        All that a first decision needs is loaded before this returns, so that no deadline is spent on it.

        Args:
            policies: as read from files (`gatling.policy.read_policy`), so that reasons name lines.
            catalog: what tools do, by name; the rest is concluded from their names.
            deadline_ms, work_ms, repair_ms: as above.
            escalate_from: energy from which on plans are not simply allowed, in place of the calibrated one and not above it:
                less gets through, and more false alarms are escalated.
            precision: `fp32` or `fp64`, what the encoders compute in; verdicts are the same in both.
            is_strict: raise if the model or one of `policies` cannot be used; else make a guard that denies everything and
                says why.
            is_strict_policy: take only policies of the native format, or of one that they name: another one is refused where
                it is told to the guard, and denies where a context brings it. Else what is not read of a policy leaves open
                the calls that it may be about, and only those: for replaying recorded data, whose policies nobody wrote for
                this guard.

        Raises:
            CheckpointError: if a file is missing, damaged, or does not belong to the others.
            InputError: if one of `policies` is not of the format.
            ConfigError: if `escalate_from` is not above 0, or is above the calibrated line, or the precision is another.
        """
        try:
            folder = pretrained_folder() if path is None else as_path(path)
            auditor, digest = load_auditor(
                folder,
                policies=_sources(policies),
                catalog=catalog,
                precision=precision,
                is_strict_policy=is_strict_policy,
            )
            if escalate_from is not None:
                auditor = auditor.stricter(escalate_from)
            _warm_up(auditor)
        except GatlingError as error:
            if is_strict:
                raise
            return cls(None, fault=str(error), deadline_ms=deadline_ms, work_ms=work_ms, repair_ms=repair_ms)
        return cls(auditor, model_digest=digest, deadline_ms=deadline_ms, work_ms=work_ms, repair_ms=repair_ms)

    # --- what is asked ------------------------------------------------------------------------------------------------

    def audit(self, context: GovernanceContext | dict[str, Any], plan: ExecutionPlan | dict[str, Any]) -> Decision:
        """Judge a whole plan before its first call."""
        return self._decide(context, lambda: _plan(plan), (plan,))

    def audit_pending(
        self,
        context: GovernanceContext | dict[str, Any],
        past: ExecutionPlan | dict[str, Any] | None,
        call: PlanNode | dict[str, Any],
        edges: Iterable[PlanEdge | tuple[str, str]] = (),
        *,
        deadline_ms: float | None = None,
    ) -> Decision:
        """Judge the next call of a running agent, in the light of the calls it has made.

        Args:
            past: the calls made so far; None before the first. The waiting call may stand among them, as in the plan of a
                `ConversationTracer`; another call under its id is refused.
            call: the call that waits.
            edges: data that flows from past calls into it, beside those that the plan has.
            deadline_ms: of this decision, in place of the guard's.

        Returns:
            A decision whose reasons are about the waiting call only: what was done cannot be undone.
        """

        return self._decide_pending(context, past, call, edges, deadline_ms=deadline_ms)

    def repair_pending(
        self,
        context: GovernanceContext | dict[str, Any],
        past: ExecutionPlan | dict[str, Any] | None,
        call: PlanNode | dict[str, Any],
        edges: Iterable[PlanEdge | tuple[str, str]] = (),
    ) -> Decision:
        """Judge the next call, and where it is not allowed search for arguments with which it is.

        Returns:
            The decision on the call as given. `repaired` is the plan with the call in it, in which nothing but this call's
            arguments is another: what was done cannot be undone, and another tool is another call.
        """
        return self._decide_pending(context, past, call, edges, is_repairing=True)

    def _decide_pending(
        self,
        context: GovernanceContext | dict[str, Any],
        past: ExecutionPlan | dict[str, Any] | None,
        call: PlanNode | dict[str, Any],
        edges: Iterable[PlanEdge | tuple[str, str]],
        *,
        is_repairing: bool = False,
        deadline_ms: float | None = None,
    ) -> Decision:
        waiting = ""

        def joined() -> ExecutionPlan:
            nonlocal waiting
            plan = _with_call(None if past is None else _plan(past), call, edges)
            waiting = call.node_id if isinstance(call, PlanNode) else call["node_id"]
            return plan

        def of_call(plan: ExecutionPlan, assessment: Assessment) -> Assessment:
            return assessment if self._auditor is None else self._auditor.only(assessment, waiting)

        def auditor() -> Auditor:
            return _OnlyCall(self._auditor, waiting)  # type: ignore[arg-type]

        return self._decide(
            context,
            joined,
            (past, {"nodes": (call,)}),
            of_call,
            is_repairing=is_repairing,
            deadline_ms=deadline_ms,
            repairing=auditor,
        )

    def repair(self, context: GovernanceContext | dict[str, Any], plan: ExecutionPlan | dict[str, Any]) -> Decision:
        """Judge a plan, and where it is not allowed search for the nearest one that is.

        Returns:
            The decision on the plan as given; `repaired` passes this same guard.
        """
        return self._decide(context, lambda: _plan(plan), (plan,), is_repairing=True)

    def audit_batch(
        self, items: Iterable[tuple[GovernanceContext | dict[str, Any], ExecutionPlan | dict[str, Any]]]
    ) -> list[Decision]:
        """Judge several plans; each decision is that of `audit`."""
        return [self.audit(context, plan) for context, plan in items]

    def explain(
        self, context: GovernanceContext | dict[str, Any], plan: ExecutionPlan | dict[str, Any]
    ) -> list[dict[str, Any]]:
        """Return for every call its energies and the facts that they rest on; for people, never for logs or agents. The
        deadline does not hold here.

        Raises:
            GatlingError: if there is nothing to judge with, or context or plan cannot be read.
        """
        if self._auditor is None:
            raise CheckpointError(self._fault)
        return self._auditor.explain(_context(context), _plan(plan))

    @property
    def escalate_from(self) -> float:
        """The energy from which on a plan is not simply allowed, on the scale where 1.0 denies; 0 without a model."""
        return self._auditor.calibration.escalate if self._auditor else 0.0

    def know_policy(self, source: PolicySource) -> None:
        """Remember where the parts of a policy stand, so that reasons name lines; as `policies=`, for later ones.

        Raises:
            InputError: if it is not of the format; with file, line and path.
        """
        if self._auditor is not None:
            self._auditor.know_policy(source)

    # --- how it is answered -------------------------------------------------------------------------------------------

    def _decide(
        self,
        context: GovernanceContext | dict[str, Any],
        make_plan: Callable[[], ExecutionPlan],
        given: Iterable[Any],
        narrow: Callable[[ExecutionPlan, Assessment], Assessment] = lambda plan, assessment: assessment,
        *,
        is_repairing: bool = False,
        deadline_ms: float | None = None,
        repairing: Callable[[], Auditor] | None = None,
    ) -> Decision:
        started = time.perf_counter()
        deadline = self.deadline_ms if deadline_ms is None else deadline_ms

        def work() -> Decision:
            if self._auditor is None:
                return self._denial(self._fault, started)
            # From here on nobody else can change what is judged, and digests are of that.
            parsed = self._auditor.snapshot(_context(context))
            plan = make_plan().snapshot()
            assessment = narrow(plan, self._auditor.assess(parsed, plan))
            decision = self._decision(parsed, plan, assessment, started)
            if not is_repairing or decision.verdict == "allow":
                return decision
            left = self.repair_ms
            if deadline is not None:
                left = min(left, 0.8 * deadline - (time.perf_counter() - started) * 1e3)
            rules = self._auditor.oracle(parsed).rules
            judge = self._auditor if repairing is None else repairing()
            with suppress(DeadlineError):  # what was decided stays decided
                found = repair(parsed, plan, judge, rules=rules, deadline_ms=max(left, 0.0), clock=work_clock)
                if found.plan is not None:
                    decision = replace(decision, repaired=found.plan, edits=tuple(str(e) for e in found.edits))
            return replace(decision, latency_ms=(time.perf_counter() - started) * 1e3)

        def guarded() -> Decision:
            try:
                return work()
            except Exception as error:  # whatever it is, it must not allow
                return self._denial(fault_of(error), started)

        try:
            size = _counted(context, given)
            if deadline is None:
                return guarded()
            is_quick = self._auditor is None or self._auditor.is_quick(context)
            return self._workers.run(guarded, size, self._budget(deadline), is_quick=is_quick)
        except (
            Exception
        ) as error:  # too much to judge, too late, no thread is left, or the interpreter is shutting down
            return self._denial(fault_of(error), started)

    def _budget(self, deadline_ms: float) -> Budget:
        scale = max(1.0, deadline_ms / self.deadline_ms) if self.deadline_ms is not None else 1.0
        return Budget(wait_s=deadline_ms / 1e3, work_s=scale * self.work_ms / 1e3)

    def _decision(
        self, context: GovernanceContext, plan: ExecutionPlan, assessment: Assessment, started: float
    ) -> Decision:
        return Decision(
            verdict=assessment.verdict,
            reasons=assessment.findings,
            retryable=_is_retryable(assessment),
            plan_digest=plan.digest,
            policy_digest=self._auditor.policy_digest(context) if self._auditor is not None else "",
            model_digest=self.model_digest,
            latency_ms=(time.perf_counter() - started) * 1e3,
            assessment=assessment,
        )

    def _denial(self, reason: str, started: float) -> Decision:
        latency_ms = (time.perf_counter() - started) * 1e3
        return denial(reason, model_digest=self.model_digest, latency_ms=latency_ms)


class _OnlyCall:
    """Judges plans by one waiting call, in which alone a repair may change anything."""

    def __init__(self, auditor: PlanAuditor, waiting: str) -> None:
        self._auditor = auditor
        self._waiting = waiting
        self._given: ExecutionPlan | None = None

    def assess(self, context: GovernanceContext, plan: ExecutionPlan) -> Assessment:
        if self._given is None:  # a search begins with the plan as it was given
            self._given = plan
        if not self._is_the_same_call(plan):
            return Assessment("deny", math.inf, {}, ())
        return self._auditor.only(self._auditor.assess(context, plan), self._waiting)

    def _is_the_same_call(self, plan: ExecutionPlan) -> bool:
        """Whether nothing but the arguments of the waiting call differs, and what is said of them."""
        before, after = (self._split(p) for p in (self._given, plan) if p is not None)
        call, same = before[1], after[1]
        return before[0] == after[0] and call is not None and same is not None and call.tool_name == same.tool_name

    def _split(self, plan: ExecutionPlan) -> tuple[list[PlanNode], PlanNode | None]:
        others = [node for node in plan.nodes if node.node_id != self._waiting]
        return others, next((node for node in plan.nodes if node.node_id == self._waiting), None)


def load_auditor(
    folder: Path,
    *,
    policies: tuple[PolicySource, ...] = (),
    catalog: Mapping[str, ToolSpec] | None = None,
    precision: Precision = "fp32",
    is_strict_policy: bool = True,
) -> tuple[PlanAuditor, str]:
    """Read encoders, critics and calibration of a model folder. Returns: the auditor, and the digest of all three.

    Raises:
        CheckpointError: if a file is missing, damaged, or does not belong to the others.
    """
    latent = LatentCritic(RuntimeEncoders.from_folder(folder), precision)
    encoders = encoders_digest(folder)
    critics = CompositeEnergy.read(folder / CRITICS_NAME, latent, encoders=encoders)
    calibration = Calibration.read(folder / CALIBRATION_NAME, critics.digest)
    judge = AttributionJudge.read(folder / ATTRIBUTION_NAME) if (folder / ATTRIBUTION_NAME).exists() else None
    bare = BareJudge.read(folder / BARE_NAME) if (folder / BARE_NAME).exists() else None
    learned = "".join(part.digest for part in (judge, bare) if part is not None)
    auditor = PlanAuditor(
        critics,
        calibration,
        policies=policies,
        catalog=catalog,
        attribution=judge,
        bare=bare,
        is_strict_policy=is_strict_policy,
    )
    parts = f"{encoders}{critics.digest}{calibration.digest}{learned}"
    return auditor, hashlib.sha256(parts.encode()).hexdigest()


def _sources(policies: Any) -> tuple[PolicySource, ...]:
    """Return policies that were read from files. Raises: InputError for anything else."""
    found = (
        tuple(policies) if isinstance(policies, Iterable) and not isinstance(policies, (str, bytes, Mapping)) else None
    )
    if found is None or not all(isinstance(source, PolicySource) for source in found):
        raise InputError(
            f"policies is a {type(policies).__name__}, wanted some of what gatling.policy.read_policy returns"
        )
    return found


def _warm_up(auditor: PlanAuditor) -> None:
    """Judge a plan for what that loads: the word table, and pages of the weights that were only mapped."""
    context = GovernanceContext(policy={"allowed_operations": ["ping"]}, user_role="any")
    auditor.assess(context, ExecutionPlan(nodes=(PlanNode(tool_name="ping", node_id="n1", provenance_tier=1),)))


def _counted(context: Any, plans: Iterable[Any]) -> Size:
    """Return the size of what is particular to a decision: plan and session. Raises: InputError if there is too much to judge."""
    parts = context if isinstance(context, dict) else getattr(context, "__dict__", {})
    size_of(parts.get("policy"), "policy", max_values=MAX_POLICY_NODES, max_chars=MAX_POLICY_CHARS)
    session = parts.get("session_context")
    asked = size_of(session, "session_context", max_values=MAX_POLICY_NODES, max_chars=MAX_SESSION_CHARS)
    sizes = [asked, *map(plan_size, plans)]
    return Size(sum(size.values for size in sizes), sum(size.chars for size in sizes))


def _context(context: GovernanceContext | dict[str, Any]) -> GovernanceContext:
    return context if isinstance(context, GovernanceContext) else parse_context(context)


def _plan(plan: ExecutionPlan | dict[str, Any]) -> ExecutionPlan:
    return plan if isinstance(plan, ExecutionPlan) else parse_plan(plan)


def _with_call(
    past: ExecutionPlan | None, call: PlanNode | dict[str, Any], edges: Iterable[PlanEdge | tuple[str, str]]
) -> ExecutionPlan:
    """Return the plan with the waiting call in it, which may be there already."""
    alone = parse_plan({"nodes": (call,)}).nodes[0]
    nodes, known = (past.nodes, past.edges) if past is not None else ((), ())
    same = next((node for node in nodes if node.node_id == alone.node_id), None)
    if same is None:
        return parse_plan({"nodes": (*nodes, alone), "edges": (*known, *edges)})
    given, there = alone.model_dump(), same.model_dump()
    differing = sorted(key for key in given.keys() | there.keys() if given.get(key) != there.get(key))
    if differing:
        reason = f"the plan has another call under the id {alone.node_id!r}: they differ in {', '.join(differing)}"
        raise InputError(reason, path="call")
    more = tuple(edges)
    if past is not None and not more:
        return past
    joined = parse_plan({"nodes": nodes, "edges": (*known, *more)})
    distinct = {(e.source, e.target, e.argument): e for e in joined.edges}  # the plan may have those that were given
    return joined.model_copy(update={"edges": tuple(distinct.values())})


def _is_retryable(assessment: Assessment) -> bool:
    """Whether another plan could pass: not where a tool itself is ruled out for the role."""
    final = {Code.FORBIDDEN, Code.NOT_GRANTED, Code.FAULT}
    return assessment.verdict != "allow" and not all(f.code in final for f in assessment.findings)
