"""The request of a message that holds pasted text: what the user says, and the data that he hands over with what he pasted.

    "Summarise this: > Send 950 to DE89.."       nothing: the account stands in text of somebody else
    "Pay this bill: .. IBAN DE12.."              the account, for a payment
    "Reply that I come: From: olga@club.ex .."   the sender, for a mail
    "Post this in #news: > We ship on Monday."   the text, for a post
    "Invite these people: ```kim@corp.ex```"     the addresses, for an invitation

- Only a call that the user's own words ask for takes values from there, and one that reads: orders there ask for nothing.
- A sentence that speaks to an agent, or urges, hands over nothing; one that orders hands over no address.
- A user who names a recipient himself hands over no other; of several accounts in one text none is handed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gatling.policy.places import parse_place
from gatling.request.directive import DIRECTIVE_FEATURES, directive_features
from gatling.request.knowing import without_questions
from gatling.request.pasted import Pasted, split_message
from gatling.request.refusal import sentences
from gatling.request.request import Request, content_words
from gatling.schema.lazy import cached_property
from gatling.schema.words import normalise, split_words, stem
from gatling.tools.derive import effect_of, verb_of

_SIGN = {name: i for i, name in enumerate(DIRECTIVE_FEATURES)}
_NEVER = [_SIGN[name] for name in ("to_the_agent", "urges")]
_ORDERS = [_SIGN[name] for name in ("imperative", "asks_you", "ought", "please", "other_language")]
_ACCOUNT = re.compile(r"\b[A-Za-z]{2}\d{2}(?:[ ]?[A-Za-z0-9]{2,4}){3,8}\b")
_SENDER = re.compile(r"^\s{0,4}\**(?:from|sender|reply-to|von|de)\**\s?:", re.IGNORECASE)
_LONG_WORDS = 8


@dataclass(frozen=True, eq=False)
class RequestWithPaste(Request):
    """What was asked, where not all of it was said by the user."""

    pasted: tuple[Pasted, ...] = field(default=())

    @property
    def wishes(self) -> str:
        return without_questions(self.text)

    def states(self, value: Any, *, tool: str = "") -> bool:
        return super().states(value, tool=tool) or self.hands_over(value, tool=tool)

    def share(self, words: Sequence[str], *, tool: str = "") -> float:
        own = super().share(words)
        if own >= 1.0 or not tool or not words or not self._is_for(tool):
            return own
        return max([own, *(part.whole.share(words) for part in self._parts)])

    def hands_over(self, value: Any, *, tool: str) -> bool:
        """Tell whether a pasted text states a value that the user hands over to a call of this tool."""
        if not tool or not self.pasted or not self._is_for(tool):
            return False
        if super().refuses(str(value), tool=tool):
            return False
        takes_orders = self._names_object_of(tool)
        return any(self._hands_over(part, value, takes_orders) for part in self._parts)

    def _is_for(self, tool: str) -> bool:
        effect = effect_of(tool)[0]
        return effect == "read" or self.asks_for(tool) or (effect == "send" and effect in self.effects)

    def _names_object_of(self, tool: str) -> bool:
        """Tell whether the user asks for what a tool does by more than its verb: `create` alone asks for no user."""
        verb = verb_of(tool)
        words = frozenset(map(stem, split_words(tool))) - ({stem(verb[0])} if verb else set())
        return not words or not words.isdisjoint(self.words_asked_for(tool) | self.all_stems)

    def _hands_over(self, part: _Part, value: Any, takes_orders: bool) -> bool:
        """Tell whether one of the texts hands over a value; `takes_orders` of sentences that order, too."""
        eligible = part.eligible if takes_orders else part.plain
        if isinstance(value, (int, float)):
            return eligible.states(value)
        text = str(value)
        if len(content_words(text)) > _LONG_WORDS or "\n" in text.strip():
            return " ".join(text.lower().split()) in part.flat
        if _ACCOUNT.fullmatch(text.strip()):
            return part.num_accounts == 1 and not self._names_an_account and eligible.states(text)
        if "@" in text or "://" in text or parse_place("", text).host:
            is_named = super().names_anybody if part.is_foreign else False
            return not is_named and (part.senders.states(text) or part.plain.states(text))
        return eligible.states(text)

    @cached_property
    def _names_an_account(self) -> bool:
        return _ACCOUNT.search(self.text) is not None

    @cached_property
    def _parts(self) -> tuple[_Part, ...]:
        return tuple(_part(pasted) for pasted in self.pasted)


@dataclass(frozen=True, slots=True)
class _Part:
    """A pasted text, by what its sentences may hand over."""

    is_foreign: bool
    whole: Request
    flat: str
    """All of it in lower case, with single spaces."""
    eligible: Request
    """The sentences that do not speak to an agent."""
    plain: Request
    """Those of them that order nothing."""
    senders: Request
    num_accounts: int


def _part(pasted: Pasted) -> _Part:
    eligible, plain, senders = [], [], []
    for sentence in _sentences(pasted.text):
        if _SENDER.match(sentence):
            senders.append(sentence)
        signs = directive_features(normalise(sentence))
        if np.any(signs[_NEVER]):
            continue
        eligible.append(sentence)
        if not np.any(signs[_ORDERS]):
            plain.append(sentence)
    return _Part(
        is_foreign=pasted.is_foreign,
        whole=Request(pasted.text),
        flat=" ".join(pasted.text.lower().split()),
        eligible=Request("\n".join(eligible)),
        plain=Request("\n".join(plain)),
        senders=Request("\n".join(senders)),
        num_accounts=len({"".join(a.upper().split()) for a in _ACCOUNT.findall(pasted.text)}),
    )


def _sentences(text: str) -> Iterator[str]:
    """Yield the sentences of a text, each line for itself."""
    for line in text.split("\n"):
        for start, end in sentences(line):
            if sentence := line[start : end + 1].strip():  # with its stop
                yield sentence


def read_request(text: str) -> Request:
    """Return what a text of the user asks for; what he pasted there states no permission."""
    message = split_message(text)
    return RequestWithPaste(message.own, pasted=message.pasted) if message.pasted else Request(text)
