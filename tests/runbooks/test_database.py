"""Incidents of Postgres itself: killed and started again, or replaced by its standby."""

import json
import os
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.support.feedback import feedback
from tests.support.ops import USER, at_the_desk, free_port, provider_environ
from tests.support.runbooks import Walk
from tests.support.town import Row, Town, paused
from tests.support.waiting import HELD, PATIENCE, until
from tollhouse_demo.processes import worker_url


def in_flight(town: Town, count: int) -> list[Row]:
    """Enqueue calls that the provider holds; return them when it works on all."""
    ann = town.person("acme", USER)
    town.mock.fault(HELD, contains="caught")
    calls = [ann.enqueue("investigation", f"caught {number}") for number in range(count)]
    for call in calls:
        ann.is_at_the_provider(call)
    return calls


def answered(town: Town) -> None:
    """Let the provider answer what it holds."""
    town.mock.clear_faults()
    until(lambda: not town.mock.totals()["in_flight"], "the provider is done")


def reachable(url: str) -> bool:
    """Whether a worker says that it reaches the database."""
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=PATIENCE) as reply:
            told = json.load(reply)
    except urllib.error.HTTPError as error:
        told = json.load(error)
    return told["database_reachable"] is True


def test_database_down(town: Town, desk: Path) -> None:
    """The server is killed with calls in flight; its start brings everything back."""
    url = worker_url(town.stack.workers[0])
    assert url
    calls = in_flight(town, 4)
    cluster = town.stack.cluster
    data = cluster.data
    with at_the_desk(
        town, "TollhouseDatabaseDown", desk, WORKER_URL=url, PGDATA=data, PGLOG=cluster.log
    ) as walk:
        cluster.kill()
        town.close()
        until(lambda: not reachable(url), "the worker has noticed")
        told = walk.section("Diagnosis")
        assert "no response" in told
        assert '"database_reachable": false' in told
        assert not walk.is_over()
        answered(town)
        with paused(town.stack.workers[0]):  # or it would have recorded them before anybody looks
            assert "server started" in walk.section("Action")
            assert not walk.is_over()
        assert " success " in walk.section("Recovery")
        walk.ends()
        ann = town.person("acme", USER)
        assert {"success"} == {ann.wait(call)["status"] for call in calls}
    town.settled()


def test_old_snapshot(own_town: Town, desk: Path) -> None:
    """A report forgets its transaction, a manager its prepared one, a standby its slot."""
    town, cluster = own_town, own_town.stack.cluster
    cluster.settings["max_prepared_transactions"] = 5
    town.close()
    cluster.stop()
    cluster.start()
    town.stack.add_login("report")
    report = town.connect("report")
    report.execute("begin isolation level repeatable read")
    report.execute("select 1")
    town.rows("select pg_create_physical_replication_slot('lost', true)")
    with feedback(town.stack.url(), slot="lost"):
        until(
            lambda: town.value("select xmin is not null from pg_replication_slots"),
            "the slot holds rows",
        )
    until(lambda: not town.value("select active from pg_replication_slots"), "the standby is gone")
    with town.connect("postgres") as manager:
        manager.execute("begin")
        manager.execute("select pg_current_xact_id()")
        manager.execute("prepare transaction 'forgotten'")
    town.rows(
        "do 'begin for i in 1..1100 loop perform pg_current_xact_id(); commit; end loop; end'"
    )
    until(
        lambda: town.value(
            "select now() - state_change > '10 seconds' from pg_stat_activity"
            " where usename = 'report'"
        ),
        "the session has been idle for long",
    )
    with at_the_desk(town, "TollhouseOldSnapshot", desk) as walk:
        told = walk.section("Diagnosis")
        assert f"session  | {report.info.backend_pid} " in told
        assert "prepared | forgotten " in told
        assert "slot     | lost " in told
        assert not walk.is_over()
        walk.section("Action")
        with pytest.raises(psycopg.OperationalError):
            report.execute("select 1")
        assert "transaction_timeout=5min" in walk.section("Recovery")
        walk.ends()


@pytest.fixture
def standby(own_town: Town, desk: Path) -> Iterator[str]:
    """Yield the superuser's URL of a streaming standby, synchronous with the primary."""
    town = own_town
    data, port = desk / "standby", free_port()
    data.mkdir(mode=0o700)
    primary = town.stack.cluster
    with at_the_desk(town, "failover", desk, STANDBY=data, PORT=str(port)) as walk:
        terminal = walk.terminal
        server = Path(primary.data).stat()
        os.chown(data, server.st_uid, server.st_gid)
        terminal.type(
            'pg_basebackup --dbname="$ADMIN_URL" --pgdata="$STANDBY" --write-recovery-conf'
            " --checkpoint=fast --wal-method=stream --no-sync\n"
            'pg_ctl start --pgdata="$STANDBY" --wait --silent --log="$STANDBY/postgres.log"'
            ' -o "-p $PORT -c listen_addresses=127.0.0.1 -c unix_socket_directories='
            '-c max_connections=200 -c fsync=off"'.replace("=-c max", "= -c max"),
            "the standby",
        )
        town.rows("alter system set synchronous_standby_names = '*'")
        town.rows("select pg_reload_conf()")
        until(
            lambda: town.value(
                "select exists (select from pg_stat_replication where sync_state = 'sync')"
            ),
            "the standby is synchronous",
        )
        yield elsewhere(town, port)
        terminal.type('pg_ctl stop --pgdata="$STANDBY" --mode=immediate --silent', "the standby")


def elsewhere(town: Town, port: int, login: str = "postgres") -> str:
    """Return a login's URL with the standby's port."""
    return town.stack.url(login).replace(f":{town.stack.cluster.port}/", f":{port}/")


def test_failover(own_town: Town, standby: str, desk: Path) -> None:
    """The primary is killed with calls in flight; the promoted standby knows every one."""
    town = own_town
    town.stack.stop_worker()  # it knows the primary only
    port = int(standby.rpartition(":")[2].partition("/")[0])
    old = f":{town.stack.cluster.port}/"
    both = town.stack.url("worker").replace(old, f":{town.stack.cluster.port},127.0.0.1:{port}/")
    worker = town.stack.start_worker(
        DATABASE_URL=f"{both}?target_session_attrs=read-write", **provider_environ(town)
    )
    url = worker_url(worker)
    assert url
    calls = in_flight(town, 4)
    primary = {"dead": False}

    def where(login: str) -> str:
        return elsewhere(town, port, login) if primary["dead"] else town.stack.url(login)

    with at_the_desk(
        town, "failover", desk / "shell", url=where, WORKER_URL=url, STANDBY_ADMIN_URL=standby
    ) as walk:
        town.stack.cluster.kill()
        town.close()
        assert "no response" in walk.section("Diagnosis")
        assert not walk.is_over()
        answered(town)
        primary["dead"] = True
        assert not walk.is_over()  # the standby is none yet
        walk.section("Action")
        assert " success " in walk.section("Recovery")
        until(lambda: ended(walk, calls), "every call of before has ended")
        walk.ends()
    town.stack.kill_worker(worker)


def ended(walk: Walk, calls: list[Row]) -> bool:
    """Whether the ledger that the walk reaches has every call, successful."""
    ids = ",".join(f"'{call['call_id']}'" for call in calls)
    done = subprocess.run(
        [walk.psql, "-XAt", walk.url("postgres")],
        input="select count(*) from tollhouse_private.llm_api_calls"
        f" where status = 'success' and call_id in ({ids})",
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout) == len(calls)
