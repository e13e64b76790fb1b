"""Idle open connections don't starve those that send requests."""

import asyncio
import time
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from tests.support.waiting import PATIENCE
from tests.worker.fakes import eventually
from tollhouse.http import listening, watched

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Desk:
    """Answers at once, or held requests once `open` is set; counts those waiting."""

    def __init__(self) -> None:
        """Start with no requests."""
        self.open = asyncio.Event()
        self.waiting = 0

    async def answer(self, request: web.Request) -> web.Response:
        """Say that it is here."""
        if request.query["held"] == "yes":
            self.waiting += 1
            await self.open.wait()
        return web.Response(text="here")


@pytest.fixture
async def desk() -> Desk:
    """Return the reply to a request."""
    return Desk()


@pytest.fixture
async def port(desk: Desk) -> AsyncIterator[int]:
    """Serve at most five connections, with a timeout of one second."""
    app = watched(most=5, seconds=1.0)

    app.router.add_get("/", desk.answer)
    async with listening(app, "127.0.0.1", 0) as port:
        yield port


async def ask(port: int, held: str = "no") -> str:
    """Ask over a connection of its own."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}/", params={"held": held}) as response,
    ):
        return await response.text()


async def is_cut(streams: Streams) -> bool:
    """Whether the peer hangs up."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await streams[0].read() == b""
    except ConnectionError:
        return True


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: x\r\n", b"POST / HTTP/1.1\r\n"])
async def test_a_head_has_a_deadline(port: int, sent: bytes) -> None:
    """A request head has a deadline, however slowly it trickles in."""
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


async def test_the_quietest_makes_room(port: int, desk: Desk) -> None:
    """Hundreds of half-open connections neither block new requests nor cut off one in hand."""
    slow = asyncio.create_task(ask(port, held="yes"))
    await eventually(lambda: desk.waiting == 1)
    quiet = []
    for _ in range(100):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\n")
        quiet.append((reader, writer))
    assert await ask(port) == "here"
    assert await is_cut(quiet[0])
    desk.open.set()
    assert await slow == "here"
    for streams in quiet:
        assert await is_cut(streams)
        streams[1].close()


async def test_who_is_served_everywhere_is_not_cut(port: int, desk: Desk) -> None:
    """When every connection has a request in hand, the new one is refused."""
    served = [asyncio.create_task(ask(port, held="yes")) for _ in range(5)]
    await eventually(lambda: desk.waiting == 5)
    with pytest.raises(aiohttp.ClientError):
        await ask(port)
    desk.open.set()
    assert await asyncio.gather(*served) == ["here"] * 5


async def test_a_connection_may_be_used_again(port: int) -> None:
    """The deadline of a kept-alive connection restarts with each request."""
    async with aiohttp.ClientSession() as session:
        for _ in range(5):
            async with session.get(f"http://127.0.0.1:{port}/?held=no") as response:
                assert await response.text() == "here"
            await asyncio.sleep(0.4)
