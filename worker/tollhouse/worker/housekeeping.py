"""Housekeeping that every worker shares: settling dead workers' calls, upkeep of the tables."""

import asyncio
import random

from tollhouse.errors import GateError, NoPartitionError
from tollhouse.gate import Gate
from tollhouse.log import Log
from tollhouse.pulse import Pulse
from tollhouse.worker.leases import Leases

__all__ = ["Housekeeping"]

log = Log(__name__)

_MAINTAIN_SECONDS = 3600.0


class Housekeeping:
    """Two tasks: upkeep may wait long for a lock, and dead workers' calls must not."""

    def __init__(self, *, gate: Gate, leases: Leases) -> None:
        self.gate = gate
        self.leases = leases
        self._asked = asyncio.Event()

    def ask(self) -> None:
        """Have upkeep run soon: something that it makes is missing."""
        self._asked.set()

    async def reap(self) -> None:
        """Settle what dead workers left, about every second heartbeat, until cancelled."""
        while True:
            try:
                reaped = await self.gate.reap()
            except GateError as error:
                log.warning("reaping failed", error=str(error))
                if isinstance(error, NoPartitionError):
                    self.ask()
            else:
                if reaped:
                    log.warning("dead workers' calls settled", calls=reaped)
                    continue  # there may be more
            await self._pause(self.gate.pulses["reaper"])

    async def maintain(self) -> None:
        """Keep the tables up until cancelled: at the start, hourly, when asked, after a failure."""
        pulse = self.gate.pulses["upkeep"]
        while True:
            self._asked.clear()
            try:
                await self.gate.maintain()
                while await self.gate.prune():
                    pass
            except GateError as error:
                log.warning("upkeep failed", error=str(error))
                self.ask()
            await self._pause(pulse)
            await pulse.wait(_MAINTAIN_SECONDS, self._asked)

    async def _pause(self, pulse: Pulse) -> None:
        await pulse.wait(2 * self.leases.heartbeat_seconds * random.uniform(0.8, 1.2))
