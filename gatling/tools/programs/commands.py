"""What commands do, by name and options, the commands that they run for others included.

Only what stands in a table is understood. Everything else executes, not understood.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

from gatling.tools.programs.action import (
    MAX_ACTIONS,
    MAX_DEPTH,
    Action,
    NotUnderstood,
    Thing,
    shortened,
    unclear,
)
from gatling.tools.programs.plain_commands import PROJECT, RISKY_VARIABLES, of_plain, reads_files
from gatling.tools.programs.secrets import is_secret_path
from gatling.tools.programs.shell import Command, Word, read_shell
from gatling.tools.programs.subcommands import CLOUDS, TOOLS, of_subcommand
from gatling.tools.programs.transfers import of_connection, of_copy, of_curl, of_wget

Reading = Callable[[str, int], list[Action]]

_SHELLS = frozenset("sh bash zsh dash ksh ash fish".split())
_INTERPRETERS = frozenset(
    "perl ruby node nodejs php lua Rscript osascript deno bun tclsh groovy scala pwsh powershell cmd cmd.exe".split()
)
_DATABASES = {"psql": "-c --command", "mysql": "-e --execute", "mariadb": "-e --execute", "clickhouse-client": "-q --query", "sqlcmd": "-Q -q",
              "duckdb": "-c", "sqlite3": ""}  # fmt: skip
_DATABASE_VALUES = frozenset("-h -p -U -u -d -D -P --host --port --user --username --dbname --database -S".split())
# Wrappers, and their options that have a value.
_WRAPPERS = {
    "sudo": "-u -g -h -p -C -D -R -T --user --group", "doas": "-u -C", "nohup": "", "time": "-f -o", "nice": "-n", "ionice": "-c -n -p",
    "stdbuf": "-i -o -e", "setsid": "", "command": "", "builtin": "", "exec": "-a", "unbuffer": "", "chronic": "", "watch": "-n -d",
    "timeout": "-s -k --signal --kill-after", "xargs": "-n -L -P -I -d -s -E -a --max-args --max-procs --replace --delimiter",
    "env": "-u -C --unset --chdir", "caffeinate": "", "proxychains": "", "torsocks": "", "faketime": "",
}  # fmt: skip
_NUMBER_FIRST = frozenset(("timeout", "faketime"))
_IGNORED_FILES = frozenset("/dev/null /dev/stdout /dev/stderr /dev/tty".split())


def of_shell(text: str, depth: int, *, sql: Reading, python: Reading) -> list[Action]:
    """Return what a shell program does. Raises: NotUnderstood."""
    return _Evaluation(sql, python).of_commands(read_shell(text, depth), depth)


def of_words(words: Sequence[str], depth: int, *, sql: Reading, python: Reading) -> list[Action]:
    """Return what one command does that is given as a list of words. Raises: NotUnderstood."""
    return _Evaluation(sql, python).of_command(Command([Word(w, is_quoted=True) for w in words]), depth)


class _Evaluation:
    def __init__(self, sql: Reading, python: Reading) -> None:
        self.sql = sql
        self.python = python
        self.count = 0

    def of_commands(self, commands: Sequence[Command], depth: int) -> list[Action]:
        return [action for command in commands for action in self.of_command(command, depth)]

    def of_command(self, command: Command, depth: int) -> list[Action]:
        """Return what a command does, with what it redirects, and the commands inside of its words."""
        self.count += 1
        if self.count > MAX_ACTIONS or depth > MAX_DEPTH:
            raise NotUnderstood("too many commands, or too deep")
        words = [w.text for w in command.words]
        parts = [*command.words, *command.reads, *command.writes, *command.variables.values()]
        found = [a for word in parts for inner in word.inner for a in self.of_commands(inner, depth + 1)]
        for path in command.writes:
            found += _of_output(path, command)
        found += [
            reads_files(" ".join(words) or path.text, (path.text,), (), is_known=path.is_plain)
            for path in command.reads
            if path.text
        ]
        if any(RISKY_VARIABLES.fullmatch(name) for name in command.variables):
            found.append(unclear(f"{next(iter(command.variables))}= .. {' '.join(words)}", words))
        if words:
            found += self._of_words(command, depth)
        return found

    def _of_words(self, command: Command, depth: int) -> list[Action]:
        first, *rest = command.words
        line = " ".join(w.text for w in command.words)
        if not first.is_plain or (any(c in first.text for c in "*?[~{") and first.text not in ("[", "[[")):
            remote = self._downloads([c for inner in first.inner for c in inner])
            return [Action("executes", shortened(line), is_final=True) if remote else unclear(line)]
        name = first.text.rsplit("/", 1)[-1]
        is_local = "/" in first.text and not first.text.startswith(("/bin/", "/usr/", "/sbin/", "/opt/homebrew/"))
        if is_local and name not in ("gradlew", "mvnw", "manage.py"):
            return [
                Action(
                    "executes",
                    shortened(line),
                    (Thing("path", first.text),),
                    is_understood=False,
                    command=(name, *(w.text for w in rest)),
                )
            ]
        words = tuple(w.text for w in rest)
        known = all(w.is_plain for w in rest)
        full = (name, *words)
        if name in _WRAPPERS:
            return self._wrapped(name, command, depth)
        if name in _SHELLS or name in ("eval", "source", "."):
            return self._of_shell(name, command, depth)
        if name in ("python", "python3", "python2", "ipython", "pypy3") or re.fullmatch(r"python3\.\d{1,2}", name):
            return self._of_python(name, command, depth)
        if name in _INTERPRETERS:
            if words in (("--version",), ("-v",), ("-V",)):
                return [Action("reads", shortened(line), command=full)]
            return [Action("executes", shortened(line), is_understood=False, command=full)]
        if name in _DATABASES:
            return self._of_database(name, words, line, depth)
        if name in TOOLS or name in CLOUDS:
            if not known and name not in ("git",):
                return [
                    *of_subcommand(name, words, lambda w: self._nested(w, depth)),
                    *([] if _only_looks(name, words) else [unclear(line, full)]),
                ]
            return of_subcommand(name, words, lambda w: self._nested(w, depth))
        if name == "curl":
            return self._with_data(of_curl(words), rest)
        if name == "wget":
            return self._with_data(of_wget(words), rest)
        if name in ("scp", "sftp", "rsync"):
            return of_copy(name, words)
        if name in (
            "ssh",
            "nc",
            "ncat",
            "netcat",
            "socat",
            "telnet",
            "ftp",
            "mail",
            "mailx",
            "sendmail",
            "mutt",
            "swaks",
        ):
            return of_connection(name, words)
        if name == "find":
            return self._of_find(words, line, depth)
        return of_plain(name, words, line, known=known)

    # --- commands that run others -----------------------------------------------------------------------------------------

    def _nested(self, words: Sequence[str], depth: int) -> list[Action]:
        return self.of_command(Command([Word(w, is_quoted=True) for w in words]), depth + 1) if words else []

    def _wrapped(self, name: str, command: Command, depth: int) -> list[Action]:
        """Read the command behind `sudo`, `env`, `timeout`, `xargs`, ..."""
        rest = command.words[1:]
        with_value = _WRAPPERS[name].split()
        variables = dict(command.variables)
        i = 0
        while i < len(rest):
            text = rest[i].text
            if name == "command" and text in ("-v", "-V"):
                return [Action("reads", shortened(" ".join(w.text for w in command.words)))]
            if name == "env" and text in ("-S", "--split-string"):
                return [unclear("env -S")]
            if text == "--":
                i += 1
                break
            if text.startswith("-") and len(text) > 1:
                i += 2 if text in with_value else 1
            elif name in ("env", "sudo") and re.match(r"[A-Za-z_]\w*=", text):
                variables[text.partition("=")[0]] = Word(text.partition("=")[2], rest[i].is_plain)
                i += 1
            else:
                break
        if name in _NUMBER_FIRST:
            i += 1
        inner = rest[i:]
        line = tuple(w.text for w in (command.words[0], *rest))
        found: list[Action] = []
        if name in ("sudo", "doas"):
            found.append(Action("administers", shortened(" ".join(line)), command=("sudo", *line[1:])))
        if not inner:
            if name == "env":
                return [Action("reads", "env", is_secret=True, command=line)]
            return found or ([] if name in ("exec", "xargs", "time") else [unclear(" ".join(line), line)])
        if name == "xargs":  # what it appends is not known
            inner = [*inner, Word("$", False)]
        following = Command(
            inner, variables=variables, given=command.given, is_fed=command.is_fed, source=command.source
        )
        return [*found, *self.of_command(_without_inner(following), depth + 1)]

    def _of_shell(self, name: str, command: Command, depth: int) -> list[Action]:
        """Read `bash -c ..`, `bash script`, `.. | bash`, `eval ..`, `source ..`."""
        rest = command.words[1:]
        line = " ".join(w.text for w in command.words)
        full = (name, *(w.text for w in rest))
        inner = [c for w in (*rest, *command.reads) for commands in w.inner for c in commands]
        if self._downloads([*inner, *(command.source if name in _SHELLS else [])]):
            return [Action("executes", shortened(line), is_final=True, command=full)]
        if name == "eval":
            return self._program(" ".join(w.text for w in rest), rest, line, depth)
        if name in ("source", "."):
            return [unclear(line, full)]
        i = 0
        while i < len(rest) and rest[i].text.startswith(("-", "+")) and rest[i].text not in ("-", "--"):
            if rest[i].text in ("--version", "--help"):
                return [Action("reads", shortened(line), command=full)]
            if not rest[i].text.startswith("--") and "c" in rest[i].text:
                return (
                    self._program(rest[i + 1].text, rest[i + 1 : i + 2], line, depth)
                    if i + 1 < len(rest)
                    else [unclear(line, full)]
                )
            i += 2 if rest[i].text in ("-o", "--rcfile", "--init-file") else 1
        if i < len(rest):
            return [
                Action("executes", shortened(line), (Thing("path", rest[i].text),), is_understood=False, command=full)
            ]
        if command.given is not None:
            return self._program(command.given, [], line, depth)
        return [unclear(line, full)]

    def _program(self, text: str, words: Sequence[Word], line: str, depth: int) -> list[Action]:
        if not all(w.is_plain for w in words):
            return [unclear(line)]
        return self.of_commands(read_shell(text, depth + 1), depth + 1)

    def _of_python(self, name: str, command: Command, depth: int) -> list[Action]:
        rest = command.words[1:]
        words = [w.text for w in rest]
        line = " ".join((name, *words))
        full = (name, *words)
        if self._downloads(command.source) and (not words or words[0] == "-"):
            return [Action("executes", shortened(line), is_final=True, command=full)]
        i = 0
        while i < len(words) and words[i].startswith("-") and words[i] != "-":
            if words[i] in ("--version", "-V", "--help", "-h"):
                return [Action("reads", shortened(line), command=full)]
            if words[i] == "-c":
                known = i + 1 < len(words) and rest[i + 1].is_plain
                return self.python(words[i + 1], depth + 1) if known else [unclear(line, full)]
            if words[i] == "-m" and i + 1 < len(words):
                return self._module(words[i + 1], words[i + 2 :], line, depth)
            i += 2 if words[i] in ("-W", "-X") else 1
        if i < len(words) and words[i] != "-":
            return [Action("executes", shortened(line), (Thing("path", words[i]),), is_understood=False, command=full)]
        if command.given is not None:
            return self.python(command.given, depth + 1)
        return [unclear(line, full)]

    def _module(self, module: str, words: list[str], line: str, depth: int) -> list[Action]:
        if module in TOOLS or module in PROJECT:
            return self._nested([module, *words], depth)
        if module in ("json.tool", "timeit", "this", "calendar", "platform", "site"):
            return [Action("reads", shortened(line))]
        if module in ("venv", "build", "ensurepip", "compileall", "py_compile"):
            return [Action("writes", shortened(line))]
        return [unclear(line)]

    def _of_database(self, name: str, words: tuple[str, ...], line: str, depth: int) -> list[Action]:
        options = _DATABASES[name].split()
        given: list[str] = []
        plain: list[str] = []
        i = 0
        while i < len(words):
            option, joined, value = words[i].partition("=") if words[i].startswith("--") else (words[i], "", "")
            if option in options:
                given += [value] if joined else list(words[i + 1 : i + 2])
                i += 1 if joined else 2
            elif option in _DATABASE_VALUES:
                i += 1 if joined else 2
            elif words[i] in ("-f", "--file"):
                return [unclear(line, (name, *words))]
            elif words[i].startswith("-") and any(
                words[i].startswith(o) and len(words[i]) > 2 for o in options if len(o) == 2
            ):
                given.append(words[i][2:])
                i += 1
            else:
                plain += [] if words[i].startswith("-") else [words[i]]
                i += 1
        if name == "sqlite3" and len(plain) > 1:
            given += plain[1:]
        if not given or any(text.lstrip().startswith((".", "\\")) for text in given):
            return [unclear(line, (name, *words))]
        return [action for text in given for action in self.sql(text, depth + 1)]

    def _of_find(self, words: tuple[str, ...], line: str, depth: int) -> list[Action]:
        paths = []
        for word in words:
            if word.startswith(("-", "(", "!")):
                break
            paths.append(word)
        full = ("find", *words)
        looked_for = any(
            w in ("-name", "-iname", "-path", "-wholename") and is_secret_path(v) for w, v in pairwise(words)
        )
        read = reads_files(line, paths, full)
        found = [replace(read, is_secret=read.is_secret or looked_for)]
        i = len(paths)
        while i < len(words):
            word = words[i]
            if word == "-delete":
                found.append(
                    Action(
                        "deletes", shortened(line), tuple(Thing("path", p) for p in paths), is_final=True, command=full
                    )
                )
            elif word in ("-fprint", "-fprintf", "-fls", "-fprint0"):
                found.append(
                    Action(
                        "writes",
                        shortened(line),
                        (Thing("path", words[i + 1] if i + 1 < len(words) else ""),),
                        command=full,
                    )
                )
            elif word in ("-exec", "-execdir", "-ok", "-okdir"):
                end = next((n for n in range(i + 1, len(words)) if words[n] in (";", "+")), len(words))
                inner = [Word(w, w != "{}") for w in words[i + 1 : end]]
                found += (
                    self.of_command(Command([Word(w.text, w.is_plain, True) for w in inner]), depth + 1)
                    if inner
                    else []
                )
                i = end
            i += 1
        return found

    # --- what flows --------------------------------------------------------------------------------------------------------

    def _downloads(self, commands: Sequence[Command]) -> bool:
        """Tell whether what commands write comes from elsewhere, or out of a code that hides it."""
        names = {w.text.rsplit("/", 1)[-1] for c in commands for w in c.words[:3]}
        return not names.isdisjoint({"curl", "wget", "fetch", "nc", "ncat", "http", "aria2c"})

    def _with_data(self, actions: list[Action], words: Sequence[Word]) -> list[Action]:
        """A request whose address holds what other commands write sends it."""
        if not any(w.inner for w in words):
            return actions
        return [
            Action("sends", a.said, a.things, a.is_final, a.is_understood, a.is_secret, a.command)
            if a.does == "reads"
            else a
            for a in actions
        ]


def _only_looks(name: str, words: tuple[str, ...]) -> bool:
    return all(a.does == "reads" for a in of_subcommand(name, words, lambda _: [unclear(name)]))


def _without_inner(command: Command) -> Command:
    """What stands inside of the words was read with the command around it."""
    return Command(
        [Word(w.text, w.is_plain, w.is_quoted, w.inner if i == 0 else []) for i, w in enumerate(command.words)],
        given=command.given,
        variables=command.variables,
        is_fed=command.is_fed,
        source=command.source,
    )


def _of_output(path: Word, command: Command) -> list[Action]:
    text = path.text
    said = f"{' '.join(w.text for w in command.words)} > {text}"
    if text in _IGNORED_FILES:
        return []
    if text.startswith(("/dev/tcp/", "/dev/udp/")):
        return [Action("sends", shortened(said), (Thing("host", text.split("/")[3]),), command=("/dev/tcp",))]
    if path.inner and text == "<()":
        return []
    if text.startswith("/dev/"):
        return [Action("deletes", shortened(said), (Thing("path", text),), is_final=True)]
    return [Action("writes", shortened(said), (Thing("path", text, path.is_plain),), is_secret=is_secret_path(text))]
