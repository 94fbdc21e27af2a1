"""Training a re-ranker: which plans of a context comply, told from mutants, from violations and from the plans of other contexts.

The matches of all pairs are made once; an epoch is then a matter of seconds. The loss asks two things of q: to be above 0 for
what does not comply, whatever the context, and to be higher for it than for the context's own plans.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from random import Random

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from gatling.encoders import DualEncoder
from gatling.encoders.reranker import MatchBatch, Matcher, Reranker
from gatling.errors import TrainingError
from gatling.evaluation.embed import embed_corpus
from gatling.evaluation.metrics import SECURITY_MARGIN
from gatling.evaluation.pairs import pair_gaps
from gatling.evaluation.separation import Metrics, separation
from gatling.features import ContextFeatures, PlanFeatures
from gatling.features.matches import PlanMatches
from gatling.store.corpus import Corpus
from gatling.training.mutants import MutantMaker

COMPLIANT, VIOLATING, OTHER = range(3)
"""What a plan is to a context: one of its own, a violation, or a compliant plan of another context."""
_SHARES = {VIOLATING: 0.8, OTHER: 0.2}
"""Of what does not comply. Plans of other contexts are told easily; they are there so that q can search."""
_LAST_RATE = 0.02
_NO_SCALES = "the scales of a re-ranker need compliant traces and violations that it was not trained on"


@dataclass(frozen=True, kw_only=True, slots=True)
class RerankerConfig:
    hidden_dim: int = 64
    dropout: float = 0.1
    epochs: int = 6
    learning_rate: float = 2e-3
    weight_decay: float = 1e-4
    gradient_clip: float = 1.0
    contexts_per_step: int = 16
    mutants: int = 3
    """Of each compliant trace; a near miss of one counts as compliant."""
    violations: int = 2
    """Of the data, of each compliant trace."""
    others: int = 3
    """Plans of other contexts for each compliant trace, one of them of the same group if there is one."""
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Example:
    """A compliant trace with what it is held against: K plans for one context."""

    matches: list[PlanMatches]
    kinds: list[int]
    """`K`: COMPLIANT, VIOLATING or OTHER."""


def make_examples(
    corpus: Corpus,
    maker: MutantMaker,
    config: RerankerConfig,
    matcher: Matcher,
    on_progress: Callable[[int], None] = lambda count: None,
) -> list[Example]:
    """Return an example for each compliant trace of a corpus, in its order; the same for a seed."""
    found = []
    rows = np.flatnonzero(corpus.is_compliant)
    by_group: dict[int, list[int]] = {}
    for row in rows.tolist():
        by_group.setdefault(int(corpus.group[row]), []).append(row)
    for row in rows.tolist():
        rng = Random(f"{config.seed}:{row}")
        context = corpus.contexts[int(corpus.context[row])]
        pairs = list(_plans(corpus, maker, config, row, rows, by_group[int(corpus.group[row])], rng))
        matches = [_halved(matcher.matches(context, plan)) for plan, _ in pairs]
        found.append(Example(matches, [kind for _, kind in pairs]))
        on_progress(1)
    return found


def _plans(
    corpus: Corpus,
    maker: MutantMaker,
    config: RerankerConfig,
    row: int,
    rows: np.ndarray,
    group: list[int],
    rng: Random,
) -> Iterator[tuple[PlanFeatures, int]]:
    """Yield the plans of an example, each with what it is to the context of a compliant trace."""
    context, plan = int(corpus.context[row]), int(corpus.plan[row])
    yield corpus.plans[plan], COMPLIANT
    for made in maker.make(context, plan, rng, count=config.mutants, strength=(0.0, 1.0)):
        yield made.plan, VIOLATING
        if made.near_miss is not None:
            yield made.near_miss, COMPLIANT
    violations = corpus.pairs.violations(context).tolist()
    for violation in rng.sample(violations, min(config.violations, len(violations))):
        yield corpus.plans[violation], VIOLATING
    others = [rng.choice(group), *(int(rows[rng.randrange(len(rows))]) for _ in range(config.others - 1))]
    for other in others[: config.others]:
        number = int(corpus.plan[other])
        if not corpus.pairs.is_compliant(np.array([context]), np.array([number]))[0]:
            yield corpus.plans[number], OTHER


def _halved(matches: PlanMatches) -> PlanMatches:
    """Keep the numbers as float16: there are hundreds of thousands."""
    return replace(matches, nodes=matches.nodes.astype(np.float16), leaves=matches.leaves.astype(np.float16))


def ranking_loss(q: Float[Tensor, " B"], kind: Int[Tensor, " B"], example: Int[Tensor, " B"]) -> Float[Tensor, ""]:
    """Return the mean of `log(1 + exp(-s q))`, s = 1 for what does not comply and -1 for what does, both sides weighing the same,
    plus that of `log(1 + exp(q_own - q_other))` over all pairs of a compliant plan and another one of the same example.

    Args:
        kind: COMPLIANT, VIOLATING or OTHER.
        example: which plans are held against each other.
    """
    weight = (kind == COMPLIANT).to(q)
    weight = weight / weight.sum().clamp(min=1)
    for other, share in _SHARES.items():
        is_other = (kind == other).to(q)
        weight = weight + share * is_other / is_other.sum().clamp(min=1)
    sign = torch.where(kind == COMPLIANT, -1.0, 1.0)
    loss = (F.softplus(-sign * q) * weight).sum() / 2
    pairs = _pairs(kind, example)
    if pairs.any():
        loss = loss + F.softplus((q[:, None] - q[None, :])[pairs]).mean()
    return loss


def _pairs(kind: Int[Tensor, " B"], example: Int[Tensor, " B"]) -> Bool[Tensor, "B B"]:
    """Tell for each two plans whether the first complies and the second does not, in one example."""
    is_own = kind == COMPLIANT
    return (example[:, None] == example[None, :]) & is_own[:, None] & ~is_own[None, :]


def fit_reranker(
    examples: list[Example], config: RerankerConfig, on_epoch: Callable[[int, float], None] = lambda epoch, loss: None
) -> Reranker:
    """Train a re-ranker. The rate falls linearly.

    Raises:
        TrainingError: if there is no example, or the loss is not finite.
    """
    if not examples:
        raise TrainingError("no compliant trace: there is nothing to train a re-ranker on")
    torch.manual_seed(config.seed)
    reranker = Reranker(config.hidden_dim, config.dropout)
    optimizer = torch.optim.AdamW(reranker.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay)
    size = config.contexts_per_step
    total = config.epochs * max(1, len(examples) // size)
    generator = np.random.default_rng(config.seed)
    step = 0
    for epoch in range(config.epochs):
        order = generator.permutation(len(examples))
        reranker.train()
        losses = []
        for start in range(0, max(1, len(order) // size * size), size):
            chosen = [examples[i] for i in order[start : start + size]]
            batch = MatchBatch.collate([match for item in chosen for match in item.matches])
            kind = torch.tensor([kind for item in chosen for kind in item.kinds])
            example = torch.tensor([i for i, item in enumerate(chosen) for _ in item.kinds])
            loss = ranking_loss(reranker(batch), kind, example)
            if not torch.isfinite(loss):
                raise TrainingError(f"the loss is {float(loss)} in step {step}")
            for settings in optimizer.param_groups:
                settings["lr"] = config.learning_rate * max(_LAST_RATE, 1 - step / total)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(reranker.parameters(), config.gradient_clip)
            optimizer.step()
            losses.append(float(loss.detach()))
            step += 1
        on_epoch(epoch + 1, math.fsum(losses) / len(losses))
    return reranker.eval()


def fit_scales(reranker: Reranker, model: DualEncoder, corpus: Corpus) -> tuple[float, float, float]:
    """Return a, b and c of the energy for a corpus that neither was trained on.

    The cosine's part and q's are divided by their spread, so that both have the same say. The common factor and c are a logistic
    regression of the label on their sum, both labels weighing the same.

    Raises:
        TrainingError: if the corpus lacks compliant traces or violations.
    """
    if not 0 < corpus.num_compliant < len(corpus):
        raise TrainingError(_NO_SCALES)
    distance = 1 - embed_corpus(model, corpus).similarity().double()
    q = corpus_scores(reranker, corpus).double()
    spread = [float(values.std()) or 1.0 for values in (distance, q)]
    both = distance / spread[0] + q / spread[1]
    labels = torch.from_numpy(~corpus.is_compliant).double()
    factor, bias = _logistic(both, labels)
    return factor / spread[0], factor / spread[1], bias


def corpus_scores(reranker: Reranker, corpus: Corpus) -> Float[Tensor, " M"]:
    """Return q of every trace of a corpus."""
    order = np.argsort(corpus.context, kind="stable")

    def pairs() -> Iterator[tuple[ContextFeatures, PlanFeatures]]:
        number, context = -1, None
        for row in order.tolist():
            if context is None or int(corpus.context[row]) != number:
                number = int(corpus.context[row])
                context = corpus.contexts[number]
            yield context, corpus.plans[int(corpus.plan[row])]

    q = torch.zeros(len(corpus))
    q[torch.from_numpy(order)] = Matcher(reranker)(pairs())
    return q


def _logistic(x: Float[Tensor, " M"], label: Float[Tensor, " M"]) -> tuple[float, float]:
    """Fit factor and bias of `sigmoid(factor x + bias)` by Newton's method, both labels weighing the same."""
    weight = torch.where(label > 0, 0.5 / label.mean(), 0.5 / (1 - label).mean()) / len(x)
    rows = torch.stack([x, torch.ones_like(x)], dim=1)
    found = torch.zeros(2, dtype=torch.float64)
    for _ in range(50):
        p = torch.sigmoid(rows @ found)
        gradient = rows.T @ (weight * (p - label))
        curvature = (rows.T * (weight * p * (1 - p))) @ rows + 1e-9 * torch.eye(2, dtype=torch.float64)
        step = torch.linalg.solve(curvature, gradient)
        found = found - step
        if float(step.abs().max()) < 1e-9:
            break
    return float(found[0]), float(found[1])


