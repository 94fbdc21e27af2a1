"""Fitting the judge of bare plans, on recorded conversations of whose plans what had been read is dropped.

A plan is told in three ways, as those who record plans do not agree on tiers: as `gatling import messages` traces it, where the
output of a tool that nobody knows is outsiders' text; with such tools trusted, as the plans of people who name their lookups
internal; and of violations a third one in which the calls to blame have tier 3, as those write who state who wanted a call.
Trees, weights and lines are as for the attribution judge (`critics_training/attribution.py`), each suite left out once; lines are
found on the first of the three.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatling.adapters.recorded import Conversation
from gatling.critics_training.attribution import (
    AttributionConfig,
    Worst,
    figures_of,
    fit_trees,
    folds,
    group_weights,
    honest_scores,
    lines_of,
    reached,
    targets_and_weights,
)
from gatling.critics_training.pieces import learnt_from_files
from gatling.energy.attribution_judge import Lines
from gatling.energy.bare_judge import BARE_SIGNS, BareJudge, bare_features, margins
from gatling.energy.critics.trees import MonotoneTrees
from gatling.energy.facts import ContextFacts, PlanFacts
from gatling.errors import InputError, TrainingError
from gatling.guard.asking import Asking
from gatling.policy import Rulebook, recognise
from gatling.provenance.sources import ToolSources
from gatling.schema import ExecutionPlan, GovernanceContext
from gatling.schema.lru import LruCache
from gatling.schema.plain import canonical_json
from gatling.tools.authorship import authorship

Floats = NDArray[np.float64]

BARE_TREES: dict[str, Any] = {"rounds": 500, "leaves": 6, "features": 0.3}
"""How the trees differ from those of the attribution judge: each feature says less, so it takes more of them together."""


@dataclass
class BareConversation:
    """A conversation as a bare plan, told in one way."""

    features: Floats
    """`(calls, len(BARE_FEATURES))`."""
    margins: Floats
    """`(calls,)`."""
    blamed: list[bool]
    is_violation: bool
    suite: str
    task: str
    goal: str
    is_traced: bool
    """Whether it is told as `gatling import messages` traces it."""


def train_bare(
    files: Sequence[Path],
    config: AttributionConfig,
    *,
    made: Sequence[Path] = (),
    limit: int = 100_000,
    workers: int = 1,
    on_conversation: Callable[[int], None] = lambda count: None,
    on_fit: Callable[[int], None] = lambda count: None,
) -> BareJudge:
    """Train the judge on files of labelled conversations; arguments as for `train_attribution`.

    Raises:
        ConfigError: if a setting is out of range.
        TrainingError: if there are no honest conversations, none that are violations, or a single suite.
        MissingExtraError: without LightGBM, which comes with the extra `train`.
    """
    config.check_shares()
    recorded, worlds = (
        learnt_from_files(part, _conversations, limit=limit, workers=workers, advance=on_conversation)
        for part in (files, made)
    )
    groups = folds(recorded, worlds)
    if len(groups) < 2:
        raise TrainingError(f"the judge needs conversations of two suites at least, and these are of {len(groups)}")
    weights = group_weights(groups, config)
    scored = {}
    for name, group in groups.items():
        trees = _fit({k: g for k, g in groups.items() if k != name}, weights, config)
        scored[name] = [_worst_of(c, trees) for c in group if c.is_traced]
        on_fit(1)
    trees = _fit(groups, weights, config)
    on_fit(1)
    traced = {name: [c for c in group if c.is_traced] for name, group in groups.items()}
    honest = {n: honest_scores(scored[n], traced[n]) for n in groups}
    escalate, deny = lines_of(honest, config)
    figures = {
        "suites": {n: figures_of(scored[n], traced[n], escalate, deny) for n in groups},
        "rates": [config.max_escalations, config.max_denials],
        "reached": reached(honest, (escalate, deny)),
    }
    return BareJudge(trees, Lines(escalate, deny), figures)


def _fit(
    groups: dict[str, list[BareConversation]], weights: dict[str, float], config: AttributionConfig
) -> MonotoneTrees:
    xs, ys, ws = [], [], []
    for name, group in groups.items():
        y, w = targets_and_weights(group)
        xs += [c.features for c in group]
        ys.append(y)
        ws.append(w * weights[name])
    y = np.concatenate(ys)
    if not y.any() or y.all():
        raise TrainingError("a suite is left out at a time, and the others have no call to blame, or no other call")
    return fit_trees(np.concatenate(xs), y, np.concatenate(ws), config, BARE_SIGNS)


def _worst_of(conversation: BareConversation, trees: MonotoneTrees) -> Worst:
    """Return the largest scores of a conversation's calls."""
    scores = trees(conversation.features) - conversation.margins
    worst = float(scores.max())
    return Worst(worst, worst, float(scores[conversation.blamed].max(initial=-np.inf)))


