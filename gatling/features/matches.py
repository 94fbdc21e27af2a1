"""How far the words of each call are found in each part of a context: late interaction, after ColBERT's MaxSim.

An encoder makes one vector of a whole plan and one of a whole context, and neither says which argument of which call has nothing
to answer to. Here every word of a plan is held against every word of a context, and what is kept of a word is its nearest one in
each part of the context: what the user asked, what the policy allows, what it denies, and so on. `encoders.reranker` learns what
to make of that (Khattab and Zaharia, 2020, arXiv:2004.12832, keep the sum over words).

A word's nearness is the cosine of its row in the word table, and apart from that of its spelling, see `features.words`. So what
is compared was never trained, and a word that no training saw is compared like any other. No text of a plan or context reaches
a network, only how near they are to each other.
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from gatling.errors import InputError
from gatling.features.plan import NUM_SENSITIVITIES, NUM_TIERS, PlanFeatures
from gatling.features.policy import NUM_KINDS, ContextFeatures
from gatling.features.text import Texts
from gatling.features.words import LEXICON_DIM, WordVectors, feature_digest
from gatling.policy import Effect, Kind
from gatling.schema.budget import check
from gatling.schema.trace import REQUEST_KEYS
from gatling.schema.words import split_words

Floats = NDArray[np.float32]
Indices = NDArray[np.int64]

MATCH_VERSION = 1
MAX_PAIRS = 400_000_000
"""Pairs of a word, or a text, of the plan and one of the context; more are refused, not cut."""
_BLOCK_PAIRS = 2_000_000
_BLOCK_WORDS = 16_384
_MIN_WEIGHT = 0.05


class Part(enum.IntEnum):
    """Where in a context a word stands."""

    NEUTRAL = 0
    """A value of the policy below no key that allows or denies."""
    ALLOWED = 1
    DENIED = 2
    KEY = 3
    """A key of the policy."""
    SESSION = 4
    """The session, apart from the request."""
    ROLE = 5
    REQUEST = 6


NUM_PARTS = len(Part)
NUM_NEARNESSES = 6
"""Of a text in each part: the nearest word by meaning and by spelling, of both the mean over the text's words and the least; the
nearest text as a whole; whether the same text stands there."""
TEXT_DIM = NUM_NEARNESSES * NUM_PARTS + 1
"""The last value tells whether the text has words."""
_POLICY_PARTS = {Effect.NONE: Part.NEUTRAL, Effect.ALLOW: Part.ALLOWED, Effect.DENY: Part.DENIED}
_REQUEST_WORDS = tuple(tuple(split_words(key)) for key in REQUEST_KEYS)


@dataclass(frozen=True, slots=True)
class WordRows:
    """The texts of a record with what each of its words is compared by."""

    meanings: Floats
    """`(words, LEXICON_DIM)`: rows of the word table, of length 1, or zeros where it does not know the word."""
    spellings: Floats
    """`(words, NGRAM_DIM)`, of length 1."""
    weights: Floats
    """`(words,)`: small for words that are frequent in English, at most 1."""
    word_index: Indices
    offsets: Indices
    means: Floats
    """`(texts, LEXICON_DIM + NGRAM_DIM)`: mean of a text's words, of length 1; zeros for the empty one."""
    spelt: tuple[tuple[int, ...], ...]
    """`texts`: the words of each text, by number."""
    words: tuple[str, ...]

    @classmethod
    def of(cls, texts: Texts, vectors: WordVectors) -> WordRows:
        rows = vectors(texts.words)
        meanings, lengths = _unit(rows[:, :LEXICON_DIM])
        spellings, _ = _unit(rows[:, LEXICON_DIM:])
        weights = np.where(lengths > 0, np.clip(lengths, _MIN_WEIGHT, 1.0), 1.0).astype(np.float32)
        index, offsets = texts.word_index.astype(np.int64), texts.offsets.astype(np.int64)
        means, _ = _unit(_sums(np.concatenate([meanings, spellings], axis=1), index, offsets, weights))
        numbers = index.tolist()
        bounds = offsets.tolist()
        spelt = tuple(tuple(numbers[a:b]) for a, b in pairwise(bounds))
        return cls(meanings, spellings, weights, index, offsets, means, spelt, tuple(texts.words))


@dataclass(frozen=True, slots=True)
class ContextWords:
    """A context as plans are held against it. Worth keeping for as long as the context lasts."""

    meanings: Floats
    """`(W, LEXICON_DIM)`: the distinct words of each part, part by part."""
    spellings: Floats
    weights: Floats
    ends: tuple[int, ...]
    """`NUM_PARTS`: one past the last word of each part."""
    means: Floats
    """`(T, LEXICON_DIM + NGRAM_DIM)`: the distinct texts of each part, part by part."""
    text_ends: tuple[int, ...]
    texts: tuple[frozenset[tuple[str, ...]], ...]
    """`NUM_PARTS`: the same texts, as words."""


