"""SIGTERM ends a command as Ctrl-C does, and nothing disturbs what stops the rest."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["ending_on_signals", "undisturbed"]

_Handlers = dict[
    signal.Signals, Callable[[int, FrameType | None], object] | int | signal.Handlers | None
]

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def ending_on_signals() -> Iterator[None]:
    """Raise KeyboardInterrupt for the first Ctrl-C, SIGTERM or SIGHUP, and ignore the others.

    What was ignored before, such as SIGHUP under nohup, stays so. For the main thread only.
    """

    def end(_: int, __: FrameType | None) -> None:
        _ignore()
        raise KeyboardInterrupt

    before = {number: signal.getsignal(number) for number in _SIGNALS}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, end)
    try:
        yield
    finally:
        _restore(before)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Ignore those signals for a while; outside the main thread nothing happens."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = _ignore()
    try:
        yield
    finally:
        _restore(before)


def _ignore() -> _Handlers:
    return {number: signal.signal(number, signal.SIG_IGN) for number in _SIGNALS}


def _restore(before: _Handlers) -> None:
    for number, handler in before.items():
        signal.signal(number, handler)
