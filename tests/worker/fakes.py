"""A scripted database, to test the worker's parts in isolation."""

import asyncio
import json
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext
from typing import Any

from tests.support.waiting import PATIENCE
from tollhouse.gate import Abort, Gate, Results, Terms
from tollhouse.providers import Call, Outcome
from tollhouse.pulse import Pulse
from tollhouse.worker.flusher import Flusher
from tollhouse.worker.leases import Heartbeat, Lease, Leases
from tollhouse.worker.metrics import Metrics

Step = Callable[[], Any]
AsyncStep = Callable[[], Awaitable[None]]


async def at_once() -> None:
    """Take no time and succeed."""


class FakeGate(Gate):
    """Answers from scripts and records the queries, in order."""

    def __init__(self) -> None:
        """Everything succeeds and is empty unless a script says otherwise."""
        self.asked: list[str] = []
        self.next_due_ms: int | None = None
        self.recorded: list[tuple[uuid.UUID, list[dict[str, Any]]]] = []
        self.claims: list[list[Call] | Exception] = []
        self.limits: list[int] = []
        self.records: list[Exception | None] = []
        self.refuse: Callable[[dict[str, Any]], Exception | None] = lambda _: None
        self.registers: list[Exception] = []
        self.heartbeats: list[bool | Exception] = []
        self.aborts: list[Abort] = []
        self.deregistered: list[uuid.UUID] = []
        self.during_claim: Step = lambda: None
        self.during_reap: AsyncStep = at_once
        self.during_maintain: AsyncStep = at_once
        self.reaped: list[int] = []
        self.parts = 1
        self.lease_ms = 60_000
        self.pulses = defaultdict(Pulse)

    def count(self, query: str) -> int:
        """How often a query was asked."""
        return self.asked.count(query)

    async def register(self, worker_id: uuid.UUID, name: str, capacity: int, version: str) -> Terms:
        """Grant a lease, unless the script says otherwise."""
        self.asked.append("register")
        if self.registers:
            raise self.registers.pop(0)
        return Terms(lease_ms=self.lease_ms, heartbeat_ms=20)

    async def heartbeat(self, worker_id: uuid.UUID, in_flight: int) -> bool:
        """Renew it, unless the script says otherwise."""
        self.asked.append("heartbeat")
        answer = self.heartbeats.pop(0) if self.heartbeats else True
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def set_idle(self, worker_id: uuid.UUID, idle: bool) -> int | None:
        """Keep it in mind; return when the next scheduled call is due."""
        self.asked.append(f"set_idle {idle}")
        return self.next_due_ms

    async def claim(self, worker_id: uuid.UUID, limit: int) -> list[Call]:
        """Return the next scripted claim."""
        self.asked.append("claim")
        self.limits.append(limit)
        return await self._next_claim()

    async def record(self, worker_id: uuid.UUID, results: Results) -> int:
        """Record the results, unless the script says otherwise."""
        self.asked.append("record")
        failure = self.records.pop(0) if self.records else None
        rows = [json.loads(result) for result in results]
        for row in rows:
            failure = failure or self.refuse(row)
        if failure is not None:
            raise failure
        self.recorded.append((worker_id, rows))
        return 0

    async def record_and_claim(
        self, worker_id: uuid.UUID, results: Results, limit: int
    ) -> list[Call]:
        """Both, in that order."""
        self.asked.append("record_and_claim")
        self.limits.append(limit)
        await self.record(worker_id, results)
        return await self._next_claim()

    async def calls_to_abort(self, worker_id: uuid.UUID) -> list[Abort]:
        """Return the scripted calls."""
        self.asked.append("calls_to_abort")
        return self.aborts

    async def reap(self) -> int:
        """Settle as many as the script says, and none once it is exhausted."""
        self.asked.append("reap")
        await self.during_reap()
        return self.reaped.pop(0) if self.reaped else 0

    async def maintain(self) -> None:
        """Do what the script says."""
        self.asked.append("maintain")
        await self.during_maintain()

    async def prune(self) -> bool:
        """Remove a part, of as many as the script says."""
        self.asked.append("prune")
        self.parts -= 1
        return self.parts > 0

    async def deregister(self, worker_id: uuid.UUID) -> None:
        """Keep it in mind."""
        self.asked.append("deregister")
        self.deregistered.append(worker_id)

    async def _next_claim(self) -> list[Call]:
        await asyncio.sleep(0)
        self.during_claim()
        answer = self.claims.pop(0) if self.claims else []
        if isinstance(answer, Exception):
            raise answer
        return answer


async def eventually(condition: Callable[[], object]) -> None:
    """Wait until it holds."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if condition():
                return
            await asyncio.sleep(0.005)


def make_call(provider: str = "mock", attempt: int = 1) -> Call:
    """Return a claimed call."""
    return Call(
        call_id=uuid.uuid4(),
        attempt=attempt,
        tenant_id="acme",
        endpoint="route",
        provider=provider,
        model="small",
        request='{"prompt": "a secret question"}',
        max_output_tokens=10,
        timeout_ms=1000,
    )


def make_lease(seconds: float = 60.0) -> Lease:
    """Return a lease that nobody renews."""
    now = asyncio.get_running_loop().time()
    return Lease(worker_id=uuid.uuid4(), seconds=seconds, until=now + seconds)


def make_flusher(gate: Gate, *, size: int = 100, seconds: float = 0.005) -> Flusher:
    """Return a flusher whose callbacks do nothing."""
    return Flusher(
        gate=gate,
        metrics=Metrics(),
        size=size,
        seconds=seconds,
        on_put=lambda: None,
        on_stuck=lambda lease, reason: None,
    )


def make_leases(gate: Gate, *, on_lost: Callable[[Lease], None] = lambda _: None) -> Leases:
    """Return leases under a test's name."""
    return Leases(
        gate=gate,
        name="test",
        capacity=4,
        on_registered=lambda: None,
        on_lost=on_lost,
        on_ended=lambda reason: None,
    )


@asynccontextmanager
async def kept_alive(leases: Leases, **changes: Any) -> AsyncIterator[None]:
    """Register and renew."""
    heart = Heartbeat(leases=leases, open_gate=lambda: nullcontext(leases.gate), **changes)
    tasks = [asyncio.create_task(leases.run()), asyncio.create_task(heart.run())]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def success(call: Call, **changes: Any) -> Outcome:
    """Return the outcome of a successful call."""
    answer = {"response": {"content": "42", "finish_reason": "stop"}, **changes}
    return Outcome(call_id=call.call_id, attempt=call.attempt, outcome="success", **answer)
