"""The memory that all answers of a worker share, from the first byte read to the ledger.

When it is used up, an answer is not read: its bytes wait in the socket, and so does the provider.
First come, first served. When all that have some wait for more, the first gets it nevertheless:
nobody else could ever give any back.
"""

import asyncio

__all__ = ["Room", "Share"]


class Room:
    """A number of bytes, and who waits for some. At most one answer exceeds it."""

    def __init__(self, size: int) -> None:
        self._free = size
        self._size = size
        self._shares = 0
        self._busy = 0
        self._line: dict[Share, tuple[int, asyncio.Future[None]]] = {}

    @property
    def used(self) -> int:
        """Bytes that answers hold."""
        return self._size - self._free

    def share(self) -> "Share":
        """Return the share of one answer, which holds nothing yet."""
        self._shares += 1
        return Share(self, self._shares)

    def fits(self, size: int) -> bool:
        """Whether this many bytes are free, and nobody waits."""
        return not self._line and (size <= self._free or not self._busy)

    async def wait(self, share: "Share", size: int) -> None:
        """Take this many bytes when it is this share's turn."""
        granted = asyncio.get_running_loop().create_future()
        self._line[share] = size, granted
        self._busy -= share.size > 0
        self._serve()
        try:
            await granted
        finally:
            if share in self._line:  # cancelled
                del self._line[share]
                self._busy += share.size > 0
                self._serve()

    def change(self, share: "Share", size: int) -> None:
        """Set the size of a share that does not wait."""
        self._busy += (size > 0) - (share.size > 0)
        self._free -= size - share.size
        share.size = size
        self._serve()

    def _serve(self) -> None:
        for share in sorted(self._line, key=lambda share: share.number):
            size, granted = self._line[share]
            if size > self._free and self._busy:
                break
            del self._line[share]
            self._busy += 1
            self._free -= size
            share.size += size
            if not granted.done():
                granted.set_result(None)


class Share:
    """What one answer holds of the room; whoever is done with the answer releases it."""

    def __init__(self, room: Room, number: int) -> None:
        self._room = room
        self.number = number
        self.size = 0

    def fits(self, size: int) -> bool:
        """Whether it can grow to this many bytes without waiting."""
        return size <= self.size or self._room.fits(size - self.size)

    async def grow(self, size: int) -> None:
        """Grow to this many bytes as soon as there is room."""
        if size <= self.size:
            return
        if self._room.fits(size - self.size):
            self._room.change(self, size)
        else:
            await self._room.wait(self, size - self.size)

    def resize(self, size: int) -> None:
        """Set its size at once: the bytes are there already."""
        self._room.change(self, size)

    def release(self) -> None:
        """Give everything back; a second time changes nothing."""
        self._room.change(self, 0)
