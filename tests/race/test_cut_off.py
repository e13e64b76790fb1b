"""Who stops reading in the middle of a reply holds nobody up."""

import asyncio
import json
import socket
from typing import LiteralString

import pytest
from psycopg import sql

from tests.race.scene import Call, Row, Scene, Worker, result

pytestmark = [pytest.mark.race, pytest.mark.timeout(300)]

BIG = 40_000
HELD: LiteralString = """
    select coalesce(relation::regclass::text, locktype) as what, mode
    from pg_locks where pid = %s and locktype <> 'virtualxid'
"""
STUCK: LiteralString = """
    select count(*) from pg_stat_activity where pid = %s and wait_event = 'ClientWrite'
"""


def big(count: int) -> list[Call]:
    """Return calls whose requests fill any buffer between the server and its peer."""
    return [Call(request_id=f"big-{n}", prompt=str(n) + "x" * BIG) for n in range(count)]


async def stuck_in(scene: Scene, worker: Worker, statement: sql.Composed) -> int:
    """Send a statement, read nothing of its reply; return the backend that waits to send it."""
    connection = worker.connection.pgconn
    with socket.socket(fileno=connection.socket) as peer:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.detach()  # the connection's own, not ours to close
    pid: int = worker.connection.info.backend_pid
    connection.send_query(statement.as_bytes())
    while connection.flush():  # noqa: ASYNC110 - only a flush can tell
        await asyncio.sleep(0.01)
    await scene.until(lambda: scene.value(STUCK, pid) == 1)
    return pid


@pytest.mark.parametrize("results", ["null", "what is in flight"])
async def test_a_worker_cut_off_while_it_claims_holds_nobody_up(scene: Scene, results: str) -> None:
    """Its claim is over before the reply is sent: calls are enqueued, claimed and recorded."""
    gone, other = await scene.workers(2)
    ended: Row | None = None
    if results != "null":
        scene.enqueue("acme", "ann", [Call(request_id="first")])
        (call,) = await gone.claim()
        ended = result(call)
    scene.enqueue("acme", "ann", big(200))

    pid = await stuck_in(
        scene,
        gone,
        sql.SQL("call tollhouse_worker.record_and_claim({}, {}, 200, null)").format(
            sql.Literal(gone.worker_id),
            sql.Literal(None if ended is None else json.dumps([ended], default=str)),
        ),
    )
    assert [] == scene.rows(HELD, pid)
    assert scene.value("select backend_xmin is null from pg_stat_activity where pid = %s", pid)
    assert (0 if ended is None else 1) == scene.outcomes().get("success", 0)

    scene.enqueue("acme", "ann", [Call(request_id="small")])
    scene.enqueue("globex", "bob", [Call(request_id="small")])
    claimed = await other.claim(1000)
    assert {"acme", "globex"} == {call["tenant_id"] for call in claimed}
    assert (len(claimed), 0) == await other.record(map(result, claimed))
    assert 0 == await other.reap()
    assert 1 == scene.value(STUCK, pid)


LONG: LiteralString = "repeat('x', 100000) as padding"


@pytest.mark.parametrize(
    "statement",
    [
        f"select {LONG}, e.* from tollhouse.enqueue_many({{calls}}) as e",
        f"select {LONG}, tollhouse.cancel(c) from unnest({{waiting}}::uuid[]) as c",
        f"select {LONG}, r.* from unnest({{ended}}::uuid[]) as c, tollhouse.result(c) as r",
        f"select {LONG}, w.* from unnest({{ended}}::uuid[]) as c, tollhouse.wait_for(c, '0') as w",
        f"select {LONG}, q.* from tollhouse.queue_depth as q, generate_series(1, 100)",
    ],
    ids=["enqueue_many", "cancel", "result", "wait_for", "a view"],
)
async def test_a_client_cut_off_holds_nobody_up(scene: Scene, statement: LiteralString) -> None:
    """Its transaction stands open while its rows are sent, and nobody waits for what it holds."""
    (worker,) = await scene.workers(1)
    ended = scene.enqueue("acme", "ann", [Call(request_id=f"ended-{n}") for n in range(100)])
    await worker.record(map(result, await worker.claim(100)))
    waiting = scene.enqueue("acme", "ann", [Call(request_id=f"waiting-{n}") for n in range(100)])
    client = Worker(connection=await scene.connect("th_client"))
    await client.connection.execute("set tollhouse.tenant_id = 'acme'")
    await client.connection.execute("set tollhouse.user_id = 'ann'")

    pid = await stuck_in(
        scene,
        client,
        sql.SQL(statement).format(
            calls=json.dumps([Call(request_id=f"new-{n}").as_item() for n in range(100)]),
            waiting=[call["call_id"] for call in waiting],
            ended=[call["call_id"] for call in ended],
        ),
    )
    scene.enqueue("acme", "ann", [Call(request_id="small")])
    claimed = await worker.claim(1000)
    assert "small" in {
        row["request_id"]
        for row in scene.rows(
            "select request_id from tollhouse_private.jobs where state = 'running'"
        )
    }
    assert (len(claimed), 0) == await worker.record(map(result, claimed))
    await worker.call("tollhouse_worker.set_idle(%s, true)", worker.worker_id)
    assert 0 == await worker.reap()
    await worker.maintain()
    await worker.call("tollhouse_worker.prune()")
    assert 1 == scene.value(STUCK, pid)
