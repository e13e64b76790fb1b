"""Concurrent claims never get the same call, and keep taking turns over the tenants."""

from collections import Counter

import pytest

from tests.race.scene import Call, Scene, result

pytestmark = pytest.mark.race


async def test_a_claim_passes_over_what_another_one_holds(scene: Scene) -> None:
    """A claim beside one that is not committed waits for nothing and gets the other calls."""
    scene.enqueue("acme", "ann", [Call(request_id=f"r{i}") for i in range(20)])
    first, second = await scene.workers(2)
    # What is blocked touches no counter, so that only the calls themselves could be waited for.
    scene.rows("select tollhouse_ops.stop_everything('race')")
    async with first.connection.transaction():
        await first.claim(12)
        assert [] == await second.claim(20)
        assert 8 == scene.value("select count(*) from tollhouse_private.llm_api_calls")
    assert {"provider_kill_switch": 20} == scene.outcomes()


async def test_many_claims_get_every_call_once(scene: Scene) -> None:
    """Ten workers claim three hundred calls at once, again and again: each call once."""
    for tenant in ("acme", "globex", "initech"):
        scene.enqueue(tenant, "ann", [Call(request_id=f"r{i}") for i in range(100)])
    workers = await scene.workers(10)

    ids: list[str] = []
    for _ in range(10):
        claimed = await scene.at_once("workers", [worker.claim(9) for worker in workers])
        ids += [call["call_id"] for calls in claimed for call in calls]
        for worker, calls in zip(workers, claimed, strict=True):
            await worker.record(result(call) for call in calls)
        if len(ids) == 300:
            break

    assert 300 == len(ids) == len(set(ids))
    assert {"success": 300} == scene.outcomes()
    scene.assert_books_balance()


async def test_a_long_queue_does_not_starve_a_short_one(scene: Scene) -> None:
    """With one tenant's thousand calls before it, another's ten go out in the first claims."""
    scene.enqueue("big", "ann", [Call(request_id=f"r{i}") for i in range(1000)])
    scene.enqueue("small", "ann", [Call(request_id=f"r{i}") for i in range(10)])
    workers = await scene.workers(4)

    claimed = await scene.at_once("workers", [worker.claim(10) for worker in workers])

    served = Counter(call["tenant_id"] for calls in claimed for call in calls)
    assert 10 == served["small"]
    assert {10} == {len(calls) for calls in claimed}


async def test_tenants_take_turns_under_concurrency(scene: Scene) -> None:
    """Each of many claims at once serves three long queues alike."""
    for tenant in ("acme", "globex", "initech"):
        scene.enqueue(tenant, "ann", [Call(request_id=f"r{i}") for i in range(100)])
    workers = await scene.workers(6)

    claimed = await scene.at_once("workers", [worker.claim(12) for worker in workers])

    for calls in claimed:
        assert {4} == set(Counter(call["tenant_id"] for call in calls).values())
