"""Markdown and plain text: headings, bullets, tables and sentences, each with its line."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator
from typing import Any

from gatling.policy.language import keys
from gatling.policy.language.deeds import OBJECTS, deed_of
from gatling.policy.language.grammar import ROLE_NOUNS, form_of, who_of
from gatling.policy.language.lexicon import Lexicon, is_tool_name, names_in, role_names
from gatling.policy.language.statement import Context, Statement
from gatling.policy.source import DataPath, PolicySource
from gatling.schema.words import split_words, stem
from gatling.tools.naming import singular

_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+(.+?)\s*#*$")
_BULLET = re.compile(r"^\s*(?:[-*+\u2022]|\(?\d{1,3}[.)]|\(?[a-z]\)|\[[ xX]\])\s+(?:\[[ xX]\]\s+)?(.+)$")
_ROW = re.compile(r"^\s*\|(.+)\|\s*$")
_RULER = re.compile(r"^[\s|:=-]+$")
_SENTENCE_END = re.compile(r"(?<=[.!?;])(?<!e\.g\.)(?<!i\.e\.)(?<!max\.)(?<!min\.)\s+(?=[A-Z`*\"'(])")
_PLAIN = frozenset(
    "policy policies rule rules general overview scope purpose introduction notes note tools tool limits limit access "
    "control guidelines guideline agent assistant permissions security governance the of for and a to what our basics "
    "principles details other misc safety".split()
)
_DONE = re.compile(
    r"(?:what |things |actions |tools )?(?:the )?(?P<who>[\w ]{0,40}?)\s*\b(?P<modal>"
    r"must not|may not|can not|cannot|can't|should not|must never|may never|never|"
    r"do not|don't|don'ts?|may only|may|can|dos?|is allowed to|are allowed to|is not allowed to|"
    r"are not allowed to)(?: do| use| call| access)?:?",
    re.IGNORECASE,
)

_FOR_PEOPLE = frozenset(("description", "comment", "notes", "reason", "why", "purpose"))


def statements_of(text: str, lexicon: Lexicon) -> Iterator[Statement | tuple[Statement, dict[str, Any]]]:
    """Yield the statements of a text; the row of a table comes as a pair, with what its columns say."""
    context = Context()
    header: list[str] = []
    fence = is_item = False
    waiting: list[tuple[int, str]] = []

    def paragraph() -> Iterator[Statement]:
        if waiting:
            yield from _sentences(list(waiting), context)
            waiting.clear()

    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.rstrip()
        if line.lstrip().startswith("```"):
            yield from paragraph()
            fence = not fence
            continue
        if row := _ROW.match(line):
            yield from paragraph()
            cells = [cell.strip().strip("`*_ ") for cell in row.group(1).split("|")]
            if _RULER.match(line):
                continue
            if not header:
                header = cells
                yield Statement(number, line.strip(), Context(), "heading")
                continue
            quoted = Statement(number, " ".join(line.split()), context)
            yield quoted, dict(zip(header, cells, strict=False))
            continue
        header = []
        if not line.strip():
            yield from paragraph()
            continue
        heading = _HEADING.match(line)
        label = None if heading or fence else re.fullmatch(r"\s*(?:\*\*)?([^:.`]{2,80}):(?:\*\*)?\s*", line)
        if heading or label:
            yield from paragraph()
            title = re.sub(r"[*_`]{1,2}", "", (heading or label).group(1))  # type: ignore[union-attr]
            outer = Context(roles=context.roles) if label else Context()
            is_title = bool(heading) and raw.lstrip().startswith("# ")
            context = heading_context(title, outer, is_title=is_title)
            yield Statement(number, line.strip(), Context(), "heading")
            continue
        bullet = _BULLET.match(line)
        if bullet or fence or re.match(r"\s*(?:allow|deny|permit|forbid|block)\b", line, re.IGNORECASE):
            yield from paragraph()
            waiting.append((number, bullet.group(1) if bullet else line.strip()))
            is_item = bullet is not None
            continue
        if waiting and raw[:1] not in (" ", "\t") and is_item:
            yield from paragraph()
            context = Context(roles=context.roles, doubt=context.doubt) if context.effect else context
        is_item = is_item and bool(waiting)
        waiting.append((number, line.strip()))
    yield from paragraph()


def heading_context(title: str, outer: Context, *, is_title: bool = False) -> Context:
    """Return what a heading says of what stands below it: an effect, a role; or that what it means is not known."""
    text = title.strip().rstrip(":")
    words = split_words(text)
    done = _DONE.fullmatch(text)
    if done:
        modal = done.group("modal").lower()
        denies = "not" in modal or "n't" in modal or modal in ("cannot", "never") or "never" in modal
        return _with_who(done.group("who"), outer.with_(effect="deny" if denies else "allow"))
    if keys.is_plain_effect(" ".join(w for w in words if w not in _PLAIN)) and keys.effect_of_key(text):
        return outer.with_(effect=keys.effect_of_key(text))
    role = re.fullmatch(r"(?:roles?|for|group|profile)\s*:?\s+(.+)", text, re.IGNORECASE)
    if role and len(role.group(1).split()) <= 3:
        return _with_who(role.group(1), outer)
    if len(words) <= 3 and words and _noun(words[-1]) in ROLE_NOUNS - {"agent"}:
        return _with_who(text, outer)
    if is_title and not set(words) & keys.NOT_ROLES and not any(_noun(w) in ROLE_NOUNS - {"agent"} for w in words):
        return outer
    if all(w in _PLAIN or deed_of(w) or not w.isalpha() for w in words) or len(words) > 3 or _is_thing(words):
        return outer
    return outer.with_(doubt=f"what stands under {text} may be for some only")


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
    for part in _SENTENCE_END.split(text):
        at = text.find(part, place)
        place = at + len(part)
        line = numbers[bisect.bisect_right(starts, at) - 1]
        if part.strip():
            sentence = " ".join(part.split())
            if subject and (pronoun := re.match(r"(?:they|it|he|she|these)\b", sentence, re.IGNORECASE)):
                sentence = subject + sentence[pronoun.end() :]
            head = _SUBJECT.match(sentence)
            subject = head.group(1) if head else subject
            for clause in _clauses(sentence):
                yield Statement(line, clause, context)


_SUBJECT = re.compile(r"(.{1,80}?) (?:must|may|can|cannot|should|shall|is|are|never)\b")
_CLAUSE = re.compile(
    r"(?:,|;)? (?:but|however|yet|whereas)(?: also)? (?!not\b|never\b|only\b(?! \w+(?: \w+)? (?:may|can)\b))"
    r"|; |,? and (?=(?:must|may|can|cannot|should|shall|is|are)(?: not| never)? )"
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
            rest["approval"] = {"allow": True, "deny": False}.get(keys.effect_of_value(cell), cell)
        elif (
            keys.effect_of_key(header)
            or header.lower() in ("status", "effect", "verdict", "decision", "permission", "access", "rule")
        ) and keys.effect_of_value(cell):
            said = keys.effect_of_value(cell)
            if keys.effect_of_key(header) == keys.DENY:
                said = {"allow": "deny", "deny": ""}.get(said, said)
            rest["effect"] = said or rest.get("effect", "")
        elif keys.effect_of_value(cell) and split_words(header):
            matrix[header] = keys.effect_of_value(cell)
        elif header.lower() in _FOR_PEOPLE and not (keys.may_rule(header, cell) or re.search(r"\d", cell)):
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


__all__ = ["heading_context", "names_of_text", "role_names", "row_rules", "rows_source", "statements_of"]
