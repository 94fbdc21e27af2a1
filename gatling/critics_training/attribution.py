"""Fitting the attribution judge: the head, the trees, and the lines, each suite left out once.

- Head: logistic regression on the signs of an order and on words, by passages that were injected and others; signs
  that make a text an order cannot make it less of one. Suites weigh the same. Words of small weight are left out.
- Trees: gradient boosting with four leaves a tree, monotone in every signed feature (LightGBM; Ke et al., 2017). A call to blame
  is 1. In a suite both sides weigh the same, a conversation as much as another, and of a goal or task that stands in many
  conversations each weighs less, as there are far fewer goals than conversations.
- Lines: on scores of suites that the trees had not seen; a call that is stopped at any line counts as above it. A line is
  exceeded in at most the stated share of the honest conversations of a suite, on average over suites: a suite with many records
  counts as much as one with few, and all made worlds together as one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from gatling.critics_training.wishes import WishedConversation, conversations_of_files
from gatling.energy.attribution_judge import JUDGED_FEATURES, SIGNS, AttributionJudge, Lines, floors
from gatling.energy.critics.attribution import DirectiveHead, attribution_row, grams
from gatling.energy.critics.trees import MonotoneTrees
from gatling.errors import ConfigError, MissingExtraError, TrainingError
from gatling.request.directive import DIRECTIVE_FEATURES, ORDER_SIGNS
from gatling.tools.consequence import CONSEQUENCES, Consequence

Floats = NDArray[np.float64]


@runtime_checkable
class HasSuite(Protocol):
    """What is left out suite by suite."""

    suite: str


Suited = TypeVar("Suited", bound=HasSuite)

MARGINS: dict[Consequence, float] = {"reads": 0.5, "changes": 0.0, "sends": 0.0, "costs": 0.0, "endangers": 0.0}
"""How much more it takes to stop a call, in log odds, by what it can cost."""
_ESCALATES = 0.5
"""Any energy that a floor may have and that escalates."""
_SAME_TEXT = 2
_UNBLAMED_WEIGHT = 0.3
"""Of the calls of an attacked conversation that are not to blame: some were made on the way to those that are."""
MAX_FOLDS = 6
_MADE = "made "


@dataclass(frozen=True, kw_only=True)
class TreesConfig:
    """How trees are fitted."""

    rounds: int = 250
    """Trees."""
    leaves: int = 4
    features: float = 0.4
    """Share of the features that a tree may split on."""
    learning_rate: float = 0.06
    l2: float = 10.0
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class AttributionConfig(TreesConfig):
    """How the judge is fitted."""

    head_l2: float = 2e-3
    """Of the signs of an order."""
    words_l2: float = 3e-3
    """Of the words."""
    head_texts: int = 3
    """Distinct texts that a word must stand in to be looked at."""
    least_word: float = 0.05
    """Words whose weight is smaller are left out."""
    max_escalations: float = 0.05
    """Share of honest conversations of a suite left out that are escalated or denied, on average over suites."""
    max_denials: float = 0.01
    """Share that is denied."""
    made_weight: float = 6.0
    """Weight of all made suites together, where a recorded one has 1."""

    def check_shares(self) -> None:
        """Raises: ConfigError if the shares that lines are found by are out of range."""
        if not 0 < self.max_denials <= self.max_escalations < 1:
            raise ConfigError(
                f"--max-denials is {self.max_denials} and --max-escalations {self.max_escalations}: "
                "above 0, below 1, in this order"
            )


def train_attribution(
    files: Sequence[Path],
    config: AttributionConfig,
    *,
    made: Sequence[Path] = (),
    limit: int = 100_000,
    workers: int = 1,
    on_conversation: Callable[[int], None] = lambda count: None,
    on_fit: Callable[[int], None] = lambda count: None,
) -> AttributionJudge:
    """Train the judge on files of labelled conversations.

    Args:
        files: recorded ones; each `meta.suite` is left out once.
        made: generated ones; their worlds are left out some at a time.

    Raises:
        ConfigError: if a setting is out of range.
        TrainingError: if there are no honest conversations, none that are violations, or a single suite.
        MissingExtraError: without LightGBM, which comes with the extra `train`.
    """
    config.check_shares()
    if not 0 < config.made_weight < np.inf:
        raise ConfigError(f"--made-weight is {config.made_weight}, it must be above 0")
    read = {"limit": limit, "workers": workers, "advance": on_conversation}
    recorded = conversations_of_files(files, **read)  # type: ignore[arg-type]
    worlds = conversations_of_files(made, **read)  # type: ignore[arg-type]
    groups = folds(recorded, worlds)
    _check(groups)
    weights = group_weights(groups, config)
    scored: dict[str, list[Worst]] = {}
    for name, group in groups.items():
        head, trees = fit({k: g for k, g in groups.items() if k != name}, weights, config)
        scored[name] = [worst_of(c, head, trees) for c in group]
        on_fit(1)
    head, trees = fit(groups, weights, config)
    on_fit(1)
    honest = {n: honest_scores(scored[n], groups[n]) for n in groups}
    escalate, deny = lines_of(honest, config)
    lines = {c: Lines(escalate + MARGINS[c], deny + MARGINS[c]) for c in CONSEQUENCES}
    figures = {
        "suites": {n: figures_of(scored[n], groups[n], escalate, deny) for n in groups},
        "rates": [config.max_escalations, config.max_denials],
        "reached": reached(honest, (escalate, deny)),
    }
    return AttributionJudge(head, trees, lines, figures)


def _check(groups: dict[str, list[WishedConversation]]) -> None:
    """Refuse what the judge cannot learn from. Raises: TrainingError."""
    if len(groups) < 2:
        raise TrainingError(f"the judge needs conversations of two suites at least, and these are of {len(groups)}")
    for name in groups:
        others = [c for other, group in groups.items() if other != name for c in group]
        calls = [call for c in others for call in c.calls]
        wanting = [
            what
            for what, is_there in (
                ("honest conversation with a call", any(c.calls and not c.is_violation for c in others)),
                ("call to blame", any(call.is_blamed for call in calls)),
                ("call with a passage that had been read", any(call.origins is not None for call in calls)),
            )
            if not is_there
        ]
        if wanting:
            raise TrainingError(f"beside the suite {name!r}, there is no {wanting[0]}: the judge needs one of each")


def folds(recorded: Sequence[Suited], made: Sequence[Suited]) -> dict[str, list[Suited]]:
    """Return what is left out at a time, by name: each recorded suite, and of the made worlds some together."""
    groups: dict[str, list[Suited]] = {}
    for conversation in recorded:
        groups.setdefault(conversation.suite, []).append(conversation)
    worlds = sorted({c.suite for c in made})
    fold = {world: f"{_MADE}{i % MAX_FOLDS + 1}" for i, world in enumerate(worlds)}
    for conversation in made:
        groups.setdefault(fold[conversation.suite], []).append(conversation)
    return groups


def group_weights(groups: Iterable[str], config: AttributionConfig) -> dict[str, float]:
    """Return the weight of each group: 1 for a recorded suite, and `made_weight` for all made ones together."""
    names = list(groups)
    num_made = sum(map(_is_made, names))
    return {n: config.made_weight / num_made if _is_made(n) else 1.0 for n in names}


def fit(
    groups: dict[str, list[WishedConversation]],
    weights: dict[str, float],
    config: AttributionConfig,
    *,
    signs: NDArray[Any] = SIGNS,
    used: NDArray[np.bool_] | None = None,
) -> tuple[DirectiveHead, MonotoneTrees]:
    """Fit head and trees on groups of conversations.

    Args:
        weights: of each group.
        signs: how each feature may act; only an ablation takes others than the judge's.
        used: the features that are looked at; all by default.
    """
    head = fit_head(list(groups.values()), config)
    xs, ys, ws = [], [], []
    for name, group in groups.items():
        x, y, w = _rows(group, head)
        if len(x):
            xs.append(x)
            ys.append(y)
            ws.append(w * weights[name])
    x = np.concatenate(xs)
    if used is not None:
        x = np.where(used, x, 0.0)
    return head, fit_trees(x, np.concatenate(ys), np.concatenate(ws), config, signs)


def fit_head(groups: Sequence[Sequence[WishedConversation]], config: AttributionConfig) -> DirectiveHead:
    """Fit how far a text is an order; each group weighs the same, and in it both sides."""
    from scipy.optimize import minimize
    from scipy.sparse import csr_matrix, hstack

    signs: list[Floats] = []
    texts: list[set[str]] = []
    ts: list[float] = []
    ws: list[float] = []
    for group in groups:
        seen: Counter[tuple[str, bool]] = Counter()
        injected: list[bool] = []
        for call in (call for conversation in group for call in conversation.calls if call.origins is not None):
            for text, row, is_injected in zip(call.texts, call.origins.signs, call.is_injected, strict=True):  # type: ignore[union-attr]
                seen[text, bool(is_injected)] += 1
                if seen[text, bool(is_injected)] <= _SAME_TEXT:
                    signs.append(row)
                    texts.append(grams(text))
                    injected.append(bool(is_injected))
        count = max(1, sum(injected)), max(1, len(injected) - sum(injected))
        ts += [1.0 if i else -1.0 for i in injected]
        ws += [0.5 / count[not i] for i in injected]
    known = Counter(gram for text in {frozenset(text) for text in texts} for gram in text)
    number = {gram: i for i, gram in enumerate(sorted(g for g, n in known.items() if n >= config.head_texts))}
    cells = [(i, number[gram]) for i, text in enumerate(texts) for gram in sorted(text) if gram in number]
    rows, columns = np.array(cells, np.int64).reshape(-1, 2).T
    has = csr_matrix((np.ones(len(cells)), (rows, columns)), shape=(len(texts), len(number)))
    x = hstack([csr_matrix(np.array(signs)), has]).tocsr()
    t, w = np.array(ts), np.array(ws) / sum(ws)
    l2 = np.repeat([config.head_l2, config.words_l2], [len(DIRECTIVE_FEATURES), len(number)])

    def loss(v: Floats) -> tuple[float, Floats]:
        z = t * (x @ v[:-1] + v[-1])
        slope = -t * w / (1 + np.exp(np.clip(z, -50, 50)))
        value = float((w * np.logaddexp(0, -z)).sum() + (l2 * v[:-1] ** 2).sum())
        return value, np.append(x.T @ slope + 2 * l2 * v[:-1], slope.sum())

    ways = [ORDER_SIGNS[name] for name in DIRECTIVE_FEATURES]
    bounds = [(0, None) if s > 0 else (None, 0) if s < 0 else (None, None) for s in ways]
    free = [(None, None)] * (len(number) + 1)
    found = minimize(loss, np.zeros(x.shape[1] + 1), jac=True, bounds=[*bounds, *free], method="L-BFGS-B").x
    by_word = found[len(DIRECTIVE_FEATURES) : -1]
    words = {gram: round(float(by_word[i]), 4) for gram, i in number.items() if abs(by_word[i]) >= config.least_word}
    return DirectiveHead(np.round(found[: len(DIRECTIVE_FEATURES)], 9), round(float(found[-1]), 9), words)


def _rows(group: Sequence[WishedConversation], head: DirectiveHead) -> tuple[Floats, Floats, Floats]:
    """Return features, targets and weights of all calls; the weights of each side sum to a half."""
    x = [features_of(call, head) for conversation in group for call in conversation.calls]
    targets, weights = targets_and_weights(group)
    return np.array(x).reshape(len(targets), len(JUDGED_FEATURES)), targets, weights


@runtime_checkable
class Labelled(Protocol):
    """What is learned from: calls, of which some are to blame."""

    @property
    def blamed(self) -> list[bool]: ...
    @property
    def is_violation(self) -> bool: ...
    @property
    def task(self) -> str: ...
    @property
    def goal(self) -> str: ...


def targets_and_weights(group: Sequence[Labelled]) -> tuple[Floats, Floats]:
    """Return whether each call is to blame, and its weight; the weights of each side sum to a half."""
    count = Counter(c.goal if c.is_violation else c.task for c in group)
    y, w = [], []
    for conversation in group:
        blamed = sum(conversation.blamed)
        share = 1 / np.sqrt(count[conversation.goal if conversation.is_violation else conversation.task])
        for is_blamed in conversation.blamed:
            y.append(float(is_blamed))
            alike = blamed if is_blamed else len(conversation.blamed) - blamed
            w.append(share / alike * (_UNBLAMED_WEIGHT if conversation.is_violation and not is_blamed else 1.0))
    targets, weights = np.array(y), np.array(w)
    for side in (targets > 0, targets == 0):
        if side.any():
            weights[side] *= 0.5 / weights[side].sum()
    return targets, weights


def features_of(call: Any, head: DirectiveHead) -> Floats:
    """Return the features of a call, `(len(JUDGED_FEATURES),)`."""
    return np.concatenate([call.known, attribution_row(call.origins, call.own, head)])


def fit_trees(x: Floats, y: Floats, w: Floats, config: TreesConfig, signs: NDArray[Any] = SIGNS) -> MonotoneTrees:
    """Fit the trees. Deterministic for a seed on one machine."""
    try:
        import lightgbm
    except ImportError:
        raise MissingExtraError("training the attribution judge", "train") from None
    settings = {
        "objective": "binary",
        "num_leaves": config.leaves,
        "learning_rate": config.learning_rate,
        "min_data_in_leaf": 60,
        "feature_fraction": config.features,
        "bagging_fraction": 0.7,
        "bagging_freq": 1,
        "lambda_l2": config.l2,
        "monotone_constraints": np.asarray(signs).tolist(),
        "monotone_constraints_method": "basic",
        "seed": config.seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,  # the same trees come out, and two threads that wait for each other take longer on a busy machine
        "verbose": -1,
    }
    data = lightgbm.Dataset(x, y, weight=w * len(w) / w.sum())
    return _arrays(lightgbm.train(settings, data, config.rounds).dump_model()["tree_info"])


def _arrays(trees: Sequence[dict[str, Any]]) -> MonotoneTrees:
    feature: list[int] = []
    threshold: list[float] = []
    left: list[int] = []
    right: list[int] = []
    value: list[float] = []
    root: list[int] = []

    def add(node: dict[str, Any]) -> int:
        at = len(feature)
        is_leaf = "split_feature" not in node
        feature.append(-1 if is_leaf else int(node["split_feature"]))
        threshold.append(0.0 if is_leaf else float(node["threshold"]))
        value.append(float(node["leaf_value"]) if is_leaf else 0.0)
        left.append(at)
        right.append(at)
        if not is_leaf:
            left[at] = add(node["left_child"])
            right[at] = add(node["right_child"])
        return at

    for tree in trees:
        root.append(add(tree["tree_structure"]))
    ints = (np.array(a, np.int64) for a in (feature, left, right, root))
    feature_, left_, right_, root_ = ints
    return MonotoneTrees(feature_, np.array(threshold), left_, right_, np.array(value), root_)


class Worst(NamedTuple):
    """The largest scores of a conversation's calls, as lines see them: a call that is stopped at any line is infinite."""

    escalated: float
    """What a line to escalate at is held against."""
    denied: float
    """What a line to deny at is held against."""
    blamed: float
    """The first, of the calls to blame alone."""


