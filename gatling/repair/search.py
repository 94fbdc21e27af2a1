"""The nearest plan that passes: edits that cost least, such that the auditor allows what is left.

1. A first answer at once: remove every call that a finding names.
2. Greedy: mend the worst finding by the edit with the least energy plus cost, and so on until the plan is allowed.
3. Beam search over all findings for a cheaper answer. States are ordered by energy plus cost, the edits that can no longer
   lead to a cheaper answer are dropped.
4. Every answer is thinned: an edit without which the plan is still allowed is taken back.

The best answer so far stands whenever time or audits run out, so it only gets better. Each candidate is held against
`widens` and then audited in full, and each distinct plan is audited once. But for the deadline nothing depends on time:
with `max_audits` in place of it, the same input gives the same output.

The energy of a state is a tenth of the sum of its findings' energies, each counted up to 4. So one thing that is wrong weighs
0.1 at the alarm line and 0.4 where a rule denies it, about what it costs to mend, and a call with two faults is rather mended
twice than removed.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from gatling.energy.finding import SEVERITY, Assessment, Auditor, Finding
from gatling.errors import ConfigError
from gatling.policy.rules import Rulebook
from gatling.repair.edits import DROP_COST, Edit, Prune
from gatling.repair.flow import Flow
from gatling.repair.grounds import Grounds
from gatling.repair.propose import propose, prune_all
from gatling.repair.widens import widens
from gatling.schema import ExecutionPlan, GovernanceContext, PlanNode

ENERGY_WEIGHT = 0.1
MOST_ENERGY = 4.0
"""What one finding counts at most."""

_Key = tuple[tuple[str, ...], tuple[tuple[str, str, str | None], ...]]


@dataclass(frozen=True, slots=True)
class Repair:
    """The outcome of a search."""

    plan: ExecutionPlan | None
    """A plan that the auditor allows; None if none was found. The given plan itself if that is allowed."""
    edits: tuple[Edit, ...]
    """Applied to the given plan in this order they give `plan`."""
    cost: float
    """Of the edits; infinite if no plan was found."""
    assessment: Assessment | None
    """Of `plan`."""
    num_audits: int
    """How many plans were audited, the given one included."""
    is_exhausted: bool
    """Whether the search ended by itself; False where time or audits ran out."""
    reason: str = ""
    """Why there is no plan; empty if there is one."""

    def __bool__(self) -> bool:
        return self.plan is not None


@dataclass(frozen=True, slots=True)
class _State:
    plan: ExecutionPlan
    edits: tuple[Edit, ...]
    cost: float
    assessment: Assessment

    @property
    def is_allowed(self) -> bool:
        return self.assessment.verdict == "allow"

    @property
    def score(self) -> float:
        return self.cost + ENERGY_WEIGHT * _energy(self.assessment)


class _OutOfBudget(Exception):
    """No time, or no audit, is left."""


def repair(
    context: GovernanceContext,
    plan: ExecutionPlan,
    auditor: Auditor,
    *,
    rules: Rulebook | None = None,
    deadline_ms: float | None = 50.0,
    max_audits: int | None = None,
    beam: int = 4,
    max_edits: int = 8,
    enforces_volume: bool = False,
    clock: Callable[[], float] = time.perf_counter,
) -> Repair:
    """Search for the nearest plan that an auditor allows.

    Args:
        rules: of the context's policy, where they are read already.
        deadline_ms: no candidate is made or audited after this time; None for no bound. An audit under way is not cut off, and
            the given plan is always audited.
        max_audits: a bound that does not depend on the machine; None for none.
        beam: states that are kept from each round.
        max_edits: edits of one plan. Removing several calls at once is one.
        enforces_volume: whoever runs the plan sees to it that no call touches more than its `scope_volume`, so that lowering
            the stated volume is an edit. Otherwise it is lowered only along with an argument that holds the call to it.
        clock: seconds; on the wall by default.

    Raises:
        ConfigError: if a number is out of its range.
    """
    _check("deadline_ms", deadline_ms, least=0.0)
    _check("max_audits", max_audits, least=1)
    _check("beam", beam, least=1)
    _check("max_edits", max_edits, least=1)
    end = math.inf if deadline_ms is None else clock() + deadline_ms / 1_000
    grounds = Grounds(context, rules, enforces_volume=enforces_volume)
    search = _Search(context, plan, auditor, grounds, end, max_audits or math.inf, max_edits, clock)
    return search.run(beam)


def _check(name: str, value: float | None, *, least: float) -> None:
    if value is not None and not value >= least:
        raise ConfigError(f"{name} is {value}, wanted at least {least:g}")


class _Search:
    """One search: what was audited, and the best answer so far."""

    def __init__(
        self,
        context: GovernanceContext,
        plan: ExecutionPlan,
        auditor: Auditor,
        grounds: Grounds,
        end: float,
        max_audits: float,
        max_edits: int,
        clock: Callable[[], float],
    ) -> None:
        self._context, self._auditor, self._grounds = context, auditor, grounds
        self._end, self._max_audits, self._max_edits, self._clock = end, max_audits, max_edits, clock
        self._flow = Flow(plan)
        self._audited: dict[_Key, Assessment] = {}
        self._prints: dict[int, tuple[PlanNode, str]] = {}
        self._widening: dict[_Key, bool] = {}
        self.start = _State(plan, (), 0.0, self._audit(plan, is_first=True))
        self.best: _State | None = None

    def run(self, beam: int) -> Repair:
        if self.start.is_allowed:
            return Repair(self.start.plan, (), 0.0, self.start.assessment, 1, True)
        is_exhausted = True
        try:
            self._remove_all()
            self._greedy()
            self._beam(beam)
        except _OutOfBudget:
            is_exhausted = False
        if self.best is None:
            reason = self._why(is_exhausted)
            return Repair(None, (), math.inf, None, len(self._audited), is_exhausted, reason)
        best = self.best
        return Repair(best.plan, best.edits, best.cost, best.assessment, len(self._audited), is_exhausted)

    def _why(self, is_exhausted: bool) -> str:
        if not is_exhausted:
            return f"time or audits ran out before an allowed plan was found; plans audited: {len(self._audited)}"
        if len(self._audited) == 1:
            return "nothing can be taken away from the plan without taking away all of it"
        return f"none of {len(self._audited) - 1} plans with up to {self._max_edits} edits is allowed"

    # --- the three searches -------------------------------------------------------------------------------------------

    def _remove_all(self) -> None:
        self._keep_time()
        edit = prune_all(self.start.plan, self.start.assessment)
        if edit is not None:
            self._after(self.start, edit)

    def _greedy(self) -> None:
        state = self.start
        for _ in range(self._max_edits):
            worst = replace(state.assessment, findings=_worst(state))
            nearest = self._step(state, propose(state.plan, worst, self._grounds))
            if nearest is None:
                return
            state = nearest
            if state.is_allowed:
                return

    def _step(self, state: _State, edits: Sequence[Edit]) -> _State | None:
        """Return the best state one edit away: an allowed one first, then the one of the lowest score."""
        following = list(self._following(state, edits))
        return min(following, key=lambda s: (not s.is_allowed, s.score), default=None)  # of equals the first

    def _beam(self, width: int) -> None:
        level = [self.start]
        cheapest: dict[_Key, float] = {self._key(self.start.plan): 0.0}
        for _ in range(self._max_edits):
            found: dict[_Key, _State] = {}
            for state in level:
                self._keep_time()
                edits = propose(state.plan, state.assessment, self._grounds)
                edits = [e for e in edits if self._may_be_better(state.cost + e.cost)]
                for new in self._following(state, edits):
                    key = self._key(new.plan)
                    if not new.is_allowed and new.cost < cheapest.get(key, math.inf) - 1e-9:
                        cheapest[key] = new.cost
                        found[key] = new
            level = [s for s in found.values() if self._may_be_better(s.cost + DROP_COST)]
            level = sorted(level, key=lambda s: s.score)[:width]  # stable: of equals the first found
            if not level:
                return

    def _following(self, state: _State, edits: Sequence[Edit]) -> Iterator[_State]:
        for edit in edits:
            new = self._after(state, edit)
            if new is not None:
                yield new

    def _after(self, state: _State, edit: Edit) -> _State | None:
        """Return the state after an edit, and remember it if it is the best answer; None if the edit may not be made."""
        self._keep_time()
        plan = edit.apply(state.plan)
        if plan is None or self._widens(plan):
            return None
        new = _State(plan, (*state.edits, edit), state.cost + edit.cost, self._audit(plan))
        if new.is_allowed and self._is_better(new):
            self.best = new
            self._thin()
        return new

    # --- answers ------------------------------------------------------------------------------------------------------

    def _may_be_better(self, cost: float) -> bool:
        return self.best is None or cost < self.best.cost - 1e-9

    def _is_better(self, new: _State) -> bool:
        if self.best is None or abs(new.cost - self.best.cost) > 1e-9:
            return self._may_be_better(new.cost)
        return new.assessment.energy < self.best.assessment.energy - 1e-9

    def _thin(self) -> None:
        """Take back edits of the best answer that it does not need, the dearest first."""
        is_thinner = True
        while is_thinner and self.best is not None:
            is_thinner = False
            for i, _ in sorted(enumerate(self.best.edits), key=lambda pair: -pair[1].cost):
                rest = self._replayed([*self.best.edits[:i], *self.best.edits[i + 1 :]])
                if rest is None or not rest[1] or self._widens(rest[0]):
                    continue
                assessment = self._audit(rest[0])
                if assessment.verdict == "allow":
                    self.best = _State(rest[0], rest[1], sum(e.cost for e in rest[1]), assessment)
                    is_thinner = True
                    break

    def _replayed(self, edits: Sequence[Edit]) -> tuple[ExecutionPlan, tuple[Edit, ...]] | None:
        """Apply edits to the given plan; a removal takes the calls as they are then."""
        plan, done = self.start.plan, []
        for edit in edits:
            if isinstance(edit, Prune):
                gone = frozenset(node.node_id for _, node in edit.nodes)
                edit = Prune.of(plan, edit.roots, gone & {n.node_id for n in plan.nodes})
            new = edit.apply(plan)
            if new is None:
                return None
            plan = new
            done.append(edit)
        return plan, tuple(done)

    # --- audits -------------------------------------------------------------------------------------------------------

    def _audit(self, plan: ExecutionPlan, *, is_first: bool = False) -> Assessment:
        key = self._key(plan)
        if key not in self._audited:
            if not is_first:
                self._keep_time()
                if len(self._audited) >= self._max_audits:
                    raise _OutOfBudget
            self._audited[key] = self._auditor.assess(self._context, plan)
        return self._audited[key]

    def _keep_time(self) -> None:
        if self._clock() >= self._end:
            raise _OutOfBudget

    def _widens(self, plan: ExecutionPlan) -> bool:
        key = self._key(plan)
        if key not in self._widening:
            self._widening[key] = widens(self.start.plan, plan, self._grounds, flow=self._flow) is not None
        return self._widening[key]

    def _key(self, plan: ExecutionPlan) -> _Key:
        """Tell plans apart by all that they say; nodes that plans share are written out once."""
        prints = []
        for node in plan.nodes:
            known = self._prints.get(id(node))
            if known is None or known[0] is not node:
                known = self._prints[id(node)] = node, node.model_dump_json()
            prints.append(known[1])
        return tuple(prints), tuple((e.source, e.target, e.argument) for e in plan.edges)


def _energy(assessment: Assessment) -> float:
    """Sum the energies of the findings; where there are none, that of the plan, and at least something if it is not allowed."""
    found = [min(f.energy, MOST_ENERGY) for f in assessment.findings]
    if found or assessment.verdict == "allow":
        return sum(found)
    return max(min(assessment.energy, MOST_ENERGY), float(SEVERITY[assessment.verdict]))


def _worst(state: _State) -> tuple[Finding, ...]:
    """Return the worst finding that names a call of the plan; none if there is none."""
    known = {node.node_id for node in state.plan.nodes}
    return tuple(f for f in state.assessment.findings if f.node_id in known)[:1]