@dataclass(frozen=True, slots=True)
class PlanMatches:
    """One plan held against one context: V calls, A argument leaves."""

    nodes: Floats
    """`(V, NODE_DIM)`: of the tool's name, see `TEXT_DIM`; then tier, sensitivity, scope; whether data comes in, and goes out."""
    leaves: Floats
    """`(A, LEAF_DIM)`: of the argument's path and of its value; then kind, and the values of `PlanFeatures`."""
    leaf_node: Indices
    """`(A,)`."""
    covered: Floats
    """`(COVERED_DIM,)`: how far the words of each part are found in the plan, by meaning, then by spelling; the weighted mean."""


NODE_DIM = TEXT_DIM + NUM_TIERS + NUM_SENSITIVITIES + 12 + 2
LEAF_DIM = 2 * TEXT_DIM + NUM_KINDS + 7
COVERED_DIM = 2 * NUM_PARTS


def context_words(features: ContextFeatures, vectors: WordVectors) -> ContextWords:
    """Return a context's words by the part that they stand in.

    Long texts count as a whole, not in parts as well. What the keys of role and session say is the same in every context.
    """
    rows = WordRows.of(features.texts, vectors)
    request = _request_token(features, rows)
    texts: list[dict[int, None]] = [{} for _ in Part]
    kinds, sections, effects, depths = features.codes.T.tolist()
    for token, (kind, section, effect, depth) in enumerate(zip(kinds, sections, effects, depths, strict=True)):
        if kind == Kind.CHUNK:
            continue
        if section == 1:
            part = _POLICY_PARTS[Effect(effect)]
            if depth > 1:
                texts[Part.KEY][int(features.key_text[token])] = None
        else:
            part = Part.REQUEST if token == request else Part.SESSION if section == 2 else Part.ROLE
        texts[part][int(features.value_text[token])] = None
    spelt = [[text for text in found if rows.spelt[text]] for found in texts]
    words = [list(dict.fromkeys(word for text in found for word in rows.spelt[text])) for found in spelt]
    order = [word for found in words for word in found]
    text_order = [text for found in spelt for text in found]
    return ContextWords(
        meanings=rows.meanings[order],
        spellings=rows.spellings[order],
        weights=rows.weights[order],
        ends=tuple(np.cumsum([len(found) for found in words]).tolist()),
        means=rows.means[text_order],
        text_ends=tuple(np.cumsum([len(found) for found in spelt]).tolist()),
        texts=tuple(frozenset(_as_words(rows, text) for text in found) for found in spelt),
    )


def plan_matches(plan: PlanFeatures, rows: WordRows, context: ContextWords) -> PlanMatches:
    """Hold a plan against a context.

    Args:
        rows: of the plan's texts.

    Raises:
        InputError: if there are more than `MAX_PAIRS` pairs of words.
    """
    nearest, covered = _nearest_words(rows, context)
    texts = np.concatenate(
        [
            _of_texts(np.add, nearest[rows.word_index] * rows.weights[rows.word_index, None], rows.offsets)
            / np.maximum(_of_texts(np.add, rows.weights[rows.word_index, None], rows.offsets), 1e-9),
            _of_texts(np.minimum, nearest[rows.word_index], rows.offsets),
            _nearest(rows.means, context.means, context.text_ends),
            _same_texts(rows, context),
            (np.diff(rows.offsets) > 0)[:, None],
        ],
        axis=1,
        dtype=np.float32,
    )
    incoming, outgoing = np.zeros((2, plan.num_nodes), np.float32)
    outgoing[plan.edges[0]] = incoming[plan.edges[1]] = 1.0
    tiers, sensitivities = (np.eye(size, dtype=np.float32) for size in (NUM_TIERS, NUM_SENSITIVITIES))
    kinds = np.eye(NUM_KINDS, dtype=np.float32)
    return PlanMatches(
        nodes=np.concatenate(
            [
                texts[plan.tool_text],
                tiers[plan.node_codes[:, 0]],
                sensitivities[plan.node_codes[:, 1]],
                plan.node_values,
                incoming[:, None],
                outgoing[:, None],
            ],
            axis=1,
        ),
        leaves=np.concatenate(
            [texts[plan.leaf_path_text], texts[plan.leaf_value_text], kinds[plan.leaf_kind], plan.leaf_values], axis=1
        ),
        leaf_node=plan.leaf_node.astype(np.int64),
        covered=covered,
    )


def match_digest() -> str:
    """Hex digest of everything that matches depend on; stored beside the weights that read them and compared on loading."""
    return hashlib.sha256(
        f"{MATCH_VERSION}:{NODE_DIM}:{LEAF_DIM}:{COVERED_DIM}:{feature_digest()}".encode()
    ).hexdigest()


