"""One plan, judged in full: the oracle, then the critics, and how the two are fused.

- What the oracle denies is denied, whatever the critics say.
- What it cannot decide stays open: a part of the policy that may withhold the grant escalates; prose and the question
  whether a call was asked for are what the critics are for.
- What calls do that nobody asked for is found without learning (`energy.unasked`): it escalates, or denies what destroys.
- The critics only tighten: they escalate or deny what the oracle lets pass.
"""

from __future__ import annotations

import copy
import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatling.energy.attribution_judge import AttributionJudge
from gatling.energy.bare_judge import BareJudge
from gatling.energy.calibration import Calibration
from gatling.energy.composite import CompositeEnergy
from gatling.energy.critics.latent import LatentCritic
from gatling.energy.critics.table import CRITICS
from gatling.energy.facts import ContextFacts, PlanFacts, ToolFacts
from gatling.energy.facts.tool import MAX_KNOWN_BYTES, MAX_KNOWN_CALLS
from gatling.energy.finding import SEVERITY, Assessment, Code, Finding, Source, Verdict
from gatling.energy.unasked import unasked_effects
from gatling.policy import ClauseKind, Oracle, Rulebook, Undecided, Violation, recognise
from gatling.policy.bounds import squashed_path
from gatling.policy.calls import PlanCalls
from gatling.policy.clauses import Operator
from gatling.policy.oracle import Judgement
from gatling.policy.source import PolicySource
from gatling.schema import ExecutionPlan, GovernanceContext
from gatling.schema.budget import preparing
from gatling.schema.lru import LruCache
from gatling.schema.plain import canonical_json, plain_copy
from gatling.tools.spec import ToolSpec

_MAX_POLICIES = 64
_MAX_CONTEXTS = 1_024
_MAX_SNAPSHOTS = 8
_MAX_CACHE_BYTES = 128_000_000
_BYTES_A_CHAR = 48
_BYTES_A_CONTEXT = 64_000
"""What a context costs, facts and oracle together. Measured: 29 bytes a character of long requests, beside some 70 kB."""
_OF_CALL_AND_SESSION = frozenset(
    "session fact record resource argument formula sensitivity volume command path table words".split()
)
_SIGN_OF_A_HOST = re.compile(r"\w\.\w|[@%\\]|://")
_POLICY_S = 2.0
_POLICY_S_A_CHAR = 1e-5
_MAX_POLICY_S = 10.0
"""Processor time that may be spent on a policy once, which is not the caller's: on its rules, and on the latent of each context.
Measured: 0.2 s for the rules and 0.4 s for the latent of a policy of 4,000 nodes and 64,000 characters."""
_LARGE_POLICY_CHARS = 8_000
_FINDING_SHARE = 0.5  # of the alarm line; a critic below it has nothing to say


@dataclass(frozen=True)
class _Known:
    """What is kept of a context. The facts hold a copy of it that nobody else can change."""

    facts: ContextFacts
    oracle: Oracle
    policy_digest: str
    """SHA-256 of the policy's canonical JSON."""
    size_bytes: int


