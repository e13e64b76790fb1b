"""Identical calls are paid for once, and nobody who waits for an answer is forgotten."""

import asyncio
import uuid
from collections.abc import Awaitable
from typing import LiteralString

import pytest

from tests.race.scene import Call, Row, Scene, Worker, result
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.race

FLIGHTS = 20_000


def same(request_id: str, prompt: str = "why?") -> Call:
    """Return a call that may share its answer with others of the same prompt."""
    return Call(request_id=request_id, prompt=prompt, use_cache=True)


async def drain(scene: Scene, worker: Worker) -> list[Row]:
    """Claim and answer until no call is left; return what had to be sent."""
    sent: list[Row] = []
    async with asyncio.timeout(PATIENCE):
        while scene.value("select count(*) from tollhouse_private.jobs"):
            claimed = await worker.claim(100)
            await worker.record(result(call) for call in claimed)
            sent += claimed
    return sent


async def test_two_workers_with_identical_calls_send_one(scene: Scene) -> None:
    """Thirty pairs of identical calls, claimed by six workers at once: thirty go out, once each."""
    scene.enqueue("acme", "ann", [same(f"a{i}", f"question {i}") for i in range(30)])
    scene.enqueue("acme", "ann", [same(f"b{i}", f"question {i}") for i in range(30)])
    workers = await scene.workers(6)

    claimed = await scene.at_once("workers", [worker.claim(10) for worker in workers])
    while scene.outcomes().get("queued"):
        claimed.append(await workers[0].claim(60))

    prompts = [call["request"]["prompt"] for calls in claimed for call in calls]
    assert 30 == len(prompts) == len(set(prompts))
    assert {"running": 30, "coalesced": 30} == scene.outcomes()

    for worker, calls in zip([*workers, *[workers[0]] * 60], claimed, strict=False):
        await worker.record(result(call) for call in calls)
    assert [] == await drain(scene, workers[0])
    assert 30 == scene.value("select count(*) from tollhouse_private.provider_attempts")
    assert {"success": 60} == scene.outcomes()
    scene.assert_books_balance()


async def test_an_answer_that_lands_between_cache_check_and_flight(scene: Scene) -> None:
    """A claim that saw no answer, then waits for the leader's outcome, looks again and finds it."""
    scene.enqueue("acme", "ann", [same("leader")])
    first, second = await scene.workers(2)
    (leader,) = await first.claim()
    scene.enqueue("acme", "ann", [same("other")])

    async with first.connection.transaction():
        await first.record([result(leader)])  # the flight has ended, and nobody sees it yet
        claiming = asyncio.create_task(second.claim())
        await scene.until_waiting(1)

    assert [] == await claiming
    assert {"success": 2} == scene.outcomes()
    assert 1 == scene.value("select count(*) from tollhouse_private.provider_attempts")


async def unhindered(scene: Scene, move: Awaitable[object]) -> None:
    """Make a move that waits for nobody's lock."""
    task = asyncio.ensure_future(move)
    try:
        await scene.until(lambda: task.done() or scene.waiting() > 0)
        assert task.done()
        await task
    finally:
        task.cancel()


async def test_an_answer_that_is_over_is_fetched_once(scene: Scene) -> None:
    """Thirty old answers, each asked for by two calls that six workers claim at once."""
    scene.enqueue("acme", "ann", [same(f"old{i}", f"question {i}") for i in range(30)])
    workers = await scene.workers(6)
    await workers[0].record(result(call) for call in await workers[0].claim(30))
    scene.rows("update tollhouse_private.response_cache set expires_at = now()")
    for name in ("a", "b"):
        scene.enqueue("acme", "ann", [same(f"{name}{i}", f"question {i}") for i in range(30)])

    claimed = await scene.at_once("workers", [worker.claim(10) for worker in workers])
    while scene.outcomes().get("queued"):
        claimed.append(await workers[0].claim(60))

    assert {"running": 30, "coalesced": 30, "success": 30} == scene.outcomes()
    for worker, calls in zip([*workers, *[workers[0]] * 60], claimed, strict=False):
        await worker.record(result(call) for call in calls)
    assert [] == await drain(scene, workers[0])
    assert 60 == scene.value("select count(*) from tollhouse_private.provider_attempts")
    scene.assert_books_balance()


