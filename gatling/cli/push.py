"""`gatling push`: a trained model to the Hub."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gatling.errors import InputError


@dataclass(frozen=True, kw_only=True, slots=True)
class Push:
    """Upload a trained model to the Hugging Face Hub.

    gatling push --model checkpoints/best.pt --hf-repo-name my-encoders

    The token is read from HF_TOKEN.
    """

    model: Path
    """A checkpoint (.pt), such as checkpoints/best.pt."""
    organization: str | None = None
    """Owner of the repository. Default: the owner of the token."""
    hf_repo_name: str = "gatling-jepa-encoders"
    """Name of the repository."""
    report: Path | None = None
    """A report.json whose figures go into the model card."""

    def run(self) -> int:
        from gatling.cli.documents import read_json
        from gatling.hub.hub import push

        summary = read_json(self.report) if self.report else None
        if self.report and not (isinstance(summary, dict) and "num_compliant" in summary):
            raise InputError("not a report of gatling evaluate or gatling train", file=str(self.report))
        repo = push(self.model, name=self.hf_repo_name, organization=self.organization, summary=summary)
        print(f"pushed to {repo}")
        return 0
