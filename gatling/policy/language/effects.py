"""Effects as people write them into cells, values and short lines: `may (<= 300)`, `after sign-off`, a cross, `hands off`.

What is taken out of a text is gone; what is left over qualifies the effect, and who asks must read it too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gatling.policy.language.keys import ALLOW, ASK, DENY

_MARKS = {
    "\u2705": " yes ", "\u2713": " yes ", "\u2714": " yes ", "\u2611": " yes ", "\U0001f7e2": " yes ", "\U0001f44d": " yes ",
    "\u274c": " no ", "\u2717": " no ", "\u2718": " no ", "\u2716": " no ", "\U0001f534": " no ", "\u26d4": " no ",
    "\U0001f6ab": " no ", "\U0001f6d1": " no ", "\U0001f44e": " no ",
    "\u26a0": " ask ", "\U0001f7e1": " ask ", "\U0001f7e0": " ask ", "\u2753": " ask ", "\u270b": " ask ",
}  # fmt: skip
_MARK = re.compile("[" + "".join(_MARKS) + "]\ufe0f?")
_CONSENT = (
    r"(?:approval|approvals|sign[- ]?off|confirmation|consent|permission|review|authori[sz]ation|go[- ]ahead|release|okay|ok|four eyes|"
    r"countersignature|clearance)"
)
_WHOSE = (
    r"(?:(?:the|a|an|any|prior|explicit|written|human|further|another|second|dual|two|"
    r"[\w-]+(?:'s|\u2019s)?)\s+){0,4}?"
)
_FREE = (
    rf"(?:without|no|w/o)\s+(?:any\s+|prior\s+|further\s+)*{_CONSENT}(?:\s+(?:is\s+)?(?:needed|required|necessary))?"
)
_ASKS = (
    rf"(?:only\s+|but\s+)?(?:needs?|requires?|require|wants?|with|after|upon|once|subject\s+to|given|on|needing|requiring|pending|awaits?|"
    rf"against)\s+{_WHOSE}{_CONSENT}(?:\s+(?:of|by|from)\s+[\w' -]+)?",
    rf"{_CONSENT}\s+(?:of|by|from)\s+[\w' -]+?(?:\s+(?:is\s+)?(?:needed|required|necessary))?$",
    rf"{_CONSENT}(?:\s+(?:is\s+)?(?:needed|required|necessary))",
    r"(?:must|has to|have to|needs? to|to)\s+be\s+(?:approved|confirmed|signed off|authori[sz]ed|cleared|released|reviewed)(?:\s+(?:first|before\w*))?"
    r"(?:\s+by\s+[\w' -]+)?",
    r"(?:always\s+)?(?:ask|check with|asks|asked)(?:\s+(?!(?:if|when|unless|over|above|below|not|never|no|and|or|but|up)\b)[\w'-]+){0,4}",
    r"human[ _-]in[ _-]the[ _-]loop|hitl|four[ -]eyes|escalate[sd]?|approv(?:e|al|als|ed|es)|confirm(?:ation|ed|s)?|signs?[- ]?off|consent|review(?:ed)?|"
    r"(?:is|are|remains?)\s+(?:reserved\s+(?:to|for)|decided\s+by)\s+[\w' -]+|(?:the\s+)?[\w'-]+(?:\s+[\w'-]+){0,2}\s+decides?",
    r"amber|yellow|orange|caution|hold|held|pending|supervised",
)
_DENIES = (
    r"(?:must|may|can|shall|should|will|do|does|is|are|was|not)\s*(?:not|n't|never)(?:\s+(?:be\s+)?(?:allowed|permitted|possible|available|ok|okay|"
    r"granted|used|done|authori[sz]ed))?|cannot|can't|mustn't|don't|doesn't|not\s+(?:allowed|permitted|granted|authori[sz]ed|available|ok)|"
    r"hands\s+off|off[- ]limits|no[- ]go|out\s+of\s+bounds|under\s+no\s+circumstances|in\s+no\s+case",
    r"never|no|not|none|n|den(?:y|ied|ies)|block(?:ed|s)?|forbid(?:den|s)?|prohibit(?:ed|s)?|refuse[sd]?|reject(?:ed|s)?|drop|off|disabled?|"
    r"disallow(?:ed|s)?|exclude[sd]?|revoked?|banned|ban|barred|red|stop|nobody|withheld|locked|false|unauthori[sz]ed|impermissible|declined?",
)
_ALLOWS = (
    r"(?:is|are)\s+(?:allowed|permitted|fine|ok|okay|free|authori[sz]ed)(?:\s+to)?|acts?\s+alone|on\s+its\s+own|by\s+itself|"
    r"(?:may|can)(?:\s+(?:do|be\s+done|be\s+used))?",
    r"allow(?:ed|s)?|permit(?:ted|s)?|yes|y|ok|okay|auto|automatic(?:ally)?|autonomous(?:ly)?|free(?:ly)?|grant(?:ed|s)?|enabled?|on|green|go(?:es)? ahead|do it|fine|"
    r"accept(?:ed|s)?|authori[sz]ed|always|true|full|unrestricted|alone|x",
)


_UNSURE = re.compile(
    r"[?]|(?<!\w)!\s*\w|\b(?:formerly|previously|was|were|used to|soon|later|maybe|perhaps|sometimes|partly|partially|tbd|todo|planned|"
    r"proposed|draft|to be (?:allowed|permitted|decided)|not yet|no longer)\b",
    re.IGNORECASE,
)
"""What was so, will be so, or is not sure."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What a short text says of a call, and what else it says."""

    effect: str
    """allow, deny or ask; empty if none, or more than one."""
    rest: str


def marked(text: str) -> str:
    """Return a text with the words that signs in it stand for."""
    return _MARK.sub(lambda m: _MARKS[m.group()[0]], text)


def effect_in(text: str) -> Effect:
    """Take the effect out of a short text."""
    left = marked(text.strip())
    left = re.sub(r"[_]", " ", left)
    if _UNSURE.search(left):
        return Effect("", text)
    if left.strip() in ("-", "\u2013", "\u2014"):
        return Effect(DENY, "")
    said: set[str] = set()
    for effect, expressions in ((ALLOW, (_FREE,)), (ASK, _ASKS), (DENY, _DENIES), (ALLOW, _ALLOWS)):
        for expression in expressions:
            left, count = re.subn(rf"(?<![\w-])(?:{expression})(?![\w-])", " ; ", left, flags=re.IGNORECASE)
            if count:
                said.add(effect)
    rest = " ".join(
        re.sub(r"[;:.()\u2013\u2014-]+(?=\s|$)|(?:^|(?<=\s))[;:.()\u2013\u2014-]+", " ", left).split()
    ).strip(" ,")
    if said == {ALLOW, ASK}:
        said = {ASK}
    return Effect(said.pop() if len(said) == 1 else "", rest if len(said) == 0 else text)
