"""Testing a policy: the Corrupter attacks it, and what survives shows what is missing."""

from gatling.policytest.attack import ask_model as ask_model
from gatling.policytest.attack import attack as attack
from gatling.policytest.difference import Difference as Difference
from gatling.policytest.difference import difference as difference
from gatling.policytest.report import PolicyReport as PolicyReport
from gatling.policytest.seeds import SeedMaker as SeedMaker
from gatling.policytest.seeds import Seeds as Seeds
from gatling.policytest.seeds import seeds_of_traces as seeds_of_traces
