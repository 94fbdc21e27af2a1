"""What a piece of text is that no reader made a rule of: a remark for certain, or something that may restrict.

| the piece | is |
| --- | --- |
| says who wrote the policy, when, which version (`Owner: Ines Kalder`) | a remark |
| names what comes (`2. Parks`, `What the agent may do`) | a remark |
| says what the agent or the document is for (`The assistant helps teachers.`) | a remark |
| greets, thanks, signs | a remark |
| says which kind of rule goes first, or that the rest is denied | a remark: deny goes first and the rest is denied anyway |
| anything else | unread: it closes the calls that it may be about |

A remark has no word of duties, denials, limits, conditions, consent or states, and no number but of versions and dates. So a
prohibition in words that nobody thought of is unread, and no remark.
"""

from __future__ import annotations

import re

from gatling.policy.language.deeds import OBJECTS, root
from gatling.policy.language.effects import effect_in, marked
from gatling.policy.language.grammar import ROLE_NOUNS
from gatling.policy.language.keys import DENY
from gatling.policy.language.times import time_said
from gatling.policy.reading.vocabulary import DESCRIPTIVE, words_of
from gatling.schema.words import split_words
from gatling.tools.naming import singular

MAX_REMARK = 400
"""Characters; a longer piece is no remark."""
RULING = frozenset(
    "must shall should ought may might can could would will cannot cant dont doesnt wont mustnt shouldnt isnt arent never not no none nobody "
    "nothing neither nor noone only solely exclusively merely just except excepting unless until till without before after if when whenever "
    "while during provided otherwise instead but however though although yet still save barring besides beyond within outside inside over off "
    "out under above below per max min most least zero always every each once twice two three four both own now today alone together".split()
)
"""Words that make a rule of a sentence, in this form."""
_RULING_ROOTS = frozenset(
    map(
        root,
        "forbid forbidden prohibit prohibited ban banned deny denied denial block blocked refuse refused reject disallow restrict restricted "
        "restriction reserve reserved suspend suspended revoke revoked freeze frozen lock locked stop halt cease pause paused end ended limit "
        "limited maximum minimum exceed cap capped budget quota ceiling threshold private confidential secret classified sensitive protected "
        "guarded irreversible final approve approved approval permission permit permitted allow allowed consent confirm confirmation sign signoff "
        "authorise authorize authority clear cleared clearance release ask wait hold held pending need require requirement want demand mandatory "
        "duty obligation liable keep stay remain leave avoid refrain abstain hand careful beware danger dangerous risk risky warn warning "
        "caution attention closed shut taboo illegal unlawful criminal ever first prior previously former formerly longer already temporarily "
        "currently soon valid expire effective force enabled disabled active inactive void dead gone reach touch immune exempt excluded exception "
        "exclude veto objection escalate witness supervised supervision condition law comply compliance embargo sanction moratorium holiday "
        "weekend weekday night decide decision strictly absolutely".split(),
    )
)
_DENIALS = frozenset(
    "not no never nobody nothing none neither nor noone cannot cant dont doesnt wont mustnt shouldnt isnt arent".split()
)
_DENIAL_ROOTS = frozenset(
    map(
        root,
        "forbid forbidden prohibit prohibited ban banned deny denied denial block blocked refuse refused reject rejected disallow disallowed "
        "revoke revoked suspend suspended excluded disabled stop taboo illegal".split(),
    )
)
_TURNED = re.compile(
    r"\b(?:un|non-?|in|im|ir|il|dis)[a-z]{3,}(?:able|ible|ed)\b|\b\w+-(?:proof|free|only|less|limits)\b|n['\u2019]t\b|[\u26d4\u274c\u2717\u2718\U0001f6ab]",
    re.IGNORECASE,
)
"""`untouchable`, `non-negotiable`, `tamper-proof`: words that deny by how they are made."""
_STATES = frozenset(
    "takes take goes go comes come gets get gives give makes make happens happen lies lie sits lives ends begins becomes means costs counts stands "
    "rests works falls is are was were be been being am has have had does do did s re ve".split()
)
DATED = re.compile(
    r"\b(?:v(?:ersion|\.)?\s?\d+(?:\.\d+)*|rev(?:ision|\.)?\s?\d+(?:\.\d+)*|\d{4}-\d\d-\d\d|\d{1,2}[./]\d{1,2}[./]\d{2,4}|(?:19|20)\d\d|"
    r"(?:\d{1,2}(?:st|nd|rd|th)?\.? )?(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*\.?(?: \d{1,2}(?:st|nd|rd|th)?)?(?:,? (?:19|20)\d\d)?)(?![\w])",
    re.IGNORECASE,
)
"""Versions and dates."""
_METADATA = DESCRIPTIVE | frozenset(
    "from to cc bcc subject re date sent reply_to message_id mime_version content_type author authors contact email phone tel fax address "
    "homepage website repo repository source file document doc document_no number no id uid uuid ref reference copyright licence license "
    "present attendees apologies minutes_by chair secretary venue place created modified updated last_updated last_change last_review last_reviewed reviewed reviewer reviewed_by maintained_by maintainer "
    "maintainers written_by edited_by owner owners owned_by team company organisation organization department division office site project "
    "product name title heading label caption version revision edition issue status_of_document language lang locale timezone tz encoding "
    "charset schema xmlns generator tags keywords issued issued_by published prepared_by prepared created_by created_at updated_at updated_by "
    "date_of_issue next_review review_date generation change_no change_number ticket tickets jira pull_request contact_person steward approver_of_document farm chain agent assistant bot kind apiversion api_version policy policy_name policy_id rule_id sid uri url "
    "display_name displayname icon color colour priority order weight index".split()
)
"""Keys of what a document is; their values are names, dates and numbers."""
_NUMBERS = frozenset(
    "version revision edition issue generation ticket id number no sid uid priority order weight index phone tel fax severity".split()
)
_NUMBERED = re.compile(
    r"^\s*(?:[#>*=+%/\u2022-]+\s+)?(?:(?:section|article|part|chapter|annex|appendix|\u00a7)\s*)?\(?(?:[A-Z]{0,3}[.-]?\d{1,3}(?:\.\d{1,3})*(?! [a-z])|[a-zA-Z]|[IVX]{1,4})?[.):]?\s+(?=\S)",
    re.IGNORECASE,
)
_PURPOSE = re.compile(
    r"you are (?:the|an?|our) (?:[\w'\u2019&-]+ ){0,6}(?:agent|assistant|bot|helper|chatbot|copilot)\b(?: (?:of|for|at|in) [\w'\u2019& .-]+)?$|"
    r"you (?:help|assist|support|serve|answer|work for|work with)\b|"
    r"(?:hi|hello|dear)?,? ?(?:(?:this|the|our|your|these|it|we|following|below|here)(?: [\w'\u2019&-]+){0,6}? )"
    r"(?:(?:is|are) (?:for|about|meant for|intended for|written for|there for|the (?:rules?|policy|rulebook|rule book|list) (?:for|of)|"
    r"(?:maintained|owned|written|reviewed|published|kept) by)|"
    r"helps?|supports?|assists?|serves?|describes?|covers?|explains?|lists?|sets? out|says|states|answers? questions|looks after|"
    r"summari[sz]es|documents|defines|governs|contains)\b",
    re.IGNORECASE,
)
_GREETING = re.compile(
    r"(?:hi|hello|hey|dear|good (?:morning|day|evening)|thanks?(?: you)?|many thanks|best|kind|warm|regards|cheers|yours|sincerely|greetings|"
    r"best wishes|thank you)\b(?:[ ,!]+(?:all|everyone|everybody|team|folks|colleagues?|regards|wishes|again|in advance|sincerely|faithfully|truly|"
    r"you|people|there|[A-Z][\w.]+)){0,4}[ ,.!]*",
    re.IGNORECASE,
)
_WRITTEN = re.compile(
    r"(?:last |next )?(?:re)?(?:owner|owned by|author|written by|maintained by|maintainer|contact|version|revision|review(?:ed)?|updated?|changed|"
    r"created|issued|published|prepared by|copyright|\u00a9|date|edition)\b[\w\s,.:@()\u00a9/&'\u2019<>+-]*",
    re.IGNORECASE,
)
_WHAT_FOLLOWS = re.compile(
    r"(?:[\w' &\u2019-]{1,60}[:,\u2013-] )?(?:what|how|where|which [\w ]{1,30}|who|when) (?:(?:the|our|this|your|an?|it|we|you) ?(?:[\w'\u2019&-]+ ){0,6})?"
    r"(?:(?:may|can|must|should|is allowed to|does|do)(?: (?:and|or) (?:(?:may|can|must|do|does|should)(?: ?not|n['\u2019]t)|cannot|can['\u2019]t))?|"
    r"(?:is|are) (?:allowed|permitted)(?: and what is not)?|(?:may|can) be done|can do what|may do what)"
    r"(?: (?:do|touch|use|see|call|run|read|write|answer|work with|handle))?(?: (?:for|on|in|with|below|from) [\w'/ &.-]{1,40})?",
    re.IGNORECASE,
)
"""`What the booking bot can and can't do from Monday`."""


