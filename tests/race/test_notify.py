"""Who is notified of what, and that no payload says more than a call's id."""

from dataclasses import replace
from typing import LiteralString

import pytest
from psycopg import AsyncConnection, Notify, sql

from tests.race.scene import Call, Row, Scene, Worker, result

pytestmark = pytest.mark.race


class Ear:
    """A session that listens."""

    def __init__(self, connection: AsyncConnection[Row]) -> None:
        """Hear nothing yet."""
        self._connection = connection
        self._end = f"the_end_{connection.info.backend_pid}"
        self._heard: list[Notify] = []
        connection.add_notify_handler(self._heard.append)

    @classmethod
    async def at(cls, scene: Scene, *channels: str) -> "Ear":
        """Return one that listens on these channels."""
        ear = cls(await scene.connect("th_client"))
        for channel in (ear._end, *channels):
            await ear._execute("listen", channel)
        return ear

    async def heard(self) -> list[tuple[str, str]]:
        """Return channel and payload of all that was committed since it was asked last.

        Notifications arrive in the order of their commits: none is missing before its own.
        """
        await self._execute("notify", self._end)
        while not (self._heard and self._heard[-1].channel == self._end):
            await self._connection.execute("select")
        heard = [(notify.channel, notify.payload) for notify in self._heard[:-1]]
        self._heard.clear()
        return heard

    async def _execute(self, command: LiteralString, channel: str) -> None:
        statement = sql.SQL("{} {}").format(sql.SQL(command), sql.Identifier(channel))
        await self._connection.execute(statement)


def done_channel(scene: Scene, tenant: str, user: str) -> str:
    """Return the channel that a user's own session is told of."""
    with scene.database.acting(tenant, user) as connection:
        row = connection.execute("select tollhouse.done_channel() as channel").fetchone()
    assert row is not None
    channel: str = row["channel"]
    return channel


async def go_to_sleep(worker: Worker) -> None:
    """Say that the worker wants to be woken."""
    await worker.call("tollhouse_worker.set_idle(%s, true)", worker.worker_id)


async def test_nobody_idle_is_woken(scene: Scene) -> None:
    """Without a worker, and beside one that is awake, enqueue sends nothing."""
    ear = await Ear.at(scene, "tollhouse_wake")
    scene.enqueue("acme", "ann", [Call(request_id="r1")])
    (worker,) = await scene.workers(1)
    scene.enqueue("acme", "ann", [Call(request_id="r2")])
    assert [] == await ear.heard()

    await go_to_sleep(worker)
    assert 2 == len(await worker.claim(2))
    scene.enqueue("acme", "ann", [Call(request_id="r3")])
    assert [] == await ear.heard()


async def test_an_idle_worker_is_woken_once(scene: Scene) -> None:
    """However many calls a transaction enqueues, it sends one notification, which says nothing."""
    (worker,) = await scene.workers(1)
    await go_to_sleep(worker)
    ear = await Ear.at(scene, "tollhouse_wake")
    scene.enqueue("acme", "ann", [Call(request_id=f"r{i}") for i in range(50)])
    assert [("tollhouse_wake", "")] == await ear.heard()


async def test_each_user_hears_of_their_own_calls(scene: Scene) -> None:
    """A batch announces each call as its bare id, to its caller only."""
    users = [("acme", "ann"), ("acme", "bob"), ("globex", "ann"), ("acme", "eve")]
    ears = {user: await Ear.at(scene, done_channel(scene, *user)) for user in users}
    ids = {
        user: {
            str(row["call_id"])
            for row in scene.enqueue(*user, [Call(request_id=f"{user[1]}{i}") for i in range(2)])
        }
        for user in users[:3]
    }
    (worker,) = await scene.workers(1)
    claimed = await worker.claim(6)
    assert [[]] * 4 == [await ear.heard() for ear in ears.values()]

    assert (6, 0) == await worker.record(result(call) for call in claimed)

    for user, ear in ears.items():
        heard = await ear.heard()
        assert ids.get(user, set()) == {payload for _, payload in heard}
        assert len(ids.get(user, set())) == len(heard)


async def test_a_refusal_of_a_claim_is_announced(scene: Scene) -> None:
    """Its caller hears of it as of a result."""
    ear = await Ear.at(scene, channel := done_channel(scene, "acme", "ann"))
    scene.rows("select tollhouse_ops.set_monthly_cap('acme', '', 1, 'race')")
    (call,) = scene.enqueue("acme", "ann", [Call(request_id="r1")])
    (worker,) = await scene.workers(1)
    assert [] == await worker.claim()
    assert [(channel, str(call["call_id"]))] == await ear.heard()


async def test_what_enqueue_answers_is_not_announced(scene: Scene) -> None:
    """A refusal and an answer from the cache are in the hands of who enqueued."""
    (worker,) = await scene.workers(1)
    asked = Call(request_id="r1", prompt="same", use_cache=True)
    scene.enqueue("acme", "ann", [asked])
    await worker.record(result(call) for call in await worker.claim())
    ear = await Ear.at(scene, done_channel(scene, "acme", "ann"))
    (cached,) = scene.enqueue("acme", "ann", [replace(asked, request_id="r2")])
    scene.rows("select tollhouse_ops.stop_everything('race')")
    (refused,) = scene.enqueue("acme", "ann", [Call(request_id="r3")])
    assert ("success", "blocked") == (cached["status"], refused["status"])
    assert [] == await ear.heard()


@pytest.mark.parametrize("stop", ["kill switch", "cancel"])
async def test_control_says_nothing(scene: Scene, stop: str) -> None:
    """What stops calls in flight is announced to the workers, but not what it stops."""
    (call,) = scene.enqueue("acme", "ann", [Call(request_id="r1")])
    (worker,) = await scene.workers(1)
    await worker.claim()
    ear = await Ear.at(scene, "tollhouse_control")
    if stop == "cancel":
        with scene.database.acting("acme", "ann") as connection:
            connection.execute("select tollhouse.cancel(%s)", [call["call_id"]])
    else:
        scene.rows("select tollhouse_ops.pull_kill_switch('user', 'ann', 'race', 'acme')")
    assert [("tollhouse_control", "")] == await ear.heard()
