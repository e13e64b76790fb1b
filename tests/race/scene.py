"""A deployed database with one provider, and the sessions that race in it.

Prices make costs plain: input is free, an output token costs one micro-USD, so a call that may
answer N tokens reserves N micro-USD.
"""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, LiteralString, TypeVar

from psycopg import AsyncConnection, sql

from tests.support.database import Database
from tests.support.waiting import PATIENCE

Row = dict[str, Any]
T = TypeVar("T")
ENDPOINTS = ("route", "explanation", "investigation", "budget_optimization")


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call to be enqueued; cost is what it reserves, in micro-USD."""

    request_id: str
    cost: int = 100
    prompt: str = ""
    endpoint: str = "explanation"
    use_cache: bool = False

    def as_item(self) -> Row:
        """Return the object that enqueue_many takes."""
        request = {"prompt": self.prompt or self.request_id, "max_completion_tokens": self.cost}
        return {
            "endpoint": self.endpoint,
            "request": request,
            "request_id": self.request_id,
            "use_cache": self.use_cache,
        }


def result(call: Row, outcome: str = "success", **more: object) -> Row:
    """Return how a claimed call ended; a success used as many tokens as it could."""
    ended: Row = {key: call[key] for key in ("tenant_id", "call_id", "attempt")}
    ended["outcome"] = outcome
    if outcome == "success":
        ended |= {
            "input_tokens": 3,
            "output_tokens": call["max_output_tokens"],
            "response": {"content": "because", "finish_reason": "stop"},
        }
    return ended | more


@dataclass(kw_only=True)
class Worker:
    """One worker's session; autocommit, unless a test opens a transaction in it."""

    connection: AsyncConnection[Row]
    worker_id: uuid.UUID = field(default_factory=uuid.uuid4)

    async def register(self) -> None:
        """Begin the lease."""
        await self.call("tollhouse_worker.register(%s, 'race', 1000, 'test')", self.worker_id)

    async def claim(self, limit: int = 1) -> list[Row]:
        """Claim up to `limit` calls."""
        return await self.call("tollhouse_worker.claim(%s, %s)", self.worker_id, limit)

    async def record(self, results: Iterable[Row]) -> tuple[int, int]:
        """Report results; return how many were booked, and how many late."""
        (row,) = await self.call(
            "tollhouse_worker.record(%s, %s)", self.worker_id, json.dumps([*results], default=str)
        )
        return row["booked"], row["late"]

    async def record_and_claim(self, results: Iterable[Row], limit: int) -> list[Row]:
        """Report results and claim in one round trip."""
        cursor = await self.connection.execute(
            "call tollhouse_worker.record_and_claim(%s, %s, %s, null)",
            (self.worker_id, json.dumps([*results], default=str), limit),
        )
        row = await cursor.fetchone()
        assert row is not None
        claimed: list[Row] = row["p_claimed"]
        return claimed

    async def reap(self) -> int:
        """Take the calls of dead workers; return how many."""
        (row,) = await self.call("tollhouse_worker.reap()")
        taken: int = row["reap"]
        return taken

    async def maintain(self) -> None:
        """Do the hourly upkeep."""
        await self.call("tollhouse_worker.maintain()")

    async def deregister(self) -> None:
        """End the lease."""
        await self.call("tollhouse_worker.deregister(%s)", self.worker_id)

    async def to_abort(self) -> list[Row]:
        """Return the calls in flight that are to be aborted."""
        return await self.call("tollhouse_worker.calls_to_abort(%s)", self.worker_id)

    async def call(self, expression: LiteralString, *parameters: object) -> list[Row]:
        """Call one function of schema tollhouse_worker; return its rows."""
        cursor = await self.connection.execute(
            sql.SQL("select * from {}").format(sql.SQL(expression)), parameters
        )
        return await cursor.fetchall()


