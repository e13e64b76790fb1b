"""Everything that the page and `tollhouse top` show, read in one read-only transaction.

One class for each query of queries.sql; the Reader asks them over one connection.
"""

import asyncio
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self, TypeVar
from uuid import UUID

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import class_row

from tollhouse.connection import queries
from tollhouse.errors import TollhouseError

__all__ = [
    "READ",
    "RECENT",
    "Call",
    "Ended",
    "Latency",
    "LatencyMinute",
    "Look",
    "Minute",
    "Overrun",
    "PageError",
    "Reader",
    "Refusal",
    "Snapshot",
    "Spend",
    "Stop",
    "Total",
    "Waiting",
    "Worker",
]

T = TypeVar("T")

RECENT = timedelta(minutes=2)
"""What happened within this time counts as happening now."""
READ = 40
"""How many calls are read at most: the last of their runs may go on before them."""
# A snapshot is about a dozen statements; each has a limit of its own.
_SECONDS = 6.0
_PAGE = "tollhouse.page"


@dataclass(frozen=True, slots=True)
class Look:
    """When this was read, by the database's clock, and which tenants have calls in the ledger."""

    at: datetime
    server: str
    tenants: list[str]


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker that has registered and not left; `alive` while its lease lasts, `holds` calls."""

    name: str
    version: str
    capacity: int
    holds: int
    started_at: datetime
    alive: bool


@dataclass(frozen=True, slots=True)
class Total:
    """Micro-USD of all tenants."""

    month_micro_usd: int
    hour_micro_usd: int


@dataclass(frozen=True, slots=True)
class Spend:
    """Micro-USD of a tenant, or of a user who has a cap. `others`: how many rows are not shown."""

    tenant_id: str
    user_id: str
    cap_micro_usd: int | None
    reserved_micro_usd: int
    spent_micro_usd: int
    hour_micro_usd: int
    others: int


@dataclass(frozen=True, slots=True)
class Overrun:
    """A model one call of which was billed `highest` times what it can cost.

    factor: how many times their highest cost its calls reserve `until` then; None after just one
    """

    model: str
    factor: float | None
    highest: float
    until: datetime


@dataclass(frozen=True, slots=True)
class Stop:
    """Something that refuses calls now: a kill switch, a shutoff, a cap, a breaker.

    users: how many users' breakers it is; only a cap has micro-USD, only a switch an operator
    """

    guard: str
    scope: str
    tenant_id: str
    user_id: str
    target: str
    users: int
    reason: str
    since: datetime | None
    until: datetime | None
    cap_micro_usd: int | None
    spent_micro_usd: int | None
    reserved_micro_usd: int | None
    operator: str | None
    others: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """A tenant's calls that are not finished; the totals are over every tenant."""

    tenant_id: str
    queued: int
    running: int
    later: int
    shared: int
    oldest_since: datetime | None
    all_queued: int
    all_running: int
    tenants: int


@dataclass(frozen=True, slots=True)
class Call:
    """A finished call, and why it ended so."""

    finished_at: datetime
    tenant_id: str
    user_id: str
    endpoint: str
    request_id: str
    status: str
    blocked_reason: str | None
    was_cached: bool
    model: str | None
    cost_micro_usd: int
    latency_ms: int | None
    why: str


@dataclass(frozen=True, slots=True)
class Ended:
    """Calls that ended lately, except those that a caller or an operator stopped.

    callers_without: callers who had a call without an answer
    silent: providers that failed and answered nothing
    """

    answered: int
    failed: int
    refused: int
    callers: int
    callers_without: int
    reasons: list[str]
    silent: list[str]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Calls of the last hour that one guard refused, and the tenants that had most of them."""

    reason: str
    calls: int
    tenants: list[str]
    tenant_count: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Latency:
    """Attempts of the last hour at one provider, or at all of them (provider empty)."""

    provider: str
    attempts: int
    failed: int
    p50_ms: int | None
    p95_ms: int | None
    p99_ms: int | None


@dataclass(frozen=True, slots=True)
class Minute:
    """Calls by the minute in which they were asked for."""

    minute: datetime
    answered: int
    cached: int
    refused: int
    failed: int
    cost_micro_usd: int


@dataclass(frozen=True, slots=True)
class LatencyMinute:
    """Answers by the minute in which their call was asked for."""

    minute: datetime
    p50_ms: int
    p95_ms: int
    p99_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything that the page shows, read in one transaction.

    problem: why there is no newer one
    """

    look: Look
    read_ms: int
    workers: list[Worker]
    total: Total
    spends: list[Spend]
    overruns: list[Overrun]
    stops: list[Stop]
    ended: Ended
    refusals: list[Refusal]
    latencies: list[Latency]
    queue: list[Waiting]
    calls: list[Call]
    minutes: list[Minute]
    latency_minutes: list[LatencyMinute]
    problem: str | None = None


