"""`tollhouse worker`: one process, from its first log line to its exit code."""

import asyncio
import logging
import os
import signal
from collections.abc import Callable

from tollhouse.http import serve_http
from tollhouse.log import Log, set_up
from tollhouse.settings import WorkerSettings
from tollhouse.worker.app import open_worker

__all__ = ["run", "serve"]

log = Log(__name__)


def run(settings: WorkerSettings) -> int:
    """Run a worker until SIGTERM or SIGINT; returns the exit code.

    The first signal drains, the second exits at once.
    """
    set_up()
    return asyncio.run(serve(settings))


async def serve(settings: WorkerSettings) -> int:
    """Run a worker in the current loop. Raises SettingsError for settings that can't work."""
    async with open_worker(settings) as (worker, gate):
        _on_signals(worker.request_stop)
        async with serve_http(
            host=settings.http_host,
            port=settings.http_port,
            gate=gate,
            probe=worker.probe,
            registry=worker.metrics.registry,
            page=settings.page,
        ) as port:
            log.info("worker started", http_port=port, providers=sorted(settings.providers))
            code = await worker.run()
        log.info("worker stopped", exit_code=code)
        return code


def _on_signals(stop: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    asked = False

    def on_signal() -> None:
        nonlocal asked
        if asked:
            log.error("second signal: exit without draining")
            logging.shutdown()
            os._exit(1)
        asked = True
        stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal)
