"""What the database tells the worker: there is work, a switch was pulled, a call was cancelled.

The listener hears it; the control asks which calls must stop, and stops them.
"""

import asyncio
import random
from collections.abc import Callable

from psycopg.rows import scalar_row

from tollhouse.connection import Connection, queries
from tollhouse.errors import GateError
from tollhouse.gate import QUICK, Abort, Gate
from tollhouse.log import Log
from tollhouse.pulse import Pulse
from tollhouse.sqlstates import StatementError
from tollhouse.worker.inflight import Inflight, Reason
from tollhouse.worker.leases import Leases

__all__ = ["Control", "Listener"]

log = Log(__name__)

_FIRST_DELAY, _LONGEST_DELAY = 0.1, 5.0
_LOOK_SECONDS = 10.0


class Listener:
    """Passes notifications on; after connecting again it acts as if it had missed some."""

    def __init__(
        self,
        *,
        connection: Connection,
        pulse: Pulse,
        on_wake: Callable[[], None],
        on_control: Callable[[], None],
    ) -> None:
        self.connected = False
        self._connection = connection
        self._pulse = pulse
        self._channels = {"tollhouse_wake": on_wake, "tollhouse_control": on_control}
        self._delay = _FIRST_DELAY

    async def run(self) -> None:
        """Listen until cancelled, over as many connections as it takes."""
        while True:
            try:
                await self._listen()
            except StatementError as error:
                event = "listener disconnected" if self.connected else "listener can't connect"
                log.warning(event, error=type(error.cause).__name__)
            finally:
                self.connected = False
            await self._pulse.wait(self._delay * random.uniform(0.5, 1.5))
            self._delay = min(self._delay * 2, _LONGEST_DELAY)

    async def _listen(self) -> None:
        await self._connection.rows(queries()["listen_wake"], scalar_row, limit=QUICK)
        await self._connection.rows(queries()["listen_control"], scalar_row, limit=QUICK)
        self.connected = True
        self._delay = _FIRST_DELAY
        for notify in self._channels.values():
            notify()
        while True:
            async for channel in self._connection.notifications(_LOOK_SECONDS):
                self._channels.get(channel, _ignore)()
            self._pulse.beat()
            await self._connection.check(QUICK)


def _ignore() -> None:
    """The channel is not ours."""


_RETRY_SECONDS = 0.5


class Control:
    """Asks which calls must stop; `asked` counts the reasons there were to ask."""

    def __init__(self, *, gate: Gate, leases: Leases, inflight: Inflight) -> None:
        self.gate = gate
        self.leases = leases
        self.inflight = inflight
        self.asked = 0
        self._event = asyncio.Event()
        self._pulse = gate.pulses["control"]

    def ask(self) -> None:
        """Ask as soon as possible; several reasons at once cost one question."""
        self.asked += 1
        self._event.set()

    async def run(self) -> None:
        """Ask until cancelled: when told to, and now and then, as a notification may be missed."""
        while True:
            await self._pulse.wait(self.leases.heartbeat_seconds, self._event)
            self._event.clear()
            try:
                await self._stop_calls()
            except GateError as error:
                log.warning("asking which calls to abort failed", error=str(error))
                await self._pulse.wait(_RETRY_SECONDS)
                self._event.set()

    async def _stop_calls(self) -> None:
        for lease in self.leases.live:
            aborts = await self.gate.calls_to_abort(lease.worker_id) if lease.held else []
            self.inflight.abort(lease, [(a.call_id, a.attempt, _reason(a)) for a in aborts])
            if aborts:
                log.info("calls aborted", worker_id=lease.worker_id, calls=len(aborts))


def _reason(abort: Abort) -> Reason:
    return "cancelled" if abort.reason == "cancelled" else "aborted"
