"""SIGTERM ends a command as Ctrl-C does, and nothing disturbs what stops the rest."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["ending_on_sigterm", "undisturbed"]


@contextmanager
def ending_on_sigterm() -> Iterator[None]:
    """Raise KeyboardInterrupt for SIGTERM and SIGHUP; for the main thread only."""

    def end(_: int, __: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Ignore Ctrl-C for a while; outside the main thread nothing happens."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
