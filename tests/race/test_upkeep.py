"""Upkeep: no client stops it, it stops no client, and one worker at a time does it."""

import asyncio
from typing import LiteralString

import pytest

from tests.race.scene import Call, Scene, result
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.race

OLD: LiteralString = (
    "select tollhouse_private.ensure_partitions('2019-02-01 00:00:00+00', '2019-03-31 00:00:00+00')"
)


def months(scene: Scene, like: str) -> list[str]:
    """Return the partitions whose names match."""
    rows = scene.rows(
        "select c.relname::text as name from pg_class as c"
        " where c.relispartition and c.relkind = 'r' and c.relname like %s order by 1",
        like,
    )
    return [row["name"] for row in rows]


async def test_a_client_that_read_the_ledger_holds_nobody_up(scene: Scene) -> None:
    """It sits on its transaction: old months that it keeps stay, and everything else goes on."""
    scene.rows(OLD)
    worker, keeper = await scene.workers(2)
    client = await scene.connect("th_client")
    async with client.transaction():
        await client.execute("select tollhouse.set_identity('evil', 'eve')")
        await client.execute("select count(*) from tollhouse.llm_api_calls")
        async with asyncio.timeout(PATIENCE):
            maintaining = asyncio.create_task(keeper.maintain())
            await asyncio.to_thread(scene.enqueue, "acme", "ann", [Call(request_id="r0")])
            (call,) = await worker.claim()
            assert (1, 0) == await worker.record([result(call)])
            await maintaining
        assert {"success": 1} == scene.outcomes()
        assert ["llm_api_calls_2019_02", "llm_api_calls_2019_03"] == months(scene, "%_2019_%")

    await keeper.maintain()
    assert [] == months(scene, "%_2019_%")


async def test_a_reader_of_old_content_does_not_keep_it_from_going_later(scene: Scene) -> None:
    """The content of a month of an unfinished call is emptied when nobody reads it."""
    scene.rows(OLD)
    scene.rows(
        "insert into tollhouse_private.call_content (tenant_id, call_id, created_at, user_id)"
        " values ('acme', gen_random_uuid(), '2019-02-10', 'ann')"
    )
    scene.rows(
        """
        insert into tollhouse_private.jobs (tenant_id, call_id, user_id, endpoint, request_id,
          created_at, fingerprint, request_bytes, max_output_tokens, run_at, state, request)
        values ('acme', tollhouse_private.new_call_id('2019-02-10'), 'ann', 'route', 'r1',
          '2019-02-10', '\\x00', 1, 1, now() + interval '1 day', 'scheduled', '{"prompt": "x"}')
        """
    )
    count: LiteralString = "select count(*) from tollhouse_private.call_content"
    (keeper,) = await scene.workers(1)
    reader = await scene.connect("postgres")
    async with reader.transaction():
        await reader.execute(count)
        async with asyncio.timeout(PATIENCE):
            await keeper.maintain()
        assert 1 == scene.value(count)

    await keeper.maintain()
    assert 0 == scene.value(count)
    assert ["call_content_2019_02", "llm_api_calls_2019_02", "provider_attempts_2019_02"] == months(
        scene, "%_2019_%"
    )


async def test_no_login_can_stop_upkeep(scene: Scene) -> None:
    """Whatever advisory lock a client takes, the months ahead are made."""
    scene.rows("update tollhouse_private.settings set months_ahead = months_ahead + 1")
    (keeper,) = await scene.workers(1)
    before = months(scene, "%")
    scene.rows("update tollhouse_private.settings set months_ahead = months_ahead + 1")
    client = await scene.connect("th_client")
    await client.execute("select pg_advisory_lock(hashtext('tollhouse.ensure_partitions'))")
    async with asyncio.timeout(PATIENCE):
        await keeper.maintain()
    assert len(before) + 3 == len(months(scene, "%"))


async def test_one_keeper_at_a_time(scene: Scene) -> None:
    """While one is at it another does nothing, and a worker that starts does not wait for it."""
    scene.rows(OLD)
    first, second, starting = await scene.workers(3)
    async with first.connection.transaction():
        await first.maintain()
        async with asyncio.timeout(PATIENCE):
            await second.maintain()
            await starting.deregister()
            await starting.register()
    assert [] == months(scene, "%_2019_%")


async def test_workers_that_start_together_make_a_month_once(scene: Scene) -> None:
    """Each needs the months ahead, and none fails because another makes them."""
    before = months(scene, "%")
    workers = await scene.workers(6)
    for worker in workers:
        await worker.deregister()
    scene.rows("update tollhouse_private.settings set months_ahead = months_ahead + 2")
    await scene.at_once("settings", [worker.register() for worker in workers])
    assert len(before) + 6 == len(months(scene, "%"))