async def test_a_leader_that_is_being_claimed_keeps_its_entry(scene: Scene) -> None:
    """A reap meets a claim that has the leader in hand: it neither waits nor frees the follower."""
    scene.enqueue("acme", "ann", [same("leader"), same("follower")])
    first, second = await scene.workers(2)
    (leader,) = await first.claim(2)
    await first.record([result(leader, "server_error")])
    async with first.connection.transaction():
        (leader,) = await first.claim(2)
        await unhindered(scene, second.reap())
    assert {"running": 1, "coalesced": 1} == scene.outcomes()
    assert [] == await second.claim(2)
    await first.record([result(leader)])
    assert [] == await drain(scene, first)
    assert 2 == scene.value("select count(*) from tollhouse_private.provider_attempts")


async def test_upkeep_leaves_an_entry_that_is_being_fetched_anew(scene: Scene) -> None:
    """A prune meets a claim that has made an old entry pending: it neither waits nor removes it."""
    scene.enqueue("acme", "ann", [same("old")])
    first, second = await scene.workers(2)
    await first.record(result(call) for call in await first.claim())
    scene.rows(
        "update tollhouse_private.response_cache"
        " set expires_at = now() - interval '1 hour', upkeep_at = now()"
    )
    scene.enqueue("acme", "ann", [same("leader")])
    async with first.connection.transaction():
        (leader,) = await first.claim()
        await unhindered(scene, second.call("tollhouse_worker.prune()"))
    await second.call("tollhouse_worker.prune()")
    scene.enqueue("acme", "ann", [same("follower")])
    assert [] == await second.claim()
    assert {"running": 1, "coalesced": 1, "success": 1} == scene.outcomes()
    await first.record([result(leader)])
    assert [] == await drain(scene, second)


async def test_a_claim_that_waits_for_upkeep_leads(scene: Scene) -> None:
    """Upkeep removes an old entry that a claim is about to take over: the claim makes its own."""
    scene.enqueue("acme", "ann", [same("old")])
    first, second = await scene.workers(2)
    await first.record(result(call) for call in await first.claim())
    scene.rows(
        "update tollhouse_private.response_cache"
        " set expires_at = now() - interval '1 hour', upkeep_at = now()"
    )
    scene.enqueue("acme", "ann", [same("leader"), same("follower")])
    async with second.connection.transaction():
        await second.call("tollhouse_worker.prune()")
        claiming = asyncio.create_task(first.claim(2))
        await scene.until_waiting(1)
    (leader,) = await claiming
    assert {"running": 1, "coalesced": 1, "success": 1} == scene.outcomes()
    await first.record([result(leader)])
    assert [] == await drain(scene, second)


async def test_a_running_leader_is_replaced_by_nobody(scene: Scene) -> None:
    """Its job is locked while its outcome is recorded: no claim, no reap goes on without it."""
    scene.enqueue("acme", "ann", [same("leader")])
    first, second = await scene.workers(2)
    (leader,) = await first.claim()
    scene.enqueue("acme", "ann", [same("other")])
    holder = await scene.connect("postgres")
    async with holder.transaction():
        await holder.execute(
            "select from tollhouse_private.jobs where state = 'running' for update"
        )
        assert [] == await second.claim()
        await second.reap()
        assert [] == await second.claim()
    assert {"running": 1, "coalesced": 1} == scene.outcomes()
    await first.record([result(leader)])
    assert [] == await drain(scene, second)


async def test_entries_are_locked_in_one_order(scene: Scene) -> None:
    """Two claims that park followers and the outcome of their leaders want the same two entries."""
    first, second, third = await scene.workers(3)
    asked: LiteralString = (
        "select request ->> 'prompt' as prompt from tollhouse_private.jobs order by cache_key"
    )
    scene.enqueue("acme", "ann", [same("x", "one"), same("y", "another")])
    low, high = [row["prompt"] for row in scene.rows(asked)]
    scene.rows("truncate tollhouse_private.jobs, tollhouse_private.request_keys")

    def ask(*prompts: str) -> None:
        for prompt in prompts:  # each in a transaction, and so a millisecond, of its own
            scene.enqueue("acme", "ann", [same(str(uuid.uuid4()), prompt)])

    ask(high, low)
    leaders = await first.claim(2)
    ask(low, high)
    holder = await scene.connect("postgres")
    async with holder.transaction():
        await holder.execute(
            "select from tollhouse_private.response_cache order by cache_key limit 1 for update"
        )
        claiming = asyncio.create_task(second.claim(2))
        await scene.until_waiting(1)
        ask(high, low)
        other = asyncio.create_task(third.claim(2))
        await scene.until_waiting(2)
        recording = asyncio.create_task(first.record(result(call) for call in leaders))
        await scene.until_waiting(3)
    assert ([], [], (2, 0)) == tuple(await asyncio.gather(claiming, other, recording))
    assert [] == await drain(scene, first)
    assert {"success": 6} == scene.outcomes()
    assert 2 == scene.value("select count(*) from tollhouse_private.provider_attempts")


