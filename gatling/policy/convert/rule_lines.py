"""Lists of one rule a line, in whatever system's words: each token of a line is of a kind, or the line is not understood.

    -A -r analyst -j ACCEPT --tool export_csv --rows 0:10000    # options
    GRANT print_label TO picker WHERE printer IN ('Z1', 'Z2');  -- words
    %webmaster WEB = (NOASK) LOOK, KICK                         # aliases
    -   keeper   run   switch_lamp   lamp=mast,bow              # columns
    Allow: edit_page /news/                                     # below `Role: editor`

| a token | is |
| --- | --- |
| the name of a tool, of an alias of tools, `ALL` | what may be called |
| a word of verdicts, or one that a legend explains | whether |
| behind `to`, `from`, `-r`, `role=`, `%`, `@`, or a name on its own | who: at most one of these |
| `name=value`, `name<=30`, `--rows 0:100`, a path, what stands behind `where` | within which bounds |
| what nearly every line has, `*`, `-` | nothing |

A name that is no role grants to nobody; so a name on its own is taken for one where the line grants, and never where it denies. Deny wins,
with one exception: where the first match decides, a line that denies all calls of a tool below one that allows some of them to the same
people says what becomes of the others.
"""

from __future__ import annotations

import re

from gatling.policy.convert.comments import Comment
from gatling.policy.convert.entries import rules_of_case
from gatling.policy.convert.lines import roles_of_line
from gatling.policy.convert.rule_tokens import EVERYTHING, RuleLine, RuleTokens
from gatling.policy.language.keys import ALLOW, ASK, DENY, NOT_ROLES, ROLE_KEYS
from gatling.policy.language.lexicon import Lexicon, role_names
from gatling.policy.language.nature import is_default, is_ruling
from gatling.policy.language.statement import NativeRule, Reading, Statement, review
from gatling.schema.words import split_words

_ALIAS = re.compile(
    r"(?:(?P<kind>[A-Za-z]+)_Alias\s+|(?:set|let|define|alias)\s+)(?P<name>\w+)\s*=\s*(?P<items>.+)", re.IGNORECASE
)
_REST = EVERYTHING | frozenset(
    "/ /* default on in of tools tool from to policy else other others everything input output forward gate rule".split()
)
_ENDS = frozenset("begin commit end eof".split())


def _is_rest(body: str, lines: RuleTokens) -> bool:
    """Tell whether a line without a tool says that the rest is denied: `:DEFAULT DROP`, `REVOKE ALL ON ALL TOOLS FROM PUBLIC`."""
    tokens = [t.strip(":;") for t in body.split() if t not in lines.shared]
    said = [lines.verdict(t) if t.lower() not in _REST else "" for t in tokens]
    others = [
        t for t, s in zip(tokens, said, strict=True) if not s and not t.startswith("-") and t.lower() not in _REST
    ]
    return is_default(body) or (said.count(DENY) == 1 and len(set(said)) <= 2 and len(others) <= ("-P" in tokens))


def _is_quiet(body: str, lines: RuleTokens) -> bool:
    """Tell whether a line only declares a role, or names the list: `CREATE ROLE picker`, `*agent`, `COMMIT`."""
    words = split_words(body)
    plain = [w for w in words if w.isalnum()]
    if is_ruling(body) or set(plain) & NOT_ROLES or any(map(lines.verdict, body.split())):
        return False
    if len(body.split()) == 3 and plain[0] in ("create", "add", "define", "new") and plain[1] in ROLE_KEYS:
        return True
    return len(plain) == 1 and (body.startswith("*") or plain[0] in _ENDS)


def read_rule_lines(text: str, lexicon: Lexicon, *, least: int = 3) -> tuple[list[Reading], list[Comment]] | None:
    """Return what the lines of a list are, and its comments; None if it is no list of rules of tools that are known.

    Args:
        least: lines that must be understood.
    """
    if not lexicon.names:
        return None
    lines = RuleTokens(text, lexicon)
    readings: list[Reading | RuleLine] = []
    roles: tuple[str, ...] | None = None
    was_header = False
    for number, body in lines.bodies:
        statement = Statement(number, body)
        if alias := _ALIAS.fullmatch(body):
            items = [item for item in alias.group("items").split(",") if item]
            lines.aliases[alias.group("name")] = (alias.group("kind") or "").lower(), items
            readings.append(Reading(statement, is_part=True))
        elif (said := roles_of_line(body)) is not None:
            roles = (*roles, *said) if was_header and roles and said else said
            readings.append(Reading(statement, is_part=True))
            was_header = True
            continue
        elif _is_rest(body, lines):
            readings.append(Reading(statement, (NativeRule("default", value="deny"),)))
        elif (line := lines.read(number, body, roles)) is not None and line.tools:
            line.case.is_limit = not line.case.effect
            readings.append(line)
        elif _is_quiet(body, lines):
            readings.append(Reading(statement, is_part=True))
        else:
            readings.append(Reading(statement, (review(body, "no form that is read"),)))
        was_header = False
    found = [line for line in readings if isinstance(line, RuleLine)]
    _take_names(found)
    understood = [line for line in found if not line.case.left and (line.case.effect or line.case.wants)]
    if len(understood) < least or 2 * len(understood) < len(lines.bodies) - len(lines.aliases):
        return None
    return [
        r if isinstance(r, Reading) else _written(r, found, lexicon, is_first=lines.is_first) for r in readings
    ], lines.comments


def _take_names(lines: list[RuleLine]) -> None:
    """Take names on their own for roles where lines grant, and where they deny if they are roles of lines that grant."""
    granted: set[str] = set()
    for line in lines:
        if (
            line.case.effect in (ALLOW, ASK)
            and line.case.roles is None
            and len(line.names) == 1
            and not is_ruling(line.names[0])
            and not set(split_words(line.names[0])) & NOT_ROLES
        ):
            line.case.roles = role_names(line.names.pop())
        granted.update(line.case.roles or () if line.case.effect in (ALLOW, ASK) else ())
    for line in lines:
        if line.case.effect == DENY and line.is_weak and line.case.roles and not set(line.case.roles) & granted:
            line.case.roles = None
            line.case.left.append("whom it binds")
        if (
            line.case.effect == DENY
            and line.case.roles is None
            and len(line.names) == 1
            and role_names(line.names[0])[0] in granted
        ):
            line.case.roles = role_names(line.names.pop())
        line.case.left += line.names


def _written(line: RuleLine, lines: list[RuleLine], lexicon: Lexicon, *, is_first: bool) -> Reading:
    """Return the rules of a line."""
    statement = Statement(line.number, line.text)
    tools = tuple(dict.fromkeys(line.tools))
    case = line.case
    if not case.effect and not case.wants:
        return Reading(statement, (review(line.text, "no form that is read", tools),))
    if case.effect == DENY and (is_first or line.text.startswith("-A ")) and not case.wants and not case.left:
        same = [o for o in lines if o.case.effect in (ALLOW, ASK) and (o.case.roles or ()) == (case.roles or ())]
        spared = {tool for other in same if other.case.wants and other.number < line.number for tool in other.tools}
        whole = {tool for other in same if not other.case.wants for tool in other.tools}
        tools = tuple(t for t in tools if t not in spared or t in whole)
        if not tools:
            return Reading(statement, is_part=True)  # the others of these calls
    rules, note = rules_of_case(case, tools, lexicon, line.text)
    return Reading(statement, rules, note)
