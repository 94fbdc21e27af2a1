"""The audit log: one line a decision, chained and sealed, without values; and what can be asked of it."""

from gatling.guard.log.chain import LogError as LogError
from gatling.guard.log.chain import LogKey as LogKey
from gatling.guard.log.traces import Extract as Extract
from gatling.guard.log.traces import traces_of as traces_of
from gatling.guard.log.verify import Verification as Verification
from gatling.guard.log.verify import read_entries as read_entries
from gatling.guard.log.verify import verify as verify
from gatling.guard.log.writer import AuditLog as AuditLog
