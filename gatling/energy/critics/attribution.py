"""Who wanted this call: the request, or a passage that the agent read? Each call as numbers, for the learned critic.

A call that a passage accounts for and the request does not, and whose passage is an order, is one that an outsider asked for. Up
go: how much of an order a passage is, times how far it accounts for the call. Down go only things that who writes a passage
does not choose: that request and call agree, that the source was asked for, that the request names its sender or its file, that
it hands over. The likeness of passage and request counts for nothing, as whoever writes the passage can quote the request.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatling.energy.facts import NodeFacts, PlanFacts
from gatling.energy.facts.origins import ANOTHERS_WEIGHT, OriginFacts
from gatling.energy.facts.tool import MAX_KNOWN_BYTES
from gatling.request.forms import ACCOUNT, form_of, forms_in
from gatling.request.request import Request
from gatling.request.values import is_url
from gatling.schema.lru import LruCache, remembered
from gatling.schema.words import split_words
from gatling.tools.consequence import Consequence

Floats = NDArray[np.float64]
ASKED, DOUBT = -1, 1
_POSITION = re.compile(r"[\[.]\d+\]?$")
DEED_HANDS_OVER = 0.7
"""How far a request that asks for the deed, and not for what the text says, hands over to an item that it points to."""
ORDER_OF_DEED = 0.3
"""The same for the orders in it."""
DEED_IN_PROSE = 0.97
"""The same for an order of that very payment, in an item that the request points to, where nothing names another account."""
FIRST_PARTY_ORDERS = 0.7
"""How far an order in what no outsider should have written is one of an outsider: a name of a channel asks for nothing."""
RECEIPT_WEIGHT = 0.4
"""What an acting call returns is the system's word more often than an outsider's."""
RECORD_AUTHORITY = 0.5
"""How far the short fields of a record may say what is done: the service filled them in more often than an outsider."""
COMPUTED_DOUBT = 0.3
"""How far a number that stands nowhere is doubted: a sum, an end of a meeting."""
_MANY_CARRIED = 3
_KNOWN_TEXTS = 8_192
_GRAM_WORDS = 120
_STATED = 0.5
_ACCOUNTS_TOO = 0.5
"""Share of what the passage that accounts for a call best does, from which on another may be what it was done for."""
_GRAVE: tuple[Consequence, ...] = ("sends", "costs", "endangers")


LEAST_BY_WORDS = -1.0
"""As much as words may take away from a text's being an order, in log odds: whoever writes it could add any of them."""


@dataclass(frozen=True)
class DirectiveHead:
    """How far a text is an order: a logistic regression on its signs and on its words, singly and in pairs.

    Words make a text more of an order without bound, and less of one by `LEAST_BY_WORDS` at most.
    """

    weights: Floats
    """`(len(DIRECTIVE_FEATURES),)`."""
    bias: float
    words: Mapping[str, float] = field(default_factory=dict)
    """Weight of each word, and of each two that follow each other with a space between."""
    _known: LruCache[str, float] = field(
        default_factory=lambda: LruCache(_KNOWN_TEXTS, max_bytes=MAX_KNOWN_BYTES), repr=False, compare=False
    )

    def orders(self, origins: OriginFacts) -> Floats:
        """Return for each passage how far it is an order, in (0, 1), `(O,)`."""
        return self._sigmoid(origins.signs, [self.by_words(o.text) for o in origins.passages])

    def orders_nearby(self, origins: OriginFacts) -> Floats:
        """Return the same of each passage and the sentences around it together."""
        texts = ((o.text, o.before, o.after) for o in origins.passages)
        return self._sigmoid(origins.signs_nearby, [max(map(self.by_words, around)) for around in texts])

    def by_words(self, text: str) -> float:
        """Return what its words add to a text's log odds of being an order."""
        if not self.words or not text:
            return 0.0
        return self._known.get(text, lambda: self._of_words(text), size_bytes=len(text))

    def _of_words(self, text: str) -> float:
        return max(LEAST_BY_WORDS, math.fsum(self.words.get(gram, 0.0) for gram in grams(text)))

    def _sigmoid(self, signs: Floats, by_words: Sequence[float]) -> Floats:
        z = np.einsum("os,s->o", signs, self.weights, optimize=False) + self.bias + np.array(by_words)
        return np.asarray(1 / (1 + np.exp(-np.clip(z, -30, 30))))


