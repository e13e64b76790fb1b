"""The worker's door to Postgres: a method for each function of `tollhouse_worker`.

queries.sql holds the statements, sqlstates.py decides what it means that one failed.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeVar
from uuid import UUID

from psycopg.rows import BaseRowFactory, class_row, scalar_row

from tollhouse.connection import Connection, Doubt, Limit, queries
from tollhouse.providers import Call
from tollhouse.pulse import Pulse
from tollhouse.sqlstates import StatementError, gate_error, may_repeat

__all__ = ["LIMIT", "QUICK", "SLOW", "Abort", "Gate", "Results", "Statements", "Terms"]

T = TypeVar("T")
Results = Sequence[str]  # one JSON text each

# A heartbeat has to come back while there is time for another one.
QUICK = Limit(server=3.0, client=4.0)
LIMIT = Limit(server=15.0, client=20.0)
SLOW = Limit(server=25.0, client=28.0)

_ATTEMPTS = 4
_REPEAT_SECONDS = 10.0
_FIRST_DELAY, _LONGEST_DELAY = 0.05, 1.0
_LONG_WAIT = 10.0


class Statements:
    """A connection for each part of the worker; raises GateError, nothing of the driver's.

    Each failed attempt is reported to `on_error` by the query's name, whether it is repeated or
    not.

    pulses: the signs of life of each part
    """

    def __init__(
        self,
        *,
        database_url: str,
        application_name: str,
        on_error: Callable[[str], None] = lambda query: None,
        doubt: Doubt | None = None,
    ) -> None:
        self.pulses: dict[str, Pulse] = {}
        self._url = database_url
        self._name = application_name
        self._on_error = on_error
        self._doubt = doubt or Doubt()
        self._connections: list[Connection] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection."""
        for connection in self._connections:
            await connection.close()

    def connection(self, part: str) -> Connection:
        """Make the connection of a part; it opens by itself."""
        self.pulses[part] = pulse = Pulse()
        connection = Connection(
            database_url=self._url,
            application_name=f"{self._name} {part}",
            doubt=self._doubt,
            pulse=pulse,
        )
        self._connections.append(connection)
        return connection

    async def rows(
        self,
        connection: Connection,
        query: str,
        row: BaseRowFactory[T],
        *,
        within: Limit | None = None,
        repeat: bool = True,
        **parameters: object,
    ) -> list[T]:
        """Run a named query, again where that is safe. Raises GateError.

        repeat: whether it may be sent again although it may have been committed
        """
        clock = asyncio.get_running_loop().time
        delay, end = _FIRST_DELAY, clock() + _REPEAT_SECONDS
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return await connection.rows(
                    queries()[query], row, parameters, limit=within or LIMIT
                )
            except StatementError as failure:
                self._on_error(query)
                error = gate_error(query, failure, repeat=repeat)
                if not may_repeat(failure, repeat=repeat) or attempt == _ATTEMPTS or clock() > end:
                    raise error from failure.cause
            await asyncio.sleep(delay * random.uniform(0.5, 1.5))
            delay = min(delay * 4, _LONGEST_DELAY)
        raise AssertionError  # pragma: no cover


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


class Gate:
    """The functions of `tollhouse_worker`; each method raises GateError or one of its kinds.

    Each part of the worker has a connection of its own: none waits for another's statement.

    pulses: the signs of life of each part
    """

    def __init__(
        self,
        *,
        database_url: str,
        application_name: str,
        on_error: Callable[[str], None] = lambda query: None,
        doubt: Doubt | None = None,
    ) -> None:
        self._statements = Statements(
            database_url=database_url,
            application_name=application_name,
            on_error=on_error,
            doubt=doubt,
        )
        self._rows = self._statements.rows
        self.connection = self._statements.connection
        self.pulses = self._statements.pulses
        self._claims = self.connection("claims")
        self._lease = self.connection("lease")
        self._heartbeat = self.connection("heartbeat")
        self._control = self.connection("control")
        self._reaper = self.connection("reaper")
        self._upkeep = self.connection("upkeep")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._statements.close()

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
        """Ask for notifications, or for none; returns in how many ms the next call is due."""
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
