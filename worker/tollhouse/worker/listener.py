"""The connection that listens: work is there, a switch was pulled, a call was cancelled."""

import asyncio
import random
from collections.abc import Callable

import psycopg

from tollhouse.log import Log
from tollhouse.statements import CONNECTION_OPTIONS, queries

__all__ = ["Listener"]

log = Log(__name__)

_WAKE, _CONTROL = "tollhouse_wake", "tollhouse_control"
_FIRST_DELAY, _LONGEST_DELAY = 0.1, 5.0
_CHECK_SECONDS = 30.0


class Listener:
    """Passes notifications on; whatever was missed while disconnected counts as notified."""

    def __init__(
        self,
        *,
        database_url: str,
        application_name: str,
        on_wake: Callable[[], None],
        on_control: Callable[[], None],
    ) -> None:
        self._database_url = database_url
        self._application_name = application_name
        self._on_wake = on_wake
        self._on_control = on_control
        self._delay = _FIRST_DELAY
        self.connected = False

    async def run(self) -> None:
        """Listen until cancelled, over as many connections as it takes."""
        while True:
            try:
                await self._listen()
            except (psycopg.Error, OSError) as error:
                log.warning("listener disconnected", error=type(error).__name__)
            finally:
                self.connected = False
            await asyncio.sleep(self._delay * random.uniform(0.5, 1.5))
            self._delay = min(self._delay * 2, _LONGEST_DELAY)

    async def _listen(self) -> None:
        async with await psycopg.AsyncConnection.connect(
            self._database_url,
            autocommit=True,
            application_name=f"{self._application_name} listener",
            **CONNECTION_OPTIONS,
        ) as connection:
            await connection.execute(queries()["listen_wake"])
            await connection.execute(queries()["listen_control"])
            self.connected = True
            self._delay = _FIRST_DELAY
            self._on_wake()
            self._on_control()
            while True:
                async for notification in connection.notifies(timeout=_CHECK_SECONDS):
                    self._pass_on(notification.channel)
                await connection.execute(queries()["session"])  # is the other end still there?

    def _pass_on(self, channel: str) -> None:
        if channel == _WAKE:
            self._on_wake()
        elif channel == _CONTROL:
            self._on_control()
