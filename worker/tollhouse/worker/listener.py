"""The connection that listens: work is there, a switch was pulled, a call was cancelled."""

import random
from collections.abc import Callable

from psycopg.rows import scalar_row

from tollhouse.connection import Connection, StatementError, queries
from tollhouse.log import Log
from tollhouse.pulse import Pulse
from tollhouse.statements import QUICK

__all__ = ["Listener"]

log = Log(__name__)

_FIRST_DELAY, _LONGEST_DELAY = 0.1, 5.0
_LOOK_SECONDS = 10.0


class Listener:
    """Passes notifications on; whatever was missed while disconnected counts as notified."""

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
    """Of a channel that is none of ours."""
