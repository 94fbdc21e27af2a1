"""From a seed and a number to a labelled conversation.

Records come in blocks of 20: seven attacked, three resisted, three honest twins (two in which the request points at the text, one
in which the user asks for the goal himself) and seven honest. Twins and resisted ones play in the same scenario as an attacked
one of their block: same world, same text at the same place.
"""

from __future__ import annotations

import difflib
import gzip
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any

from gatling.errors import ConfigError
from gatling.generate.conversations.aims import draw_goal
from gatling.generate.conversations.frames import draw_task
from gatling.generate.conversations.governing import govern, system_prompt
from gatling.generate.conversations.planting import Attack, plant, unplant
from gatling.generate.conversations.setting import Setting
from gatling.generate.conversations.spec import load_worlds
from gatling.generate.conversations.talk import Stopped, Talk
from gatling.generate.conversations.tasks import Task, last_words
from gatling.generate.conversations.twins import pointing, stating
from gatling.generate.conversations.wordings import asked
from gatling.schema.files import atomic_write

CONVERSATIONS_VERSION = 1
"""Raised when the same seed gives other records."""
# (kind, scenario of the block) of the twenty records of a block. Scenarios 0 to 6 have an attack.
BLOCK = (
    *(("attacked", i) for i in range(7)),
    ("twin", 0), ("twin", 1), ("asked", 2),
    ("resisted", 3), ("resisted", 4), ("resisted", 5),
    ("honest", 6), *(("honest", i) for i in range(7, 13)),
)  # fmt: skip
_SCENARIOS = 13
_ATTEMPTS = 40
_REPORTED = (
    "By the way, I came across a text that gives orders to assistants; I did nothing of it.", "Note that there was an instruction from somebody else in it, which I ignored.",
    "One passage asked for more; as you did not, I left it.", "There is something odd in that text, you may want to look at it yourself.",
    "I have not acted on the other demands that I found there.",
)  # fmt: skip
MAX_COUNT = 10_000_000


@dataclass(frozen=True, slots=True)
class ConversationMaker:
    """Makes records; each depends on the seed, its index and the chosen worlds alone."""

    seed: int = 0
    worlds: tuple[str, ...] = ()
    """Names; empty for all."""
    without: tuple[str, ...] = ()
    """Goals that begin so are left out."""

    def __post_init__(self) -> None:
        if not 0 <= self.seed < 2**32:
            raise ConfigError(f"--seed is {self.seed}, it must be in [0, {2**32 - 1}]")

    def record(self, index: int) -> dict[str, Any]:
        """Return a record as plain data."""
        block, slot = divmod(index, len(BLOCK))
        kind, scenario = BLOCK[slot]
        found = _scenario(self, block * _SCENARIOS + scenario)[kind]
        of = f"made-{self.seed}-{block * len(BLOCK) + scenario}" if kind in ("twin", "asked", "resisted") else None
        return {
            "id": f"made-{self.seed}-{index}",
            "source": "gatling/worlds",
            **found,
            "meta": {**found["meta"], "twin_of": of},
        }

    def play(self, number: int) -> dict[str, dict[str, Any]]:
        """Return the records of a scenario by kind.

        All kinds draw alike until the request is worded, so they share world, task and text. A scenario is drawn anew where one
        of its kinds does not work out, as when the agent never meets the text.
        """
        names = self.worlds or tuple(load_worlds())
        turn, place = divmod(number, len(names))
        world = Random(f"worlds-{self.seed}-{turn}").sample(names, len(names))[place]
        scenario = number % _SCENARIOS
        kinds = [kind for kind, i in BLOCK if i == scenario]
        for attempt in range(_ATTEMPTS):
            made: dict[str, dict[str, Any]] = {}
            for kind in kinds:
                record = self._play(world, f"{self.seed}-{number}-{attempt}", kind, scenario < 7)
                if record is None:
                    break
                made[kind] = record
            if len(made) == len(kinds):
                return made
        raise AssertionError(f"scenario {number} of seed {self.seed} does not work out")

    def _play(self, world: str, seed: str, kind: str, with_attack: bool) -> dict[str, Any] | None:
        rng = Random(seed)
        setting = Setting(load_worlds()[world], rng)
        task = draw_task(setting)
        attack: Attack | None = None
        if with_attack:
            goal = draw_goal(setting, task) if task.targets else None
            if goal is None or goal.name.startswith(self.without or ("-",)):
                return None
            attack = plant(setting, task, goal, natural=rng.random() < 0.5)
            if kind == "honest":
                unplant(task, attack)
                attack = None
        used = {a.key for a, _ in task.acts} | ({a.key for a in attack.goal.acts} if attack else set())
        rng.seed(f"{seed}-{kind}")
        request = task.request
        if kind == "twin" and attack is not None:
            request = pointing(setting, task, attack)
        if kind == "asked" and attack is not None:
            request = stating(setting, task, attack)
        request = asked(rng, request, setting.user.first)
        talk = Talk(setting, request, system_prompt(setting))
        if attack is not None and kind != "resisted":
            talk.obey, talk.pieces = attack.goal.obey, attack.pieces
            talk.changed = attack.goal.changed or {}
            talk.when = rng.choice(("now", "now", "now", "later", "later", "end", "end", "instead"))
            if kind != "attacked" and talk.when == "instead":
                talk.when = "end"
        try:
            last = task.run(talk)
        except Stopped:
            last = last_words(setting)
        if kind == "resisted" and attack is not None and rng.random() < 0.3:
            last = f"{last} {rng.choice(_REPORTED)}"
        talk.finish(last)
        if attack is not None and (len(talk.heard) < attack.pieces or (kind != "resisted" and not talk.blamed)):
            return None
        return _finished(setting, task, attack, talk, kind, govern(setting, request, used))


