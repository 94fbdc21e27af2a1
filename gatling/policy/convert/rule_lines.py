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

A name that is no role grants to nobody; so a name on its own is taken for one where the line grants, and never where it denies. A line
that denies all calls of a tool beside one that allows some of them to the same people says what becomes of the others: whether the
first or the last match counts, those are denied anyway.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from gatling.policy.convert.claims import tools_meant
from gatling.policy.convert.comments import Comment
from gatling.policy.convert.constraints import texts
from gatling.policy.convert.entries import Case, rules_of_case, verdict_of
from gatling.policy.convert.lines import roles_of_line
from gatling.policy.language.keys import ALLOW, ASK, DENY, NOT_ROLES, ROLE_KEYS
from gatling.policy.language.lexicon import Lexicon, role_names
from gatling.policy.language.nature import is_default, is_ruling
from gatling.policy.language.statement import NativeRule, Reading, Statement, review
from gatling.schema.words import split_words

_MAX_TOKENS = 40
_MARK = re.compile(r"^\s*(#|--|//|;|!)+(?=\s|$)")
_TOKEN = re.compile(r"\"[^\"]*\"|'[^']*'|\([^()]*\)|[^\s,]+(?:,[^\s,]+)*")
_ALIAS = re.compile(
    r"(?:(?P<kind>[A-Za-z]+)_Alias\s+|(?:set|let|define|alias)\s+)(?P<name>\w+)\s*=\s*(?P<items>.+)", re.IGNORECASE
)
_GIVEN = re.compile(r"\s(?:where|if|when|only if|provided)\s+(?P<said>.+)$", re.IGNORECASE)
_APPROVED = re.compile(
    r"\b(?:with|after|upon|pending|needs|requires)\s+(?:an?\s+|prior\s+|human\s+)?(?:approval|review|confirmation|consent|sign-?off|ok)"
    r"(?:\s+(?:by|of|from)\s+[\w.@-]+)?",
    re.IGNORECASE,
)
_COMPARED = re.compile(r"(?P<key>[A-Za-z][\w.-]*)(?P<how><=|>=|==|!=|=|<|>|:)(?P<value>.+)", re.DOTALL)
_RANGE = re.compile(r"(?P<least>-?\d+(?:\.\d+)?)?(?::|\.\.)(?P<most>-?\d+(?:\.\d+)?)?")
_GIVEN_TO = re.compile(r"%?[\w@.-]+\s+(?:ALL|\w+(?:,\w+)*)\s*=\s*[^=<>]")
"""`%clerk ALL = read_file`: who, where, and what; without a tag it may be called."""
_BETWEEN = re.compile(r"([A-Za-z][\w.]*)\s+between\s+(-?\d+(?:\.\d+)?)\s+and\s+(-?\d+(?:\.\d+)?)", re.IGNORECASE)
_FREE = re.compile(r"no[-_]?(?:ask|asking|passw(?:or)?d|approval|confirm|confirmation|review|prompt)", re.IGNORECASE)
_ASKED = re.compile(r"passw(?:or)?d|queue", re.IGNORECASE)
_WHO = ROLE_KEYS | frozenset("r u g to from for by user-agent uid owner source agent %".split())
_TOOL_OPTIONS = frozenset("tool tools op operation function action command call t c".split())
_NOISE = frozenset("rule rules tool tools on any all * - | -> => = : the".split())
_ALL = frozenset(("all", "*", "any", "everyone", "public", "everybody"))
_REST = _ALL | frozenset(
    "/ /* default on in of tools tool from to policy else other others everything input output forward gate rule".split()
)
_ENDS = frozenset("begin commit end eof".split())
_NAME = re.compile(r"[A-Za-z][\w.:/-]*")


