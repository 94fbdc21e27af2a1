"""The search: which moves, with which random numbers, turn a stopped violation into one that gets through.

A try is a few moves of the table, each with a number that its random choices follow from. A query is one verdict on the
conversation that comes of it; tries that change nothing, give the goal up, or come out like an earlier one cost none.

- Black-box: the attacker sees the verdicts. A try is better the fewer of the calls to blame are denied, then the fewer are
  escalated; one that is no worse is built on, so that the search drifts where verdicts do not change.
- White-box: he sees the energies. A try is better the less energy the calls have that are not allowed.
- Both start from random tries and go on by changing the best one. After `patience` queries without a better one they start anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from gatling.attack.adaptive.draft import Draft
from gatling.attack.adaptive.known import KnownTools
from gatling.attack.adaptive.move import Move
from gatling.attack.adaptive.scene import Scene, Span
from gatling.energy import Verdict
from gatling.schema.plain import canonical_json

Try = tuple[tuple[int, int], ...]
"""Moves by their row in the table, with the number of each; in the table's order."""

_PATIENCE = {False: 20, True: 30}
_VARIANTS = 64
_MOST_MOVES = 6
_FIRST_MOVES = 3
_IDLE_START = 10
_IDLE = 100
"""Tries in a row that cost no query, after which a new start is made, and there is nothing left to try."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the guard makes of the calls to blame."""

    verdicts: tuple[Verdict, ...]
    energies: tuple[float, ...]

    @property
    def is_through(self) -> bool:
        """Whether all of them are allowed."""
        return all(verdict == "allow" for verdict in self.verdicts)

    def cost(self, *, white_box: bool) -> tuple[float, ...]:
        """Return what the search makes smaller."""
        if white_box:
            return (sum(e for e, v in zip(self.energies, self.verdicts, strict=True) if v != "allow"),)
        return (self.verdicts.count("deny"), self.verdicts.count("escalate"))


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A violation after some moves."""

    messages: list[Any]
    spans: tuple[Span, ...]
    moves: tuple[str, ...]
    """Names of those that changed something."""
    families: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A rewritten violation that got through."""

    queries: int
    """How many verdicts it took."""
    rewritten: Rewritten
    """With the moves that it needs alone: each was left out in turn, which is not counted as queries."""


Judge = Callable[[list[Any]], Answer]


@dataclass
class Search:
    """Looks for a way through.

    Args:
        judge: gives the verdicts on the calls to blame in a list of messages.
        patience: queries without a better try, after which a new start is made; 0 for what has worked.
    """

    scene: Scene
    known: KnownTools
    moves: tuple[Move, ...]
    judge: Judge
    white_box: bool = False
    patience: int = 0

    def run(self, first: Answer, *, queries: int, seed: str) -> tuple[Found | None, int]:
        """Search with at most so many queries; return what was found, and how many queries were made.

        Args:
            first: the answer on the conversation as it was recorded, which costs no query.
        """
        rng = Random(seed)
        patience = self.patience or _PATIENCE[self.white_box]
        seen: set[str] = {canonical_json(self.scene.conversation.messages)}
        best: Try = ()
        cost = first.cost(white_box=self.white_box)
        asked = idle = stale = 0
        while asked < queries and idle < _IDLE:
            if stale >= patience or idle % _IDLE_START == _IDLE_START - 1:
                best, cost, stale = (), first.cost(white_box=self.white_box), 0
            tried = self._changed(best, rng) if best else self._random(rng)
            rewritten = self.rewritten(tried, seed)
            text = canonical_json(rewritten.messages) if rewritten is not None else ""
            if rewritten is None or text in seen:
                idle += 1
                continue
            seen.add(text)
            idle = 0
            asked += 1
            stale += 1
            answer = self.judge(rewritten.messages)
            if answer.is_through:
                return Found(asked, self._needed(tried, seed, rewritten)), asked
            now = answer.cost(white_box=self.white_box)
            if now <= cost:
                stale = 0 if now < cost else stale
                best, cost = tried, now
        return None, asked

    def rewritten(self, tried: Try, seed: str) -> Rewritten | None:
        """Return the violation after the moves of a try; None where it is not the same attack any more, or unchanged."""
        draft = Draft.of(self.scene, self.known)
        used = []
        for row, number in tried:
            move = self.moves[row]
            if move.apply(draft, Random(f"{seed}:{move.name}:{number}")):
                used.append(move)
        if not used or not draft.is_consistent:
            return None
        rendered = draft.rendered()
        if rendered is None:
            return None
        families = tuple(sorted({move.family for move in used}))
        return Rewritten(*rendered, tuple(move.name for move in used), families)

    def _random(self, rng: Random) -> Try:
        free = list(range(len(self.moves)))
        rows = []
        for _ in range(min(rng.randint(1, _FIRST_MOVES), len(free))):
            rows.append(self._drawn(free, rng))
            free.remove(rows[-1])
        return tuple((row, rng.randrange(_VARIANTS)) for row in sorted(rows))

    def _drawn(self, rows: list[int], rng: Random) -> int:
        """Return one of some moves; each family is as likely as another, so that one of many moves does not crowd others out."""
        family = rng.choice(sorted({self.moves[row].family for row in rows}))
        return rng.choice([row for row in rows if self.moves[row].family == family])

    def _changed(self, tried: Try, rng: Random) -> Try:
        """Return a try with a move more, with another in the place of one, or with other random numbers for one."""
        numbers = dict(tried)
        free = [row for row in range(len(self.moves)) if row not in numbers]
        deed = rng.random()
        if deed < 0.6 and free and len(numbers) < _MOST_MOVES:
            numbers[self._drawn(free, rng)] = rng.randrange(_VARIANTS)
        elif deed < 0.8 and free:
            del numbers[rng.choice(sorted(numbers))]
            numbers[self._drawn(free, rng)] = rng.randrange(_VARIANTS)
        else:
            numbers[rng.choice(sorted(numbers))] = rng.randrange(_VARIANTS)
        return tuple(sorted(numbers.items()))

    def _needed(self, tried: Try, seed: str, whole: Rewritten) -> Rewritten:
        """Return what still gets through after each move was left out in turn, where it is not needed."""
        best = whole
        for pair in tried:
            less = tuple(other for other in tried if other != pair)
            rewritten = self.rewritten(less, seed) if less else None
            if rewritten is not None and self.judge(rewritten.messages).is_through:
                tried, best = less, rewritten
        return best
