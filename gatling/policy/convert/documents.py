"""Markdown and plain text: headings, bullets, tables and sentences, each with its line."""

from __future__ import annotations

import bisect
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from gatling.policy.convert.legends import is_legend, is_legend_of_checks, legend_of
from gatling.policy.convert.tables import unique
from gatling.policy.language import keys
from gatling.policy.language.deeds import OBJECTS, deed_of, root
from gatling.policy.language.effects import effect_in
from gatling.policy.language.grammar import ROLE_NOUNS, form_of, who_of
from gatling.policy.language.lexicon import Lexicon, is_tool_name, names_in, role_names
from gatling.policy.language.nature import is_default, is_remark
from gatling.policy.language.statement import Context, Statement
from gatling.policy.language.times import MONTH
from gatling.policy.source import DataPath, PolicySource
from gatling.schema.words import split_words, stem
from gatling.tools.naming import singular

_HEADING = re.compile(
    r"^\s{0,3}(?:#{1,6}\s+(?P<a>.+?)\s*#*|={1,6}\s+(?P<b>[^=]+?)(?:\s+=+)?|\*\*(?P<c>[^*]{2,80})\*\*:?|__(?P<d>[^_]{2,80})__)$"
)
_BULLET = re.compile(
    r"^\s*(?:[-*+\u2022]|\(?\d{1,3}[.)]|\(?[a-z]\)|\[[ xX?~!*-]\]|(?:[A-Z]{1,2}[.-])?\d{1,3}(?:\.\d{1,3}){1,3}[.)]?|[A-Z]{1,2}[.-]\d{1,3}[.)]?)\s+"
    r"(?:\[[ xX?~!*-]\]\s+)?(.+)$"
)
_BOXED = re.compile(r"^\s*(?:[-*]\s+)?\[\s*[A-Z]{2,8}\s*\]\s+\S")
"""A line that starts with its verdict in a box."""
_ROW = re.compile(r"^\s*\|(.+)\|\s*$")
_BORDER = re.compile(
    r"\s*[.'`+,\u250c\u2514\u2560\u255a\u2554\u2500-]?[-=_\u2500\u2550]{10,}[.'`+,\u2510\u2518\u2557\u255d]?\s*"
)
_RULER = re.compile(r"^[\s|:=+-]+$")
SENTENCE_END = re.compile(
    r"(?<=[.!?;])(?<!e\.g\.)(?<!i\.e\.)(?<!max\.)(?<!min\.)(?<!\bSt\.)(?<!\bMr\.)(?<!\bMs\.)(?<!\bDr\.)(?<!\bInc\.)(?<!\bLtd\.)(?<!\bCo\.)(?<!\bca\.)(?<!\brev\.)(?<!\bSr\.)(?<!\b[A-Z]\.)\s+(?=[A-Z`*\"'(])"
)
_PLAIN = frozenset(
    "policy policies rule rules general overview scope purpose introduction notes note tools tool limits limit access "
    "control guidelines guideline agent assistant permissions security governance the of for and a to what our basics "
    "principles details other misc safety".split()
)
_HEADS = frozenset(
    "it itself alone always by that which are be do does done go ahead acts act after before first said says yes no light zone level things we "
    "you may must can this these here has have as any only on own off human person somebody someone somebody's them they their person's".split()
)
_MARKED = re.compile(r"^\s*(?P<a>[^\w\s].{1,60})$")


_COMMAND = re.compile(r"\s*(?:allow|deny|permit|forbid|block)\b", re.IGNORECASE)
_BRANCH = re.compile(r"^[\s\u2502|]*(?:[\u251c\u2514][\u2500-]+|[|`+]--+)\s*")
"""The branches of a tree that is drawn with characters."""
_STEP_TITLE = re.compile(r"\s*(?P<a>(?:feature|scenario|scenario outline|background|example)\s*:.*)$", re.IGNORECASE)


def _marks_of(lines: list[str]) -> dict[str, str]:
    """Return what boxes before items mean, as the text itself says: `x = go ahead, ? = ask, empty = no`."""
    if any(map(is_legend_of_checks, lines)):
        return {"x": "allow", " ": "deny"}
    found: dict[str, str] = {}
    for line in lines:
        if is_legend(line):
            found |= legend_of(line)
    for name in ("empty", "blank", "nothing"):
        if name in found:
            found[" "] = found[name]
    return found if "x" in found or "?" in found else {}


