"""Whoever comes first, worker, reaper, client or operator: nothing is lost and nothing twice."""

import asyncio
from typing import LiteralString

import pytest
from psycopg import AsyncConnection, DatabaseError

from tests.race.scene import Call, Row, Scene, Worker, result
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.race

LEASED = (
    "select exists (select from tollhouse_private.workers"
    " where worker_id = %s and alive_until > clock_timestamp())"
)

# The policies of jobs ask for the user once cancel's query has begun: there it can be stopped.
SLOW_LOOK: LiteralString = """
    create or replace function tollhouse_private.current_user_id()
      returns text
      language plpgsql
      stable
      security definer
      set search_path = pg_catalog, pg_temp
    as $$
    begin
      perform pg_advisory_xact_lock_shared(7);
      return (select i.user_id from tollhouse_private.identity() as i);
    end
    $$
"""

# wait_for sleeps by a clock of its own, which costs no time.
QUICK_CLOCK: LiteralString = """
    create schema quick;
    grant usage on schema quick to tollhouse_owner;
    create function quick.slept() returns double precision language sql volatile as
    $$ select coalesce(nullif(current_setting('test.slept', true), ''), '0')::double precision $$;
    create function quick.clock_timestamp() returns timestamptz language sql volatile as
    $$ select now() + make_interval(secs => quick.slept()) $$;
    create function quick.pg_sleep(double precision) returns void language sql volatile as
    $$ select set_config('test.slept', (quick.slept() + $1)::text, true) $$;
    alter function tollhouse.wait_for set search_path = quick, pg_catalog, pg_temp
"""


def lease_ends(scene: Scene, worker: Worker) -> None:
    """Let a worker's lease be over."""
    scene.rows(
        "update tollhouse_private.workers set alive_until = now() - interval '1 second'"
        " where worker_id = %s",
        worker.worker_id,
    )


def attempts(scene: Scene) -> list[str]:
    """Return the outcome of every attempt on record, the late ones marked, in order."""
    rows = scene.rows(
        "select outcome || case when late then ' late' else '' end as outcome"
        " from tollhouse_private.provider_attempts order by call_id, attempt, late"
    )
    return [row["outcome"] for row in rows]


async def running(scene: Scene, count: int = 1) -> tuple[Worker, list[Row]]:
    """Return a worker that holds calls."""
    scene.enqueue("acme", "ann", [Call(request_id=f"r{i}") for i in range(count)])
    (worker,) = await scene.workers(1)
    calls = await worker.claim(count)
    assert count == len(calls)
    return worker, calls


async def cancel(client: AsyncConnection[Row], call_id: object) -> str:
    """Cancel a call of acme's ann, inside the client's transaction."""
    await client.execute("select tollhouse.set_identity('acme', 'ann')")
    cursor = await client.execute("select tollhouse.cancel(%s) as status", [call_id])
    row = await cursor.fetchone()
    assert row is not None
    return str(row["status"])


async def test_reap_passes_over_a_worker_that_is_claiming(scene: Scene) -> None:
    """A claim that is not committed keeps its worker from being buried; they are reaped later."""
    scene.enqueue("acme", "ann", [Call(request_id=f"r{i}") for i in range(5)])
    claimer, reaper = await scene.workers(2)
    claimed, seconds = False, 0.5
    while not claimed:  # on a busy machine the lease may be over before the claim begins
        seconds *= 2
        scene.rows(
            "update tollhouse_private.workers set"
            " alive_until = clock_timestamp() + make_interval(secs => %s) where worker_id = %s",
            seconds,
            claimer.worker_id,
        )
        try:
            async with claimer.connection.transaction():
                assert 5 == len(await claimer.claim(5))
                await scene.until(lambda: not scene.value(LEASED, claimer.worker_id))
                assert 0 == await reaper.reap()
            claimed = True
        except DatabaseError as error:
            if error.sqlstate != "TH201" or seconds > PATIENCE:
                raise

    assert {"running": 5} == scene.outcomes()
    assert 5 == await reaper.reap()
    assert ["abandoned"] * 5 == attempts(scene)
    assert 5 == len(await reaper.claim(5))


