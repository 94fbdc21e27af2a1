"""A client over this process's stdin and stdout, as most clients start their servers."""

from __future__ import annotations

import os
import sys
import threading

from gatling.mcp_proxy.ends import Ends, Note, Server, pump, stream_sink
from gatling.mcp_proxy.proxy import Proxy, error_of


def serve(proxy: Proxy, server: Server, *, note: Note) -> int:
    """Stand between stdin and stdout and a server, until either ends; return 0, or 1 if the server has ended first."""
    client = stream_sink(sys.stdout.buffer)
    ends = Ends(proxy, client, server.send, note)
    server.begin(ends.of_server, note)
    ended_by_client = threading.Event()

    def read_client() -> None:
        try:
            # Not `sys.stdin`: a thread that waits in it when the process ends makes Python abort.
            pump(
                lambda size: os.read(0, size),
                "client",
                ends.of_client,
                note,
                refuse=lambda why: client(error_of(None, -32700, why)),
            )
        finally:
            ended_by_client.set()
            server.close()

    threading.Thread(target=read_client, daemon=True).start()
    try:
        server.run()
        ends.ended("the server has ended")
    finally:
        server.close()
    if ended_by_client.is_set():
        return 0
    note(server.outcome)
    return 1
