"""The routes of the page: the HTML, its live parts as JSON, and the files it needs."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from importlib.resources import files

from aiohttp import web

from tollhouse.page.auth import Doorkeeper
from tollhouse.page.reader import PageError, Reader
from tollhouse.page.render import live, page
from tollhouse.page.settings import PageSettings
from tollhouse.page.snapshot import Snapshot

__all__ = ["FILES", "add_page"]

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

FILES = {
    "icon.svg": "image/svg+xml",
    "page.css": "text/css",
    "page.js": "text/javascript",
    "uPlot-1.6.32.min.css": "text/css",
    "uPlot-1.6.32.min.js": "text/javascript",
}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
# However many people watch, the database is asked once in this time.
_FRESH_SECONDS = 1.0


class _Watch:
    """The last snapshot, shared by everybody who looks."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._turn = asyncio.Lock()
        self._read_at = -_FRESH_SECONDS
        self._snapshot: Snapshot | None = None
        self._problem: str | None = None

    async def look(self) -> tuple[Snapshot | None, str | None]:
        """Return the last snapshot that could be read, and why it is not a new one."""
        async with self._turn:
            if time.monotonic() - self._read_at >= _FRESH_SECONDS:
                try:
                    self._snapshot, self._problem = await self._reader.snapshot(), None
                except PageError as error:
                    self._problem = str(error)
                    if self._snapshot is not None:
                        self._snapshot = replace(self._snapshot, problem=self._problem)
                self._read_at = time.monotonic()
            return self._snapshot, self._problem


def add_page(app: web.Application, settings: PageSettings) -> None:
    """Add the page to an application that is not running yet."""
    keeper = Doorkeeper(settings.token)
    reader = Reader(database_url=settings.database_url, application_name="tollhouse-page")
    watch = _Watch(reader)

    async def show(_: web.Request) -> web.Response:
        return web.Response(text=page(*await watch.look()), content_type="text/html")

    async def tell(_: web.Request) -> web.Response:
        return web.json_response(live(*await watch.look()))

    async def give(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in FILES:
            raise web.HTTPNotFound
        body = files("tollhouse.page").joinpath("static", name).read_bytes()
        return web.Response(body=body, content_type=FILES[name], charset="utf-8")

    async def hold(_: web.Application) -> AsyncIterator[None]:
        async with reader:
            yield

    app.router.add_get("/", _guarded(keeper, show))
    app.router.add_get("/page/live", _guarded(keeper, tell))
    app.router.add_get("/page/{name}", _guarded(keeper, give, cache="private, max-age=3600"))
    app.cleanup_ctx.append(hold)


def _guarded(keeper: Doorkeeper, handler: Handler, *, cache: str = "no-store") -> Handler:
    async def guarded(request: web.Request) -> web.StreamResponse:
        try:
            response: web.StreamResponse | None = keeper.welcome(request)
            if response is None:
                if not keeper.knows(request):
                    raise keeper.refused()
                response = await handler(request)
        except web.HTTPException as refusal:
            refusal.headers.update(_HEADERS)
            raise
        response.headers.update(_HEADERS)
        response.headers.setdefault("Cache-Control", cache)
        return response

    return guarded