async def test_reap_passes_over_a_call_that_is_being_recorded(scene: Scene) -> None:
    """A result that is not committed wins over the reaper."""
    worker, (call,) = await running(scene)
    (reaper,) = await scene.workers(1)
    async with worker.connection.transaction():
        assert (1, 0) == await worker.record([result(call)])
        lease_ends(scene, worker)
        assert 0 == await reaper.reap()

    assert 0 == await reaper.reap()
    assert ["success"] == attempts(scene)
    assert {"success": 1} == scene.outcomes()
    scene.assert_books_balance()


async def test_a_result_that_meets_the_reaper_is_late(scene: Scene) -> None:
    """A result that waits for the reaper is booked as late, once, and changes nothing else."""
    worker, (call,) = await running(scene)
    (reaper,) = await scene.workers(1)
    lease_ends(scene, worker)
    async with reaper.connection.transaction():
        assert 1 == await reaper.reap()
        recording = asyncio.create_task(worker.record([result(call, output_tokens=40)]))
        await scene.until_waiting(1)

    assert (0, 1) == await recording
    assert (0, 0) == await worker.record([result(call, output_tokens=40)])
    assert ["abandoned", "success late"] == attempts(scene)
    assert 40 == scene.value(
        "select spent_micro_usd from tollhouse_private.monthly_budgets where user_id = ''"
    )
    (again,) = await reaper.claim()
    assert (1, 0) == await reaper.record([result(again)])
    assert {"success": 1} == scene.outcomes()
    scene.assert_books_balance()


async def test_two_reapers_take_each_call_once(scene: Scene) -> None:
    """Many reapers at once: every call of the dead worker is abandoned once."""
    worker, _ = await running(scene, 50)
    reapers = await scene.workers(6)
    lease_ends(scene, worker)
    taken = await scene.at_once("workers", [reaper.reap() for reaper in reapers])
    while scene.outcomes().get("running"):
        taken.append(await reapers[0].reap())

    assert 50 == sum(taken)
    assert ["abandoned"] * 50 == attempts(scene)
    scene.assert_books_balance()


async def test_the_same_results_at_once_are_booked_once(scene: Scene) -> None:
    """A report that is repeated while it is being booked books nothing."""
    worker, calls = await running(scene, 20)
    twins = [
        Worker(connection=await scene.connect("th_worker"), worker_id=worker.worker_id)
        for _ in range(5)
    ]
    results = [result(call) for call in calls]
    booked = await scene.at_once("jobs", [twin.record(results) for twin in twins])

    assert [(0, 0)] * 4 + [(20, 0)] == sorted(booked)
    assert (0, 0) == await worker.record(results)
    assert ["success"] * 20 == attempts(scene)
    assert {"success": 20} == scene.outcomes()
    scene.assert_books_balance()


@pytest.mark.parametrize(
    ("ended", "outcomes"),
    [("success", {"success": 1}), ("server_error", {"queued": 1})],
)
async def test_a_client_that_cancels_holds_no_worker_up(
    scene: Scene, ended: str, outcomes: dict[str, int]
) -> None:
    """A client asks for the end of a running call and sits on its transaction: record goes on."""
    worker, (call,) = await running(scene)
    client = await scene.connect("th_client")
    async with client.transaction():
        assert "running" == await cancel(client, call["call_id"])
        assert (1, 0) == await worker.record([result(call, ended)])
        assert outcomes == scene.outcomes()

    assert [] == await worker.claim()
    assert {"success" if ended == "success" else "cancelled": 1} == scene.outcomes()
    scene.assert_books_balance()
    await worker.reap()
    assert 0 == scene.value("select count(*) from tollhouse_private.cancel_requests")