_LIMITS = {"spends": 8, "stops": 8, "queue": 8, "calls": READ}
_SPANS = {
    "recent": RECENT,
    "lately": timedelta(minutes=10),
    "hour": timedelta(hours=1),
    "month": timedelta(days=30),
}


def _scope(look: Look) -> dict[str, object]:
    """Return every parameter by name: a time `hour` has its first call id in `hour_id`."""
    begins = {name: look.at - span for name, span in _SPANS.items()}
    ids = {f"{name}_id": _first_id(begin) for name, begin in begins.items()}
    return {"tenants": look.tenants, **_LIMITS, **begins, **ids}


def _first_id(at: datetime) -> UUID:
    """The smallest call id of a time: call ids are UUIDs version 7."""
    return UUID(int=int(at.timestamp() * 1000) << 80)


class PageError(TollhouseError):
    """The database gave no snapshot. The text names no data and no secret."""


class Reader:
    """One connection, opened when needed and again when it broke; one look at a time."""

    def __init__(self, *, database_url: str, application_name: str) -> None:
        self._url = database_url
        self._name = application_name
        self._connection: AsyncConnection[Any] | None = None
        self._turn = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._close()

    async def snapshot(self) -> Snapshot:
        """Read everything in one read-only transaction. Raises PageError."""
        async with self._turn:
            reading = asyncio.create_task(self._read())
            try:
                await asyncio.wait({reading}, timeout=_SECONDS)
                if not reading.done():
                    raise TimeoutError
                return reading.result()
            except TimeoutError:
                await _give_up(reading)
                await self._close()
                raise PageError(f"no answer within {_SECONDS:g} seconds") from None
            except psycopg.errors.QueryCanceled:
                await self._close()
                raise PageError("a query took longer than 2 seconds") from None
            except psycopg.errors.InsufficientPrivilege:
                await self._close()
                raise PageError("the login is not a member of tollhouse_monitor") from None
            except psycopg.Error as error:
                await self._close()
                state = f"SQLSTATE {error.sqlstate}" if error.sqlstate else "no connection"
                raise PageError(f"the database can't be read ({state})") from None
            except asyncio.CancelledError:  # whoever asked went away meanwhile
                await _give_up(reading)
                await self._close()
                raise

    async def _read(self) -> Snapshot:
        if self._connection is None or self._connection.closed:
            self._connection = await AsyncConnection.connect(
                self._url,
                autocommit=True,
                connect_timeout=5,
                application_name=self._name,
                prepare_threshold=None,
            )
        connection = self._connection
        begin = time.monotonic()
        await connection.execute(queries(_PAGE)["begin"])
        await connection.execute(queries(_PAGE)["limit_time"])
        (look,) = await self._ask("look", Look)
        scope = _scope(look)
        (total,) = await self._ask("total", Total)
        (ended,) = await self._ask("ended", Ended, **scope)
        found: dict[str, Any] = {
            name: await self._ask(name, kind, **scope)
            for name, kind in (
                ("workers", Worker),
                ("spends", Spend),
                ("overruns", Overrun),
                ("stops", Stop),
                ("refusals", Refusal),
                ("latencies", Latency),
                ("queue", Waiting),
                ("calls", Call),
                ("minutes", Minute),
                ("latency_minutes", LatencyMinute),
            )
        }
        await connection.rollback()
        read_ms = round((time.monotonic() - begin) * 1000)
        return Snapshot(look=look, total=total, ended=ended, read_ms=read_ms, **found)

    async def _ask(self, query: str, kind: type[T], **parameters: object) -> list[T]:
        assert self._connection is not None
        async with self._connection.cursor(row_factory=class_row(kind)) as cursor:
            await cursor.execute(queries(_PAGE)[query], parameters or None)
            return await cursor.fetchall()

    async def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()


async def _give_up(reading: asyncio.Task[Snapshot]) -> None:
    """Cancel twice: psycopg first asks the server to stop, and would wait ten seconds for that."""
    for _ in range(2):
        reading.cancel()
        await asyncio.wait({reading}, timeout=0.25)
