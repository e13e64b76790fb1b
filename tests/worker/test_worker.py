"""The worker against a real Postgres and a provider that answers over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import uuid4

import pytest

from tests.support import leases
from tests.support.database import Database
from tests.support.waiting import HELD, PATIENCE
from tests.worker.running import Bench, bench, killed
from tollhouse.providers import Call, Outcome
from tollhouse.settings import ProviderSettings
from tollhouse.worker.app import open_worker

DONE = "select count(*) from tollhouse_private.llm_api_calls"
RUNNING = "select count(*) from tollhouse_private.jobs where state = 'running'"
WAITING = (
    "select count(*) from pg_stat_activity"
    " where wait_event_type = 'Lock' and query ~ 'tollhouse_worker.(maintain|prune)'"
    " and datname = current_database()"
)
IDLE = "select coalesce(bool_and(idle), false) from tollhouse_private.workers"


@pytest.fixture
async def desk(pg18_database: Database) -> AsyncIterator[Bench]:
    """Return a database with a catalog and a provider of its own."""
    async with bench(pg18_database) as made:
        yield made


async def test_records_every_call_once(desk: Bench) -> None:
    """Calls enqueued before and during its run are made once and recorded as success."""
    desk.enqueue(50)
    async with desk.worker():
        await desk.until(DONE, 50)
        desk.enqueue(250, prefix="s")
        await desk.until(DONE, 300)
    assert desk.ledger() == {"success": 300}
    assert desk.attempts() == {"success": 300}
    assert desk.billed() == 300
    assert desk.database.value("select count(*) from tollhouse_private.workers") == 0


async def test_is_woken_from_idleness(desk: Bench) -> None:
    """A sleeping worker starts a call long before its poll timeout."""
    async with desk.worker(poll_seconds=10 * PATIENCE):
        await desk.until(IDLE, True)
        desk.enqueue(1)
        await desk.until(DONE, 1)


async def test_polls_without_notifications(desk: Bench) -> None:
    """A due call without a notification is found by the poll."""
    async with desk.worker(poll_seconds=0.2):
        await desk.until(IDLE, True)
        desk.database.rows("update tollhouse_private.workers set idle = false")
        desk.enqueue(1)
        await desk.until(DONE, 1)


async def test_counts_failed_statements(desk: Bench) -> None:
    """A statement that the server cut off shows in /metrics by its name; the work goes on."""
    waiting = (
        " from pg_stat_activity where usename = 'th_worker' and wait_event_type = 'Lock'"
        " and query ~ 'record_and_claim' and datname = current_database()"
    )
    async with desk.worker(poll_seconds=0.05) as worker:
        await desk.until(IDLE, True)
        with desk.database.connect("postgres", autocommit=False) as blocker:
            blocker.execute("select from tollhouse_private.workers for update")
            await desk.until("select count(*)" + waiting, 1, timeout=PATIENCE)
            desk.database.rows("select pg_terminate_backend(pid)" + waiting)
        desk.enqueue(1)
        await desk.until(DONE, 1)
        (errors,) = worker.metrics.database_errors.collect()
    assert "claim" in {sample.labels["query"] for sample in errors.samples}


async def test_kill_switch_aborts_calls_in_flight(desk: Bench) -> None:
    """Pulled while calls are in flight, they stop at once and are recorded as blocked."""
    desk.mock.fault(HELD)
    desk.enqueue(5)
    async with desk.worker():
        await desk.at_the_provider(5)
        with killed(desk):
            await desk.until(DONE, 5)
    assert desk.ledger() == {"blocked": 5}
    assert desk.attempts() == {"aborted": 5}


async def test_cancel_stops_the_call(desk: Bench) -> None:
    """A client's cancel reaches the call in flight."""
    desk.mock.fault(HELD)
    desk.enqueue(1)
    async with desk.worker():
        await desk.at_the_provider(1)
        with desk.database.acting("acme", "ann") as connection:
            connection.execute("select tollhouse.cancel(call_id) from tollhouse.jobs")
        await desk.until(DONE, 1)
    assert desk.attempts() == {"cancelled": 1}


async def test_drain_lets_calls_finish(desk: Bench) -> None:
    """A stop claims no more, waits for what is in flight, records it and deregisters."""
    desk.mock.fault(HELD)
    desk.enqueue(8)
    async with desk.worker(concurrency=4) as worker:
        await desk.at_the_provider(4)
        worker.request_stop()
        desk.mock.chat.faults.clear()
    assert desk.ledger() == {"success": 4}
    assert desk.database.value("select count(*) from tollhouse_private.workers") == 0


async def test_drain_deadline_interrupts(desk: Bench) -> None:
    """Calls that outlast the drain are interrupted, and queued again."""
    desk.mock.fault(HELD)
    desk.enqueue(3)
    async with desk.worker(drain_seconds=0.2):
        await desk.at_the_provider(3)
    assert desk.attempts() == {"interrupted": 3}
    assert desk.database.value(RUNNING) == 0


async def test_reaped_worker_starts_over(desk: Bench) -> None:
    """A worker whose lease was taken aborts its calls and goes on under a new id."""
    desk.mock.fault(HELD, times=2)
    desk.enqueue(2)
    async with desk.worker():
        await desk.at_the_provider(2)
        leases.end(desk.database)
        desk.database.rows("select tollhouse_worker.reap()")
        await desk.until("select count(*) from tollhouse_private.llm_api_calls", 2)
    assert desk.ledger() == {"success": 2}
    assert desk.attempts()["success"] == 2
    late = "select count(*) from tollhouse_private.provider_attempts where late"
    assert desk.database.value(late) == 2


