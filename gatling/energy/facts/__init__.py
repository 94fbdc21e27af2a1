"""What critics know of a context, of its tools and of a plan, computed once and shared."""

from gatling.energy.facts.node import NodeFacts as NodeFacts
from gatling.energy.facts.plan import PlanFacts as PlanFacts
from gatling.energy.facts.tool import ContextFacts as ContextFacts
from gatling.energy.facts.tool import ToolFacts as ToolFacts