class PlanAuditor:
    """Judges plans. Safe to share between threads; the same plan in the same context has the same assessment, to the bit.

    Args:
        critics: with the latent term's encoders, where it has a weight.
        calibration: of these critics.
        policies: read from files, so that findings name lines; others are read from the context and have none.
        catalog: tools that are declared, by name; the rest is concluded from names.
        attribution: the judge of calls whose origins are known; None to judge them as if they were not.
        bare: the second opinion on calls whose origins are not known; None to leave them to the critics.
        is_strict_policy: refuse policies that are not of the native format, or of one that they name. Else what is not read of a
            policy leaves open the calls that it may be about: for the policies of recorded data.
    """

    def __init__(
        self,
        critics: CompositeEnergy,
        calibration: Calibration,
        *,
        attribution: AttributionJudge | None = None,
        bare: BareJudge | None = None,
        policies: tuple[PolicySource, ...] = (),
        catalog: Mapping[str, ToolSpec] | None = None,
        is_strict_policy: bool = False,
    ) -> None:
        self.critics = critics
        self.calibration = calibration
        self.attribution = attribution
        self.bare = bare
        self._scale = calibration.escalate  # where the judge's own line lies, however strict verdicts are
        self.catalog = catalog or {}
        self.is_strict_policy = is_strict_policy
        self._sources = {_digest(canonical_json(source.data)): source for source in policies}
        self._more_sources: LruCache[bytes, PolicySource] = LruCache(_MAX_POLICIES, max_bytes=_MAX_CACHE_BYTES)
        self._oracles: LruCache[tuple[bytes, bool], Oracle] = LruCache(_MAX_POLICIES, max_bytes=_MAX_CACHE_BYTES)
        self._calls: LruCache[tuple[Any, ...], Any] = LruCache(MAX_KNOWN_CALLS, max_bytes=MAX_KNOWN_BYTES)
        self._contexts: LruCache[bytes, _Known] = LruCache(_MAX_CONTEXTS, max_bytes=_MAX_CACHE_BYTES)
        self._snapshots: LruCache[int, _Known] = LruCache(_MAX_SNAPSHOTS, max_bytes=_MAX_CACHE_BYTES // 4)
        for source in policies:  # what cannot be read is said now
            self._compiled(source.data)

    def stricter(self, escalate_from: float) -> PlanAuditor:
        """Return a judge that escalates from a lower line on; this one stays as it is. Raises: ConfigError."""
        other = copy.copy(self)  # what is kept does not depend on lines
        other.calibration = self.calibration.stricter(escalate_from)
        return other

    def know_policy(self, source: PolicySource) -> None:
        """Remember where the parts of a policy stand, so that findings name lines; of such the 64 latest.

        Raises:
            InputError: if the policy is not of the format, and policies are read strictly.
        """
        text = canonical_json(source.data)
        if source.lines and _digest(text) not in self._sources:
            self._more_sources.put(_digest(text), source, size_bytes=_BYTES_A_CHAR * len(text))
        self._compiled(source.data)

    def snapshot(self, context: GovernanceContext) -> GovernanceContext:
        """Return the context as it is now, in a copy that nobody else can change."""
        known = self._known(context)
        self._snapshots.put(id(known.facts.context), known, size_bytes=known.size_bytes)
        return known.facts.context

    def policy_digest(self, context: GovernanceContext) -> str:
        """Return the digest of a context's policy, computed once."""
        return self._known(context).policy_digest

    def is_quick(self, context: Any) -> bool:
        """Tell whether nothing is to be made of a context's policy that takes long: it is small, or is known."""
        policy = context.get("policy") if isinstance(context, dict) else getattr(context, "policy", None)
        if isinstance(policy, str):
            return len(policy) < _LARGE_POLICY_CHARS
        try:
            text = canonical_json(policy)
        except (ValueError, TypeError, RecursionError):  # no JSON, which is said at once
            return True
        return len(text) < _LARGE_POLICY_CHARS or self._oracles.find(self._policy_key(text)) is not None

    def oracle(self, context: GovernanceContext) -> Oracle:
        """Return the oracle of a context's policy, compiled once."""
        return self._compiled(context.policy)

    def _compiled(self, given: dict[str, Any]) -> Oracle:
        text = canonical_json(given)
        found = self._oracles.find(self._policy_key(text))
        if found is None:
            # A policy that is changed meanwhile must not be kept under the key of what it was: the copy is what is hashed.
            with preparing("reading the policy", work_s=_policy_s(len(text))):
                policy = plain_copy(given)
                text = canonical_json(policy)
                key = self._policy_key(text)
                rules = self._read(self._source(key[0]) or PolicySource(policy))
                rules.prepare()
                oracle = Oracle(rules, tools=self.catalog)
            found = self._oracles.put(key, oracle, size_bytes=_BYTES_A_CHAR * len(text))
        return found

    def _read(self, source: PolicySource) -> Rulebook:
        return recognise(source, strict=self.is_strict_policy, catalog=self.catalog)

    def _source(self, policy: bytes) -> PolicySource | None:
        return self._sources.get(policy) or self._more_sources.find(policy)

    def _policy_key(self, text: str) -> tuple[bytes, bool]:
        """Return what a policy is kept under: what was compiled before its lines were known does not name them."""
        digest = _digest(text)
        return digest, self._source(digest) is not None

    def _known(self, context: GovernanceContext) -> _Known:
        # A snapshot, which nobody changes, is known by being the same object; kept here, its id is that of no other.
        latest = self._snapshots.find(id(context))
        if latest is not None and latest.facts.context is context:
            return latest
        # Not `context.digest`, which is remembered: a policy that was changed in place must not be judged by as it was before.
        found = self._contexts.find(self._context_key(context)[0])
        if found is None:
            own = context.snapshot()  # as in `oracle`
            key, size = self._context_key(own)
            oracle = self.oracle(own)
            latent = self.critics.latent if self.critics.uses_latent else None
            z_g = partial(_latent_of, latent, own, oracle, len(canonical_json(own.policy))) if latent else None
            facts = ContextFacts(own, oracle.rules, self.catalog, z_g, known=self._calls)
            found = _Known(facts, oracle, digest_of_policy(own), _BYTES_A_CONTEXT + _BYTES_A_CHAR * size)
            found = self._contexts.put(key, found, size_bytes=found.size_bytes)
        return found

    def _context_key(self, context: GovernanceContext) -> tuple[bytes, int]:
        policy, rest = canonical_json(context.policy), canonical_json([context.user_role, context.session_context])
        digest, has_lines = self._policy_key(policy)
        return _digest(f"{digest.hex()}{has_lines:d}{rest}"), len(policy) + len(rest)

    def assess(self, context: GovernanceContext, plan: ExecutionPlan) -> Assessment:
        """Judge a plan in full.

        Raises:
            InputError: if the policy cannot be read. The guard turns that into a denial.
        """
        known = self._known(context)
        calls = PlanCalls(plan)
        judgement = known.oracle.judge(known.facts.context, plan, calls=calls)
        facts = PlanFacts(known.facts, plan, calls)
        total, raw = self._energies(known, facts)
        if not np.isfinite(total).all():
            return _fault("an energy is not a number")
        learned = float(total.max())
        verdict: Verdict = self.calibration.verdict(learned)
        tools = {node.node_id: node.tool_name for node in plan.nodes}
        findings = [_of_violation(v, known.facts.tool(tools[v.node_id])) for v in judgement.violations]
        forbidden = {
            f.node_id for f in findings if f.code is Code.FORBIDDEN
        }  # that it is not granted either says no more
        findings = [f for f in findings if f.code is not Code.NOT_GRANTED or f.node_id not in forbidden]
        findings += self._of_critics(facts, raw, total)
        for finding in _open_questions(judgement, facts, known.oracle.rules):
            findings.append(finding)
            verdict = max(verdict, "escalate", key=SEVERITY.__getitem__)
        ruled_out = {f.node_id for f in findings if f.code in (Code.FORBIDDEN, Code.NOT_GRANTED)}
        doubted = {f.node_id for f in findings if f.code in (Code.NOT_ASKED, Code.ORDERED_BY_CONTENT)}
        for doubt, finding in unasked_effects(facts, known.oracle.rules):
            is_said = finding.argument is None and finding.node_id in doubted  # of a whole call, and no less sternly
            if not is_said and finding.node_id not in ruled_out:
                findings.append(finding)
                verdict = max(verdict, doubt, key=SEVERITY.__getitem__)
        is_final = bool(judgement.violations) or any(f.energy == math.inf for f in findings)
        if is_final:
            verdict = "deny"
        if verdict == "allow":
            findings = []
        findings.sort(key=lambda f: -f.energy)  # stable: the oracle's own order within
        return Assessment(
            verdict=verdict,
            energy=math.inf if is_final else learned,
            node_energy={n.node_id: float(e) for n, e in zip(plan.nodes, total, strict=True)},
            findings=tuple(findings),
            critic_energy={s: float(e.max()) / self.calibration.lines[s] for s, e in raw.items()},
        )

    def _energies(self, known: _Known, facts: PlanFacts) -> tuple[NDArray[np.float64], dict[str, NDArray[np.float64]]]:
        """Return the energy of every node on the calibrated scale, and those of the critics before calibration.

        Where it is known what the agent had read, the attribution judge decides, which has what the critics know among its
        features; they are not asked then, and their energies are missing. Else a doubt of the critics counts as far as the judge
        of bare plans shares it.
        """
        if self.attribution is not None and facts.knows_origins:
            return self.attribution.energies(facts, self._scale), {}
        raw = self.critics.energies(facts)
        total = self._settled(known, facts, raw)
        if self.bare is not None:
            excused = np.minimum(total, self.bare.energies(facts, self._scale))
            total = np.where(np.isfinite(total), np.maximum(excused, self._beyond_relevance(raw)), total)
        return total, raw

    def _beyond_relevance(self, raw: dict[str, NDArray[np.float64]]) -> NDArray[np.float64]:
        """Return what critics doubt for other reasons than that a call is not asked for, or not of this context; critics of one's
        own among them. A second opinion on whether it was asked for says nothing of these."""
        zero = np.zeros_like(next(iter(raw.values())))
        rest = {**raw, Source.HIERARCHY: zero, Source.LATENT: zero}
        return self.critics.combine(rest) / self.calibration.line

    def _settled(self, known: _Known, facts: PlanFacts, raw: dict[str, NDArray[np.float64]]) -> NDArray[np.float64]:
        """Return the energy of every node, on the calibrated scale.

        A guard band around each line makes verdicts independent of rounding: within it, so close that the precision of the
        latent term could decide, that term is computed anew in double precision. `raw` is changed in place.
        """
        total = self.critics.combine(raw) / self.calibration.line
        latent = self.critics.latent
        if latent is None or not self.critics.uses_latent:
            return total
        band = latent.tolerance * self.critics.weights[Source.LATENT] / self.calibration.line
        lines = np.array([self.calibration.escalate, 1.0])
        close = np.flatnonzero((np.abs(total[:, None] - lines) < band).any(axis=1))
        if not len(close):
            return total
        z_g = latent.exact.context_latent(known.facts.context, known.oracle.rules)
        raw[Source.LATENT][close] = latent.exact.of_nodes([facts.nodes[i] for i in close], z_g)
        return self.critics.combine(raw) / self.calibration.line

    def explain(self, context: GovernanceContext, plan: ExecutionPlan) -> list[dict[str, Any]]:
        """Return for every node its calibrated energies by critic, and the facts that they rest on; for people."""
        known = self._known(context)
        facts = PlanFacts(known.facts, plan)
        total, raw = self._energies(known, facts)
        raw = raw or self.critics.energies_without_latent(facts)
        rows = []
        for i, node in enumerate(facts.nodes):
            energy = {"all": float(total[i]), **{str(s): float(raw[s][i]) / self.calibration.lines[s] for s in CRITICS}}
            rows.append(
                {
                    "node_id": node.node.node_id,
                    "tool_name": node.tool.name,
                    "energy": {name: round(value, 4) for name, value in energy.items()},
                    "facts": {
                        "effect": node.tool.effect + ("" if node.tool.is_declared else " (by its name)"),
                        "privilege": node.tool.privilege,
                        "tier": node.effective_tier,
                        "endorsed": round(node.endorsement, 2),
                        "exposure": node.exposure,
                        "tool asked": round(max(node.tool.object_asked, node.tool.verb_asked), 2),
                        "values asked": round(sum(v.asked for v in node.said) / max(1, len(node.values)), 2),
                    },
                }
            )
        return rows

    def only(self, assessment: Assessment, node_id: str) -> Assessment:
        """Return what an assessment says of one call: its own energy and findings, and those of the plan as a whole."""
        findings = tuple(f for f in assessment.findings if f.node_id in (node_id, None))
        energy = assessment.node_energy.get(node_id, math.inf)
        verdict = self.calibration.verdict(energy)
        for finding in findings:
            if finding.source in (Source.ORACLE, Source.EFFECT, Source.GUARD):
                stated: Verdict = "deny" if finding.energy == math.inf else "escalate"
                verdict = max(verdict, stated, key=SEVERITY.__getitem__)
                energy = max(energy, finding.energy)
        return Assessment(
            verdict=verdict,
            energy=energy,
            node_energy={node_id: energy},
            findings=() if verdict == "allow" else findings,
            critic_energy=assessment.critic_energy,
        )

    def _of_critics(
        self, facts: PlanFacts, raw: dict[str, NDArray[np.float64]], total: NDArray[np.float64]
    ) -> list[Finding]:
        """Return what the critics found: for each node above the line to escalate, those that carry its energy."""
        if self.attribution is not None and facts.knows_origins:
            alarms = np.flatnonzero(total >= self.calibration.escalate)
            return [self.attribution.finding(facts, int(i), float(total[i])) for i in alarms]
        found: list[Finding] = []
        weights, line = self.critics.weights, self.calibration.line
        for i in np.flatnonzero(total >= self.calibration.escalate):
            shares = {s: weights[s] * float(raw[s][i]) / line for s in CRITICS}
            largest = max(shares.values())
            for source, share in shares.items():
                alone = float(raw[source][i]) / self.calibration.lines[source]
                if share == largest or (share > 0 and alone >= 1.0 and share >= _FINDING_SHARE * largest):
                    found.append(self.critics.finding(source, facts, int(i), float(total[i]) * share / largest))
        return found


def digest_of_policy(context: GovernanceContext) -> str:
    """Return the SHA-256 of the canonical JSON of a context's policy."""
    return hashlib.sha256(canonical_json(context.policy).encode()).hexdigest()


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _fault(reason: str) -> Assessment:
    finding = Finding(Source.GUARD, Code.FAULT, None, None, None, reason, "a plan that can be judged", math.inf)
    return Assessment("deny", math.inf, {}, (finding,))


def _of_violation(violation: Violation, tool: ToolFacts) -> Finding:
    clause = violation.clause
    code = Code.REQUIREMENT
    if clause is None:
        code = Code.NOT_GRANTED
    elif clause.kind is ClauseKind.DENY:
        code = Code.FORBIDDEN
    bound = tool.bounds.get(
        "#volume" if violation.argument == "scope_volume" else squashed_path(violation.argument or "")
    )
    return Finding(
        source=Source.ORACLE,
        code=code,
        node_id=violation.node_id,
        argument=violation.argument,
        clause=clause.place if clause else None,
        found=violation.found,
        wanted=violation.wanted,
        energy=math.inf,
        bound=bound[0] if bound and bound[1] is clause else None,
    )


def _open_questions(judgement: Judgement, facts: PlanFacts, rules: Rulebook) -> list[Finding]:
    """Return what the oracle could not decide and no critic is for: grants that may be missing, tools that nobody named."""
    found = [
        Finding(
            source=Source.ORACLE,
            code=Code.UNDECIDED,
            node_id=undecided.node_id,
            argument=None,
            clause=undecided.clause.place if undecided.clause else None,
            found=undecided.reason,
            wanted="a rule that can be read",
            energy=1.0,
        )
        for undecided in judgement.undecided
        if _withholds(undecided) or _goes_somewhere_unclear(undecided, facts)
    ]
    if rules.is_allow_by_default:
        for node in facts.nodes:
            if not node.tool.is_named and not node.tool.is_declared:
                found.append(
                    Finding(
                        source=Source.ORACLE,
                        code=Code.UNDECIDED,
                        node_id=node.node.node_id,
                        argument=None,
                        clause=None,
                        found=f"{node.tool.name} is named by no clause and by no catalogue",
                        wanted="a tool that is known",
                        energy=1.0,
                    )
                )
    return found


def _goes_somewhere_unclear(undecided: Undecided, facts: PlanFacts) -> bool:
    """Tell whether a rule on places is open, other than because a call sends to bare names that the user stated, as who Ann is
    the tool knows, or because of a link in prose, which nothing opens by itself."""
    clause = undecided.clause
    if clause is None or {c.subject for c in clause.checks}.isdisjoint(("destination", "host")):
        return False
    node = next((n for n in facts.nodes if n.node.node_id == undecided.node_id), None)
    if node is None or any(not place.host for place in node.unasked_destinations):
        return True
    if undecided.is_linked:
        return False
    names = (place.text for place in node.destinations if not place.host and not _SIGN_OF_A_HOST.search(place.text))
    return undecided.open_value not in names


def _policy_s(num_chars: int) -> float:
    return min(_MAX_POLICY_S, _POLICY_S + _POLICY_S_A_CHAR * num_chars)


def _latent_of(
    latent: LatentCritic, context: GovernanceContext, oracle: Oracle, policy_chars: int
) -> NDArray[np.float64]:
    """Return the latent of a context. Of a large policy that takes longer than a decision may, whatever is asked; long requests
    are their sender's."""
    if policy_chars < _LARGE_POLICY_CHARS:
        return latent.context_latent(context, oracle.rules)
    with preparing("encoding the policy", work_s=_policy_s(policy_chars)):
        return latent.context_latent(context, oracle.rules)


def _withholds(undecided: Undecided) -> bool:
    """Tell whether an open question is about the grant itself, a denial, what nobody reads, or a check of what session or call do
    not state or state in a form that cannot be compared.

    Prose, and whether a call was asked for, are what the critics are for.
    """
    clause = undecided.clause
    if clause is None or clause.kind is not ClauseKind.REQUIRE:
        return True
    conditions = (*clause.when, *clause.checks)
    subjects = {c.subject.partition(":")[0] for c in conditions}
    is_unread = any(c.operator is Operator.UNKNOWN for c in conditions)
    return not clause.is_sentence and (is_unread or not subjects.isdisjoint(_OF_CALL_AND_SESSION))
