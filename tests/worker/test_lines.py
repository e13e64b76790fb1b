"""Connections that only stay open take nothing from those that ask."""

import asyncio
import time
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from tests.support.waiting import PATIENCE
from tollhouse.lines import listening, watched

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """Serve with room for five, and a second of patience."""
    app = watched(most=5, seconds=1.0)

    async def answer(request: web.Request) -> web.Response:
        await asyncio.sleep(float(request.query.get("seconds", "0")))
        return web.Response(text="here")

    app.router.add_get("/", answer)
    async with listening(app, "127.0.0.1", 0) as port:
        yield port


async def ask(port: int, seconds: float = 0) -> str:
    """Ask over a connection of its own."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}/", params={"seconds": str(seconds)}) as response,
    ):
        return await response.text()


async def is_cut(streams: Streams) -> bool:
    """Whether the other end hangs up."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await streams[0].read() == b""
    except ConnectionError:
        return True


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: x\r\n", b"POST / HTTP/1.1\r\n"])
async def test_a_head_has_a_deadline(port: int, sent: bytes) -> None:
    """However it trickles in."""
    streams = await asyncio.open_connection("127.0.0.1", port)
    begun = time.monotonic()
    streams[1].write(sent)
    cut = asyncio.create_task(is_cut(streams))
    while not cut.done():
        streams[1].write(b"X: y\r\n" if sent else b"")
        await asyncio.sleep(0.1)
    assert await cut
    assert time.monotonic() - begun >= 0.9
    streams[1].close()


async def test_the_quietest_makes_room(port: int) -> None:
    """Hundreds of half-open connections keep nobody who asks out, nor cut off who is served."""
    slow = asyncio.create_task(ask(port, seconds=2))
    await asyncio.sleep(0.2)
    quiet = []
    for _ in range(100):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\n")
        quiet.append((reader, writer))
    assert await ask(port) == "here"
    assert await is_cut(quiet[0])
    assert await slow == "here"
    for streams in quiet:
        assert await is_cut(streams)
        streams[1].close()


async def test_who_is_served_everywhere_is_not_cut(port: int) -> None:
    """When every connection has a request in hand, the new one is refused."""
    served = [asyncio.create_task(ask(port, seconds=1.5)) for _ in range(5)]
    await asyncio.sleep(0.5)
    with pytest.raises(aiohttp.ClientError):
        await ask(port)
    assert await asyncio.gather(*served) == ["here"] * 5


async def test_a_connection_may_be_used_again(port: int) -> None:
    """Its time begins anew with each request."""
    async with aiohttp.ClientSession() as session:
        for _ in range(5):
            async with session.get(f"http://127.0.0.1:{port}/") as response:
                assert await response.text() == "here"
            await asyncio.sleep(0.4)
