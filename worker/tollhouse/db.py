"""The worker's door to Postgres: one method per function of `tollhouse_worker`, typed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.rows import class_row, scalar_row

from tollhouse.providers import Call
from tollhouse.statements import Statements

__all__ = ["Abort", "Gate", "Results", "Terms"]

Results = Sequence[str]  # one JSON text each


@dataclass(frozen=True, slots=True)
class Terms:
    """The lease that a registration grants."""

    lease_ms: int
    heartbeat_ms: int


@dataclass(frozen=True, slots=True)
class Abort:
    """A call in flight that must stop: 'aborted' by a kill switch or 'cancelled' by its client."""

    call_id: UUID
    attempt: int
    reason: str


class Gate(Statements):
    """The functions of `tollhouse_worker`; each method raises GateError or one of its kinds."""

    async def schema_present(self) -> bool:
        """Whether the database can be reached and has the worker's schema."""
        return True in await self._rows("schema_present", scalar_row)

    async def register(self, worker_id: UUID, name: str, capacity: int, version: str) -> Terms:
        """Start a lease under a new id."""
        rows = await self._rows(
            "register",
            class_row(Terms),
            worker_id=worker_id,
            name=name,
            capacity=capacity,
            version=version,
            repeat=False,
        )
        return rows[0]

    async def heartbeat(self, worker_id: UUID, in_flight: int) -> bool:
        """Renew the lease; False: it is lost."""
        rows = await self._rows("heartbeat", scalar_row, worker_id=worker_id, in_flight=in_flight)
        return True in rows

    async def set_idle(self, worker_id: UUID, idle: bool) -> int | None:
        """Ask for notifications, or for none."""
        rows = await self._rows("set_idle", scalar_row, worker_id=worker_id, idle=idle)
        return rows[0] if rows else None

    async def claim(self, worker_id: UUID, limit: int) -> list[Call]:
        """Take up to `limit` admitted calls. Raises ReplyLostError when it can't know which."""
        return _calls(
            await self._rows("claim", scalar_row, worker_id=worker_id, limit=limit, repeat=False)
        )

    async def record(self, worker_id: UUID, results: Results) -> int:
        """Settle a batch; returns how many came too late and are only spend. Safe to repeat."""
        return sum(
            await self._rows("record", scalar_row, worker_id=worker_id, results=_array(results))
        )

    async def record_and_claim(self, worker_id: UUID, results: Results, limit: int) -> list[Call]:
        """Both in one round trip, two transactions: when it raises, the batch may be settled."""
        rows = await self._rows(
            "record_and_claim",
            scalar_row,
            worker_id=worker_id,
            results=_array(results),
            limit=limit,
            repeat=False,
        )
        return _calls(rows)

    async def calls_to_abort(self, worker_id: UUID) -> list[Abort]:
        """The calls of this lease that must stop now."""
        return await self._rows("calls_to_abort", class_row(Abort), worker_id=worker_id)

    async def reap(self) -> int:
        """Settle some of what dead workers left; returns how many calls that were."""
        return sum(await self._rows("reap", scalar_row))

    async def maintain(self) -> None:
        """Make the next partitions, drop those past retention."""
        await self._rows("maintain", scalar_row)

    async def prune(self) -> bool:
        """Remove some of what is past its time; returns whether there may be more."""
        return True in await self._rows("prune", scalar_row)

    async def deregister(self, worker_id: UUID) -> None:
        """End the lease; whatever is still under it is settled as a dead worker's."""
        await self._rows("deregister", scalar_row, worker_id=worker_id)


def _calls(claimed: Sequence[Sequence[dict[str, Any]]]) -> list[Call]:
    return [Call(**{**row, "call_id": UUID(row["call_id"])}) for rows in claimed for row in rows]


def _array(texts: Results) -> str:
    return f"[{','.join(texts)}]"
