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
    """Reaps about every second heartbeat, maintains at the start and hourly."""

    def __init__(self, *, gate: Gate, leases: Leases) -> None:
        self._gate = gate
        self._leases = leases

    async def run(self) -> None:
        """Go on until cancelled; a failure waits for the next round."""
        loop = asyncio.get_running_loop()
        maintain_at = loop.time()
        while True:
            try:
                if loop.time() >= maintain_at:
                    await self._gate.maintain()
                    maintain_at = loop.time() + _MAINTAIN_SECONDS
                reaped = await self._gate.reap()
                if reaped:
                    log.warning("calls of dead workers settled", calls=reaped)
            except TollhouseError as error:
                log.warning("upkeep failed", error=str(error))
            await asyncio.sleep(2 * self._leases.heartbeat_seconds * random.uniform(0.8, 1.2))
