"""A threshold and the spend that reaches it: whichever comes first, the hour is shut off."""

import asyncio

import pytest

from tests.race.scene import Call, Scene, result

pytestmark = pytest.mark.race


def shut_off(scene: Scene) -> bool:
    """Tell whether the tenant is shut off."""
    return [] != scene.rows(
        "select tenant_id from tollhouse_private.hourly_shutoffs"
        " where tenant_id = 'acme' and user_id = '' and disabled_until > clock_timestamp()"
    )


@pytest.mark.parametrize("earlier", [0, 1])
async def test_a_threshold_that_is_set_while_spend_is_booked(scene: Scene, earlier: int) -> None:
    """It sees what is not committed yet, in the hour's first row as in a later one."""
    scene.enqueue("acme", "ann", [Call(request_id=f"r{i}", cost=100) for i in range(2)])
    (worker,) = await scene.workers(1)
    operator = await scene.connect("th_operator")
    first, second = await worker.claim(2)
    if earlier:
        await worker.record([result(first)])
    async with worker.connection.transaction():
        await worker.record([result(second)])
        setting = asyncio.create_task(
            operator.execute("select tollhouse_ops.set_hourly_threshold('acme', '', 100, 'race')")
        )
        await scene.until_waiting(1)
    await setting
    assert shut_off(scene)


async def test_spend_that_is_booked_while_a_threshold_is_set(scene: Scene) -> None:
    """It waits for the threshold, and reaches it."""
    scene.enqueue("acme", "ann", [Call(request_id="r0", cost=100)])
    (worker,) = await scene.workers(1)
    operator = await scene.connect("th_operator")
    calls = await worker.claim(1)
    async with operator.transaction():
        await operator.execute("select tollhouse_ops.set_hourly_threshold('acme', '', 100, 'race')")
        recording = asyncio.create_task(worker.record(result(call) for call in calls))
        await scene.until_waiting(1)
    assert (1, 0) == await recording
    assert shut_off(scene)