def _is_effect(line: str) -> bool:
    """Tell whether a line with a mark says nothing but an effect."""
    said = effect_in(re.sub(r"[*_]{2}", "", line))
    left = {w for w in split_words(said.rest) if w.isalnum()} - _PLAIN - _HEADS
    if said.effect == "ask":
        left = {w for w in left if singular(w) not in ROLE_NOUNS}
    return bool(said.effect) and not _BULLET.match(line) and not left


_DONE = re.compile(
    r"(?:what |things |actions |tools )?(?:the )?(?P<who>[\w ]{0,40}?)\s*\b(?P<modal>"
    r"must not|may not|can not|cannot|can't|should not|must never|may never|never|"
    r"do not|don't|don'ts?|may only|may|can|dos?|is allowed to|are allowed to|is not allowed to|"
    r"are not allowed to)(?: do| use| call| access)?:?",
    re.IGNORECASE,
)

_BEYOND = frozenset("over above beyond exceeding exceeded".split())
_FOR_PEOPLE = frozenset(("description", "comment", "notes", "reason", "why", "purpose"))


def statements_of(text: str, lexicon: Lexicon) -> Iterator[Statement | tuple[Statement, dict[str, Any]]]:
    """Yield the statements of a text; the row of a table comes as a pair, with what its columns say."""
    context = Context()
    things = (
        frozenset(root(w) for name in lexicon.names for w in split_words(name)) if lexicon.is_closed else frozenset()
    )
    lines = text.splitlines()
    marks = _marks_of(lines)
    header: list[str] = []
    fence = is_item = False
    waiting: list[tuple[int, str]] = []
    above: list[
        tuple[int, Context]
    ] = []  # items with items below them: how far each is indented, and what held where it stands

    def paragraph() -> Iterator[Statement]:
        if _is_list(waiting) or _is_commands(waiting):
            for line in waiting:
                yield from _sentences([line], context)
        elif waiting:
            yield from _sentences(list(waiting), context)
        waiting.clear()

    for number, raw in enumerate(lines, 1):
        line = raw.rstrip()
        following = lines[number] if number < len(lines) else ""
        if line.lstrip().startswith("```"):
            yield from paragraph()
            fence = not fence
            continue
        if (
            not fence
            and len(line) > 2
            and ((_RULER.match(line) and line.lstrip()[0] == "+") or _BORDER.fullmatch(line))
        ):
            continue  # a ruler of a table that is drawn
        if row := _ROW.match(line):
            yield from paragraph()
            cells = [cell.strip().strip("`*_ ") or cell.strip() for cell in row.group(1).split("|")]
            if _RULER.match(line):
                continue
            if not header:
                header = unique(cells)
                yield Statement(number, line.strip(), Context(), "heading")
                continue
            quoted = Statement(number, " ".join(line.split()), context)
            yield quoted, dict(zip(header, cells, strict=False))
            continue
        header = []
        if not line.strip():
            yield from paragraph()
            continue
        line = _BRANCH.sub("- ", line)
        line = re.sub(r"^\s*\.\. [a-z-]+::\s*", "", line)  # a directive of reStructuredText
        if (
            re.fullmatch(r"[=\-~^\"]{3,}", line) and waiting and len(waiting) == 1 and not is_item
        ):  # what is underlined is a heading
            at, title = waiting.pop()
            context = heading_context(title, Context(), is_title=line[0] == "=", things=things)
            yield _title(at, title, context)
            continue
        is_above = bool(_MARKED.match(line)) or bool(_BULLET.match(following) and line[:1].strip())
        heading = _HEADING.match(line) or _STEP_TITLE.match(line)
        if above and not raw[:1].isspace() and not _BULLET.match(line):
            yield from paragraph()
            context = above[0][1]
            above.clear()
        heading = heading or (re.match(r"\s*(.+)$", line) if not fence and is_above and _is_effect(line) else None)
        label = None if heading or fence else re.fullmatch(r"\s*(?:\*\*)?([^:.`]{2,80}):(?:\*\*)?\s*", line)
        if heading or label:
            yield from paragraph()
            found = heading or label
            assert found is not None
            title = re.sub(r"[*_`]{1,2}", "", next(group for group in found.groups() if group))
            outer = Context(roles=context.roles) if label else Context()
            is_title = bool(heading) and raw.lstrip().startswith(("# ", "= "))
            is_step = _STEP_TITLE.match(line) is not None
            context = Context() if is_step else heading_context(title, outer, is_title=is_title, things=things)
            yield _title(number, line.strip(), context)
            continue
        bullet = _BULLET.match(line)
        checked = re.match(r"\s*(?:[-*+]\s+)?\[([ xX?~!*-])\]\s", line) if marks else None
        if checked and checked.group(1).lower() in marks:
            yield from paragraph()
            was, context = context, context.with_(effect=marks[checked.group(1).lower()])
            assert bullet is not None
            yield from _sentences([(number, bullet.group(1))], context)
            context = was
            continue
        if _BOXED.match(line):
            yield from paragraph()
            waiting.append((number, line.strip()))
            is_item = True
            continue
        if bullet and not fence:
            yield from paragraph()
            indent = _indent(line)
            while above and above[-1][0] >= indent:
                context = above.pop()[1]
            if _BULLET.match(_BRANCH.sub("- ", following)) and _indent(following) > indent:
                above.append((indent, context))
                title = re.sub(r"[*_`]{1,2}", "", bullet.group(1))
                below = _below_item(title, context, things=things)
                if below.roles != context.roles or below.effect != context.effect:
                    context = below
                    yield _title(number, bullet.group(1), context)
                    continue
                yield from _sentences([(number, bullet.group(1))], context)
                context, is_item = below, False
                continue
        if bullet or fence or _COMMAND.match(line):
            yield from paragraph()
            waiting.append((number, bullet.group(1) if bullet else line.strip()))
            is_item = bullet is not None
            continue
        is_new = (
            bool(waiting)
            and not (raw[:1].islower() or raw[:1].isspace())
            and _COMMAND.match(waiting[-1][1])
            and not is_item
        )
        if is_new and not waiting[-1][1].endswith(",") and len(waiting) == 1:
            yield from paragraph()
        elif waiting and raw[:1] not in (" ", "\t") and is_item:
            yield from paragraph()
            context = Context(roles=context.roles, doubt=context.doubt) if context.effect else context
        is_item = is_item and bool(waiting)
        waiting.append((number, line.strip()))
    yield from paragraph()


