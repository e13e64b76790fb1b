"""The worker's HTTP server: /healthz, /readyz, /metrics, and the page if it is switched on."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from tollhouse.errors import SettingsError
from tollhouse.lines import listening, watched
from tollhouse.page.settings import PageSettings

__all__ = ["Probe", "serve_http"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What the endpoints ask the worker; each is answered from what it knows, without waiting.

    alive: which of its parts give signs of life; one that gives none for a minute does not
    ready: what a call needs, and whether it is there
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
