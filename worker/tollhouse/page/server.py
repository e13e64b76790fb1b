"""The page's routes, and the token that opens them: a bearer header, or a cookie set by a link."""

import asyncio
import hashlib
import hmac
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from importlib.resources import files

from aiohttp import web

from tollhouse.page.html import live, page
from tollhouse.page.snapshot import PageError, Reader, Snapshot
from tollhouse.settings import PageSettings

__all__ = ["COOKIE", "FILES", "add_page"]

COOKIE = "tollhouse_page"
_COOKIE_SECONDS = 12 * 3600


class Doorkeeper:
    """Compares in constant time. The cookie holds a key derived from the token, not the token."""

    def __init__(self, token: str) -> None:
        self._token = token.encode()
        self._cookie = hmac.digest(self._token, b"tollhouse page cookie", hashlib.sha256).hex()

    def knows(self, request: web.Request) -> bool:
        """Whether the request carries the token as a bearer header, or the cookie."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self._is_token(token.strip())
        cookie = request.cookies.get(COOKIE, "")
        return hmac.compare_digest(_bytes(cookie), self._cookie.encode())

    def welcome(self, request: web.Request) -> web.Response | None:
        """Answer an address with a token in it: a cookie, and the same address without it."""
        token = request.query.get("token")
        if token is None:
            return None
        if not self._is_token(token):
            raise self.refused("The token in this address is wrong. ")
        response = web.Response(status=303, headers={"Location": request.path})
        proxied = request.headers.get("X-Forwarded-Proto", "").lower() == "https"
        response.set_cookie(
            COOKIE,
            self._cookie,
            max_age=_COOKIE_SECONDS,
            path="/",
            httponly=True,
            samesite="Strict",
            secure=request.secure or proxied,
        )
        return response

    @staticmethod
    def refused(reason: str = "") -> web.HTTPUnauthorized:
        """The answer to everybody else; a strict cookie is sent only after a click on this page."""
        return web.HTTPUnauthorized(
            text=f"<!doctype html><html lang='en'><title>Tollhouse</title><p>{reason}This page "
            "needs <code>?token=…</code> in its address, or a bearer token. If you have given one, "
            "<a href='/'>open it</a>.",
            content_type="text/html",
            headers={"WWW-Authenticate": "Bearer", "Cache-Control": "no-store"},
        )

    def _is_token(self, token: str) -> bool:
        return hmac.compare_digest(_bytes(token), self._token)


def _bytes(text: str) -> bytes:
    return text.encode(errors="backslashreplace")  # a header may hold bytes that are not UTF-8


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
        """Return the last snapshot that could be read, and why there is no newer one."""
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