def is_remark(text: str, *, key: str = "", is_heading: bool = False) -> bool:
    """Tell whether a piece of text says nothing of calls, for certain.

    Args:
        key: the key that it is the value of, where it is one.
        is_heading: it stands as a heading, or as a key of other keys.
    """
    plain = text.strip().strip("*_`").strip()
    if not any(c.isalnum() for c in plain):
        return not _TURNED.search(plain)
    if len(plain) > MAX_REMARK:
        return False
    if key:
        words = words_of(key)
        form = "_".join(split_words(key))
        if form in _METADATA or (len(words) > 1 and words <= _METADATA):
            return _is_name(plain, is_number=not words.isdisjoint(_NUMBERS))
        if not words or not words <= _TELLING:
            return False
    elif (found := _HEADER.fullmatch(plain)) and "_".join(split_words(found.group(1))) in _METADATA:
        is_number = not _NUMBERS.isdisjoint(split_words(found.group(1)))
        return _is_name(found.group(2), is_number=is_number) or bool(
            _WHAT_FOLLOWS.fullmatch(found.group(2).strip(" .:"))
        )
    if re.fullmatch(r"[\W_]*(?:v\d+(?:\.\d+)*|\[v?\d+(?:\.\d+)+\])[\W_]*", DATED.sub(" ", plain)) or (
        is_heading and DATED.search(plain) and not DATED.sub("", plain).strip(" #[]()-\u2013\u2014.")
    ):
        return True  # a version, with its date
    plain = _NUMBERED.sub("", plain, count=1) if _NUMBERED.match(plain) else plain
    plain = plain.strip(" .:;#*=%/-")
    return (
        _is_title(plain, is_heading=is_heading)
        or bool(_GREETING.fullmatch(plain))
        or (bool(_WRITTEN.fullmatch(plain)) and not is_ruling(DATED.sub(" ", plain), spared=_SPARED))
        or (bool(_PURPOSE.match(plain)) and not is_ruling(plain))
        or bool(_WHAT_FOLLOWS.fullmatch(plain))
        or is_about_order(plain)
        or is_default(plain)
        or _is_about_inheritance(plain)
        or _is_format(plain)
        or _are_remarks(plain)
    )