def unlisted(
    statements: list[Statement | tuple[Statement, dict[str, Any]]],
) -> Iterator[Statement | tuple[Statement, dict[str, Any]]]:
    """Join a question for what is not named with its answer: `Not in this list? Then it is forbidden.`"""
    waiting: Statement | None = None
    for said in statements:
        if waiting is not None:
            text = said.text if isinstance(said, Statement) else ""
            joined = f"{waiting.text.strip(' =#*').rstrip('?')}, {text}"
            if text and is_default(joined):
                yield replace(waiting, text=joined, value=None, is_heading=False)
                waiting = None
                continue
            yield waiting
            waiting = None
        is_question = isinstance(said, Statement) and bool(
            re.fullmatch(r"[\W_]*not (?:\w+ ){0,4}\w+\?[\W_]*", said.text, re.IGNORECASE)
        )
        if isinstance(said, Statement) and is_question:
            waiting = said
        else:
            yield said
    if waiting is not None:
        yield waiting


def _title(number: int, text: str, context: Context) -> Statement:
    """Return a heading; one that says nothing of what stands below it is to be accounted for."""
    return Statement(number, text, Context(), "heading", is_heading=not (context.effect or context.roles))


_LINE = re.compile(r"[^\w\s]|[A-Z]|\d|\w+\s*(?:[:=]|->|=>)|\w*_\w+")


def _is_commands(lines: list[tuple[int, str]]) -> bool:
    """Tell whether lines in a row are commands of one list: nearly all start with the same word, and none ends as sentences do."""
    heads = Counter(text.split()[0] for _, text in lines if text.split())
    most = max(heads.values(), default=0)
    return (
        len(lines) > 2 and most >= 0.75 * len(lines) and not any(t.rstrip().endswith((".", ",", ";")) for _, t in lines)
    )


_STEP = re.compile(r"(?:scenario|given|when|then|and|but|if|else)\b", re.IGNORECASE)


def _is_list(lines: list[tuple[int, str]]) -> bool:
    """Tell whether lines in a row are a list without bullets: short, none going on with the sentence of the one before."""
    texts = [text for _, text in lines]
    return (
        len(texts) > 1
        and all(len(text) <= 64 and _LINE.match(text) for text in texts)
        and not any(_STEP.match(text) for text in texts)
        and not any(text.rstrip().endswith((",", ";", "and", "or", "the", "to", "of")) for text in texts[:-1])
        and sum(text.rstrip().endswith(".") for text in texts) in (0, len(texts))
    )


