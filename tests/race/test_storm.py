"""Everything at once for a while: no deadlock, and the books balance afterwards."""

import asyncio
import json
import random
import time
from collections import Counter
from typing import LiteralString

import psycopg
import pytest

from tests.race.scene import Call, Row, Scene, Worker, result
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.race

TENANTS = ("acme", "globex", "initech")
USERS = ("ann", "bob", "cyd")
OUTCOMES = {
    "success": 70,
    "server_error": 6,
    "rate_limited": 4,
    "timeout": 4,
    "dropped": 2,
    "rejected": 3,
    "interrupted": 3,
    "not_sent": 5,
    "malformed": 2,
}

STEERING: tuple[LiteralString, ...] = (
    "select tollhouse_ops.set_monthly_cap(%(tenant)s, %(user)s, %(amount)s, 'x')",
    "select tollhouse_ops.set_hourly_threshold(%(tenant)s, %(user)s, %(amount)s, 'x', '9 ms')",
    "select tollhouse_ops.open_breaker('mock', 'x', p_cooldown => '5 ms')",
    "select tollhouse_ops.open_breaker('mock', 'x', %(tenant)s, 'ann', '5 ms')",
    "select tollhouse_ops.close_breaker('mock', 'x')",
    "select tollhouse_ops.set_rate_limit('tenant', %(tenant)s, 60000, null, 40, 'x')",
    "select tollhouse_ops.drop_rate_limit('tenant', %(tenant)s, 'x')",
    "select tollhouse_ops.pull_kill_switch('endpoint', 'route', 'x')",
    "select tollhouse_ops.lift_kill_switch('endpoint', 'route', 'x')",
)


class Storm:
    """Clients, workers, operators and reapers of one scene, until each has done enough.

    wanted: how often whatever a storm counts in `done` has to happen
    """

    def __init__(self, scene: Scene, **wanted: int) -> None:
        """Count from nothing."""
        self.scene = scene
        self.dice = random.Random(7)
        self.done, self.wanted = Counter[str](), Counter(wanted)
        self.deadline = time.monotonic() + PATIENCE

    @property
    def over(self) -> bool:
        """Whether all is done; or it is said that it will not be."""
        assert time.monotonic() < self.deadline, f"{self.done} of {self.wanted}"
        return self.wanted <= self.done

    def end(self, call: Row) -> Row:
        """Return how a call ended, by the dice."""
        (outcome,) = self.dice.choices([*OUTCOMES], [*OUTCOMES.values()])
        more = {"retry_after_ms": 20} if outcome == "rate_limited" else {}
        return result(call, outcome, **more)

    async def client(self, number: int) -> None:
        """Enqueue batches of questions that others ask too; cancel some."""
        connection = await self.scene.connect("th_client")
        batch = 0
        while not self.over:
            batch += 1
            self.done["batches"] += 1
            tenant, user = self.dice.choice(TENANTS), self.dice.choice(USERS)
            calls = [
                Call(
                    request_id=f"c{number}-{batch}-{i}",
                    prompt=f"question {self.dice.randrange(40)}",
                    endpoint=self.dice.choice(("route", "explanation", "investigation")),
                    use_cache=self.dice.random() < 0.8,
                    cost=self.dice.choice((20, 100)),
                )
                for i in range(self.dice.randrange(1, 12))
            ]
            async with connection.transaction():
                await connection.execute("select tollhouse.set_identity(%s, %s)", [tenant, user])
                cursor = await connection.execute(
                    "select call_id from tollhouse.enqueue_many(%s)",
                    [json.dumps([call.as_item() for call in calls])],
                )
                rows = await cursor.fetchall()
            if self.dice.random() < 0.2:
                async with connection.transaction():
                    await connection.execute(
                        "select tollhouse.set_identity(%s, %s)", [tenant, user]
                    )
                    cursor = await connection.execute(
                        "select tollhouse.cancel(%s) as status", [rows[0]["call_id"]]
                    )
                    (row,) = await cursor.fetchall()
                    self.done["cancelled"] += row["status"] == "cancelled"

    async def work(self, worker: Worker) -> None:
        """Record and claim, in one round trip and in two, as fast as it goes."""
        claimed: list[Row] = []
        while not self.over:
            ended = [self.end(call) for call in claimed]
            self.done["reports"] += len(ended)
            if self.dice.random() < 0.8:
                claimed = await worker.record_and_claim(ended, 12)
            else:
                await worker.record(ended)
                await worker.record(ended)
                claimed = await worker.claim(12)
        await worker.record(result(call) for call in claimed)

    async def die(self) -> None:
        """Register, claim, and be reaped with what was claimed; report it when it is too late."""
        while not self.over:
            (worker,) = await self.scene.workers(1)
            claimed = await worker.claim(5)
            self.done["deaths"] += 1
            await worker.deregister()
            await worker.record(result(call, output_tokens=1) for call in claimed)
            await worker.connection.close()

    async def operate(self) -> None:
        """Move caps, breakers, limits and switches, and reap and maintain between."""
        connection = await self.scene.connect("th_operator")
        (worker,) = await self.scene.workers(1)
        while not self.over:
            tenant, user = self.dice.choice(TENANTS), self.dice.choice(("", *USERS))
            amount = self.dice.choice((None, 20_000, 200_000, 2_000_000))
            await connection.execute(
                self.dice.choice(STEERING), {"tenant": tenant, "user": user, "amount": amount}
            )
            self.done["moves"] += 1
            await worker.reap()
            if self.dice.random() < 0.1:
                await worker.call("tollhouse_worker.maintain()")
                await worker.call("tollhouse_worker.prune()")

    async def drain(self, worker: Worker) -> None:
        """Answer whatever is left."""
        for table in ("rate_limits", "kill_switches", "hourly_shutoffs", "provider_breakers"):
            self.scene.rows(f"delete from tollhouse_private.{table}")
        await worker.reap()
        claimed: list[Row] = []
        async with asyncio.timeout(PATIENCE):
            while claimed or self.scene.value("select count(*) from tollhouse_private.jobs"):
                claimed = await worker.record_and_claim([result(call) for call in claimed], 100)


