"""Gatling judges an agent's plan against policy: two encoders, one latent space, energies.

    model = gatling.load()  # the bundled model; gatling.load("checkpoints/best.pt") for your own
    model.energy(traces)

    guard = gatling.Guard.from_pretrained()
    session = gatling.Session(guard, policy="policy.yaml", role="clerk")
    session.check(message)  # the calls that it proposes, with the decisions on them

Importing this package loads no torch; the names below load what they need when first used.
"""

from __future__ import annotations

TYPE_CHECKING = False  # not of `typing`, which takes longer to load than all else that `gatling hook` needs
if TYPE_CHECKING:
    from typing import Any

    from gatling.encoders import DualEncoder as DualEncoder
    from gatling.encoders import ExecutionEncoder as ExecutionEncoder
    from gatling.encoders import GovernanceEncoder as GovernanceEncoder
    from gatling.encoders import load as load
    from gatling.guard import Decision as Decision
    from gatling.guard import Guard as Guard
    from gatling.guard import Session as Session

__version__ = "0.1.0"
_HOMES = {
    "Decision": "gatling.guard",
    "DualEncoder": "gatling.encoders",
    "ExecutionEncoder": "gatling.encoders",
    "GovernanceEncoder": "gatling.encoders",
    "Guard": "gatling.guard",
    "Session": "gatling.guard",
    "load": "gatling.encoders",
}
__all__ = ["Decision", "DualEncoder", "ExecutionEncoder", "GovernanceEncoder", "Guard", "Session", "load"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        import importlib

        from gatling.errors import extra_for

        with extra_for(f"gatling.{name}"):
            return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