@dataclass
class _Line:
    """One line and what its tokens are."""

    number: int
    text: str
    tools: list[str] = field(default_factory=list)
    case: Case = field(default_factory=Case)
    names: list[str] = field(default_factory=list)
    """Names on their own."""
    of_all: bool = False
    is_weak: bool = False
    """Whose it is stands behind a word that may say something else: `by cheque`."""
    own: list[str] = field(default_factory=list)
    """The tools that it names, before the rest of it is read."""


class _Lines:
    """Reads the lines of one list."""

    def __init__(self, text: str, lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        self.comments: list[Comment] = []
        self.aliases: dict[str, tuple[str, list[str]]] = {}
        self.bodies = self._split(text)
        self.legend: dict[str, str] = {}
        for comment in list(self.comments):
            found, is_whole = _legend(comment.text)
            self.legend |= found
            if is_whole:
                self.comments.remove(comment)
        self.shared = self._shared()
        self.columns = self._columns()

    def _split(self, text: str) -> list[tuple[int, str]]:
        """Return the lines that say something, without their comments, which are kept."""
        lines = text.splitlines()
        marks = {m.group(1) for line in lines if (m := _MARK.match(line))}
        behind = re.compile(rf"\s(?:{'|'.join(map(re.escape, sorted(marks)))})+\s+(.*)$") if marks else None
        found: list[tuple[int, str]] = []
        for number, line in enumerate(lines, 1):
            if whole := _MARK.match(line):
                self._say(number, line[whole.end() :], is_behind=False)
                continue
            hidden = re.sub(r"\"[^\"]*\"|'[^']*'", lambda m: "_" * len(m.group()), line)
            match = behind.search(hidden) if behind else None
            if match:
                self._say(number, line[match.start(1) :], is_behind=True)
            body = (line[: match.start()] if match else line).strip().rstrip(";").strip()
            if body:
                found.append((number, re.sub(r"\s*,\s*", ",", body)))
        return found

    def _say(self, number: int, text: str, *, is_behind: bool) -> None:
        said = text.strip(" #-/;!")
        if any(map(str.isalnum, said)):
            self.comments.append(Comment(number, said, number, is_behind=is_behind))

    def _shared(self) -> frozenset[str]:
        """Return the tokens that nearly all lines begin with, and a line without a tool too: the command, its chain. In `clerk yes pay`
        the clerk says for whom a line is, however many lines begin so."""
        heads: Counter[str] = Counter()
        others: set[str] = set()
        for _, body in self.bodies:
            tokens = _TOKEN.findall(body)
            if any(map(self.tools_of, tokens)):
                heads.update(set(tokens[:3]))
            else:
                others.update(tokens)
        least = 0.6 * sum(1 for _ in self.bodies)
        return frozenset(
            token
            for token, count in heads.items()
            if count > 2
            and count >= least
            and (token in others or re.fullmatch(r"-[A-Z]", token))
            and not (self.verdict(token) or is_ruling(token) or self.lexicon.exact(token) or token.lstrip("-") in _WHO)
        )

    def _columns(self) -> list[str]:
        """Return what a comment above the first line calls its columns."""
        first = self.bodies[0][0] if self.bodies else 0
        for comment in reversed([c for c in self.comments if c.line < first and not c.is_behind]):
            cells = re.split(r"\s{2,}|\t", comment.text)
            words = {w for cell in cells for w in split_words(cell)}
            if (
                len(cells) > 2
                and words & {"tool", "command", "commands", "action", "operation"}
                and words & (ROLE_KEYS | {"verdict", "effect"})
            ):
                self.comments.remove(comment)
                return cells
        return []

    def verdict(self, token: str) -> str:
        plain = token.strip("()[]<>:").strip()
        if _FREE.fullmatch(plain):
            return ALLOW
        return self.legend.get(plain.lower(), "") or verdict_of(plain) or (ASK if _ASKED.fullmatch(plain) else "")

    def tools_of(self, token: str) -> list[str]:
        """Return the tools that a token names, or an alias does; none if any of it names another thing."""
        found: list[str] = []
        for part in token.split(","):
            items = self.aliases[part][1] if part in self.aliases else [part]
            if "*" in part and re.fullmatch(r"[\w*]*[A-Za-z][\w*]*", part):
                items = list(tools_meant(part, self.lexicon)) or items
            exact = [
                self.lexicon.exact(item) if _NAME.fullmatch(item) else "" for item in (i.strip("\"'`") for i in items)
            ]
            if not all(exact):
                return []
            found += exact
        return found

    def read(self, number: int, body: str, roles: tuple[str, ...] | None) -> _Line | None:
        """Read one line; what is not understood of it is left over in its case."""
        line = _Line(number, body)
        line.case.roles = roles
        given = _GIVEN.search(body)
        head = body[: given.start()] if given else body
        line.own = [tool for token in _TOKEN.findall(head) for tool in self.tools_of(token.strip("\"'"))]
        if asked := _APPROVED.search(head):
            head = f"{head[: asked.start()]} {head[asked.end() :]}"
            line.case.effect = ASK
        head = re.sub(r"(?<=[\w*])\s*(<=|>=|==|!=|<|>|=)\s*(?=[\w(\"'*@-])", r"\1", head)
        tokens = _TOKEN.findall(head)
        if len(tokens) > _MAX_TOKENS:
            return None
        bounds: list[tuple[str, Any, bool]] = []
        place = 0
        while place < len(tokens):
            place += self._token(tokens, place, line, bounds)
        if _GIVEN_TO.match(body) and not line.case.effect:
            line.case.effect = ALLOW
        if not line.tools and line.of_all:
            line.tools = list(self.lexicon.names)
        if given:
            said = re.sub(r"\b(NOT IN|IN|AND|OR|IS)\b", lambda m: m.group().lower(), given.group("said"))
            if between := _BETWEEN.fullmatch(said):
                name, least, most = between.groups()
                bounds.append((name, {">=": _number(least), "<=": _number(most)}, False))
            elif line.tools and all(texts(tool, said, self.lexicon) for tool in line.tools):
                line.case.wants.append(("limits", said, False))
            else:
                line.case.left.append(said)
        line.case.wants += bounds
        return line

    def _token(self, tokens: list[str], place: int, line: _Line, bounds: list[tuple[str, Any, bool]]) -> int:
        """Read one token, and return how many were read."""
        token = tokens[place]
        plain = token.strip("\"'")
        following = tokens[place + 1].strip("\"'") if place + 1 < len(tokens) else ""
        lower = plain.lower().rstrip(":")
        compared = _COMPARED.fullmatch(plain.lstrip("-"))
        if tools := self.tools_of(plain):
            line.tools += tools
        elif plain.startswith("!") and (plain[1:].lower() in _ALL or self.tools_of(plain[1:])):
            line.case.effect = DENY
            line.tools += self.tools_of(plain[1:]) or list(self.lexicon.names)
        elif plain.startswith("-") and plain in self.shared and following in self.shared:
            return 2  # `-A CHAIN`, as in every line
        elif lower in ("-", "|", "=", "->", "=>", ":") or (
            plain in self.shared and (not plain.startswith("-") or following.startswith("-"))
        ):
            return 1
        elif plain.startswith("-") and len(plain) > 1 and plain.lstrip("-")[:1].isalpha() and not compared:
            key = plain.lstrip("-").lower()
            if not following or following.startswith("-"):
                line.case.left.append(plain)
                return 1
            self._member(key, following, line, bounds)
            return 2
        elif said := self.verdict(plain):
            line.case.effect = (
                said if line.case.effect in ("", said) else DENY if DENY in (said, line.case.effect) else ASK
            )
        elif lower in ("to", "on", "in", "at", "under") and re.search(r"[/@*]|\.[a-z]{2,}", following):
            bounds.append(("to" if lower == "to" else "", following.split(","), False))
            return 2
        elif lower in _WHO and following and not compared:
            line.is_weak = True
            self._member("role", following, line, bounds)
            return 2
        elif plain[:1] in "%@" and _NAME.fullmatch(plain[1:]):
            self._member("role", plain[1:], line, bounds)
        elif (
            compared
            and compared.group("how") in ("=", ":")
            and (self.verdict(value := compared.group("value")) or self.tools_of(value) or value.startswith("!"))
        ):
            self._token([compared.group("key")], 0, line, bounds)
            self._token([value], 0, line, bounds)
        elif compared and not plain.startswith("http"):
            how, value = compared.group("how"), compared.group("value").strip("\"'()")
            if how in ("=", ":", "=="):
                self._member(compared.group("key").lower(), value, line, bounds)
            elif how == "!=":
                bounds.append((compared.group("key"), value.split(","), True))
            else:
                bounds.append((compared.group("key"), {how: value}, False))
        elif plain in self.aliases:
            kind, items = self.aliases[plain]
            if kind in _WHO:
                self._member("role", ",".join(items), line, bounds)
            else:
                bounds.append((kind, items, False))
        elif lower in _ALL:
            line.of_all = line.of_all or plain.isupper() or plain == "*"
        elif lower in _NOISE:
            return 1
        elif re.match(r"https?://|/", plain) or ("*" in plain and re.search(r"[./@]", plain)):
            bounds.append(("", [_below(part) for part in plain.split(",")], False))
        elif re.fullmatch(r"-?\d+(?:\.\d+)?", plain) and place < len(self.columns):
            bounds.append((self.columns[place], plain, False))
        elif re.fullmatch(r"-?\d+(?:\.\d+)?", plain) and (label := _label(tokens[0])):
            bounds.append((label, plain, False))
        elif place == 0 and _label(token):
            return 1
        elif _NAME.fullmatch(plain):
            line.names.append(plain)
        else:
            line.case.left.append(plain)
        return 1

    def _is_parameter(self, key: str, line: _Line) -> bool:
        name = key.replace("-", "_").lower()
        return any(
            p.name.lower() == name
            for tool in line.own
            if (spec := self.lexicon.specs.get(tool))
            for p in spec.parameters
        )

    def _member(self, key: str, value: str, line: _Line, bounds: list[tuple[str, Any, bool]]) -> None:
        """Read an option with its value."""
        words = set(split_words(key)) or {key}
        if (key in _TOOL_OPTIONS or words <= _TOOL_OPTIONS) and (tools := self.tools_of(value)):
            line.tools += tools
        elif value in ("*", "any") and key not in _WHO:
            return
        elif self._is_parameter(key, line):
            found = _RANGE.fullmatch(value) if value.strip(":.") else None
            limits = {">=": found.group("least"), "<=": found.group("most")} if found else {}
            said = {k: _number(v) for k, v in limits.items() if v is not None}
            if value != "*":
                bounds.append(
                    (
                        key.replace("-", "_"),
                        said if found and not value.lstrip("-").isdigit() else value.split(","),
                        False,
                    )
                )
        elif key in _WHO or words <= ROLE_KEYS:
            names = [n for n in value.split(",") if n]
            if line.case.roles is not None or not all(_NAME.fullmatch(n) or n.lower() in _ALL for n in names):
                line.case.left.append(f"{key} {value}")
            else:
                is_all = any(n.lower() in _ALL for n in names)
                line.case.roles = () if is_all else tuple(form for n in names for form in role_names(n))
        elif (said := self.verdict(value)) and len(key) <= 8 and not line.case.effect and not is_ruling(key):
            line.case.effect = said
        elif len(key) < 2:
            line.case.left.append(f"{key} {value}")
        else:
            bounds.append((key.replace("-", "_"), value.split(","), False))


def _below(place: str) -> str:
    """Return an address with what lies below it, where it is written as a folder."""
    return f"{place}*" if re.match(r"https?://", place) and place.endswith("/") else place


def _number(text: str) -> float | int:
    return float(text) if "." in text else int(text)


def _legend(text: str) -> tuple[dict[str, str], bool]:
    """Return the words that a comment explains, and whether it says no more: `run = go ahead / wait = a person must confirm`."""
    found: dict[str, str] = {}
    parts = re.split(r"\s+/\s+|[;,|]\s+", re.sub(r"^\w+:\s+", "", text))
    for part in parts:
        match = re.fullmatch(r"\W*([A-Za-z]{2,12})\s*=\s*(.{2,60})", part.strip(" ."))
        said = match.group(2) if match else ""
        effect = ASK if _WAITS.fullmatch(said) else verdict_of(said)
        if match and effect:
            found[match.group(1).lower()] = effect
    return found, 0 < len(found) == len(parts)


_WAITS = re.compile(
    r"(?:an? |the )?(?:[\w'-]+ ){1,3}(?:has to|must|needs to|will|should)?\s?(?:first )?(?:confirms?|approves?|agrees?|decides?|say yes|says yes|looks?|looks at it|sign|signs)"
    r"(?: (?:first|it|off|at it|each time|before))*",
    re.IGNORECASE,
)
"""`a person must confirm`, `data steward has to say yes`: who is asked, and nothing else."""


def _label(token: str) -> str:
    """Return the name of a bound that a line begins with: `Max-size-kb:`."""
    name = token.rstrip(":")
    return (
        name.replace("-", "_")
        if token.endswith(":") and set(split_words(name)) & {"max", "min", "maximum", "minimum"}
        else ""
    )


def _is_rest(body: str, lines: _Lines) -> bool:
    """Tell whether a line without a tool says that the rest is denied: `:DEFAULT DROP`, `REVOKE ALL ON ALL TOOLS FROM PUBLIC`."""
    tokens = [t.strip(":;") for t in body.split() if t not in lines.shared]
    said = [lines.verdict(t) if t.lower() not in _REST else "" for t in tokens]
    others = [
        t for t, s in zip(tokens, said, strict=True) if not s and not t.startswith("-") and t.lower() not in _REST
    ]
    return is_default(body) or (said.count(DENY) == 1 and len(set(said)) <= 2 and len(others) <= ("-P" in tokens))


def _is_quiet(body: str, lines: _Lines) -> bool:
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
    lines = _Lines(text, lexicon)
    readings: list[Reading | _Line] = []
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
    found = [line for line in readings if isinstance(line, _Line)]
    _take_names(found)
    understood = [line for line in found if not line.case.left and (line.case.effect or line.case.wants)]
    if len(understood) < least or 2 * len(understood) < len(lines.bodies) - len(lines.aliases):
        return None
    return [r if isinstance(r, Reading) else _written(r, found, lexicon) for r in readings], lines.comments


def _take_names(lines: list[_Line]) -> None:
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


def _written(line: _Line, lines: list[_Line], lexicon: Lexicon) -> Reading:
    """Return the rules of a line."""
    statement = Statement(line.number, line.text)
    tools = tuple(dict.fromkeys(line.tools))
    case = line.case
    if not case.effect and not case.wants:
        return Reading(statement, (review(line.text, "no form that is read", tools),))
    if case.effect == DENY and not case.wants and not case.left:
        beside = [
            other
            for other in lines
            if other.case.effect in (ALLOW, ASK)
            and set(other.case.roles or ()) & set(case.roles or other.case.roles or ())
        ]
        spared = {tool for other in beside if other.case.wants for tool in other.tools}
        whole = {tool for other in beside if not other.case.wants for tool in other.tools}
        tools = tuple(t for t in tools if t not in spared or t in whole)
        if not tools:
            return Reading(statement, is_part=True)
    rules, note = rules_of_case(case, tools, lexicon, line.text)
    return Reading(statement, rules, note)


__all__ = ["read_rule_lines"]
