"""The claim loop: one statement at a time that records what ended and claims what may begin.

While there is work, results and claims share a round trip. A claim may come back short while calls
are queued, so only an empty one counts as the end: the worker says that it is idle, looks once
more, and sleeps until a notification, a result, the poll timeout or the time at which the next
scheduled call is due. The database takes the idle mark away by itself when a claim finds calls.
"""

import asyncio
from collections.abc import Callable

from tollhouse.errors import GateError, LeaseLostError, NoPartitionError, ReplyLostError
from tollhouse.gate import Gate
from tollhouse.log import Log
from tollhouse.providers import Call
from tollhouse.sqlstates import is_too_large, retry_singly
from tollhouse.worker.flusher import Flusher, Result
from tollhouse.worker.inflight import Inflight
from tollhouse.worker.leases import Lease, Leases
from tollhouse.worker.metrics import Metrics
from tollhouse.worker.notifications import Control

__all__ = ["ClaimLoop"]

log = Log(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0
# Of requests in flight, after which no more are claimed: a claim brings 4 MB of them at most.
_REQUEST_BYTES = 32 * 1024 * 1024


class ClaimLoop:
    """Claims while it may, records until nothing is left."""

    def __init__(
        self,
        *,
        gate: Gate,
        leases: Leases,
        inflight: Inflight,
        flusher: Flusher,
        control: Control,
        metrics: Metrics,
        batch: int,
        concurrency: int,
        poll_seconds: float,
        on_no_partition: Callable[[], None],
    ) -> None:
        self.gate = gate
        self.leases = leases
        self.inflight = inflight
        self.flusher = flusher
        self.control = control
        self.metrics = metrics
        self.batch = batch
        self.concurrency = concurrency
        self.poll_seconds = poll_seconds
        self.on_no_partition = on_no_partition
        self._pulse = gate.pulses["claims"]
        self._event = asyncio.Event()
        self._look = True
        self._poll_at = 0.0
        self._claiming = True
        self._pause = _FIRST_PAUSE
        self._most = self.batch

    def wake(self) -> None:
        """There may be work: look."""
        self._look = True
        self._event.set()

    def nudge(self) -> None:
        """Something changed that the next wait should take into account."""
        self._event.set()

    def stop(self) -> None:
        """Claim no more; `run` returns when the last result is recorded."""
        self._claiming = False
        self._event.set()

    async def run(self) -> None:
        """Go on until stopped and empty."""
        while self._claiming or len(self.inflight) or self.flusher.pending:
            await self._wait()
            try:
                await self._step()
                self._pause = _FIRST_PAUSE
            except GateError as error:
                log.warning("statement failed", error=str(error))
                if isinstance(error, NoPartitionError):
                    self.on_no_partition()
                self._look = True
                await self._pulse.wait(self._pause)
                self._pause = min(self._pause * 2, _LONGEST_PAUSE)

    async def _wait(self) -> None:
        while (seconds := self._seconds_to_wait()) is None or seconds > 0:
            self._event.clear()
            await self._pulse.wait(seconds, self._event)

    def _seconds_to_wait(self) -> float | None:
        now = asyncio.get_running_loop().time()
        due = self.flusher.due_at
        if due is not None:
            return due - now  # what may be claimed rides along
        if self._limit():
            return 0.0 if self._look else self._poll_at - now
        if self.inflight.brake.on and self._claiming and now < self._until():
            return self._until() - now
        return None if self._claiming or len(self.inflight) else 0.0

    def _until(self) -> float:
        return self.inflight.brake.until

    def _limit(self) -> int:
        lease = self.leases.current
        if not self._claiming or lease is None or not lease.may_send:
            return 0
        if self.inflight.brake.on:
            held_up = len(self.inflight) or asyncio.get_running_loop().time() < self._until()
            return 0 if held_up else 1
        if self.inflight.request_bytes > _REQUEST_BYTES:
            return 0
        room = self.concurrency - max(len(self.inflight), self.flusher.pending)
        return max(0, min(self._most, room))

    async def _step(self) -> None:
        current = self.leases.current
        for lease in self.flusher.leases:
            if lease is not current:
                await self.flusher.record(lease, self.flusher.take(lease))
        if current is None:
            return
        results = self.flusher.take(current)
        limit = self._limit()
        if not limit:
            if results:
                await self.flusher.record(current, results)
            return
        self._look = False
        seen = self.control.asked
        calls = await self._claim(current, results, limit)
        for call in calls:
            current.held += 1
            if self.inflight.brake.on:
                self.inflight.brake.probe(call.call_id)
            self.inflight.start(current, call)
        if self.control.asked != seen:
            # A switch was pulled while the claim was under way: it may have missed it.
            self.control.ask()
        await self._after_claim(current, found=bool(calls))

    async def _claim(self, lease: Lease, results: list[Result], limit: int) -> list[Call]:
        try:
            if not results:
                with self.metrics.database_seconds.labels("claim").time():
                    calls = await self.gate.claim(lease.worker_id, limit)
            else:
                texts = [result.text for result in results]
                with self.metrics.database_seconds.labels("record_and_claim").time():
                    calls = await self.gate.record_and_claim(lease.worker_id, texts, limit)
                self.flusher.settled(lease, results)
        except GateError as error:
            if is_too_large(error):
                self._most = max(1, limit // 2)
            if isinstance(error, ReplyLostError):
                self.leases.retire(lease, "reply_lost")
            if results and retry_singly(error):
                await self.flusher.record_singly(lease, results)
                self._look = True
                return []
            self.flusher.give_back(results)
            if isinstance(error, LeaseLostError):
                self.leases.lose(lease, "unknown")
            raise
        self._most = min(self.batch, self._most * 2)
        self.metrics.claim_batch_size.observe(len(calls))
        return calls

    async def _after_claim(self, lease: Lease, *, found: bool) -> None:
        pause = self.poll_seconds
        if found:
            lease.idle = False
            self._look = True
        else:
            due_ms = await self.gate.set_idle(lease.worker_id, True)
            if due_ms is not None:
                pause = min(pause, due_ms / 1000)
            if not lease.idle:
                lease.idle = True
                self._look = True  # what was enqueued before the commit sent no notification
        self._poll_at = asyncio.get_running_loop().time() + pause
