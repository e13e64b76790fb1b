"""The HTTP exchange itself: one POST, one answer of bounded size, one timeout.

An answer is read as far as there is room for it. The time that it waits for room is ours, not the
provider's, and does not count towards its timeout.

aiohttp repeats a request on its own only for idempotent methods, so a POST goes out once.
"""

import asyncio
import contextlib
import errno
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import aiohttp
from aiohttp.connector import Connection
from aiohttp.tracing import Trace
from yarl import URL

from .room import Share

__all__ = [
    "LOCAL_TROUBLE",
    "Answer",
    "Connector",
    "TooLargeError",
    "is_ours",
    "open_session",
    "post",
]

_ERROR_BODY_LIMIT = 64 * 1024
_CONNECT_SECONDS = 10.0
# Asked for where the size of an answer is not known before it is read.
_STEP = 64 * 1024


LOCAL_TROUBLE = "local_trouble"
"""The error code of a call not sent because this machine or process lacks something."""

_OURS = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL}


class TooLargeError(Exception):
    """The body of a 2xx answer is larger than allowed."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers and body as received, and how long it waited for room (seconds)."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    waited: float


class Connector(aiohttp.TCPConnector):
    """Knows which connection a request is on, by its X-Client-Request-Id."""

    def __init__(self) -> None:
        super().__init__(limit=0, keepalive_timeout=4.0)
        self._lines: dict[str, Connection] = {}

    async def connect(
        self, req: aiohttp.ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout
    ) -> Connection:
        """Connect as TCPConnector does, and remember the connection."""
        connection = await super().connect(req, traces, timeout)
        self._lines[req.headers.get("X-Client-Request-Id", "")] = connection
        return connection

    def forget(self, request_id: str) -> None:
        """Its exchange is over: the connection may serve another request."""
        self._lines.pop(request_id, None)

    def hang_up(self, request_id: str) -> None:
        """Let the other end know at once; closing a transport waits for the loop's next round."""
        connection = self._lines.get(request_id)
        transport = connection.transport if connection is not None else None
        if transport is not None:
            with contextlib.suppress(OSError):
                transport.get_extra_info("socket").shutdown(socket.SHUT_RDWR)


def open_session() -> aiohttp.ClientSession:
    """The session that all adapters of a worker share; call it inside the running loop.

    No limit on connections: the worker bounds its calls, and waiting for a free connection would
    eat into a call's timeout. An idle connection is kept for less than the five seconds after
    which common servers close theirs: a request sent into a closing connection counts as dropped.
    No cookies: nothing of one tenant's answer goes out with another's request.
    """
    return aiohttp.ClientSession(
        connector=Connector(),
        cookie_jar=aiohttp.DummyCookieJar(),
    )


def is_ours(error: Exception) -> bool:
    """Whether a connection failed because we lack file descriptors, memory or ports."""
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else None
    if isinstance(cause, socket.gaierror):
        # The resolver does not say that it had no file descriptor left.
        if cause.errno in (socket.EAI_MEMORY, socket.EAI_SYSTEM):
            return True
        try:
            socket.socket().close()
        except OSError:
            return True
        return False
    return cause is not None and cause.errno in _OURS


async def post(
    session: aiohttp.ClientSession,
    url: URL,
    *,
    headers: Mapping[str, str],
    body: bytes,
    timeout_ms: int,
    limit: int,
    share: Share,
) -> Answer:
    """Send the body and read the answer; redirects are not followed, the body would go along.

    The bytes read are held by `share`, which is the caller's to release.
    Raises TooLargeError, TimeoutError, aiohttp.ClientError and OSError.
    """
    async with (
        asyncio.timeout(timeout_ms / 1000) as deadline,
        session.post(
            url, data=body, headers=headers, allow_redirects=False, timeout=_timeout(timeout_ms)
        ) as response,
    ):
        if 200 <= response.status < 300:
            reading = _Reading(response, share, deadline, limit)
            if not await reading.read():
                response.close()
                raise TooLargeError(response.status)
        else:
            # The status says enough; what arrives of the text in time is a bonus.
            until = deadline.when()
            deadline.reschedule(None)
            with contextlib.suppress(aiohttp.ClientError, OSError):
                async with asyncio.timeout_at(until) as deadline:
                    reading = _Reading(response, share, deadline, _ERROR_BODY_LIMIT)
                    await reading.read()
        return Answer(response.status, response.headers, b"".join(reading.chunks), reading.waited)


class _Reading:
    """The body of one answer on its way in. Cut at `limit`, `read` returns False."""

    def __init__(
        self,
        response: aiohttp.ClientResponse,
        share: Share,
        deadline: asyncio.Timeout,
        limit: int,
    ) -> None:
        self._response, self._share, self._deadline = response, share, deadline
        self._limit = limit
        self.chunks: list[bytes] = []
        self.waited = 0.0

    async def read(self) -> bool:
        # Counted after decompression: a small compressed body can be a huge document.
        length = self._response.content_length
        if length is None or "Content-Encoding" in self._response.headers:
            length = _STEP
        elif length > self._limit:
            return False
        await self._make_room(length)
        size = 0
        async for chunk in self._response.content.iter_any():
            size += len(chunk)
            if size > self._limit:
                return False
            if size > self._share.size:
                await self._make_room(size + _STEP)
            self.chunks.append(chunk)
        self._share.resize(size)
        return True

    async def _make_room(self, size: int) -> None:
        if self._share.fits(size):
            await self._share.grow(size)
            return
        clock, until = asyncio.get_running_loop().time, self._deadline.when()
        before = clock()
        self._deadline.reschedule(None)
        await self._share.grow(size)
        taken = clock() - before
        self.waited += taken
        self._deadline.reschedule(until and until + taken)


@lru_cache(maxsize=64)
def _timeout(timeout_ms: int) -> aiohttp.ClientTimeout:
    # Connecting gets at most half: running out of it means that nothing was sent.
    return aiohttp.ClientTimeout(total=None, connect=min(_CONNECT_SECONDS, timeout_ms / 2000))
