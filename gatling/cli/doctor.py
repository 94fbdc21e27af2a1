"""`gatling doctor`: is this installation fit to guard?"""

from __future__ import annotations

import os
import platform
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from typing import Any

from gatling.cli.flags import MaybePath
from gatling.errors import GatlingError

_PACKAGE = "gatling-jepa"
_EXTRA = re.compile(r"extra\s*==\s*['\"]([^'\"]+)['\"]")
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_REPEATS = 20

_POLICY = {"allowed_operations": ["read_file", "send_email"], "forbidden_operations": ["delete_file"]}
_REQUEST = "Read march.txt and mail a summary to ann@example.com."
_WANTED = (
    ("allow", "read_file", {"path": "march.txt"}),
    ("deny", "delete_file", {"path": "march.txt"}),
)


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    is_fine: bool
    found: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Doctor:
    """Check that this installation can guard, and warm it up.

    gatling doctor
    gatling doctor --model guard --policy policy.yaml

    Looks at the interpreter, the files of the model (by their digests), two calls whose verdicts are known, the time that a
    decision takes, the folder of stops and approvals, and which extras are installed. With --policy also whether it loads.

    Exit status: 0 all is well, 1 something is not; the line that says what begins with FAULT.
    """

    model: MaybePath = None
    """A model folder. Default: the model that ships with Gatling."""
    policy: MaybePath = None
    """A policy in the native format."""
    json: bool = False
    """Print JSON."""

    def run(self) -> int:
        """Print what was found; return the exit status."""
        from gatling.cli.console import printable
        from gatling.cli.documents import print_json

        checks = [*self._checks()]
        is_fit = all(check.is_fine for check in checks)
        if self.json:
            print_json({"is_fit": is_fit, "checks": [asdict(check) for check in checks]})
        else:
            for check in checks:
                print(printable(f"{'ok   ' if check.is_fine else 'FAULT'}  {check.name}: {check.found}"))
        return 0 if is_fit else 1

    def _checks(self) -> Iterator[Check]:
        yield _tried("interpreter", _interpreter)
        yield _tried("model", self._model)
        yield _tried("decisions", self._decisions)
        yield _tried("state", _state)
        yield _tried("extras", _extras)
        if self.policy is not None:
            yield _tried("policy", self._policy)

    def _model(self) -> str:
        from gatling.runtime.folder import encoders_digest, pretrained_folder, read_folder

        folder = self.model if self.model is not None else pretrained_folder()
        read_folder(folder)
        return f"{folder}, whole, {encoders_digest(folder)[:12]}"

    def _decisions(self) -> str:
        from gatling.guard.guard import Guard

        started = time.perf_counter()
        guard = Guard.from_pretrained(self.model, deadline_ms=None)
        for wanted, tool, arguments in _WANTED:
            verdict = guard.audit(_context(), _plan(tool, arguments)).verdict
            if verdict != wanted:
                raise GatlingError(f"{tool} is answered by {verdict}, it must be {wanted}")
        first = time.perf_counter() - started
        times = []
        for number in range(_REPEATS):
            before = time.perf_counter()
            guard.audit(_context(), _plan("read_file", {"path": "march.txt", "limit": number}))
            times.append(time.perf_counter() - before)
        median = sorted(times)[_REPEATS // 2]
        return f"two known calls answered as they must be; ready after {first:.1f} s, then {median * 1e3:.1f} ms a call"

    def _policy(self) -> str:
        from gatling.policy import policy_problems, read_policy
        from gatling.policy.native.check import refuse

        assert self.policy is not None
        source = read_policy(self.policy)
        refuse(source, policy_problems(source))
        return f"{self.policy} is of the native format"


def _context() -> dict[str, Any]:
    return {"policy": _POLICY, "user_role": "clerk", "session_context": {"user_request": _REQUEST}}


def _plan(tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    return {"nodes": [{"node_id": "n1", "tool_name": tool, "arguments": arguments, "provenance_tier": 1}], "edges": []}


def _tried(name: str, check: Callable[[], str]) -> Check:
    try:
        return Check(name, True, check())
    except (GatlingError, OSError) as error:
        return Check(name, False, str(error))


def _interpreter() -> str:
    from gatling import __version__
    from gatling.cores import num_cores

    where = f"{platform.system()} {platform.machine()}"
    return f"gatling {__version__}, Python {platform.python_version()}, {where}, {num_cores()} cores"


def _state() -> str:
    from gatling.guard.stop import StopSwitch

    stops = StopSwitch()
    folder = next(place for place in (stops.folder, *stops.folder.parents) if place.exists())
    if not os.access(folder, os.W_OK):
        raise GatlingError(f"{folder} cannot be written: nothing could be stopped or approved there; set GATLING_STATE")
    flags = len(stops.flags())
    return f"{stops.folder}, {flags} stops set"


def _extras() -> str:
    """Return which extras are installed. An extra is if all its packages are."""
    wanted: dict[str, list[str]] = {}
    try:
        requirements = metadata.requires(_PACKAGE) or []
    except metadata.PackageNotFoundError:
        return "not known: gatling runs from a folder, and is not installed"
    for requirement in requirements:
        extra, name = _EXTRA.search(requirement), _NAME.match(requirement)
        if extra is not None and name is not None:
            wanted.setdefault(extra[1], []).append(name[0])
    there = sorted(extra for extra, names in wanted.items() if all(map(_is_installed, names)))
    return f"{', '.join(there) or 'none'} (of {', '.join(sorted(wanted))})"


def _is_installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True
