"""A "Yes, please." of the user after the model has said what it would do: the call that was stated counts as asked.

    model: I will send 50 USD to ann@example.com. Is that all right?
    user:  Yes, please.
    call:  send_money(to="ann@example.com", amount=50)

- What is agreed to is the offer alone: the question that ends the message, the statement of what the model would do, and the list
  in between. What else stands in the message, such as a mail that it quotes, is not.
- It counts for one call whose every value stands in the offer, or in what the user has said, and whose deed the offer names.
- A yes is one that says nothing else. A question with "or" has no yes.
- It is the word of a user: what a policy denies, or leaves to somebody else, stays so.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from gatling.energy import Code, Finding
from gatling.guard.approval import Approval
from gatling.guard.decision import Decision
from gatling.provenance.events import Event, Said
from gatling.request.request import Request
from gatling.schema import PlanNode
from gatling.schema.arguments import leaves

AGREED = "conversation"
"""The id of the word of a user who has said yes in the conversation."""
MAX_OFFER_CHARS = 1_000
MAX_WAITING = 8
"""Offers that were agreed to and not used; the latest count."""
ASKABLE = frozenset(
    (Code.NOT_ASKED, Code.ORDERED_BY_CONTENT, Code.UNTRUSTED_VALUE, Code.LEAK, Code.TOO_WIDE, Code.UNUSUAL)
)
"""Reasons that fall away when the user asks for the call."""

_SENTENCE = re.compile(r"(?<=[.!?])[ \t]+")
_OFFER = re.compile(
    r"\b(?:shall i|should i|do you want me to|would you like me to|may i|can i|could i|i will|i'll|i would|i'd like to|i'd|"
    r"i am going to|i'm going to|i am about to|i'm about to|i can|i plan to|i propose to)\b"
)
_ASKS = re.compile(r"\b(?:ok|okay|all right|alright|fine|correct|right|confirm|proceed|go ahead|approve|agree)\b")
_ITEM = re.compile(
    r"\s*(?:[-*\u2022]|\d{1,2}[.)]|\**\w{1,20}(?: \w{1,20})?(?<!says)(?<!said)(?<!reads)(?<!states)\**\s?:)\s*\S"
)
_YES = re.compile(
    r"\W*(?:yes|yep|yeah|yup|sure|ok|okay|please do|go ahead|do it|do that|do so|proceed|confirmed|i confirm|approved|of course|"
    r"absolutely|sounds good|that is fine|that's fine|that is right|that's right|correct|ja|oui|s\u00ed|si)"
    r"(?:\W+(?:yes|please|do|it|that|so|go ahead|proceed|thanks|thank you|bitte|confirmed|send it|do it))*\W*"
)
_MAX_YES_CHARS = 60


def is_yes(text: str) -> bool:
    """Tell whether a text says yes and nothing else."""
    return len(text) <= _MAX_YES_CHARS and _YES.fullmatch(text.lower().replace("\u2019", "'")) is not None


def offer_of(text: str) -> str:
    """Return what a message of the model offers to do; empty if it does not end with such a question."""
    lines = text[-4 * MAX_OFFER_CHARS :].strip().splitlines()
    pieces = [  # sentences, and whether each is a line of its own
        (piece, len(sentences) == 1)
        for sentences in (_SENTENCE.split(line.strip()) for line in lines)
        for piece in sentences
        if piece
    ]
    if not pieces:
        return ""
    question = _folded(pieces[-1][0])
    if not question.rstrip("\"') *").endswith("?") or re.search(r"\bor\b", question):
        return ""
    if not (_OFFER.search(question) or _ASKS.search(question)):
        return ""
    offer = [pieces[-1][0]]
    for piece, is_line in reversed(pieces[:-1]):
        folded = _folded(piece)
        if _OFFER.search(folded) and not folded.endswith("?"):
            offer.append(piece)
            break
        if not (is_line and _ITEM.match(piece)):
            break
        offer.append(piece)
    joined = "\n".join(reversed(offer))
    return joined if len(joined) <= MAX_OFFER_CHARS else ""


class Agreement:
    """What the model has offered and the user has agreed to."""

    def __init__(self) -> None:
        self._offer = ""
        self._agreed: list[str] = []

    def model_said(self, text: str) -> None:
        if text.strip():
            self._offer = offer_of(text)

    @staticmethod
    def without_yes(found: Sequence[Event]) -> list[Event]:
        """Return what a message holds without a mere yes: it answers an offer, and is no request."""
        return [e for e in found if not (isinstance(e, Said) and e.is_user and is_yes(e.text))]

    def settled(
        self, node: PlanNode, decision: Decision, said: str, again: Callable[[str], Decision]
    ) -> tuple[Decision, str]:
        """Return the decision on a call where the user has said yes to it, and the offer that counted; else the decision, and
        an empty text.

        Args:
            said: what the user has said.
            again: judges the call as one that an offer asks for, too.
        """
        offer = "" if decision.verdict == "allow" else self.of(node.tool_name, node.arguments, said)
        if not offer:
            return decision, ""
        asked = again(offer)
        is_left_to_the_user = asked.verdict == "escalate" and is_for_the_user_to_say(asked.reasons)
        if asked.verdict != "allow" and not is_left_to_the_user:
            return decision, ""
        now = time.time()
        word = Approval(AGREED, "the user", now, now)
        return replace(asked, verdict="allow", approval=word), offer

    def user_said(self, texts: list[str]) -> None:
        """Take a message of the user, if it is one. It answers the latest offer, and whatever it says, that is answered."""
        if not texts:
            return
        if self._offer and len(texts) == 1 and is_yes(texts[0]):
            self._agreed = [*self._agreed, self._offer][-MAX_WAITING:]
        self._offer = ""

    def of(self, tool_name: str, arguments: dict[str, Any], said: str) -> str:
        """Return the offer that states a call; empty if none does.

        Args:
            said: what the user has said, as values that stand there need not be repeated.
        """
        for offer in reversed(self._agreed):
            request = Request(offer)
            if request.asks_for(tool_name) and _states_all(request, Request(said), tool_name, arguments):
                return offer
        return ""

    def use(self, offer: str) -> None:
        """Use up an offer: it counted for one call."""
        self._agreed.remove(offer)


def is_for_the_user_to_say(reasons: tuple[Finding, ...]) -> bool:
    """Tell whether all that is wrong is that nobody asked."""
    return bool(reasons) and all(reason.code in ASKABLE for reason in reasons)


def _states_all(offer: Request, said: Request, tool_name: str, arguments: dict[str, Any]) -> bool:
    for _, value in leaves(arguments):
        if value is None or isinstance(value, bool) or value == "":
            continue
        if not (offer.states(value, tool=tool_name) or said.states(value, tool=tool_name)):
            return False
    return True


def _folded(text: str) -> str:
    return text.lower().replace("\u2019", "'")
