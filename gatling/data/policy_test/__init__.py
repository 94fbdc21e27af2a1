"""Testing a policy: the Corrupter attacks it, and what survives shows what is missing."""

from gatling.data.policy_test.attack import ask_model as ask_model
from gatling.data.policy_test.attack import attack as attack
from gatling.data.policy_test.report import PolicyReport as PolicyReport
from gatling.data.policy_test.seeds import SeedMaker as SeedMaker
from gatling.data.policy_test.seeds import Seeds as Seeds
from gatling.data.policy_test.seeds import seeds_of_traces as seeds_of_traces