async def test_everything_at_once(scene: Scene) -> None:
    """Workers, clients, operators and dying workers: no deadlock, nothing lost, nothing twice."""
    scene.rows(
        "select tollhouse_ops.set_provider('mock', 'race', p_cooldown => '10 milliseconds',"
        " p_window => '1 second')"
    )
    storm = Storm(scene, reports=600, batches=200, moves=100, deaths=10, cancelled=5)
    workers = await scene.workers(6)
    await asyncio.gather(
        *(storm.work(worker) for worker in workers),
        *(storm.client(number) for number in range(3)),
        storm.operate(),
        storm.die(),
    )
    await storm.drain(workers[0])

    assert {"success", "failed", "cancelled"} <= set(scene.outcomes())
    assert 0 < scene.value("select count(*) from tollhouse_private.llm_api_calls where was_cached")
    scene.assert_books_balance()
    assert 0 == scene.value(
        "select count(*) from tollhouse_private.response_cache where expires_at is null"
    )
    assert 0 == deadlocks(scene)


async def test_workers_of_the_same_tenants(scene: Scene) -> None:
    """Eight workers in the same tenants' queues, caches on, only failing attempts in between."""
    for tenant in TENANTS:
        for user in USERS:
            calls = (
                Call(request_id=f"{user}{i}", prompt=f"question {i % 60}", use_cache=True, cost=9)
                for i in range(250)
            )
            scene.enqueue(tenant, user, calls)
    storm = Storm(scene, reports=180)
    workers = await scene.workers(8)
    await asyncio.gather(*(storm.work(worker) for worker in workers))
    await storm.drain(workers[0])

    assert 2250 == scene.value("select count(*) from tollhouse_private.llm_api_calls")
    scene.assert_books_balance()
    assert 0 == deadlocks(scene)


def deadlocks(scene: Scene) -> int:
    """Count the deadlocks that the server has found in this database."""
    with psycopg.connect(scene.database.url(), autocommit=True) as connection:
        connection.execute("select pg_stat_force_next_flush()")
    found: int = scene.value(
        "select deadlocks from pg_stat_database where datname = current_database()"
    )
    return found
