"""The heartbeat: a thread with an event loop and a connection of its own.

The worker's own loop may be busy for seconds, with answers of megabytes; its leases are renewed all
the same. But not for ever: a loop that has not come round for a minute lets them lapse.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field

from tollhouse.db import Gate
from tollhouse.errors import GateError
from tollhouse.log import Log
from tollhouse.pulse import Pulse
from tollhouse.worker.lease import Lease
from tollhouse.worker.leases import Leases

__all__ = ["Heartbeat"]

log = Log(__name__)

_LOOK_SECONDS = 0.1  # while there is no lease
_PAUSE_SECONDS = 0.5  # after a failure
_STOP_SECONDS = 5.0


@dataclass(kw_only=True, eq=False)
class Heartbeat:
    """Renews every live lease. `open_gate` is called, and its gate used, in the thread only.

    well: whether the last heartbeats were answered
    """

    leases: Leases
    open_gate: Callable[[], AbstractAsyncContextManager[Gate]]
    stuck_seconds: float = 60.0
    pulse: Pulse = field(default_factory=Pulse, init=False)
    well: bool = field(default=False, init=False)

    async def run(self) -> None:
        """Beat until cancelled; raises what the thread raises."""
        self._main = asyncio.get_running_loop()
        self._heard_at = time.monotonic()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None
        ended: Future[None] = Future()
        threading.Thread(target=self._thread, args=[ended], name="heartbeat", daemon=True).start()
        over = asyncio.wrap_future(ended)
        try:
            await asyncio.shield(over)
        finally:
            self._stopping = True
            if (task := self._task) is not None and not over.done():
                task.get_loop().call_soon_threadsafe(task.cancel)
            with suppress(TimeoutError):
                async with asyncio.timeout(_STOP_SECONDS):
                    await over

    def _thread(self, ended: "Future[None]") -> None:
        try:
            with suppress(asyncio.CancelledError):
                asyncio.run(self._beat())
        except BaseException as error:
            ended.set_exception(error)
        else:
            ended.set_result(None)

    async def _beat(self) -> None:
        self._task = asyncio.current_task()
        async with self.open_gate() as gate:
            while not self._stopping:
                leases, well = self.leases.live, True
                for lease in leases:
                    well = self._is_stuck() or await self._renew(gate, lease)
                    self.pulse.beat()
                self.well = well
                seconds = self.leases.heartbeat_seconds
                if not leases:
                    await self.pulse.wait(_LOOK_SECONDS)
                else:
                    await self.pulse.wait(seconds if well else min(seconds, _PAUSE_SECONDS))

    def _is_stuck(self) -> bool:
        # What holds no lease any more can't hold calls for ever, whatever keeps its loop.
        self._main.call_soon_threadsafe(self._hear)
        return time.monotonic() - self._heard_at > self.stuck_seconds

    async def _renew(self, gate: Gate, lease: Lease) -> bool:
        before = time.monotonic()  # which is loop time
        try:
            held = await gate.heartbeat(lease.worker_id, lease.held)
        except GateError as error:
            log.warning("heartbeat failed", worker_id=lease.worker_id, error=str(error))
            return False
        self._main.call_soon_threadsafe(self.leases.renewed, lease, before, held)
        return True

    def _hear(self) -> None:
        self._heard_at = time.monotonic()
