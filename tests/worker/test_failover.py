"""A standby is promoted while the old primary lives on, read-only: workers go to the new one."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from tests.support.database import Database, create_template
from tests.support.proxy import Proxy
from tests.support.servers import SETTINGS, make_cluster, missing
from tests.worker.running import Bench, bench
from tollhouse_demo.embedded import Cluster

DONE = "select count(*) from tollhouse_private.llm_api_calls"
PATIENT = 300.0
Way = Callable[["Pair"], AbstractAsyncContextManager[tuple[str, Callable[[], None]]]]


@dataclass(frozen=True)
class Pair:
    """A primary and its caught-up standby, which takes no writes yet."""

    old: Database
    new: Database

    async def switch(self) -> None:
        """Make the primary read-only; promote the standby once it has caught up."""
        self.old.rows("alter system set default_transaction_read_only = on")
        self.old.rows("select pg_reload_conf()")
        busy = (
            "select exists (select from pg_stat_activity where backend_xid is not null)"
            " or current_setting('transaction_read_only') <> 'on'"
        )
        while self.old.value(busy):  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.02)
        written = self.old.value("select pg_current_wal_lsn()::text")
        replayed = "select pg_last_wal_replay_lsn() >= %s::pg_lsn"
        while not self.new.value(replayed, written):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        assert self.new.value("select pg_promote()") is True


@pytest.fixture
def pair(cluster_home: Path) -> Iterator[Pair]:
    """Yield two servers of their own."""
    if reason := missing("pg18"):
        pytest.skip(reason)
    homes = cluster_home / "primary", cluster_home / "standby"
    primary = make_cluster(homes[0], "pg18")
    standby = Cluster(homes[1], settings=SETTINGS)
    try:
        primary.start()
        old = create_template(primary)
        homes[1].mkdir(mode=0o711)
        shutil.copy(homes[0] / "password", homes[1] / "password")
        standby.data.mkdir(mode=0o700)
        primary._programs.account.own(standby.data)
        primary._programs.run(
            "pg_basebackup",
            f"--dbname={primary.url()}",
            f"--pgdata={standby.data}",
            "--write-recovery-conf",
            "--checkpoint=fast",
            "--no-sync",
        )
        standby.start()
        yield Pair(old, Database(cluster=standby, name=old.name))
    finally:
        standby.stop("immediate")
        primary.stop("immediate")
        for home in homes:
            shutil.rmtree(home, ignore_errors=True)


@asynccontextmanager
async def two_hosts(pair: Pair) -> AsyncIterator[tuple[str, Callable[[], None]]]:
    """Name both servers in the URL, and nothing else."""
    old = pair.old.url("th_worker")
    ports = pair.old.cluster.port, pair.new.cluster.port
    yield old.replace(f":{ports[0]}/", f":{ports[0]},127.0.0.1:{ports[1]}/"), lambda: None


@asynccontextmanager
async def one_address(pair: Pair) -> AsyncIterator[tuple[str, Callable[[], None]]]:
    """Name an address that moves; open connections stay where they are."""
    async with Proxy(pair.old.url("th_worker")).run() as proxy:
        yield proxy.url, lambda: proxy.lead_to(pair.new.url("th_worker"))


async def failed_over(desk: Bench, pair: Pair, move: Callable[[], None]) -> Bench:
    """Switch in the middle of calls; return the desk at the new primary once all have ended."""
    desk.mock.fault({"delay_ms": 50})
    desk.enqueue(300)
    there = Bench(database=pair.new, mock=desk.mock, settings=desk.settings)
    async with desk.worker(concurrency=8, poll_seconds=3600.0) as worker:
        async with asyncio.timeout(PATIENT):
            while worker.metrics.recorded._value.get() < 30:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            await pair.switch()
            move()
        await there.until(DONE, 300, timeout=PATIENT)
        async with asyncio.timeout(PATIENT):
            while not all(worker.probe.ready().values()):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        # Only a notification wakes it now.
        await there.until(
            "select coalesce(bool_and(idle), false) from tollhouse_private.workers", True
        )
        there.enqueue(1, prefix="later")
        await there.until(DONE, 301, timeout=PATIENT)
        # The other parts switch over with their next query, even a read.
        await worker.gate.calls_to_abort(uuid4())
        await worker.gate.reap()
        await worker.gate.prune()
        await worker.gate.deregister(uuid4())
        at_the_old = (
            "select array_agg(application_name) from pg_stat_activity"
            " where usename = 'th_worker' and application_name !~ 'heartbeat$'"
        )
        assert pair.old.value(at_the_old) is None
    return there


@pytest.mark.parametrize("way", [two_hosts, one_address])
async def test_the_old_primary_lives_on(pair: Pair, way: Way) -> None:
    """Every call in flight is recorded at the new primary, none is lost or paid twice."""
    # The switch may take longer here than a lease of 15 seconds.
    pair.old.rows("update tollhouse_private.settings set lease = interval '5 minutes'")
    async with way(pair) as (url, move), bench(pair.old, database_url=url) as desk:
        there = await failed_over(desk, pair, move)
        assert there.ledger() == {"success": 301}
        assert there.attempts() == {"success": 301}
        assert there.billed() == 301