@pytest.mark.parametrize("kept", [True, False])
async def test_an_open_cancel_holds_no_other_cancel_up(scene: Scene, kept: bool) -> None:
    """An administrator's cancel of a call in flight waits for no user's, and holds without it."""
    worker, (call,) = await running(scene)
    scene.rows(
        "select tollhouse_ops.bind_login('th_bound', 'acme', 'race', p_reads_all_users => true)"
    )
    client = await scene.connect("th_client")
    administrator = await scene.connect("th_bound")
    await administrator.execute("set lock_timeout = '2min'")
    async with client.transaction(force_rollback=not kept):
        assert "running" == await cancel(client, call["call_id"])
        async with administrator.transaction():
            answer = await administrator.execute(
                "select tollhouse.cancel(%s) as status", [call["call_id"]]
            )
            assert {"status": "running"} == await answer.fetchone()
    assert ["cancelled"] == [row["reason"] for row in await worker.to_abort()]

    count = "select count(*) from tollhouse_private.cancel_requests"
    assert 1 + kept == scene.value(count)
    async with client.transaction():
        await cancel(client, call["call_id"])
    assert 1 + kept == scene.value(count)
    assert (1, 0) == await worker.record([result(call, "cancelled")])
    assert {"cancelled": 1} == scene.outcomes()
    scene.assert_books_balance()


async def test_a_cancel_that_comes_after_the_result(scene: Scene) -> None:
    """While a result is being booked a cancel does not wait for it; afterwards it tells it."""
    worker, (call,) = await running(scene)
    client = await scene.connect("th_client")
    async with worker.connection.transaction():
        await worker.record([result(call)])
        async with client.transaction():
            assert "running" == await cancel(client, call["call_id"])

    async with client.transaction():
        assert "success" == await cancel(client, call["call_id"])
    assert {"success": 1} == scene.outcomes()


async def test_a_cancel_and_a_claim(scene: Scene) -> None:
    """Neither waits for the other: a call that is being claimed is aborted as a running one."""
    rows = scene.enqueue("acme", "ann", [Call(request_id="r0"), Call(request_id="r1")])
    first, second = sorted((row["call_id"] for row in rows), key=str)
    (worker,) = await scene.workers(1)
    client = await scene.connect("th_client")
    async with client.transaction():
        assert "cancelled" == await cancel(client, first)
        (claimed,) = await worker.claim(2)
    assert second == claimed["call_id"]
    await worker.record([result(claimed, "not_sent")])

    async with worker.connection.transaction():
        assert 1 == len(await worker.claim(2))
        async with client.transaction():
            assert "running" == await cancel(client, second)

    assert [{"call_id": second, "attempt": 2, "reason": "cancelled"}] == await worker.to_abort()


async def test_a_cancel_that_looked_before_a_claim(scene: Scene) -> None:
    """A call that began to run between the look and the lock of a cancel is let go again."""
    scene.enqueue("acme", "ann", [Call(request_id="r0")])
    (worker,) = await scene.workers(1)
    client, gate = await scene.connect("th_client"), await scene.connect("postgres")
    call_id = scene.value("select call_id from tollhouse_private.jobs")
    scene.rows(SLOW_LOOK)
    async with client.transaction():
        await gate.execute("select pg_advisory_lock(7)")
        cancelling = asyncio.create_task(cancel(client, call_id))
        await scene.until_waiting(1)
        (call,) = await worker.claim()
        await gate.execute("select pg_advisory_unlock(7)")
        assert "running" == await cancelling
        assert (1, 0) == await worker.record([result(call)])
    assert {"success": 1} == scene.outcomes()


async def test_a_wait_without_a_limit_ends(scene: Scene) -> None:
    """Null is half a minute, as if left out, and nobody waits longer than ten; by its own clock."""
    scene.enqueue("acme", "ann", [Call(request_id="r0")])
    call_id = scene.value("select call_id from tollhouse_private.jobs")
    scene.rows(QUICK_CLOCK)
    client = await scene.connect("th_client")
    for timeout, seconds in ((None, 30), ("1 minute", 60), ("1 day", 600)):
        async with client.transaction():
            await client.execute("select tollhouse.set_identity('acme', 'ann')")
            await client.execute("select * from tollhouse.wait_for(%s, %s)", (call_id, timeout))
            cursor = await client.execute("select current_setting('test.slept')::numeric::int as s")
            assert {"s": seconds} == await cursor.fetchone()


ENDS_WHILE_NAPPING: LiteralString = """
    create or replace function quick.pg_sleep(double precision)
      returns void language plpgsql volatile security definer as
    $$
    begin
      perform set_config('test.slept', (quick.slept() + $1)::text, true),
        set_config('test.naps', (current_setting('test.naps')::int + 1)::text, true);
      if quick.slept() >= current_setting('test.ends')::double precision then
        delete from tollhouse_private.jobs;
      end if;
    end
    $$
"""


