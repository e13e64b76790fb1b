"""Stops calls in flight when a kill switch is pulled or a client cancels."""

import asyncio

from tollhouse.db import Abort, Gate
from tollhouse.errors import GateError
from tollhouse.log import Log
from tollhouse.worker.inflight import Inflight, Reason
from tollhouse.worker.leases import Leases

__all__ = ["Control"]

log = Log(__name__)

_RETRY_SECONDS = 0.5


class Control:
    """Asks which calls must stop; `asked` counts how often there was a reason to ask."""

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
        """Ask until cancelled: when told to, and now and then, for a message may be missed."""
        while True:
            await self._pulse.wait(self.leases.heartbeat_seconds, self._event)
            self._event.clear()
            try:
                await self._stop_calls()
            except GateError as error:
                log.warning("asking what to abort failed", error=str(error))
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
