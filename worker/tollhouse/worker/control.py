"""Stops calls in flight when a kill switch is pulled or a client cancels."""

import asyncio

from tollhouse.db import Gate
from tollhouse.errors import GateError, LeaseLostError
from tollhouse.log import Log
from tollhouse.worker.inflight import Inflight, Reason
from tollhouse.worker.lease import Leases

__all__ = ["Control"]

log = Log(__name__)

_RETRY_SECONDS = 0.5


class Control:
    """Asks which calls must stop; `asked` counts how often there was a reason to ask."""

    def __init__(self, *, gate: Gate, leases: Leases, inflight: Inflight) -> None:
        self._gate = gate
        self._leases = leases
        self._inflight = inflight
        self._event = asyncio.Event()
        self.asked = 0

    def ask(self) -> None:
        """Ask as soon as possible; several reasons at once cost one question."""
        self.asked += 1
        self._event.set()

    async def run(self) -> None:
        """Ask until cancelled; a failed question is asked again."""
        while True:
            await self._event.wait()
            self._event.clear()
            try:
                await self._stop_calls()
            except GateError as error:
                log.warning("asking what to abort failed", error=str(error))
                await asyncio.sleep(_RETRY_SECONDS)
                self._event.set()

    async def _stop_calls(self) -> None:
        for lease in self._leases.live:
            if lease.held == 0:
                continue
            try:
                aborts = await self._gate.calls_to_abort(lease.worker_id)
            except LeaseLostError:
                self._leases.lose(lease, "unknown")
                continue
            for abort in aborts:
                reason: Reason = "cancelled" if abort.reason == "cancelled" else "aborted"
                self._inflight.abort(lease, abort.call_id, abort.attempt, reason)
            if aborts:
                log.info("calls aborted", worker_id=lease.worker_id, calls=len(aborts))
