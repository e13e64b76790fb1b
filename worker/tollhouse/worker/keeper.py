"""House work that every worker shares: settling dead workers' calls, upkeep of the tables."""

import asyncio
import random

from tollhouse.db import Gate
from tollhouse.errors import TollhouseError
from tollhouse.log import Log
from tollhouse.worker.lease import Leases

__all__ = ["Keeper"]

log = Log(__name__)

_MAINTAIN_SECONDS = 3600.0


class Keeper:
    """Two tasks, for upkeep may wait long for a lock, and dead workers' calls may not."""

    def __init__(self, *, gate: Gate, leases: Leases) -> None:
        self._gate = gate
        self._leases = leases

    async def reap(self) -> None:
        """Settle what dead workers left, about every second heartbeat, until cancelled."""
        while True:
            try:
                reaped = await self._gate.reap()
            except TollhouseError as error:
                log.warning("reaping failed", error=str(error))
            else:
                if reaped:
                    log.warning("calls of dead workers settled", calls=reaped)
            await self._pause()

    async def maintain(self) -> None:
        """Keep the tables up at the start and hourly, until cancelled; a failure is tried again."""
        while True:
            try:
                await self._gate.maintain()
            except TollhouseError as error:
                log.warning("upkeep failed", error=str(error))
                await self._pause()
            else:
                await asyncio.sleep(_MAINTAIN_SECONDS)

    async def _pause(self) -> None:
        await asyncio.sleep(2 * self._leases.heartbeat_seconds * random.uniform(0.8, 1.2))