@pytest.mark.parametrize("ends", [0.003, 0.03, 0.217, 2.4, 59.9])
async def test_a_wait_ends_with_its_call(scene: Scene, ends: float) -> None:
    """Within 2 ms, or a tenth of what was waited; the looks are few. By wait_for's own clock."""
    scene.enqueue("acme", "ann", [Call(request_id="r0")])
    call_id = scene.value("select call_id from tollhouse_private.jobs")
    scene.rows(QUICK_CLOCK)
    scene.rows(ENDS_WHILE_NAPPING)
    client = await scene.connect("th_client")
    async with client.transaction():
        await client.execute("select tollhouse.set_identity('acme', 'ann')")
        await client.execute(
            "select set_config('test.ends', %s, true), set_config('test.naps', '0', true)",
            (str(ends),),
        )
        await client.execute("select * from tollhouse.wait_for(%s, '2 minutes')", (call_id,))
        cursor = await client.execute(
            "select current_setting('test.slept')::float as slept,"
            " current_setting('test.naps')::int as naps"
        )
        row = await cursor.fetchone()
    assert row is not None
    assert 0 <= row["slept"] - ends < max(0.0021, ends / 10)
    assert row["naps"] < 100 + 4 * ends


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
async def test_a_snapshot_waits_for_nothing(scene: Scene, level: LiteralString) -> None:
    """A transaction that would never see the outcome is told so, at once and by a code."""
    scene.enqueue("acme", "ann", [Call(request_id="r0")])
    call_id = scene.value("select call_id from tollhouse_private.jobs")
    client = await scene.connect("th_client")
    async with client.transaction():
        await client.execute(f"set transaction isolation level {level}")
        await client.execute("select tollhouse.set_identity('acme', 'ann')")
        with pytest.raises(DatabaseError) as refused:
            async with client.transaction():
                await client.execute("select * from tollhouse.wait_for(%s)", (call_id,))
        assert "TH113" == refused.value.sqlstate
        cursor = await client.execute("select status from tollhouse.result(%s)", (call_id,))
        assert {"status": "queued"} == await cursor.fetchone()


async def test_a_worker_that_leaves_while_it_claims_gets_nothing(scene: Scene) -> None:
    """A claim that waits for its worker's end finds no lease, and its calls stay queued."""
    scene.enqueue("acme", "ann", [Call(request_id="r0")])
    worker, twin = await scene.workers(2)
    twin.worker_id = worker.worker_id
    async with twin.connection.transaction():
        await twin.deregister()
        claiming = asyncio.create_task(worker.claim())
        await scene.until_waiting(1)

    with pytest.raises(Exception, match="holds no lease"):
        await claiming
    assert {"queued": 1} == scene.outcomes()


async def test_a_worker_that_leaves_after_it_claimed_loses_its_calls(scene: Scene) -> None:
    """An end of lease that waits for a claim abandons what that claim got."""
    scene.enqueue("acme", "ann", [Call(request_id=f"r{i}") for i in range(3)])
    worker, twin = await scene.workers(2)
    twin.worker_id = worker.worker_id
    async with worker.connection.transaction():
        calls = await worker.claim(3)
        leaving = asyncio.create_task(twin.deregister())
        await scene.until_waiting(1)

    await leaving
    assert 0 == scene.outcomes().get("running", 0)
    assert ["abandoned"] * 3 == attempts(scene)
    assert (0, 3) == await worker.record(result(call) for call in calls)
    scene.assert_books_balance()


async def test_a_due_call_that_a_client_holds_keeps_no_worker_awake(scene: Scene) -> None:
    """It sleeps until something else is due, while the client sits on the call it cancelled."""
    (cancelled, later) = scene.enqueue("acme", "ann", [Call(request_id=f"r{i}") for i in range(2)])
    scene.rows("update tollhouse_private.jobs set state = 'scheduled', run_at = now()")
    (worker,) = await scene.workers(1)

    async def sleeps() -> int | None:
        query: LiteralString = "tollhouse_worker.set_idle(%s, true)"
        (row,) = await worker.call(query, worker.worker_id)
        seconds: int | None = row["set_idle"]
        return seconds

    assert 0 == await sleeps()
    client = await scene.connect("th_client")
    async with client.transaction():
        await client.execute("select tollhouse.set_identity('acme', 'ann')")
        await client.execute("select tollhouse.cancel(%s)", [cancelled["call_id"]])
        assert 0 == await sleeps()
        (call,) = await worker.claim(10)
        assert later["call_id"] == call["call_id"]
        assert await sleeps() is None