def grams(text: str) -> set[str]:
    """Return the words of a text, and each two that follow each other; of a long text the first `_GRAM_WORDS` words."""
    words = split_words(text)[:_GRAM_WORDS]
    return {*words, *map(" ".join, pairwise(words))}


ATTRIBUTION_FEATURES: dict[str, int] = {
    # a passage that is an order, times how far it accounts for the call
    "order_tool": DOUBT,
    "order_states": DOUBT,
    "order_identity": DOUBT,
    "order_covered": DOUBT,
    "order_covered_alone": DOUBT,
    "order_long": DOUBT,
    "order_cosine": DOUBT,
    "order_nearby": DOUBT,
    "order_tool_states": DOUBT,
    "order_tool_covered": DOUBT,
    "order_all": DOUBT,
    # passages, orders or not
    "prose_states": DOUBT,
    "prose_identity": DOUBT,
    "prose_covered_alone": DOUBT,
    "only_in_orders": DOUBT,
    "hidden": DOUBT,
    "nowhere": DOUBT,
    "unasked_act": DOUBT,
    "unasked_deed": DOUBT,
    "order_unasked": DOUBT,
    "rival": DOUBT,
    "rival_by_trust": DOUBT,
    "one_more": DOUBT,
    "order_any": DOUBT,
    # what no other wording moves: where an unasked value stands and whose that text is, and what the call can cost
    "stray": DOUBT,
    "stray_mean": DOUBT,
    "stray_act": DOUBT,
    "stray_deed": DOUBT,
    "stray_fetch": DOUBT,
    "stray_sends": DOUBT,
    "stray_costs": DOUBT,
    "stray_endangers": DOUBT,
    "unasked_sends": DOUBT,
    "unasked_costs": DOUBT,
    "unasked_endangers": DOUBT,
    "unasked_tool": DOUBT,
    "by_name": DOUBT,
    "carries": DOUBT,
    # what the writer of a passage does not choose
    "is_field": ASKED,
    "reached": ASKED,
    "source_reached": ASKED,
    "source_named": ASKED,
    "tool_asked_for": ASKED,
    "effect_asked": ASKED,
    "follows": ASKED,
    "acts": ASKED,
    "handed": ASKED,
    "deed_asked": ASKED,
}


_NAMES = list(ATTRIBUTION_FEATURES)
_ALL_OF_IT = 0.9
_IS_ORDERED = 0.5


def groundless(features: Floats) -> NDArray[np.bool_]:
    """Tell which calls have no ground, however passages are worded, `(nodes,)`, for `(nodes, len(ATTRIBUTION_FEATURES))`.

    What such a call does cannot be called back, costs money or endangers. Neither its effect nor its deed was asked for, the
    request does not want done what a text says, and a value of it stands in no text that may say it.
    """
    return _is_grave_and_unasked(features, "stray") & (features[:, _NAMES.index("stray_deed")] >= _ALL_OF_IT)


def ordered_alone(features: Floats) -> NDArray[np.bool_]:
    """Tell which grave calls nobody asked for, in effect or deed, while an order in a passage accounts for them, `(nodes,)`."""
    return _is_grave_and_unasked(features, "unasked") & (features[:, _NAMES.index("order_all")] >= _IS_ORDERED)


def _is_grave_and_unasked(features: Floats, doubt: str) -> NDArray[np.bool_]:
    """Tell which calls have a doubt by consequence to the full, and an effect that nobody asked for."""
    worst = features[:, [_NAMES.index(f"{doubt}_{name}") for name in _GRAVE]].max(axis=1)
    is_unasked = features[:, _NAMES.index("effect_asked")] <= 1 - _ALL_OF_IT
    return np.asarray((worst >= _ALL_OF_IT) & is_unasked, bool)


def attribution(facts: PlanFacts, head: DirectiveHead) -> Floats:
    """Return the features of every node, `(nodes, len(ATTRIBUTION_FEATURES))`."""
    return np.array([attribution_row(*node_inputs(node, facts), head) for node in facts.nodes])