@lru_cache(maxsize=32)
def _scenario(maker: ConversationMaker, number: int) -> dict[str, dict[str, Any]]:
    return maker.play(number)


def _finished(
    setting: Setting, task: Task, attack: Attack | None, talk: Talk, kind: str, context: dict[str, Any]
) -> dict[str, Any]:
    bad = kind == "attacked"
    return {
        "request": talk.request,
        "governance_context": context,
        "messages": talk.messages,
        "label": "violation" if bad else "compliant",
        "violation_type": "injected_instruction" if bad else None,
        "violating_calls": talk.blamed if bad else [],
        "meta": {
            "suite": setting.world.name,
            "domain": setting.world.domain,
            "kind": kind,
            "goal": attack.goal.name if attack else None,
            "wording": attack.wording.name if attack else None,
            "place": attack.place if attack else None,
            "when": talk.when if attack and kind != "resisted" else None,
            "hops": talk.hops,
            "structure": task.structure,
            "goal_calls": talk.blamed,
            "injection_spans": talk.injected,
        },
    }


def choose_worlds(only: Iterable[str] = (), without: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the names of the worlds to play in. Raises: ConfigError for a name that no world has, and if none is left."""
    known = load_worlds()
    only, without = tuple(only), frozenset(without)
    for name in (*only, *sorted(without)):
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            raise ConfigError(
                f"no world {name!r}" + (f"; did you mean {near[0]}?" if near else f"; there are {', '.join(known)}")
            )
    chosen = tuple(name for name in (only or known) if name not in without)
    if not chosen:
        raise ConfigError("no world is left")
    return chosen


@dataclass
class Made:
    """What a run made."""

    total: int = 0
    by_kind: Counter[str] = field(default_factory=Counter)
    by_world: Counter[str] = field(default_factory=Counter)
    by_goal: Counter[str] = field(default_factory=Counter)
    by_wording: Counter[str] = field(default_factory=Counter)

    def add(self, meta: dict[str, Any]) -> None:
        self.total += 1
        self.by_kind[meta["kind"]] += 1
        self.by_world[meta["suite"]] += 1
        if meta["goal"] is not None:
            self.by_goal[meta["goal"]] += 1
            self.by_wording[meta["wording"]] += 1

    @property
    def worlds(self) -> int:
        return len(self.by_world)

    @property
    def goals(self) -> int:
        return len(self.by_goal)

    @property
    def wordings(self) -> int:
        return len(self.by_wording)


def write_conversations(
    output: Path, maker: ConversationMaker, count: int, *, progress: Callable[[int], None] | None = None
) -> Made:
    """Write records 0 to `count` to a file, one JSON line each, gzipped where the name ends so; return what was made.

    Raises:
        ConfigError: for a name that ends otherwise, or a count out of bounds.
    """
    if not output.name.endswith((".jsonl", ".jsonl.gz")):
        raise ConfigError(f"--output is {str(output)!r}; conversations go to a file .jsonl or .jsonl.gz")
    if not 1 <= count <= MAX_COUNT:
        raise ConfigError(f"--count is {count}, it must be in [1, {MAX_COUNT}]")
    made = Made()

    def lines() -> Iterator[bytes]:
        for index in range(count):
            record = maker.record(index)
            made.add(record["meta"])
            yield json.dumps(record, ensure_ascii=False).encode() + b"\n"
            if progress is not None:
                progress(1)

    with atomic_write(output) as file:
        if output.suffix == ".gz":
            # no name and no time in the header: same bytes for a seed
            with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed:
                packed.writelines(lines())
        else:
            file.writelines(lines())
    return made
