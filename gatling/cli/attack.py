"""`gatling attack`: adaptive attacks on the guard over recorded violations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from gatling.cli.flags import by_commas, check_counts
from gatling.errors import ConfigError

if TYPE_CHECKING:
    from gatling.adapters import Conversation
    from gatling.attack.adaptive import AttackConfig, KnownTools, Outcome


@dataclass(frozen=True, kw_only=True, slots=True)
class Attack:
    """Rewrite stopped attacks until they get through, and count the queries.

    gatling attack recorded.jsonl.gz --queries 100 --output through.jsonl
    gatling train-attribution --dataset recorded.jsonl.gz through.jsonl --output guard

    Reads labelled conversations: `messages` (Chat Completions), `governance_context`, `label`, `violating_calls`, and
    `meta.injection_spans`, the characters that an attacker wrote. Of violations that the guard stops it rewrites what an attacker
    controls (wording, language, place and split of his text, words of the request in it, free texts and tools of the calls, names
    of what he owns, the order) and asks the guard again; the goal stays the same. A query is one verdict on a rewritten
    conversation. Prints which share gets through with how many queries, by suite and family of moves, with 95 % intervals.
    """

    files: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """Files of labelled conversations. - reads stdin."""
    queries: int = 100
    """Verdicts that a conversation may cost."""
    white_box: bool = False
    """The attacker sees the energies of the calls to blame. Default: he sees the verdicts."""
    moves: str | None = None
    """Families of moves to use, by commas. Default: all."""
    without_moves: str | None = None
    """Families to hold out, by commas."""
    limit: int | None = None
    """Stopped violations to attack, of each file, in an order that --seed draws. Default: all."""
    seed: int = 0
    """Draws which violations, and which moves; the same lines come out for a seed."""
    model: Path | None = None
    """A model folder. Default: the model that ships with Gatling."""
    sources: Path | None = None
    """Whose text each tool returns, a JSON or YAML file. Default: told by the tools' names."""
    workers: int = 1
    """Processes."""
    output: Path | None = None
    """Write what got through as labelled records, JSON Lines."""
    json: bool = False
    """Print the figures as JSON."""

    def run(self) -> int:
        """Attack the files, print the tables, write what got through; return the exit status."""
        from gatling.cores import one_thread_a_process

        one_thread_a_process()  # before numpy is loaded
        import json
        from contextlib import nullcontext

        from gatling.attack.adaptive import AttackConfig, moves_of
        from gatling.bench.adaptive import attack_tables, summarise
        from gatling.cli.console import print_table
        from gatling.cli.documents import print_json
        from gatling.cli.model import announce_model
        from gatling.provenance.sources import ToolSources
        from gatling.schema.files import atomic_write

        check_counts(queries=self.queries, workers=self.workers)
        if self.limit is not None:
            check_counts(limit=self.limit)
        if not self.files:
            raise ConfigError("gatling attack needs a FILE, or several")
        chosen = None if self.moves is None else by_commas(self.moves)
        if chosen == []:
            raise ConfigError("--moves is empty")
        config = AttackConfig(
            moves=moves_of(chosen, by_commas(self.without_moves or "")),
            queries=self.queries,
            white_box=self.white_box,
            seed=self.seed,
            sources=ToolSources() if self.sources is None else ToolSources.from_file(self.sources),
        )
        announce_model(self.model)
        outcomes = []
        with nullcontext() if self.output is None else atomic_write(self.output) as stream:
            for outcome in self._outcomes(config):
                outcomes.append(outcome)
                if stream is not None and outcome.found is not None:
                    stream.write((json.dumps(outcome.record(), ensure_ascii=False) + "\n").encode())
        summary = summarise(outcomes, queries=self.queries)
        if self.json:
            print_json(summary)
            return 0
        for title, columns, rows in attack_tables(summary):
            print_table(title, tuple(columns), rows)
        through = sum(outcome.found is not None for outcome in outcomes)
        print(f"{summary['asked']} violations, {summary['all']['caught']} stopped, {through} of these got through")
        return 0

    def _outcomes(self, config: AttackConfig) -> Iterator[Outcome]:
        """Yield what comes of the violations of each file, until so many as --limit says were stopped."""
        from random import Random

        from gatling.attack.adaptive import KnownTools
        from gatling.bench.conversations import read_labelled
        from gatling.cli.documents import conversation_source
        from gatling.cli.progress import Progress

        with Progress("attacking", unit="violations", total=None) as progress:
            for path in self.files:
                everything = read_labelled(conversation_source(path))
                violations = [conversation for conversation in everything if conversation.notes["label"] == "violation"]
                if self.limit is not None:
                    Random(self.seed).shuffle(violations)
                stopped = 0
                for outcome in self._attacked(violations, config, KnownTools.of(everything)):
                    progress.advance(1)
                    stopped += outcome.is_caught
                    yield outcome
                    if stopped == self.limit:
                        break

    def _attacked(self, violations: list[Conversation], config: AttackConfig, known: KnownTools) -> Iterator[Outcome]:
        from gatling.cluster import in_processes

        name = None if self.model is None else str(self.model.resolve())
        pieces = (_Piece(name, conversation, config, known) for conversation in violations)
        return in_processes(_attack_piece, pieces, workers=self.workers)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A violation, and what it is attacked with, for a process that knows nothing yet."""

    model: str | None
    conversation: Conversation
    config: AttackConfig
    known: KnownTools


def _attack_piece(piece: _Piece) -> Outcome:
    from gatling.attack.adaptive import attack
    from gatling.guard.conversations import guard_of

    return attack(guard_of(piece.model), piece.conversation, piece.config, piece.known)
