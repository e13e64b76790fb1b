"""The worker's HTTP server: /healthz, /readyz, /metrics, and the page if it is switched on.

aiohttp bounds neither the number of connections nor the time for the head of a request. Here a
connection without a request in hand is cut after ten seconds, and when there are too many, the one
that was quiet longest makes room. So whoever sends a request at once is always served, however many
connections are held open.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from tollhouse.errors import SettingsError
from tollhouse.settings import PageSettings

__all__ = ["MOST_CONNECTIONS", "Probe", "listening", "serve_http", "watched"]

MOST_CONNECTIONS = 100
QUIET_SECONDS = 10.0
# Connections that one round of the loop accepts, and that wait to be accepted. A process without a
# free file descriptor logs a line for each, once a second.
_BACKLOG = 16


class _Tracked(asyncio.Protocol):
    """One connection: everything is passed on to aiohttp's protocol, and its time is kept."""

    def __init__(self, connections: "_Connections", inner: web.RequestHandler) -> None:
        self._connections, self._inner = connections, inner
        self.transport: asyncio.Transport | None = None
        self.timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._connections.add(self)
        self._inner.connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._connections.remove(self)
        self._inner.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._inner.data_received(data)

    def eof_received(self) -> None:
        self._inner.eof_received()

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()

    def cut(self) -> None:
        assert self.transport is not None
        self.transport.abort()


class _Connections:
    """All connections; those in `quiet` have no request in hand, the one quiet longest first."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most, self._seconds = most, seconds
        self._all: dict[asyncio.BaseTransport | None, _Tracked] = {}
        self._quiet: dict[_Tracked, None] = {}

    def add(self, tracked: _Tracked) -> None:
        self._all[tracked.transport] = tracked
        self._hush(tracked)
        if len(self._all) > self._most:
            # When every other one has a request in hand, that is the new one itself.
            self.remove(first := next(iter(self._quiet)))
            first.cut()

    def remove(self, tracked: _Tracked) -> None:
        self._all.pop(tracked.transport, None)
        self._wake(tracked)

    def _hush(self, tracked: _Tracked) -> None:
        self._quiet[tracked] = None
        tracked.timer = asyncio.get_running_loop().call_later(self._seconds, tracked.cut)

    def _wake(self, tracked: _Tracked) -> None:
        self._quiet.pop(tracked, None)
        if tracked.timer is not None:
            tracked.timer.cancel()
            tracked.timer = None

    async def handle(
        self,
        request: web.Request,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        tracked = self._all.get(request.transport)
        if tracked is None:
            return await handler(request)
        self._wake(tracked)
        try:
            return await handler(request)
        finally:
            if self._all.get(tracked.transport) is tracked:
                self._hush(tracked)


CONNECTIONS = web.AppKey("connections", _Connections)


@web.middleware
async def _keep_time(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    return await request.app[CONNECTIONS].handle(request, handler)


def watched(*, most: int = MOST_CONNECTIONS, seconds: float = QUIET_SECONDS) -> web.Application:
    """An application whose connections are counted and timed, if `listening` serves it."""
    app = web.Application(middlewares=[_keep_time])
    app[CONNECTIONS] = _Connections(most, seconds)
    return app


@asynccontextmanager
async def listening(app: web.Application, host: str, port: int) -> AsyncIterator[int]:
    """Serve a watched application; yields the port. Raises OSError when it can't be bound."""
    connections = app[CONNECTIONS]
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0, lingering_time=1.0)
    await runner.setup()
    try:
        make = runner.server
        assert make is not None
        server = await asyncio.get_running_loop().create_server(
            lambda: _Tracked(connections, make()), host, port, backlog=_BACKLOG
        )
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
    finally:
        await runner.cleanup()


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What the endpoints report, from what the worker knows, without waiting.

    alive: for each of its parts, whether it gave a sign of life within the last minute
    ready: for each thing that a call needs, whether it is there
    """

    alive: Callable[[], dict[str, bool]]
    ready: Callable[[], dict[str, bool]]


PROBE = web.AppKey("probe", Probe)
REGISTRY = web.AppKey("registry", CollectorRegistry)


@asynccontextmanager
async def serve_http(
    *,
    host: str,
    port: int,
    probe: Probe,
    registry: CollectorRegistry,
    page: PageSettings | None = None,
) -> AsyncIterator[int]:
    """Serve while the context lasts; yields the port, which matters when 0 was asked for.

    Raises SettingsError when the address can't be bound.
    """
    app = watched()
    app[PROBE], app[REGISTRY] = probe, registry
    app.router.add_get("/healthz", _healthz)
    app.router.add_get("/readyz", _readyz)
    app.router.add_get("/metrics", _metrics)
    if page is not None:
        from tollhouse.page.server import add_page

        add_page(app, page)
    async with AsyncExitStack() as stack:
        try:
            bound = await stack.enter_async_context(listening(app, host, port))
        except OSError as error:
            raise SettingsError(
                f"can't listen on {host}:{port}: {error.strerror}"
                " (TOLLHOUSE_HTTP_HOST and TOLLHOUSE_HTTP_PORT; port 0 takes any free one)"
            ) from error
        yield bound


async def _healthz(request: web.Request) -> web.Response:
    return _answer(request.app[PROBE].alive())


async def _readyz(request: web.Request) -> web.Response:
    return _answer(request.app[PROBE].ready())


async def _metrics(request: web.Request) -> web.Response:
    body = generate_latest(request.app[REGISTRY])
    return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})


def _answer(checks: dict[str, bool]) -> web.Response:
    return web.json_response(checks, status=200 if all(checks.values()) else 503)
