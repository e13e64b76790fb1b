"""Waits for conditions with a deadline, and makes many sessions act at once."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

T = TypeVar("T")

# Seconds before a test gives up waiting. Only a broken test waits this long:
# a shorter deadline would measure the machine.
PATIENCE = 180.0

# A fault of the mock provider: no answer until its faults are cleared.
HELD = {"delay_ms": 10_000 * PATIENCE}


def until(look: Callable[[], T | None], what: str, *, seconds: float = PATIENCE) -> T:
    """Return the first truthy result of `look`; fail at the deadline."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"not within {seconds:g} seconds: {what}"
        time.sleep(0.02)
    return found


def together(count: int, act: Callable[[int, Barrier], T]) -> list[T]:
    """Run `act` in that many threads; each calls wait() on the barrier when ready."""
    barrier = Barrier(count, timeout=PATIENCE)

    def run(number: int) -> T:
        try:
            return act(number, barrier)
        except BaseException:
            barrier.abort()  # nobody waits for a thread that failed
            raise

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))
