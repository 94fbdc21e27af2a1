"""What comments say, each read as a remark about what it is attached to: the entry whose line it ends, or above which it stands."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from gatling.policy.convert.account import is_mere_permission
from gatling.policy.convert.comments import Comment
from gatling.policy.convert.meta import is_legend, read_any
from gatling.policy.language.lexicon import Lexicon
from gatling.policy.language.nature import is_remark
from gatling.policy.language.scope import is_administrative, is_sentence
from gatling.policy.language.sentences import read_sentence
from gatling.policy.language.statement import Reading, Statement, review
from gatling.policy.source import DataPath, PolicySource
from gatling.schema.arguments import walk

Attached = Callable[[Comment], tuple[str, ...]]
"""Answers which tools the entry is about that a comment is attached to; none where it stands by itself."""


def nowhere(_: Comment) -> tuple[str, ...]:
    return ()


def remarks(comments: Iterable[Comment], lexicon: Lexicon, attached: Attached = nowhere) -> Iterator[Reading]:
    """Read what comments say: they forbid and bound as any other sentence, and grant nothing."""
    for comment in comments:
        beside = attached(comment) if lexicon.is_closed else ()
        for sentence in re.split(r"(?<=[.!?;])\s+", comment.text):
            statement = Statement(comment.line, sentence.strip(" ;"), beside=beside)
            if not any(c.isalnum() for c in sentence):
                continue
            if is_legend(sentence) or is_remark(statement.text) or is_administrative(statement.text, lexicon):
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
            yield replace(reading, rules=kept, note=reading.note or ("a comment grants nothing" if granted else ""))


def attached_in_tree(source: PolicySource, lexicon: Lexicon, text: str) -> Attached:
    """Attach comments to the entries of a tree, by the lines of its parts."""
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
        return tuple(dict.fromkeys(tool for path in paths.get(line, ()) for tool in tools_at(path)))

    def is_empty(line: int) -> bool:
        return not 0 < line <= len(lines) or not lines[line - 1].strip()

    def attached(comment: Comment) -> tuple[str, ...]:
        if comment.is_behind:
            return tools_on(comment.line)
        following = comment.last + 1
        while not is_empty(following) and following not in paths:
            following += 1
        if not is_empty(following):
            return tools_on(following)
        return tools_on(comment.line - 1) if not is_empty(comment.line - 1) else ()  # the last line of a block

    return attached


def attached_in_lines(readings: list[Reading], text: str) -> Attached:
    """Attach comments to the line, the row or the sentence that they end or stand above."""
    tools: dict[int, tuple[str, ...]] = {}
    for reading in readings:
        found = [t for rule in reading.rules for t in rule.tools if t != "*"]
        tools[reading.statement.line] = tuple(dict.fromkeys((*tools.get(reading.statement.line, ()), *found)))

    def attached(comment: Comment) -> tuple[str, ...]:
        return tools.get(comment.line if comment.is_behind else comment.last + 1, ())

    return attached
