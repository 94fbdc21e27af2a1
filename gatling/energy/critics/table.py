"""The critics, in the order in which energies are summed."""

from __future__ import annotations

from gatling.energy.critics.critic import CriticKind
from gatling.energy.critics.flow import FlowCritic
from gatling.energy.critics.hierarchy import HierarchyCritic
from gatling.energy.critics.latent import NoLatent
from gatling.energy.critics.provenance import ProvenanceCritic
from gatling.energy.critics.scope import ScopeCritic
from gatling.energy.finding import Source

CRITICS: dict[str, CriticKind] = {
    Source.HIERARCHY: CriticKind(HierarchyCritic.from_dict, is_learned=True),
    # Formulas have nothing to overfit: they help on suites left out where the fit, on suites that resemble each other, sees
    # no use.
    Source.PROVENANCE: CriticKind(lambda _, __: ProvenanceCritic(), least=0.2),
    # Stated limits are the oracle's, and what is left, a guess of the scope that is needed, is rough.
    Source.SCOPE: CriticKind(ScopeCritic.from_dict, most=0.2, is_learned=True),
    Source.FLOW: CriticKind(lambda _, __: FlowCritic(), least=0.2),
    # The encoders have seen some of the data that the weights are fitted on, so the fit overrates them: on suites that they
    # have not seen, more than this lowers the AUROC. What is read here stands in where there are no encoders.
    Source.LATENT: CriticKind(lambda _, __: NoLatent(), most=0.5),
}
