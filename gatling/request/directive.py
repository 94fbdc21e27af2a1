"""Is a text an order? Signs by which a sentence asks its reader to act, as numbers for the learned head.

Whoever writes a text chooses all of these, so they say nothing about trust: they say whether anybody is asked for anything. A
statement of fact ("The invoice total is 120.50") has none of them; most texts that make an agent act have several.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from gatling.request.deeds import ASKING_VERBS
from gatling.request.languages import in_english
from gatling.schema.addresses import addresses
from gatling.schema.lru import remembered
from gatling.schema.words import normalise

DIRECTIVE_FEATURES = (
    "imperative", "imperative_first", "imperatives", "please", "second_person", "asks_you", "wants", "ought", "to_the_agent", "urges",
    "names_a_place", "question", "told", "first_person", "other_language", "length", "short", "labelled", "conditional", "quoted",
)  # fmt: skip

ORDER_SIGNS = {
    "imperative": 1, "imperative_first": 1, "imperatives": 1, "please": 1, "second_person": 0, "asks_you": 1, "wants": 1, "ought": 1,
    "to_the_agent": 1, "urges": 1, "names_a_place": 1, "question": 0, "told": -1, "first_person": 0, "other_language": 1, "length": 0,
    "short": 0, "labelled": 1, "conditional": 0, "quoted": 0,
}  # fmt: skip
"""Whether a sign can only make a text more of an order (1), only less (-1), or either (0)."""

_MORE_VERBS = (
    "visit click go open navigate head check read look see call contact reach follow subscribe join use try enter type paste tick sign log "
    "login install uninstall clone fork push pull commit star unstar tag label bump deploy rerun disable enable switch turn unlock lock "
    "grant revoke give let allow permit waive credit charge bill invoice discount increase decrease raise lower double halve extend "
    "escalate assign reassign route redirect reroute deliver ship dispatch return replace swap exchange substitute omit skip ignore "
    "disregard forget remember ensure make keep leave put place take bring get fetch find search list show print output include "
    "attach append prepend insert fill complete perform execute carry do act respond reply answer tell inform notify alert warn ask "
    "request require confirm verify approve accept reject decline cancel postpone move rename copy duplicate archive export import "
    "upload download back record note mark flag set reset change update modify edit adjust correct fix remove delete drop erase wipe "
    "purge clear empty block unblock ban mute hide publish post share tweet announce broadcast forward relay pass cc bcc mail email "
    "message text dm ping send transfer wire pay remit settle refund reimburse donate tip buy purchase order book reserve rent hire "
    "schedule reschedule plan arrange invite add create write draft start stop begin end run launch restart reboot schedule submit "
    "register apply enroll withdraw deposit convert sell trade issue void close reopen merge assign prescribe dispense administer "
    "feed water print scan sync rotate provision scale terminate evict migrate"
)
_VERBS = frozenset(_MORE_VERBS.split()) | ASKING_VERBS
_CLAUSE = re.compile(r"[.;:!?\u2014\n]\s*|,\s+|\s-+\s+|\(\s*|\b(?:and|then|also|or|but)\s+")
_LEADING = re.compile(
    r"^(?:[\W\d_]+|(?:please|kindly|pls|plz|now|then|also|next|first|second|third|finally|lastly|just|simply|always|never|do not|don't|go ahead and|"
    r"(?:you|we|it|i) (?:must|should|need to|have to|has to|can|could|may|will|shall|ought to)(?: also| now| always)?|(?:can|could|would|will) you(?: please)?|"
    r"make sure (?:to|that you|you)?|be sure to|remember to|don't forget to|feel free to|"
    r"(?:i|we) (?:need|want|would like|'d like|ask|require|expect) (?:you|the assistant|the agent) to|"
    r"(?:the |any |dear )?(?:assistant|agent|ai|bot|copilot|system|helper)s?(?: (?:should|must|needs? to|has to|is to|please|will))?|"
    r"step|todo|to do|to-do|task|action|action item|note|nb|ps|p\.s|fyi|important|urgent|attention|update|correction|reminder|system|admin|"
    r"once (?:that is )?done|after that|afterwards|in addition|additionally|instead|therefore|so)\b[\s:,;.!\-]*)+"
)
_AGENT = re.compile(
    r"\b(?:assistants?|ai|agents?|bots?|llm|language model|copilot|chatbot|automation|automated (?:system|reader|process\w*)|system (?:note|message|notice)|tool(?:s|ing)? (?:note|user))\b"
)
_URGES = re.compile(
    r"\b(?:urgent(?:ly)?|immediate(?:ly)?|asap|at once|right away|without delay|first|before (?:you|continuing|anything|proceeding|answering|that)|instead|ignore|disregard|"
    r"override|overrides|supersedes?|replaces?|important|attention|correction|corrected|no longer|from now on|mandatory|compulsory|as well|in addition|required?|as of (?:today|now)|"
    r"on behalf|authori[sz]ed|pre-?approved|already agreed|new (?:procedure|policy|account|address|number))\b"
)
_WANTS = re.compile(
    r"\b(?:i|we)(?:'d| would)? (?:also |now |still |suddenly |really )*(?:need|want|like|love|require|expect|ask|request|insist|appreciate)\b|\bplease (?:note|find)\b|\blooking (?:for|to)\b"
)
_OUGHT = re.compile(
    r"\b(?:must|shall|should|needs? to|has to|have to|ought to|(?:is|are) to (?:be )?\w+|to be (?:sent|paid|moved|changed|deleted|added|set|shared|forwarded)|required to|supposed to)\b"
)
_ASKS_YOU = re.compile(
    r"\b(?:you (?:must|should|need|have to|can|could|may|will|are (?:to|asked|required|requested|expected))|(?:can|could|would|will) (?:you|someone|somebody|anyone))\b"
)
_TOLD = re.compile(r"\b(?:was|were|had|did|has been|have been|been|went|came|said|sent|made|got|[a-z]{3,}ed)\b")
_QUOTED = re.compile(r"^\s*(?:>|on .{5,80} wrote:|-----|from: )", re.IGNORECASE)
_LABELLED = re.compile(
    r"^[\W_]*(?:note|todo|to-do|action|instruction|instructions|task|system|admin|important|update|correction|notice|ps|p\.s|attention|reminder|nb|fyi)\b[^.]{0,40}[:\-\u2014]",
    re.IGNORECASE,
)
_CONDITIONAL = re.compile(r"^\W*(?:if|when|whenever|once|as soon as|unless|in case|after|before|every time|while)\b")
_MAX_CHARS = 2_000


@remembered(16_384, max_chars=1_000)
def directive_features(text: str) -> NDArray[np.float64]:
    """Return the signs of an order in a text, `(len(DIRECTIVE_FEATURES),)`; beyond 2,000 characters it is not looked at."""
    plain = normalise(text[:_MAX_CHARS])
    said = in_english(plain)
    plain = (said.text if said else plain).lower().replace("\u2019", "'")
    clauses = [c for c in _CLAUSE.split(plain) if c and c.strip()]
    first = [_first_word(c) in _VERBS for c in clauses]
    words = plain.split()
    return np.array(
        [
            float(any(first)),
            float(bool(first) and first[0]),
            min(sum(first), 4),
            float("please" in plain or "kindly" in plain),
            float(bool(re.search(r"\byou(?:r|rs)?\b", plain))),
            float(bool(_ASKS_YOU.search(plain))),
            float(bool(_WANTS.search(plain))),
            float(bool(_OUGHT.search(plain))),
            float(bool(_AGENT.search(plain))),
            min(len(_URGES.findall(plain)), 3),
            float(any(True for _ in addresses(plain))),
            float(plain.rstrip().endswith("?")),
            min(len(_TOLD.findall(plain)), 4),
            float(bool(re.search(r"\b(?:i|we|my|our|us|me)\b", plain))),
            min(said.num_orders, 3) if said else 0,
            np.log1p(len(words)),
            float(len(words) < 4),
            float(bool(_LABELLED.search(plain))),
            float(bool(_CONDITIONAL.search(plain))),
            float(bool(_QUOTED.search(text))),
        ]
    )


def _first_word(clause: str) -> str:
    match = re.match(r"[^\W\d_]+", _LEADING.sub("", clause[:200].strip()))
    return match.group() if match else ""