async def drain_others(scene: Scene, worker: Worker, but: Row) -> list[Row]:
    """Claim and answer until one call is left; return what had to be sent."""
    sent: list[Row] = []
    query: LiteralString = "select count(*) from tollhouse_private.jobs where call_id <> %s"
    async with asyncio.timeout(PATIENCE):
        while scene.value(query, but["call_id"]):
            claimed = await worker.claim(100)
            await worker.record(result(call) for call in claimed)
            sent += claimed
    return sent


@pytest.mark.parametrize("outcome", ["success", "rejected", "aborted", "cancelled"])
async def test_a_follower_that_is_being_parked_is_not_stranded(scene: Scene, outcome: str) -> None:
    """The leader's outcome waits for a claim that parks a follower, and wakes it."""
    scene.enqueue("acme", "ann", [same("leader")])
    first, second = await scene.workers(2)
    (leader,) = await first.claim()
    scene.enqueue("acme", "ann", [same("follower")])

    async with second.connection.transaction():
        assert [] == await second.claim()  # parked, and nobody sees it yet
        recording = asyncio.create_task(first.record([result(leader, outcome)]))
        await scene.until_waiting(1)

    assert (1, 0) == await recording
    assert 0 == scene.outcomes().get("coalesced", 0)
    assert len(await drain(scene, second)) == (0 if outcome == "success" else 1)
    scene.assert_books_balance()


async def test_a_leader_that_is_tried_again_keeps_its_followers(scene: Scene) -> None:
    """A failed attempt of the leader wakes nobody; its success does."""
    scene.enqueue("acme", "ann", [same("leader"), same("follower")])
    first, second = await scene.workers(2)
    (leader,) = await first.claim(2)
    await first.record([result(leader, "server_error")])
    claimed = await scene.at_once("workers", [first.claim(5), second.claim(5)])

    assert 1 == sum(map(len, claimed))
    assert {"running": 1, "coalesced": 1} == scene.outcomes()
    for worker, calls in zip((first, second), claimed, strict=True):
        await worker.record(result(call) for call in calls)
    assert [] == await drain(scene, first)


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        ("select tollhouse_ops.open_breaker('mock', 'race', 'acme', 'ann')", "breaker_open"),
        (
            "select tollhouse_ops.pull_kill_switch('user', 'ann', 'race', 'acme')",
            "provider_kill_switch",
        ),
    ],
    ids=["after it was asked who leads", "before"],
)
async def test_a_blocked_leader_and_a_new_follower_do_not_wait_in_a_circle(
    scene: Scene, block: LiteralString, reason: str
) -> None:
    """A claim that blocks a retried leader while another parks its follower: both come through."""
    scene.enqueue("acme", "ann", [same("leader")])
    first, second = await scene.workers(2)
    (leader,) = await first.claim()
    await first.record([result(leader, "server_error")])
    scene.rows(block)
    scene.rows("update tollhouse_private.task_types set cache_scope = 'tenant'")
    scene.enqueue("acme", "bob", [Call(request_id="bystander")])

    # Both need the tenant's budget for a call of bob's; the first one is there first.
    budget = await scene.connect("postgres")
    async with budget.transaction():
        await budget.execute(
            "select from tollhouse_private.monthly_budgets where user_id = '' for update"
        )
        blocking = asyncio.create_task(first.claim(2))
        await scene.until_waiting(1)
        scene.enqueue("acme", "bob", [same("follower"), Call(request_id="another")])
        parking = asyncio.create_task(second.claim(2))
        await scene.until_waiting(2)

    assert 1 == len(await blocking)
    assert len(await parking) in {1, 2}
    assert 1 == scene.outcomes()[reason]