async def test_a_fused_claim_that_fails_keeps_the_results(scene: Scene) -> None:
    """When record_and_claim finds no lease the results before it are booked."""
    worker, calls = await running(scene, 3)
    lease_ends(scene, worker)
    with pytest.raises(Exception, match="holds no lease"):
        await worker.record_and_claim([result(call) for call in calls], 10)

    assert {"success": 3} == scene.outcomes()
    scene.assert_books_balance()


async def test_a_switch_pulled_in_flight_misses_no_call(scene: Scene) -> None:
    """A call is either refused by the switch or listed for abort, however the two meet."""
    scene.enqueue("acme", "ann", [Call(request_id=f"r{i}") for i in range(60)])
    workers = await scene.workers(6)
    operator = await scene.connect("th_operator")

    async def pull() -> list[Row]:
        await operator.execute("select tollhouse_ops.stop_everything('race')")
        return []

    claimed = await scene.at_once(
        "kill_switches", [pull(), *(worker.claim(5) for worker in workers)]
    )
    held = sum(map(len, claimed))
    aborts = [await worker.to_abort() for worker in workers]
    assert held == sum(map(len, aborts))
    assert {"aborted"} >= {row["reason"] for rows in aborts for row in rows}

    for worker, calls in zip(workers, claimed[1:], strict=True):
        await worker.record(result(call, "aborted") for call in calls)
    assert [] == await workers[0].claim(100)
    assert {"provider_kill_switch": 60} == scene.outcomes()
    attempted = "select count(*) from tollhouse_private.llm_api_calls where provider_attempted"
    assert held == scene.value(attempted)
    scene.assert_books_balance()


async def test_a_switch_pulled_between_claim_and_record(scene: Scene) -> None:
    """What was sent is aborted or answered; what is queued behind it is refused."""
    worker, (call, answered) = await running(scene, 2)
    scene.enqueue("acme", "ann", [Call(request_id="queued")])
    scene.rows("select tollhouse_ops.pull_kill_switch('provider', 'mock', 'race')")

    assert 2 == len(await worker.to_abort())
    assert [] == await worker.record_and_claim([result(call, "aborted"), result(answered)], 10)
    assert {"provider_kill_switch": 2, "success": 1} == scene.outcomes()
    assert ["aborted", "success"] == sorted(attempts(scene))
    scene.assert_books_balance()


async def test_a_large_answer_is_kept_as_it_came(scene: Scene) -> None:
    """Once, in the ledger's content, from which the cache hands it out."""
    (worker,) = await scene.workers(1)
    scene.enqueue("acme", "ann", [Call(request_id=f"r{i}", use_cache=i < 2) for i in range(3)])
    claimed = await worker.claim(3)
    answer = {"content": "".join(f"{i} " for i in range(100_000)), "finish_reason": "stop"}
    ended = [result(call, output_tokens=7, reasoning="so", response=answer) for call in claimed]
    assert (3, 0) == await worker.record(ended)
    kept = scene.rows("select response, reasoning from tollhouse_private.call_content")
    assert [{"response": answer, "reasoning": "so"}] * 3 == kept
    assert [{"response": None}] * 2 == scene.rows(
        "select response from tollhouse_private.response_cache"
    )
    again = [Call(request_id=f"again{i}", prompt=f"r{i}", use_cache=True) for i in range(2)]
    assert ["success"] * 2 == [row["status"] for row in scene.enqueue("acme", "ann", again)]
    handed = scene.rows("select response from tollhouse_private.call_content")
    assert [{"response": answer}] * 5 == handed
    ledger = scene.rows(
        "select cost_micro_usd, output_tokens from tollhouse_private.llm_api_calls"
        " where not was_cached"
    )
    assert [{"cost_micro_usd": 7, "output_tokens": 7}] * 3 == ledger
    scene.assert_books_balance()
