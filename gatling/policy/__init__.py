"""Policies: their tree, the explicit rules found in it, and the oracle that decides by them. Imports no torch."""

from gatling.policy.clauses import Clause as Clause
from gatling.policy.clauses import ClauseKind as ClauseKind
from gatling.policy.native.check import Problem as Problem
from gatling.policy.native.schema import FORMATS as FORMATS
from gatling.policy.native.schema import native_schema as native_schema
from gatling.policy.oracle import Judgement as Judgement
from gatling.policy.oracle import Oracle as Oracle
from gatling.policy.oracle import Undecided as Undecided
from gatling.policy.oracle import Violation as Violation
from gatling.policy.recognise import policy_problems as policy_problems
from gatling.policy.recognise import recognise as recognise
from gatling.policy.rules import Rulebook as Rulebook
from gatling.policy.source import PolicySource as PolicySource
from gatling.policy.source import parse_policy as parse_policy
from gatling.policy.source import read_policy as read_policy
from gatling.policy.subjects import Asked as Asked
from gatling.policy.tree import Effect as Effect
from gatling.policy.tree import Kind as Kind
from gatling.policy.tree import PolicyTree as PolicyTree
