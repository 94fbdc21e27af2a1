"""For tests of agents that ask a guard: a guard of fixed answers, and messages, plans and traces in one line.

guard = FixedGuard({"read_file": "allow", "send_email": "deny"})
session = Session(guard, policy={}, role="clerk")
session.check(user("Read report.txt."))
[(call, decision)] = session.check(assistant(tool_call("read_file", path="report.txt")))
assert decision.is_allowed
"""

from gatling.testing.builders import assistant as assistant
from gatling.testing.builders import context as context
from gatling.testing.builders import node as node
from gatling.testing.builders import plan as plan
from gatling.testing.builders import tool_call as tool_call
from gatling.testing.builders import tool_result as tool_result
from gatling.testing.builders import trace as trace
from gatling.testing.builders import user as user
from gatling.testing.fixed import FixedGuard as FixedGuard
