"""What a trace is, and how trace files are read and written. Imports no torch."""

from gatling.schema.files import OnError as OnError
from gatling.schema.files import ReadReport as ReadReport
from gatling.schema.files import read_traces as read_traces
from gatling.schema.files import write_traces as write_traces
from gatling.schema.parse import parse_context as parse_context
from gatling.schema.parse import parse_plan as parse_plan
from gatling.schema.parse import parse_trace as parse_trace
from gatling.schema.trace import ExecutionPlan as ExecutionPlan
from gatling.schema.trace import GovernanceContext as GovernanceContext
from gatling.schema.trace import Label as Label
from gatling.schema.trace import PlanEdge as PlanEdge
from gatling.schema.trace import PlanNode as PlanNode
from gatling.schema.trace import Trace as Trace
