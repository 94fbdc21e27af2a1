"""Repair: the nearest plan that passes, by edits that only take away. Imports no torch."""

from gatling.repair.edits import Edit as Edit
from gatling.repair.intent import functional_intent_similarity as functional_intent_similarity
from gatling.repair.search import Repair as Repair
from gatling.repair.search import repair as repair
