"""The guard: what a running agent asks before it acts. What only some need is loaded when it is first named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gatling.guard.approval import Approval as Approval
from gatling.guard.approval import ApprovalError as ApprovalError
from gatling.guard.approval import Approvals as Approvals
from gatling.guard.approval import PendingCall as PendingCall
from gatling.guard.decision import Decision as Decision
from gatling.guard.escalation import Answer as Answer
from gatling.guard.escalation import Escalation as Escalation
from gatling.guard.gated import CallRefused as CallRefused
from gatling.guard.guard import Guard as Guard
from gatling.guard.limits import Limits as Limits
from gatling.guard.replay import ReplayedCall as ReplayedCall
from gatling.guard.replay import replay as replay
from gatling.guard.session import Session as Session
from gatling.guard.stop import StopSwitch as StopSwitch

if TYPE_CHECKING:
    from gatling.guard.log import AuditLog as AuditLog
    from gatling.guard.log import LogError as LogError
    from gatling.guard.log import LogKey as LogKey
    from gatling.guard.reload import LiveGuard as LiveGuard
    from gatling.guard.reload import PolicyFile as PolicyFile
    from gatling.guard.telemetry import Telemetry as Telemetry

_HOMES = {
    **dict.fromkeys(("AuditLog", "LogError", "LogKey"), "log"),
    **dict.fromkeys(("LiveGuard", "PolicyFile"), "reload"),
    "Telemetry": "telemetry",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        import importlib

        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
