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
from functools import cache

from gatling.request.request import Request
from gatling.schema.budget import checked
from gatling.schema.lazy import cached_property
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
    r"deal with|sort out|action(?! items?)|apply|run|run through|go through|tackle|get done|knock out|clear|honou?r|obey|comply with|set up|see to|attend to|"
    r"tick off|work off|take on|take over|react to|respond to|make the|make all)"
)
# What stands for all that a text asks for, where somebody wants it dealt with.
_ITEMS = (
    r"(?:e-?mails?|mails?|messages?|letters?|memos?|notes?|tickets?|issues?|requests?|comments?|reviews?|homework|reminders?|notices?|posts?|pages?|"
    r"documents?|files?|papers?|sheets?|forms?|list|inbox|it|this|that|them|these|those|everything|the rest|[\w./~-]+\.\w{2,5})"
)
_CARE = r"(?:take care of|deal with|handle|see to|attend to|sort (?:it |this |that )?out|address|work off|tick off|look after|work through|act (?:up)?on|action|follow up on)"
_TASKS = (
    r"(?:instructions?|tasks?|steps?|actions?|action items?|to-?dos?|to do(?: list)?|requests?|directions?|checklist|orders?|wish(?:es)?|chores?|items?|points?|"
    r"changes?|corrections?|procedure|guide(?:lines)?|recipe|runbook|playbook|plan|agenda|asks?|things?|jobs?|errands?|list|requirements?|recommendations?|suggestions?)"
)
_TOLD_BY = (
    r"(?:asks?|asked|demands?|demanded|wishe?s?|orders?|writes?|wrote|likes?|says|said|wants?|wanted|needs?|request(?:s|ed)?|specif(?:y|ies|ied)|"
    r"instruct(?:s|ed)?|suggest(?:s|ed)?|outline[sd]?|proposes?d?|recommends?|tells?|told|describes?|explains?|lists?|noted)"
)
_DO = r"\b(?:do|follow|perform|execute|arrange|fulfil+|obey)"
_NEEDED = r"(?:needed|required|necessary|due)"
_FOLLOWS = "|".join(
    (
        # "deal with Ann's mail", "complete the tasks", "set it up as the page says"
        rf"\b{_CARE}\b[^.;:!?\n]{{0,40}}?(?<![\w/]){_ITEMS}(?![\w/])",
        rf"\b{_FOLLOW_VERB}\b(?! the following\b| these\b)[^.;:!?\n]{{0,60}}?\b{_TASKS}\b",
        r"\b(?:carry out|carry (?:it|this|that|them|these|those) out|act (?:up)?on|work through|comply with|go through with|see to)\b",
        r"\bput (?:it|this|that|them) (?:in place|into effect)\b|\binto practi[cs]e\b",
        r"\b(?:do|handle|action|arrange|execute|run|work|finish|complete|fulfil+|follow|give (?:him|her|them)) "
        r"(?:it|this|that|them|these|those|so|all|both|everything|every|each|the rest)\b",
        r"\b(?:follow|execute|fulfil+|obey|honou?r|apply) (?:the(?! following)|his|her|their|its|my|our|this|that|these|those)\b",
        r"\bevery (?:line|item|point|step)\b|\bto the (?:letter|end)\b",
        r"\b(?:get|do|buy|tick)\b[^.;:!?\n]{0,30}\bon (?:the|my|our|his|her|their|this) (?:\w+ ){0,2}(?:list|board|plan)\b",
        # "take the necessary steps", "whatever is needed", "there is something to do"
        rf"\b(?:steps|action) (?:that (?:are|is) )?{_NEEDED}\b|\b{_NEEDED} (?:steps?|actions?|things?|measures)\b",
        rf"\b(?:what|whatever|all(?: that)?|everything)(?:'s| is|) (?:{_NEEDED}|noted|open|to (?:be )?do(?:ne)?)\b|\bthe needful\b",
        r"\bthere (?:is|are|'s)(?: \w+){0,2} (?:to do|to be done|tasks?|jobs?|errands?|things? to do)\b",
        r"\b(?:your|the) (?:orders|instructions|tasks|errands|directions|assignment) (?:are|is|stand|can be found) (?:in|on|at|there|below)\b",
        r"\byou(?:'ll| will| can)? (?:find|have|get) (?:your|the) (?:orders|instructions|tasks|jobs?|errands|directions)\b",
        # "as if I had said it", "let Ann guide you", "do Ben's bidding", "help Aisha with the protocol"
        r"\bas (?:if|though) (?:i|we) (?:had |would have )?(?:said|written|wrote|asked|told)\b|\b(?:my|our) own (?:words?|wish(?:es)?)\b",
        r"\blet (?:\w+|\w+'s \w+) (?:guide|lead|instruct|direct|tell) you\b",
        r"\b(?:act|react|proceed|respond|go on|continue|do)(?: \w+)? accordingly\b|\b(?:with|by) deeds\b|\bregister me that way\b",
        r"\bdo(?: \w+)?(?:'s)? (?:(?:the|a|this|that) )?(?:favou?rs?|bidding)\b",
        r"\b(?:help|assist) (?!me\b|us\b|to\b)\w+(?: \w+)? with (?:the|his|her|their|this|that|it)\b",
        # "enter it as in his mail", "set it like in the sheet"
        rf"\b(?:as|like|just as|exactly as) (?:(?:it|they) (?:is|are|stands?) )?(?:in|on) (?:the|his|her|their|this|that|[A-Z]?\w+'s) (?:\w+ ){{0,2}}?{_ITEMS}(?![\w/])",
        # a confirmation
        r"\b(?:go ahead|as agreed|i agreed|agreed (?:that|this|it|with)|is fine too|are fine too|fine by me|the way (?:he|she|they|it)|"
        r"yes,? please|please do|approved)\b",
        # "what he wants", "as the page says"
        r"\b(?:what(?! does\b| do\b| did\b)|whatever|everything|anything|all|as|how|the way|exactly what|the thing)(?: that| which)? "
        rf"(?:is |are |was |were )?(?:he|she|they|it|there|\w+(?: \w+)?|[\w.+-]+@[\w.-]+|[\w./~-]+\.\w{{2,5}})? ?\b{_TOLD_BY}\b",
        rf"\bas (?:the|his|her|their|its) (?:\w+ ){{0,2}}?\w+ {_TOLD_BY}\b",
        # "do what the brief by Ann Lee asks for", "do as 'report.html' says", "give Ann what her brief asks for"
        rf"{_DO} (?:exactly |just )?(?:what|whatever|as|everything|all that) [^;!?\n]{{1,60}}?\b{_TOLD_BY}\b",
        rf"\bgive (?!me\b|us\b)\w+ (?:what|whatever|everything) [^;!?\n]{{1,60}}?\b{_TOLD_BY}\b",
        # "do what's in the trace", "do what stands on the slip"
        rf"{_DO} (?:exactly |just )?(?:what|whatever|everything|all)(?: that)?(?:'s| is| was| stands?)(?: \w+)? (?:in|on|at|under) ",
        # the same in other languages
        r"\b(?:mach|mache|tu|tue|erledige?|bearbeite|führe?)\b[^;!?\n]{0,40}?(?:, )?(?:was|wie)\b[^;!?\n]{1,60}?\b(?:steht|stehen|schreibt|sagt|will|möchte|"
        r"verlangt|geschrieben hat|draufgeschrieben hat|gesagt hat|möchten|wünscht)\b",
        r"\bwie (?:im|in (?:der|dem|ihrer|seiner|ihrem|seinem)|auf (?:dem|der)) (?:\w+ )?(?:auftrag|mail|brief|nachricht|zettel|liste|dokument|notiz|ticket)\b",
        r"\bfai(?:s|tes) (?:tout )?ce que? [^;!?\n]{1,60}?\b(?:dit|demande|veut|écrit|indique)\b|\b(?:haz|haga) (?:todo )?lo que [^;!?\n]{1,60}?\b(?:dice|pide|quiere|indica)\b|"
        r"\bfai (?:tutto )?(?:quello|quel|ciò) che [^;!?\n]{1,60}?\b(?:dice|chiede|vuole|indica)\b",
        r"\bas (?:described|specified|instructed|explained|outlined|detailed|requested|asked|agreed|proposed|suggested|told)\b",
    )
)


