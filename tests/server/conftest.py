"""One office of a server that answers in this process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.asgi import Running, app_of, service


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Running]:
    asked = service(tmp_path, log=str(tmp_path / "audit"))
    running = Running(app_of(asked))
    yield running
    running.close()
    asked.close()
