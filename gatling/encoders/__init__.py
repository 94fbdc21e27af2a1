"""The two encoders and their pair.

Letters in shapes, for every file of this folder:

    B  records in a batch (contexts or plans)      H  hidden_dim
    T  policy tokens, packed over the batch        D  latent_dim
    V  plan nodes, packed over the batch           X  distinct texts of the batch
    A  argument leaves, packed                     U  distinct words of the batch
    E  edges, packed                               P  word positions of all texts
    G  attention blocks of one padded size         L  that size
    N  attention heads
"""

from gatling.encoders.dual import DualEncoder as DualEncoder
from gatling.encoders.dual import load as load
from gatling.encoders.execution import ExecutionEncoder as ExecutionEncoder
from gatling.encoders.governance import GovernanceEncoder as GovernanceEncoder
