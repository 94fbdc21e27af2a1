"""Fitting what the critics learn.

- Hierarchy: a monotone network on nodes. Loss: cross-entropy of each node (is it to blame?), cross-entropy of the plan's
  worst node (is the plan a violation?), and a margin: a mutant's energy is at least `security_margin` above its gold
  plan's. Several networks of different seeds are averaged into one.
- Scope: linear quantile regression (Koenker and Bassett, 1978) of the log10 scope on compliant plans.
- Composite: non-negative weights of all critics by logistic regression on nodes and worst nodes, on energies that come from
  networks which saw nothing of the example's suite (stacking, Wolpert, 1992): what serves on a suite that was never seen
  is what counts, and there fixed formulas hold up better than on suites that were.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from gatling.critics_training.examples import SCOPE_MUTATIONS, Example, subset
from gatling.energy.critics.hierarchy import HierarchyCritic
from gatling.energy.critics.monotone import MonotoneNet
from gatling.energy.critics.relevance import SIGNS
from gatling.energy.critics.scope import ScopeCritic, scope_excess
from gatling.energy.critics.table import CRITICS
from gatling.energy.finding import Source

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class FitConfig:
    """How the critics are fitted."""

    hidden: int = 6
    """Hidden units of one network, a multiple of 3."""
    networks: int = 3
    """Networks of different seeds, averaged."""
    steps: int = 2_000
    batch_size: int = 256
    """Plans a step."""
    learning_rate: float = 3e-3
    weight_decay: float = 1e-2
    dropout: float = 0.35
    """Of features and of hidden units. Much, as few suites stand for many."""
    plan_weight: float = 1.0
    margin_weight: float = 0.5
    security_margin: float = 0.5
    """Least energy of a mutant above its gold plan."""
    scope_quantile: float = 0.9
    seed: int = 0


class _TrainableNet(nn.Module):
    """The torch side of `MonotoneNet`; weights that have a sign are used by their absolute value."""

    def __init__(self, hidden: int, dropout: float) -> None:
        super().__init__()
        self.dropout = dropout
        signs = torch.tensor(SIGNS, dtype=torch.float32)
        self.is_free = signs == 0
        self.flip = torch.where(self.is_free, 1.0, signs)
        n = len(SIGNS)
        self.w = nn.Parameter(torch.randn(n, hidden) * (0.5 / n**0.5))
        self.b = nn.Parameter(torch.zeros(hidden))
        self.o = nn.Parameter(torch.rand(hidden) * 0.3)
        self.l = nn.Parameter(torch.full((n,), 0.01))
        self.c = nn.Parameter(torch.tensor([-2.0]))

    def forward(self, z: Tensor) -> Tensor:
        """Return logits `(rows,)` for standardised features `(rows, F)`."""
        third = len(self.b) // 3
        z = F.dropout(z * self.flip, self.dropout, self.training)
        h = z @ torch.where(self.is_free[:, None], self.w, self.w.abs()) + self.b
        h = torch.cat([F.softplus(h[:, :third]), -F.softplus(-h[:, third : 2 * third]), h[:, 2 * third :].tanh()], 1)
        h = F.dropout(h, self.dropout, self.training)
        return h @ self.o.abs() + z @ torch.where(self.is_free, self.l, self.l.abs()) + self.c


def draw_weights(examples: Sequence[Example]) -> Floats:
    """Return the probability with which each example is drawn, `(examples,)`.

    A file counts by the fourth root of the number of its traces, so that neither a large nor a small one rules; within it
    given traces have one half, mutants and near misses the other.
    """
    keys = [(e.source, e.kind == "given") for e in examples]
    count: dict[tuple[int, bool], int] = {}
    for key, e in zip(keys, examples, strict=True):
        count[key] = count.get(key, 0) + e.is_usable
    weight = np.array([count.get((s, True), 1) ** 0.25 / 2 / count[s, g] for s, g in keys])
    weight *= [e.is_usable for e in examples]
    return np.asarray(weight / weight.sum(), np.float64)


def fit_hierarchy(
    examples: Sequence[Example], config: FitConfig, advance: Callable[[int], None] = lambda count: None
) -> MonotoneNet:
    """Fit the network of the hierarchy critic; deterministic for a seed."""
    chosen = [e for e in examples if e.violation_type not in SCOPE_MUTATIONS]
    place = {id(e): i for i, e in enumerate(chosen)}
    gold = [place.get(id(examples[e.gold]), -1) if e.gold is not None else -1 for e in chosen]
    probability = draw_weights(chosen)
    rows = np.concatenate([e.features for e in chosen])
    mean, scale = rows.mean(0), rows.std(0) + 0.05
    x = [torch.tensor((e.features - mean) / scale, dtype=torch.float32) for e in chosen]
    y = [torch.tensor(e.is_blamed, dtype=torch.float32) for e in chosen]
    is_violation = torch.tensor([float(e.is_violation) for e in chosen])
    nets = []
    for k in range(config.networks):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed + k)
            rng = np.random.default_rng([config.seed, k])
            net = _TrainableNet(config.hidden, config.dropout)
            optimizer = torch.optim.AdamW(net.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay)
            schedule = torch.optim.lr_scheduler.OneCycleLR(
                optimizer, config.learning_rate, total_steps=config.steps + 1
            )
            for _ in range(config.steps):
                drawn = rng.choice(len(chosen), config.batch_size, p=probability)
                partners = [gold[i] for i in drawn if gold[i] >= 0]
                rows_drawn = [*drawn.tolist(), *partners]
                logits, worst = _forward(net, [x[i] for i in rows_drawn])
                size = config.batch_size
                loss = _loss(logits, worst[:size], [y[i] for i in drawn], is_violation[drawn], config)
                if partners:
                    is_mutant = torch.tensor([gold[i] >= 0 for i in drawn])
                    gap = F.softplus(worst[:size][is_mutant]) - F.softplus(worst[size:])
                    loss = loss + config.margin_weight * F.relu(config.security_margin - gap).sum() / size
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
                advance(1)
            nets.append(net.eval())
    return _average(nets, mean, scale)


def _forward(net: _TrainableNet, plans: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Return the logits of all nodes, and of each plan's worst node."""
    sizes = torch.tensor([len(p) for p in plans])
    plan = torch.repeat_interleave(torch.arange(len(plans)), sizes)
    logits: Tensor = net(torch.cat(plans))
    worst = torch.full((len(plans),), -1e9).scatter_reduce(0, plan, logits, "amax")
    return logits, worst


