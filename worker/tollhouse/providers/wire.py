"""The HTTP exchange itself: one POST, one answer of bounded size, one timeout.

aiohttp repeats a request on its own only for idempotent methods, so a POST goes out once.
"""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import aiohttp
from yarl import URL

__all__ = ["Answer", "TooLargeError", "open_session", "post"]

_ERROR_BODY_LIMIT = 64 * 1024
_CONNECT_SECONDS = 10.0


class TooLargeError(Exception):
    """The body of a 2xx answer is larger than allowed."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers and body as received."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def open_session() -> aiohttp.ClientSession:
    """The session that all adapters of a worker share; call it inside the running loop.

    No limit on connections: the worker bounds its calls, and waiting for a free connection would
    eat into a call's timeout. An idle connection is kept for less than the five seconds after
    which common servers close theirs: a request sent into a closing connection counts as dropped.
    No cookies: nothing of one tenant's answer travels with another's request.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=4.0),
        cookie_jar=aiohttp.DummyCookieJar(),
    )


async def post(
    session: aiohttp.ClientSession,
    url: URL,
    *,
    headers: Mapping[str, str],
    body: bytes,
    timeout_ms: int,
    limit: int,
) -> Answer:
    """Send the body and read the answer; redirects are not followed, the body would go along.

    Raises TooLargeError, TimeoutError, aiohttp.ClientError and OSError.
    """
    async with session.post(
        url, data=body, headers=headers, allow_redirects=False, timeout=_timeout(timeout_ms)
    ) as response:
        chunks: list[bytes] = []
        if 200 <= response.status < 300:
            if not await _read(response, limit, chunks):
                response.close()
                raise TooLargeError(response.status)
        else:
            # The status says enough; what arrived of the text is a bonus. TimeoutError is an
            # OSError.
            with contextlib.suppress(aiohttp.ClientError, OSError):
                await _read(response, _ERROR_BODY_LIMIT, chunks)
        return Answer(response.status, response.headers, b"".join(chunks))


async def _read(response: aiohttp.ClientResponse, limit: int, chunks: list[bytes]) -> bool:
    # Counted after decompression: a small compressed body can be a huge document.
    size = 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > limit:
            return False
        chunks.append(chunk)
    return True


@lru_cache(maxsize=64)
def _timeout(timeout_ms: int) -> aiohttp.ClientTimeout:
    # Connecting gets at most half: running out of it means that nothing was sent.
    total = timeout_ms / 1000
    return aiohttp.ClientTimeout(total=total, sock_connect=min(_CONNECT_SECONDS, total / 2))
