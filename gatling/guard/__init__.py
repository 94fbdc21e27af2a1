"""The guard: what a running agent asks before it acts."""

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
from gatling.guard.log import AuditLog as AuditLog
from gatling.guard.log import LogError as LogError
from gatling.guard.log import LogKey as LogKey
from gatling.guard.reload import LiveGuard as LiveGuard
from gatling.guard.reload import PolicyFile as PolicyFile
from gatling.guard.replay import ReplayedCall as ReplayedCall
from gatling.guard.replay import replay as replay
from gatling.guard.session import Session as Session
from gatling.guard.stop import StopSwitch as StopSwitch
from gatling.guard.telemetry import Telemetry as Telemetry
