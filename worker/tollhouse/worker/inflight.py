"""The calls in flight: one task each, and a way to stop any of them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from tollhouse.log import Log
from tollhouse.providers import Call, Outcome, OutcomeName
from tollhouse.worker.brake import Brake
from tollhouse.worker.failures import Failures
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
    sent_at: float | None = None
    reason: Reason | None = None

    def stop(self, reason: Reason) -> None:
        if self.reason is None:
            self.reason = reason
            # A task that is cancelled before its first step would run no code, and report nothing.
            if self.task is not None and self.sent_at is not None:
                self.task.cancel()


@dataclass(kw_only=True, eq=False)
class Inflight:
    """Runs calls and hands every outcome to `put`: a call that came in always comes out.

    hang_up: lets the provider know at once that nobody waits for this call any more
    """

    complete: Callable[[Call], Awaitable[Outcome]]
    put: Callable[[Lease, Call, Outcome], None]
    metrics: Metrics
    failures: Failures
    brake: Brake = field(default_factory=Brake)
    hang_up: Callable[[Call], None] = lambda call: None

    def __post_init__(self) -> None:
        self._entries: dict[tuple[UUID, UUID, int], _Entry] = {}
        self.request_bytes = 0
        self._empty = asyncio.Event()
        self._empty.set()

    def __len__(self) -> int:
        return len(self._entries)

    async def drained(self) -> None:
        """Return when nothing is in flight."""
        await self._empty.wait()

    def start(self, lease: Lease, call: Call) -> None:
        """Send a claimed call, or hand it back if the lease does not allow that any more."""
        if not lease.may_send:
            self._finish(lease, call, Outcome.of(call, "not_sent", error_code="lease_lost"))
            return
        entry = _Entry(lease, call)
        self._entries[_key(lease, call.call_id, call.attempt)] = entry
        self.request_bytes += len(call.request)
        self._empty.clear()
        entry.task = asyncio.create_task(self._run(entry))

    def abort(self, lease: Lease, stops: Iterable[tuple[UUID, int, Reason]]) -> None:
        """Stop calls of a lease by id, attempt and reason, as far as they are still in flight."""
        found = [
            (self._entries.get(_key(lease, call_id, attempt)), reason)
            for call_id, attempt, reason in stops
        ]
        self._stop([(entry, reason) for entry, reason in found if entry is not None])

    def abort_all(self, reason: Reason, lease: Lease | None = None) -> None:
        """Stop every call, or every call of one lease."""
        entries = self._entries.values()
        self._stop([(e, reason) for e in entries if lease is None or e.lease is lease])

    def _stop(self, stops: list[tuple[_Entry, Reason]]) -> None:
        # All are hung up before the first is unwound: a thousand of those take a while.
        for entry, _ in stops:
            if entry.reason is None and entry.sent_at is not None:
                self.hang_up(entry.call)
        for entry, reason in stops:
            entry.stop(reason)

    async def _run(self, entry: _Entry) -> None:
        if entry.reason is None:
            outcome = await self._send(entry)
        else:
            # Handed back, so that the database decides again: there it is refused or cancelled.
            outcome = Outcome.of(entry.call, "not_sent", error_code=entry.reason)
        del self._entries[_key(entry.lease, entry.call.call_id, entry.call.attempt)]
        self.request_bytes -= len(entry.call.request)
        if not self._entries:
            self._empty.set()
        self._finish(entry.lease, entry.call, outcome)

    async def _send(self, entry: _Entry) -> Outcome:
        call, clock = entry.call, asyncio.get_running_loop().time
        entry.sent_at = clock()
        outcome: OutcomeName
        with self.metrics.provider_seconds.labels(call.provider).time():
            try:
                return await self.complete(call)
            except asyncio.CancelledError:
                outcome, code = entry.reason or "interrupted", None
            except Exception as error:
                log.bug("call crashed", error, call_id=call.call_id, attempt=call.attempt)
                outcome, code = "dropped", "worker_bug"
        taken = round((clock() - entry.sent_at) * 1000)
        return Outcome.of(call, outcome, error_code=code, latency_ms=taken)

    def _finish(self, lease: Lease, call: Call, outcome: Outcome) -> None:
        outcome = self.brake.judge(outcome)
        self.metrics.calls.labels(call.provider, outcome.outcome).inc()
        self.failures.note(call.provider, outcome)
        self.put(lease, call, outcome)


def _key(lease: Lease, call_id: UUID, attempt: int) -> tuple[UUID, UUID, int]:
    return lease.worker_id, call_id, attempt
