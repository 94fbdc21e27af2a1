"""`gatling approvals`: calls that wait for a person, and the person's word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import tyro

from gatling.cli.flags import MaybeNumber, MaybePath, MaybeText
from gatling.errors import ConfigError


@dataclass(frozen=True, kw_only=True, slots=True)
class ApprovalsCommand:
    """Say yes or no to calls that wait for a person.

    gatling approvals list --file approvals.db              # what waits
    gatling approvals approve 9f3c2a71d0b4e865 --by ann --file approvals.db
    gatling approvals refuse 9f3c2a71d0b4e865 --by ann --file approvals.db

    A call waits where a session with `approvals=Approvals("approvals.db")` was told `escalate`. A yes lets this very call pass,
    once: the same tool and arguments, in the same session, under the same policy. A no denies it without asking again. Both count
    for --minutes. The agent does not run the call by itself: it has to ask for it again.
    """

    what: Annotated[Literal["list", "approve", "refuse"], tyro.conf.Positional]
    """list: what waits. approve, refuse: decide one of them."""
    id: Annotated[MaybeText, tyro.conf.Positional] = None
    """The id that `list` shows, `decision.pending` in the program."""
    file: MaybePath = None
    """The file of approvals. Default: approvals.db in the folder of GATLING_STATE, or of this user."""
    by: MaybeText = None
    """Who decides. Default: the user's name."""
    minutes: MaybeNumber = None
    """How long the word counts. Default: 60."""
    all: bool = False
    """list: also what was decided or has expired."""
    json: bool = False
    """Print JSON, one a line."""

    def run(self) -> int:
        """List calls, or decide one. Raises: ConfigError, InputError, ApprovalError."""
        import json

        from gatling.cli.console import note, printable
        from gatling.cli.stop import user_name
        from gatling.guard.approval import Approvals
        from gatling.guard.stop import state_folder

        path = self.file if self.file is not None else state_folder() / "approvals.db"
        if not path.is_file():
            raise ConfigError(f"{path} is not there: no session has kept approvals in it")
        approvals = Approvals(path)
        try:
            if self.what == "list":
                if self.id is not None:
                    raise ConfigError("list takes no id")
                found = approvals.all() if self.all else approvals.waiting()
                for pending in found:
                    print(json.dumps(pending.to_dict(), ensure_ascii=False) if self.json else printable(_line(pending)))
                note(f"{len(found)} calls in {path}")
                return 0
            if self.id is None:
                raise ConfigError(f"{self.what} needs the id of a call that waits")
            decide = approvals.approve if self.what == "approve" else approvals.refuse
            word = decide(self.id, by=self.by if self.by is not None else user_name(), minutes=self.minutes)
            note(f"{self.id} is {'approved' if word.is_approved else 'refused'} by {word.by}")
            return 0
        finally:
            approvals.close()


def _line(pending: object) -> str:
    from gatling.cli.stop import shown_time
    from gatling.guard.approval import PendingCall
    from gatling.schema.plain import cut

    assert isinstance(pending, PendingCall)
    head = f"{pending.id}  {pending.state:<8}  {shown_time(pending.asked_at)}  {pending.session}"
    call = f"  {pending.tool_name} {cut(pending.arguments, 400)}"
    return "\n".join((head, call, *(f"  because {reason}" for reason in pending.reasons[:3])))
