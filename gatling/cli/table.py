"""The commands: which there are, what each is for in a line, and the file that holds it.

A new command is one file and one row. The first word of a command line, of a group the first two, is looked up here, so that a
command is loaded only when it is called; the summary is the first line of its docstring (a test compares them).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from gatling.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Group:
    """Commands of two words that share the first."""

    summary: str
    commands: Mapping[str, Row]
    """By their second word."""
    example: str


@dataclass(frozen=True, slots=True)
class Row:
    """A command that is not loaded yet."""

    file: str
    """The module in this package."""
    flags: str
    """The dataclass in it: its fields are the flags, its `run` does the work."""
    summary: str

    def load(self) -> type[Any]:
        """Return the dataclass."""
        loaded: type[Any] = getattr(import_module(f"gatling.cli.{self.file}"), self.flags)
        return loaded


POLICY = Group(
    "Write, check, compare and test policies.",
    {
        "init": Row("policy", "PolicyInit", "Write a first policy from tools, traces or conversations."),
        "packs": Row("policy", "PolicyPacks", "List the policies that are ready to copy, or copy one with its tests."),
        "convert": Row("policy", "PolicyConvert", "Turn what people write into the native format, line by line."),
        "lint": Row("policy", "PolicyLint", "Find what is wrong in a policy, or has no effect."),
        "test": Row("policy", "PolicyTest", "Attack a policy, and find what is missing in it."),
        "diff": Row("policy", "PolicyDiff", "Find the calls on which two policies disagree."),
        "table": Row("policy", "PolicyTable", "Show who may do what, within which limits."),
        "map": Row("policy", "PolicyMap", "Show which policies are alike, and how a log lies to them."),
        "schema": Row("policy", "PolicySchema", "Print the JSON Schema of a policy, for editors."),
    },
    "gatling policy lint policy.yaml",
)

GROUPS: dict[str, dict[str, Row | Group]] = {
    "guard: judge plans and conversations": {
        "audit": Row("audit", "Audit", "Judge a plan, or every call of recorded conversations."),
        "repair": Row("repair", "RepairCommand", "Judge a plan, and where it is not allowed search for the nearest one that is."),
        "explain": Row("explain", "Explain", "Show what every critic made of every call, and what that rests on."),
        "policy": POLICY,
        "doctor": Row("doctor", "Doctor", "Check that this installation can guard, and warm it up."),
    },
    "agents: what a person says while they run, and what they did": {
        "approvals": Row("approvals", "ApprovalsCommand", "Say yes or no to calls that wait for a person."),
        "hook": Row("hook", "Hook", "Judge a call of Claude Code: an event comes in on stdin, the answer goes to stdout."),
        "log": Row("log", "Log", "Check, search, replay or picture an audit log."),
        "mcp-proxy": Row(
            "mcp_proxy",
            "McpProxy",
            "Stand between an MCP client and a server: judge calls, and pin descriptions of tools.",
        ),
        "serve": Row("serve", "Serve", "Judge calls over HTTP: sessions, decisions and approvals, for agents in any language."),
        "stop": Row("stop", "Stop", "Deny every further call of a session, or of all, in every process."),
    },
    "traces: contexts with plans, to train on and to measure": {
        "generate": Row("generate", "Generate", "Make traces, or whole conversations, to train on."),
        "show": Row("show", "Show", "Print traces so that a person can read them."),
        "import": Row("import_traces", "Import", "Turn recorded conversations, or a benchmark's ground truth, into traces."),
        "corrupt": Row("corrupt", "Corrupt", "Attack traces: minimal edits that break their policy or leave their request."),
        "catalog": Row("catalog", "Catalog", "Look at the tools that traces and policies are made of."),
        "schema": Row("schema", "Schema", "Print the JSON Schema of a trace: one line of a trace file."),
    },
    "models: what the guard has learned": {
        "train": Row("train", "Train", "Train the two encoders on gold traces."),
        "evaluate": Row("evaluate", "Evaluate", "Measure a model on labelled traces, beside baselines that need no training."),
        "score": Row("score", "Score", "Write the latent energy of each trace, in the order of the input."),
        "train-reranker": Row("train_reranker", "TrainReranker", "Train late interaction beside the latents of a model."),
        "train-energy": Row("train_energy", "TrainEnergy", "Train the critics that turn a plan into energies."),
        "train-attribution": Row(
            "train_attribution",
            "TrainAttribution",
            "Train the judge of whose wish a call is, the user's or that of a text that was read.",
        ),
        "calibrate": Row("calibrate", "Calibrate", "Find the lines between allow, escalate and deny for your own traffic."),
        "attack": Row("attack", "Attack", "Rewrite stopped attacks until they get through, and count the queries."),
        "bench": Row("bench", "Bench", "Try the guard end to end, with no LLM and nothing downloaded."),
        "push": Row("push", "Push", "Upload a trained model to the Hugging Face Hub."),
        "pull": Row("pull", "Pull", "Fetch a model from the Hugging Face Hub."),
    },
}  # fmt: skip
COMMANDS: dict[str, Row | Group] = {name: row for rows in GROUPS.values() for name, row in rows.items()}

_OPENING = """\
usage: gatling COMMAND ...

