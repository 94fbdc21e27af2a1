"""Shell: a text to its simple commands, those inside of others included. A reader, not a shell: it never runs or looks up anything.

What it does not read, it refuses (`NotUnderstood`), and the program counts as not understood: definitions of functions and aliases,
`case`, a quote that does not end. Reserved words are skipped where commands begin, so the commands between `if`, `for` and `done`
are read one by one, as if each ran. One pass; substitutions are read where they stand, to a depth of `MAX_DEPTH`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from gatling.tools.programs.action import MAX_ACTIONS, MAX_DEPTH, NotUnderstood

_RESERVED = frozenset("if then elif else fi do done while until { } ! time".split())
_REFUSED = frozenset("case esac select function coproc".split())
_ENDS = frozenset(";&|\n()")
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)\+?=(.*)", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_]\w*")
_KNOWN_VARIABLES = {"HOME": "~", "PWD": "."}
_BOUND = 4_096
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,6})|([0-7]{1,3})|(.))", re.DOTALL)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "v": "\v"}


def _unescaped(match: re.Match[str]) -> str:
    """Return the sign that an escape of `$'..'` stands for."""
    hexadecimal = match[1] or match[2] or match[3]
    if hexadecimal or match[4]:
        code = int(hexadecimal, 16) if hexadecimal else int(match[4], 8) & 0xFF
        return chr(code) if code <= 0x10FFFF else match[0]
    return _LETTERS.get(match[5], match[5] if match[5] in "\\'\"?" else match[0])


@dataclass(slots=True)
class Word:
    """One word of a command."""

    text: str
    """Without quotes, variables of the program filled in."""
    is_plain: bool = True
    """It is what the text says: no expansion whose value is not known. A pattern such as `*.txt` is plain."""
    is_quoted: bool = False
    inner: list[list[Command]] = field(default_factory=list)
    """The pipelines of substitutions in it."""


@dataclass(slots=True)
class Command:
    """One simple command."""

    words: list[Word]
    writes: list[Word] = field(default_factory=list)
    """Files that its output goes to."""
    reads: list[Word] = field(default_factory=list)
    """Files that its input comes from."""
    given: str | None = None
    """Text that it reads: a here-document or a here-string; None if there is none."""
    variables: dict[str, Word] = field(default_factory=dict)
    """What is assigned for it, or where it has no words for all that follow."""
    is_fed: bool = False
    """It reads what the command before it writes."""
    source: list[Command] = field(default_factory=list)
    """The commands before it in its pipeline."""


def read_shell(text: str, depth: int = 0) -> list[Command]:
    """Return the simple commands of a text, in order. Raises: NotUnderstood."""
    return _Reader(text, depth).commands()


class _Reader:
    def __init__(self, text: str, depth: int, known: dict[str, Word] | None = None) -> None:
        if depth > MAX_DEPTH:
            raise NotUnderstood("commands inside commands, too deep")
        self.text = text
        self.at = 0
        self.depth = depth
        self.known: dict[str, Word] = {} if known is None else known
        self.found: list[Command] = []
        self.waiting: list[tuple[Command, str, bool]] = []

    # --- commands ---------------------------------------------------------------------------------------------------------

    def commands(self, closing: str = "") -> list[Command]:
        """Read up to the end, or to what closes a substitution."""
        groups = 0
        pipeline: list[Command] = []
        while True:
            self._skip_space()
            c = self._peek()
            if not c:
                if closing or groups > 0:
                    raise NotUnderstood("what is opened and not closed")
                return self.found
            if c == closing and groups == 0:
                self.at += 1
                return self.found
            if c == "(":
                groups += 1
                self.at += 1
            elif c == ")":
                groups -= 1
                if groups < 0:
                    raise NotUnderstood("a bracket that nothing opens")
                self.at += 1
            elif c in ";&|\n":
                is_pipe = c == "|" and self.text[self.at : self.at + 2] != "||"
                self._skip_operator()
                if not is_pipe:
                    pipeline = []
            else:
                command = self._command(closing)
                if command is None:
                    continue
                command.is_fed, command.source = bool(pipeline), list(pipeline[-8:])
                pipeline.append(command)
                self.found.append(command)
                if len(self.found) > MAX_ACTIONS:
                    raise NotUnderstood("too many commands")

    def _command(self, closing: str) -> Command | None:
        """Read one simple command; None behind a word that only leads to one."""
        command = Command([])
        while True:
            self._skip_space()
            c = self._peek()
            if not c or c in _ENDS or c == closing:
                if c == "(" and command.words:
                    raise NotUnderstood("the definition of a function")
                if c == "&" and self.text[self.at : self.at + 2] == "&>":
                    self._redirection(command)
                    continue
                break
            if c in "<>" and self.text[self.at : self.at + 2] not in ("<(", ">("):
                self._redirection(command)
                continue
            if c == "#":
                self._skip_comment()
                continue
            word = self._word(closing)
            if not command.words and not word.is_quoted and not command.variables:
                if word.text in _REFUSED:
                    raise NotUnderstood(f"`{word.text}` is not read")
                if word.text in _RESERVED:
                    return None
                if word.text == "for":
                    return self._loop(closing)
            assigned = _ASSIGNMENT.fullmatch(word.text) if not command.words else None
            if assigned and not word.text.startswith("="):
                command.variables[assigned[1]] = Word(assigned[2], word.is_plain, True, word.inner)
            elif word.text.isdigit() and self._peek() in "<>" and self._peek() and not word.is_quoted:
                continue  # the number of what is redirected
            else:
                command.words.append(word)
        if not command.words:
            self.known.update(command.variables)
        return command

    def _loop(self, closing: str) -> Command | None:
        """Read `for NAME in WORDS`: the name stands for a word of them, where there is one."""
        self._skip_space()
        name = self._word(closing)
        words: list[Word] = []
        while True:
            self._skip_space()
            c = self._peek()
            if not c or c in _ENDS or c == closing:
                break
            words.append(self._word(closing))
        values = words[1:] if words and words[0].text == "in" else []
        one = values[0] if len(values) == 1 else Word("$" + name.text, False)
        self.known[name.text] = Word(one.text, one.is_plain, True)
        inner = [commands for word in words for commands in word.inner]
        return Command([Word(":"), Word("", inner=inner)]) if inner else None

    # --- redirections -----------------------------------------------------------------------------------------------------

    def _redirection(self, command: Command) -> None:
        rest = self.text[self.at : self.at + 3]
        for operator in ("<<<", "&>>", "<<-", "<<", "&>", ">>", ">|", ">&", "<&", "<>", "<", ">"):
            if rest.startswith(operator):
                break
        self.at += len(operator)
        self._skip_space()
        if operator in ("<<", "<<-"):
            end = self._word("")
            self.waiting.append((command, end.text, operator == "<<-"))
            command.given = ""
            if not end.is_quoted:
                command.given = None if command.given is None else ""
            return
        word = self._word("")
        if operator == "<<<":
            command.given = word.text if word.is_plain else None
            command.reads.append(Word("", inner=word.inner)) if word.inner else None
        elif operator in (">&", "<&") and (word.text.isdigit() or word.text == "-"):
            return
        elif operator in ("<", "<&"):
            command.reads.append(word)
        else:
            command.writes.append(word)

    def _take_documents(self) -> None:
        """Read the here-documents that begin behind the end of a line."""
        for command, end, is_indented in self.waiting:
            lines: list[str] = []
            while True:
                if self.at >= len(self.text):
                    raise NotUnderstood("a here-document that does not end")
                stop = self.text.find("\n", self.at)
                stop = len(self.text) if stop < 0 else stop
                line = self.text[self.at : stop]
                self.at = stop + 1
                if (line.lstrip("\t") if is_indented else line) == end:
                    break
                lines.append(line)
            body = "\n".join(lines)
            command.given = body
            if "`" in body or "$(" in body:
                raise NotUnderstood("a here-document with commands in it")
        self.waiting = []

    # --- words ------------------------------------------------------------------------------------------------------------

    def _word(self, closing: str) -> Word:
        parts: list[str] = []
        word = Word("")
        start = self.at
        while self.at < len(self.text):
            c = self.text[self.at]
            if c in " \t\r" or c in _ENDS or c in "<>" or (c == closing and closing):
                if c in "<>" and self.text[self.at : self.at + 2] in ("<(", ">("):
                    self.at += 2
                    word.inner.append(self._inside(")"))
                    word.is_plain = False
                    parts.append("<()")
                    continue
                break
            self.at += 1
            if c == "'":
                parts.append(self._until("'"))
                word.is_quoted = True
            elif c == '"':
                self._double_quoted(parts, word)
                word.is_quoted = True
            elif c == "\\":
                if self.at < len(self.text) and self.text[self.at] != "\n":
                    parts.append(self.text[self.at])
                    word.is_quoted = True
                self.at += 1
            elif c == "$":
                self._expansion(parts, word)
            elif c == "`":
                self._backquoted(word)
            else:
                parts.append(c)
        if self.at == start:
            raise NotUnderstood("a sign that is not read")
        word.text = "".join(parts)
        if not word.is_quoted and "{" in word.text and re.search(r"\{[^{}]*(?:,|\.\.)[^{}]*\}", word.text[:_BOUND]):
            word.is_plain = False  # {a,b}
        return word

    def _until(self, sign: str) -> str:
        end = self.text.find(sign, self.at)
        if end < 0:
            raise NotUnderstood("a quote that does not end")
        found, self.at = self.text[self.at : end], end + 1
        return found

    def _double_quoted(self, parts: list[str], word: Word) -> None:
        while True:
            c = self._peek()
            self.at += 1
            if not c:
                raise NotUnderstood("a quote that does not end")
            if c == '"':
                return
            if c == "\\":
                following = self._peek()
                parts.append(following if following in '"\\$`' else "" if following == "\n" else "\\" + following)
                self.at += 1
            elif c == "$":
                self._expansion(parts, word)
            elif c == "`":
                self._backquoted(word)
            else:
                parts.append(c)

    def _expansion(self, parts: list[str], word: Word) -> None:
        """Read what stands behind a `$`."""
        c = self._peek()
        if self.text.startswith("((", self.at):
            end = self.text.find("))", self.at)
            body = self.text[self.at + 2 : end]
            if end < 0 or "$(" in body or "`" in body or "[" in body:
                raise NotUnderstood("an arithmetic expression that is not read")
            self.at = end + 2
            word.is_plain = False
            parts.append("$")
        elif c == "(":
            self.at += 1
            word.inner.append(self._inside(")"))
            word.is_plain = False
            parts.append("$()")
        elif c == "{":
            end = self.text.find("}", self.at)
            body = self.text[self.at + 1 : end]
            if end < 0 or "$(" in body or "`" in body or "@" in body or "!" in body:
                raise NotUnderstood("an expansion that is not read")
            self.at = end + 1
            self._variable(body, parts, word)
        elif c == "'":  # $'..' has escapes of its own
            self.at += 1
            body = self._until("'")
            word.is_quoted = True
            parts.append(_ESCAPE.sub(_unescaped, body))
        elif name := _NAME.match(self.text, self.at):
            self.at = name.end()
            self._variable(name.group(), parts, word)
        elif c and c in "0123456789@*#?$!-":
            self.at += 1
            word.is_plain = False
            parts.append("$" + c)
        else:
            parts.append("$")

    def _variable(self, name: str, parts: list[str], word: Word) -> None:
        value = self.known.get(name)
        if value is None and name in _KNOWN_VARIABLES:
            value = Word(_KNOWN_VARIABLES[name])
        if value is not None and value.is_plain and len(value.text) <= _BOUND:
            parts.append(value.text)
        else:
            word.is_plain = False
            parts.append("$" + name)

    def _backquoted(self, word: Word) -> None:
        body = self._until("`")
        if "\\" in body:
            raise NotUnderstood("escapes inside a substitution")
        word.inner.append(_Reader(body, self.depth + 1, self.known).commands())
        word.is_plain = False

    def _inside(self, closing: str) -> list[Command]:
        """Read a substitution that stands here, with the same variables; the text is not copied."""
        inner = _Reader(self.text, self.depth + 1, self.known)
        inner.at = self.at
        found = inner.commands(closing)
        self.at = inner.at
        return found

    # --- signs ------------------------------------------------------------------------------------------------------------

    def _peek(self) -> str:
        return self.text[self.at] if self.at < len(self.text) else ""

    def _skip_space(self) -> None:
        while self.at < len(self.text):
            c = self.text[self.at]
            if c in " \t\r":
                self.at += 1
            elif c == "\\" and self.text[self.at + 1 : self.at + 2] == "\n":
                self.at += 2
            elif c == "#" and (self.at == 0 or self.text[self.at - 1] in " \t\n;&|("):
                self._skip_comment()
            else:
                return

    def _skip_comment(self) -> None:
        end = self.text.find("\n", self.at)
        self.at = len(self.text) if end < 0 else end

    def _skip_operator(self) -> None:
        c = self.text[self.at]
        self.at += 1
        if c == "\n" and self.waiting:
            self._take_documents()
        elif c in "&|" and self._peek() in ("&", "|"):
            self.at += 1
        elif c == ";" and self._peek() == ";":
            raise NotUnderstood("`;;` outside of `case`")
