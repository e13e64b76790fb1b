"""A TCP proxy before Postgres, whose connections can go silent as if a firewall forgot them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit, urlunsplit


class _Link:
    """One connection through the proxy; what is swallowed is acknowledged and goes nowhere."""

    def __init__(self) -> None:
        self.requests = True
        self.replies = True


class Proxy:
    """Passes on what comes, until it is told to swallow; new connections always pass.

    accepted: how many connections there have been
    """

    def __init__(self, target: str) -> None:
        """Pass connections on to the server of a URL."""
        self.accepted = 0
        self._target = urlsplit(target)
        self._links: set[_Link] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._port = 0

    @property
    def url(self) -> str:
        """The URL that leads through the proxy."""
        login = self._target.netloc.rpartition("@")[0]
        netloc = f"{login}@127.0.0.1:{self._port}"
        return urlunsplit(self._target._replace(netloc=netloc))

    def lead_to(self, target: str) -> None:
        """Lead new connections to another server, as a name or an address that moved does."""
        self._target = urlsplit(target)

    def swallow(self, *, replies_only: bool = False) -> None:
        """Let every connection that is open now lead nowhere, or nothing come back."""
        for link in self._links:
            link.requests = replies_only
            link.replies = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one connection on until either side ends it."""
        self.accepted += 1
        link = _Link()
        self._links.add(link)
        there = await asyncio.open_connection(self._target.hostname, self._target.port)
        pumps = [
            asyncio.create_task(_pump(reader, there[1], lambda: link.requests)),
            asyncio.create_task(_pump(there[0], writer, lambda: link.replies)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._links.discard(link)
            for pump in pumps:
                pump.cancel()
            writer.close()
            there[1].close()

    @asynccontextmanager
    async def run(self) -> AsyncIterator["Proxy"]:
        """Listen on any port while the context lasts."""

        async def keep(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            self._tasks.add(task)
            with suppress(asyncio.CancelledError, OSError):
                await self.serve(reader, writer)
            self._tasks.discard(task)

        server = await asyncio.start_server(keep, "127.0.0.1", 0)
        self._port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)


async def _pump(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passes: Callable[[], bool]
) -> None:
    while data := await reader.read(65_536):
        if passes():
            writer.write(data)
            await writer.drain()
