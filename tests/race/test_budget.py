"""Caps hold at every moment, however many claims run at once."""

import asyncio

import pytest

from tests.race.scene import Call, Row, Scene, Worker, result

pytestmark = pytest.mark.race


def never_over(scene: Scene) -> None:
    """Let the server itself refuse any moment at which a budget is over its cap."""
    scene.rows(
        "alter table tollhouse_private.monthly_budgets add constraint never_over"
        " check (reserved_micro_usd + spent_micro_usd <= cap_micro_usd)"
    )


def cap(scene: Scene, user: str, amount: int | None) -> None:
    """Set a monthly cap of tenant acme (no user) or of one of its users."""
    scene.rows("select tollhouse_ops.set_monthly_cap('acme', %s, %s, 'race')", user, amount)


async def watch(scene: Scene, stop: asyncio.Event) -> list[int]:
    """Look at the tenant's budget again and again; return every sum of spent and reserved seen."""
    connection = await scene.connect("th_auditor")
    seen: list[int] = []
    last = False
    while not last:
        last = stop.is_set()
        cursor = await connection.execute(
            "select coalesce(max(reserved_micro_usd + spent_micro_usd), 0) as held"
            " from tollhouse.monthly_budgets where tenant_id = 'acme' and user_id = ''"
        )
        row = await cursor.fetchone()
        assert row is not None
        seen.append(int(row["held"]))
        await asyncio.sleep(0.002)
    return seen


def count(claims: list[list[Row]]) -> int:
    """Count the calls of several claims, each of which must be there once."""
    ids = [call["call_id"] for claimed in claims for call in claimed]
    assert len(ids) == len(set(ids))
    return len(ids)


async def claim_while_the_cap_is_lowered(scene: Scene) -> None:
    """Assert that a claim waits for an open set_monthly_cap, and decides by its cap."""
    scene.enqueue("acme", "ann", [Call(request_id="r1")])
    (worker,) = await scene.workers(1)
    operator = await scene.connect("th_operator")
    async with operator.transaction():
        await operator.execute("select tollhouse_ops.set_monthly_cap('acme', '', 99, 'race')")
        claiming = asyncio.create_task(worker.claim())
        await scene.until_waiting(1)

    assert [] == await claiming
    assert {"monthly_cap_exceeded": 1} == scene.outcomes()


@pytest.mark.parametrize(("claims", "batch"), [(40, 1), (8, 5), (5, 40)])
async def test_a_cap_that_fits_ten_calls_admits_exactly_ten(
    scene: Scene, claims: int, batch: int
) -> None:
    """Of forty calls claimed at once ten are admitted and thirty blocked, never more held."""
    cap(scene, "", 1000)
    never_over(scene)
    scene.enqueue("acme", "ann", [Call(request_id=f"r{i}") for i in range(40)])
    workers = await scene.workers(claims)
    stop = asyncio.Event()
    watching = asyncio.create_task(watch(scene, stop))

    try:
        claimed = await scene.at_once("workers", [worker.claim(batch) for worker in workers])
        # A claim gets nothing of what another one holds: claim on until nothing is queued.
        while scene.outcomes().get("queued"):
            claimed.append(await workers[0].claim(batch))
    finally:
        stop.set()
        seen = await watching

    assert 10 == count(claimed)
    assert {"running": 10, "monthly_cap_exceeded": 30} == scene.outcomes()
    assert 1000 == max(seen)

    for worker, calls in zip([*workers, *[workers[0]] * 40], claimed, strict=False):
        await worker.record(result(call) for call in calls)
    assert {"success": 10, "monthly_cap_exceeded": 30} == scene.outcomes()
    scene.assert_books_balance()


async def test_a_users_cap_holds_inside_the_tenants(scene: Scene) -> None:
    """With ten calls for the tenant and three for ann, ten go out, and at most three of hers."""
    cap(scene, "", 1000)
    cap(scene, "ann", 300)
    never_over(scene)
    scene.enqueue("acme", "ann", [Call(request_id=f"a{i}") for i in range(20)])
    scene.enqueue("acme", "bob", [Call(request_id=f"b{i}") for i in range(20)])
    workers = await scene.workers(20)

    claimed = await scene.at_once("workers", [worker.claim(2) for worker in workers])
    while scene.outcomes().get("queued"):
        claimed.append(await workers[0].claim(10))

    assert 10 == count(claimed)
    held = scene.rows(
        "select user_id, reserved_micro_usd as held from tollhouse_private.monthly_budgets"
    )
    by_user = {row["user_id"]: row["held"] for row in held}
    assert by_user[""] == by_user["ann"] + by_user["bob"] == 1000
    assert by_user["ann"] <= 300


async def test_a_call_that_fits_is_never_refused(scene: Scene) -> None:
    """Nothing is refused that still fits at the end, though bigger calls stood before it."""
    cap(scene, "", 1000)
    never_over(scene)
    costs = [900, 700, 550, 400, 250, 120, 90, 60, 30, 10] * 4
    scene.enqueue("acme", "ann", [Call(request_id=f"r{i}", cost=c) for i, c in enumerate(costs)])
    workers = await scene.workers(8)

    claimed = await scene.at_once("workers", [worker.claim(5) for worker in workers])
    while scene.outcomes().get("queued"):
        claimed.append(await workers[0].claim(5))

    held = sum(call["max_output_tokens"] for calls in claimed for call in calls)
    refused = scene.rows("select request_id from tollhouse_private.llm_api_calls")
    assert held <= 1000
    assert len(costs) == count(claimed) + len(refused)
    assert min(costs[int(row["request_id"][1:])] for row in refused) > 1000 - held


async def test_a_cap_that_is_being_lowered_is_waited_for(scene: Scene) -> None:
    """A claim that meets an operator's set_monthly_cap decides by the new cap."""
    cap(scene, "", None)
    await claim_while_the_cap_is_lowered(scene)


async def test_a_months_first_claim_does_not_copy_an_old_cap(scene: Scene) -> None:
    """Where the month has no row yet, the one that set_monthly_cap makes is waited for."""
    scene.rows("insert into tollhouse_private.budget_caps values ('acme', '', 1000000)")
    await claim_while_the_cap_is_lowered(scene)


async def test_a_cap_can_be_set_while_claims_run(scene: Scene) -> None:
    """Caps that change all the time under many claims never deadlock and hold in the end."""
    calls = [Call(request_id=f"r{i}") for i in range(200)]
    scene.enqueue("acme", "ann", calls)
    workers = await scene.workers(6)
    operator = await scene.connect("th_operator")

    async def steer() -> None:
        for amount in (5000, 100, 10000, 0, 3000, 20000) * 3:
            await operator.execute(
                "select tollhouse_ops.set_monthly_cap('acme', %s, %s, 'race')",
                ("ann" if amount % 3 else "", amount),
            )

    async def work(worker: Worker) -> None:
        while claimed := await worker.claim(7):
            await worker.record(result(call) for call in claimed)

    await asyncio.gather(steer(), *(work(worker) for worker in workers))
    while scene.outcomes().get("queued"):
        await work(workers[0])
    outcomes = scene.outcomes()
    assert len(calls) == outcomes.get("success", 0) + outcomes.get("monthly_cap_exceeded", 0)
    scene.assert_books_balance()