def heading_context(
    title: str, outer: Context, *, is_title: bool = False, things: frozenset[str] = frozenset()
) -> Context:
    """Return what a heading says of what stands below it: an effect, a role; or that what it means is not known."""
    text = MONTH.sub(" ", title).strip().rstrip(":")
    words = split_words(text)
    done = _DONE.fullmatch(text)
    if done:
        modal = done.group("modal").lower()
        denies = "not" in modal or "n't" in modal or modal in ("cannot", "never") or "never" in modal
        return _with_who(done.group("who"), outer.with_(effect="deny" if denies else "allow"))
    if keys.is_plain_effect(" ".join(w for w in words if w not in _PLAIN)) and keys.effect_of_key(text):
        return outer.with_(effect=keys.effect_of_key(text))
    said = effect_in(re.sub(r"^(?:level|tier|class|zone)\s+\w+\s*[:.-]?\s*", "", text, flags=re.IGNORECASE))
    if said.effect and not (set(split_words(said.rest)) - _PLAIN - _HEADS):
        return outer.with_(effect=said.effect)
    asks = re.fullmatch(
        r"(?:if|when|where|whenever) (?:an? |the |any )?(?P<who>[\w' -]{2,40}?) (?:asks?|requests?(?: it)?|wants (?:it|something))",
        text,
        re.IGNORECASE,
    )
    if asks:
        return _with_who(asks.group("who"), outer)
    role = re.fullmatch(r"(?:roles?|for|group|profile)\s*:?\s+(.+)", text, re.IGNORECASE)
    if role and len(role.group(1).split()) <= 3:
        return _with_who(role.group(1), outer)
    if len(words) <= 3 and words and _noun(words[-1]) in ROLE_NOUNS - {"agent"}:
        return _with_who(text, outer)
    if is_title and set(words) & {"agent", "assistant", "bot", "helper", "chatbot", "copilot"}:
        return outer
    if is_title and not set(words) & keys.NOT_ROLES and not any(_noun(w) in ROLE_NOUNS - {"agent"} for w in words):
        return outer
    if all(w in _PLAIN or deed_of(w) or not w.isalpha() for w in words) or len(words) > 3 or _is_thing(words):
        return outer
    if any(root(w) in things for w in words):
        return outer
    return outer.with_(doubt=f"what stands under {text} may be for some only")


def _below_item(title: str, outer: Context, *, things: frozenset[str]) -> Context:
    """Return what an item says of the items below it. One that is not read may say whom they are for."""
    found = heading_context(title, outer, things=things)
    words = split_words(title)
    is_read = found != outer or (len(words) <= 3 and (_is_thing(words) or any(root(w) in things for w in words)))
    return found if is_read else outer.with_(doubt=f"what stands under {title} may be for some only")


def _indent(line: str) -> int:
    plain = line.expandtabs(4)
    return len(plain) - len(plain.lstrip())


def _is_thing(words: list[str]) -> bool:
    return all(w in _PLAIN or any(stem(w) in group for group in OBJECTS) for w in words)


def _noun(word: str) -> str:
    return singular(word)


def _with_who(who: str, context: Context) -> Context:
    found = who_of(who)
    if not found.is_clear:
        return context.with_(doubt=f"whom {who.strip()} means is not clear")
    return context.with_(roles=found.roles or context.roles)


def _sentences(lines: list[tuple[int, str]], context: Context) -> Iterator[Statement]:
    """Yield the sentences of some lines in a row, each with the line that it starts on."""
    starts, numbers, length = [], [], 0
    for number, words in lines:
        starts.append(length)
        numbers.append(number)
        length += len(words) + 1
    text = " ".join(words for _, words in lines)
    place = 0
    subject = ""
    for part in SENTENCE_END.split(text):
        at = text.find(part, place)
        place = at + len(part)
        line = numbers[bisect.bisect_right(starts, at) - 1]
        if part.strip():
            sentence = " ".join(part.split())
            if subject and (pronoun := re.match(r"(?:they|it|he|she|these)\b", sentence, re.IGNORECASE)):
                sentence = subject + sentence[pronoun.end() :]
            head = _SUBJECT.match(sentence)
            subject = head.group(1) if head else subject
            own = re.search(
                r"\b(?:the|our|this) (?:[\w-]+ ){0,3}(?:agent|assistant|bot|helper)$", subject, re.IGNORECASE
            )
            subject = own.group() if own else subject
            for clause in [sentence] if _BOXED.match(sentence) else _clauses(sentence):
                yield Statement(line, clause, context)


