"""Policies as trees, and the explicit effects found in them. Imports no torch."""

from gatling.policy.tree import Effect as Effect
from gatling.policy.tree import Kind as Kind
from gatling.policy.tree import PolicyTree as PolicyTree
