"""GraphQL: a mutation to what its fields do, by their names: `mutation { deleteUser(id: 1) { id } }` deletes.

A document that cannot be taken apart, or a mutation with fragments, is not understood. One pass over the tokens.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gatling.tools.derive import effect_of
from gatling.tools.programs.action import MAX_ACTIONS, Action, Does, NotUnderstood, shortened

_TOKEN = re.compile(
    r'"""(?:[^"]|"(?!""))*+"""|"(?:[^"\\\n]|\\.)*+"|#[^\n]*+|[A-Za-z_]\w*+|\.\.\.|[{}()\[\]:@$!=|&]|[-\d][\w.+-]*+|[\s,\ufeff]++'
)
_DOES: dict[str, Does] = {
    "read": "reads",
    "write": "writes",
    "delete": "deletes",
    "send": "sends",
    "admin": "administers",
}
_BRACKETS = {")": "(", "]": "[", "}": "{"}


def of_graphql(text: str) -> list[Action]:
    """Return what the mutations of a document do. Raises: NotUnderstood."""
    found: list[Action] = []
    tokens = list(_tokens(text))
    opened: list[str] = []
    kind = ""
    for before, token, behind in zip(["", *tokens], tokens, [*tokens[1:], ""], strict=False):
        if token in "{([":
            opened.append(token)
        elif token in _BRACKETS:
            if not opened or opened.pop() != _BRACKETS[token]:
                raise NotUnderstood("brackets that do not match")
        elif not opened and token in ("mutation", "query", "subscription", "fragment"):
            kind = token
        elif opened == ["{"] and kind == "mutation":
            if token == "...":
                raise NotUnderstood("fragments of a mutation")
            if (token[0].isalpha() or token[0] == "_") and behind != ":" and before != "@":
                found.append(_of_field(token))
                if len(found) > MAX_ACTIONS:
                    raise NotUnderstood("too many fields")
    if opened or not found:
        raise NotUnderstood("a document that is not read")
    return found


def _tokens(text: str) -> Iterator[str]:
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise NotUnderstood("a sign that is not read")
        at = match.end()
        if not match.group()[0].isspace() and match.group()[0] not in ",#\ufeff":
            yield match.group()


def _of_field(name: str) -> Action:
    effect, _ = effect_of(name)
    # A mutation changes something, whatever its name says.
    does = "writes" if effect == "read" else _DOES[effect]
    return Action(does, shortened(f"mutation {name}"), command=("mutation", name))
