"""Open but dead connections are noticed everywhere, and nothing is lost or paid twice."""

import asyncio
from collections.abc import AsyncIterator, Callable

import psycopg
import pytest

from tests.support.database import Database
from tests.support.proxy import Proxy
from tests.worker.running import Bench, bench
from tollhouse import gate as statements
from tollhouse.connection import Limit, deadline
from tollhouse.page.snapshot import PageError, Reader
from tollhouse.worker import notifications as listener
from tollhouse.worker.app import Worker

DONE = "select count(*) from tollhouse_private.llm_api_calls"
RUNNING = "select count(*) from tollhouse_private.jobs where state = 'running'"
IDLE = "select coalesce(bool_and(idle), false) from tollhouse_private.workers"
PATIENT = 180.0
LOOK = listener._LOOK_SECONDS


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the listener look often."""
    monkeypatch.setattr(listener, "_LOOK_SECONDS", 1.0)


@pytest.fixture
async def proxy(pg18_database: Database) -> AsyncIterator[Proxy]:
    """Return a proxy in front of the database."""
    async with Proxy(pg18_database.url("th_worker")).run() as proxy:
        yield proxy


@pytest.fixture
async def desk(pg18_database: Database, proxy: Proxy) -> AsyncIterator[Bench]:
    """Return a bench whose workers reach the database through the proxy."""
    async with bench(pg18_database, database_url=proxy.url) as made:
        yield made


async def until(condition: Callable[[], object]) -> None:
    """Wait until it holds."""
    async with asyncio.timeout(PATIENT):
        while not condition():  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.02)


def is_ready(worker: Worker) -> bool:
    """Whether /readyz would say so."""
    return all(worker.probe.ready().values())


def sleeps(worker: Worker) -> bool:
    """Whether its claim loop waits for its next poll, with no query pending."""
    seconds = worker.loop._seconds_to_wait() or 0.0
    return seconds > 60.0 and not worker.gate._claims.waits


def test_silence_is_noticed_within_half_a_minute() -> None:
    """The listener notices it by its checks, everything else by an unanswered query."""
    assert LOOK + statements.QUICK.client < 30.0
    assert max(statements.LIMIT.client, statements.SLOW.client) < 30.0


async def test_connections_that_swallow_everything(desk: Bench, proxy: Proxy) -> None:
    """Calls in flight go on over new connections, and health reports the truth meanwhile.

    With a poll of an hour, only a notification can bring the last call: it listens again.
    """
    desk.mock.fault({"delay_ms": 100})
    desk.enqueue(400)
    async with desk.worker(concurrency=16, poll_seconds=3600.0) as worker:
        async with asyncio.timeout(PATIENT):
            await until(lambda: len(worker.inflight) and worker.metrics.recorded._value.get() > 40)
        await until(lambda: is_ready(worker))
        proxy.swallow()
        await until(lambda: not is_ready(worker))
        assert all(worker.probe.alive().values())
        await desk.until(DONE, 400, timeout=PATIENT)
        await until(lambda: is_ready(worker))
        await desk.until(IDLE, True, timeout=PATIENT)
        desk.enqueue(1, prefix="later")
        await desk.until(DONE, 401, timeout=PATIENT)
        assert all(worker.probe.alive().values())
    assert desk.ledger() == {"success": 401}
    assert desk.billed() == 401
    assert desk.database.value("select count(*) from tollhouse_private.workers") == 0


async def test_the_reply_to_a_claim_is_swallowed(
    desk: Bench, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it claimed is unknown: the lease is given up, and the calls are made once."""
    monkeypatch.setattr(statements, "LIMIT", Limit(server=8.0, client=10.0))
    async with desk.worker(poll_seconds=3600.0) as worker:
        await until(lambda: sleeps(worker))
        proxy.swallow(replies_only=True)
        desk.enqueue(20)
        worker.loop.wake()
        await desk.until(RUNNING, 20, timeout=PATIENT)
        await desk.until(DONE, 20, timeout=PATIENT)
    assert desk.ledger() == {"success": 20}
    assert desk.attempts() == {"abandoned": 20, "success": 20}
    assert desk.billed() == 20


async def test_idle_connections_are_asked_before_they_are_used(desk: Bench, proxy: Proxy) -> None:
    """A worker that slept while its connections died claims over new ones, under the same lease."""
    async with desk.worker(poll_seconds=3600.0) as worker:
        await until(lambda: sleeps(worker))
        before = worker.leases.current
        proxy.swallow()
        await until(lambda: not worker.listener.connected)
        await until(lambda: is_ready(worker))
        desk.enqueue(1)
        await desk.until(DONE, 1, timeout=PATIENT)
        assert worker.leases.current is before
    assert desk.attempts() == {"success": 1}


async def test_stopped_while_nothing_answers(
    desk: Bench, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is in flight is recorded once the database is back, if the drain has time."""
    monkeypatch.setattr(statements, "LIMIT", Limit(server=8.0, client=10.0))
    desk.mock.fault({"delay_ms": 300})
    desk.enqueue(8)
    async with desk.worker(poll_seconds=3600.0) as worker:
        await until(lambda: len(worker.inflight) == 8)
        proxy.swallow()
    assert desk.ledger() == {"success": 8}
    assert desk.attempts() == {"success": 8}


async def test_other_clients_hang_up_too(pg18_database: Database, proxy: Proxy) -> None:
    """`tollhouse wait` and the dashboards' runner time out; so does the page, and it recovers."""

    async def swallow() -> None:
        proxy.swallow()

    def ask() -> None:
        with psycopg.connect(proxy.url, autocommit=True) as connection:
            connection.execute("select 1")
            asyncio.run_coroutine_threadsafe(swallow(), loop).result(PATIENT)
            with deadline(connection, 1.0), pytest.raises(psycopg.OperationalError):
                connection.execute("select 1")

    loop = asyncio.get_running_loop()
    await asyncio.wait_for(asyncio.to_thread(ask), PATIENT)

    async with (
        Proxy(pg18_database.url("th_auditor")).run() as before,
        Reader(database_url=before.url, application_name="test") as reader,
    ):
        await reader.snapshot()
        before.swallow()
        with pytest.raises(PageError, match="no answer within"):
            await asyncio.wait_for(reader.snapshot(), PATIENT)
        await reader.snapshot()