def _are_remarks(text: str) -> bool:
    """Tell whether a text is several remarks with commas between them."""
    parts = re.split(r"[,;] ", text)
    return 1 < len(parts) <= 4 and all(len(part.split()) > 1 and is_remark(part) for part in parts)


def _is_about_inheritance(text: str) -> bool:
    """Tell whether a text only says what groups and roles take over from others."""
    words = {w for w in split_words(text) if w.isalnum()}
    return bool(words & {"inherits", "inherit", "inherited", "inheritance"}) and words <= _OF_THE_POLICY | _INHERITED


_INHERITED = frozenset(
    "inherits inherit inherited inheritance group groups role roles parent parents child own plus minus revoked granted rights right which each every "
    "higher lower also too only more their below above".split()
)
_COLUMNS = frozenset(
    "who where what when how whom tool tools role roles user users host hosts command commands path paths action actions hours days as format syntax "
    "columns column effect limit limits field fields value values key keys name names amount condition conditions resource resources target source "
    "destination subject object operation operations verb line lines flags options then one per fields are is the of each".split()
)


def _is_format(text: str) -> bool:
    """Tell whether a text only names the columns of the lines that follow."""
    words = [w for w in split_words(text) if w.isalnum()]
    return 1 < len(words) <= 14 and _COLUMNS.issuperset(words) and "." not in text


_TELLING = frozenset(
    "note notes comment comments remark remarks description summary purpose reason why rationale text title info about".split()
)
_HEADER = re.compile(r"([A-Za-z][\w-]*(?: [\w-]+)?)\s*:\s+(.+)", re.DOTALL)
_SPARED = frozenset("every each no per may off own and night daytime day weekend".split())