Judge an agent's plan of tool calls against a policy, offline, and repair it.

  gatling audit plan.json --policy policy.yaml --role clerk --request "Pay the May invoice."
  gatling policy lint policy.yaml
  gatling COMMAND --help
"""
_CLOSING = """\
Wherever one document or a stream of lines is read, - is standard input.
Exit status: 0 done or allowed, 1 failed, 2 bad input or settings, 3 denied or below a bar, 4 escalated,
130 interrupted.

  --version                                 print the version
  --tyro-write-completion SHELL FILE        write completions for bash, zsh or fish (FILE - prints them)
"""


def overview() -> str:
    """Return what `gatling --help` prints: the commands by group."""
    width = max(map(len, COMMANDS)) + 2
    groups = (f"{title}\n" + _listed(rows, width) for title, rows in GROUPS.items())
    return "\n".join((_OPENING, *groups, _CLOSING)).rstrip("\n")


def overview_of(name: str, group: Group) -> str:
    """Return what `gatling policy --help` prints: the commands of a group."""
    width = max(map(len, group.commands)) + 2
    opening = (
        f"usage: gatling {name} COMMAND ...\n\n{group.summary}\n\n  {group.example}\n  gatling {name} COMMAND --help\n"
    )
    return f"{opening}\n{_listed(group.commands, width)}".rstrip("\n")


def _listed(rows: Mapping[str, Row | Group], width: int) -> str:
    return "".join(f"  {name:<{width}}{row.summary}\n" for name, row in rows.items())


def find(words: Sequence[str]) -> tuple[str, Row, list[str]]:
    """Return the name of the command that a command line calls, the command, and the words that are its flags.

    Raises:
        ConfigError: if there is no such command.
    """
    name, rest = words[0].replace("_", "-"), list(words[1:])
    row = COMMANDS.get(name)
    if row is None:
        raise ConfigError(f"there is no command {words[0]!r}{_near(name, COMMANDS)}; `gatling --help` lists them")
    if isinstance(row, Row):
        return name, row, rest
    second = rest[0].replace("_", "-") if rest else ""
    found = row.commands.get(second)
    if found is None:
        said = (
            f"there is no command 'gatling {name} {rest[0]}'{_near(second, row.commands)}"
            if rest
            else f"gatling {name} what?"
        )
        raise ConfigError(f"{said}; `gatling {name} --help` lists them")
    return f"{name} {second}", found, rest[1:]


def _near(name: str, names: Iterable[str]) -> str:
    import difflib

    near = difflib.get_close_matches(name, names, n=1)
    return f", did you mean {near[0]}?" if near else ""


def leaves() -> dict[str, Row]:
    """Return every command by its name, of one word or two."""
    found: dict[str, Row] = {}
    for name, row in COMMANDS.items():
        found |= {name: row} if isinstance(row, Row) else {f"{name} {second}": r for second, r in row.commands.items()}
    return found