def train_reranker(
    model: DualEncoder,
    corpus: Corpus,
    unseen: Corpus,
    config: RerankerConfig,
    *,
    mutations: list[str],
    on_example: Callable[[int], None] = lambda count: None,
    on_epoch: Callable[[int, float], None] = lambda epoch, loss: None,
) -> Reranker:
    """Train a re-ranker for a model and find its scales.

    Args:
        corpus: its records were kept.
        unseen: what the scales are found on.

    Raises:
        TrainingError: if there is nothing to train on, or nothing to find the scales on.
    """
    if not 0 < unseen.num_compliant < len(unseen):
        raise TrainingError(_NO_SCALES)
    matcher = Matcher(Reranker(config.hidden_dim))
    examples = make_examples(corpus, MutantMaker(corpus, mutations), config, matcher, on_example)
    reranker = fit_reranker(examples, config, on_epoch)
    reranker.scales = fit_scales(reranker, model, unseen)
    return reranker


def measured(reranker: Reranker, model: DualEncoder, corpus: Corpus) -> dict[str, Metrics]:
    """Return AUROC and pairs of a corpus by the latents alone, by q alone and by both."""
    embedded = embed_corpus(model, corpus)
    q = corpus_scores(reranker, corpus)
    energies = {
        "latents": embedded.energy(),
        "reranker": reranker.energy(q, torch.ones_like(q)),
        "both": reranker.energy(q, embedded.similarity()),
    }
    found = {}
    for name, energy in energies.items():
        gaps = pair_gaps(energy, embedded.is_compliant, embedded.context, margin=SECURITY_MARGIN)
        found[name] = {**separation(energy, ~embedded.is_compliant, embedded.context), **gaps.summary()}
    return found
