"""One identity of the worker, under which it claims and records.

A lease ends early in one of two ways, and the worker goes on under a new id at once:

* retired: a claim's reply was lost, so calls may run under this id that the worker has never
  heard of. It claims nothing more under it, finishes and records what it knows, keeps the lease
  alive meanwhile, then deregisters: the database settles the rest as it does for a dead worker.
* lost: the database reaped it, or it could not be renewed in time. Its calls are aborted, since
  another worker may already send them again, and what comes of them is still reported under the
  old id, where the database books it as late.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from uuid import UUID

__all__ = ["Lease", "State"]


class State(Enum):
    """Where a lease is in its life."""

    ACTIVE = "active"
    RETIRED = "retired"
    LOST = "lost"


@dataclass(eq=False)
class Lease:
    """An identity, and until when (loop time) it holds.

    held: how many of its calls are claimed and not recorded yet
    idle: whether the database was told so, as far as the claim loop knows
    """

    worker_id: UUID
    seconds: float
    until: float = 0.0
    state: State = State.ACTIVE
    held: int = 0
    idle: bool = False
    _fence: asyncio.TimerHandle | None = None

    @property
    def may_send(self) -> bool:
        """Whether calls claimed under it may still go out."""
        return self.state is not State.LOST and asyncio.get_running_loop().time() < self.until

    def renew(self, since: float, *, on_lapse: Callable[[], None]) -> None:
        """Let it hold for its whole length from `since`; `on_lapse` is called if that is the end.

        By a timer, not by the heartbeat's own deadline: it holds even if the heartbeat hangs.
        """
        self.drop_fence()
        self.until = since + self.seconds
        self._fence = asyncio.get_running_loop().call_at(self.until, on_lapse)

    def drop_fence(self) -> None:
        """Let nothing happen when its time is over."""
        if self._fence is not None:
            self._fence.cancel()
