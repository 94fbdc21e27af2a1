"""Comments as notes: what a person may say once of a document, that its comments are no rules.

A comment is what the notation says is one (`#`, `;`, `//`, `<!-- -->`), and a member of a record that only describes it (`_comment`,
`note`, `reason`). Prose of a text, docstrings, attributes that a page shows and cells of tables are none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Literal

from gatling.errors import InputError
from gatling.policy.convert.comments import Comment
from gatling.policy.convert.legends import is_legend
from gatling.policy.language.statement import NativeRule, Reading, Statement
from gatling.schema.words import split_words

Comments = Literal["items", "notes"]
"""What becomes of comments: items where they may restrict, or notes that say nothing of calls."""
TAKEN = "a comment, taken for a note as --comments notes says"
_COMMENT = frozenset(("comment", "comments"))
_NOTE = _COMMENT | frozenset(("note", "notes", "remark", "remarks"))
_DESCRIBING = _NOTE | frozenset(
    "reason reasons why because rationale explanation justification motivation description".split()
)


def check_comments(comments: str) -> None:
    """Raises: InputError, if it is not one of `Comments`."""
    if comments not in ("items", "notes"):
        raise InputError(f"comments may be items or notes, and not {comments!r}")


def is_comment_member(key: str, text: str) -> bool:
    """Tell whether a member of an entry comments on it. One word may be a rule: `reason: required`."""
    words = _words(key)
    return bool(words) and words <= _DESCRIBING and (words <= _COMMENT or len(text.split()) > 1)


def marked(readings: Iterable[Reading]) -> Iterator[Reading]:
    """Mark what members of a tree only comment, beside those of entries.

    What a `_comment` or a `_why` says grants nothing. A `note` is a comment if no rule came of it; a `description` of no entry is none,
    as there are policies whose rules stand in such members.
    """
    for reading in readings:
        statement = reading.statement
        key = statement.above[-1] if statement.above else ""
        value = statement.text if statement.value is None else statement.value
        said = value if isinstance(value, list) else [value]
        is_named_so = key.startswith("_") or _words(key) <= _COMMENT
        is_one = bool(key) and (is_named_so or _words(key) <= _NOTE)
        if not is_one or not all(isinstance(item, str) and is_comment_member(key, item) for item in said):
            yield reading
            continue
        if is_named_so or all(rule.kind == "review" for rule in reading.rules):
            kept = tuple(rule for rule in reading.rules if not _grants(rule))
            note = reading.note or ("" if len(kept) == len(reading.rules) else "a comment grants nothing")
            reading = replace(reading, statement=replace(statement, is_comment=True), rules=kept, note=note)
        yield reading


def _words(key: str) -> set[str]:
    return {word for word in split_words(key) if word.isalnum()}


def _grants(rule: NativeRule) -> bool:
    return (rule.kind == "grant" and not rule.is_exclusive) or (rule.kind == "default" and rule.value != "deny")


def noted(readings: Iterable[Reading]) -> Iterator[Reading]:
    """Take what is marked as a comment for a note."""
    for reading in readings:
        is_note = reading.statement.is_comment
        yield Reading(reading.statement, note=TAKEN, is_part=True, is_noted=True) if is_note else reading


def notes_of(comments: Iterable[Comment]) -> Iterator[Reading]:
    """Take comments of the notation for notes; a legend of marks is still one."""
    for comment in comments:
        if not any(map(str.isalnum, comment.text)):
            continue
        is_key = is_legend(comment.text)
        statement = Statement(comment.line, comment.text, is_comment=not is_key)
        yield from [Reading(statement, is_part=True)] if is_key else noted([Reading(statement)])
