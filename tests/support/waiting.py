"""Waits for conditions with a deadline, and lets many sessions act at the same moment."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

T = TypeVar("T")

# Seconds until a test says that what it waits for will not come. Only a broken test waits so long:
# a shorter deadline measures the machine.
PATIENCE = 180.0

# A fault of the mock provider: no answer until its faults are cleared.
HELD = {"delay_ms": 10_000 * PATIENCE}


def until(look: Callable[[], T | None], what: str, *, seconds: float = PATIENCE) -> T:
    """Return what `look` finds (anything true) as soon as it does; fail when the time is over."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"not within {seconds:g} seconds: {what}"
        time.sleep(0.02)
    return found


def together(count: int, act: Callable[[int, Barrier], T]) -> list[T]:
    """Run `act` in as many threads; each calls wait() on the barrier when it is ready."""
    barrier = Barrier(count, timeout=PATIENCE)

    def run(number: int) -> T:
        try:
            return act(number, barrier)
        except BaseException:
            barrier.abort()  # nobody waits for who has failed
            raise

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))
