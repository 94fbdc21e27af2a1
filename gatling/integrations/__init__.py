"""The guard inside agent frameworks: a session is asked before each of their tool calls. Each needs its framework's extra.

Importing this package loads no framework; the names below load theirs when first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gatling.integrations.agentdojo import AgentDojoGuard as AgentDojoGuard
    from gatling.integrations.claude_agent import ClaudeHooks as ClaudeHooks
    from gatling.integrations.crewai import CrewAIHook as CrewAIHook
    from gatling.integrations.google_adk import ADKPlugin as ADKPlugin
    from gatling.integrations.langchain import LangChainMiddleware as LangChainMiddleware
    from gatling.integrations.openai_agents import OpenAIAgentsGuard as OpenAIAgentsGuard
    from gatling.integrations.pydantic_ai import PydanticAICapability as PydanticAICapability

_HOMES = {
    "ADKPlugin": "google_adk",
    "AgentDojoGuard": "agentdojo",
    "ClaudeHooks": "claude_agent",
    "CrewAIHook": "crewai",
    "LangChainMiddleware": "langchain",
    "OpenAIAgentsGuard": "openai_agents",
    "PydanticAICapability": "pydantic_ai",
}
__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from gatling.errors import extra_for

        with extra_for(f"gatling.integrations.{name}"):
            return getattr(importlib.import_module(f"gatling.integrations.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