def is_ruling(text: str, *, spared: frozenset[str] = frozenset()) -> bool:
    """Tell whether a text has a word of duties, denials, limits, conditions, consent or states, or a number."""
    words = [w for w in split_words(text) if w not in spared]
    return (
        any(w in RULING or root(w) in _RULING_ROOTS for w in words)
        or any(c.isdigit() for c in text)
        or bool(_TURNED.search(text))
        or bool(re.search(r"[<>=%\u20ac$\u00a3!?]|\bat most\b|\bup to\b", text))
    )


def denies(text: str) -> bool:
    """Tell whether a text has a word of denials: what it says may be anything but a grant."""
    words = split_words(text)
    return any(w in _DENIALS or root(w) in _DENIAL_ROOTS for w in words) or bool(_TURNED.search(text))


def is_state(text: str) -> bool:
    """Tell whether a text says that something is so."""
    return not _STATES.isdisjoint(split_words(text))


def _is_name(text: str, *, is_number: bool = False) -> bool:
    """Tell whether a value of metadata is a name, a date, a number or a title, and no sentence."""
    left = DATED.sub(" ", text)
    if is_number:
        left = re.sub(r"\b\d{1,6}(?:\.\d{1,6})*\b", " ", left)
    if re.fullmatch(r"[\w./:@#+-]{1,80}", text.strip()) and not is_ruling(re.sub(r"\d", "", text)):
        return True
    left = re.sub(r"\S+@\S+|https?://\S+|[+(]?\d[\d ()/-]{5,}", " ", left)
    words = split_words(left)
    return len(words) <= 16 and not _STATES & set(words) and not is_ruling(left, spared=_SPARED)


_WHOLE = frozenset("everything anything nothing nobody none lifted suspended quarantine quarantined".split())
"""Words of all there is, and of what is held back: no part of a title."""


def _is_title(text: str, *, is_heading: bool) -> bool:
    """Tell whether a few words only name something: no verb of a sentence, no word that rules, no number."""
    text = re.sub(r"\bguard[ -]?rails?\b", "rules", text, flags=re.IGNORECASE)
    aside = re.search(r"\s\(([A-Z][^()]*)\)$", text)
    if aside and not is_ruling(aside.group(1)):
        text = text[: aside.start()]  # whose it is
    left = DATED.sub(" ", re.sub(r"\((?:v|version|rev)[^)]*\)", " ", _BOTH.sub("rules", text)))
    words = [w for w in split_words(left) if w.isalnum()]
    is_of_document = not _DOCUMENT.isdisjoint(words)
    if is_of_document:
        left = re.sub(
            r"(?<![\w])(?!(?:limit|max|budget|up|at|most|under|over|above|below|to|than)\b)([A-Za-z]+) \d{1,2}[A-Z]?(?= [-\u2013\u2014]|$)",
            r"\1",
            left,
            flags=re.IGNORECASE,
        )
        left = re.sub(r"\b(?:rev|revision|version)\.? [A-Z\d]{1,2}\b", " ", left, flags=re.IGNORECASE)
        if re.search(r"\b(?:who|what|how|which)\b", left, re.IGNORECASE):
            left = re.sub(r"\b(?:may|can|do|does|have|has|is|are)\b", " ", left, flags=re.IGNORECASE)
        left = re.sub(r"\bconfig(?:uration)?\b", " ", left, flags=re.IGNORECASE)
        words = [w for w in split_words(left) if w.isalnum()]
    most = 14 if is_of_document else 10 if is_heading else 4
    if (
        len(words) > most
        or re.search(
            r"[.;]\s|\S[/\\]\S|[\\*]" if is_of_document else r"[.;]\s|[/\\*]", re.sub(r"\b[A-Z]\. ", " ", left)
        )
        or not _STATES.isdisjoint(words)
    ):
        return False
    if time_said(left) and not is_of_document:
        return False
    if not _WHOLE.isdisjoint(words):
        return False
    if is_ruling(left, spared=_TOPICS if is_of_document else frozenset()) or has_verb(left):
        return False
    if not words:
        return bool(DATED.search(text))
    if ":" in left:
        return is_of_document
    if (
        len(words) <= 6
        and ":" not in left
        and all(w[:1].isupper() or w in _PARTICLES for w in re.findall(r"[^\W\d_][\w'-]*", left))
        and left[:1].isupper()
    ):
        return True  # `Mutua del Sur, Claims Automation`
    is_written_so = left[:1].isupper() or not _TITLED.isdisjoint(words)
    return is_heading or ((is_of_document or len(words) <= 2) and is_written_so)


