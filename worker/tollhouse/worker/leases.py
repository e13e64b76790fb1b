"""The worker's identity: registered, kept alive, given up and replaced.

A lease ends early in one of two ways, and the worker goes on under a new id at once:

* retired: a claim's reply was lost, so calls may run under this id that the worker has never
  heard of. It claims nothing more under it, finishes and records what it knows, keeps the lease
  alive meanwhile, then deregisters: the database settles the rest as it does for a dead worker.
* lost: the database reaped it, or it could not be renewed in time. Its calls are aborted, since
  another worker may already send them again, and what comes of them is still reported under the
  old id, where the database books it as late.
"""

import asyncio
import uuid
from collections.abc import Callable
from enum import Enum

from tollhouse import __version__
from tollhouse.db import Gate
from tollhouse.errors import GateError, LeaseLostError
from tollhouse.log import Log

__all__ = ["Lease", "Leases", "State"]

log = Log(__name__)

_RETRY_SECONDS = 0.5
_DEFAULT_HEARTBEAT_SECONDS = 5.0


class State(Enum):
    """Where a lease is in its life."""

    ACTIVE = "active"
    RETIRED = "retired"
    LOST = "lost"


class Lease:
    """One identity. `held` counts its calls that are claimed and not recorded yet."""

    def __init__(self, worker_id: uuid.UUID, *, lease_seconds: float, renewed: float) -> None:
        self.worker_id = worker_id
        self.lease_seconds = lease_seconds
        self.until = renewed + lease_seconds
        self.state = State.ACTIVE
        self.idle = False  # as far as the claim loop knows
        self.held = 0
        self.fence: asyncio.TimerHandle | None = None

    @property
    def may_send(self) -> bool:
        """Whether calls claimed under it may still go out."""
        return self.state is not State.LOST and asyncio.get_running_loop().time() < self.until


class Leases:
    """The current lease and the ones that still have calls to settle."""

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
        self._gate = gate
        self._name = name
        self._capacity = capacity
        self._on_registered = on_registered
        self._on_lost = on_lost
        self._on_ended = on_ended
        self._changed = asyncio.Event()
        self._closing = False
        self.heartbeat_seconds = _DEFAULT_HEARTBEAT_SECONDS
        self.current: Lease | None = None
        self.former: list[Lease] = []

    @property
    def live(self) -> list[Lease]:
        """Every lease that the database may still count on."""
        leases = [self.current, *self.former]
        return [lease for lease in leases if lease and lease.state is not State.LOST]

    async def run(self) -> None:
        """Register, renew and settle until cancelled."""
        while True:
            self._changed.clear()
            well = self.current is not None or self._closing or await self._register()
            for lease in self.live:
                well = await self._renew(lease) and well
            for lease in [lease for lease in self.former if lease.held == 0]:
                await self._deregister(lease)
            try:
                async with asyncio.timeout(self.heartbeat_seconds if well else _RETRY_SECONDS):
                    await self._changed.wait()
            except TimeoutError:
                pass

    def retire(self, lease: Lease, reason: str) -> None:
        """Claim nothing more under this lease; its calls go on."""
        if lease.state is State.ACTIVE:
            self._end(lease, State.RETIRED, reason)

    def lose(self, lease: Lease, reason: str) -> None:
        """The lease is gone: abort its calls."""
        if lease.state is not State.LOST:
            self._end(lease, State.LOST, reason)
            self._on_lost(lease)

    def stop(self) -> None:
        """Register no more; heartbeats go on until `close`."""
        self._closing = True

    async def close(self) -> None:
        """Deregister everything, as far as the database can be reached."""
        leases = [lease for lease in [self.current, *self.former] if lease]
        self.current, self.former = None, leases
        for lease in list(leases):
            await self._deregister(lease)

    async def _register(self) -> bool:
        # A new id for every try: the reply of the last one may have been lost.
        worker_id, before = uuid.uuid4(), asyncio.get_running_loop().time()
        try:
            terms = await self._gate.register(worker_id, self._name, self._capacity, __version__)
        except GateError as error:
            log.warning("register failed", error=str(error))
            return False
        lease = Lease(worker_id, lease_seconds=terms.lease_ms / 1000, renewed=before)
        self.heartbeat_seconds = terms.heartbeat_ms / 1000
        self._set_fence(lease)
        self.current = lease
        log.info("registered", worker_id=worker_id, name=self._name)
        self._on_registered()
        return True

    async def _renew(self, lease: Lease) -> bool:
        before = asyncio.get_running_loop().time()
        try:
            held = await self._gate.heartbeat(lease.worker_id, lease.held)
        except LeaseLostError:
            held = False
        except GateError as error:
            log.warning("heartbeat failed", worker_id=lease.worker_id, error=str(error))
            return False
        if held is not True:
            self.lose(lease, "reaped")
        elif lease.state is not State.LOST:
            lease.until = before + lease.lease_seconds
            self._set_fence(lease)
        return True

    def _set_fence(self, lease: Lease) -> None:
        # A timer, not the heartbeat's own deadline: it holds even if the heartbeat hangs.
        if lease.fence is not None:
            lease.fence.cancel()
        loop = asyncio.get_running_loop()
        lease.fence = loop.call_at(lease.until, self.lose, lease, "not_renewed")

    def _end(self, lease: Lease, state: State, reason: str) -> None:
        log.warning("lease ended", worker_id=lease.worker_id, state=state.value, reason=reason)
        lease.state = state
        if state is State.LOST and lease.fence is not None:
            lease.fence.cancel()
        if lease is self.current:
            self.current = None
            self.former.append(lease)
        self._on_ended(reason)
        self._changed.set()

    async def _deregister(self, lease: Lease) -> None:
        try:
            await self._gate.deregister(lease.worker_id)
        except LeaseLostError:
            pass
        except GateError as error:
            log.warning("deregister failed", worker_id=lease.worker_id, error=str(error))
            return
        if lease.fence is not None:
            lease.fence.cancel()
        self.former.remove(lease)
        log.info("deregistered", worker_id=lease.worker_id)
