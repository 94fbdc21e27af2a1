"""Our readers of programs beside parsers that others wrote: random programs, and no command or table may be missed.

Ours may refuse what an engine reads. What it reads, it must read as they do: every command and every table that the engine finds.
"""

from __future__ import annotations

import random

import sqlglot
import tree_sitter_bash
from sqlglot import exp
from tree_sitter import Language, Node, Parser

from gatling.tools.programs import programs_of
from gatling.tools.programs.action import NotUnderstood
from gatling.tools.programs.shell import Command, read_shell
from gatling.tools.programs.sql import of_sql

NUM_PROGRAMS = 3_000

_WORDS = [
    "a",
    "b.txt",
    "'c d'",
    '"e f"',
    "$X",
    '"$Y"',
    "-r",
    "--x=1",
    "g\\ h",
    "'i'\"j\"k",
    "*.py",
    "2>&1",
    "> out",
    ">> out",
    "< in",
    "~/z",
    "a#b",
]
_NAMES = ["ls", "cat", "rm", "git", "'rm'", "e\\cho", '"ls"', "/bin/rm", "true"]


def _line(rng: random.Random, depth: int = 0) -> str:
    parts = [rng.choice(_NAMES), *rng.choices(_WORDS, k=rng.randint(0, 4))]
    if depth < 3 and rng.random() < 0.35:
        inner = _list(rng, depth + 1)
        parts.insert(
            rng.randint(1, len(parts)), rng.choice([f"$({inner})", f'"x $({inner}) y"', f"<({inner})", f'"$({inner})"'])
        )
    return " ".join(parts)


def _list(rng: random.Random, depth: int = 0) -> str:
    text = _line(rng, depth)
    for _ in range(rng.randint(0, 2)):
        text += rng.choice(["; ", " && ", " || ", " | ", "\n", " & "]) + _line(rng, depth)
    kind = rng.random()
    if kind < 0.1:
        return f"({text})"
    if kind < 0.2:
        return f"{{ {text}; }}"
    if kind < 0.3:
        return f"if {_line(rng, 3)}; then {text}; else {_line(rng, 3)}; fi"
    if kind < 0.4:
        return f"for v in 1 2; do {text}; done"
    if kind < 0.5:
        return f"while {_line(rng, 3)}; do {text}; done"
    return text


def _names_of(commands: list[Command]) -> list[str]:
    """Return the names of commands, those inside of words included."""
    found = []
    for command in commands:
        found += [command.words[0].text] if command.words and command.words[0].text != ":" else []
        for word in (*command.words, *command.reads, *command.writes, *command.variables.values()):
            for inner in word.inner:
                found += _names_of(inner)
    return found


def _engine_names(node: Node) -> list[str]:
    found, waiting = [], [node]
    while waiting:
        item = waiting.pop()
        if item.type == "command_name" and item.text is not None:
            found.append(item.text.decode())
        waiting += item.children
    return found


def _plain(name: str) -> str:
    return name.replace("'", "").replace('"', "").replace("\\", "")


def test_no_command_is_missed() -> None:
    rng = random.Random(5)
    parser = Parser(Language(tree_sitter_bash.language()))
    compared = 0
    for _ in range(NUM_PROGRAMS):
        text = _list(rng)
        tree = parser.parse(text.encode())
        if tree.root_node.has_error:
            continue
        try:
            ours = _names_of(read_shell(text))
        except NotUnderstood:
            continue
        compared += 1
        assert sorted(ours) == sorted(map(_plain, _engine_names(tree.root_node))), text
    assert compared > 0.8 * NUM_PROGRAMS


_TABLES = ["t", "users", "app.orders", "logs", '"Big"']


def _select(rng: random.Random, depth: int = 0) -> str:
    source = rng.choice(_TABLES)
    if depth < 2 and rng.random() < 0.3:
        source = f"({_select(rng, depth + 1)}) s{depth}"
    text = f"SELECT {rng.choice(['*', 'a, b', 'count(*)', 'max(a) AS m', chr(39) + 'x; drop' + chr(39)])} FROM {source}"
    if rng.random() < 0.4:
        text += f" {rng.choice(['JOIN', 'LEFT JOIN', 'CROSS JOIN'])} {rng.choice(_TABLES)} AS j{depth}"
        text += "" if "CROSS" in text else " ON 1 = 1"
    if rng.random() < 0.4:
        text += rng.choice([" WHERE a = 1", " WHERE a IN (1, 2)", " -- drop table x\n WHERE b LIKE 'from y'"])
        if depth < 2 and rng.random() < 0.3:
            text += f" AND c IN ({_select(rng, depth + 1)})"
    return text + rng.choice(["", " LIMIT 5", " ORDER BY 1", " GROUP BY 1"])


def _statement(rng: random.Random) -> tuple[str, str]:
    table = rng.choice(_TABLES)
    kind = rng.choice(["reads", "reads", "with", "writes", "insert", "update", "deletes", "drop"])
    if kind == "reads":
        return "reads", _select(rng)
    if kind == "with":
        return "reads", f"WITH c AS ({_select(rng, 1)}) SELECT * FROM c JOIN {table} ON 1 = 1"
    if kind == "writes":
        return "writes", f"INSERT INTO {table} (a, b) VALUES (1, 'x')"
    if kind == "insert":
        return "writes", f"INSERT INTO {table} {_select(rng, 1)}"
    if kind == "update":
        return "writes", f"UPDATE {table} SET a = 1, b = 'y' WHERE c = 2"
    if kind == "deletes":
        return "deletes", f"DELETE FROM {table} WHERE a = {rng.randint(1, 9)}"
    return "deletes", f"DROP TABLE {rng.choice(['', 'IF EXISTS '])}{table}"


def test_no_table_is_missed_and_no_change_taken_for_a_look() -> None:
    rng = random.Random(6)
    for _ in range(NUM_PROGRAMS):
        wanted, text = _statement(rng)
        tree = sqlglot.parse_one(text)
        defined = {cte.alias for cte in tree.find_all(exp.CTE)}
        engine = {".".join(part.name for part in table.parts).lower() for table in tree.find_all(exp.Table)} - defined
        actions = of_sql(text)
        assert all(action.is_understood for action in actions), text
        assert {thing.text for action in actions for thing in action.things} == engine, text
        assert wanted in {action.does for action in actions}, text
        if wanted == "reads":
            assert {action.does for action in actions} == {"reads"}, text


def test_what_engines_cannot_parse_is_not_a_harmless_look_either() -> None:
    """Cut programs anywhere: what is left may be refused, but nothing that destroys becomes a look."""
    rng = random.Random(7)
    for _ in range(500):
        text = f"ls; {_line(rng, 3)}; rm -r /x"
        cut = text[: rng.randint(1, len(text))] + rng.choice(["", "'", '"', "$(", "`", ")"]) + "; rm -rf /y"
        actions = [a for p in programs_of("bash", {"command": cut}) for a in p.actions]
        assert any(not a.is_understood or a.is_final for a in actions) or "rm -rf /y" in _quoted(cut), cut


def _quoted(text: str) -> str:
    """Return what stands in quotes that end: a text there is no command."""
    found, quote, start = [], "", 0
    for i, c in enumerate(text):
        if quote and c == quote:
            found.append(text[start:i])
            quote = ""
        elif not quote and c in "'\"":
            quote, start = c, i + 1
    return " ".join(found)
