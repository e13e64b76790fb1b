"""`tollhouse worker`: one process, from its first log line to its exit code."""

import asyncio
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from tollhouse.connection import Doubt
from tollhouse.db import Gate
from tollhouse.errors import SettingsError
from tollhouse.http import serve_http
from tollhouse.log import Log, set_up
from tollhouse.providers import Providers, Redactor, open_session
from tollhouse.settings import WorkerSettings
from tollhouse.worker.app import Worker
from tollhouse.worker.metrics import Metrics
from tollhouse.worker.tracing import traced

__all__ = ["open_worker", "run", "serve"]

log = Log(__name__)


def run(settings: WorkerSettings) -> int:
    """Run a worker until SIGTERM or SIGINT; returns the exit code.

    The first signal drains, the second exits at once.
    """
    keys = Redactor(*(provider.api_key for provider in settings.providers.values()))
    set_up(redact=keys.text)
    return asyncio.run(serve(settings))


async def serve(settings: WorkerSettings) -> int:
    """Run a worker in the current loop. Raises SettingsError for settings that can't work."""
    if not settings.providers:
        # It would claim everybody's calls, and end those that it can't send.
        raise SettingsError(
            "no provider is configured: set TOLLHOUSE_PROVIDER_<NAME>_BASE_URL for each one that"
            " the database knows, such as TOLLHOUSE_PROVIDER_OPENAI_BASE_URL=https://api.openai.com/v1"
        )
    async with open_worker(settings) as worker:
        _on_signals(worker.request_stop)
        async with serve_http(
            host=settings.http_host,
            port=settings.http_port,
            probe=worker.probe,
            registry=worker.metrics.registry,
            page=settings.page,
        ) as port:
            log.info("worker started", http_port=port, providers=sorted(settings.providers))
            code = await worker.run()
        log.info("worker stopped", exit_code=code)
        if worker.hangs:
            _exit_at_once()
        return code


@asynccontextmanager
async def open_worker(settings: WorkerSettings) -> AsyncIterator[Worker]:
    """Open the connections that a worker needs, and build it."""
    # How operators see this process: in `workers`, and as application_name.
    name = f"tollhouse-worker {socket.gethostname()[:28]}:{os.getpid()}"
    metrics, doubt = Metrics(), Doubt()

    def open_gate() -> Gate:
        return Gate(
            database_url=settings.database_url,
            application_name=name,
            on_error=lambda query: metrics.database_errors.labels(query).inc(),
            doubt=doubt,
        )

    async with open_gate() as gate, open_session() as session:
        try:
            providers = Providers(session=session, configs=settings.providers)
        except ValueError as error:
            raise SettingsError(str(error)) from error
        async with traced(providers.complete, instance=name) as complete:
            yield Worker(
                name=name,
                settings=settings,
                gate=gate,
                open_gate=open_gate,
                metrics=metrics,
                complete=complete,
                hang_up=providers.hang_up,
            )


def _on_signals(stop: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    asked = False

    def on_signal() -> None:
        nonlocal asked
        if asked:
            log.error("second signal: exit without draining")
            _exit_at_once()
        asked = True
        stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal)


def _exit_at_once() -> None:
    logging.shutdown()
    os._exit(1)
