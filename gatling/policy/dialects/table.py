"""Every dialect that is read inside a policy: one row each. The walk through a policy asks them in this order."""

from __future__ import annotations

from gatling.policy.dialects.argument_schema import SchemaDialect
from gatling.policy.dialects.cedar import CedarDialect
from gatling.policy.dialects.scopes import ScopesDialect
from gatling.policy.dialects.statements import StatementsDialect
from gatling.policy.reading.reader import Dialect

_ROWS: tuple[Dialect, ...] = (CedarDialect(), StatementsDialect(), SchemaDialect(), ScopesDialect())
DIALECTS: dict[str, Dialect] = {row.name: row for row in _ROWS}
