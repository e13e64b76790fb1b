"""Signs of life of the worker's parts, and who misses them."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from tollhouse.log import Log

__all__ = ["HangError", "Pulse", "Watch"]

log = Log(__name__)

_PIECE_SECONDS = 5.0
_SICK_LOOKS, _DEAD_LOOKS = 12, 18


class Pulse:
    """Beats whenever its part does anything; as no wait is long, a part without a beat hangs."""

    def __init__(self) -> None:
        self.beats = 0

    def beat(self) -> None:
        """Be alive."""
        self.beats += 1

    async def wait(self, seconds: float | None, event: asyncio.Event | None = None) -> None:
        """Wait so long, or until the event is set; in pieces, with a beat after each."""
        event = event or asyncio.Event()
        clock = asyncio.get_running_loop().time
        end = None if seconds is None else clock() + seconds
        while not event.is_set() and (end is None or clock() < end):
            piece = _PIECE_SECONDS if end is None else min(_PIECE_SECONDS, end - clock())
            with suppress(TimeoutError):
                async with asyncio.timeout(piece):
                    await event.wait()
            self.beat()


class HangError(Exception):
    """A part gave no sign of life for so long that the process had better begin anew."""


class Watch:
    """Looks at every pulse, and counts in how many looks each has not moved.

    It counts looks, not seconds: a process that was stopped for a while does not hang.
    """

    def __init__(self, pulses: Mapping[str, Pulse], *, seconds: float = 5.0) -> None:
        self._pulses = pulses
        self._seconds = seconds
        self._seen = dict.fromkeys(pulses, -1)
        self._missed = dict.fromkeys(pulses, 0)

    @property
    def alive(self) -> dict[str, bool]:
        """Whether each part has given a sign of life within a minute."""
        return {part: missed < _SICK_LOOKS for part, missed in self._missed.items()}

    async def run(self) -> None:
        """Look until cancelled. Raises HangError after a minute and a half without a beat."""
        while True:
            await asyncio.sleep(self._seconds)
            for part, pulse in self._pulses.items():
                moved = pulse.beats != self._seen[part]
                self._missed[part] = 0 if moved else self._missed[part] + 1
                self._seen[part] = pulse.beats
                if self._missed[part] == _DEAD_LOOKS:
                    raise HangError(part)
