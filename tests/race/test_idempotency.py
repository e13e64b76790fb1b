"""One request id is one call, however often and from wherever it is delivered."""

import asyncio
import json

import pytest

from tests.race.scene import Call, Row, Scene

pytestmark = pytest.mark.race


async def test_a_hundred_deliveries_are_one_call(scene: Scene) -> None:
    """A hundred sessions enqueue one request id at once: one key, one job, 99 deduplicated."""
    sessions = [await scene.connect("th_client") for _ in range(100)]

    async def deliver(number: int) -> Row:
        connection = sessions[number]
        async with connection.transaction():
            await connection.execute("select tollhouse.set_identity('acme', 'ann')")
            cursor = await connection.execute(
                "select * from tollhouse.enqueue('explanation', %s, 'r1')",
                [json.dumps({"prompt": "why?"})],
            )
            row = await cursor.fetchone()
            assert row is not None
            return row

    rows = await scene.at_once("request_keys", [deliver(number) for number in range(100)])

    assert 1 == len({row["call_id"] for row in rows})
    assert 99 == sum(row["deduplicated"] for row in rows)
    assert {"queued"} == {row["status"] for row in rows}
    assert {"queued": 1} == scene.outcomes()
    assert 1 == scene.value("select count(*) from tollhouse_private.request_keys")


async def test_batches_with_common_ids_never_wait_in_a_circle(scene: Scene) -> None:
    """Ten sessions enqueue the same fifty ids, each in another order: fifty calls, no deadlock."""
    sessions = [await scene.connect("th_client") for _ in range(10)]
    calls = [Call(request_id=f"r{i}") for i in range(50)]

    async def deliver(number: int) -> list[Row]:
        connection = sessions[number]
        mine = calls[number * 5 :] + calls[: number * 5]
        async with connection.transaction():
            await connection.execute("select tollhouse.set_identity('acme', 'ann')")
            cursor = await connection.execute(
                "select * from tollhouse.enqueue_many(%s)",
                [json.dumps([call.as_item() for call in mine])],
            )
            return await cursor.fetchall()

    batches = await scene.at_once("request_keys", [deliver(number) for number in range(10)])

    assert 50 == len({row["call_id"] for rows in batches for row in rows})
    assert 450 == sum(row["deduplicated"] for rows in batches for row in rows)
    assert {"queued": 50} == scene.outcomes()


async def test_a_batch_waits_for_an_open_one_and_gets_its_calls(scene: Scene) -> None:
    """Of two batches with common ids, in other orders, the later one has the earlier one's calls.

    The same from an array, and from the rows of a query.
    """
    calls = [Call(request_id=f"r{i}") for i in range(20)]
    identity = "select tollhouse.set_identity('acme', 'ann')"
    batch = "select * from tollhouse.enqueue_many(%s)"
    query = """
        select * from tollhouse.enqueue_query(
          'select i.* from jsonb_to_recordset(current_setting(''race.items'')::jsonb) as i'
          ' (endpoint text, request jsonb, request_id text, use_cache boolean)'
          ' order by endpoint, request_id'
        )
    """
    first, second, third = [await scene.connect("th_client") for _ in range(3)]

    async def deliver() -> list[Row]:
        async with second.transaction():
            await second.execute(identity)
            items = json.dumps([call.as_item() for call in reversed(calls[5:])])
            return await (await second.execute(batch, [items])).fetchall()

    async def deliver_query() -> list[Row]:
        async with third.transaction():
            await third.execute(identity)
            items = json.dumps([call.as_item() for call in calls[10:]])
            await third.execute("select set_config('race.items', %s, true)", [items])
            return await (await third.execute(query)).fetchall()

    async with first.transaction():
        await first.execute(identity)
        items = json.dumps([call.as_item() for call in calls[:15]])
        earlier = await (await first.execute(batch, [items])).fetchall()
        delivering = [asyncio.create_task(deliver()), asyncio.create_task(deliver_query())]
        await scene.until_waiting(2)

    later, counted = await delivering[0], await delivering[1]
    known = {row["request_id"]: row["call_id"] for row in earlier}
    assert {f"r{i}": i < 15 for i in range(5, 15)} == {
        row["request_id"]: row["deduplicated"] for row in later if row["request_id"] in known
    }
    assert all(known.get(row["request_id"], row["call_id"]) == row["call_id"] for row in later)
    assert 15 == len(later)
    assert [(10, True)] == [(row["calls"], row["deduplicated"] >= 5) for row in counted]
    assert {"queued": 20} == scene.outcomes()
    assert 20 == scene.value("select count(*) from tollhouse_private.request_keys")


async def test_a_delivery_that_rolls_back_leaves_the_id_free(scene: Scene) -> None:
    """Who waited for a delivery that was given up becomes the first."""
    first, second = await scene.connect("th_client"), await scene.connect("th_client")
    enqueue = "select * from tollhouse.enqueue('route', '{\"prompt\": \"why?\"}', 'r1')"
    identity = "select tollhouse.set_identity('acme', 'ann')"

    async def deliver() -> Row | None:
        async with second.transaction():
            await second.execute(identity)
            return await (await second.execute(enqueue)).fetchone()

    async with first.transaction(force_rollback=True):
        await first.execute(identity)
        await first.execute(enqueue)
        delivering = asyncio.create_task(deliver())
        await scene.until_waiting(1)

    row = await delivering
    assert row is not None
    assert row["deduplicated"] is False
    assert {"queued": 1} == scene.outcomes()


async def test_an_open_enqueue_holds_no_other_user_up(scene: Scene) -> None:
    """A user's id, taken in an open transaction or for good, is free to another user at once."""
    enqueue = "select * from tollhouse.enqueue('route', '{\"prompt\": \"why?\"}', 'r1')"
    with scene.database.acting("acme", "bob") as bob:
        his = bob.execute(enqueue).fetchone()
        with scene.database.acting("acme", "ann") as ann:
            ann.execute("set local lock_timeout = '2min'")
            hers = ann.execute(enqueue).fetchone()
            unseen = ann.execute("select status from tollhouse.explain('route', 'r2')").fetchone()
        bob.execute("select tollhouse.enqueue('route', '{\"prompt\": \"his\"}', 'r2')")
    assert his is not None
    assert hers is not None
    assert his["call_id"] != hers["call_id"]
    assert {False} == {his["deduplicated"], hers["deduplicated"]}
    assert {"status": "unknown"} == unseen

    with scene.database.acting("acme", "ann") as ann:
        again = ann.execute(enqueue).fetchone()
        (row,) = ann.execute("select * from tollhouse.explain('route', 'r1')").fetchall()
        free = ann.execute(
            "select deduplicated from tollhouse.enqueue('route', '{\"prompt\": \"hers\"}', 'r2')"
        ).fetchone()
    assert again is not None
    assert (hers["call_id"], True) == (again["call_id"], again["deduplicated"])
    assert (hers["call_id"], "ann") == (row["call_id"], row["user_id"])
    assert {"deduplicated": False} == free
    assert {"queued": 4} == scene.outcomes()
