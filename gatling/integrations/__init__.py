"""The guard inside agent frameworks: a session is asked before each of their tool calls. Each needs its framework's extra.

Importing this package loads no framework; the names below load theirs when first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gatling.integrations.langchain import LangChainMiddleware as LangChainMiddleware

_HOMES = {
    "LangChainMiddleware": "langchain",
}
__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from gatling.errors import extra_for

        with extra_for(f"gatling.integrations.{name}"):
            return getattr(importlib.import_module(f"gatling.integrations.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
