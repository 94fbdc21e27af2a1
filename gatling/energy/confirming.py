"""What a user could say for a call that he did not ask for: the deed, the values that nobody stated, and where they were read.

    "Yes, send money: amount 40, recipient DE89.., as in bill.txt."

Said to the agent it is a request that states deed and values, and the call passes. The source is named by what the agent asked
for it with, never in words of the text itself, which whoever wrote it chose. A secret is named by what it is.
"""

from __future__ import annotations

from gatling.energy.facts import NodeFacts
from gatling.request.values import Value
from gatling.schema import PlanNode
from gatling.schema.arguments import dotted_leaves, leaf_text
from gatling.schema.words import split_words
from gatling.tools.programs.secrets import holds_secret, is_secret_name

_MAX_VALUES = 4
_MAX_CHARS = 80


def confirmation(node: NodeFacts, sources: dict[str, PlanNode]) -> str:
    """Return the sentence.

    Args:
        sources: the calls before, by id.
    """
    unasked = node.origins.unasked if node.origins is not None else ()
    values = unasked or tuple(v for v in node.values if v.kind in ("identity", "number", "short"))
    named = ", ".join(filter(None, map(_named, values[:_MAX_VALUES])))
    more = ", and the rest of the call" if len(values) > _MAX_VALUES else ""
    deed = " ".join(split_words(node.tool.name))
    where = _source(node, values, sources)
    return f"Yes, {deed}{': ' if named else ''}{named}{more}{f', as in {where}' if where else ''}."


def _named(value: Value) -> str:
    name = value.path.rpartition(".")[2]
    text = " ".join(leaf_text(value.value).split())
    if is_secret_name(name) or holds_secret(text):
        return f"the {name}"
    return f"{name} {text[:_MAX_CHARS]}" if len(text) <= _MAX_CHARS else f"{name} as it is in the call"


def _source(node: NodeFacts, values: tuple[Value, ...], sources: dict[str, PlanNode]) -> str:
    """Return what the values were read in: what the agent named when it read it, else the call that returned it."""
    if node.origins is None or not node.origins.unasked:
        return ""
    states = node.origins.states.sum(axis=1)
    if not states.max(initial=0.0):
        return ""
    source = node.origins.passages[int(states.argmax())].source or ""
    call = sources.get(source)
    if call is None:
        return "the text that you gave"
    names = (leaf_text(v) for _, v in dotted_leaves(call.arguments) if isinstance(v, str))
    return next(
        (n for n in names if 0 < len(n) <= _MAX_CHARS and "\n" not in n), f"what {call.tool_name} returned ({source})"
    )
