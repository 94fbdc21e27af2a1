"""`gatling bench conversations`: labelled conversations before the guard."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gatling.errors import ConfigError


@dataclass(frozen=True, kw_only=True, slots=True)
class ConversationBench:
    """What the flags of the command say."""

    files: tuple[Path, ...]
    model: Path | None
    escalate_from: float | None
    sources: Path | None
    limit: int | None
    by: str | None
    workers: int | None

    def measure(self) -> dict[str, Any]:
        """Judge the files, with progress on stderr. Returns: the figures. Raises: InputError with file and line."""
        from gatling.bench.conversations import LabelledResult, read_labelled, result_of, summarise
        from gatling.cli.documents import conversation_source
        from gatling.cli.model import announce_model
        from gatling.cli.progress import Progress
        from gatling.cli.unread_count import UnreadCount
        from gatling.cores import num_cores
        from gatling.guard.conversations import judge_conversations
        from gatling.provenance.sources import ToolSources
        from gatling.schema.files import source_name

        labelled = {}
        for path in self.files:
            source = conversation_source(path)
            name = source_name(source)
            if name in labelled:
                raise ConfigError(f"{name} is given twice")
            labelled[name] = read_labelled(source, limit=self.limit)
        everything = [conversation for some in labelled.values() for conversation in some]
        announce_model(self.model)
        unread = UnreadCount()
        judged = judge_conversations(
            unread.counted(everything),
            model=self.model,
            escalate_from=self.escalate_from,
            sources=None if self.sources is None else ToolSources.from_file(self.sources),
            workers=num_cores() if self.workers is None else self.workers,
        )
        results: dict[str, list[LabelledResult]] = {name: [] for name in labelled}
        with Progress("judging", unit="conversations", total=len(everything)) as progress:
            for conversation, made in zip(everything, judged, strict=True):
                results[conversation.file].append(result_of(conversation, made, by=self.by))
                progress.advance(1)
        unread.say()
        return summarise(_short_names(results), by=self.by)


def _short_names(results: dict[str, Any]) -> dict[str, Any]:
    """Return the same under the names of files without their folders, where these are distinct."""
    short = {Path(name).name: some for name, some in results.items()}
    return short if len(short) == len(results) else results
