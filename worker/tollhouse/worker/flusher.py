"""Results on their way to the ledger: gathered for a moment, recorded in batches, never lost."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace

from tollhouse.errors import GateError
from tollhouse.gate import Gate
from tollhouse.log import Log
from tollhouse.providers import Call, Outcome
from tollhouse.sqlstates import is_timeout, retry_singly
from tollhouse.worker.leases import Lease
from tollhouse.worker.metrics import Metrics

__all__ = ["Flusher", "Result", "unanswered"]


log = Log(__name__)

# A batch of huge answers would exceed the statement's time limit on every attempt.
_BATCH_BYTES = 8 * 1024 * 1024
_ENCODER = json.JSONEncoder(allow_nan=False, separators=(",", ":"))


class Result:
    """An outcome, the lease under which its call was claimed, and when it came (loop time).

    `text` is the element of `p_results`; the tenant in it is the first column of the job's key.
    What is in the text and may be large is kept nowhere else: not in `call`, not in `outcome`.
    materialize: false makes the database skip a materializer that took too long
    Raises TypeError, ValueError or RecursionError for an outcome that JSON can't hold.
    """

    __slots__ = ("at", "call", "lease", "materialize", "outcome", "text")

    def __init__(
        self, *, lease: Lease, call: Call, outcome: Outcome, at: float, materialize: bool = True
    ) -> None:
        row = {"tenant_id": call.tenant_id, **outcome.as_json()}
        self.text = _ENCODER.encode({name: row[name] for name in row if row[name] is not None})
        self.lease = lease
        self.at = at
        self.materialize = materialize
        self.call = call.without_request()
        self.outcome = outcome.without_answer()
        if self.outcome.share is not None:
            self.outcome.share.resize(len(self.text))

    def leave_out_materializer(self) -> None:
        """No longer ask for the row that its endpoint makes of it."""
        self.materialize = False
        self.text = self.text[:-1] + ', "materialize": false}'

    def release(self) -> None:
        """It is recorded: give its memory back."""
        if self.outcome.share is not None:
            self.outcome.share.release()


def unanswered(call: Call, outcome: Outcome) -> Outcome:
    """Return what can be said of an outcome that was refused as data."""
    return replace(
        Outcome.of(
            call,
            "malformed",
            error_code="result_refused",
            error_message="the database refused this result as data",
            http_status=outcome.http_status,
            latency_ms=outcome.latency_ms,
        ),
        share=outcome.share,
    )


class Flusher:
    """Holds results until they are due. Bounded by the claim loop, which counts `pending`."""

    def __init__(
        self,
        *,
        gate: Gate,
        metrics: Metrics,
        size: int,
        seconds: float,
        on_put: Callable[[], None],
        on_stuck: Callable[[Lease, str], None],
    ) -> None:
        self.gate = gate
        self.metrics = metrics
        self.size = size
        self.seconds = seconds
        self.on_put = on_put
        self.on_stuck = on_stuck
        self._results: list[Result] = []

    @property
    def pending(self) -> int:
        """Results not recorded yet."""
        return len(self._results)

    @property
    def due_at(self) -> float | None:
        """When the next batch should go (loop time): None without results, 0 when it is full."""
        if not self._results:
            return None
        return 0.0 if len(self._results) >= self.size else self._results[0].at + self.seconds

    @property
    def leases(self) -> list[Lease]:
        """The leases that have results here, oldest first."""
        return list(dict.fromkeys(result.lease for result in self._results))

    def put(self, lease: Lease, call: Call, outcome: Outcome) -> None:
        """Add a result."""
        now = asyncio.get_running_loop().time()
        try:
            result = Result(lease=lease, call=call, outcome=outcome, at=now)
        except (TypeError, ValueError, RecursionError) as error:
            self._refused(outcome, type(error).__name__)
            answer = unanswered(call, outcome)
            result = Result(lease=lease, call=call, outcome=answer, at=now)
        self._results.append(result)
        self.on_put()

    def take(self, lease: Lease) -> list[Result]:
        """Take the next batch of this lease out; give it back or settle it."""
        taken: list[Result] = []
        size = 0
        for result in self._results:
            if result.lease is lease:
                size += len(result.text)
                if taken and (len(taken) == self.size or size > _BATCH_BYTES):
                    break
                taken.append(result)
        gone = set(taken)
        self._results = [result for result in self._results if result not in gone]
        return taken

    def give_back(self, results: list[Result]) -> None:
        """Put a batch that was not recorded back in front."""
        self._results[:0] = results

    def settled(self, lease: Lease, results: list[Result]) -> None:
        """Forget results that the database has."""
        lease.held -= len(results)
        self.metrics.recorded.inc(len(results))
        for result in results:
            result.release()

    async def record(self, lease: Lease, results: list[Result]) -> None:
        """Record a batch; whatever is not settled when this raises has been given back."""
        try:
            await self._record(lease, results)
        except GateError as error:
            if not retry_singly(error):
                self.give_back(results)
                raise
            await self.record_singly(lease, results)

    async def record_singly(self, lease: Lease, results: list[Result]) -> None:
        """Record one by one what failed as a batch, so that one result costs no other its place."""
        for index, result in enumerate(results):
            try:
                await self._record_one(lease, result)
            except GateError:
                self.give_back(results[index:])
                raise

    async def _record_one(self, lease: Lease, result: Result) -> None:
        while True:
            try:
                await self._record(lease, [result])
            except GateError as error:
                if not retry_singly(error) or (is_timeout(error) and not result.materialize):
                    raise
                self._refused(result.outcome, str(error))
                if is_timeout(error):
                    result.leave_out_materializer()
                elif (answer := unanswered(result.call, result.outcome)) != result.outcome:
                    result = Result(
                        lease=lease,
                        call=result.call,
                        outcome=answer,
                        at=result.at,
                        materialize=result.materialize,
                    )
                else:
                    break
            else:
                return
        # Nothing that we can say about this call is accepted. Ending the lease hands it over.
        lease.held -= 1
        result.release()
        self.on_stuck(lease, "result_refused")

    async def _record(self, lease: Lease, results: list[Result]) -> None:
        with self.metrics.database_seconds.labels("record").time():
            late = await self.gate.record(lease.worker_id, [result.text for result in results])
        if late:
            log.warning("late results", worker_id=lease.worker_id, late=late)
        self.settled(lease, results)

    def _refused(self, outcome: Outcome, error: str) -> None:
        self.metrics.refused.inc()
        log.error(
            "result refused",
            call_id=outcome.call_id,
            attempt=outcome.attempt,
            outcome=outcome.outcome,
            error=error,
        )
