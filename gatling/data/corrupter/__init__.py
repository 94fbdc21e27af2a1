"""The Corrupter: typed, minimal, certified attacks on compliant plans."""

from gatling.data.corrupter.calls import CallPool as CallPool
from gatling.data.corrupter.corrupter import MUTATIONS as MUTATIONS
from gatling.data.corrupter.corrupter import Corrupter as Corrupter
from gatling.data.corrupter.corrupter import Mutant as Mutant
