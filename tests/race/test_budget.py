"""Caps hold at every moment, however many claims run at once."""

import asyncio

import pytest

from tests.race.scene import Call, Row, Scene, Worker, result
from tests.support.waiting import PATIENCE

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


async def drain(scene: Scene, workers: list[Worker], *, used: int | None = None) -> list[Row]:
    """Claim and record until nothing is left, all at once; return the claims in their order.

    A call uses so many tokens of those it reserved. Whoever claims nothing looks again, as a worker
    does that is told: what waits must be called up by what the others record.
    """
    order: list[Row] = []

    async def work(worker: Worker) -> None:
        ended: list[Row] = []
        while scene.outcomes().keys() & {"queued", "scheduled", "running"}:
            claimed = await worker.record_and_claim(ended, 7)
            order.extend(claimed)
            ended = [
                result(call, output_tokens=min(used or 10**9, call["max_output_tokens"]))
                for call in claimed
            ]

    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*(work(worker) for worker in workers))
    return order


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
    """Of forty calls claimed at once ten are admitted, never more held, and thirty refused then."""
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
    assert {"running": 10, "scheduled": 30} == scene.outcomes()
    assert 1000 == max(seen)

    for worker, calls in zip([*workers, *[workers[0]] * 40], claimed, strict=False):
        await worker.record(result(call) for call in calls)
    await drain(scene, workers[:1])
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

    claimed = await drain(scene, workers)

    spent = sum(call["max_output_tokens"] for call in claimed)
    refused = scene.rows(
        "select request_id from tollhouse_private.llm_api_calls where status = 'blocked'"
    )
    assert spent <= 1000
    assert len(costs) == count([claimed]) + len(refused)
    assert min(costs[int(row["request_id"][1:])] for row in refused) > 1000 - spent


@pytest.mark.parametrize("users", [1, 5])
async def test_what_is_affordable_is_served(scene: Scene, users: int) -> None:
    """Calls that reserve five times what they use are all served, as if one came after the other.

    Reservations of a hundred fit ten at a time; forty-six calls at twenty each fit the cap.
    """
    cap(scene, "", 1000)
    never_over(scene)
    for user in range(users):
        mine = [Call(request_id=f"r{i}") for i in range(user, 60, users)]
        scene.enqueue("acme", f"user-{user}", mine)

    await drain(scene, await scene.workers(4), used=20)

    assert {"success": 46, "monthly_cap_exceeded": 14} == scene.outcomes()
    scene.assert_books_balance()


async def test_a_large_call_is_not_starved(scene: Scene) -> None:
    """A call that needs almost the whole cap goes before the small ones that came after it."""
    cap(scene, "", 1000)
    never_over(scene)
    first = [Call(request_id=f"first-{i}") for i in range(10)]
    scene.enqueue("acme", "ann", first)
    workers = await scene.workers(3)
    in_flight = await workers[0].claim(10)
    scene.enqueue("acme", "ann", [Call(request_id="large", cost=900)])
    assert [] == await workers[1].claim(1)
    scene.enqueue("acme", "ann", [Call(request_id=f"later-{i}", cost=10) for i in range(50)])
    scene.enqueue("acme", "bob", [Call(request_id=f"bob-{i}", cost=10) for i in range(50)])
    assert [] == await workers[1].claim(100)

    for call in in_flight:
        await workers[0].record([result(call, output_tokens=1)])
    order = await drain(scene, workers, used=1)

    assert 10 == len(in_flight)
    assert 101 == len(order)
    place = [call["max_output_tokens"] for call in order].index(900)
    assert place <= 10  # what fits beside it goes with it, in any order


@pytest.mark.parametrize("first", ["record", "claim"])
async def test_a_deferral_that_meets_the_last_settlement(scene: Scene, first: str) -> None:
    """Whichever of the two has the budget first, the call goes on and waits for nobody."""
    cap(scene, "", 100)
    scene.enqueue("acme", "ann", [Call(request_id="r0"), Call(request_id="r1")])
    one, other = await scene.workers(2)
    (in_flight,) = await one.claim(1)

    if first == "record":
        async with one.connection.transaction():
            await one.record([result(in_flight, output_tokens=0)])
            claiming = asyncio.create_task(other.claim(1))
            await scene.until_waiting(1)
        claimed = await claiming
    else:
        async with other.connection.transaction():
            assert [] == await other.claim(1)
            recording = asyncio.create_task(one.record([result(in_flight, output_tokens=0)]))
            await scene.until_waiting(1)
        await recording
        assert {"success": 1, "queued": 1} == scene.outcomes()
        claimed = await other.claim(1)

    assert ["acme"] == [call["tenant_id"] for call in claimed]


async def test_what_a_model_bills_too_much_is_learned(scene: Scene) -> None:
    """One wave pays forty percent more than it reserved; after that no cap is passed."""
    spent: dict[str, int] = {}
    for tenant in ("acme", "globex"):
        scene.rows("select tollhouse_ops.set_monthly_cap(%s, '', 1000, 'race')", tenant)
        scene.enqueue(tenant, "ann", [Call(request_id=f"r{i}") for i in range(30)])
        workers = await scene.workers(3)

        async with asyncio.timeout(PATIENCE):
            while scene.outcomes().keys() & {"queued", "scheduled", "running"}:
                wave = await asyncio.gather(*(worker.claim(4) for worker in workers))
                await asyncio.gather(
                    *(
                        worker.record(result(call, output_tokens=140) for call in claimed)
                        for worker, claimed in zip(workers, wave, strict=True)
                    )
                )
        spent[tenant] = scene.value(
            "select spent_micro_usd from tollhouse_private.monthly_budgets"
            " where tenant_id = %s and user_id = ''",
            tenant,
        )

    assert {"acme": 1400, "globex": 980} == spent
    (learned,) = scene.rows("select model, factor from tollhouse_ops.model_overruns")
    assert ("small", 1.4) == (learned["model"], float(learned["factor"]))
    scene.assert_books_balance()


async def test_a_raised_cap_calls_up_who_waits(scene: Scene) -> None:
    """What waits goes on at once when an operator makes room."""
    cap(scene, "", 100)
    scene.enqueue("acme", "ann", [Call(request_id=f"r{i}") for i in range(3)])
    (worker,) = await scene.workers(1)
    assert 1 == len(await worker.claim(3))
    assert {"running": 1, "scheduled": 2} == scene.outcomes()

    cap(scene, "", 250)

    assert {"running": 1, "queued": 1, "scheduled": 1} == scene.outcomes()
    assert 1 == len(await worker.claim(3))


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

    await asyncio.gather(steer(), drain(scene, workers))
    outcomes = scene.outcomes()
    assert len(calls) == outcomes.get("success", 0) + outcomes.get("monthly_cap_exceeded", 0)
    scene.assert_books_balance()
