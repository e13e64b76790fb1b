"""The worker's identity over time: registered, given up and replaced. heartbeat.py renews it."""

import asyncio
from collections.abc import Callable
from uuid import uuid4

from tollhouse import __version__
from tollhouse.db import Gate
from tollhouse.errors import GateError
from tollhouse.log import Log
from tollhouse.worker.lease import Lease, State

__all__ = ["Leases"]

log = Log(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 5.0
_DEFAULT_HEARTBEAT_SECONDS = 5.0
_NOT_DEPLOYED = "this database lacks the schema, or has an older one: run sqitch deploy"
# Only a person can mend these.
_WHAT_TO_DO = {
    "42501": "the login is not a member of tollhouse_worker: grant tollhouse_worker to <login>",
    "3F000": _NOT_DEPLOYED,
    "42883": _NOT_DEPLOYED,
}


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
        """Every lease that the database may still count on."""
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
            self._say_why(error)
            self._pause = min(self._pause * 2, _LONGEST_PAUSE)
            return False
        self._pause = _FIRST_PAUSE
        self.deployed = True
        self.heartbeat_seconds = terms.heartbeat_ms / 1000
        self.current = Lease(worker_id, seconds=terms.lease_ms / 1000)
        self._hold(self.current, before)
        log.info("registered", worker_id=worker_id, name=self.name)
        self.on_registered()
        return True

    def _say_why(self, error: GateError) -> None:
        what_to_do = _WHAT_TO_DO.get(error.sqlstate or "")
        if what_to_do == _NOT_DEPLOYED:
            self.deployed = False
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
