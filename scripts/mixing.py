"""How much the deep layers weigh, once for finding plans and once for energies: chosen on domains that training never saw.

A latent is unit(exp(m) deep + lexical). What the deep layers learn is mostly whether a plan looks right by itself. That separates
violations from compliant plans, and it makes the same few plans the nearest of many contexts, so that the best m for an energy
is larger than the best for retrieval. Training finds one in between.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch.nn import functional as F

from gatling.encoders import DualEncoder
from gatling.encoders.dual import read_checkpoint
from gatling.evaluation import embed_corpus
from gatling.evaluation.embed import Embedded
from gatling.evaluation.retrieval import nearest_neighbour
from gatling.evaluation.separation import auroc
from gatling.schema.files import atomic_write
from gatling.store.corpus import Corpus

OFFSETS = (-2.0, -1.5, -1.0, -0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75, 1.0)
"""What is tried, added to what training found."""
_ALONE = 30.0  # log weight at which nothing is left of the other part in float32


@dataclass(frozen=True, slots=True)
class Mixing:
    """Offsets to the trained `log_mix`, and what each gives on the validation domains."""

    retrieval: float
    energy: float
    nn_accuracy: dict[float, float]
    auroc: dict[float, float]


@dataclass(frozen=True, slots=True)
class _Parts:
    deep: Embedded
    lexical: Embedded
    log_mix: tuple[float, float]
    """Of the governance and of the execution encoder."""

    def joined(self, offset: float) -> Embedded:
        z_g, z_e = (
            F.normalize(deep * torch.tensor(mix + offset).exp() + lexical, dim=-1)
            for deep, lexical, mix in (
                (self.deep.z_g, self.lexical.z_g, self.log_mix[0]),
                (self.deep.z_e, self.lexical.z_e, self.log_mix[1]),
            )
        )
        return replace(self.lexical, z_g=z_g, z_e=z_e)


def choose(checkpoint: Path, plain: Corpus, attacked: Corpus) -> Mixing:
    """Choose both offsets; of equally good ones the one that changes less.

    Args:
        plain: compliant traces of domains that training never saw.
        attacked: the same with their mutants.
    """
    found, separated = _parts(checkpoint, plain), _parts(checkpoint, attacked)
    accuracy = {offset: nearest_neighbour(found.joined(offset)).accuracy for offset in OFFSETS}
    area = {}
    for offset in OFFSETS:
        embedded = separated.joined(offset)
        area[offset] = auroc(embedded.energy(), ~embedded.is_compliant)
    return Mixing(_best(accuracy), _best(area), accuracy, area)


def write_mixed(checkpoint: Path, mixing: Mixing, output: Path) -> None:
    """Write the checkpoint with both weights set: `log_mix` for retrieval, the hyperparameter `energy_mix` for energies."""
    content = read_checkpoint(checkpoint)
    for name in ("governance_encoder", "execution_encoder"):
        state = dict(content[f"{name}_state_dict"])
        state["log_mix"] = state["log_mix"] + mixing.retrieval
        content[f"{name}_state_dict"] = state
        content["encoders"][name] = {**content["encoders"][name], "energy_mix": mixing.energy - mixing.retrieval}
    with atomic_write(output) as stream:
        torch.save(content, stream)


def _best(figures: dict[float, float]) -> float:
    return max(figures, key=lambda offset: (figures[offset], -abs(offset)))


def _parts(checkpoint: Path, corpus: Corpus) -> _Parts:
    model = DualEncoder.from_pretrained(checkpoint, precision="fp32")
    encoders = (model.governance, model.execution)
    log_mix = [float(encoder.log_mix.detach()) for encoder in encoders]
    embedded = []
    for alone in (_ALONE, -_ALONE):
        _fill([encoder.log_mix for encoder in encoders], alone)
        embedded.append(embed_corpus(model, corpus))
    return _Parts(embedded[0], embedded[1], (log_mix[0], log_mix[1]))


def _fill(parameters: Iterable[torch.Tensor], value: float) -> None:
    with torch.no_grad():
        for parameter in parameters:
            parameter.fill_(value)
