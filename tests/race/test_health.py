"""What operators see of sessions that hold others up."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import LiteralString

import psycopg
import pytest

from tests.race.scene import Call, Row, Scene
from tests.support.feedback import feedback
from tests.support.waiting import until

pytestmark = pytest.mark.race


async def test_an_idle_writer_shows(scene: Scene) -> None:
    """A session that wrote something and sits on its transaction holds vacuum back: it is seen."""
    writer, auditor = await scene.connect("postgres"), await scene.connect("postgres")
    await auditor.execute("set role tollhouse_auditor")
    query = "select max(oldest_xmin_age) as age from tollhouse_ops.database_health"
    async with writer.transaction():
        await writer.execute("create table written ()")
        for _ in range(50):
            scene.rows("select pg_current_xact_id()")
        row = await (await auditor.execute(query)).fetchone()
    assert row is not None
    assert row["age"] >= 50


_HOLDER: LiteralString = """
select distinct holder_kind, holder, holder_user, holder_application, holder_state,
  holder_since is not null as dated, oldest_xmin_age
from tollhouse_ops.database_health
"""
_MANY = "do 'begin for i in 1..60 loop perform pg_current_xact_id(); commit; end loop; end'"


def named(scene: Scene, kind: str, *, login: str = "th_monitor") -> Row:
    """Return who holds the oldest snapshot, once it is of this kind and sixty transactions old."""

    def seen() -> Row | None:
        with scene.database.connect(login) as reader:
            (row,) = reader.execute(_HOLDER).fetchall()
        return row if row["holder_kind"] == kind and row["oldest_xmin_age"] >= 60 else None

    scene.rows(_MANY)
    return until(seen, f"the monitor sees a {kind}")


@contextmanager
def reading(scene: Scene) -> Iterator[psycopg.Connection[Row]]:
    """Have a session of an application read something, and keep its snapshot."""
    with scene.database.connect("th_client") as reader, reader.transaction():
        reader.execute("set transaction isolation level repeatable read")
        reader.execute("set local application_name = 'report'")
        reader.execute("select 1")
        yield reader


async def test_a_monitor_sees_which_session(scene: Scene) -> None:
    """Pid, login and application of anybody's; its state and its age with pg_read_all_stats."""
    with reading(scene) as reader:
        row = named(scene, "session")
        assert str(reader.info.backend_pid) == row["holder"]
        assert ("th_client", "report") == (row["holder_user"], row["holder_application"])
        assert (None, False) == (row["holder_state"], row["dated"])
        row = named(scene, "session", login="postgres")
        assert ("idle in transaction", True) == (row["holder_state"], row["dated"])
    with scene.database.connect("th_monitor") as monitor:
        (row,) = monitor.execute(_HOLDER).fetchall()
    assert "report" != row["holder_application"]


async def test_a_monitor_sees_which_prepared_transaction(scene: Scene) -> None:
    """By the name that ends it, its owner, and since when."""
    with scene.database.connect("postgres") as owner:
        owner.execute("begin")
        owner.execute("select pg_current_xact_id()")
        owner.execute("prepare transaction 'forgotten'")
        try:
            row = named(scene, "prepared")
        finally:
            owner.execute("rollback prepared 'forgotten'")
    assert ("forgotten", "postgres", "prepared") == (
        row["holder"],
        row["holder_user"],
        row["holder_state"],
    )
    assert row["dated"]


async def test_a_monitor_sees_which_standby(scene: Scene) -> None:
    """One that reports its queries, and a slot that is left when its standby has gone."""
    slot = scene.database.name
    with ExitStack() as stack:
        with feedback(scene.database.url(), application="second"):
            row = named(scene, "standby")
            assert ("postgres", "second") == (row["holder_user"], row["holder_application"])
        scene.rows("select pg_create_physical_replication_slot(%s, true)", slot)
        stack.callback(scene.rows, "select pg_drop_replication_slot(%s)", slot)
        with feedback(scene.database.url(), application="third", slot=slot):
            row = named(scene, "slot")
            assert (slot, "third", "active") == (
                row["holder"],
                row["holder_application"],
                row["holder_state"],
            )
        until(lambda: named(scene, "slot")["holder_state"] == "inactive", "the standby has gone")


async def test_who_holds_nothing_is_not_named(scene: Scene) -> None:
    """A session of another database has a snapshot of its own, which holds nothing of ours."""
    with psycopg.connect(scene.database.cluster.url("postgres")) as elsewhere:
        elsewhere.execute("set transaction isolation level repeatable read")
        elsewhere.execute("select 1")
        pid = str(elsewhere.info.backend_pid)
        assert not scene.rows("select from tollhouse_ops.snapshot_holders where holder = %s", pid)