def has_verb(text: str) -> bool:
    """Tell whether a title has a plural with what it may do behind it, within one of its parts."""
    parts = re.split(r"[()\[\]:,/|]|\s[-\u2013\u2014]\s", text)
    return any(
        any(map(_may_be_verb, words, words[1:]))
        for words in ([w for w in split_words(p) if w.isalnum()] for p in parts)
    )


_BOTH = re.compile(
    r"\b(?:allowed|permitted|can|may|must|do['\u2019]?s?|yes)(?: do)? ?(?:/|and|&|or) ?(?:not allowed|forbidden|denied|cannot|can['\u2019]?t|may not|must not|"
    r"don['\u2019]?t['\u2019]?s?|no)\b",
    re.IGNORECASE,
)
"""`allowed / not allowed`: both, and so no rule."""
_TOPICS = frozenset(
    "limit limits approval approvals permission permissions control controls secret secrets security access care risk risks authority restriction "
    "restrictions condition conditions requirement requirements release allowed delegated delegation confidential own night daytime day weekend first".split()
)
"""What a title may name: `Approval limits of the office agent`."""


def _may_be_verb(subject: str, word: str) -> bool:
    """Tell whether a word behind a plural may be what that does: `records survive`, and not `parks department`."""
    is_plural = subject not in _DOCUMENT and subject.endswith("s") and not subject.endswith("ss") and len(subject) > 3
    is_noun = word.endswith(("s", "ing", "ion", "ment", "ness", "ity", "ance", "ence", "er", "or", "ist", "y", "al"))
    return is_plural and not is_noun and word not in _LINKS and root(word) not in _THINGS and word not in ROLE_NOUNS


_PARTICLES = frozenset("of and the de del la le du des van von der den und & for".split())
_LINKS = frozenset(
    "that which who whom we you they i it than then of and or in on for to by the a an with at from & as".split()
)
_THINGS = frozenset().union(*OBJECTS)


_TITLED = frozenset(
    "policy policies rules rulebook guide guidelines handbook manual memo agent assistant bot chatbot helper copilot permissions roles config configuration".split()
)
"""Words of documents that say what a piece is even where it begins small: `rules of the desk agent`; `minors` is no title."""
_DOCUMENT = frozenset(
    "minutes policy policies rules rulebook guide guideline guidelines handbook manual memo memorandum overview scope purpose introduction background "
    "section chapter annex appendix table list page document agent assistant bot chatbot helper copilot contents glossary definitions general "
    "roles permissions tools tool firewall acl terms charter faq questions summary matrix clause clauses department team section feature regulations regulation standard standards procedure playbook runbook cheat sheet scenario background example story config configuration acl rulebook".split()
)


# --- sentences about the policy itself --------------------------------------------------------------------------------------

_ELSE = frozenset(
    "else other others otherwise rest unlisted unmatched unnamed remaining missing default fallback".split()
)
_LISTED = frozenset(
    "listed named mentioned covered contained included described stated delegated conferred granted given written matched matching match matches found "
    "decided permit permitted grant grants allow allowed list table page file document section policy rule rules line lines row rows entry entries item "
    "items scenario scenarios block blocks stanza here above below this these limits paragraph clause column cell chapter notice memo handbook mail "
    "message box point points forgot forgotten omitted".split()
)
_PEOPLE = frozenset("nobody noone anyone everyone anybody everybody who".split())
_HOW_MUCH = re.compile(
    r"\d|\b(?:over|exceed\w*|more than|except|unless|but|until|before|after|during)\b(?! (?:applies|matches|rules?))",
    re.IGNORECASE,
)
_OF_THE_POLICY = frozenset(
    "where box i we forgot forgotten omitted answer rest permitted permits point points entries what's a an the and or is are be it its this that these those of in on to for by from with here above below any all no none not only what so "
    "whatever everything anything nothing else other others otherwise rest tool tools task tasks action actions operation operations call "
    "calls thing things use uses list table page document section policy rule rules line lines row rows item items entry entries level "
    "agent assistant bot it he she they we us you nobody noone who has have does do doesn isn aren don t s listed named mentioned written stated "
    "described decided covered contained included found given granted permitted allowed missing match matching matches matched means mean "
    "counts count stay stays remain remains left with within limits limit its until default defaults deny denied denies forbidden "
    "prohibited refused refuse refuses off switched blocked block rejected reject disallowed unavailable withheld closed red never "
    "approval ask allow beats beat wins win overrides override precedes before first over always authority expressly explicitly conferred herein "
    "shall must may can will permit grant grants get gets access anyone everyone outside beyond without scenario scenarios block blocks stanza "
    "request requests if then applies apply lets let none delegated rights right permission permissions command commands function functions "
    "there an unlisted unmatched remaining available possible open offered opens environment role group handled carried out happen happens done treated as counts like falls under category considered deemed fallback "
    "question questions mail message please text file memo notice handbook paragraph clause article column cell chapter mark empty blank run executed invoked used forbid".split()
)
_ORDER = frozenset(
    "deny denied denial denials allow allowed approval approve ask forbid permit grant grants revoke beats beat wins win overrides override overrule "
    "overrules precedence takes take over before first always a an the and is no matching or means rule rules line lines later last earlier most more "
    "specific longer longest counts count block blocks beats precede precedes default path entry entries section match matches one same policy of in "
    "conflict case cannot can another which decides goes go it that top bottom order read from to matter matters evaluated applies apply".split()
)
_DENIED = frozenset(
    "deny denied forbidden prohibited refused refuse refuses off blocked rejected disallowed red closed withheld unavailable not no nothing "
    "never none nobody outside beyond without missing".split()
)