async def test_reaps_while_upkeep_waits(desk: Bench) -> None:
    """A dead worker's call is made again even while upkeep waits for a lock."""
    desk.enqueue(1)
    dead = uuid4()
    desk.database.rows("select tollhouse_worker.register(%s, 'dead', 1, '0')", dead)
    desk.database.rows("select from tollhouse_worker.claim(%s, 1)", dead)
    leases.end(desk.database)
    with desk.database.connect("postgres", autocommit=False) as blocker:
        blocker.execute("lock table tollhouse_private.request_keys in access exclusive mode")
        async with desk.worker():
            await desk.until(DONE, 1)
            await desk.until(WAITING, 1)
            blocker.rollback()
    assert desk.attempts() == {"abandoned": 1, "success": 1}


PARTITIONS = """
select inhrelid::regclass::text as name from pg_inherits
where inhparent = 'tollhouse_private.llm_api_calls'::regclass
"""


async def test_missing_partition_costs_no_answer(desk: Bench) -> None:
    """Answers whose ledger partition is missing wait until upkeep has made it."""
    async with desk.worker():
        desk.enqueue(1)
        await desk.until(DONE, 1)
        await asyncio.sleep(0.3)  # the first upkeep is over
        with desk.database.connect("postgres") as superuser:
            for row in superuser.execute(PARTITIONS).fetchall():
                superuser.execute(f"drop table {row['name']}".encode())
        desk.enqueue(5, prefix="s")
        await desk.until(DONE, 5)
    assert desk.attempts() == {"success": 6}
    assert desk.billed() == 6


async def test_lost_replies_and_connections(desk: Bench) -> None:
    """Every connection cut again and again under load: all calls end, none twice."""
    desk.mock.fault({"delay_ms": 5})
    async with desk.worker(concurrency=16):
        desk.enqueue(1500)
        for _ in range(6):
            await asyncio.sleep(0.15)
            desk.database.rows(
                "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'th_worker'"
            )
        await desk.until(DONE, 1500)
    assert desk.ledger() == {"success": 1500}
    ours = "select count(*) from tollhouse_private.provider_attempts where not late and sent"
    assert desk.database.value(ours) >= desk.billed()


async def test_restart_of_the_server(desk: Bench) -> None:
    """An immediate restart of Postgres under load loses nothing."""
    desk.mock.fault({"delay_ms": 5})
    async with desk.worker(concurrency=16):
        desk.enqueue(1000)
        await asyncio.sleep(0.3)
        cluster = desk.database.cluster
        await asyncio.to_thread(cluster.stop, "immediate")
        await asyncio.sleep(0.5)
        await asyncio.to_thread(cluster.start)
        await desk.until(DONE, 1000)
    assert desk.ledger() == {"success": 1000}


async def test_refused_result_costs_no_other(desk: Bench) -> None:
    """A result that the database refuses becomes malformed; its neighbours are recorded."""
    desk.enqueue(20)
    async with desk.worker() as worker:
        complete, poison = worker.inflight.complete, ["\0"]

        async def complete_one_badly(call: Call) -> Outcome:
            outcome = await complete(call)
            return replace(outcome, reasoning=poison.pop()) if poison else outcome

        worker.inflight.complete = complete_one_badly
        await desk.until(DONE, 20)
    assert desk.ledger() == {"success": 20}
    assert desk.attempts() == {"success": 20, "malformed": 1}


SECOND = """
select tollhouse_ops.set_provider('other', 'test');
select tollhouse_ops.set_model('second', 'other', 'mock-second', 'test');
select tollhouse_ops.set_price('second', 'input', 1, 'test');
select tollhouse_ops.set_price('second', 'output', 1, 'test');
select tollhouse_ops.set_task_type('explanation', 'test', p_models => array['second']);
select tollhouse_ops.set_rate_limit('provider', 'mock', null, null, 1, 'test')
"""


async def test_bound_provider_holds_no_other_up(desk: Bench) -> None:
    """A bound in the database keeps a slow provider's calls from filling the worker's slots."""
    for statement in SECOND.split(";"):
        desk.database.rows(statement, login="th_operator")
    desk.mock.fault(HELD, model="mock-small")
    desk.enqueue(8)
    with desk.database.acting("globex", "bob") as connection:
        connection.execute("select tollhouse.enqueue('explanation', '{\"prompt\": \"Why?\"}')")
    both = {"other": ProviderSettings(base_url=desk.mock.base_url), **desk.settings.providers}
    async with desk.worker(concurrency=4, providers=both):
        await desk.until(DONE, 1)
        done = "select provider from tollhouse_private.llm_api_calls"
        assert (desk.database.value(done), desk.database.value(RUNNING)) == ("other", 1)
        desk.mock.chat.faults.clear()


async def test_refused_calls_do_not_slow_the_queue(desk: Bench) -> None:
    """A queue full of calls that a guard refuses is worked off without waiting for polls."""
    desk.enqueue(1000)
    with killed(desk):
        async with desk.worker(poll_seconds=10 * PATIENCE):
            await desk.until(DONE, 1000)
    assert desk.ledger() == {"blocked": 1000}


async def test_a_part_that_hangs_ends_the_worker(
    desk: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A log line names the part, and the exit code makes a supervisor restart the worker."""
    monkeypatch.setattr("tollhouse.pulse._PIECE_SECONDS", 0.05)
    async with open_worker(desk.settings) as worker:
        worker.watch._seconds = 0.5
        monkeypatch.setattr(worker.control, "run", asyncio.Event().wait)
        with caplog.at_level("ERROR"):
            assert await asyncio.wait_for(worker.run(), 120.0) == 1
    (told,) = [record for record in caplog.records if record.msg == "part hangs"]
    assert vars(told)["fields"] == {"part": "control"}
    assert desk.database.value("select count(*) from tollhouse_private.workers") == 0
