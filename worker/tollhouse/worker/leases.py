"""The worker's identities: registered, renewed by a heartbeat, given up and replaced.

A lease ends early in one of two ways, and the worker goes on under a new id at once:

* retired: a claim's reply was lost, so calls may run under this id that the worker has never
  heard of. It claims nothing more under it, finishes and records what it knows of, keeps the lease
  alive meanwhile, then deregisters: the database settles the rest as it does for a dead worker.
* lost: the database reaped it, or it could not be renewed in time. Its calls are aborted, since
  another worker may already send them again, and what comes of them is still reported under the
  old id, where the database books it as late.

The heartbeat has a thread, an event loop and a connection of its own: the worker's own loop may be
busy for seconds with answers of megabytes, and its leases are renewed all the same. But not for
ever: a loop that has not come round for a minute lets them lapse.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, suppress
from enum import Enum
from uuid import UUID, uuid4

from tollhouse import __version__
from tollhouse.errors import GateError
from tollhouse.gate import Gate
from tollhouse.log import Log
from tollhouse.pulse import Pulse
from tollhouse.sqlstates import lacks_schema, remedy

__all__ = ["Heartbeat", "Lease", "Leases", "State"]


class State(Enum):
    """Where a lease is in its life."""

    ACTIVE = "active"
    RETIRED = "retired"
    LOST = "lost"


class Lease:
    """An identity, and until when (loop time) it holds.

    held: how many of its calls are claimed and not recorded yet
    idle: whether the database was told so, as far as the claim loop knows
    """

    def __init__(self, *, worker_id: UUID, seconds: float, until: float = 0.0) -> None:
        self.worker_id = worker_id
        self.seconds = seconds
        self.until = until
        self.state = State.ACTIVE
        self.held = 0
        self.idle = False
        self._fence: asyncio.TimerHandle | None = None

    @property
    def may_send(self) -> bool:
        """Whether calls claimed under it may still go out."""
        return self.state is not State.LOST and asyncio.get_running_loop().time() < self.until

    def renew(self, since: float, *, on_lapse: Callable[[], None]) -> None:
        """Extend it to its full length from `since`; `on_lapse` is called if nothing renews it.

        By a timer, not by the heartbeat's own deadline: it holds even if the heartbeat hangs.
        """
        self.drop_fence()
        self.until = since + self.seconds
        self._fence = asyncio.get_running_loop().call_at(self.until, on_lapse)

    def drop_fence(self) -> None:
        """Let nothing happen when its time is up."""
        if self._fence is not None:
            self._fence.cancel()


log = Log(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 5.0
_DEFAULT_HEARTBEAT_SECONDS = 5.0


class Leases:
    """The current lease and the former ones that still have calls to settle."""

    def __init__(
        self,
        *,
        gate: Gate,
        name: str,
        capacity: int,
        on_registered: Callable[[], None],
        on_lost: Callable[[Lease], None],
        on_ended: Callable[[str], None],
    ) -> None:
        self.gate = gate
        self.name = name
        self.capacity = capacity
        self.on_registered = on_registered
        self.on_lost = on_lost
        self.on_ended = on_ended
        self.deployed = False  # the schema, as far as known
        self.heartbeat_seconds = _DEFAULT_HEARTBEAT_SECONDS
        self.current: Lease | None = None
        self.former: list[Lease] = []
        self._changed = asyncio.Event()
        self._closing = False
        self._pause = _FIRST_PAUSE

    @property
    def live(self) -> list[Lease]:
        """Every lease that the database may still count as alive."""
        leases = [self.current, *self.former]
        return [lease for lease in leases if lease and lease.state is not State.LOST]

    async def run(self) -> None:
        """Register, and deregister what is settled, until cancelled."""
        pulse = self.gate.pulses["lease"]
        while True:
            self._changed.clear()
            well = self.current is not None or self._closing or await self._register()
            for lease in [lease for lease in self.former if lease.held == 0]:
                await self._deregister(lease)
            await pulse.wait(self.heartbeat_seconds if well else self._pause, self._changed)

    def renewed(self, lease: Lease, since: float, held: bool) -> None:
        """A heartbeat sent at `since` (loop time) was answered."""
        if lease not in self.live:
            return
        if held is True:
            self._hold(lease, since)
        else:
            self.lose(lease, "reaped")

    def retire(self, lease: Lease, reason: str) -> None:
        """Claim nothing more under this lease; its calls go on."""
        if lease.state is State.ACTIVE:
            self._end(lease, State.RETIRED, reason)

    def lose(self, lease: Lease, reason: str) -> None:
        """The lease is gone: abort its calls."""
        if lease.state is not State.LOST:
            lease.drop_fence()
            self._end(lease, State.LOST, reason)
            self.on_lost(lease)

    def stop(self) -> None:
        """Register no more; heartbeats go on until `close`."""
        self._closing = True

    async def close(self) -> None:
        """Deregister everything, as far as the database can be reached."""
        self.former = [lease for lease in [self.current, *self.former] if lease]
        self.current = None
        for lease in list(self.former):
            await self._deregister(lease)

    async def _register(self) -> bool:
        # A new id for every try: the reply of the last one may have been lost.
        worker_id, before = uuid4(), asyncio.get_running_loop().time()
        try:
            terms = await self.gate.register(worker_id, self.name, self.capacity, __version__)
        except GateError as error:
            self._log_failure(error)
            self._pause = min(self._pause * 2, _LONGEST_PAUSE)
            return False
        self._pause = _FIRST_PAUSE
        self.deployed = True
        self.heartbeat_seconds = terms.heartbeat_ms / 1000
        self.current = Lease(worker_id=worker_id, seconds=terms.lease_ms / 1000)
        self._hold(self.current, before)
        log.info("registered", worker_id=worker_id, name=self.name)
        self.on_registered()
        return True

    def _log_failure(self, error: GateError) -> None:
        if lacks_schema(error):
            self.deployed = False
        what_to_do = remedy(error)
        if what_to_do is None:
            log.warning("register failed", error=str(error))
        else:
            log.error("register failed", error=str(error), what_to_do=what_to_do)

    def _hold(self, lease: Lease, since: float) -> None:
        lease.renew(since, on_lapse=lambda: self.lose(lease, "not_renewed"))

    def _end(self, lease: Lease, state: State, reason: str) -> None:
        log.warning("lease ended", worker_id=lease.worker_id, state=state.value, reason=reason)
        lease.state = state
        if lease is self.current:
            self.current = None
            self.former.append(lease)
        self.on_ended(reason)
        self._changed.set()

    async def _deregister(self, lease: Lease) -> None:
        try:
            await self.gate.deregister(lease.worker_id)
        except GateError as error:
            log.warning("deregister failed", worker_id=lease.worker_id, error=str(error))
            return
        lease.drop_fence()
        self.former.remove(lease)
        log.info("deregistered", worker_id=lease.worker_id)


_LOOK_SECONDS = 0.1  # while there is no lease
_PAUSE_SECONDS = 0.5  # after a failure
_STOP_SECONDS = 5.0


class Heartbeat:
    """Renews every live lease. `open_gate` is called, and its gate used, in the thread only.

    well: whether the last heartbeats were answered
    """

    def __init__(
        self,
        *,
        leases: Leases,
        open_gate: Callable[[], AbstractAsyncContextManager[Gate]],
        stuck_seconds: float = 60.0,
    ) -> None:
        self.leases = leases
        self.open_gate = open_gate
        self.stuck_seconds = stuck_seconds
        self.pulse = Pulse()
        self.well = False
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Beat until cancelled; raises what the thread raises."""
        self._main = asyncio.get_running_loop()
        self._came_round_at = time.monotonic()
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
        # The lease lapses, and with it what it holds, whatever keeps the loop busy.
        self._main.call_soon_threadsafe(self._came_round)
        return time.monotonic() - self._came_round_at > self.stuck_seconds

    async def _renew(self, gate: Gate, lease: Lease) -> bool:
        before = time.monotonic()  # which is loop time
        try:
            held = await gate.heartbeat(lease.worker_id, lease.held)
        except GateError as error:
            log.warning("heartbeat failed", worker_id=lease.worker_id, error=str(error))
            return False
        self._main.call_soon_threadsafe(self.leases.renewed, lease, before, held)
        return True

    def _came_round(self) -> None:
        self._came_round_at = time.monotonic()
