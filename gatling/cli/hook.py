"""`gatling hook`: what Claude Code runs before and after every call. `gatling.hook.client` does the work; this is its help."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

from gatling.cli.flags import MaybeNumber, MaybePath, MaybeText


@dataclass(frozen=True, kw_only=True, slots=True)
class Hook:
    """Judge a call of Claude Code: an event comes in on stdin, the answer goes to stdout.

    In .claude/settings.json, for each of UserPromptSubmit, PreToolUse, PostToolUse and PostToolUseFailure:

    {"hooks": [{"type": "command", "timeout": 60,
      "command": "gatling hook --policy policy.yaml --role developer || exit 2"}]}

    The first call starts a process that holds the guard; the others ask it over a socket that only this user can open. What is
    allowed is left to Claude Code's own rules, what is denied does not run, and about what only a person may let pass Claude Code
    asks the user. Exit status 2, which keeps the call from running, for whatever goes wrong; `|| exit 2` turns every other
    failure into it, such as a command that is not installed.
    """

    policy: MaybePath = None
    """The policy, JSON or YAML. It is read when a conversation begins."""
    role: MaybeText = None
    """The user's role."""
    model: MaybePath = None
    """A model folder. Default: the model that ships with Gatling."""
    sources: MaybePath = None
    """Whose text each tool returns, a JSON or YAML file. Default: told by the tools' names."""
    log: MaybePath = None
    """The folder of an audit log; a decision that cannot be written denies."""
    approvals: MaybePath = None
    """A file for calls that wait for a person, see `gatling approvals`. Default: in memory."""
    mode: Literal["enforce", "warn", "shadow"] = "enforce"
    """warn: every call runs, and the user is told. shadow: it runs, and only the log knows."""
    on_escalate: Literal["ask", "deny"] = "ask"
    """What only a person may let pass: ask the user in Claude Code, or deny it. Where Claude Code asks nobody
    (bypassPermissions, dontAsk) it is denied."""
    deadline_ms: MaybeNumber = None
    """Deny what is not decided by then. Default: 2000."""
    timeout_s: MaybeNumber = None
    """Refuse what is not answered by then, the guard's start included; below the timeout in the settings. Default: 30."""
    idle_minutes: MaybeNumber = None
    """The process ends when nobody has asked for so long. Default: 60."""
    lenient: bool = False
    """Read a policy that is not of the native format as far as it can be read."""
    stop: bool = False
    """End the process that holds the guard; the next call starts a new one, which reads conversations from their transcripts."""

    def run(self) -> int:
        """Answer one event; return 0 or 2."""
        from gatling.hook.client import main

        words: list[str] = []
        for field in fields(self):
            value = getattr(self, field.name)
            if value is True:
                words.append(f"--{field.name.replace('_', '-')}")
            elif value not in (None, False, field.default):
                words.append(f"--{field.name.replace('_', '-')}={value}")
        return main(words)
