"""The worker's HTTP server: /healthz, /readyz, /metrics, and the page if it is switched on."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from tollhouse.db import Gate
from tollhouse.errors import GateError, SettingsError
from tollhouse.page.settings import PageSettings

__all__ = ["Probe", "serve_http"]

_DATABASE_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What the endpoints ask the worker; each is answered without waiting."""

    lease_held: Callable[[], bool]
    listening: Callable[[], bool]
    stopping: Callable[[], bool]


PROBE = web.AppKey("probe", Probe)
GATE = web.AppKey("gate", Gate)
REGISTRY = web.AppKey("registry", CollectorRegistry)


@asynccontextmanager
async def serve_http(
    *,
    host: str,
    port: int,
    gate: Gate,
    probe: Probe,
    registry: CollectorRegistry,
    page: PageSettings | None = None,
) -> AsyncIterator[int]:
    """Serve while the context lasts; yields the port, which matters when 0 was asked for.

    Raises SettingsError when the address can't be bound.
    """
    app = web.Application()
    app[PROBE], app[GATE], app[REGISTRY] = probe, gate, registry
    app.router.add_get("/healthz", _healthz)
    app.router.add_get("/readyz", _readyz)
    app.router.add_get("/metrics", _metrics)
    if page is not None:
        from tollhouse.page.server import add_page

        add_page(app, page)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise SettingsError(
                f"can't listen on {host}:{port}: {error.strerror}"
                " (TOLLHOUSE_HTTP_HOST and TOLLHOUSE_HTTP_PORT; port 0 takes any free one)"
            ) from error
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def _healthz(request: web.Request) -> web.Response:
    probe = request.app[PROBE]
    checks = {"lease_held": probe.lease_held()}
    return _answer(checks, fine=checks["lease_held"] or probe.stopping())


async def _readyz(request: web.Request) -> web.Response:
    probe = request.app[PROBE]
    reachable = schema = False
    try:
        async with asyncio.timeout(_DATABASE_SECONDS):
            schema = await request.app[GATE].schema_present()
        reachable = True
    except (GateError, TimeoutError):
        pass
    checks = {
        "database_reachable": reachable,
        "schema_present": schema,
        "registered": probe.lease_held(),
        "listening": probe.listening(),
        "accepting": not probe.stopping(),
    }
    return _answer(checks, fine=all(checks.values()))


async def _metrics(request: web.Request) -> web.Response:
    body = generate_latest(request.app[REGISTRY])
    return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})


def _answer(checks: dict[str, bool], *, fine: bool) -> web.Response:
    return web.json_response(checks, status=200 if fine else 503)
