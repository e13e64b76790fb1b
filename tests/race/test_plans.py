"""Plans that a session made while the tables were empty serve it when they are full."""

import json
from typing import LiteralString

import pytest

from tests.race.scene import Call, Row, Scene, Worker, result

pytestmark = pytest.mark.race

TABLES = ("jobs", "request_keys", "response_cache", "llm_api_calls", "call_content")
FILL: LiteralString = """
    with key as (
      insert into tollhouse_private.request_keys
      select 'acme', 'explanation', 'r' || n, 'ann', tollhouse_private.new_call_id(now()), now(), ''
      from generate_series(1, 20000) as n
      returning *
    ),
    answer as (
      insert into tollhouse_private.response_cache
      select 'acme', '', 'explanation', sha256(n::text::bytea), '', gen_random_uuid(), 'mock',
        'small', 1, '{}', now() + interval '1 hour'
      from generate_series(1, 20000) as n
    )
    insert into tollhouse_private.jobs (tenant_id, call_id, user_id, endpoint, request_id,
      created_at, fingerprint, request_bytes, max_output_tokens, run_at, request)
    select 'acme', key.call_id, 'ann', 'explanation', key.request_id, now(), '', 1, 1, now(), '{}'
    from key
"""
READ: LiteralString = """
    select sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::integer as rows
    from pg_stat_xact_user_tables where schemaname = 'tollhouse_private'
"""
STEPS: dict[str, LiteralString] = {
    "enqueue": "select call_id from tollhouse.enqueue('explanation', %(request)s, %(request_id)s)",
    "result": "select call_id from tollhouse.result(%(call_id)s)",
    "wait_for": "select call_id from tollhouse.wait_for(%(call_id)s, '0 seconds')",
    "cancel": "select tollhouse.cancel(%(call_id)s)",
}


async def test_a_client_reads_only_its_own_call(scene: Scene) -> None:
    """Each of its functions reads a few rows of the twenty thousand that came meanwhile."""
    client = await scene.connect("th_client")

    async def run(number: int) -> dict[str, int]:
        call: Row = {"request": json.dumps({"prompt": f"why {number}?"}), "call_id": None}
        call["request_id"] = f"mine-{number}"
        read: dict[str, int] = {}
        for name, query in STEPS.items():
            async with client.transaction():
                await client.execute("select tollhouse.set_identity('acme', 'ann')")
                before = await (await client.execute(READ)).fetchone()
                row = await (await client.execute(query, call)).fetchone()
                after = await (await client.execute(READ)).fetchone()
            assert row is not None
            assert before is not None
            assert after is not None
            call["call_id"] = row.get("call_id", call["call_id"])
            read[name] = after["rows"] - before["rows"]
        return read

    for table in TABLES:
        scene.rows(f"vacuum analyze tollhouse_private.{table}")
    for number in range(7):
        await run(number)
    scene.rows(FILL)
    read = await run(8)
    assert {} == {name: rows for name, rows in read.items() if rows > 100}


async def test_a_claim_reads_only_its_batch(scene: Scene) -> None:
    """Neither the queue that has grown since nor the answers kept since are read for ten calls."""
    (worker,) = await scene.workers(1)
    for table in (*TABLES, "cache_flights"):
        scene.rows(f"vacuum analyze tollhouse_private.{table}")
    for number in range(7):
        calls = [Call(request_id=f"mine-{number}-{i}", use_cache=True) for i in range(3)]
        scene.enqueue("acme", "ann", calls)
        outcomes = ("success", "rejected", "server_error")
        claimed = await worker.claim(10)
        await worker.record(map(result, claimed, outcomes))
    scene.rows(FILL)

    async def read() -> int:
        row = await (await worker.connection.execute(READ)).fetchone()
        assert row is not None
        rows: int = row["rows"]
        return rows

    async with worker.connection.transaction():
        before = await read()
        claimed = await worker.claim(10)
        after = await read()
        await worker.record(result(call) for call in claimed)
        recorded = await read()
    assert 10 == len(claimed)
    assert 1000 > after - before
    assert 1000 > recorded - after


async def test_a_long_line_costs_a_claim_nothing(scene: Scene) -> None:
    """Of twenty thousand calls that wait for one budget, neither claim nor record reads many."""
    workers = await scene.workers(2)
    scene.rows("select tollhouse_ops.set_monthly_cap('acme', '', 1000, 'race')")
    scene.enqueue("acme", "ann", [Call(request_id=f"mine-{i}") for i in range(20)])
    in_flight = await workers[0].claim(10)
    assert [] == await workers[1].claim(10)
    scene.rows(FILL)
    scene.rows(
        """
        update tollhouse_private.jobs
        set state = 'scheduled', waits_for = 'budget', need_micro_usd = 100,
          run_at = now() + interval '1 day', user_id = 'user-' || right(request_id, 3)
        where request_bytes = 1
        """
    )
    scene.rows(
        """
        insert into tollhouse_private.monthly_budgets (tenant_id, user_id, month)
        select distinct j.tenant_id, j.user_id, tollhouse_private.budget_month(now())
        from tollhouse_private.jobs as j where j.request_bytes = 1
        """
    )
    scene.enqueue("acme", "ann", [Call(request_id=f"later-{i}") for i in range(20)])

    async def read(worker: Worker) -> int:
        row = await (await worker.connection.execute(READ)).fetchone()
        assert row is not None
        rows: int = row["rows"]
        return rows

    async with workers[0].connection.transaction():
        before = await read(workers[0])
        await workers[0].record(result(call, output_tokens=1) for call in in_flight)
        recorded = await read(workers[0])
    async with workers[1].connection.transaction():
        joined = await read(workers[1])
        claimed = await workers[1].claim(100)
        after = await read(workers[1])
    assert 9 == len(claimed)
    assert 2000 > recorded - before
    assert 2000 > after - joined