def is_default(text: str) -> bool:
    """Tell whether a sentence says that what the policy does not name is denied, and nothing more: each of its words is one of
    such sentences."""
    text = _UNLESS_LISTED.sub(" not listed", _LEAD.sub("", marked(text)))
    words = {w for w in split_words(text) if w.isalnum()}
    known = all(w in _OF_THE_POLICY or singular(w) in ROLE_NOUNS or w in _OFFICES for w in words)
    if len(text) > 300 or _HOW_MUCH.search(text) or not known:
        return False
    if words & _PEOPLE and words & _ELSE:
        return False  # who else there is: see `is_about_others`
    turned = len(re.findall(r"\bremains? (?:with|reserved)\b", text, re.IGNORECASE))
    turned += sum(w in _DENIED for w in split_words(text)) + len(re.findall(r"n['\u2019]t\b", text))
    if words & _ELSE:
        return turned > 0 or effect_in(text).effect == DENY
    if "only" in words and words & _LISTED and not words & {"if", "when", "not", "no"}:
        return True
    return turned > 1 and bool(words & _LISTED)


_UNLESS_LISTED = re.compile(
    r",? (?:unless|except (?:what|where)|until) (?:(?:an?|the|some|one of the|any|this|it) )?(?:(?:entry|entries|rules?|lines?|rows?|points?|page|list|table|document|section|policy|clause) )?"
    r"(?:(?:is|are) )?(?:here |above |below )?(?:permits?|allows?|says?|grants?|lists?|names?|listed|named|mentioned|allowed)(?: (?:it|so|otherwise|here|above|below|them|this))*",
    re.IGNORECASE,
)
"""`Everything is forbidden unless an entry here permits it.`"""
_LEAD = re.compile(
    r"^(?:(?:rule of thumb|note|nb|n\.b\.|remember|important|basically|in short|in general|please note|as always|default|the rest|finally|and)\s*[:,]\s*)",
    re.IGNORECASE,
)
_OFFICES = frozenset(
    "department departments council board city office company management us humans people team person".split()
)


def is_about_others(text: str) -> bool:
    """Tell whether a sentence only says that nobody else may: it adds nothing where each grant says for whom it is."""
    words = {w for w in split_words(text) if w.isalnum()}
    return "else" in words and bool(words & _PEOPLE) and words <= _OF_THE_POLICY and not _HOW_MUCH.search(text)


def is_about_order(text: str) -> bool:
    """Tell whether a sentence only says which kind of rule goes before another."""
    words = {w for w in split_words(text) if w.isalnum()}
    return (
        bool(words)
        and words <= _ORDER | _COMBINES
        and (bool(words & _GOES_FIRST) or bool(words & _COMBINES and words & _FIRST))
    )


_COMBINES = frozenset(
    "evaluation order precedence combining algorithm combine strategy resolution conflict conflicts matching".split()
)
"""Keys that say how rules go together."""
_FIRST = frozenset("first last most specific longest earliest".split())
_GOES_FIRST = frozenset(
    "beats beat wins win overrides override overrule overrules precedence counts precedes decides".split()
)
