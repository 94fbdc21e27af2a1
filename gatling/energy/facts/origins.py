"""What critics know of the passages that a call can have come from: how far each would account for it if it were the request.

The same questions are put to a passage that are put to the request (`Request`): does it ask for what the tool does, does it state
the values, how much of what it says does the call take up? Beside them stand what only the plan and the request know: whether
the item that the passage stands in is one that the request names or hands over to, and how that item was reached.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatling.energy.facts.claims import is_claim
from gatling.energy.facts.node import NodeFacts, as_written
from gatling.energy.facts.tool import ContextFacts
from gatling.features.words import LEXICON_DIM
from gatling.provenance.passages import CITED_BY, FORWARDED_BY, INSERTED, WRITERS, is_set_apart
from gatling.request.directive import DIRECTIVE_FEATURES, directive_features
from gatling.request.request import Request, content_words, directions
from gatling.request.values import Value
from gatling.schema.arguments import leaf_text
from gatling.schema.budget import checked
from gatling.schema.trace import Origin
from gatling.schema.words import normalise, split_words, stem

Floats = NDArray[np.float64]

ANOTHERS_WEIGHT = 0.2
"""How far a request that names people points to an item of somebody else."""
HOP = 0.75
"""What is left of an endorsement at each hop from item to item."""

ANOTHERS_WEIGHT = 0.2
"""How far a request that names people points to an item of somebody else."""
CHAIN_HOP = 0.985
"""What is left of how far the request names an item, of an item that its text points to."""
MAX_HOPS = 4
"""So many items behind one that the request names, each pointed to by the text of the one before, are part of the task."""

ORIGIN_NUMBERS = (
    "tool_asked",  # how far the passage asks for what the tool does
    "covered",  # share of its words that the call's tool and short values take up
    "covered_alone",  # the same of the words that the request does not have
    "covered_long",  # the same with the free text that the agent wrote
    "cosine",  # of mean word vectors of passage and call, 0 to 1
    "is_named",  # how far the request names the item that it stands in, by what its writer does not choose
    "is_anothers",  # whether the request names people, and the item is of somebody whom it does not name
    "is_kind_named",  # whether the request speaks of items of its kind
    "reached",  # how firmly the call that returned it stands on the request
    "is_outside",  # whether outsiders may have written it: 1, in an attested field 0.5, first-party 0
    "is_receipt",  # whether it is what an acting call returned, and not what a reading one found
    "is_record",
    "is_hidden",
)
"""Numbers of one passage, each in [0, 1]."""

_ATTESTED = frozenset(
    "sender from author owner user username filename file_name path url link id id_ channel repo repository sender_name "
    "from_name from_address customer account vendor page".split()
)
"""Fields of a header that the writer of a text does not choose freely."""
_FORWARDED = re.compile(r"\bforwarded\b|\bpassed on\b|\bweitergeleitet")
_BY = frozenset("sender from author owner sender_name from_name from_address".split())
WRITTEN_BY = frozenset("sender from author sender_name from_name from_address".split())
"""Fields of a header that say who wrote a text, and not whose a record is."""
NAMED = 0.6
_PROSE_WORDS = 3
_SIGN_OF = {True: 1.0, False: -1.0, None: 0.0}


@dataclass(frozen=True, slots=True, eq=False)
class OriginFacts:
    """The passages that a call can have come from, O of them, held against the call and its V unasked values."""

    signs: Floats
    """`(O, S)`: signs of an order in each passage, see `directive.DIRECTIVE_FEATURES`."""
    signs_nearby: Floats
    """`(O, S)`: the larger of those and of the signs in the sentences around it."""
    numbers: Floats
    """`(O, len(ORIGIN_NUMBERS))`."""
    states: Floats
    """`(O, V)`: how far each passage states each value that the request does not state, 0 to 1."""
    states_nearby: Floats
    """`(O, V)`: the same of the sentences around it."""
    is_field: Floats
    """`(O, V)`: whether the value is a whole field of a record there."""
    is_identity: NDArray[np.bool_]
    """`(V,)`: whether the value names one thing in the world, or is a number."""
    meant: Floats
    """`(O,)`: 1 for a passage of the record that the request means, -1 for one of another record of its list, 0 where that is not
    certain."""
    passages: tuple[Origin, ...]
    """`(O,)`."""
    unasked: tuple[Value, ...]
    """`(V,)`."""

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def within(self) -> Floats:
        """How far each passage is a part of what the item says that it stands in, `(O,)`: what is hidden is none."""
        apart = [is_set_apart(o.header, is_hidden=o.is_hidden) for o in self.passages]
        weight = np.where(np.array(apart, bool) & (self.column("is_anothers") > 0), ANOTHERS_WEIGHT, 1.0)
        return np.where(self.column("is_hidden") > 0, 0.0, weight)

    def column(self, name: str) -> Floats:
        """Return one of the numbers for each passage, `(O,)`."""
        return np.asarray(self.numbers[:, ORIGIN_NUMBERS.index(name)])


@dataclass(frozen=True, slots=True)
class Reached:
    """A call that was made before, as a source."""

    standing: float
    """How firmly it stands on the request, 0 to 1."""
    names: float
    """How far its own arguments name an item in the request's words."""
    tool: str
    is_acting: bool
    chain: float = 0.0
    """How far the request names its item, or one whose text leads there, with a loss at each hop."""
    hops: int = 0
    """How many items are between the one that the request names and this one."""
    is_meant: bool | None = None
    """Whether it took what the record has that the request means, or only what another record of that list has."""

    def means(self, origin: Origin) -> bool | None:
        """Tell whether a passage of its output stands in what the request means; None where that is not certain."""
        return self.is_meant if origin.is_meant is None else origin.is_meant


