"""The worker's door to Postgres: one method per function of `tollhouse_worker`, typed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.rows import class_row, scalar_row

from tollhouse.connection import Doubt
from tollhouse.providers import Call
from tollhouse.statements import QUICK, SLOW, Statements

__all__ = ["Abort", "Gate", "Results", "Terms"]

Results = Sequence[str]  # one JSON text each

_LONG_WAIT = 10.0


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
    """The functions of `tollhouse_worker`; each method raises GateError or one of its kinds.

    Each part of the worker has a connection of its own: none waits for another's statement.
    """

    def __init__(
        self,
        *,
        database_url: str,
        application_name: str,
        on_error: Callable[[str], None] = lambda query: None,
        doubt: Doubt | None = None,
    ) -> None:
        super().__init__(
            database_url=database_url,
            application_name=application_name,
            on_error=on_error,
            doubt=doubt,
        )
        self._claims = self.connection("claims")
        self._lease = self.connection("lease")
        self._heartbeat = self.connection("heartbeat")
        self._control = self.connection("control")
        self._reaper = self.connection("reaper")
        self._upkeep = self.connection("upkeep")

    @property
    def claims_go_on(self) -> bool:
        """Whether the last claim or record was answered, and none waits for long."""
        return self._claims.answers and self._claims.waits < _LONG_WAIT

    async def register(self, worker_id: UUID, name: str, capacity: int, version: str) -> Terms:
        """Start a lease under a new id."""
        rows = await self._rows(
            self._lease,
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
        rows = await self._rows(
            self._heartbeat,
            "heartbeat",
            scalar_row,
            worker_id=worker_id,
            in_flight=in_flight,
            within=QUICK,
        )
        return True in rows

    async def set_idle(self, worker_id: UUID, idle: bool) -> int | None:
        """Ask for notifications, or for none."""
        rows = await self._rows(
            self._claims, "set_idle", scalar_row, worker_id=worker_id, idle=idle
        )
        return rows[0] if rows else None

    async def claim(self, worker_id: UUID, limit: int) -> list[Call]:
        """Take up to `limit` admitted calls. Raises ReplyLostError when it can't know which."""
        return _calls(
            await self._rows(
                self._claims, "claim", scalar_row, worker_id=worker_id, limit=limit, repeat=False
            )
        )

    async def record(self, worker_id: UUID, results: Results) -> int:
        """Settle a batch; returns how many came too late and are only spend. Safe to repeat."""
        return sum(
            await self._rows(
                self._claims, "record", scalar_row, worker_id=worker_id, results=_array(results)
            )
        )

    async def record_and_claim(self, worker_id: UUID, results: Results, limit: int) -> list[Call]:
        """Both in one round trip, two transactions: when it raises, the batch may be settled."""
        rows = await self._rows(
            self._claims,
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
        return await self._rows(
            self._control, "calls_to_abort", class_row(Abort), worker_id=worker_id, within=QUICK
        )

    async def reap(self) -> int:
        """Settle some of what dead workers left; returns how many calls that were."""
        return sum(await self._rows(self._reaper, "reap", scalar_row))

    async def maintain(self) -> None:
        """Make the next partitions, drop those past retention."""
        await self._rows(self._upkeep, "maintain", scalar_row, within=SLOW)

    async def prune(self) -> bool:
        """Remove some of what is past its time; returns whether there may be more."""
        return True in await self._rows(self._upkeep, "prune", scalar_row, within=SLOW)

    async def deregister(self, worker_id: UUID) -> None:
        """End the lease; whatever is still under it is settled as a dead worker's."""
        await self._rows(self._lease, "deregister", scalar_row, worker_id=worker_id)


def _calls(claimed: Sequence[Sequence[dict[str, Any]]]) -> list[Call]:
    return [Call(**{**row, "call_id": UUID(row["call_id"])}) for rows in claimed for row in rows]


def _array(texts: Results) -> str:
    return f"[{','.join(texts)}]"
