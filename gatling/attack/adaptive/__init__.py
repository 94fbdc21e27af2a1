"""Adaptive attacks: an injection that the guard stops, rewritten until it gets through, by an attacker who can ask it."""

from gatling.attack.adaptive.known import KnownTools as KnownTools
from gatling.attack.adaptive.moves import FAMILIES as FAMILIES
from gatling.attack.adaptive.moves import moves_of as moves_of
from gatling.attack.adaptive.run import AttackConfig as AttackConfig
from gatling.attack.adaptive.run import Outcome as Outcome
from gatling.attack.adaptive.run import attack as attack
