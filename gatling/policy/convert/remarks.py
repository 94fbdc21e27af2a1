"""What comments say, each read as a remark about what it is attached to: the entry whose line it ends, or above which it stands."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from gatling.policy.convert.account import is_mere_permission
from gatling.policy.convert.comments import Comment
from gatling.policy.convert.constraints import NEGATIVE
from gatling.policy.convert.entries import verdict_of
from gatling.policy.convert.legends import is_legend
from gatling.policy.convert.meta import read_any
from gatling.policy.language.administration import is_administrative
from gatling.policy.language.concern import tools_of
from gatling.policy.language.keys import ASK, DENY
from gatling.policy.language.lexicon import Lexicon
from gatling.policy.language.nature import is_remark
from gatling.policy.language.provenance import is_provenance
from gatling.policy.language.scope import consents, is_label, is_reason, is_sentence, touches_others
from gatling.policy.language.sentences import read_sentence
from gatling.policy.language.statement import Reading, Statement, review
from gatling.policy.source import DataPath, PolicySource
from gatling.schema.arguments import walk
from gatling.schema.words import split_words


@dataclass(frozen=True, slots=True)
class Attachment:
    """What a comment is attached to."""

    tools: tuple[str, ...] = ()
    """Those that the entry is about; none where the comment stands by itself."""
    members: tuple[tuple[str, Any], ...] = ()
    """Keys and values of the line that it ends."""


Attached = Callable[[Comment], Attachment]


def nowhere(_: Comment) -> Attachment:
    return Attachment()


_NOT_ONE = re.compile(
    r"(?:no|not|never|without)\s+(?:the |a |any )?(?P<a>[\w'-]+)\b.*|(?P<b>[\w'-]+) (?:is|are) not\b.*", re.IGNORECASE
)
_SAYS_MORE = re.compile(
    r"\b(?:must|may|only|shall|except|unless|if|when|until|before|after|ask|approv\w*|confirm\w*|sign\w*|and no|nor)\b|\d",
    re.IGNORECASE,
)
_OF_BOUNDS = frozenset(
    "up to at most more less than over above below under it that this just does do ask asks first and or then the a needs need approval confirmation "
    "max min maximum minimum limit is are not never no without only by itself alone beyond what s each per call free automatic automatically wait waits "
    "percent eur euros usd gb mb kb hours minutes days units pieces".split()
)


def repeats(text: str, at: Attachment, lexicon: Lexicon) -> bool:
    """Tell whether a remark says again what the line that it ends says anyway.

    | the line | the remark |
    | --- | --- |
    | takes something out (`never_under`, `deny_paths`) | why, or for whom it is there |
    | lists what is allowed | that something else is not (`no tiktok, we had trouble`) |
    | asks | who consents (`the table owner signs`) |
    | bounds | the same numbers, and words of bounds alone (`up to 50 it just does it`) |
    """
    is_alone = not touches_others(text, at.tools, lexicon)
    for key, value in at.members:
        words = set(split_words(key))
        if verdict_of(key) == DENY or (verdict_of(value) == ASK and consents(text)):
            return is_reason(text, at.tools, lexicon)
        items = [str(v).lower() for v in (value if isinstance(value, list) else [value])]
        numbers = set(re.findall(r"\d+(?:\.\d+)?", text))
        if value is None:
            continue
        if words & NEGATIVE and not isinstance(value, (bool, int, float)):
            return not numbers and is_alone
        match = _NOT_ONE.fullmatch(text.strip(" ."))
        if match and isinstance(value, list) and not words & NEGATIVE:
            name = (match.group("a") or match.group("b")).lower()
            is_other = not any(name in item for item in items) and set(tools_of(name, lexicon)) <= set(at.tools)
            return is_other and not _SAYS_MORE.search(text)
        said = {w for w in split_words(text) if w.isalpha()}
        if numbers and numbers <= set(items) and said <= _OF_BOUNDS:
            return True
    return False


def remarks(comments: Iterable[Comment], lexicon: Lexicon, attached: Attached = nowhere) -> Iterator[Reading]:
    """Read what comments say: they forbid and bound as any other sentence, and grant nothing."""
    for comment in comments:
        at = attached(comment) if lexicon.is_closed else Attachment()
        beside = at.tools
        for sentence in re.split(
            r"(?<=[.!?;])(?<!\brev\.)(?<!\bSt\.)(?<!\bSr\.)(?<!\bDr\.)(?<!\bMr\.)(?<!\be\.g\.)(?<!\bi\.e\.)(?<!\b[A-Z]\.)\s+",
            comment.text,
        ):
            statement = Statement(comment.line, sentence.strip(" ;"), beside=beside, is_comment=not comment.is_text)
            if not any(c.isalnum() for c in sentence):
                continue
            if lexicon.is_closed and not beside and is_provenance(statement.text, lexicon):
                yield Reading(statement, is_part=True)
                continue
            if is_legend(sentence) or is_remark(statement.text) or is_administrative(statement.text, lexicon):
                yield Reading(statement, is_part=True)
                continue
            if beside and not is_sentence(statement.text) and repeats(statement.text, at, lexicon):
                yield Reading(statement, is_part=True)
                continue
            if beside and not comment.is_behind and is_label(statement.text, beside, lexicon):
                yield Reading(statement, is_part=True)
                continue
            if beside and not is_sentence(statement.text):
                yield Reading(statement, (review(statement.text, "a remark beside a rule"),))
                continue
            reading = read_any(statement, lexicon) if lexicon.is_closed else read_sentence(statement, lexicon)
            kept = tuple(
                r for r in reading.rules if (r.kind != "grant" or r.is_exclusive) and not is_mere_permission(r)
            )
            granted = len(kept) < len(reading.rules)
            said = replace(reading.statement, is_comment=statement.is_comment)
            yield replace(
                reading,
                statement=said,
                rules=kept,
                note=reading.note or ("a comment grants nothing" if granted else ""),
            )


def attached_in_tree(source: PolicySource, lexicon: Lexicon, text: str, readings: Iterable[Reading]) -> Attached:
    """Attach comments to the entries of a tree, by the lines of its parts."""
    read = _tools_by_line(readings)
    paths: dict[int, list[DataPath]] = {}
    for path, line in source.lines.items():
        paths.setdefault(line, []).append(path)
    nodes = dict(walk(source.data))
    lines = text.splitlines()

    def tools_at(path: DataPath) -> tuple[str, ...]:
        for size in range(len(path), 0, -1):
            head = path[size - 1]
            if isinstance(head, str) and (exact := lexicon.exact(head)):
                return (exact,)
            node = nodes.get(path[:size])
            members = node.items() if isinstance(node, dict) else ()
            found: list[str] = []
            for _, value in members:
                items = value if isinstance(value, list) else [value]
                named = [lexicon.exact(i) if isinstance(i, str) else "" for i in items]
                found += named if named and all(named) else []
            if found:
                return tuple(dict.fromkeys(found))
            if isinstance(node, str) and (exact := lexicon.exact(node)):
                return (exact,)
        return ()

    def tools_on(line: int) -> tuple[str, ...]:
        found = tuple(dict.fromkeys(tool for path in paths.get(line, ()) for tool in tools_at(path)))
        return found or read.get(line, ())

    def is_empty(line: int) -> bool:
        return not 0 < line <= len(lines) or not lines[line - 1].strip()

    def attached(comment: Comment) -> Attachment:
        if comment.is_behind:
            found = ((path[-1], nodes.get(path)) for path in paths.get(comment.line, ()) if path)
            stated = [(k, v) for k, v in found if isinstance(k, str) and v is not None]
            stated += [
                pair for _, v in stated if isinstance(v, dict) for pair in v.items() if isinstance(pair[1], list)
            ]
            members = tuple((k, v) for k, v in stated if not isinstance(v, dict))
            return Attachment(tools_on(comment.line), members)
        following = comment.last + 1
        while not is_empty(following) and following not in paths:
            following += 1
        if not is_empty(following):
            denials = tuple((path[-1], None) for path in paths[following] if path and isinstance(path[-1], str))
            return Attachment(tools_on(following), denials)
        return Attachment(
            tools_on(comment.line - 1) if not is_empty(comment.line - 1) else ()
        )  # the last line of a block

    return attached


def attached_in_lines(readings: list[Reading], text: str) -> Attached:
    """Attach comments to the line, the row or the sentence that they end or stand above."""
    tools = _tools_by_line(readings)

    def attached(comment: Comment) -> Attachment:
        return Attachment(tools.get(comment.line if comment.is_behind else comment.last + 1, ()))

    return attached


def _tools_by_line(readings: Iterable[Reading]) -> dict[int, tuple[str, ...]]:
    tools: dict[int, tuple[str, ...]] = {}
    for reading in readings:
        found = [t for rule in reading.rules for t in rule.tools if t != "*"]
        tools[reading.statement.line] = tuple(dict.fromkeys((*tools.get(reading.statement.line, ()), *found)))
    return tools
