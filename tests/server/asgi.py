"""An application asked in this process: no socket, no other process, and the guard answers what the test says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from gatling.server import Access, App, Bounds, LiteLLM, Pool, Service, Settings, ThreadWorker
from gatling.testing import FixedGuard

T = TypeVar("T")
AGENT, PERSON = "agents-0123456789abcdef", "people-0123456789abcdef"
JSON = {"content-type": "application/json"}
ANSWERS = {"read_file": "allow", "search": "allow", "send_email": "escalate", "delete_file": "deny"}


class Got(NamedTuple):
    """An answer."""

    status: int
    headers: dict[str, str]
    data: Any


def settings(folder: Path, **changes: Any) -> Settings:
    """Settings with one policy, all files below a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "office.yaml").write_text("allowed_operations: [read_file, send_email, search, delete_file]\n")
    given: dict[str, Any] = {"policies": {"office": str(folder / "office.yaml")}, "state": str(folder / "state")}
    return Settings(**{**given, "litellm": LiteLLM(policy="office", role="clerk"), **changes})


def service(folder: Path, guard: Any = None, **changes: Any) -> Service:
    """A service whose guard answers by `ANSWERS`."""
    return Service(settings(folder, **changes), guard if guard is not None else FixedGuard(ANSWERS))  # type: ignore[arg-type]


class Client:
    """Asks an application, each time as a browser or a program on this machine would."""

    def __init__(self, app: App, token: str | None = None) -> None:
        self.app = app
        self.token = token

    async def ask(self, method: str, path: str, data: Any = None, **headers: str) -> Got:
        """Ask; `data` is sent as JSON, bytes as they are. Header names with `_` for `-`."""
        body = data if isinstance(data, bytes) else b"" if data is None else json.dumps(data).encode()
        given = {"host": "127.0.0.1:1", **(JSON if data is not None else {}), "content-length": str(len(body))}
        if self.token is not None:
            given["authorization"] = f"Bearer {self.token}"
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        raw, _, query = path.partition("?")
        scope = {
            "type": "http",
            "method": method,
            "path": raw,
            "raw_path": raw.encode(),
            "query_string": query.encode(),
            "headers": [(k.encode(), v.encode()) for k, v in given.items() if v],
        }
        pieces = [body[i : i + 1_000] for i in range(0, len(body), 1_000)] or [b""]
        sent: list[Any] = []

        async def receive() -> Any:
            if not pieces:
                await asyncio.Event().wait()
            piece = pieces.pop(0)
            return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        start, end = sent
        found = {k.decode(): v.decode() for k, v in start["headers"]}
        if found["content-type"].startswith("text/html"):
            return Got(start["status"], found, end["body"].decode())
        return Got(start["status"], found, json.loads(end["body"]) if end["body"] else None)


class Running:
    """An application that has been started, in a loop of its own."""

    def __init__(self, app: App) -> None:
        self.app = app
        self._loop = asyncio.new_event_loop()
        self._messages: asyncio.Queue[str] = asyncio.Queue()
        self._told: asyncio.Queue[Any] = asyncio.Queue()
        self._life = self._loop.create_task(self.app({"type": "lifespan"}, self._receive, self._told.put))  # type: ignore[arg-type]
        assert self._say("lifespan.startup")["type"] == "lifespan.startup.complete"

    async def _receive(self) -> Any:
        return {"type": await self._messages.get()}

    def _say(self, kind: str) -> Any:
        self._messages.put_nowait(kind)
        return self.run(self._told.get())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(asyncio.wait_for(work, 30))

    def ask(self, method: str, path: str, data: Any = None, *, token: str | None = None, **headers: str) -> Got:
        return self.run(Client(self.app, token).ask(method, path, data, **headers))

    def close(self) -> None:
        assert self._say("lifespan.shutdown")["type"] == "lifespan.shutdown.complete"
        self._loop.close()


def app_of(
    asked: Any,
    *,
    bounds: Bounds | None = None,
    agents: str | None = None,
    approvers: str | None = PERSON,
    count: int = 1,
    has_pages: bool = False,
) -> App:
    """Return an application whose workers are threads, or of `asked` where that is none."""
    bounds = bounds if bounds is not None else Bounds()
    make = (lambda: ThreadWorker(asked)) if isinstance(asked, Service) else asked
    return App(Pool(make, count, bounds), Access(agents, approvers), bounds, has_pages=has_pages)
