"""`gatling pull`: a model from the Hub."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro


@dataclass(frozen=True, kw_only=True, slots=True)
class Pull:
    """Fetch a model from the Hugging Face Hub.

    gatling pull OWNER/NAME --output mine

    The folder is one that `--model` and gatling.load take.
    """

    repo: Annotated[str, tyro.conf.Positional]
    """The repository, OWNER/NAME."""
    output: Path | None = None
    """The folder. Default: the repository's name."""
    revision: str | None = None
    """A branch, tag or commit."""

    def run(self) -> int:
        from gatling.hub.hub import pull

        folder = self.output or Path(self.repo.rsplit("/", 1)[-1])
        pull(self.repo, folder, revision=self.revision)
        print(f"{folder}: ready for --model and gatling.load")
        return 0
