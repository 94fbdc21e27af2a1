"""Model folders and the Hugging Face Hub: writing a folder is one thing, pushing it another, pulling it a third.

Only pushing and pulling touch the network, and nothing else in Gatling does.
"""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save as save_safetensors

from gatling.encoders import DualEncoder
from gatling.encoders.dual import read_checkpoint
from gatling.encoders.reranker import Reranker
from gatling.errors import HubError, TrainingError
from gatling.evaluation.tables import metrics_table
from gatling.features.matches import match_digest
from gatling.runtime.folder import (
    CHECKPOINT_VERSION,
    CONFIG_NAME,
    EXECUTION_STEM,
    GOVERNANCE_STEM,
    RERANKER_STEM,
    RERANKER_VERSION,
    copy_encoders,
    encoders_digest,
)
from gatling.runtime.sealed import sealed
from gatling.schema.files import atomic_write
from gatling.training.config import NOT_PUBLISHED

MODEL_FILES = (
    CONFIG_NAME,
    f"{GOVERNANCE_STEM}.pt",
    f"{GOVERNANCE_STEM}.safetensors",
    f"{EXECUTION_STEM}.pt",
    f"{EXECUTION_STEM}.safetensors",
)


def has_token() -> bool:
    """Tell whether a Hub token is set, in HF_TOKEN or by an earlier login."""
    from huggingface_hub import get_token

    return bool(get_token())


def write_folder(
    checkpoint: Path, folder: Path, *, card: str, is_half: bool = False, with_pt: bool = False
) -> DualEncoder:
    """Write a model folder (see `runtime/folder.py`) from a checkpoint. No optimizer state goes along.

    Args:
        card: the text of README.md.
        is_half: store matrices as float16, which halves the size; what has one axis stays as it is. For trained weights
            (up to a few units in size) rounding is within 2^-11 of each value.
        with_pt: write the weights as `.pt` too, always at full precision.

    Returns:
        The model of the checkpoint, in fp32.

    Raises:
        CheckpointError: if the checkpoint cannot be read.
        TrainingError: if a weight is beyond float16.
    """
    content = read_checkpoint(checkpoint)
    model = DualEncoder.from_pretrained(checkpoint, precision="fp32")
    folder.mkdir(parents=True, exist_ok=True)
    sha256 = {}
    for stem, encoder in ((GOVERNANCE_STEM, model.governance), (EXECUTION_STEM, model.execution)):
        weights = {name: tensor.contiguous() for name, tensor in encoder.state_dict().items()}
        if with_pt:
            with atomic_write(folder / f"{stem}.pt") as stream:
                torch.save(weights, stream)
        if is_half:
            weights = {name: _halved(f"{stem}.{name}", tensor) for name, tensor in weights.items()}
        stored = save_safetensors(weights)
        sha256[f"{stem}.safetensors"] = hashlib.sha256(stored).hexdigest()
        _write(folder / f"{stem}.safetensors", stored)
    config = {
        "format_version": CHECKPOINT_VERSION,
        "model_type": "gatling-jepa-encoders",
        "epoch": content["epoch"],
        **model.hparams,
        "training": {k: v for k, v in content["config"].items() if k not in NOT_PUBLISHED},
        "sha256": sha256,
    }
    _write(folder / CONFIG_NAME, sealed(config))
    _write(folder / "README.md", card.encode())
    return model


def write_reranker(
    reranker: Reranker, encoders: Path, folder: Path, *, training: dict[str, Any], figures: dict[str, Any]
) -> None:
    """Write a model folder with a re-ranker beside its encoders.

    Args:
        encoders: the model folder whose encoders it was trained for; it may be the same one.
        training, figures: what the file says of how it was made, and what was measured.
    """
    copy_encoders(encoders, folder)
    weights = {name: _halved(name, tensor.contiguous()) for name, tensor in reranker.state_dict().items()}
    stored = save_safetensors(weights)
    settings = {
        "format_version": RERANKER_VERSION,
        "features": match_digest(),
        "encoders": encoders_digest(folder),
        **reranker.hparams,
        "scales": list(reranker.scales),
        "training": training,
        "figures": figures,
        "sha256": {f"{RERANKER_STEM}.safetensors": hashlib.sha256(stored).hexdigest()},
    }
    _write(folder / f"{RERANKER_STEM}.safetensors", stored)
    _write(folder / f"{RERANKER_STEM}.json", sealed(settings))


def _halved(name: str, tensor: torch.Tensor) -> torch.Tensor:
    if tensor.ndim < 2:
        return tensor
    half = tensor.half()
    if not torch.isfinite(half).all():
        raise TrainingError(f"{name} holds a value beyond the 65504 of float16")
    return half


