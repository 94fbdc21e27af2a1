"""The forms of sentences that permit, forbid, bound or want approval: who, what is said of it, and the phrase that it is said of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from gatling.policy.language.deeds import deed_of
from gatling.policy.language.lexicon import role_names
from gatling.policy.language.phrase import APPROVAL
from gatling.tools.naming import singular

Verdict = Literal["allow", "deny", "ask", "limit", "default"]

_ADVERB = r"(?:only|always|also|strictly|generally|explicitly|ever|under no circumstances|in no case)"
_DENY = (
    r"(?:(?:must|may|can|shall|should|will|do|does|are|is)(?: not|n't| never)(?:(?: be)? (?:allowed|permitted|authori[sz]ed|supposed|able))?(?: to)?"
    r"|cannot|can't|mustn't|don't|doesn't|never|ha(?:s|ve) no (?:access|right|permission)(?: to)?|(?:is|are) (?:strictly )?(?:forbidden|prohibited|barred|banned|blocked) (?:from|to)"
    r"|(?:must|should|shall|will|have to|has to|need to|needs to|ought to|(?:is|are) to) (?:refrain from|abstain from|avoid|stay away from|keep away from)|under no circumstances (?:may|must|can|should))"
)
_ALLOW = r"(?:may|can|(?:is|are) (?:allowed|permitted|authori[sz]ed|free|entitled|able|welcome) to|ha(?:s|ve) (?:access|permission) to|should be able to)"
_VERDICT_DENY = r"(?:outside (?:the|its|your) (?:[\w]+'s )?(?:authority|remit|scope|mandate)|excluded|withheld|not for the (?:agent|assistant|bot)|forbidden|prohibited|not allowed|not permitted|never allowed|never permitted|off[- ]limits|banned|disabled|blocked|denied|disallowed|not ok|taboo|a no-go|out of bounds|unacceptable|out of the question|not an option)"
_VERDICT_ALLOW = r"(?:allowed|permitted|fine|ok|okay|acceptable|enabled|open)"
_FLAGS = re.IGNORECASE

_FORMS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern, _FLAGS))
    for name, pattern in (
        ("default_deny", r"(?:everything|anything|all) (?:else|other)(?: (?:is|are|must be|should be|tools?|operations?|actions?|calls?)){0,3} " + _VERDICT_DENY + r"|(?:deny|block|forbid|reject) (?:everything|anything|all)(?: (?:else|others?|by default))?|default(?: is|:)? (?:deny|no|forbidden)|(?:everything|anything) (?:that is )?not (?:listed|mentioned|named|explicitly allowed|allowed)(?: here| above)? is " + _VERDICT_DENY),
        ("only_who", r"(?:only|no one but|nobody but|nobody except|no one except|none but) (?P<who>[\w ,'-]{2,80}?) " + rf"(?:{_ALLOW}|(?:are|is) to)" + r" (?P<what>.+)"),
        ("nobody", r"(?:nobody|no one|no-one|no (?:agent|user|role|employee|assistant|bot|staff|one))(?: (?:may|can|must|should|shall|is allowed to|is permitted to|will))(?: ever)? (?P<what>.+)"),
        ("no_thing", r"no (?P<thing>(?!one\b|agent|user|role|employee|assistant|bot|staff)[\w -]{2,60}?) (?:(?:may|can|must|should|shall|will|(?:is|are) to)(?: ever)? be|(?:is|are|gets?)(?: ever| to be)?) (?P<what>\w+(?:ed|en|nt|ne|ut|ld|id|de)(?: .+)?)"),
        ("only_for", r"(?:leave|reserve) (?P<what>.+?) (?:to|for) (?:the )?(?P<who>[a-z ,_-]+)"),
        ("only_for", r"(?P<what>.+?) (?:is|are) (?:strictly )?(?:reserved (?:for|to)|restricted to|only (?:for|available to|open to|allowed for|permitted for))(?: the)? (?P<who>[a-z ,_-]+)"),
        ("asks", r"(?P<what>.+?) (?:always )?(?:requires?|needs?|must (?:have|get|be given)|has to have|want|wants|is subject to|are subject to|must be subject to|demands?) (?:an? |the |prior |explicit |written |human |manager(?:'s)? |supervisor(?:'s)? )*" + APPROVAL + r"(?P<more>.*)"),
        ("asks", r"(?P<what>.+?) (?:must|has to|have to|should|needs to|need to|shall) (?:first |always )?be (?:approved|confirmed|signed off|authori[sz]ed|reviewed)(?: first)?(?: by [\w' -]+?)?(?: (?:before|first).*)?"),
        ("asks", r"(?:always )?(?:ask|check|get|obtain|seek|request|confirm|wait)(?: (?:for|with|from|a|an|the|human|user|manager|supervisor|me|us|them|someone|approval|permission|confirmation|consent|sign-?off|first)){0,6} before (?P<what>.+)"),
        ("deny_what", r"(?P<what>.+?) (?:is|are|remains?|stays?) (?:strictly |absolutely |always |completely )?" + _VERDICT_DENY + r"(?: for (?P<who>[\w ,'-]+))?"),
        ("deny", r"(?P<who>.{1,80}?) " + rf"(?:{_ADVERB} )?{_DENY}" + r" (?:ever )?(?P<what>.+)"),
        ("deny", r"(?:please |absolutely |you )?(?:never|do not|don't|must not|no(?! more than| fewer| less)|avoid|refrain from|stay away from|stop|under no circumstances) (?P<what>.+)"),
        ("allow", r"(?P<who>.{1,80}?) " + _ALLOW + r" (?P<only>only )?(?P<what>.+)"),
        ("allow_what", r"(?P<what>.+?) (?:is|are|remains?) (?:always )?" + _VERDICT_ALLOW + r"(?: (?:for|to) (?P<who>[\w ,'-]+?))?(?P<more>(?: (?:up to|below|under|if|only|when|in|at most|as long|during|unless|on|at|with|except|from|to) .+)?)"),
        ("deny", r"(?:deny|forbid|block|disallow|ban|prohibit|reject|disable|forbidden|prohibited|denied|blocked|off[- ]limits|not allowed|not permitted)(?: access to| the use of| use of)?(?: ?:| that)? (?P<what>.+)"),
        ("allow", r"(?:allow|permit|grant|enable|allowed|permitted|feel free to|ok to)(?: access to| the use of)?(?: ?:)? (?P<what>.+)"),
        ("limit", r"(?P<what>.*?)(?:must|may|shall|should|can|do|does|cannot|are|is|go|goes|stays?|keeps?|:)? ?(?P<more>(?:not exceed|never exceed|be limited to|limited to|capped at|be at most|at most|no more than|not more than|up to|below|under|only to|only|a maximum of|maximum|max) .+)"),
    )
)  # fmt: skip
_EXCEEDS = re.compile(
    r"(?:exceed|be (?:more|higher|greater|larger) than|be (?:above|over)|go (?:above|over|beyond)) ", _FLAGS
)
_EVERYBODY = frozenset(
    "agent agents assistant assistants bot bots you it ai model everyone anyone everybody anybody all please chatbot copilot llm user users "
    "people person".split()
)
_PEOPLE = frozenset("employee employees staff colleague colleagues humans human team member members".split())
ROLE_NOUNS = frozenset(
    "clerk manager admin administrator intern analyst supervisor developer engineer operator viewer editor owner guest contractor auditor "
    "lead nurse doctor physician teacher student junior senior trainee accountant receptionist agent cashier librarian pharmacist "
    "reviewer maintainer reader writer driver dispatcher technician bookkeeper treasurer director officer specialist representative "
    "finance hr sales support ops tester planner buyer seller tutor moderator staff apprentice".split()
)
_US = re.compile(r"we|(?:the|our|this) (?:company|team|shop|store|office|house|organi[sz]ation|business)", _FLAGS)
"""Who, forbidding something to himself, forbids it to the agent."""
_OWN_AGENT = re.compile(
    r"(?:the|our|this|your) (?!(?:[\w'-]+ )*(?:support|sales|service|care|field|travel|insurance|estate|booking|call|help|desk|ticket|claims|customs|"
    r"secret|human|other|second)(?:-\w+)? agent)(?:[\w'-]+ ){0,3}(?:agent|assistant|bot|chatbot|copilot|helper)",
    _FLAGS,
)
"""`the bakery agent`, and not `the support agent`, which may be somebody's job."""
_NO_ROLE = re.compile(
    r"\b(?:with|who|whose|from|in|at|on|of|if|when|that|which|under|over|without|during|after|before|except|but|not|only|"
    r"than|says?|said|whether|decide|unless|he|she|they|these|those|we|i|there)\b|[\d<>=:~\"!?()\[\]]",
    _FLAGS,
)


