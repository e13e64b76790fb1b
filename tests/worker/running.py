"""A worker in the test's own loop, against a real database and the mock provider over HTTP."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg

from tests.support import leases
from tests.support.database import Database
from tests.support.waiting import PATIENCE
from tests.worker.fakes import eventually
from tollhouse.settings import ProviderSettings, WorkerSettings
from tollhouse.worker.app import Worker, open_worker
from tollhouse_demo.mock_provider.server import MockProvider, start

CATALOG = """
select tollhouse_ops.set_provider('mock', 'test', p_cooldown => interval '1 second');
select tollhouse_ops.set_model('small', 'mock', 'mock-small', 'test');
select tollhouse_ops.set_price('small', 'input', 1000000, 'test');
select tollhouse_ops.set_price('small', 'output', 2000000, 'test');
select tollhouse_ops.set_task_type('route', 'test', p_models => array['small'],
  p_backoff_ms => 10, p_timeout_ms => 3600000);
"""


@dataclass(kw_only=True)
class Bench:
    """Database, provider and settings of one test."""

    database: Database
    mock: MockProvider
    settings: WorkerSettings

    @asynccontextmanager
    async def worker(self, **changes: Any) -> AsyncIterator[Worker]:
        """Run a worker; afterwards it drains and must stop without an error."""
        settings = WorkerSettings(**{**vars(self.settings), **changes})
        async with open_worker(settings) as worker:
            task = asyncio.create_task(worker.run())
            try:
                yield worker
            finally:
                worker.request_stop()
                code = await task
            assert code == 0

    def enqueue(self, count: int, *, tenant: str = "acme", prefix: str = "r") -> None:
        """Enqueue that many different calls in one transaction."""
        with self.database.acting(tenant, "ann") as connection:
            connection.execute(
                """
                select tollhouse.enqueue(
                  'route', jsonb_build_object('prompt', 'question ' || %(prefix)s || n),
                  %(prefix)s || n, p_use_cache => false
                )
                from generate_series(1, %(count)s) as n
                """,
                {"count": count, "prefix": prefix},
            )

    def ledger(self) -> dict[str, int]:
        """Count the ledger rows by status."""
        rows = self.database.rows(
            "select status, count(*) as n from tollhouse_private.llm_api_calls group by status"
        )
        return {row["status"]: row["n"] for row in rows}

    def attempts(self) -> dict[str, int]:
        """Count the attempts by outcome."""
        rows = self.database.rows(
            "select outcome, count(*) as n from tollhouse_private.provider_attempts group by 1"
        )
        return {row["outcome"]: row["n"] for row in rows}

    def billed(self) -> int:
        """How many requests the provider has billed."""
        return len(self.mock.bill()["entries"])

    async def until(self, query: str, expected: object, timeout: float = PATIENCE) -> None:
        """Wait until a query's single value is the expected one."""
        async with await psycopg.AsyncConnection.connect(
            self.database.url(), autocommit=True
        ) as connection:
            async with asyncio.timeout(timeout):
                while True:
                    cursor = await connection.execute(query.encode())
                    row = await cursor.fetchone()
                    if row is not None and row[0] == expected:
                        return
                    await asyncio.sleep(0.02)

    async def at_the_provider(self, calls: int) -> None:
        """Wait until the provider holds that many requests: a claimed call may not be sent yet."""
        await eventually(lambda: self.mock.bill()["in_flight"] == calls)


@asynccontextmanager
async def bench(database: Database, **changes: Any) -> AsyncIterator[Bench]:
    """Register the catalog, start the provider."""
    with database.connect("th_operator") as connection:
        for statement in filter(str.strip, CATALOG.split(";")):
            connection.execute(statement.encode())
    leases.lengthen(database)
    async with await start() as mock:
        settings = WorkerSettings(
            **{
                "database_url": database.url("th_worker"),
                "providers": {"mock": ProviderSettings(base_url=mock.base_url)},
                "http_port": 0,
                "drain_seconds": PATIENCE,
                **changes,
            }
        )
        yield Bench(database=database, mock=mock, settings=settings)
        mock.chat.faults.clear()


@contextmanager
def killed(bench: Bench) -> Iterator[None]:
    """Pull the global kill switch; resume afterwards."""
    bench.database.rows("select tollhouse_ops.stop_everything('test')", login="th_operator")
    yield
    bench.database.rows("select tollhouse_ops.resume_everything('test')", login="th_operator")
