"""Puts the worker's parts together and supervises them."""

import asyncio
from collections.abc import Callable

from tollhouse.db import Gate
from tollhouse.http import Probe
from tollhouse.log import Log
from tollhouse.settings import WorkerSettings
from tollhouse.worker.control import Control
from tollhouse.worker.failures import Failures
from tollhouse.worker.flusher import Flusher
from tollhouse.worker.heartbeat import Heartbeat
from tollhouse.worker.inflight import Inflight
from tollhouse.worker.keeper import Keeper
from tollhouse.worker.leases import Leases
from tollhouse.worker.listener import Listener
from tollhouse.worker.loop import ClaimLoop
from tollhouse.worker.metrics import Metrics
from tollhouse.worker.tracing import Complete

__all__ = ["Worker"]

log = Log(__name__)

# Time to record what is left after the drain, and to deregister.
_SETTLE_SECONDS = 10.0


class Worker:
    """One worker process's parts, wired. Build it inside the running loop."""

    def __init__(
        self,
        *,
        name: str,
        settings: WorkerSettings,
        gate: Gate,
        open_gate: Callable[[], Gate],
        metrics: Metrics,
        complete: Complete,
    ) -> None:
        """`open_gate` makes one for the heartbeat, which shares no connection."""
        self.gate = gate
        self.metrics = metrics
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
            complete=complete, put=self.flusher.put, metrics=metrics, failures=Failures()
        )
        self.control = Control(gate=gate, leases=self.leases, inflight=self.inflight)
        self.keeper = Keeper(gate=gate, leases=self.leases)
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
            on_no_partition=self.keeper.ask,
        )
        self.listener = Listener(
            database_url=settings.database_url,
            application_name=name,
            on_wake=self.loop.wake,
            on_control=self.control.ask,
        )
        self.probe = Probe(
            lease_held=lambda: self.leases.current is not None,
            listening=lambda: self.listener.connected,
            stopping=self._stop.is_set,
        )
        metrics.in_flight.set_function(lambda: len(self.inflight))
        metrics.results_pending.set_function(lambda: self.flusher.pending)

    def request_stop(self) -> None:
        """Stop claiming, let calls in flight finish, record, deregister."""
        self._stop.set()

    async def run(self) -> int:
        """Work until asked to stop; 0, or 1 when a part crashed or results stayed unrecorded."""
        claiming = asyncio.create_task(self.loop.run(), name="claim loop")
        tasks = [
            claiming,
            asyncio.create_task(self.leases.run(), name="leases"),
            asyncio.create_task(self.heartbeat.run(), name="heartbeat"),
            asyncio.create_task(self.control.run(), name="control"),
            asyncio.create_task(self.listener.run(), name="listener"),
            asyncio.create_task(self.keeper.reap(), name="reaper"),
            asyncio.create_task(self.keeper.maintain(), name="upkeep"),
        ]
        stop = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait([stop, *tasks], return_when=asyncio.FIRST_COMPLETED)
            self._stop.set()
            recorded = await self._drain(claiming)
        finally:
            crashed = [task for task in tasks if _has_crashed(task)]
            for task in (stop, *tasks):
                task.cancel()
            await asyncio.gather(stop, *tasks, return_exceptions=True)
        self.inflight.failures.flush()
        await self._deregister()
        return 1 if crashed or not recorded else 0

    async def _drain(self, claiming: asyncio.Task[None]) -> bool:
        log.info("draining", in_flight=len(self.inflight), pending=self.flusher.pending)
        self.leases.stop()
        self.loop.stop()
        try:
            async with asyncio.timeout(self._drain_seconds):
                await self.inflight.drained()
        except TimeoutError:
            log.warning("drain deadline reached", in_flight=len(self.inflight))
            self.inflight.abort_all("interrupted")
            await self.inflight.drained()
        if claiming.done():
            claiming = asyncio.create_task(self.loop.run())
        await asyncio.wait([claiming], timeout=_SETTLE_SECONDS)
        if self.flusher.pending:
            log.error("results not recorded", results=self.flusher.pending)
        return not self.flusher.pending

    async def _deregister(self) -> None:
        try:
            async with asyncio.timeout(_SETTLE_SECONDS):
                await self.leases.close()
        except TimeoutError:
            log.error("not deregistered: the lease will lapse")


def _has_crashed(task: asyncio.Task[None]) -> bool:
    error = task.exception() if task.done() and not task.cancelled() else None
    if error is not None:
        log.bug("part crashed", error, part=task.get_name())
    return error is not None
