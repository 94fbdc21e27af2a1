"""The tokens of lines of rules, each of a kind: a tool, a verdict, whose it is, a bound, noise, or left over."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from gatling.policy.convert.claims import tools_meant
from gatling.policy.convert.comments import Comment
from gatling.policy.convert.constraints import texts
from gatling.policy.convert.entries import Case, verdict_of
from gatling.policy.language.keys import ALLOW, ASK, DENY, ROLE_KEYS
from gatling.policy.language.lexicon import Lexicon, role_names
from gatling.policy.language.nature import is_ruling
from gatling.schema.words import split_words

_MAX_TOKENS = 40
_MARK = re.compile(r"^\s*(#|--|//|;|!)+(?=\s|$)")
_TOKEN = re.compile(r"\"[^\"]*\"|'[^']*'|\([^()]*\)|[^\s,]+(?:,[^\s,]+)*")
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
EVERYTHING = frozenset(("all", "*", "any", "everyone", "public", "everybody"))
_NAME = re.compile(r"[A-Za-z][\w.:/-]*")
_VERDICT_OPTIONS = frozenset("j jump effect verdict action decision then access result policy".split())
_FIRST = re.compile(r"\bfirst (?:match|row|rule|line|hit)|top to bottom", re.IGNORECASE)


@dataclass
class RuleLine:
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


class RuleTokens:
    """Reads the lines of one list."""

    def __init__(self, text: str, lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        self.comments: list[Comment] = []
        self.aliases: dict[str, tuple[str, list[str]]] = {}
        self.bodies = self._split(text)
        self.said = [comment.text for comment in self.comments]
        self.legend: dict[str, str] = {}
        for comment in list(self.comments):
            found, is_whole = _legend(comment.text)
            self.legend |= found
            if is_whole:
                self.comments.remove(comment)
        self.shared = self._shared()
        self.is_first = any(_FIRST.search(said) for said in self.said)
        """Whether a comment says that the first line that matches a call decides."""
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

    def read(self, number: int, body: str, roles: tuple[str, ...] | None) -> RuleLine | None:
        """Read one line; what is not understood of it is left over in its case."""
        line = RuleLine(number, body)
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

    def _token(self, tokens: list[str], place: int, line: RuleLine, bounds: list[tuple[str, Any, bool]]) -> int:
        """Read one token, and return how many were read."""
        token = tokens[place]
        plain = token.strip("\"'")
        following = tokens[place + 1].strip("\"'") if place + 1 < len(tokens) else ""
        lower = plain.lower().rstrip(":")
        compared = _COMPARED.fullmatch(plain.lstrip("-"))
        if tools := self.tools_of(plain):
            line.tools += tools
        elif plain.startswith("!") and (plain[1:].lower() in EVERYTHING or self.tools_of(plain[1:])):
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
        elif lower in EVERYTHING:
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

    def _is_parameter(self, key: str, line: RuleLine) -> bool:
        name = key.replace("-", "_").lower()
        return any(
            p.name.lower() == name
            for tool in line.own
            if (spec := self.lexicon.specs.get(tool))
            for p in spec.parameters
        )

    def _member(self, key: str, value: str, line: RuleLine, bounds: list[tuple[str, Any, bool]]) -> None:
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
            if line.case.roles is not None or not all(_NAME.fullmatch(n) or n.lower() in EVERYTHING for n in names):
                line.case.left.append(f"{key} {value}")
            else:
                is_all = any(n.lower() in EVERYTHING for n in names)
                line.case.roles = () if is_all else tuple(form for n in names for form in role_names(n))
        elif key in _VERDICT_OPTIONS and self.verdict(value) and not line.case.effect:
            line.case.effect = self.verdict(value)
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
