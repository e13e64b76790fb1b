"""The worker's door to Postgres: the named queries of queries.sql, typed, and their failures.

A statement is repeated only where that is safe: after a serialization failure or a deadlock
(the server rolled it back), when no connection could be had (nothing was sent), and, for every
query but a claim, after the connection broke. A claim whose reply was lost may have been
committed: that is `ReplyLostError`, and the caller gives up its identity (see worker/lease.py).
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, LiteralString, Self, TypeVar
from uuid import UUID

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import BaseRowFactory, class_row, scalar_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from tollhouse.errors import TollhouseError, mapped_errors
from tollhouse.providers import Call

__all__ = [
    "Abort",
    "Booked",
    "Gate",
    "GateError",
    "NoPartitionError",
    "ReplyLostError",
    "Results",
    "Terms",
    "queries",
]

T = TypeVar("T")
Results = Sequence[str]  # one JSON text each

# A half-open connection is noticed in about twenty seconds, on the listener too.
CONNECTION_OPTIONS: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 20_000,
}

_ATTEMPTS = 4
_FIRST_DELAY, _LONGEST_DELAY = 0.05, 1.0
_ROLLED_BACK = {"40001", "40P01"}
# Claim loop, heartbeat, control, reaper and upkeep each have at most one statement at a time.
_CONNECTIONS = 5
_CONNECTION_WAIT = 3.0


class GateError(TollhouseError):
    """A statement failed. Names the query and the SQLSTATE; Postgres's own text may quote data."""

    def __init__(self, query: str, *, sqlstate: str | None) -> None:
        super().__init__(f"{query} failed ({sqlstate or 'no connection'})")
        self.sqlstate = sqlstate


class ReplyLostError(GateError):
    """The connection broke during a claim: what it claimed, if anything, is unknown."""


class NoPartitionError(GateError):
    """A row has no partition to go to: its month is not made yet, which `maintain` does."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The lease that a registration grants."""

    lease_ms: int
    heartbeat_ms: int


@dataclass(frozen=True, slots=True)
class Booked:
    """How many results were accepted, and how many came too late and are only spend."""

    booked: int
    late: int


@dataclass(frozen=True, slots=True)
class Abort:
    """A call in flight that must stop: 'aborted' by a kill switch or 'cancelled' by its client."""

    call_id: UUID
    attempt: int
    reason: str


@cache
def queries() -> dict[str, LiteralString]:
    """The statements of queries.sql by name."""
    text = files("tollhouse").joinpath("queries.sql").read_text(encoding="utf-8")
    sections = [section.partition("\n") for section in text.split("-- name: ")[1:]]
    return {name.strip(): body.strip() for name, _, body in sections}


class Gate:
    """A few connections and one method per function of `tollhouse_worker`.

    Every method raises LeaseLostError (TH201) or GateError, nothing of the driver's. Each failed
    try is told to `on_error` by the query's name, whether it is repeated or not.
    """

    def __init__(
        self,
        *,
        database_url: str,
        application_name: str,
        on_error: Callable[[str], None] = lambda query: None,
    ) -> None:
        self._on_error = on_error
        self._pool = AsyncConnectionPool(
            database_url,
            kwargs={
                **CONNECTION_OPTIONS,
                "autocommit": True,
                "application_name": application_name,
                "prepare_threshold": 0,
            },
            min_size=1,
            max_size=_CONNECTIONS,
            timeout=_CONNECTION_WAIT,
            reconnect_timeout=_CONNECTION_WAIT,  # then the next statement starts a fresh try
            configure=_configure,
            open=False,
        )

    async def __aenter__(self) -> Self:
        await self._pool.open(wait=False)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._pool.close()

    async def schema_present(self) -> bool:
        """Whether the database can be reached and has the worker's schema."""
        return True in await self._rows("schema_present", scalar_row)

    async def register(self, worker_id: UUID, name: str, capacity: int, version: str) -> Terms:
        """Start a lease under a new id."""
        parameters = {"name": name, "capacity": capacity, "version": version}
        rows = await self._rows(
            "register", class_row(Terms), worker_id=worker_id, repeat=False, **parameters
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
        return await self._rows(
            "claim", class_row(Call), worker_id=worker_id, limit=limit, repeat=False
        )

    async def record(self, worker_id: UUID, results: Results) -> Booked:
        """Settle a batch. Safe to repeat: an attempt is settled once."""
        rows = await self._rows(
            "record", class_row(Booked), worker_id=worker_id, results=_array(results)
        )
        return rows[0]

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
        return [Call(**{**row, "call_id": UUID(row["call_id"])}) for row in rows[0]]

    async def calls_to_abort(self, worker_id: UUID) -> list[Abort]:
        """The calls of this lease that must stop now."""
        return await self._rows("calls_to_abort", class_row(Abort), worker_id=worker_id)

    async def reap(self) -> int:
        """Settle what dead workers left; returns how many calls that were."""
        return sum(await self._rows("reap", scalar_row))

    async def maintain(self) -> None:
        """Make the next partitions, drop those past retention."""
        await self._rows("maintain", scalar_row)

    async def deregister(self, worker_id: UUID) -> None:
        """End the lease; whatever is still under it is settled as a dead worker's."""
        await self._rows("deregister", scalar_row, worker_id=worker_id)

    async def _rows(
        self, query: str, row: BaseRowFactory[T], *, repeat: bool = True, **parameters: object
    ) -> list[T]:
        delay = _FIRST_DELAY
        for attempt in range(1, _ATTEMPTS + 1):
            broken = False
            try:
                with mapped_errors():
                    async with self._pool.connection() as connection:
                        try:
                            cursor = connection.cursor(row_factory=row)
                            await cursor.execute(queries()[query], parameters)
                            return await cursor.fetchall()
                        finally:
                            broken = connection.closed
            except psycopg.Error as error:
                self._on_error(query)
                if broken:
                    await self._pool.check()  # a restart breaks the others too
                    if not repeat:
                        raise ReplyLostError(query, sqlstate=error.sqlstate) from error
                again = broken or isinstance(error, PoolTimeout) or error.sqlstate in _ROLLED_BACK
                if not again or attempt == _ATTEMPTS:
                    kind = NoPartitionError if _lacks_partition(error) else GateError
                    raise kind(query, sqlstate=error.sqlstate) from error
            await asyncio.sleep(delay * random.uniform(0.5, 1.5))
            delay = min(delay * 4, _LONGEST_DELAY)
        raise AssertionError  # pragma: no cover


def _array(texts: Results) -> str:
    return f"[{','.join(texts)}]"


def _lacks_partition(error: psycopg.Error) -> bool:
    # It comes as a violated check, but one that has no name.
    return error.sqlstate == "23514" and error.diag.constraint_name is None


async def _configure(connection: AsyncConnection[Any]) -> None:
    await connection.execute(queries()["session"])