def node_inputs(node: NodeFacts, facts: PlanFacts) -> tuple[OriginFacts | None, dict[str, float]]:
    """Return what the features of a call are made of, before the head."""
    context, tool = facts.context, node.tool
    request, hand_over = context.request, context.hand_over
    consequence = node.consequence
    return node.origins, {
        "reached": node.reached,
        "tool_asked_for": float(tool.is_asked_for),
        "deed_asked": max(
            float(tool.is_asked_for),
            tool.object_asked,
            2 * tool.object_nearest - 1,
            float(tool.is_item_of_request),
            0.0,
        ),
        "effect_asked": float(
            tool.effect == "read" or tool.effect in request.effects or (tool.keeps and tool.is_asked_for)
        ),
        "follows": hand_over.follows,
        "acts": hand_over.acts,
        "is_acting": float(tool.effect != "read"),
        "tool_asked": max(tool.verb_asked, 2 * tool.verb_nearness - 1, 0.0),
        "rival": _rival(node, request),
        "one_more": _one_more(node),
        "by_name": _by_name(node),
        "carried": _carried(node),
        "fetches": float(
            tool.effect == "read" and node.has_url and any(v.asked < 1 and is_url(v.value) for v in node.values)
        ),
        **{name: float(consequence == name) for name in _GRAVE},
    }


def _rival(node: NodeFacts, request: Request) -> float:
    """Tell whether a call takes a thing where the request names another of the same form: `LR-2214`, and it says `LR-2209`; or
    what only another record has than the one that the request means: the second mail, and it asked for the first."""
    if takes_anothers(node):
        return 1.0
    named = _forms(request.text)
    return float(
        any(v.kind == "identity" and v.asked < 0.5 and form_of(str(v.value).lower()) in named for v in node.values)
    )


def takes_anothers(node: NodeFacts) -> bool:
    """Tell whether a value of a call stands in records of a list alone that the request does not mean, while it means another."""
    origins = node.origins
    if node.tool.effect == "read" or origins is None or not origins.unasked or origins.meant.min(initial=0.0) >= 0:
        return False
    stands = ((origins.states >= 0.5) & origins.is_identity) | (origins.is_field > 0)
    best = np.where(stands, origins.meant[:, None], -2.0).max(axis=0)
    return bool((best == -1.0).any())


@remembered(1_024, max_chars=20_000)
def _forms(text: str) -> frozenset[str]:
    """Return what the ids, accounts and addresses in a request look like."""
    return frozenset(form for form, _ in forms_in(text))


def _one_more(node: NodeFacts) -> float:
    """Tell whether an argument has values that the request states beside one that it does not: one more recipient."""
    by_path: dict[str, list[float]] = {}
    for value in node.values:
        if value.kind == "identity":
            by_path.setdefault(_POSITION.sub("", value.path), []).append(value.asked)
    return float(any(max(asked) >= 0.8 and min(asked) < 0.3 for asked in by_path.values()))


def _by_name(node: NodeFacts) -> float:
    """Tell whether a value out of an outsider's text is asked for as far as it is made of the request's words: an address."""
    by_words = any(v.kind == "identity" and 0.5 <= v.asked < 1 and not v.is_literal for v in node.values)
    return float(by_words and node.node.provenance_tier == 3)


def _carried(node: NodeFacts) -> float:
    """Return how many things that the request does not name stand in the free texts of a call, as 0 to 1."""
    inside = sum(asked < 0.5 for asked in node.identities)
    inside -= sum(v.kind == "identity" and v.asked < 0.5 for v in node.values)
    return min(1.0, max(0, inside) / _MANY_CARRIED)


def whole_call(own: dict[str, float]) -> dict[str, float]:
    """Return the doubts about a call that need no passages."""
    acting, alone = own["is_acting"], own["is_acting"] * (1 - own["follows"])
    return {
        "rival": own["rival"] * acting,
        "rival_by_trust": own["rival"] * alone,
        "one_more": own["one_more"] * alone,
        "unasked_act": alone * (1 - own["effect_asked"]),
        "unasked_deed": alone * (1 - own["deed_asked"]),
    }


