"""A stand-in for the Hub on the loopback address: what one push and one pull need, and nothing else."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COMMIT = "c" * 40


class Hub:
    """Files and commits by repository; `refuse` answers every request with that status."""

    def __init__(self) -> None:
        self.files: dict[str, dict[str, bytes]] = {}
        self.messages: list[str] = []
        self.tokens: set[str] = set()
        self.refuse: int | None = None
        self.url = ""


def _handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: Any) -> None:
            pass

        def _send(self, status: int, body: bytes = b"", **headers: str) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def _json(self, value: Any, status: int = 200) -> None:
            self._send(status, json.dumps(value).encode(), Content_Type="application/json")

        def _refused(self) -> bool:
            if hub.refuse:
                self._json({"error": "you may not do this"}, hub.refuse)
            return bool(hub.refuse)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            hub.tokens.add(self.headers.get("Authorization", ""))
            if self._refused():
                return
            parts = self.path.split("?")[0].strip("/").split("/")
            if parts[:3] == ["api", "repos", "create"]:
                wanted = json.loads(body)
                repo = f"{wanted.get('organization') or 'me'}/{wanted['name']}"
                hub.files.setdefault(repo, {})
                self._json({"url": f"{hub.url}/{repo}", "name": repo})
            elif parts == ["api", "validate-yaml"]:
                self._json({"errors": [], "warnings": []})
            elif parts[:2] == ["api", "models"] and parts[4] == "preupload":
                names = [f["path"] for f in json.loads(body)["files"]]
                self._json({"files": [{"path": n, "uploadMode": "regular", "shouldIgnore": False} for n in names]})
            elif parts[:2] == ["api", "models"] and parts[4] == "commit":
                repo = f"{parts[2]}/{parts[3]}"
                for line in body.decode().splitlines():
                    entry = json.loads(line)
                    if entry["key"] == "header":
                        hub.messages.append(entry["value"]["summary"])
                    elif entry["key"] == "file":
                        hub.files[repo][entry["value"]["path"]] = base64.b64decode(entry["value"]["content"])
                self._json({"commitUrl": f"{hub.url}/{repo}/commit/{COMMIT}", "commitOid": COMMIT, "success": True})
            else:
                self._json({"error": "unknown"}, 404)

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            if self._refused():
                return
            parts = self.path.split("?")[0].strip("/").split("/")
            if parts[:2] == ["api", "models"]:
                repo = "/".join(parts[2:4])
                if repo not in hub.files:
                    self._send(404, b"{}", X_Error_Code="RepoNotFound", X_Error_Message="Repository not found")
                    return
                if parts[4] == "tree":
                    entries = [
                        {
                            "type": "file",
                            "path": name,
                            "size": len(data),
                            "oid": hashlib.sha1(data).hexdigest(),
                        }
                        for name, data in hub.files[repo].items()
                    ]
                    self._json(entries)
                    return
                siblings = [{"rfilename": name} for name in hub.files[repo]]
                self._json({"id": repo, "sha": COMMIT, "siblings": siblings, "private": False})
            elif "resolve" in parts:
                content = hub.files["/".join(parts[:2])]["/".join(parts[4:])]
                etag = f'"{hashlib.sha256(content).hexdigest()}"'
                self._send(200, content, ETag=etag, X_Repo_Commit=COMMIT)
            else:
                self._json({"error": "unknown"}, 404)

    return Handler


@contextmanager
def hub_server() -> Iterator[Hub]:
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(hub))
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