def worst_of(
    conversation: WishedConversation, head: DirectiveHead, trees: MonotoneTrees, *, has_floors: bool = True
) -> Worst:
    """Return the largest scores of a conversation's calls, margins taken off; those of none are -inf."""
    if not conversation.calls:
        return Worst(-np.inf, -np.inf, -np.inf)
    features = np.array([features_of(call, head) for call in conversation.calls])
    scores = trees(features) - np.array([MARGINS[call.consequence] for call in conversation.calls])
    least = floors(features, _ESCALATES) if has_floors else np.zeros(len(features))
    escalated, denied = (np.where(least >= at, np.inf, scores) for at in (_ESCALATES, 1.0))
    blamed = escalated[[call.is_blamed for call in conversation.calls]]
    return Worst(float(escalated.max()), float(denied.max()), float(blamed.max(initial=-np.inf)))


def _is_made(name: str) -> bool:
    return name.startswith(_MADE)


def honest_scores(scored: Sequence[Worst], group: Sequence[Labelled]) -> Floats:
    """Return the largest scores of each honest conversation, `(H, 2)`: for the line to escalate at, and to deny at."""
    found = [(w.escalated, w.denied) for w, c in zip(scored, group, strict=True) if not c.is_violation]
    return np.array(found, np.float64).reshape(-1, 2)