_JOBS: LiteralString = """
insert into tollhouse_private.jobs (tenant_id, call_id, user_id, endpoint, request_id,
  created_at, fingerprint, request_bytes, max_output_tokens, run_at, request)
select t, tollhouse_private.new_call_id(now()), u, 'route', gen_random_uuid(),
  now(), '', 2, 1, now(), '{}'
from generate_series(1, %s), unnest(%s::text[]) as t, unnest(%s::text[]) as u
"""
_NAMES = [f"n{number}" for number in range(10)]


def looked_at(scene: Scene, query: LiteralString, *parameters: object) -> int:
    """Return how many pages a query reads once what it needs of the catalog is known."""
    explained = "explain (analyze, buffers, timing off, format json) " + query
    scene.rows(explained, *parameters)
    ((plan,),) = (row.values() for row in scene.rows(explained, *parameters))
    return int(plan[0]["Plan"]["Shared Hit Blocks"])


async def test_a_round_steps_over_dead_rows_once(scene: Scene) -> None:
    """That of tenants and that of users, wherever it begins; each row that may not go is a page."""
    with reading(scene):
        scene.rows(_JOBS, 100, ["acme"], _NAMES)
        scene.rows("delete from tollhouse_private.jobs")
        scene.rows(_JOBS, 1, ["acme"], _NAMES[-1:])
        for after in ("", _NAMES[5], _NAMES[-1]):
            users: LiteralString = "select from tollhouse_private.users_in_line('acme', %s, 100)"
            assert 900 < looked_at(scene, users, after) < 1250
        scene.rows("delete from tollhouse_private.jobs")

        scene.rows(_JOBS, 100, _NAMES, ["ann"])
        scene.rows("delete from tollhouse_private.jobs")
        scene.rows(_JOBS, 1, _NAMES[-1:], ["ann"])
        once = looked_at(scene, "select tollhouse_private.tenants_in_line('', 100)")
        assert once > 900
        for after in ("", _NAMES[5], _NAMES[-1]):
            found = looked_at(scene, "select tollhouse_private.pick(%s, 100)", after)
            assert found < 1.6 * once


async def test_a_pick_steps_over_dead_rows_once(scene: Scene) -> None:
    """The round of users has found where the calls of each begin, wherever it begins itself."""
    with reading(scene):
        scene.rows(_JOBS, 100, ["acme"], _NAMES)
        scene.rows("delete from tollhouse_private.jobs")
        scene.rows(_JOBS, 1, ["acme"], _NAMES)
        once = looked_at(scene, "select from tollhouse_private.users_in_line('acme', '', 100)")
        assert once > 900
        with scene.database.connect("postgres") as session:
            for last in ("", _NAMES[5], _NAMES[-1]):
                scene.rows("delete from tollhouse_private.turns")
                scene.rows("select tollhouse_private.note_turns('', '{acme}', array[%s])", last)
                for _ in range(7):
                    with session.transaction(force_rollback=True):
                        row = session.execute(
                            "explain (analyze, buffers, timing off, format json)"
                            " select tollhouse_private.pick('', 100)"
                        ).fetchone()
                assert row is not None
                (plan,) = row.values()
                assert plan[0]["Plan"]["Shared Hit Blocks"] < 1.4 * once


async def test_a_limit_is_looked_up_once(scene: Scene) -> None:
    """What a limit was, which an old snapshot keeps, is stepped over once and not for each call."""
    scene.rows("select tollhouse_ops.set_rate_limit('provider', 'mock', 9999, null, null, 'race')")
    scene.rows("analyze tollhouse_private.rate_limits")
    (worker,) = await scene.workers(1)

    async def looked_at() -> int:
        """Return how many pages a claim of fifty reads."""
        explained = "explain (analyze, buffers, timing off, format json) "
        query = "select * from tollhouse_worker.claim(%s, 50)"
        async with worker.connection.transaction(force_rollback=True):
            cursor = await worker.connection.execute(explained + query, (worker.worker_id,))
            row = await cursor.fetchone()
        assert row is not None
        (plan,) = row.values()
        assert plan[0]["Plan"]["Actual Rows"] == 50
        return int(plan[0]["Plan"]["Shared Hit Blocks"])

    with reading(scene):
        scene.enqueue("acme", "ann", [Call(request_id=f"mine-{i}") for i in range(50)])
        for _ in range(7):
            before = await looked_at()
        for _ in range(1000):
            scene.rows("update tollhouse_private.rate_limits set refilled_at = now()")
        size: LiteralString = "select pg_relation_size('tollhouse_private.rate_limits') / 8192 as n"
        (pages,) = (row["n"] for row in scene.rows(size))
        assert pages > 5
        assert await looked_at() - before < 30 * pages