_OWN = re.compile(r"(?:the|our|this) (?:[\w'\u2019-]+ ){0,3}(?:agent|assistant|bot|helper)\b", re.IGNORECASE)
_SUBJECT = re.compile(r"(.{1,80}?) (?:must|may|can|cannot|should|shall|is|are|never)\b")
_CLAUSE = re.compile(
    r"(?:,|;)? (?:but|however|yet|whereas)(?: also)? (?!not\b|never\b|only\b(?! \w+(?: \w+)? (?:may|can)\b))"
    r"|,? and (?=(?:it|they) (?:does|do) nothing else)|; |,? and (?=(?:it|they) (?:must|may|can|cannot|never|does not|do not|doesn't|don't) )|,? and (?=(?:must|may|can|cannot|should|shall|is|are)(?: not| never)? )"
)


def _clauses(sentence: str) -> list[str]:
    """Split a sentence where each part permits or forbids by itself; a part without a subject takes that of the one before."""
    parts = _CLAUSE.split(sentence)
    if len(parts) < 2:
        return [sentence]
    subject = ""
    found: list[str] = []
    for part in parts:
        text = part.strip(" ,")
        if re.match(r"(?:must|may|can|cannot|should|shall|is|are|never)\b", text):
            text = f"{subject} {text}"
        form = form_of(text)
        if form is None and not found and is_remark(text):
            found.append(text)  # `The helper answers questions about the house and can ..`
            subject = _OWN.match(text).group() if _OWN.match(text) else subject  # type: ignore[union-attr]
            continue
        if form is None or (not subject and found and text[:1] == " "):
            return [sentence]
        head = _SUBJECT.match(text)
        subject = head.group(1) if head else subject
        found.append(text)
    return found


def row_rules(row: dict[str, str]) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the rules that a row of a table states, as mappings, and the columns that are not read.

    A column may be the tool, an effect, roles, a limit; or a role, where its cells are effects.
    """
    columns = {
        header: cell
        for header, cell in row.items()
        if cell not in ("", "-", "\u2014", "n/a", "none", "any") or keys.effect_of_value(cell)
    }
    tool_key = next((h for h in row if keys.names_tools(h) or h.lower() in ("name", "operation")), next(iter(row), ""))
    tool = row.get(tool_key, "").strip("`")
    if not tool:
        return [], []
    rest: dict[str, Any] = {}
    matrix: dict[str, str] = {}
    for header, cell in columns.items():
        if header == tool_key:
            continue
        if keys.names_role(header):
            rest["roles"] = [part.strip() for part in re.split(r",|/|\band\b|&", cell) if part.strip()]
        elif keys.effect_of_key(header) == keys.ASK:
            if effect_in(cell).effect == keys.DENY and len(cell.split()) > 1 and not effect_in(cell).rest:
                rest["effect"] = "deny"  # `approval: never allowed`
            else:
                rest["approval"] = {"allow": True, "deny": False}.get(keys.effect_of_value(cell), cell)
        elif (
            keys.effect_of_key(header)
            or header.lower() in ("status", "effect", "verdict", "decision", "permission", "access", "rule")
        ) and keys.effect_of_value(cell):
            said = keys.effect_of_value(cell)
            if keys.effect_of_key(header) == keys.DENY:
                said = {"allow": "deny", "deny": ""}.get(said, said)
            rest["effect"] = said or rest.get("effect", "")
        elif keys.effect_of_value(cell) and split_words(header) and not _BEYOND.intersection(split_words(header)):
            matrix[header] = keys.effect_of_value(cell)
        elif header.lower() in _FOR_PEOPLE and is_remark(cell, key=header):
            continue
        else:
            rest[header.lower().replace(" ", "_")] = cell
    rest = {key: value for key, value in rest.items() if value != ""}
    names = [part.strip(" `") for part in tool.split(",")]
    if matrix:
        return [{"tool": names, "role": role, "effect": effect, **rest} for role, effect in matrix.items()], []
    return [{"tool": names, **rest}], []


def rows_source(rows: list[tuple[int, dict[str, Any]]]) -> PolicySource:
    """Return the rules of tables as data with lines."""
    data = {"rules": [rule for _, rule in rows]}
    lines: dict[DataPath, int] = {("rules", i): line for i, (line, _) in enumerate(rows)}
    return PolicySource(data, lines)


def names_of_text(text: str) -> list[str]:
    """Return the names of tools that stand anywhere in a text."""
    return [name for _, _, name in names_in(text) if is_tool_name(name)]


__all__ = ["heading_context", "names_of_text", "role_names", "row_rules", "rows_source", "statements_of", "unlisted"]
