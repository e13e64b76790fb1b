"""Signs of life of the worker's parts, and who notices when they stop."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from tollhouse.log import Log

__all__ = ["HangError", "Pulse", "Watch"]

log = Log(__name__)

_PIECE_SECONDS = 5.0
_SICK_LOOKS, _DEAD_LOOKS = 12, 18


class Pulse:
    """Beats whenever its part does something. No wait is long: a part without a beat hangs."""

    def __init__(self) -> None:
        self.beats = 0

    def beat(self) -> None:
        """Give a sign of life."""
        self.beats += 1

    async def wait(self, seconds: float | None, event: asyncio.Event | None = None) -> None:
        """Wait for the time or the event, whichever comes first, with a beat every few seconds."""
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
    """A part has given no sign of life for so long that the process should be restarted."""


class Watch:
    """Checks every pulse, and counts for how many checks in a row it has not moved.

    It counts checks, not seconds: a process that was suspended for a while does not hang.
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
        """Check until cancelled. Raises HangError after a minute and a half without a beat."""
        while True:
            await asyncio.sleep(self._seconds)
            for part, pulse in self._pulses.items():
                moved = pulse.beats != self._seen[part]
                self._missed[part] = 0 if moved else self._missed[part] + 1
                self._seen[part] = pulse.beats
                if self._missed[part] == _DEAD_LOOKS:
                    raise HangError(part)
