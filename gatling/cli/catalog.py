"""`gatling catalog`: what the catalogues hold, by domain and by tool."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import tyro

from gatling.cli.flags import by_commas
from gatling.errors import ConfigError


@dataclass(frozen=True, kw_only=True, slots=True)
class Catalog:
    """Look at the tools that traces and policies are made of.

    `gatling catalog list` prints a row a domain; with --domain a row a tool. `gatling catalog show send_email` prints one
    tool: its parameters, its permissions, and what was concluded from them with the evidence.
    """

    what: Annotated[Literal["list", "show"], tyro.conf.Positional]
    """list: the domains. show: one tool."""
    name: Annotated[str | None, tyro.conf.Positional] = None
    """For show: the tool's name."""
    catalog: str = "builtin"
    """Which catalogues, by commas: builtin, google, aws, agentdojo (extras of these names), or files: an own catalogue, an
    MCP server's tools/list, an OpenAPI 3 document."""
    domain: str | None = None
    """Only this domain."""
    effect: Literal["read", "write", "delete", "admin", "send"] | None = None
    """Only tools of this effect."""
    json: bool = False
    """Print the tools in full as JSON."""

    def run(self) -> int:
        """Print a table of domains, or one tool; as JSON if asked for."""
        from gatling.cli.catalog_tables import list_domains, show_tools
        from gatling.tools import load_catalog

        specs = load_catalog(by_commas(self.catalog))
        if self.domain is not None:
            specs = [s for s in specs if s.domain == self.domain]
            if not specs:
                raise ConfigError(f"--domain is {self.domain!r}, no tool of {self.catalog} is in it")
        if self.effect is not None:
            specs = [s for s in specs if s.effect == self.effect]
        if self.what == "list":
            if self.name is not None:
                raise ConfigError(f"list takes no name, it was given {self.name!r}; `gatling catalog show` does")
            list_domains(specs, as_json=self.json, with_tools=self.domain is not None)
        else:
            if self.name is None:
                raise ConfigError("show needs the name of a tool")
            show_tools(specs, self.name, as_json=self.json)
        return 0