@dataclass(frozen=True, slots=True)
class Who:
    """Whom a sentence is about."""

    roles: tuple[str, ...] = ()
    is_clear: bool = True
    guess: tuple[str, ...] = ()
    """Where it is not clear: the roles that are named, if these are roles."""


@dataclass(frozen=True, slots=True)
class Form:
    """A sentence, by its form."""

    verdict: Verdict
    what: str
    who: str = ""
    is_only: bool = False
    is_exclusive: bool = False


def form_of(sentence: str) -> Form | None:
    """Return what a sentence is by its form; None if by no form that is known."""
    text = " ".join(sentence.split()).strip(" .!")
    text = text.replace("\u2019", "'")
    if re.match(
        r"(?i)(?:may|can|must|cannot|should|is allowed|are allowed|is not|are not|has access|have access)\b", text
    ):
        text = f"you {text}"
    lead = re.match(
        r"(?i)(?:the agent|please|note that|also|however|in addition|furthermore|finally|additionally),? ", text
    )
    if lead and not lead.group().lower().startswith("the agent"):
        text = text[lead.end() :]
    if len(text) > 1_000:
        return None
    for name, pattern in _FORMS:
        match = pattern.fullmatch(text)
        if match is None:
            continue
        groups = {key: value or "" for key, value in match.groupdict().items()}
        what = (groups.get("what", "") + " " + groups.get("more", "")).strip()
        who = groups.get("who", "")
        match name:
            case "default_deny":
                return Form("default", "")
            case "only_who":
                return Form("allow", what, who, is_exclusive=True)
            case "only_for":
                if not all(_is_role_word(part) for part in re.split(r",|\band\b|\bor\b", who) if part.strip()):
                    continue
                return Form("allow", what, who, is_exclusive=True)
            case "nobody":
                return Form("deny", what)
            case "no_thing":
                if not deed_of(what.split()[0]):
                    continue
                return Form("deny", _active(groups["thing"], what))
            case "asks":
                return Form("ask", what)
            case "deny" | "allow":
                if who.lower().startswith(
                    ("if ", "when ", "unless ", "while ", "during ", "after ", "before ", "until ")
                ):
                    return None
                if name == "allow" and what.lower().startswith(("not ", "never ")):
                    continue
                if name == "deny" and who and (bound := _EXCEEDS.match(what)):
                    return Form("limit", f"{who} at most {what[bound.end() :]}")
                if name == "deny" and _US.fullmatch(who.strip()):
                    who = ""
                passive = re.match(r"(?:only )?be (?P<done>.+)|^(?P<past>\w+ed)\b", what, _FLAGS) if who else None
                done = passive and (passive.group("done") or (what if _is_done(who, what) else ""))
                if done:
                    by = re.search(r"\bby (?P<who>[\w ,'-]+)$", done)
                    if by:
                        done = done[: by.start()]
                    return Form(
                        "deny" if name == "deny" else "allow",
                        _active(who, done),
                        by.group("who") if by else "",
                        is_only="only " in what.lower()[:5] or bool(groups.get("only")),
                    )
                return Form("deny" if name == "deny" else "allow", what, who, is_only=bool(groups.get("only")))
            case "deny_what":
                return Form("deny", what, who)
            case "allow_what":
                return Form("allow", what, who)
            case "limit":
                return Form("limit", what)
    return None