def _write(path: Path, content: bytes) -> None:
    with atomic_write(path) as stream:
        stream.write(content)


def save_pretrained(checkpoint: Path, folder: Path, *, summary: dict[str, Any] | None = None) -> DualEncoder:
    """Write the folder that is pushed: weights of each encoder twice, config.json and a model card.

    Args:
        summary: measured figures for the card, as `evaluation.summary.summarise` gives them.
    """
    return write_folder(checkpoint, folder, card=model_card(read_checkpoint(checkpoint), summary), with_pt=True)


def model_card(content: dict[str, Any], summary: dict[str, Any] | None) -> str:
    """Return the model card's text; figures only where they were measured."""
    config, metrics = content["config"], content["metrics"]
    source = ", ".join(Path(p).name for p in config["dataset"]) or "the default dataset, or 12 synthetic traces"
    lines = [
        "---",
        "license: apache-2.0",
        "library_name: gatling-jepa",
        "tags: [agents, guardrails, access-control, contrastive-learning]",
        "---",
        "",
        "# Gatling JEPA encoders",
        "",
        "Two encoders that place governance contexts and execution plans in one latent space; `1 - cos` is the energy.",
        "",
        f"Trained on: {source}. Epoch {content['epoch']}, seed {config['seed']}, split by {config['group_by']}.",
        "",
        "```python",
        "import gatling",
        "",
        'model = gatling.load("path/to/this/folder")  # gatling pull REPO fetches it',
        "energy = model.energy(traces)",
        "```",
        "",
        "The `.safetensors` files hold the same weights as the `.pt` files and cannot run code when loaded.",
        "",
    ]
    if summary:
        lines += [
            f"## Measured on the {summary.get('split', 'evaluation')} split",
            "",
            *metrics_table(summary),
        ]
    else:
        lines += ["## Validation at this epoch", "", "| metric | value |", "| --- | ---: |"]
        lines += [
            f"| {name} | {value:.4g} |"
            for name, value in metrics.items()
            if name.startswith("val/") and value is not None
        ]
    return "\n".join(lines) + "\n"


def push(checkpoint: Path, *, name: str, organization: str | None, summary: dict[str, Any] | None = None) -> str:
    """Create the repository if needed and upload the model; return its address.

    Raises:
        HubError: naming the cause; nothing local is touched.
    """
    from huggingface_hub import HfApi, get_token
    from huggingface_hub.errors import HfHubHTTPError

    token = get_token()
    if not token:
        raise HubError("no Hub token: set HF_TOKEN to a token with write access")
    repo_id = f"{organization}/{name}" if organization else name
    with tempfile.TemporaryDirectory() as folder:
        save_pretrained(checkpoint, Path(folder), summary=summary)
        epoch = read_checkpoint(checkpoint)["epoch"]
        api = HfApi(token=token)
        try:
            repo_id = api.create_repo(repo_id, exist_ok=True, repo_type="model").repo_id
            api.upload_folder(repo_id=repo_id, folder_path=folder, commit_message=f"Gatling encoders, epoch {epoch}")
        except HfHubHTTPError as error:
            status = error.response.status_code if error.response is not None else "no"
            detail = (error.server_message or str(error)).strip().splitlines()[0]
            raise HubError(f"the Hub refused {repo_id} with status {status}: {detail}") from None
        except (OSError, ValueError) as error:
            raise HubError(f"the push to {repo_id} failed: {_first_line(error)}") from None
        except Exception as error:  # the HTTP client's own types
            raise HubError(f"the push to {repo_id} failed: {type(error).__name__}: {_first_line(error)}") from None
    return repo_id


def pull(repo_id: str, folder: Path, *, revision: str | None = None) -> DualEncoder:
    """Fetch a model folder from the Hub and load it. The `.pt` twins are not fetched.

    Raises:
        HubError: naming the cause.
        CheckpointError: if what came is not a model.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

    try:
        snapshot_download(
            repo_id,
            revision=revision,
            local_dir=folder,
            allow_patterns=[CONFIG_NAME, "*.safetensors", "README.md"],
        )
    except RepositoryNotFoundError:
        raise HubError(f"the Hub has no model {repo_id!r} that this token may read") from None
    except HfHubHTTPError as error:
        raise HubError(f"the Hub refused {repo_id}: {_first_line(error)}") from None
    except Exception as error:
        raise HubError(f"{repo_id} cannot be fetched: {type(error).__name__}: {_first_line(error)}") from None
    return DualEncoder.from_pretrained(folder, precision="fp32")


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
