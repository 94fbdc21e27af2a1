"""The Corrupter: typed, minimal, certified attacks on compliant plans."""

from gatling.attack.calls import CallPool as CallPool
from gatling.attack.corrupter import Corrupter as Corrupter
from gatling.attack.corrupter import Mutant as Mutant
from gatling.attack.mutation import Mutation as Mutation
from gatling.attack.mutations import MUTATIONS as MUTATIONS
