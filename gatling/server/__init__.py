"""The decision server: sessions, decisions and approvals over HTTP, for agents in any language (extra `server`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gatling.server.settings import Bounds as Bounds
from gatling.server.settings import LiteLLM as LiteLLM
from gatling.server.settings import Settings as Settings

if TYPE_CHECKING:
    from gatling.server.access import Access as Access
    from gatling.server.app import App as App
    from gatling.server.pool import Pool as Pool
    from gatling.server.run import serve as serve
    from gatling.server.service import Service as Service
    from gatling.server.workers import ThreadWorker as ThreadWorker

_HOMES = {
    "Access": "access",
    "App": "app",
    "Pool": "pool",
    "Service": "service",
    "ThreadWorker": "workers",
    "serve": "run",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        import importlib

        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