class Scene:
    """The database of one test; closes every session that it opened."""

    def __init__(self, database: Database) -> None:
        """Remember the database; connect to nothing yet."""
        self.database = database
        self._open: list[AsyncConnection[Row]] = []

    async def connect(self, login: str) -> AsyncConnection[Row]:
        """Return a session of its own."""
        connection = await self.database.aconnect(login)
        self._open.append(connection)
        return connection

    async def close(self) -> None:
        """Close every session."""
        for connection in self._open:
            await connection.close()

    async def workers(self, count: int) -> list[Worker]:
        """Return registered workers, each with a session of its own."""
        workers = [Worker(connection=await self.connect("th_worker")) for _ in range(count)]
        for worker in workers:
            await worker.register()
        return workers

    async def prepare(self) -> None:
        """Register a provider, a model at one micro-USD per output token, and the endpoints.

        A lease ends when a race says so.
        """
        self.rows("update tollhouse_private.settings set lease = '10 minutes'")
        await asyncio.to_thread(
            self.rows,
            """
            select tollhouse_ops.set_provider('mock', 'race'),
              tollhouse_ops.set_model('small', 'mock', 'mock-small', 'race'),
              tollhouse_ops.set_price('small', 'input', 0, 'race'),
              tollhouse_ops.set_price('small', 'output', 1000000, 'race')
            """,
        )
        for endpoint in ENDPOINTS:
            self.rows(
                "select tollhouse_ops.set_task_type("
                "%s, 'race', array['small'], p_backoff_ms => 0, p_max_output_tokens => 1000000)",
                endpoint,
            )

    def rows(self, query: LiteralString, *parameters: object) -> list[Row]:
        """Run a statement as the superuser, in a session of its own."""
        return self.database.rows(query, *parameters)

    def value(self, query: LiteralString, *parameters: object) -> Any:
        """Return the one value of a query of the superuser."""
        return self.database.value(query, *parameters)

    def enqueue(self, tenant: str, user: str, calls: Iterable[Call]) -> list[Row]:
        """Enqueue calls of one user, in one transaction."""
        with self.database.acting(tenant, user) as connection:
            items = json.dumps([call.as_item() for call in calls])
            cursor = connection.execute("select * from tollhouse.enqueue_many(%s)", [items])
            return cursor.fetchall()

    def outcomes(self) -> dict[str, int]:
        """Count calls by state or outcome: running, queued, success, monthly_cap_exceeded, …"""
        rows = self.rows(
            """
            select coalesce(c.blocked_reason, c.status) as outcome, count(*) as calls
            from tollhouse_private.llm_api_calls as c group by 1
            union all
            select j.state, count(*) from tollhouse_private.jobs as j group by 1
            """
        )
        return {row["outcome"]: row["calls"] for row in rows}

    def waiting(self) -> int:
        """Count the sessions that wait for a lock."""
        count: int = self.value(
            "select count(*) from pg_stat_activity"
            " where datname = current_database() and wait_event_type = 'Lock'"
        )
        return count

    async def until_waiting(self, count: int) -> None:
        """Return once so many sessions wait for a lock."""
        await self.until(lambda: self.waiting() == count)

    async def until(self, seen: Callable[[], bool]) -> None:
        """Return once a look at the database shows what is waited for."""
        async with asyncio.timeout(PATIENCE):
            while not await asyncio.to_thread(seen):  # noqa: ASYNC110 - only a look can tell
                await asyncio.sleep(0.01)

    @asynccontextmanager
    async def locked(self, table: LiteralString) -> AsyncIterator[None]:
        """Keep everybody out of a table, to let a crowd gather before it."""
        connection = await self.connect("postgres")
        async with connection.transaction():
            await connection.execute(
                sql.SQL("lock table tollhouse_private.{} in access exclusive mode").format(
                    sql.Identifier(table)
                )
            )
            yield

    async def at_once(self, table: LiteralString, moves: Iterable[Awaitable[T]]) -> list[T]:
        """Let all moves gather at a table that each needs first, then let them run at once."""
        async with self.locked(table):
            tasks = [asyncio.ensure_future(move) for move in moves]
            await self.until_waiting(len(tasks))
        return await asyncio.gather(*tasks)

    def assert_books_balance(self) -> None:
        """Assert what holds whenever nothing runs, whatever happened before."""
        assert [] == self.rows(
            "select * from tollhouse_private.monthly_budgets where reserved_micro_usd <> 0"
        )
        assert [] == self.rows(
            """
            select coalesce(a.tenant_id, b.tenant_id) as tenant, a.cost, b.spent
            from (
              select tenant_id, u.user_id, budget_month as month, sum(cost_micro_usd) as cost
              from tollhouse_private.provider_attempts as pa
              cross join lateral (values (''), (pa.user_id)) as u (user_id)
              group by 1, 2, 3
            ) as a
            full join (
              select tenant_id, user_id, month, spent_micro_usd as spent
              from tollhouse_private.monthly_budgets
            ) as b on (a.tenant_id, a.user_id, a.month) = (b.tenant_id, b.user_id, b.month)
            where coalesce(a.cost, 0) <> coalesce(b.spent, 0)
            """
        )
        assert [] == self.rows(
            """
            select k.tenant_id, k.user_id, k.endpoint, k.request_id, count(*) as rows
            from tollhouse_private.request_keys as k
            left join (
              select tenant_id, call_id from tollhouse_private.llm_api_calls
              union all
              select tenant_id, call_id from tollhouse_private.jobs
            ) as c on (c.tenant_id, c.call_id) = (k.tenant_id, k.call_id)
            group by 1, 2, 3, 4
            having count(c.call_id) <> 1
            """
        )
        assert 0 == self.value(
            """
            select count(*) from tollhouse_private.response_cache as rc
            where rc.expires_at is null and not exists (
              select from tollhouse_private.jobs as j
              where (j.tenant_id, j.call_id) = (rc.tenant_id, rc.call_id)
            )
            """
        )
