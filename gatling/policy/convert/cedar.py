"""Cedar policies: they stay as they are. What their authors say beside the language is read as everywhere else.

Cedar heeds neither comments nor annotations: `@approval("branch manager")` above a `permit` grants without anybody's approval. So a
comment is a remark about the policy that it stands above or in, and an annotation that may say who, when or whether is an item to
decide about the policy that it stands on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gatling.policy.convert.comments import Comment
from gatling.policy.convert.remarks import Attached, Attachment
from gatling.policy.language.statement import NativeRule, Reading, Statement, review

_DESCRIBING = frozenset(("id", "name", "title", "description", "doc"))
"""Annotations that say which policy it is."""
_UNHEEDED = "Cedar does not heed what an annotation says"
# A text without an end goes on to the end, so that no quote in it is tried again.
_PART = re.compile(
    r"""//[^\n]*|"(?:[^"\\]|\\.)*+"?|@(?P<name>\w+)(?:\s*\(\s*"(?P<value>(?:[^"\\]|\\.)*+)"\s*\))?|"""
    r"""Action::"(?P<action>(?:[^"\\]|\\.)*+)"|(?P<end>;)|(?P<word>\w+)"""
)


@dataclass(frozen=True, slots=True)
class _Policy:
    first: int
    last: int
    actions: tuple[str, ...]
    annotations: tuple[tuple[int, str, str], ...]
    """Line, name and value of each."""


def read_cedar(text: str) -> list[Reading]:
    """Return the policies as one member of the native format, and an item for each annotation that may restrict."""
    whole = Statement(1, "Cedar policies, as they stand")
    found = [Reading(whole, (NativeRule("member", key="cedar", value=text, reason="cedar"),))]
    for policy in _policies(text):
        for line, name, value in policy.annotations:
            if name.lower() not in _DESCRIBING:
                said = Statement(line, f"@{name}: {value}" if value else f"@{name}", beside=policy.actions)
                found.append(Reading(said, (review(said.text, _UNHEEDED, policy.actions),)))
    return found


def attached_in_cedar(text: str) -> Attached:
    """Attach comments to the policy that they stand in, or right above."""
    by_line: dict[int, tuple[str, ...]] = {}
    for policy in _policies(text):
        by_line |= dict.fromkeys(range(policy.first, policy.last + 1), policy.actions)

    def attached(comment: Comment) -> Attachment:
        return Attachment(by_line.get(comment.line) or by_line.get(comment.last + 1, ()))

    return attached


def _policies(text: str) -> Iterator[_Policy]:
    first = 0
    actions: list[str] = []
    annotations: list[tuple[int, str, str]] = []
    line, place = 1, 0
    for part in _PART.finditer(text):
        line += text.count("\n", place, part.start())
        place = part.start()
        if part["name"] or part["word"] or part["action"] is not None:
            first = first or line
        if part["name"]:
            annotations.append((line, part["name"], part["value"] or ""))
        elif part["action"] is not None:
            actions.append(part["action"])
        elif part["end"]:
            yield _Policy(first or line, line, tuple(dict.fromkeys(actions)), tuple(annotations))
            first, actions, annotations = 0, [], []
