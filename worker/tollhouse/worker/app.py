"""`tollhouse worker`: one process, its parts put together, supervised, drained and ended."""

import asyncio
import gc
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from tollhouse.connection import Doubt
from tollhouse.errors import SettingsError
from tollhouse.gate import Gate
from tollhouse.http import Probe, serve_http
from tollhouse.log import Log, set_up
from tollhouse.providers import Call, Providers, Redactor, open_session
from tollhouse.pulse import HangError, Watch
from tollhouse.settings import WorkerSettings
from tollhouse.worker.flusher import Flusher
from tollhouse.worker.housekeeping import Housekeeping
from tollhouse.worker.inflight import Failures, Inflight
from tollhouse.worker.leases import Heartbeat, Leases
from tollhouse.worker.loop import ClaimLoop
from tollhouse.worker.metrics import Metrics
from tollhouse.worker.notifications import Control, Listener
from tollhouse.worker.tracing import Complete, traced

__all__ = ["Worker", "open_worker", "run", "serve"]

log = Log(__name__)

# After the drain: to record what is left; to deregister, and for parts that are told to end.
_SETTLE_SECONDS, _END_SECONDS = 10.0, 5.0


class Worker:
    """One worker process's parts, wired. Build it inside the running loop.

    hangs: whether a part could not be ended
    """

    def __init__(
        self,
        *,
        name: str,
        settings: WorkerSettings,
        gate: Gate,
        open_gate: Callable[[], Gate],
        metrics: Metrics,
        complete: Complete,
        hang_up: Callable[[Call], None],
    ) -> None:
        """`open_gate` makes one for the heartbeat, which shares no connection."""
        self.gate = gate
        self.metrics = metrics
        self.hangs = False
        self._drain_seconds = settings.drain_seconds
        self._stop = asyncio.Event()
        self.leases = Leases(
            gate=gate,
            name=name,
            capacity=settings.concurrency,
            on_registered=lambda: self.loop.wake(),
            on_lost=lambda lease: self.inflight.abort_all("interrupted", lease),
            on_ended=lambda reason: metrics.leases_ended.labels(reason).inc(),
        )
        self.heartbeat = Heartbeat(leases=self.leases, open_gate=open_gate)
        self.flusher = Flusher(
            gate=gate,
            metrics=metrics,
            size=settings.batch,
            seconds=settings.flush_ms / 1000,
            on_put=lambda: self.loop.nudge(),
            on_stuck=self.leases.retire,
        )
        self.inflight = Inflight(
            complete=complete,
            put=self.flusher.put,
            metrics=metrics,
            failures=Failures(),
            hang_up=hang_up,
        )
        self.control = Control(gate=gate, leases=self.leases, inflight=self.inflight)
        self.housekeeping = Housekeeping(gate=gate, leases=self.leases)
        self.loop = ClaimLoop(
            gate=gate,
            leases=self.leases,
            inflight=self.inflight,
            flusher=self.flusher,
            metrics=metrics,
            batch=settings.batch,
            concurrency=settings.concurrency,
            poll_seconds=settings.poll_seconds,
            control=self.control,
            on_no_partition=self.housekeeping.ask,
        )
        self.listener = Listener(
            connection=gate.connection("listener"),
            pulse=gate.pulses["listener"],
            on_wake=self.loop.wake,
            on_control=self.control.ask,
        )
        self.watch = Watch({**gate.pulses, "heartbeat": self.heartbeat.pulse})
        self.probe = Probe(alive=lambda: self.watch.alive, ready=self._ready)
        metrics.in_flight.set_function(lambda: len(self.inflight))
        metrics.results_pending.set_function(lambda: self.flusher.pending)

    def request_stop(self) -> None:
        """Stop claiming, let calls in flight finish, record, deregister."""
        self._stop.set()

    async def run(self) -> int:
        """Work until asked to stop; 0, or 1 when a part broke or results stayed unrecorded."""
        claiming = asyncio.create_task(self.loop.run(), name="claim loop")
        tasks = [
            claiming,
            asyncio.create_task(self.leases.run(), name="leases"),
            asyncio.create_task(self.heartbeat.run(), name="heartbeat"),
            asyncio.create_task(self.control.run(), name="control"),
            asyncio.create_task(self.listener.run(), name="listener"),
            asyncio.create_task(self.housekeeping.reap(), name="reaper"),
            asyncio.create_task(self.housekeeping.maintain(), name="upkeep"),
        ]
        watch = asyncio.create_task(self.watch.run(), name="watch")
        stop = asyncio.create_task(self._stop.wait(), name="stop")
        hung = False
        try:
            await asyncio.wait([stop, watch, *tasks], return_when=asyncio.FIRST_COMPLETED)
            hung = _has_crashed(watch)
            watch.cancel()  # parts that have nothing left to do end
            self._stop.set()
            recorded = await self._drain(claiming)
        finally:
            broken = [task for task in tasks if _has_crashed(task)] or hung
            await self._end([stop, watch, *tasks])
        self.inflight.failures.flush()
        await self._deregister()
        return 1 if broken or self.hangs or not recorded else 0

    async def _drain(self, claiming: asyncio.Task[None]) -> bool:
        clock = asyncio.get_running_loop().time
        end = clock() + self._drain_seconds
        log.info("draining", in_flight=len(self.inflight), pending=self.flusher.pending)
        self.leases.stop()
        self.loop.stop()
        if not await self._drained(self._drain_seconds):
            log.warning("drain deadline reached", in_flight=len(self.inflight))
            self.inflight.abort_all("interrupted")
            await self._drained(_END_SECONDS)
        if claiming.done():
            claiming = asyncio.create_task(self.loop.run())
        # The rest of the drain is for a database that is about to come back.
        await asyncio.wait([claiming], timeout=max(0.0, end - clock()) + _SETTLE_SECONDS)
        if not claiming.done():
            await self._end([claiming])
        if self.flusher.pending:
            log.error("results not recorded", results=self.flusher.pending)
        return not self.flusher.pending

    async def _drained(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.inflight.drained()
        return not len(self.inflight)

    async def _end(self, tasks: Sequence[asyncio.Task[Any]]) -> None:
        for task in tasks:
            task.cancel()
        _, hanging = await asyncio.wait(tasks, timeout=_END_SECONDS)
        if hanging:
            self.hangs = True
            log.error("parts hang", parts=sorted(task.get_name() for task in hanging))

    async def _deregister(self) -> None:
        try:
            async with asyncio.timeout(_END_SECONDS):
                await self.leases.close()
        except TimeoutError:
            log.error("not deregistered: the lease will expire")

    def _ready(self) -> dict[str, bool]:
        # The listener notices at once that a server is gone, the others when they next ask.
        answers = self.listener.connected and self.gate.claims_go_on and self.heartbeat.well
        return {
            "database_reachable": answers,
            "schema_present": self.leases.deployed,
            "registered": self.leases.current is not None,
            "listening": self.listener.connected,
            "accepting": not self._stop.is_set(),
        }


def _has_crashed(task: asyncio.Task[None]) -> bool:
    error = task.exception() if task.done() and not task.cancelled() else None
    if isinstance(error, HangError):
        log.error("part hangs", part=str(error))
    elif error is not None:
        log.bug("part crashed", error, part=task.get_name())
    return error is not None


def run(settings: WorkerSettings) -> int:
    """Run a worker until SIGTERM or SIGINT; returns the exit code.

    The first signal drains, the second exits at once.
    """
    keys = Redactor(*(provider.api_key for provider in settings.providers.values()))
    set_up(redact=keys.text)
    # Calls in flight are many objects and hardly any cycles: the collector's defaults look through
    # them, and through all that was imported, over and over.
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
    return asyncio.run(serve(settings))


async def serve(settings: WorkerSettings) -> int:
    """Run a worker in the current loop. Raises SettingsError for settings that can't work."""
    if not settings.providers:
        # It would claim calls that it can't send, and end them.
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
            log.error("second signal: exiting without draining")
            _exit_at_once()
        asked = True
        stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal)


def _exit_at_once() -> None:
    logging.shutdown()
    os._exit(1)