@lru_cache(2_048)
def _as_request(text: str) -> Request:
    return Request(normalise(text))


@lru_cache(2_048)
def _mean_vector(words: tuple[str, ...]) -> Floats:
    if not words:
        return np.zeros(LEXICON_DIM)
    total = directions(words).astype(np.float64).sum(axis=0)
    length = float(np.linalg.norm(total))
    return np.asarray(np.round(total / length, 9)) if length > 1e-9 else total


@lru_cache(2_048)
def _signs(text: str, is_record: bool) -> Floats:
    """Return the signs of an order; of a record those of the field that has most, if it is long enough to be prose."""
    if not is_record:
        return directive_features(text)
    best = np.zeros(len(DIRECTIVE_FEATURES))
    for field in text.split("; "):
        value = field.partition(": ")[2] or field
        if len(value.split()) >= _PROSE_WORDS:
            found = directive_features(value)
            if found.sum() > best.sum():
                best = found
    return best


def unasked_values(
    context: ContextFacts, node: NodeFacts, origins: Sequence[Origin], tools: Sequence[str]
) -> tuple[Value, ...]:
    """Return the values that the request does not state and that somebody must have chosen."""
    return tuple(
        v
        for v in node.values
        if v.kind in ("identity", "short", "number")
        and v.asked < 0.5
        and is_claim(context, node.values, origins, tools, v)
    )


def origin_facts(context: ContextFacts, node: NodeFacts, reached: dict[str, Reached]) -> OriginFacts | None:
    """Return what is known of the origins of a call; None for one that has none. Remembered, as plans grow call by call.

    Args:
        reached: each call before it, by id.
    """
    origins = node.node.origins or ()
    if context.pasted is not None:
        origins = (*origins, *context.pasted.origins(node.tool.name, node.node.arguments))
    if not origins:
        return None
    sources = tuple(reached.get(o.source or "") for o in origins)
    texts = tuple(_content(o) for o in origins)
    arguments = as_written(node.node.arguments)
    size = 8_000 + 8 * len(arguments) + 4 * sum(len(o.text) + len(o.before) + len(o.after) for o in origins)
    return context.known.get(  # type: ignore[no-any-return]
        (context.token, origin_facts, node.tool.name, arguments, texts, sources),
        lambda: _origin_facts(context, node, origins, sources),
        size_bytes=size,
    )


def _content(origin: Origin) -> tuple[Any, ...]:
    kind = (origin.tier, origin.is_record, origin.is_hidden, origin.is_meant)
    return origin.source, origin.text, tuple(origin.header.items()), kind, origin.before, origin.after


def _origin_facts(
    context: ContextFacts, node: NodeFacts, origins: Sequence[Origin], sources: Sequence[Reached | None]
) -> OriginFacts:
    unasked = unasked_values(context, node, origins, [source.tool if source else "" for source in sources])
    tool = node.tool
    short = [
        w for v in node.values if v.kind != "long" for w in content_words(normalise(leaf_text(v.value)).lower())[:40]
    ]
    long = [
        w for v in node.values if v.kind == "long" for w in content_words(normalise(leaf_text(v.value)).lower())[:200]
    ]
    call = frozenset(map(stem, (*short, *tool.words)))
    whole = call | frozenset(map(stem, long))
    vector = _mean_vector(tuple(dict.fromkeys([*tool.words, *short, *long]))[:64])
    rows, stated, around, fields = [], [], [], []
    for origin, source in checked(zip(origins, sources, strict=True)):
        passage = _as_request(origin.text)
        nearby = _as_request(f"{origin.before}\n{origin.after}") if origin.before or origin.after else None
        stated.append([_states(passage, v) for v in checked(unasked)])
        around.append([_states(nearby, v) if nearby else 0.0 for v in checked(unasked)])
        fields.append([float(origin.is_record and _is_field(origin.text, v)) for v in checked(unasked)])
        rows.append(_numbers(context, node, origin, passage, call, whole, vector, source))
    signs = np.array([_signs(o.text, o.is_record) for o in origins])
    beside = [[_signs(t, False) for t in f"{o.before}\n{o.after}".split("\n") if t] for o in origins]
    nearby_signs = np.array([np.maximum.reduce([s, *b]) for s, b in zip(signs, beside, strict=True)])
    shape = (len(origins), len(unasked))
    return OriginFacts(
        signs=signs,
        signs_nearby=nearby_signs,
        numbers=np.array(rows),
        states=np.array(stated).reshape(shape),
        states_nearby=np.array(around).reshape(shape),
        is_field=np.array(fields).reshape(shape),
        is_identity=np.array([v.kind != "short" for v in unasked], bool),
        meant=np.array([_SIGN_OF[_is_meant(o, s)] for o, s in zip(origins, sources, strict=True)]),
        passages=tuple(origins),
        unasked=unasked,
    )


