"""`gatling stop`: the kill switch."""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from typing import Annotated

import tyro

from gatling.cli.flags import MaybePath, MaybeText
from gatling.errors import ConfigError


@dataclass(frozen=True, kw_only=True, slots=True)
class Stop:
    """Deny every further call of a session, or of all, in every process.

    gatling stop 4f1c09aa --why "it books the wrong flights"
    gatling stop --all
    gatling stop                    # which stops are set
    gatling stop 4f1c09aa --clear   # take one back

    A session looks for its flag before every call, and a child for those of its parents. The flags are files in a folder: that of
    --state, else of the variable GATLING_STATE, else this user's own. Processes of other users, machines or containers see them
    only if they share that folder. What runs already is not cut off.
    """

    session: Annotated[MaybeText, tyro.conf.Positional] = None
    """The session's id (`Session.id`); children have that of their parent, a slash and a name."""
    all: bool = False
    """Stop every session."""
    clear: bool = False
    """Take the stop back."""
    why: str = ""
    """A word for those who find the stop."""
    by: MaybeText = None
    """Who stops it. Default: the user's name."""
    state: MaybePath = None
    """The folder of flags and pending approvals."""

    def run(self) -> int:
        """Set, clear or list flags. Raises: ConfigError."""
        from gatling.cli.console import note, printable
        from gatling.guard.stop import ALL, StopSwitch

        if self.session is not None and (self.all or self.session == ALL or not self.session.strip()):
            raise ConfigError("wanted one session's id, or --all")
        stops = StopSwitch(self.state)
        what = ALL if self.all else self.session
        if what is None:
            if self.clear:
                raise ConfigError("--clear needs the session's id, or --all")
            flags = stops.flags()
            for flag in flags:
                print(printable(f"{flag.session}  by {flag.by or '?'}  {shown_time(flag.at)}  {flag.why}".rstrip()))
            note(f"{len(flags)} stops in {stops.folder}")
            return 0
        if self.clear:
            is_set = stops.clear(what)
            note(f"{what} may go on" if is_set else f"{what} was not stopped")
            return 0 if is_set else 1
        stops.stop(what, by=self.by if self.by is not None else user_name(), why=self.why)
        note(f"{'every session' if what == ALL else what} is stopped: no further call is allowed")
        return 0


def user_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container's user may have no name
        return ""


def shown_time(at: float) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