def _request_token(features: ContextFeatures, rows: WordRows) -> int:
    """Return the token of what the user asked, the first of `REQUEST_KEYS` that is a text of the session; -1 if there is none."""
    kinds, sections, _, depths = features.codes.T
    members = np.flatnonzero((kinds == Kind.STRING) & (sections == 2) & (depths == 2)).tolist()
    by_key = {_as_words(rows, int(features.key_text[token])): token for token in reversed(members)}
    return next((by_key[words] for words in _REQUEST_WORDS if words in by_key), -1)


def _as_words(rows: WordRows, text: int) -> tuple[str, ...]:
    return tuple(rows.words[word] for word in rows.spelt[text])


def _nearest_words(rows: WordRows, context: ContextWords) -> tuple[Floats, Floats]:
    """Return of each word the cosine of its nearest in each part, by meaning, then by spelling, `(words, 2 * NUM_PARTS)`; and
    `covered`."""
    best = np.zeros((2, len(context.weights)), np.float32)
    nearest = [
        _nearest(rows.meanings, context.meanings, context.ends, best[0]),
        _nearest(rows.spellings, context.spellings, context.ends, best[1]),
    ]
    covered = np.zeros((2, NUM_PARTS), np.float32)
    for part, (start, end) in enumerate(zip((0, *context.ends), context.ends, strict=False)):
        if end > start:
            weights = context.weights[start:end]
            covered[:, part] = best[:, start:end] @ weights / weights.sum()
    return np.concatenate(nearest, axis=1), covered.ravel()


def _nearest(own: Floats, theirs: Floats, ends: Sequence[int], best: Floats | None = None) -> Floats:
    """Return of each own row the largest cosine to a row of each part, `(rows, NUM_PARTS)`, at least 0, and 0 for an empty part.

    Args:
        ends: one past the last row of each part.
        best: raised to the largest cosine of each of their rows, `(their rows,)`.
    """
    if len(own) * len(theirs) > MAX_PAIRS:
        raise InputError(
            f"{len(own)} words or texts of a plan against {len(theirs)} of a context are more than {MAX_PAIRS} pairs"
        )
    found = np.zeros((len(own), NUM_PARTS), np.float32)
    step = max(1, _BLOCK_PAIRS // max(1, len(theirs)))
    for start in range(0, len(own), step):
        check()
        cosine = own[start : start + step] @ theirs.T
        for part, (first, end) in enumerate(zip((0, *ends), ends, strict=False)):
            found[start : start + step, part] = cosine[:, first:end].max(axis=1, initial=0.0)
        if best is not None:
            np.maximum(best, cosine.max(axis=0, initial=0.0), out=best)
    return found


def _same_texts(rows: WordRows, context: ContextWords) -> Floats:
    found = np.zeros((len(rows.spelt), NUM_PARTS), np.float32)
    for text, spelt in enumerate(rows.spelt):
        if spelt:
            words = _as_words(rows, text)
            found[text] = [words in texts for texts in context.texts]
    return found


def _of_texts(reduce: np.ufunc, values: Floats, offsets: Indices) -> Floats:
    """Reduce the rows of each text to one, `(texts, columns)`; zeros for an empty text."""
    out = np.zeros((len(offsets) - 1, values.shape[1]), np.float32)
    filled = np.diff(offsets) > 0
    if filled.any():
        out[filled] = reduce.reduceat(values, offsets[:-1][filled], axis=0)
    return out


def _sums(rows: Floats, index: Indices, offsets: Indices, weights: Floats) -> Floats:
    """Return the weighted sum of each text's words, `(texts, columns)`; memory does not grow with the length of a text."""
    out = np.zeros((len(offsets) - 1, rows.shape[1]), np.float32)
    lengths = np.diff(offsets)
    is_long = lengths > _BLOCK_WORDS
    for text in np.flatnonzero(is_long):
        check()
        counts = np.bincount(index[offsets[text] : offsets[text + 1]], minlength=len(rows)).astype(np.float32)
        out[text] = (counts * weights) @ rows
    block = np.cumsum(np.where(is_long, 0, lengths)) // _BLOCK_WORDS
    for number in range(int(block[-1]) + 1):
        check()
        texts = np.flatnonzero((block == number) & ~is_long)
        own = lengths[texts]
        ends = np.concatenate([[0], np.cumsum(own)])
        positions = np.repeat(offsets[texts] - ends[:-1], own) + np.arange(ends[-1])
        words = index[positions]
        out[texts] = _of_texts(np.add, rows[words] * weights[words, None], ends)
    return out


def _unit(rows: Floats) -> tuple[Floats, Floats]:
    """Return the rows at length 1, zeros as they are, and their lengths."""
    lengths = np.sqrt(np.einsum("rc,rc->r", rows, rows))
    return rows / np.maximum(lengths, np.float32(1e-12))[:, None], lengths
