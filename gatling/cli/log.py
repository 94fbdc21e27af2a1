"""`gatling log`: what can be asked of an audit log."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from gatling.cli.flags import MaybePath, MaybeText, flag
from gatling.errors import ConfigError, InputError

_FLAGS = {
    "verify": ("anchor",),
    "head": (),
    "show": ("session", "verdict"),
    "find": ("value", "session", "verdict"),
    "replay": ("policy", "model", "lenient"),
    "report": ("output",),
    "traces": ("output", "without"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Log:
    """Check, search, replay or picture an audit log.

    gatling log verify audit/       # is it what was written? finds lines removed, changed, added, reordered or cut off
    gatling log head audit/         # the last entry, to be kept elsewhere; verify --anchor takes it
    gatling log show audit/ --verdict deny
    gatling log find audit/ --value ann@example.com      # where a value stood, which the log itself does not tell
    gatling log replay audit/ --policy new.yaml          # which past decisions would be others?
    gatling log report audit/ --output report.html
    gatling log traces audit/ --output honest.jsonl      # what `gatling calibrate` learns from, of a phase in shadow mode

    The log is a folder that a session writes: `Session(.., log=AuditLog("audit/"))`. It holds codes, clauses and digests, no
    values. Each entry is chained to the one before by digests that need the key: that of --key, else the file `key` in the
    folder. `replay` and `traces` need what the guard was asked, which is kept with `AuditLog(.., keeps_questions=True)`.

    Exit status: 0 sound, or nothing would change; 3 the log is not what was written, or a decision would be another; 2 bad input.
    """

    what: Annotated[Literal["verify", "head", "show", "find", "replay", "report", "traces"], tyro.conf.Positional]
    """What to do, see above."""
    log: Annotated[Path, tyro.conf.Positional]
    """The folder of the log."""
    key: MaybePath = None
    """The key, as hex. Default: the file `key` in the folder."""
    anchor: MaybeText = None
    """verify: SEQ:DIGEST as `head` printed it: this entry must still be there."""
    session: MaybeText = None
    """show, find: only entries of this session and its children."""
    verdict: Literal["allow", "escalate", "deny"] | None = None
    """show, find: only these."""
    value: MaybeText = None
    """find: the value, as JSON or as text."""
    policy: MaybePath = None
    """replay: the new policy. Default: that of each decision, for a new model."""
    model: MaybePath = None
    """replay: a model folder. Default: the model that ships with Gatling."""
    lenient: bool = False
    """replay: take a policy that is not of the native format."""
    output: MaybePath = None
    """report: the page to write. traces: the file of traces to write."""
    without: tuple[str, ...] = ()
    """traces: sessions to leave out, with their children: those that were attacked."""
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Do one of them. Raises: ConfigError for a flag of another."""
        for name in {name for names in _FLAGS.values() for name in names} - set(_FLAGS[self.what]):
            if getattr(self, name):
                raise ConfigError(f"`gatling log {self.what}` takes no {flag(name)}")
        from gatling.guard.log import LogKey

        if not self.log.is_dir():
            raise InputError("there is no log: wanted the folder of one", file=str(self.log))
        key = LogKey.read(self.key if self.key is not None else self.log / "key")
        return int(getattr(self, f"_{self.what}")(key))

    def _verify(self, key: Any) -> int:
        from gatling.cli.console import note
        from gatling.guard.log import verify

        found = verify(self.log, key, anchor=_anchor(self.anchor))
        if self.json:
            names = ("num_entries", "first_seq", "last_seq", "last_mac", "problems", "notes")
            print(json.dumps({"is_sound": found.is_sound, **{name: getattr(found, name) for name in names}}))
        else:
            for problem in found.problems:
                print(f"NOT SOUND  {problem}")
            if found.is_sound:
                print(f"SOUND  entries {found.first_seq} to {found.last_seq}")
            for text in found.notes:
                note(text)
        return 0 if found.is_sound else 3

    def _head(self, key: Any) -> int:
        from gatling.guard.log import verify

        found = verify(self.log, key)
        if not found.is_sound:
            raise InputError(found.problems[0])
        print(f"{found.last_seq}:{found.last_mac}")
        return 0

    def _show(self, key: Any) -> int:
        return self._print(key, None)

    def _find(self, key: Any) -> int:
        from gatling.guard.log.masks import Masks

        if self.value is None:
            raise ConfigError("find needs --value")
        masks = Masks(key.secret)
        values: list[Any] = [self.value]
        with suppress(ValueError):
            values.append(json.loads(self.value))
        return self._print(key, {masks.digest(value) for value in values})

    def _print(self, key: Any, digests: set[str] | None) -> int:
        from gatling.cli.console import note, printable
        from gatling.guard.log import read_entries

        num = 0
        for entry in read_entries(self.log, key):
            if self._is_wanted(entry) and (digests is None or _holds(entry, digests)):
                num += 1
                print(json.dumps(entry, ensure_ascii=False) if self.json else printable(_line(entry)))
        note(f"{num} entries")
        return 0

    def _is_wanted(self, entry: dict[str, Any]) -> bool:
        session = str(entry.get("session", ""))
        is_session = self.session is None or session == self.session or session.startswith(f"{self.session}/")
        return is_session and self.verdict in (None, entry.get("verdict"))

    def _replay(self, key: Any) -> int:
        from gatling.cli.console import note, printable
        from gatling.guard.guard import Guard
        from gatling.guard.log.replay import Replay, replay_log
        from gatling.policy import read_policy

        if self.policy is None and self.model is None:
            raise ConfigError("replay needs --policy or --model: with neither, nothing is new")
        policy = None if self.policy is None else read_policy(self.policy)
        guard = Guard.from_pretrained(self.model, deadline_ms=None, is_strict_policy=not self.lenient)
        outcome = Replay()
        for changed in replay_log(self.log, guard, policy=policy, key=key, outcome=outcome):
            if self.json:
                print(json.dumps(changed.to_dict(), ensure_ascii=False))
            else:
                why = f"  {', '.join(changed.reasons)}" if changed.reasons else ""
                print(printable(f"{changed.seq}  {changed.tool}  {changed.before} -> {changed.after}{why}"))
        num_changed = sum(outcome.changes.values())
        counts = ", ".join(f"{n} {a} -> {b}" for (a, b), n in sorted(outcome.changes.items()))
        note(f"{num_changed} would be others{': ' + counts if counts else ''}; {outcome.num_same} the same")
        if outcome.num_by_the_session:
            note(f"{outcome.num_by_the_session} were decided by stops, limits or people, and are not asked again")
        if outcome.num_not_kept:
            note(f"{outcome.num_not_kept} cannot be asked again: the question was not kept")
        return 3 if num_changed else 0

    def _report(self, key: Any) -> int:
        from gatling.cli.console import note
        from gatling.guard.log.report import page_of, summarise

        if self.output is None:
            raise ConfigError("report needs --output, the page to write")
        summary = summarise(self.log, key)
        self.output.write_text(page_of(summary, f"Decisions in {self.log}"), encoding="utf-8")
        note(f"{self.output}: {summary.num_decisions} decisions")
        return 0 if summary.verification is None or summary.verification.is_sound else 3

    def _traces(self, key: Any) -> int:
        from gatling.cli.console import note
        from gatling.guard.log import traces_of
        from gatling.schema.files import write_traces

        if self.output is None:
            raise ConfigError("traces needs --output, the file of traces to write")
        found = traces_of(self.log, without=self.without, key=key)
        if not found.traces:
            raise InputError(
                "no compliant plan was kept; wanted a log of `AuditLog(.., keeps_questions=True)`", file=str(self.log)
            )
        write_traces(self.output, found.traces)
        note(f"{self.output}: {len(found.traces)} compliant plans of {found.num_decisions} decisions")
        for number, why in (
            (found.num_not_compliant, "were not let run, or were against the policy"),
            (found.num_left_out, "are of sessions that were left out"),
            (found.num_not_kept, "have no question that was kept"),
        ):
            if number:
                note(f"{number} {why}")
        return 0


def _anchor(text: str | None) -> tuple[int, str] | None:
    if text is None:
        return None
    seq, _, digest = text.partition(":")
    if not seq.isdigit() or not digest:
        raise ConfigError(f"--anchor is {text!r}, wanted SEQ:DIGEST as `gatling log head` prints it")
    return int(seq), digest


def _holds(entry: dict[str, Any], digests: set[str]) -> bool:
    return any(value.get("digest") in digests for value in entry.get("arguments", {}).values())


def _line(entry: dict[str, Any]) -> str:
    if entry.get("event") != "decision":
        return f"{entry['seq']}  {entry['time']}  {entry.get('event')}"
    codes = ", ".join(dict.fromkeys(reason["code"] for reason in entry["reasons"]))
    by = f"  by {entry['approval']['by']}" if entry["approval"] else ""
    mode = "" if entry["mode"] == "enforce" else f" ({entry['mode']})"
    head = f"{entry['seq']}  {entry['time']}  {entry['verdict']}{mode}{by}  {entry['tool']}"
    return f"{head}  {codes}".rstrip() + f"  [{entry['session']}]"