@cache
def _follows() -> re.Pattern[str]:
    """Return the pattern of what hands over; it takes long to make, and a policy is read without it."""
    return re.compile(_FOLLOWS)


# To be told what a text says is no wish that it be done.
_WANTS_TO_KNOW = re.compile(
    r"\b(?:tell (?:me|us|him|her|them|\w+)|summari[sz]e|show(?: me)?|know|see|check|find(?: out)?|read|translate|explain|understand|list|give me|wondering|curious|remind me|note|log|write down|jot down|save|record|count|compare|print|draft)\b[^.;!?\n]{0,20}$"
)
# "What do all of them say?", "why do what he wants?": a question hands nothing over.
_QUESTION = re.compile(r"\b(?:what|which|how|why|where|when|who)(?: (?:do|does|did))? $")
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
        english = self._in_english
        return max(self._follows, english._follows) if english is not None else self._follows

    @cached_property
    def _in_english(self) -> HandOver | None:
        """What it hands over as it reads in English; None for a request in no other language."""
        english = self.request.english
        return None if english is self.request else HandOver(english)

    @cached_property
    def _follows(self) -> float:
        text = self.request.wishes
        for match in checked(_follows().finditer(text)):
            to_know = match.group().startswith(
                ("what", "whatever", "how", "everything", "all")
            ) and _WANTS_TO_KNOW.search(text, max(0, match.start() - 40), match.start())
            is_question = _QUESTION.search(text, max(0, match.start() - 20), match.start())
            if not to_know and not is_question and not self.request.is_refused(match.start(), match.end()):
                return 1.0
        return 0.0

    @cached_property
    def acts(self) -> float:
        """How far it wants something done with what a text holds: reply, pay, fill in; 0 to 1."""
        texts = {self.request.text, self.request.english.text}
        return float(any(_REPLIES.search(t) or _PAYS.search(t) or _FILLS.search(t) for t in texts))

    @cached_property
    def kinds(self) -> frozenset[int]:
        """The kinds of items that it speaks of, as positions in `ITEM_KINDS`."""
        return frozenset(i for i, kind in enumerate(ITEM_KINDS) if not kind.isdisjoint(self.request.all_stems))

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
