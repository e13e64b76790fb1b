"""The calls in flight: one task each, a slot per provider, and a way to stop any of them."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from tollhouse.log import Log
from tollhouse.providers import Call, Outcome, OutcomeName
from tollhouse.worker.lease import Lease
from tollhouse.worker.metrics import Metrics

__all__ = ["Inflight", "Reason"]

log = Log(__name__)

Reason = Literal["aborted", "cancelled", "interrupted"]


@dataclass(slots=True, eq=False)
class _Entry:
    lease: Lease
    call: Call
    task: asyncio.Task[None] | None = None
    started: bool = False
    sent_at: float | None = None
    reason: Reason | None = None


class Inflight:
    """Runs calls and hands every outcome to `put`: a call that came in always comes out."""

    def __init__(
        self,
        *,
        complete: Callable[[Call], Awaitable[Outcome]],
        put: Callable[[Lease, Call, Outcome], None],
        metrics: Metrics,
        concurrency: int,
        slots: Callable[[str], asyncio.Semaphore | None],
    ) -> None:
        self._complete = complete
        self._put = put
        self._metrics = metrics
        self._concurrency = concurrency
        self._slots = slots
        self._entries: dict[tuple[UUID, UUID, int], _Entry] = {}
        self._empty = asyncio.Event()
        self._empty.set()
        self.waiting = 0

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def free(self) -> int:
        """How many calls may be claimed.

        A call that waits for its provider's slot counts twice: it holds one of ours, and says
        that the next one claimed would probably wait too.
        """
        return max(0, self._concurrency - len(self._entries) - self.waiting)

    async def drained(self) -> None:
        """Return when nothing is in flight."""
        await self._empty.wait()

    def start(self, lease: Lease, call: Call) -> None:
        """Send a claimed call, or hand it back if the lease does not allow that any more."""
        entry = _Entry(lease, call)
        if not lease.may_send:
            self._finish(entry, Outcome.of(call, "not_sent", error_code="lease_lost"))
            return
        self._entries[_key(lease, call.call_id, call.attempt)] = entry
        self._empty.clear()
        entry.task = asyncio.create_task(self._run(entry))

    def abort(self, lease: Lease, call_id: UUID, attempt: int, reason: Reason) -> None:
        """Stop one call, if it is still in flight."""
        entry = self._entries.get(_key(lease, call_id, attempt))
        if entry is not None:
            _stop(entry, reason)

    def abort_all(self, reason: Reason, lease: Lease | None = None) -> None:
        """Stop every call, or every call of one lease."""
        for entry in self._entries.values():
            if lease is None or entry.lease is lease:
                _stop(entry, reason)

    def hand_back_unsent(self) -> None:
        """Stop the calls that still wait for their turn."""
        for entry in self._entries.values():
            if entry.sent_at is None:
                _stop(entry, "interrupted")

    async def _run(self, entry: _Entry) -> None:
        entry.started = True
        try:
            # Not cancelled before this point: a task cancelled before its first step runs no code.
            outcome = await self._exchange(entry) if entry.reason is None else _stopped(entry)
        except asyncio.CancelledError:
            outcome = _stopped(entry)
        except Exception as error:
            call = entry.call
            log.bug("call crashed", error, call_id=call.call_id, attempt=call.attempt)
            outcome = Outcome.of(
                call, "dropped", error_code="worker_bug", latency_ms=_latency_ms(entry)
            )
        del self._entries[_key(entry.lease, entry.call.call_id, entry.call.attempt)]
        if not self._entries:
            self._empty.set()
        self._finish(entry, outcome)

    async def _exchange(self, entry: _Entry) -> Outcome:
        slots = self._slots(entry.call.provider)
        if slots is None:
            return await self._send(entry)
        self.waiting += 1
        try:
            await slots.acquire()
        finally:
            self.waiting -= 1
        try:
            return await self._send(entry)
        finally:
            slots.release()

    async def _send(self, entry: _Entry) -> Outcome:
        entry.sent_at = asyncio.get_running_loop().time()
        return await self._complete(entry.call)

    def _finish(self, entry: _Entry, outcome: Outcome) -> None:
        provider = entry.call.provider
        self._metrics.calls.labels(provider, outcome.outcome).inc()
        if entry.sent_at is not None:
            taken = asyncio.get_running_loop().time() - entry.sent_at
            self._metrics.provider_seconds.labels(provider).observe(taken)
        self._put(entry.lease, entry.call, outcome)


def _key(lease: Lease, call_id: UUID, attempt: int) -> tuple[UUID, UUID, int]:
    return lease.worker_id, call_id, attempt


def _stop(entry: _Entry, reason: Reason) -> None:
    if entry.reason is None:
        entry.reason = reason
        if entry.started and entry.task is not None:
            entry.task.cancel()


def _stopped(entry: _Entry) -> Outcome:
    outcome: OutcomeName = entry.reason or "interrupted"
    if entry.sent_at is None:
        # Handed back, so that the database decides again: there it is refused or cancelled.
        return Outcome.of(entry.call, "not_sent", error_code=outcome)
    return Outcome.of(entry.call, outcome, latency_ms=_latency_ms(entry))


def _latency_ms(entry: _Entry) -> int | None:
    if entry.sent_at is None:
        return None
    return round((asyncio.get_running_loop().time() - entry.sent_at) * 1000)
