"""Whether a request asks for an answer and for nothing else: questions, and imperatives of looking ("summarise", "tell me").

It says so only where every clause of the request is understood: a wish ("I need a refund"), a verb that changes something or that
is not known, another language: none of these asks only to know. So an agent that changes something after such a request does what
nobody asked for; what the request is about says nothing for it.

| clause | is |
| --- | --- |
| starts with a question word, or with an auxiliary and a subject | a question, unless it asks "can you" or "can I" do more |
| starts with a verb of looking, behind `please`, `can you`, `help me`, `I want to` | a question |
| goes on with `and`, a comma or `then` and a verb of changing | a change |
| wishes for a thing, or for a deed that is not looking | a change |
| starts with a subject | a statement, which asks for nothing |
| anything else | not understood, so perhaps a change |

Linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from gatling.request.deeds import ASKING_VERBS, asking_words
from gatling.request.refusal import sentences
from gatling.schema.budget import checked
from gatling.schema.words import stem
from gatling.tools.derive import ADMIN_VERBS, NOUN_VERBS, VERBS

MAX_CHARS = 20_000
_Kind = Literal["question", "change", "statement"]

_QUOTED = re.compile(r"(?<!\w)([\"'`\u201c\u2018])[^\"'`\u201c\u201d\u2018\u2019\n]{1,80}[\"'`\u201d\u2019](?!\w)")
_TOKEN = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*|[\w./:@#%+~-]*\w|[,;:?()-]")
# Initials and titles end no sentence.
_ABBREVIATION = re.compile(r"\b([A-Z]|[DM]rs?|Ms|St|No|vs|approx|etc)\.(?=\s)")
_PART = re.compile(r"[;:\u2022](?=\s|$)")

_QUESTION = re.compile(
    r"(?:(?<=[.!?:\n])|\A)\s{0,8}(?:(?:and|so|but|also|then|ok|hi|hello|hey)\b[\s,]*)?"
    r"(?:what|who|whom|whose|when|where|why|how|which|is|are|was|does|did|do you|has|any)\b"
    r"[^.!?\n]*[.!?]?",
    re.IGNORECASE,
)
_LOOKING = frozenset(
    "summarise summarize recap outline list show display find search look read check see view browse review inspect examine "
    "investigate analyse analyze compare explain describe translate calculate compute count estimate determine evaluate identify "
    "locate retrieve fetch get visit verify validate solve predict recommend suggest rank name query monitor track lookup tell "
    "give provide know understand learn figure discover research study scan skim measure assess detect classify sum total obtain "
    "convert clarify enumerate google pull".split()
)
# These look only with one of certain words behind them.
_LOOKING_WITH = {
    "tell": frozenset("me us".split()),
    "give": frozenset("me us".split()),
    "provide": frozenset("me us a an the details information".split()),
    "let": frozenset("me us".split()),
    "take": frozenset("a".split()),
    "have": frozenset("a".split()),
    "go": frozenset("through over online and to".split()),
    "pull": frozenset("up".split()),
    "bring": frozenset("up".split()),
    "figure": frozenset("out".split()),
}
_NOT_LOOKING_WITH = {"check": frozenset("in out off".split()), "get": frozenset("rid back out".split())}
_GLANCES = frozenset("look glance peek".split())  # "take a look"
# What is got so that it happens.
_WISHED_THINGS = frozenset(
    map(
        stem,
        "refund replacement appointment booking reservation cancellation upgrade discount subscription delivery loan transfer "
        "access permission membership".split(),
    )
)
_FORMATTING = frozenset("include exclude format sort group round don't".split())  # how an answer is wanted
_QUESTION_WORDS = frozenset(
    "what which who whose whom when where why how what's who's where's when's how's whats".split()
)
_AUXILIARIES = frozenset(
    "is are was were am does do did has have had will would should can could may might shall isn't aren't wasn't weren't doesn't "
    "don't didn't hasn't haven't won't wouldn't can't couldn't shouldn't".split()
)
_PEOPLE = frozenset("i you we i'll we'll i'm we're i'd we'd you'll".split())
_PRONOUNS = _PEOPLE | frozenset("they he she it there this these those".split())
_SUBJECTS = _PRONOUNS | frozenset(
    "that my our your his her its their the a an any some all each every anyone anybody someone somebody everyone i've "
    "we've it's there's he's she's they're".split()
)
_FILLERS = frozenset(
    "please hi hello hey there ok okay so well now then first second third next also just kindly quickly thanks thank yes no oh "
    "sure and but finally afterwards again additionally moreover lastly maybe perhaps good morning afternoon evening dear wait "
    "sorry actually alright great perfect".split()
)
_HELP = frozenset("help assist".split())
_AID = frozenset("help assistance advice".split())
_LEADS_ON = _HELP | frozenset("me us to out by mind try please".split())
_MODALS = frozenset("can could may might shall should will would".split())
_WISHES = frozenset(
    "want wish need like hope hoping looking prefer intend plan planning trying try going wanna needs wants wanted require must "
    "should ought".split()
)
_OF_PEOPLE = frozenset("should must need needs going".split())  # "it should be in a mail" is no wish
_TASKS = frozenset("task job goal mission aim".split())
_PREPOSITIONS = frozenset(
    "on in at for from with within after before by about of under over during since until till to as given based according "
    "regarding considering using between among per if when while because although once suppose assuming imagine".split()
)
_COORDINATORS = frozenset("and then or but also plus".split())
_CHANGING = (
    frozenset(verb for verb, effect in (*VERBS.items(), *NOUN_VERBS.items()) if effect != "read")
    | ADMIN_VERBS
    | ASKING_VERBS
    | frozenset(
        "do fix handle let take put bring reply answer ask call ring contact inform cc note jot keep stop start set proceed swap "
        "trade ship deliver return exchange use clean rid file log hire fire promote allow permit order buy pay turn switch "
        "arrange organise organize sort settle solicit mail write leave send wire shut reboot block unblock ensure lower raise "
        "clear correct process resolve implement refactor".split()
    )
) - (_LOOKING - {"tell", "give"})
_CHANGING_STEMS = frozenset(map(stem, _CHANGING))


def asks_only_to_know(text: str) -> bool:
    """Tell whether a request asks for an answer and certainly for nothing else."""
    if len(text) > MAX_CHARS:
        return False
    text = _ABBREVIATION.sub(r"\1", _QUOTED.sub(" it ", text.strip().strip("\"'\u201c\u201d").replace("\u2019", "'")))
    found = False
    for start, end in sentences(text):
        for part in checked(_PART.split(text[start:end])):
            kind = _kind_of(part, is_question=text[end : end + 1] == "?")
            if kind == "change":
                return False
            found |= kind == "question"
    return found


def _kind_of(sentence: str, *, is_question: bool) -> _Kind:
    tokens = [match.group().lower() for match in checked(_TOKEN.finditer(sentence))]
    i = _behind_fillers(tokens, 0)
    if i >= len(tokens):
        return "statement"
    kind = _of_head(tokens, i, sentence, is_question=is_question)
    asks = tokens[i] in _QUESTION_WORDS
    if kind != "change" and any(_goes_on_to_change(tokens, at, asks=asks) for at in range(i + 1, len(tokens))):
        return "change"
    return kind


def _behind_fillers(tokens: list[str], i: int) -> int:
    """Return where a clause starts: behind greetings and numbers, and behind the name of who is spoken to."""
    while i < len(tokens):
        if tokens[i] in _FILLERS or not tokens[i][0].isalpha():
            i += 1
        elif tokens[i + 1 : i + 2] == [","] and tokens[i] not in _LOOKING | _CHANGING | _SUBJECTS | _QUESTION_WORDS:
            i += 2
        else:
            break
    return i


def _of_head(tokens: list[str], i: int, sentence: str, *, is_question: bool) -> _Kind:
    """Return what the clause is that starts at a token."""
    word, following = tokens[i], tokens[i + 1 : i + 2]
    if word in _QUESTION_WORDS:
        proposes = following in (["about"], ["if"]) or tokens[i + 1 : i + 3] in (["don't", "you"], ["not", "just"])
        return "change" if proposes else "question"
    is_ordered = i > 0 and tokens[i - 1] == "please"
    subjects = _PRONOUNS if word in ("do", "have") else _SUBJECTS  # "do all of it" is an order
    if word in _AUXILIARIES and following and not is_ordered and (is_question or following[0] in subjects):
        if following[0] == "you" and word not in ("are", "were", "did", "do", "does", "have", "had"):
            return _deed(tokens, i + 2)
        if following[0] in ("i", "we") and word in _MODALS:
            return "change" if tokens[i + 2 : i + 3] in (["get"], ["have"], ["take"]) else _deed(tokens, i + 2)
        asks_leave = {"possible", "able", "allowed", "ok", "okay", "fine"} & set(tokens[i : i + 6])
        return "change" if asks_leave else "question"
    if word in _SUBJECTS:
        return _statement(tokens, i, sentence)
    if word in _PREPOSITIONS:
        comma = next((at for at in range(i, len(tokens)) if tokens[at] == ","), len(tokens))
        rest = _behind_fillers(tokens, comma + 1)
        if rest < len(tokens) and tokens[rest] not in _PREPOSITIONS:
            return _of_head(tokens, rest, sentence, is_question=is_question)
        return "change" if _may_change(sentence) else "question" if is_question else "statement"
    if word == "looking" and following == ["for"]:
        return "question"
    return "statement" if word in _FORMATTING else _deed(tokens, i)


def _deed(tokens: list[str], i: int) -> _Kind:
    """Return what is asked for by the verb at a token, or behind what only leads to it."""
    i = _behind_fillers(tokens, i)
    for _ in range(6):
        if i < len(tokens) and tokens[i] in _LEADS_ON:
            i += 1
    if i >= len(tokens) or tokens[i] in ("again", "with"):  # "can you help me with that?"
        return "statement"
    word, behind = tokens[i], tokens[i + 1 : i + 6]
    base = word if word in _LOOKING or word in _LOOKING_WITH else next(_bases(word), word)
    following = behind[0] if behind else ""
    if base in _LOOKING_WITH and following not in _LOOKING_WITH[base]:
        return "change"
    if base in ("let", "take", "have", "go"):
        looks = (base == "let" and "know" in behind) or (base == "go" and not _LOOKING.isdisjoint((*behind, "")))
        return "question" if looks or not _GLANCES.isdisjoint(behind) or following == "over" else "change"
    if base not in _LOOKING | {"bring"} or following in _NOT_LOOKING_WITH.get(base, ()):
        return "change"
    is_wish = base in ("get", "see", "obtain") and any(stem(token) in _WISHED_THINGS for token in behind)
    return "change" if is_wish else "question"


def _bases(word: str) -> Iterator[str]:
    """Yield the verbs of looking that a form in -ing is of."""
    if word.endswith("ing"):
        yield from (base for base in (word[:-3], word[:-3] + "e", word[:-4]) if base in _LOOKING)


def _statement(tokens: list[str], i: int, sentence: str) -> _Kind:
    """Return what a clause with a subject is: a wish, or nothing that anybody asks for."""
    if not _TASKS.isdisjoint(tokens[i : i + 3]) and "to" in tokens[i : i + 5]:  # "your task is to .."
        return _deed(tokens, tokens.index("to", i) + 1)
    for at in range(i, len(tokens)):
        token, rest = tokens[at], at + 1
        if token not in _WISHES or (token in _OF_PEOPLE and _PEOPLE.isdisjoint(tokens[i:at])):
            continue
        if token in ("like", "try", "plan", "hope") and {"would", "i'd", "we'd", "i", "we"}.isdisjoint(tokens[i:at]):
            continue  # "files like this one"
        aid = next((n for n in range(rest, min(rest + 2, len(tokens))) if tokens[n] in _AID), None)
        if aid is not None:
            return _deed(tokens, aid + 2 if tokens[aid + 1 : aid + 2] == ["in"] else aid + 1)
        if tokens[rest : rest + 1] == ["you"] and tokens[rest + 1 : rest + 2] == ["to"]:
            rest += 1
        if tokens[rest : rest + 1] == ["to"]:
            return _deed(tokens, rest + 1)
        looks = token == "looking" and tokens[rest : rest + 1] in (["for"], ["at"], ["up"])
        return "question" if looks or tokens[rest : rest + 1] in (["information"], ["details"]) else "change"
    if not {"will", "shall", "let's", "could", "can", "would", "i'll", "we'll"}.isdisjoint(
        tokens[i : i + 4]
    ) and _may_change(sentence):
        return "change"
    goes_on = any(
        tokens[at] in _LOOKING and tokens[at] not in _LOOKING_WITH and tokens[at - 1] in (",", "and", "please")
        for at in range(i + 1, len(tokens))
    )
    return "question" if goes_on else "statement"


def _may_change(sentence: str) -> bool:
    return not asking_words(sentence).isdisjoint(_CHANGING_STEMS)


def _goes_on_to_change(tokens: list[str], at: int, *, asks: bool) -> bool:
    """Tell whether a verb of changing stands where a clause goes on: `and send`, `, then delete`, `please cancel`."""
    word, before = tokens[at], tokens[at - 1]
    if word not in _CHANGING or (word in ("tell", "give", "let") and tokens[at + 1 : at + 2] in (["me"], ["us"])):
        return False
    if before == "to":
        leads = {"you"} if asks else _WISHES | {"possible", "able", "you", "allowed", "sure", "ahead", "help"}
        return at > 1 and tokens[at - 2] in leads  # "what are we going to do" asks
    return before in _COORDINATORS or before in ("please", "just", ",", "-")


def without_questions(text: str) -> str:
    """Return a text with blanks in place of what asks to be told: "What does he want?" wants nothing done."""
    return _QUESTION.sub(lambda match: " " * len(match.group()), text)