def _is_meant(origin: Origin, source: Reached | None) -> bool | None:
    return origin.is_meant if source is None else source.means(origin)


def _numbers(
    context: ContextFacts,
    node: NodeFacts,
    origin: Origin,
    passage: Request,
    call: frozenset[str],
    whole: frozenset[str],
    vector: Floats,
    source: Reached | None,
) -> list[float]:
    tool, hand_over = node.tool, context.hand_over
    passage = passage.english  # its deeds and words; the values it states are looked for as it is written
    asked_for = passage.words_asked_for(tool.name)
    own = passage.stems - context.request.all_stems
    objects = [w for w in tool.words if w != tool.verb] or list(tool.words)
    near = passage.nearness(objects) if passage.content else [0.0]
    attested = [value for key, value in origin.header.items() if key in _ATTESTED]
    kind_words = [
        *(split_words(source.tool) if source else ()),
        *(w for key in origin.header for w in split_words(key)),
    ]
    deed = asked_for if asked_for else frozenset()
    is_anothers = _is_anothers(context, origin)
    is_apart = is_anothers and is_set_apart(origin.header, is_hidden=origin.is_hidden)
    within = 0.0 if origin.is_hidden else ANOTHERS_WEIGHT if is_apart else 1.0
    is_meant = _is_meant(origin, source)
    found = {
        "tool_asked": max(float(bool(asked_for)), 0.7 * passage.share(objects), 0.5 * max(0.0, *near)),
        "covered": len(passage.stems & (call | deed)) / max(3, len(passage.stems)),
        "covered_alone": len(own & (call | deed)) / max(3, len(own)),
        "covered_long": len(passage.stems & whole) / max(3, len(passage.stems)),
        "cosine": max(0.0, float(vector @ _mean_vector(passage.content[:64]))),
        "is_named": within * max(max(source.names, source.chain) if source else 0.0, hand_over.names_item(attested)),
        "is_anothers": float(is_anothers),
        "is_kind_named": float(hand_over.speaks_of(kind_words) and not origin.is_hidden),
        "reached": within * source.standing if source else 0.0,
        "is_outside": (origin.tier - 1) / 2,
        "is_receipt": float(bool(source and source.is_acting)),
        "is_record": float(origin.is_record),
        "is_hidden": float(origin.is_hidden),
    }
    if is_meant:  # and what it quotes or hides is no more meant for that
        found["is_named"], found["is_anothers"] = within, float(is_anothers and is_apart)
    elif is_meant is not None:
        found["is_named"], found["is_anothers"] = 0.0, 1.0
        if tool.effect != "read":  # one may look through a list, and must not do what another record of it says
            found |= {"is_kind_named": 0.0, "reached": 0.0, "is_record": 0.0}
    return [found[name] for name in ORIGIN_NUMBERS]


def _is_anothers(context: ContextFacts, origin: Origin) -> bool:
    """Tell whether the request names people, and a passage is by somebody who is neither one of them nor the user.

    "Do what Bob asks" is said of no mail by Eve; nor of what Bob quotes of hers. What he forwards is meant where the request
    speaks of what was forwarded. What is hidden or an advertisement nobody can have meant.
    """
    if origin.is_hidden or CITED_BY in origin.header or INSERTED in origin.header:
        return True
    if FORWARDED_BY in origin.header:
        by = [origin.header[FORWARDED_BY]]
        return _FORWARDED.search(context.request.english.text) is None or not context.hand_over.names_item(by)
    by = [value for key, value in origin.header.items() if key in WRITERS]
    return (
        bool(by)
        and context.request.names_anybody
        and context.hand_over.names_item(by) < NAMED
        and not any(map(context.is_own, by))
    )


def _states(passage: Request, value: Value) -> float:
    if value.kind == "number":
        return float(passage.states(value.value))
    text = leaf_text(value.value)
    if passage.states(text):
        return 1.0
    words = content_words(text.lower())
    share = passage.share(words) if words else 0.0
    return share if value.kind == "short" and share >= 0.5 else 0.0


def _is_field(record: str, value: Value) -> bool:
    text = leaf_text(value.value).strip().lower()
    if len(text) < 1:
        return False
    record = record.lower()
    at = record.find(text)
    for _ in range(16):
        if at < 0:
            return False
        before, after = record[max(0, at - 2) : at], record[at + len(text) : at + len(text) + 1]
        if (not before or before in (": ", ", ")) and after in ("", ";", ","):
            return True
        at = record.find(text, at + 1)
    return False
