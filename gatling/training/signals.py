"""Stopping on Ctrl-C or a termination signal, between two steps."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from gatling.training.distributed import PeerLostError


@contextmanager
def stop_on_signal(*, is_alone: bool) -> Iterator[threading.Event]:
    """Yield an event that Ctrl-C or a termination signal sets; a second one acts as usual.

    Of several processes each gets a signal from the launcher, and perhaps another from the terminal: none acts as usual, and
    after the loss of a process, of which the launcher tells the others by a signal, none does for good. The launcher kills
    what has not ended after half a minute.
    """
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def handle(number: int, frame: FrameType | None) -> None:
        stop.set()
        if is_alone:
            signal.signal(number, previous[signal.Signals(number)])

    previous = {s: signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)}
    for number in previous:
        signal.signal(number, handle)
    is_lost = False
    try:
        yield stop
    except PeerLostError:
        is_lost = True
        raise
    finally:
        for number, handler in previous.items():
            if not is_lost:
                signal.signal(number, handler)