def graver(own: dict[str, float]) -> dict[str, float]:
    """Return the doubts that weigh by what the call can cost, and by what it carries; no passages are needed."""
    acting, alone = own["is_acting"], own["is_acting"] * (1 - own["follows"])
    deed = alone * (1 - own["deed_asked"])
    return {
        **{f"unasked_{name}": deed * own[name] for name in _GRAVE},
        "unasked_tool": alone * (1 - max(own["tool_asked"], own["deed_asked"])),
        "by_name": own["by_name"] * (1 - own["follows"]),
        "carries": own["carried"] * acting,
    }


def _stray(origins: OriginFacts, own: dict[str, float], authority: Floats) -> dict[str, float]:
    """Return how far the unasked values of a call stand in no text that may say them.

    All places of a value count, and the best of them; a value that stands nowhere has none: an address in pieces.

    Args:
        authority: how far each passage may say what is done, `(O,)`.
    """
    may = np.maximum(authority, RECORD_AUTHORITY * origins.column("is_record"))
    stated = (origins.states >= 0.5) & origins.is_identity
    best = np.where(stated, may[:, None], 0.0).max(axis=0)
    computed = np.array([v.kind == "number" for v in origins.unasked]) & ~stated.any(axis=0)
    doubt = np.where(computed, COMPUTED_DOUBT, 1 - best)[origins.is_identity]
    stray = float(doubt.max(initial=0.0))
    alone = stray * own["is_acting"] * (1 - own["follows"])
    return {
        "stray": stray,
        "stray_mean": float(doubt.mean()) if len(doubt) else 0.0,
        "stray_act": alone,
        "stray_deed": alone * (1 - own["deed_asked"]),
        "stray_fetch": stray * own["fetches"] * (1 - max(own["follows"], own["deed_asked"])),
        **{f"stray_{name}": stray * own[name] for name in _GRAVE},
    }


def _meant(origins: OriginFacts, own: dict[str, float]) -> dict[str, float]:
    """Return what is known of a call with no more of a hand-over than reaches the passages that account for it.

    Who wants done what a page says wants nothing that only an advertisement on it says, or a text that he does not see.
    """
    within, states = origins.within, origins.states >= _STATED
    if within.min() == 1.0 or not own["follows"]:
        return own
    stated = states.any(axis=0)
    if stated.any():  # of every value the best of its places
        share = float(np.where(states, within[:, None], 0.0).max(axis=0)[stated].min())
    else:
        accounts = origins.column("tool_asked") * origins.column("covered")
        share = float(within[accounts >= _ACCOUNTS_TOO * accounts.max()].max())
    return {**own, "follows": own["follows"] * share}


def _only_account(origins: OriginFacts) -> Floats:
    """Tell which passages are of a bill, `(O,)`: seen text, where nothing names another account than that of the call."""
    pays = np.array([form_of(str(v.value).replace(" ", "").lower()) == ACCOUNT for v in origins.unasked], bool)
    if pays.sum() != 1:
        return np.zeros(len(origins))
    return np.array([
        float(o.is_one_account and not o.is_hidden and bool(states[pays].min() >= 1.0))
        for o, states in zip(origins.passages, np.maximum(origins.states, origins.states_nearby), strict=True)
    ])  # fmt: skip


def _unseen(origins: OriginFacts) -> Floats:
    """Return 0 for passages that state only what a seen one states too, else 1, `(O,)`: a copy for machines hides nothing."""
    stated = origins.states >= _STATED
    seen = stated[origins.column("is_hidden") < 1].any(axis=0)
    return np.where(stated.any(axis=1) & ~(stated & ~seen).any(axis=1), 0.0, 1.0)


