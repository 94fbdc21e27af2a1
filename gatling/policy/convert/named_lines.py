"""Lines and sentences that name one tool as it is written in code: for whom, whether and how much, clause by clause.

    - `extend_trial`: tier2 and team_lead, maximum 30 days.
    [YES] book_vendor ..... planners; fee no higher than 1500
    - [x] order linen (order_linen), max. 40 pieces
    `rollback_release`: producers, after the studio head approves.

A clause that is of no kind leaves the line open, about the tool that it names.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from gatling.policy.convert.constraints import texts
from gatling.policy.convert.entries import Case, EntryParser, rules_of_case, verdict_of
from gatling.policy.convert.record_words import is_role_word
from gatling.policy.language.effects import effect_in
from gatling.policy.language.keys import ALLOW, ASK, DENY
from gatling.policy.language.lexicon import Lexicon
from gatling.policy.language.matching import words_for
from gatling.policy.language.nature import is_ruling
from gatling.policy.language.scope import consents, is_reason
from gatling.policy.language.statement import Reading, Statement

_MAX_CHARS = 500
_TOKEN = re.compile(r"</?code>|[`*]*\(?[`*]*([A-Za-z][\w.]*)[`*]*\)?")
_BOX = re.compile(r"^\s*(?:[-*\u2022]\s*)?\[\s*(?P<said>[A-Za-z ]{2,12}|[xX ])\s*\]\s*")
_LEAD = re.compile(r"^[\s>*\u2022-]*(?P<mark>[^\w\s`*(\[\"'<]{1,3}\ufe0f?)\s+")
_FOR = re.compile(r"^(?:for|by|only|is for|are for|available to|open to|restricted to|limited to|to)\s+", re.IGNORECASE)
_MAY = re.compile(
    r"\s*(?:\b(?:may|can)(?: (?:do|use|call|run)(?: (?:it|this|that))?)?|only|too|as well|both|alone|on their own)\s*$",
    re.IGNORECASE,
)
_APPROVED = re.compile(
    r"(?:but |and |(?:but )?only )*(?:after|once|when|with|if|needs?|requires?|must|subject to|bot waits until|waits until|\u2192|->)?\b.*"
    r"\b(?:approv\w*|confirm\w*|agree[sd]?|sign(?:s|ed)? off|sign-?off|consent\w*|ok|okay|release[sd]?|asks?|four eyes)\b.*",
    re.IGNORECASE,
)
_NO_LIMIT = re.compile(
    r"(?:no restrictions?|no limits?|any time|anytime|at any time|in every \w+|in any \w+|always|without limits?|unlimited|as many as .{1,20})",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"(?:is |are )?(?:no|never|nobody|no one|prohibited|forbidden|not allowed|not permitted|banned|blocked|off limits)(?: (?:for|to) (?:all|everyone|everybody|anybody|anyone))?(?: (?:any more|anymore|ever))?",
    re.IGNORECASE,
)


def tool_of(text: str, lexicon: Lexicon) -> tuple[str, tuple[int, int]]:
    """Return the one tool that a text names in the form of code, and where; nothing if it names none, or several."""
    found: list[tuple[str, tuple[int, int]]] = []
    for match in _TOKEN.finditer(text):
        word = match.group(1)
        exact = lexicon.exact(word) if word else ""
        is_code = bool(exact) and ("_" in word or word != match.group() or bool(re.search(r"[a-z][A-Z]", word)))
        if is_code:
            found.append((exact, match.span()))
    return found[0] if len({tool for tool, _ in found}) == 1 and len(found) == 1 else ("", (0, 0))


def _plain(text: str) -> str:
    """Return a line without what sets it in bold or as code of a page."""
    return re.sub(r"</?code>|'''?|\*\*", "", text)


def roles_of_document(statements: Iterable[Statement], lexicon: Lexicon) -> frozenset[str]:
    """Return names that stand where whom it is for does, in two lines at least, beside the names of tools."""
    counts: Counter[str] = Counter()
    for statement in statements:
        text = _plain(statement.text)
        tool, (start, end) = tool_of(text, lexicon)
        if not tool:
            continue
        before = re.sub(r"^[^\w]*(?:\[[^\]]*\])?[^\w]*", "", text[:start]).strip(" :-*")
        after = re.split(r"[,;.]\s|[,;]$", re.sub(r"^[\s.:*`\u2013\u2014-]+", "", text[end:]), maxsplit=1)[0].strip(
            " ."
        )
        for part in (before, _FOR.sub("", after)):
            names = [n.strip(" `*\"'.") for n in re.split(r"\s*(?:,|\+|&|/|\band\b|\bor\b)\s*", _MAY.sub("", part))]
            if names and all(
                re.fullmatch(r"[A-Za-z][\w-]*(?: [A-Za-z][\w-]*)?", n) and not is_ruling(n) for n in names
            ):
                counts.update({n.lower() for n in names})
    return frozenset(name for name, count in counts.items() if count > 1 and not verdict_of(name))


def read_named_line(
    statement: Statement, lexicon: Lexicon, roles: frozenset[str], legend: dict[str, str]
) -> Reading | None:
    """Read a line that names one tool; None if it names none or several, or not all of it is understood."""
    text = _plain(statement.text)
    tool, (start, end) = tool_of(text, lexicon)
    if not tool or tool not in lexicon.specs or len(text) > _MAX_CHARS or re.search(r"~~|<!--|\?", text):
        return None
    context = statement.context
    parser = EntryParser(lexicon, roles, legend)
    case = Case(context.effect, context.roles or None, left=[context.doubt] if context.doubt else [])
    head, tail = text[:start].strip(), text[end:].strip()
    head = _marked(head, case, parser, legend)
    if head and not _is_paraphrase(head, tool) and not _names(head.strip(" :-"), case, parser, roles):
        return None
    for clause in _clauses(tail):
        parts = re.split(r":\s+", clause)
        if _clause(clause, case, parser, tool, lexicon, roles):
            continue
        if len(parts) < 2 or not all(_clause(part, case, parser, tool, lexicon, roles) for part in parts):
            return None
    if case.roles is not None and context.doubt.startswith("what stands under "):
        case.left.remove(context.doubt)  # the line itself says for whom
    if case.left:
        return None
    if not case.effect and case.roles is None:
        return None
    rules, note = rules_of_case(case, (tool,), lexicon, statement.text)
    made = Reading(statement, rules, note)
    return None if made.status in ("open", "narrowed") else made


def _marked(head: str, case: Case, parser: EntryParser, legend: dict[str, str]) -> str:
    """Take the mark of a line into its case, such as a box or a sign, and return the rest of what stands before the tool."""
    if box := _BOX.match(head):
        said = box.group("said").strip().lower()
        effect = legend.get(said, "") or ("" if said in ("x", "") else verdict_of(said))
        if effect:
            case.effect = parser.both(case.effect, effect)
        return head[box.end() :] if effect or case.effect else head
    if mark := _LEAD.match(head + " "):
        sign = mark.group("mark")
        effect = legend.get(sign.lower(), "") or (effect_in(sign).effect if not effect_in(sign).rest else "")
        if effect:
            case.effect = parser.both(case.effect, effect)
            return (head + " ")[mark.end() :].strip()
    return head.lstrip("-*\u2022> ")


def _is_paraphrase(head: str, tool: str) -> bool:
    """Tell whether what stands before a tool in brackets says the same in words: `order linen (order_linen)`."""
    said, own = set(words_for(head)), set(words_for(tool))
    return bool(said & own) and len(head.split()) <= 6 and not is_ruling(head)


def _clauses(tail: str) -> list[str]:
    kept = re.sub(
        r"\"[^\"]*\"|`[^`]*`|'[^'\s][^']*'",
        lambda m: m.group().replace(",", "\x00").replace(";", "\x01").replace(".", "\x02").replace(" ", "\x03"),
        tail,
    )
    kept = re.sub(r"^[\s.:;,=\u2013\u2014\u2192>|-]+", "", kept)
    parts = re.split(
        r"\s*;\s+|\.\s+|\.$|\s+[\u2013\u2014\u2192-]>?\s+|,\s+(?=(?:but|only|not|no|at|up|max|maximum|with|after|once|and only|any|in|for|from)\b|[\w\x03]+\s+(?:\"|`))|\s+\((?=\w)",
        kept,
    )
    back = (
        p.replace("\x00", ",").replace("\x01", ";").replace("\x02", ".").replace("\x03", " ").strip(" ,.;)")
        for p in parts
    )
    return [p for p in back if p]


def _names(text: str, case: Case, parser: EntryParser, roles: frozenset[str]) -> bool:
    """Read a clause that is whose it is; tell whether it is that."""
    plain = _MAY.sub("", _FOR.sub("", text.strip(" .:*")))
    plain = re.sub(r"\b(?:all|every|the|any|both|a|an)\b ", "", plain, flags=re.IGNORECASE).strip(" :*`")
    names = [n.strip(" `*\"'") for n in re.split(r"\s*(?:,|\+|&|/|\band\b|\bor\b)\s*", plain) if n.strip()]
    if not names or not all(
        n.lower() in roles | {"everyone", "everybody", "anyone", "anybody"} or is_role_word(n) for n in names
    ):
        return False
    if case.roles is not None:
        return False
    case.roles = parser.names([n.lower() for n in names], case)
    return True


def _clause(clause: str, case: Case, parser: EntryParser, tool: str, lexicon: Lexicon, roles: frozenset[str]) -> bool:
    """Read one clause behind the name of a tool; tell whether it is understood."""
    if _names(clause, case, parser, roles):
        case.effect = case.effect or ALLOW
        return True
    if _DENIED.fullmatch(clause):
        case.effect = parser.both(case.effect, DENY) if case.effect != ALLOW else DENY
        return True
    if _NO_LIMIT.fullmatch(clause):
        return True
    if case.effect == DENY:
        return is_reason(clause, (tool,), lexicon)  # why it is denied
    found = texts(tool, clause, lexicon)
    if found:
        case.wants.append(("limits", clause, False))
        case.effect = case.effect or ALLOW
        return True
    # `community managers, up to 30 days`, `planners up to 40 percent`
    for match in re.finditer(r",?\s+", clause):
        if _names_only(clause[: match.start()], roles) and case.roles is None:
            rest = clause[match.end() :]
            if texts(tool, rest, lexicon):
                _names(clause[: match.start()], case, parser, roles)
                case.wants.append(("limits", rest, False))
                case.effect = case.effect or ALLOW
                return True
    if (_APPROVED.fullmatch(clause) or consents(clause)) and not re.search(
        r"\b(?:not|never|no|unless|except|without|above|over|if)\b|\d", clause, re.IGNORECASE
    ):
        case.effect = parser.both(case.effect, ASK)
        return True
    return False


def _names_only(text: str, roles: frozenset[str]) -> bool:
    plain = _MAY.sub("", _FOR.sub("", text.strip(" .:*")))
    names = [n.strip(" `*\"'").lower() for n in re.split(r"\s*(?:,|\+|&|/|\band\b|\bor\b)\s*", plain) if n.strip()]
    return bool(names) and all(n in roles or is_role_word(n) for n in names)


def placed(reading: Reading, lexicon: Lexicon, before: list[Reading]) -> Reading:
    """Return an open line that names one tool as being about it, and what follows such a line on the same line too.

    How far it reaches is for `scope_of` to say: a sentence of its own about something else reaches as far as anywhere.
    """
    statement = reading.statement
    if reading.status != "open" or statement.beside:
        return reading
    tool, _ = tool_of(statement.text, lexicon)
    said: tuple[str, ...] = (tool,) if tool else ()
    if not said and before and before[-1].statement.line == statement.line:
        last = before[-1].statement
        named = tool_of(last.text, lexicon)[0]
        said = (named,) if named else last.beside
    return replace(reading, statement=replace(statement, beside=said)) if said else reading
