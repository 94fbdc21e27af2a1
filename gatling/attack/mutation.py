"""What a mutation is: a name, and a function that proposes edits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from gatling.attack.calls import CallPool
from gatling.attack.draft import Draft
from gatling.attack.subject import Subject

T = TypeVar("T")
_MAX_SAMPLED = 64


@dataclass(frozen=True, slots=True)
class Proposal:
    """An edit that may break a rule, and the same edit held just inside what is allowed."""

    draft: Draft
    near: Draft | None
    severity: float
    """0: just beyond the line, 1: blatant."""
    by: tuple[str, ...] = ("oracle", "request")
    """What may certify the edit: `oracle` any clause, `grant` only that nothing grants the call, `request`."""


@dataclass(frozen=True, slots=True)
class Attack:
    """What a mutation may use."""

    rng: Random
    subject: Subject
    pool: CallPool
    strength: float
    """How blatant the edit should be, 0 to 1."""

    def some(self, items: Sequence[T]) -> list[T]:
        """Return the items in random order, at most 64 of them, so that a large plan costs no more than it must."""
        return self.rng.sample(items, min(len(items), _MAX_SAMPLED))


Propose = Callable[[Attack], Iterator[Proposal]]


@dataclass(frozen=True, slots=True)
class Mutation:
    """A named kind of attack on a plan.

    Args:
        propose: yields edits, likeliest first; the first that is certified counts.
        remedy: what a policy can do about it, with `{tool}` and `{place}` (the tool with its argument) to fill in.
        stopped_by: kinds of rules that may stop it, the surest first, by their names in `policytest.remedy`.
        needs_named_grants: no rule stops it where all tools are granted, or by a pattern.
        is_of_scope: it asks for more than was asked for, and for nothing else.
    """

    name: str
    propose: Propose
    summary: str
    remedy: str
    stopped_by: tuple[str, ...] = ()
    needs_named_grants: bool = False
    is_of_scope: bool = False
