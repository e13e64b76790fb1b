"""The calls in flight: one task each, a way to stop any of them, and what their outcomes say.

The brake slows down a worker that reaches no provider, so that it does not eat the queue of all the
others. After a few attempts in a row that reached nobody, or one that failed because we lack file
descriptors, memory or ports, the worker claims one call at a time, more and more seldom, until an
attempt reaches a provider. What else comes back meanwhile counts as not sent: the trouble is here,
it uses up no attempt and opens no breaker. Where it is the provider that is gone, those few and
every probe tell the breakers so.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal
from uuid import UUID

from tollhouse.log import Log
from tollhouse.providers import LOCAL_TROUBLE, Call, Outcome, OutcomeName
from tollhouse.worker.leases import Lease
from tollhouse.worker.metrics import Metrics

__all__ = ["Brake", "Failures", "Inflight", "Reason"]

log = Log(__name__)

# What a provider or its network did; the other outcomes are our own doing and logged elsewhere.
_FAILED: frozenset[OutcomeName] = frozenset(
    {"rate_limited", "server_error", "timeout", "dropped", "unreachable", "malformed", "rejected"}
)


class Failures:
    """Warns of the first failed attempt at once, then every `seconds` of how many followed."""

    def __init__(self, *, seconds: float = 10.0) -> None:
        self._seconds = seconds
        self._quiet: dict[tuple[str, OutcomeName], _Quiet] = {}

    def note(self, provider: str, outcome: Outcome) -> None:
        """Count an outcome, if it is a failure; log it now or later."""
        if outcome.outcome not in _FAILED:
            return
        key = provider, outcome.outcome
        quiet = self._quiet.get(key)
        if quiet is None:
            _warn(key, 1, outcome.http_status)
            self._quiet[key] = _Quiet(timer=self._later(key))
        else:
            quiet.attempts += 1
            quiet.http_status = outcome.http_status

    def flush(self) -> None:
        """Log now what would be logged later: the worker is about to end."""
        for key, quiet in self._quiet.items():
            quiet.timer.cancel()
            if quiet.attempts:
                _warn(key, quiet.attempts, quiet.http_status)
        self._quiet.clear()

    def _later(self, key: tuple[str, OutcomeName]) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(self._seconds, self._end, key)

    def _end(self, key: tuple[str, OutcomeName]) -> None:
        quiet = self._quiet.pop(key)
        if quiet.attempts:
            _warn(key, quiet.attempts, quiet.http_status)
            self._quiet[key] = _Quiet(timer=self._later(key))


@dataclass(kw_only=True)
class _Quiet:
    """What came since the last line: how many, and the last one's status."""

    timer: asyncio.TimerHandle
    attempts: int = 0
    http_status: int | None = None


def _warn(key: tuple[str, OutcomeName], attempts: int, http_status: int | None) -> None:
    provider, outcome = key
    log.warning(
        "attempts failed",
        provider=provider,
        outcome=outcome,
        attempts=attempts,
        last_http_status=http_status,
    )


# Fewer than open a breaker by default.
_IN_A_ROW = 3
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 15.0
_REACHED: frozenset[OutcomeName] = frozenset(
    {"success", "rate_limited", "server_error", "timeout", "dropped", "malformed"}
)


class Brake:
    """Free, or on: then nothing is claimed `until` a loop time, and after it one call."""

    def __init__(self) -> None:
        self.until = 0.0
        self.on = False
        self._failed = 0
        self._pause = _FIRST_PAUSE
        self._probe: UUID | None = None

    def probe(self, call_id: UUID) -> None:
        """Make this call the one that finds out whether a provider can be reached."""
        self._probe = call_id

    def judge(self, outcome: Outcome) -> Outcome:
        """Take note of an outcome; return what is to be recorded."""
        ours = outcome.outcome == "not_sent" and outcome.error_code == LOCAL_TROUBLE
        is_probe = self._probe == outcome.call_id
        if is_probe:
            self._probe = None
        if outcome.outcome in _REACHED or outcome.http_status is not None:
            self._release()
            return outcome
        if not ours and outcome.outcome != "unreachable":
            return outcome
        was_on = self.on
        self._failed += 1
        if ours or self._failed >= _IN_A_ROW:
            self._pull(outcome, again=is_probe)
        if was_on and not is_probe and not ours:
            return replace(outcome, outcome="not_sent")
        return outcome

    def _pull(self, outcome: Outcome, *, again: bool) -> None:
        if self.on and not again:
            return
        if not self.on:
            log.warning(
                "no provider can be reached: claiming one call at a time",
                error=outcome.error_message or "",
            )
        self.on = True
        self.until = asyncio.get_running_loop().time() + self._pause
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)

    def _release(self) -> None:
        if self.on:
            log.info("a provider can be reached again")
        self.on, self._failed, self._pause, self.until = False, 0, _FIRST_PAUSE, 0.0


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


class Inflight:
    """Runs calls and hands every outcome to `put`: a call that came in always comes out.

    hang_up: tells the provider at once that nobody waits for this call any more
    """

    def __init__(
        self,
        *,
        complete: Callable[[Call], Awaitable[Outcome]],
        put: Callable[[Lease, Call, Outcome], None],
        metrics: Metrics,
        failures: Failures,
        hang_up: Callable[[Call], None] = lambda call: None,
    ) -> None:
        self.complete = complete
        self.put = put
        self.metrics = metrics
        self.failures = failures
        self.brake = Brake()
        self.hang_up = hang_up
        self.request_bytes = 0
        self._entries: dict[tuple[UUID, UUID, int], _Entry] = {}
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
        # Hang up on all before the first is unwound: a thousand tasks take a while.
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
        try:
            return await self.complete(call)
        except asyncio.CancelledError:
            outcome, code = entry.reason or "interrupted", None
        except Exception as error:
            log.bug("call crashed", error, call_id=call.call_id, attempt=call.attempt)
            outcome, code = "dropped", "worker_bug"
        finally:
            taken = clock() - entry.sent_at
            self.metrics.provider_seconds_of(call.provider).observe(taken)
        return Outcome.of(call, outcome, error_code=code, latency_ms=round(taken * 1000))

    def _finish(self, lease: Lease, call: Call, outcome: Outcome) -> None:
        outcome = self.brake.judge(outcome)
        self.metrics.calls_of(call.provider, outcome.outcome).inc()
        self.failures.note(call.provider, outcome)
        self.put(lease, call, outcome)


def _key(lease: Lease, call_id: UUID, attempt: int) -> tuple[UUID, UUID, int]:
    return lease.worker_id, call_id, attempt