def _loss(logits: Tensor, worst: Tensor, blamed: list[Tensor], is_violation: Tensor, config: FitConfig) -> Tensor:
    sizes = torch.tensor([len(b) for b in blamed])
    per_node = F.binary_cross_entropy_with_logits(logits[: int(sizes.sum())], torch.cat(blamed), reduction="none")
    nodes = (per_node / torch.repeat_interleave(sizes, sizes)).sum() / len(blamed)
    return nodes + config.plan_weight * F.binary_cross_entropy_with_logits(worst, is_violation)


def _average(nets: list[_TrainableNet], mean: Floats, scale: Floats) -> MonotoneNet:
    """Return one network whose output is the mean of several: their hidden units side by side, convex with convex."""
    k = len(nets)

    def array(tensor: Tensor) -> Floats:
        return tensor.detach().double().numpy()

    def joined(parts: list[Floats]) -> Floats:
        thirds = [np.split(part, 3, axis=-1) for part in parts]
        return np.concatenate([t[i] for i in range(3) for t in thirds], axis=-1)

    free = SIGNS == 0
    return MonotoneNet(
        signs=SIGNS.astype(np.float64),
        mean=mean,
        scale=scale,
        w=joined([np.where(free[:, None], array(n.w), np.abs(array(n.w))) for n in nets]),
        b=joined([array(n.b) for n in nets]),
        o=joined([np.abs(array(n.o)) / k for n in nets]),
        l=np.mean([np.where(free, array(n.l), np.abs(array(n.l))) for n in nets], axis=0),
        c=np.mean([array(n.c) for n in nets], axis=0),
    )


