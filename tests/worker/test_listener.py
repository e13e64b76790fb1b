"""Notifications reach the worker, and none is missed across a lost connection."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from tests.support.database import Database
from tests.worker.fakes import eventually
from tollhouse.gate import Statements
from tollhouse.pulse import Pulse
from tollhouse.worker.notifications import Listener

OURS = "select pid from pg_stat_activity where application_name = 'test listener'"


@pytest.fixture
async def heard(pg18_database: Database) -> AsyncIterator[Counter[str]]:
    """Run a listener; returns what it has passed on, and whether it is connected."""
    counts = Counter[str]()
    database_url = pg18_database.url("th_worker")
    async with Statements(database_url=database_url, application_name="test") as statements:
        listener = Listener(
            connection=statements.connection("listener"),
            pulse=Pulse(),
            on_wake=lambda: counts.update(["wake"]),
            on_control=lambda: counts.update(["control"]),
        )
        task = asyncio.create_task(listener.run())
        try:
            await until(counts, wake=1, control=1)
            assert listener.connected
            yield counts
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            assert not listener.connected


async def until(counts: Counter[str], **expected: int) -> None:
    """Wait until exactly this was passed on."""
    await eventually(lambda: counts == Counter(expected))


async def test_passes_both_channels_on(heard: Counter[str], pg18_database: Database) -> None:
    """Each channel has its own consequence; another channel has none."""
    pg18_database.rows("notify tollhouse_wake")
    await until(heard, wake=2, control=1)
    pg18_database.rows("notify tollhouse_control")
    await until(heard, wake=2, control=2)
    pg18_database.rows("notify tollhouse_other")
    await asyncio.sleep(0.1)
    await until(heard, wake=2, control=2)


async def test_reconnecting_counts_as_notified(
    heard: Counter[str], pg18_database: Database
) -> None:
    """After a lost connection both are passed on: a notification may have been missed."""
    (row,) = pg18_database.rows(OURS)
    pg18_database.rows("select pg_terminate_backend(%s)", row["pid"])
    await until(heard, wake=2, control=2)
    (again,) = pg18_database.rows(OURS)
    assert again["pid"] != row["pid"]


async def test_only_who_was_connected_is_disconnected(
    heard: Counter[str], pg18_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """A worker with a wrong address reports no lost connection, as it never had one."""
    with caplog.at_level(logging.WARNING):
        statements = Statements(database_url="host=127.0.0.1 port=1", application_name="lost")
        listener = Listener(
            connection=statements.connection("listener"),
            pulse=Pulse(),
            on_wake=lambda: None,
            on_control=lambda: None,
        )
        task = asyncio.create_task(listener.run())
        await eventually(lambda: "listener can't connect" in {r.msg for r in caplog.records})
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert "listener disconnected" not in {record.msg for record in caplog.records}
        caplog.clear()
        (row,) = pg18_database.rows(OURS)
        pg18_database.rows("select pg_terminate_backend(%s)", row["pid"])
        await until(heard, wake=2, control=2)
        assert [record.msg for record in caplog.records] == ["listener disconnected"]
