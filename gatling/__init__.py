"""Gatling judges an agent's plan against policy: two encoders, one latent space, energies.

    model = gatling.load()  # the bundled model; gatling.load("checkpoints/best.pt") for your own
    model.energy(traces)

Importing this package loads no torch; the names below load it when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gatling.encoders import DualEncoder as DualEncoder
    from gatling.encoders import ExecutionEncoder as ExecutionEncoder
    from gatling.encoders import GovernanceEncoder as GovernanceEncoder
    from gatling.encoders import load as load

__version__ = "0.1.0"
__all__ = ["DualEncoder", "ExecutionEncoder", "GovernanceEncoder", "load"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        import gatling.encoders

        return getattr(gatling.encoders, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