def fit_scope(examples: Sequence[Example], config: FitConfig) -> ScopeCritic:
    """Fit the prediction of the least scope: compliant plans as given, each file with the same say."""
    gold = [e for e in examples if not e.is_violation and e.kind == "given"]
    count = {s: sum(len(e.scope.asked) for e in gold if e.source == s) for s in {e.source for e in gold}}
    x = torch.tensor(np.concatenate([e.scope.features for e in gold]))
    y = torch.tensor(np.concatenate([e.scope.asked for e in gold]))
    say = torch.tensor(np.concatenate([np.full(len(e.scope.asked), 1 / count[e.source]) for e in gold]))
    w = torch.zeros(x.shape[1], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([w], lr=0.05)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.01, total_iters=500)
    q = config.scope_quantile
    for _ in range(500):
        residual = y - x @ w
        loss = (torch.maximum(q * residual, (q - 1) * residual) * say).sum() / say.sum() + 1e-4 * (w**2).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return ScopeCritic(w.detach().numpy())


def energies(example: Example, hierarchy: HierarchyCritic, scope: ScopeCritic) -> dict[str, Floats]:
    """Return each critic's energy of every node of an example, before calibration."""
    return {
        Source.HIERARCHY: hierarchy.of_features(example.features),
        Source.SCOPE: scope_excess(scope.weights, example.scope),
        **example.fixed,
    }


def cross_energies(
    examples: Sequence[Example], config: FitConfig, advance: Callable[[int], None] = lambda count: None
) -> list[dict[str, Floats]]:
    """Return each critic's energies of every example, from a network and a prediction fitted on all other suites."""
    found: list[dict[str, Floats]] = [{} for _ in examples]
    single = replace(config, networks=1)
    for suite in sorted({e.suite for e in examples}):
        others = subset(examples, lambda e, suite=suite: e.suite != suite)  # type: ignore[misc]
        hierarchy = HierarchyCritic(fit_hierarchy(others, single, advance))
        scope = fit_scope(others, single)
        for i, example in enumerate(examples):
            if example.suite == suite:
                found[i] = energies(example, hierarchy, scope)
    return found


def fit_weights(
    examples: Sequence[Example],
    raw: Sequence[dict[str, Floats]],
    *,
    without: frozenset[str] = frozenset(),
    steps: int = 600,
) -> dict[str, float]:
    """Fit the weights of the critics.

    Args:
        raw: energies of each example, from `cross_energies`.
        without: critics whose weight is held at 0, for measuring what each gives.
    """
    kept_rows = [i for i, e in enumerate(examples) if e.is_usable]
    chosen = [examples[i] for i in kept_rows]
    x = [torch.tensor(np.stack([raw[i][s] for s in CRITICS], axis=1)) for i in kept_rows]
    y = [torch.tensor(e.is_blamed, dtype=torch.float64) for e in chosen]
    is_violation = torch.tensor([float(e.is_violation) for e in chosen], dtype=torch.float64)
    say = torch.tensor(draw_weights(chosen))
    sizes = torch.tensor([len(p) for p in x])
    plan = torch.repeat_interleave(torch.arange(len(x)), sizes)
    all_x, all_y = torch.cat(x), torch.cat(y)
    node_say = say[plan] / sizes[plan]
    kept = torch.tensor([s not in without for s in CRITICS], dtype=torch.float64)
    w = torch.full((len(CRITICS),), 0.3, dtype=torch.float64, requires_grad=True)
    b = torch.tensor(-2.0, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([w, b], lr=0.03)
    for _ in range(steps):
        logits = all_x @ (w.clamp(min=0) * kept) + b
        worst = torch.full((len(x),), -1e9, dtype=torch.float64).scatter_reduce(0, plan, logits, "amax")
        nodes = (F.binary_cross_entropy_with_logits(logits, all_y, reduction="none") * node_say).sum()
        plans = (F.binary_cross_entropy_with_logits(worst, is_violation, reduction="none") * say).sum()
        loss = nodes + plans + 1e-3 * (w**2).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            _bound(w)
    fitted = (w.detach() * kept).numpy()
    return {s: round(float(v), 6) for s, v in zip(CRITICS, fitted, strict=True)}


def _bound(w: Tensor) -> None:
    """Hold weights, in the order of `CRITICS`, within their bounds."""
    w.clamp_(min=0)
    unit = w[list(CRITICS).index(Source.HIERARCHY)].clone()
    for i, kind in enumerate(CRITICS.values()):
        if kind.most is not None:
            w[i] = torch.minimum(w[i], kind.most * unit)
        if kind.least:
            w[i] = torch.maximum(w[i], kind.least * unit)
