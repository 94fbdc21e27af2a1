"""What a request hands over: which items it makes speak for the user, and how far.

    "Do what Bob asks for in his mail."      to mails, wholly: what stands there may decide what is done
    "Pay the bill in bill-december.txt."     to a file, for a payment: what stands there may decide whom and how much
    "Summarise the page."                    to nothing: the page is only read

Linear in the request.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from gatling.request.request import Request
from gatling.schema.words import split_words, stem

# What a request calls the texts that tools return, by kind: "the bill" is a file, "his message" stands in an inbox.
ITEM_KINDS = tuple(
    frozenset(map(stem, words.split()))
    for words in (
        "inbox email mail message thread chat dm conversation channel slack letter",
        "page webpage website site web link article blog url post form portal",
        "file document doc folder drive bill invoice statement report note minutes list todo notice letter attachment readme checklist contract quote",
        "calendar event meeting appointment schedule",
        "review rating comment feedback",
        "ticket issue case task request order job card pull runbook procedure playbook",
    )
)
_FOLLOW_VERB = (
    r"(?:do|follow|complete|perform|execute|carry out|act (?:up)?on|handle|take care of|process|work through|finish|implement|address|resolve|fulfil+|"
    r"deal with|sort out|action|apply|run|run through|go through|tackle|get done|knock out|clear|honou?r|obey|comply with|set up|make)"
)
_TASKS = (
    r"(?:instructions?|tasks?|steps?|actions?|action items?|to-?dos?|to do(?: list)?|requests?|directions?|checklist|orders?|wish(?:es)?|chores?|items?|points?|"
    r"changes?|corrections?|procedure|guide(?:lines)?|recipe|runbook|playbook|plan|agenda|asks?|things?|jobs?|errands?|list|requirements?|recommendations?|suggestions?)"
)
_FOLLOWS = re.compile(
    rf"\b{_FOLLOW_VERB}\b(?! the following\b| these\b)[^.;:!?\n]{{0,60}}?\b{_TASKS}\b"
    r"|\b(?:carry out|carry (?:it|this|that|them|these|those) out|act (?:up)?on|work through|comply with|go through with|put (?:it|this|that|them) (?:in place|into effect)|see to)\b"
    r"|\b(?:do|handle|action|arrange|execute|run|work|finish|complete|fulfil+|follow|give (?:him|her|them)) (?:it|this|that|them|these|those|so|all|both|everything|every|each|the rest)\b"
    r"|\b(?:follow|execute|fulfil+|obey|honou?r|apply) (?:the(?! following)|his|her|their|its|my|our|this|that|these|those)\b|\bevery (?:line|item|point|step)\b|\bto the (?:letter|end)\b"
    r"|\b(?:go ahead|as agreed|i agreed|agreed (?:that|this|it|with)|is fine too|are fine too|fine by me|the way (?:he|she|they|it)|yes,? please|please do|approved)\b"
    r"|\b(?:what|whatever|everything|anything|all|as|how|the way|exactly what|the thing)(?: that| which)? (?:is |are |was |were )?(?:he|she|they|it|there|\w+(?: \w+)?)? ?"
    r"(?:asks?|asked|demands?|demanded|wishe?s?|orders?|writes?|wrote|likes?|says|said|wants?|wanted|needs?|request(?:s|ed)?|specif(?:y|ies|ied)|instruct(?:s|ed)?|suggest(?:s|ed)?|"
    r"outline[sd]?|proposes?d?|recommends?|tells?|told)\b"
    r"|\bas (?:described|specified|instructed|explained|outlined|detailed|requested|asked|agreed|proposed|suggested|told)\b"
)
# To be told what a text says is no wish that it be done.
_WANTS_TO_KNOW = re.compile(
    r"\b(?:tell (?:me|us|him|her|them|\w+)|summari[sz]e|show(?: me)?|know|see|check|find(?: out)?|read|translate|explain|understand|list|give me|wondering|curious|remind me|note|log)\b[^.;!?\n]{0,20}$"
)
_REPLIES = re.compile(r"\b(?:reply|respond|answer|get back|react|write back)\b")
_PAYS = re.compile(r"\b(?:pay|settle|transfer|reimburse|refund|wire|remit|checkout|check out)\b")
_FILLS = re.compile(
    r"\b(?:fill|submit|sign up|register|enrol+|complete|apply|book|rsvp|accept|confirm|join|enter|update|sync|reconcile|import|copy|merge)\b"
)


@dataclass(frozen=True)
class HandOver:
    """What a request hands over."""

    request: Request

    @cached_property
    def follows(self) -> float:
        """How far it wants done what a text says, 0 or 1."""
        text = self.request.text
        for match in _FOLLOWS.finditer(text):
            to_know = match.group().startswith(
                ("what", "whatever", "how", "everything", "all")
            ) and _WANTS_TO_KNOW.search(text, max(0, match.start() - 40), match.start())
            if not to_know and not self.request.is_refused(match.start(), match.end()):
                return 1.0
        return 0.0

    @cached_property
    def acts(self) -> float:
        """How far it wants something done with what a text holds: reply, pay, fill in; 0 to 1."""
        text = self.request.text
        return float(bool(_REPLIES.search(text) or _PAYS.search(text) or _FILLS.search(text)))

    @cached_property
    def kinds(self) -> frozenset[int]:
        """The kinds of items that it speaks of, as positions in `ITEM_KINDS`."""
        return frozenset(i for i, kind in enumerate(ITEM_KINDS) if not kind.isdisjoint(self.request.stems))

    def speaks_of(self, words: Iterable[str]) -> bool:
        """Tell whether it speaks of an item of the kind that words (of a tool, of a record's fields) tell."""
        stems = frozenset(map(stem, words))
        return any(not ITEM_KINDS[i].isdisjoint(stems) for i in self.kinds)

    def names_item(self, values: Iterable[str]) -> float:
        """Return how far it names an item by one of its attested values: 1 to the letter, 0.8 a person by name, 0.6 by its words."""
        best = 0.0
        for value in values:
            value = value.strip()
            if len(value) < 2:
                continue
            if self.request.states(value):
                best = 1.0
            elif self._names_person(value):
                best = max(best, 0.8)
            elif best < 0.6:
                words = [w for w in split_words(value.rsplit("/", 1)[-1]) if len(w) > 2 and not w.isdigit()]
                if words and self.request.share(words) >= 0.6:
                    best = 0.6
        return best

    def _names_person(self, value: str) -> bool:
        """Tell whether the request names a person: by an address, or by a name as mails show it, `Ann Lee <ann.lee@acme.com>`."""
        shown, _, address = value.partition("<")
        if "@" in value and self.request.names((address or shown).rstrip("> ").strip()):
            return True
        words = [w for w in split_words(shown.partition("@")[0]) if w.isalpha()]
        return 0 < len(words) <= 4 and self.request.calls_by_name(".".join(words))
