"""Rows of tables that name a tool in a cell: each other column says for whom, whether, of which argument and how much.

| column | its cells |
| --- | --- |
| `who`, `role` | whose the row is |
| `verdict`, `may?` | whether |
| `parameter`, `allowed_values`, `max` | one bound, in columns of its own; rows of one tool then bound it together |
| `limits`, `conditions`, `remark`, `fine print` | bounds as text, or a remark about the row |
| the name of a role | whether it may, as the legend says |
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from gatling.policy.convert.constraints import texts, wanted
from gatling.policy.convert.entries import Case, EntryParser, rules_of_case, verdict_of
from gatling.policy.convert.qualities import NOTHING, When
from gatling.policy.convert.record_words import (
    APPROVAL,
    EFFECT,
    EVERYBODY,
    INNER,
    LIMITS,
    NO_APPROVAL,
    NOTE,
    WHO,
    is_role_word,
)
from gatling.policy.language import keys
from gatling.policy.language.administration import is_administrative
from gatling.policy.language.effects import effect_in
from gatling.policy.language.keys import ALLOW, ASK, DENY
from gatling.policy.language.lexicon import Lexicon
from gatling.policy.language.nature import is_remark
from gatling.policy.language.scope import is_reason
from gatling.policy.language.statement import NativeRule, Reading, Statement, review
from gatling.schema.words import split_words

_EFFECT_COLUMNS = EFFECT | frozenset("may can ok okay allowed verdict call what is it".split())
_FIELD_COLUMNS = frozenset("parameter param argument field arg attribute".split())
_VALUE_COLUMNS = frozenset("allowed values value one of options permitted only accepted list".split())
_MOST_COLUMNS = frozenset("max maximum upper most at limit cap ceiling highest".split())
_LEAST_COLUMNS = frozenset("min minimum lower least at lowest".split())
_TEXT_COLUMNS = (
    LIMITS
    | INNER
    | NOTE
    | frozenset(
        "conditions condition fine print details detail scope only constraint extra further bounds unless where how much".split()
    )
)
_COUNTED = re.compile(r"[\d.,]+ ?[A-Za-z%]+")
"""`60 minutes` below a heading that says that it is the most."""
_REST = re.compile(
    r"\*?\s*\(?(?:anything|everything|all|any|all the|the) (?:else|other\w*|rest|remaining)[\w ]*\)?|the rest|other tools?|others|\*",
    re.IGNORECASE,
)
_APPROVER = re.compile(
    r"(?:->|\u2192|=>|by|with|from|ask)?\s*(?:the |an? )?(?P<who>[A-Za-z][\w' -]{1,40})", re.IGNORECASE
)
_CONSENT = re.compile(
    r"(?:four eyes|two people|second (?:person|pair of eyes)|dual control|in writing|first)", re.IGNORECASE
)


@dataclass
class _Row:
    """The cells of a row, by what their columns say."""

    who: list[tuple[str, str]] = field(default_factory=list)
    effects: list[str] = field(default_factory=list)
    roles: list[tuple[str, str]] = field(default_factory=list)
    bounds: dict[str, str] = field(default_factory=dict)
    texts: list[tuple[str, str]] = field(default_factory=list)
    values: list[tuple[str, str]] = field(default_factory=list)


def read_entry_row(
    row: dict[str, str],
    statement: Statement,
    lexicon: Lexicon,
    roles: frozenset[str],
    legend: dict[str, str],
    approving: frozenset[str] = frozenset(),
) -> list[Reading] | None:
    """Read a row that names one tool, or the rest of them; None if it is no such row, or a column of it is of no known kind.

    Args:
        approving: marks of those who approve what others in their row may do.
    """
    cells = {header: re.sub(r"^`|`$|</?code>", "", (cell or "").strip()).strip() for header, cell in row.items()}
    named = [(h, tool) for h, c in cells.items() if (tool := lexicon.exact(re.sub(r"\(\)$", "", c)))]
    if len(named) != 1:
        return _rest(cells, statement, legend)
    head, tool = named[0]
    said = _sorted({h: c for h, c in cells.items() if h != head and c}, tool, lexicon, legend)
    if said is None or tool not in lexicon.specs:
        return None
    parser = EntryParser(lexicon, roles, legend)
    context = statement.context
    base = Case(context.effect, context.roles or None, left=[context.doubt] if context.doubt else [])
    for header, cell in said.who:
        if base.roles is not None:
            base.left.append(header)
        base.roles = parser.names(cell, base)
    for effect in said.effects:
        base.effect = parser.both(base.effect, effect)
    cases = [base]
    if said.roles:
        cases = []
        is_asked = any(cells[header].lower() in approving for header, _ in said.roles)
        for header, effect in said.roles:
            effect = ASK if is_asked and effect == ALLOW else effect
            one = base.copy()
            one.left += [header] if one.roles is not None else []
            one.roles = parser.names(header, one)
            one.effect = parser.both(one.effect, effect)
            cases.append(one)
    remarks: list[str] = []
    require = _by_field(said.bounds, tool, lexicon)
    if require is None:
        for one in cases:
            one.left += [f"{h} {c}" for h, c in said.bounds.items()]
    for one in cases:
        one.wants += [(h, c, False) for h, c in said.values]
    for header, cell in said.texts:
        remarks += _text(header, cell, cases, tool, lexicon)
    rules: list[NativeRule] = []
    notes: list[str] = []
    for one in cases:
        made, note = rules_of_case(one, (tool,), lexicon, statement.text)
        rules += made
        notes += [note] if note else []
        if require and one.effect != DENY:
            rules.append(NativeRule("requirement", (tool,), one.roles or (), require=require))
    found = [Reading(replace(statement, beside=(tool,)), tuple(rules), "; ".join(dict.fromkeys(notes)))]
    is_denied = all(one.effect == DENY for one in cases)
    for text in remarks:
        if is_denied and is_reason(text, (tool,), lexicon):
            continue  # why it is denied
        found.append(
            Reading(Statement(statement.line, text, beside=(tool,)), (review(text, "a remark beside a rule"),))
        )
    return found


def _rest(cells: dict[str, str], statement: Statement, legend: dict[str, str]) -> list[Reading] | None:
    """Read the row of what no other row names: it is denied; None if it says anything else."""
    said = [c for c in cells.values() if c]
    effects = [legend.get(c.lower(), "") or verdict_of(c) for c in said]
    left = [
        c for c, e in zip(said, effects, strict=True) if not e and not _REST.fullmatch(c) and c.lower() not in EVERYBODY
    ]
    if any(map(_REST.fullmatch, said)) and DENY in effects and set(effects) <= {DENY, ""} and not left:
        return [Reading(statement, (NativeRule("default", value="deny"),))]
    return None


def _sorted(cells: dict[str, str], tool: str, lexicon: Lexicon, legend: dict[str, str]) -> _Row | None:
    found = _Row()
    for header, cell in cells.items():
        words = {w for w in split_words(header) if w.isalnum()}
        effect = legend.get(cell.lower(), "") or verdict_of(cell) or _marked(cell)
        if words & APPROVAL and words <= APPROVAL | {"required", "needed", "by", "of", "needs"}:
            if cell.lower() not in NO_APPROVAL:
                found.effects.append(DENY if effect == DENY else ASK)
        elif words and words <= _EFFECT_COLUMNS and effect:
            found.effects.append(effect)
        elif words & (keys.ROLE_KEYS | WHO) and words <= keys.ROLE_KEYS | WHO | {"may", "it", "allowed", "permitted"}:
            found.who.append((header, cell))
        elif words and words <= _FIELD_COLUMNS:
            found.bounds["field"] = cell
        elif words and words <= _MOST_COLUMNS and re.fullmatch(r"[\d.,]+", cell):
            found.bounds["max"] = cell
        elif words and words <= _MOST_COLUMNS | LIMITS and words & _MOST_COLUMNS and _COUNTED.fullmatch(cell):
            found.texts.append((header, f"at most {cell}"))
        elif words and words <= _LEAST_COLUMNS and re.fullmatch(r"[\d.,]+", cell):
            found.bounds["min"] = cell
        elif words and words <= _VALUE_COLUMNS and len(words) > 1:
            found.bounds["in"] = cell
        elif not words or words & _TEXT_COLUMNS:
            if cell.lower() not in NOTHING:
                found.texts.append((header, cell))
        elif wanted(tool, header, cell, lexicon):
            found.values.append((header, cell))
        elif effect:
            found.roles.append((header, effect))
        else:
            return None
    return found


def _marked(cell: str) -> str:
    said = effect_in(cell)
    return said.effect if not said.rest else ""


def _by_field(bounds: dict[str, str], tool: str, lexicon: Lexicon) -> When | None:
    """Return what columns for one parameter want of it; nothing where they are empty, None if they are not understood."""
    name = bounds.get("field", "")
    if not bounds:
        return {}
    if not name or len(bounds) < 2:
        return None
    result: When = {}
    for key in ("min", "max", "in"):
        if key in bounds:
            value = re.split(r"\s*[|,;]\s*", bounds[key]) if key == "in" else float(bounds[key].replace(",", ""))
            one = wanted(tool, name, {key: value}, lexicon)
            if not one:
                return None
            for argument, said in one.items():
                result.setdefault(argument, {}).update(said)
    return result


def _text(header: str, cell: str, cases: list[Case], tool: str, lexicon: Lexicon) -> list[str]:
    """Read a cell of text into the cases of its row; return what of it is a remark about the row."""
    if all(one.effect == DENY for one in cases):
        return [] if is_remark(cell, key=header) or is_administrative(cell, lexicon) else [cell]
    parts = [part.strip() for part in re.split(r"\s*;\s*|\s*(?:->|\u2192|=>)\s*", cell) if part.strip()]
    plain = [p for p in parts if not _is_approver(p)]
    is_asked = any(one.effect == ASK for one in cases)
    text = "; ".join(plain) if is_asked else cell
    found: When | None = {} if is_asked and not plain else texts(tool, text, lexicon)
    if found is None and (is_remark(cell, key=header) or is_administrative(cell, lexicon)):
        return []
    if found is None:
        for one in cases:
            if one.effect != DENY:
                one.left.append(cell)
        return [cell]
    for one in cases:
        if one.effect != DENY and found:
            one.wants.append(("limits", text, False))
    return []


def _is_approver(text: str) -> bool:
    match = _APPROVER.fullmatch(text)
    return bool(_CONSENT.fullmatch(text)) or (
        match is not None and is_role_word(match.group("who")) and len(text.split()) <= 4
    )