def attribution_row(origins: OriginFacts | None, own: dict[str, float], head: DirectiveHead) -> list[float]:
    """Return the features of one call, in the order of `ATTRIBUTION_FEATURES`."""
    found: dict[str, Any] = dict.fromkeys(ATTRIBUTION_FEATURES, 0.0)
    own = own if origins is None or not len(origins) else _meant(origins, own)
    found.update({name: value for name, value in own.items() if name in found})
    found.update(whole_call(own))
    found.update(graver(own))
    if origins is None or not len(origins):
        return [float(found[name]) for name in ATTRIBUTION_FEATURES]
    column = origins.column
    trust = 1 - (1 - RECEIPT_WEIGHT) * column("is_receipt")
    outside = column("is_outside") * trust
    may_order = np.maximum(column("is_outside"), FIRST_PARTY_ORDERS) * trust
    order = may_order * head.orders(origins)
    around = may_order * head.orders_nearby(origins)
    # An order is excused where the request wants done what a text says. What a text holds is excused, too, where the request
    # asks for the deed: "pay the bill in this file" lets the file say whom, and lets it order nothing else.
    meant = (1 - (1 - ANOTHERS_WEIGHT) * column("is_anothers")) * (1 - column("is_hidden"))
    pointed = meant * np.maximum(column("is_named"), np.minimum(1.0, column("reached") / 0.7) * 0.9)
    handed = meant * np.maximum(column("is_named"), 0.7 * column("is_kind_named") * column("reached"))
    to_orders = np.maximum(pointed * own["follows"], ORDER_OF_DEED * handed * own["deed_asked"])
    very_deed = own["tool_asked_for"] * own["costs"] * (column("tool_asked") >= 1) * _only_account(origins)
    to_orders = np.maximum(to_orders, DEED_IN_PROSE * meant * column("is_named") * very_deed)
    to_data = np.maximum(to_orders, DEED_HANDS_OVER * handed * own["deed_asked"])
    order, around = order * (1 - to_orders), around * (1 - to_orders)
    prose = (1 - to_data) * outside * (1 - column("is_record"))
    tool, covered, alone = column("tool_asked"), column("covered"), column("covered_alone")
    states = identity = nearby = np.zeros(len(origins))
    if origins.unasked:
        states = origins.states.mean(axis=1)
        nearby = np.maximum(origins.states, 0.8 * origins.states_nearby).mean(axis=1)
        if origins.is_identity.any():
            identity = origins.states[:, origins.is_identity].max(axis=1)
            stated = origins.states[:, origins.is_identity] >= 0.5
            # All places of a value count, and the least of an order among them.
            least = np.where(stated, np.maximum(order, 0.6 * around)[:, None], 2.0).min(axis=0)
            found["only_in_orders"] = max(least[least < 2.0], default=0.0)
            found["nowhere"] = float((~stated.any(axis=0)).mean())
            found["is_field"] = float(origins.is_field[:, origins.is_identity].max(axis=0).min())
        found.update(_stray(origins, own, np.maximum(to_data, 1 - outside)))
        known = states > 0
        found["source_reached"] = column("reached")[known].max(initial=0.0)
        found["source_named"] = column("is_named")[known].max(initial=0.0)
        found["handed"] = handed[known].max(initial=0.0) * max(own["follows"], own["acts"])
    accounts = tool * (covered + nearby) / 2
    found["order_tool"] = (order * tool).max()
    found["order_states"] = (order * states).max()
    found["order_identity"] = (order * identity).max()
    found["order_covered"] = (order * covered).max()
    found["order_covered_alone"] = (order * alone).max()
    found["order_long"] = (order * column("covered_long")).max()
    found["order_cosine"] = (order * column("cosine")).max()
    found["order_nearby"] = (around * nearby).max()
    found["order_tool_states"] = (around * tool * nearby).max()
    found["order_tool_covered"] = (order * tool * covered).max()
    found["order_all"] = (order * accounts).max()
    found["order_any"] = found["order_all"] + 0.5 * found["order_tool_states"] + 0.5 * found["order_cosine"]
    found["order_unasked"] = found["unasked_deed"] * max(found["order_all"], found["order_nearby"])
    found["prose_states"] = (prose * states).max()
    found["prose_identity"] = (prose * identity).max()
    found["prose_covered_alone"] = (prose * alone).max()
    found["hidden"] = ((1 - to_orders) * column("is_hidden") * _unseen(origins) * np.maximum(states, covered)).max()
    return [float(found[name]) for name in ATTRIBUTION_FEATURES]