def _is_done(subject: str, what: str) -> bool:
    """Tell whether something is done to a subject that is no role: `Files are never` `deleted`, not `Interns are never allowed`."""
    first = what.split()[0]
    is_past = first.lower().endswith(("ed", "en", "nt", "ld")) and bool(deed_of(first))
    return is_past and not any(map(_is_role_word, re.split(r",|\band\b|\bor\b", subject.strip() or "you")))


def _active(subject: str, done: str) -> str:
    """`Files` `deleted from /tmp` -> `deleted Files from /tmp`."""
    words = done.split()
    verbs = 1
    while verbs < len(words) and (words[verbs] in ("or", "and") or deed_of(words[verbs])):
        verbs += 1
    return " ".join([*words[:verbs], subject, *words[verbs:]])


def _is_role_word(text: str) -> bool:
    return singular(text.split()[-1].lower()) in ROLE_NOUNS


def who_of(text: str) -> Who:
    """Return the roles that a subject names; none for everybody."""
    plain = re.sub(r"\b(?:the|a|an|our|your|any|each|every|all|also|both|role|roles|group)\b", " ", text, flags=_FLAGS)
    words = re.findall(r"[\w.@-]+", plain)
    said = {word.lower() for word in words}
    if _OWN_AGENT.fullmatch(text.strip()):
        return Who()
    if said <= _EVERYBODY or (said <= _EVERYBODY | _PEOPLE and re.search(r"\b(?:all|every|any)\b", text, _FLAGS)):
        return Who()
    if _NO_ROLE.search(text) or len(words) > 8:
        return Who(is_clear=False)
    roles: list[str] = []
    if "," in plain and not all(
        _is_role_word(part) for part in re.split(r",|\band\b|\bor\b|&|/", plain) if part.strip()
    ):
        return Who(is_clear=False)  # `Previously, clerks`
    for part in re.split(r",|\band\b|\bor\b|&|/", plain):
        names = role_names(part)
        if part.strip() and names and len(part.split()) <= 3:
            roles += names
        elif part.strip():
            return Who(is_clear=False)
    return Who(tuple(dict.fromkeys(roles)))