@pytest.mark.parametrize("parked", ["while it is open", "before"])
@pytest.mark.parametrize("ends", ["commits", "rolls back"])
async def test_a_leader_that_a_client_is_cancelling_keeps_nobody_waiting(
    scene: Scene, ends: str, parked: str
) -> None:
    """Others with its question go on without a leader that an open transaction holds."""
    scene.rows("update tollhouse_private.task_types set cache_scope = 'tenant'")
    scene.rows(
        "select tollhouse_ops.bind_login('th_bound', 'acme', 'race', p_reads_all_users => true)"
    )
    scene.enqueue("acme", "ann", [same("leader")])
    first, second = await scene.workers(2)
    (leader,) = await first.claim()
    await first.record([result(leader, "rate_limited", retry_after_ms=3_600_000)])
    followers = [same("follower"), same("another")]
    if parked == "before":
        scene.enqueue("acme", "bob", followers)
        assert [] == await second.claim(10)
        assert {"scheduled": 1, "coalesced": 2} == scene.outcomes()

    client = await scene.connect("th_client")
    await client.execute("begin")
    await client.execute("select tollhouse.set_identity('acme', 'ann')")
    cursor = await client.execute("select tollhouse.cancel(%s) as status", [leader["call_id"]])
    assert {"status": "cancelled"} == await cursor.fetchone()

    if parked == "before":
        await second.reap()
    else:
        scene.enqueue("acme", "bob", followers)
    (heir,) = await second.claim(10)
    assert {"scheduled": 1, "running": 1, "coalesced": 1} == scene.outcomes()
    admin = await scene.connect("th_bound")
    await admin.execute("set statement_timeout = '3min'")
    async with admin.transaction():
        await admin.execute("select tollhouse.cancel(%s)", [leader["call_id"]])
        await second.record([result(heir)])
        assert [] == await drain_others(scene, second, leader)
        assert {"scheduled": 1, "success": 2} == scene.outcomes()
        await client.execute("commit" if ends == "commits" else "rollback")

    await second.call("tollhouse_worker.set_idle(%s, true)", second.worker_id)
    scene.rows("update tollhouse_private.jobs set run_at = now() where state = 'scheduled'")
    assert [] == await drain(scene, second)
    assert {"cancelled": 1, "success": 2} == scene.outcomes()
    assert 2 == scene.value("select count(*) from tollhouse_private.provider_attempts")
    scene.assert_books_balance()


async def test_a_leader_that_waits_for_its_next_attempt_keeps_its_flight(scene: Scene) -> None:
    """Nobody holds it: those who ask the same wait for it instead of paying, too."""
    scene.enqueue("acme", "ann", [same("leader")])
    first, second = await scene.workers(2)
    (leader,) = await first.claim()
    await first.record([result(leader, "rate_limited", retry_after_ms=3_600_000)])
    scene.enqueue("acme", "ann", [same("follower")])
    assert [] == await second.claim(10)
    await second.reap()
    assert [] == await second.claim(10)
    assert {"scheduled": 1, "coalesced": 1} == scene.outcomes()


async def test_an_idle_worker_is_not_held_up_by_flights(scene: Scene) -> None:
    """Sleeping and reaping stay quick with many calls in flight, planned when there were none."""
    (worker,) = await scene.workers(1)
    for table in ("jobs", "response_cache", "workers"):
        scene.rows(f"vacuum analyze tollhouse_private.{table}")
    for _ in range(8):
        await worker.call("tollhouse_worker.set_idle(%s, true)", worker.worker_id)
        await worker.reap()
    scene.rows(
        """
        with job as (
          insert into tollhouse_private.jobs (tenant_id, call_id, user_id, endpoint, request_id,
            created_at, fingerprint, request_bytes, max_output_tokens, cache_key, run_at, state,
            waits_for, request)
          select 'acme', tollhouse_private.new_call_id(now()), 'ann', 'route', n, now(), '', 1, 1,
            sha256(n::text::bytea), now() + interval '1 hour', 'scheduled', 'rate_limit', '{}'
          from generate_series(1, %s) as n
          returning *
        )
        insert into tollhouse_private.response_cache
          (tenant_id, cache_key, scope, call_id, upkeep_at)
        select tenant_id, cache_key, '', call_id, now() + interval '2 hours' from job
        """,
        FLIGHTS,
    )
    await worker.connection.execute("set statement_timeout = '10min'")
    read: LiteralString = """
        select coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) as rows
        from pg_stat_xact_user_tables where relname = 'response_cache'
        """
    async with worker.connection.transaction():
        assert 0 == await worker.reap()
        before = await (await worker.connection.execute(read)).fetchone()
        assert before is not None
        assert 0 == before["rows"]  # nobody waits for them

        # What an idle worker asks, over and over, reads none of them.
        await worker.call("tollhouse_worker.set_idle(%s, true)", worker.worker_id)
        assert before == await (await worker.connection.execute(read)).fetchone()