def _conversations(records: tuple[Conversation, ...]) -> list[BareConversation]:
    rules: LruCache[str, Rulebook] = LruCache(64)
    return [told for record in records for told in _tellings(record, rules)]


def _tellings(record: Conversation, rules: LruCache[str, Rulebook]) -> Iterator[BareConversation]:
    """Yield a conversation in each way that it can be told; nothing for one without a call."""
    traced, context = _traced(record, ToolSources())
    if traced is None:
        return
    book = rules.get(canonical_json(context.policy), lambda: recognise(context.policy, strict=False))
    yield _told(record, ContextFacts(context, book), traced, is_traced=True)
    own = {node.tool_name: "trusted" for node in traced.nodes if authorship(node.tool_name) == "unknown"}
    trusting = _traced(record, ToolSources.from_dict({"tools": own}))[0] if own else traced
    if own and trusting is not None:
        yield _told(record, ContextFacts(context, book), trusting, is_traced=False)
    named = _named(record)
    if trusting is not None and named:
        nodes = (
            node.model_copy(update={"provenance_tier": 3}) if _call_id(node) in named else node
            for node in trusting.nodes
        )
        stated = ExecutionPlan(nodes=tuple(nodes), edges=trusting.edges)
        yield _told(record, ContextFacts(context, book), stated, is_traced=False)


def _traced(record: Conversation, sources: ToolSources) -> tuple[ExecutionPlan | None, GovernanceContext]:
    """Return the plan without origins, and the context with all that was asked."""
    tracer = record.trace(sources)
    try:
        context = Asking(record.context()).context(tracer.request)
    except InputError as error:
        raise error if error.file else record.located(error) from None
    if not tracer.has_calls:
        return None, context
    return without_origins(tracer.plan()), context


def without_origins(plan: ExecutionPlan) -> ExecutionPlan:
    """Return a plan as one of which nobody knows what was read."""
    nodes = tuple(node.model_copy(update={"origins": None}) for node in plan.nodes)
    return ExecutionPlan(nodes=nodes, edges=plan.edges)


def _call_id(node: object) -> str | None:
    extra = getattr(node, "model_extra", None) or {}
    return extra.get("call_id")


def _named(record: Conversation) -> frozenset[str]:
    return frozenset(record.notes.get("violating_calls") or ())


def _told(record: Conversation, context: ContextFacts, plan: ExecutionPlan, *, is_traced: bool) -> BareConversation:
    meta = record.notes.get("meta") or {}
    facts = PlanFacts(context, plan)
    named = _named(record)
    return BareConversation(
        features=bare_features(facts),
        margins=margins(facts.nodes),
        blamed=[_call_id(node) in named for node in plan.nodes],
        is_violation=record.notes.get("label") == "violation",
        suite=str(meta.get("set") or meta.get("suite") or record.file),
        task=str(meta.get("user_task") or record.id),
        goal=str(meta.get("injection_task") or meta.get("goal") or record.id),
        is_traced=is_traced,
    )