def lines_of(honest: dict[str, Floats], config: AttributionConfig) -> tuple[float, float]:
    """Return the lines to escalate and to deny at, by the largest scores of honest conversations of each suite."""
    rates = (config.max_escalations, config.max_denials)
    escalate, deny = (_line({n: h[:, i] for n, h in honest.items()}, rate) for i, rate in enumerate(rates))
    return escalate, max(deny, escalate + 0.1)


def _line(honest: dict[str, Floats], rate: float) -> float:
    """Return the smallest score that at most `rate` of a suite's honest conversations exceed, on average over suites.

    The made ones together are one suite. Where more are stopped at any line, it is above every score: `reached` says how many.
    """
    suites, weights = _suites_and_weights(honest)
    if not suites:
        raise TrainingError("no honest conversation has a call")
    suites = {name: np.sort(scores) for name, scores in suites.items()}
    every = np.concatenate(list(suites.values()))
    for line in np.unique(every[every < np.inf]):
        shares = [1 - np.searchsorted(scores, line, side="right") / len(scores) for scores in suites.values()]
        if np.average(shares, weights=weights) <= rate:
            return float(line) + 1e-6
    return float(every[every < np.inf].max(initial=0.0)) + 1e-6


def _suites_and_weights(honest: dict[str, Floats]) -> tuple[dict[str, Floats], list[float]]:
    """Return the suites with an honest conversation, and what each weighs: all made ones together as much as a recorded one."""
    num_made = max(1, sum(map(_is_made, honest)))
    suites = {name: scores for name, scores in honest.items() if len(scores)}
    return suites, [1 / num_made if _is_made(name) else 1.0 for name in suites]


def reached(honest: dict[str, Floats], lines: tuple[float, float]) -> list[float]:
    """Return which share of the honest conversations of a suite is not simply allowed, and denied, on average over suites."""
    suites, weights = _suites_and_weights(honest)
    shares = [[float((h[:, i] >= line).mean()) for h in suites.values()] for i, line in enumerate(lines)]
    return [round(float(np.average(share, weights=weights)), 4) for share in shares]


def figures_of(scored: Sequence[Worst], group: Sequence[Labelled], escalate: float, deny: float) -> dict[str, Any]:
    """Return what lines do to a suite, given the largest scores of each conversation."""
    escalated, denied = honest_scores(scored, group).T
    blamed = np.array([w.blamed for w, c in zip(scored, group, strict=True) if c.is_violation])

    def share(values: Floats, line: float) -> float | None:
        return round(float((values >= line).mean()), 4) if len(values) else None

    return {
        "honest": len(escalated),
        "attacked": len(blamed),
        "not_allowed": share(escalated, escalate),
        "denied": share(denied, deny),
        "stopped": share(blamed, escalate),
    }
