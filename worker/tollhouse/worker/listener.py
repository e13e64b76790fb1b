"""The connection that listens: work is there, a switch was pulled, a call was cancelled."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field

import psycopg

from tollhouse.log import Log
from tollhouse.statements import CONNECTION_OPTIONS, queries

__all__ = ["Listener"]

log = Log(__name__)

_WAKE, _CONTROL = "tollhouse_wake", "tollhouse_control"
_FIRST_DELAY, _LONGEST_DELAY = 0.1, 5.0
_CHECK_SECONDS = 30.0


@dataclass(kw_only=True, eq=False)
class Listener:
    """Passes notifications on; whatever was missed while disconnected counts as notified."""

    database_url: str = field(repr=False)
    application_name: str
    on_wake: Callable[[], None]
    on_control: Callable[[], None]

    def __post_init__(self) -> None:
        self._delay = _FIRST_DELAY
        self.connected = False

    async def run(self) -> None:
        """Listen until cancelled, over as many connections as it takes."""
        while True:
            try:
                await self._listen()
            except (psycopg.Error, OSError) as error:
                event = "listener disconnected" if self.connected else "listener can't connect"
                log.warning(event, error=type(error).__name__)
            finally:
                self.connected = False
            await asyncio.sleep(self._delay * random.uniform(0.5, 1.5))
            self._delay = min(self._delay * 2, _LONGEST_DELAY)

    async def _listen(self) -> None:
        async with await psycopg.AsyncConnection.connect(
            self.database_url,
            autocommit=True,
            application_name=f"{self.application_name} listener",
            **CONNECTION_OPTIONS,
        ) as connection:
            await connection.execute(queries()["listen_wake"])
            await connection.execute(queries()["listen_control"])
            self.connected = True
            self._delay = _FIRST_DELAY
            self.on_wake()
            self.on_control()
            while True:
                async for notification in connection.notifies(timeout=_CHECK_SECONDS):
                    self._pass_on(notification.channel)
                await connection.execute(queries()["session"])  # is the other end still there?

    def _pass_on(self, channel: str) -> None:
        if channel == _WAKE:
            self.on_wake()
        elif channel == _CONTROL:
            self.on_control()
