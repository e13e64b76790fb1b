"""Enqueueing locks nothing that two calls share."""

import pytest

from tests.race.scene import Call, Scene, result

pytestmark = pytest.mark.race


async def test_an_open_enqueue_holds_no_other_up(scene: Scene) -> None:
    """A user's second transaction does not wait for the first, under caps, limits, thresholds."""
    for user in ("", "ann"):
        scene.rows("select tollhouse_ops.set_monthly_cap('acme', %s, 1000000, 'race')", user)
        scene.rows("select tollhouse_ops.set_hourly_threshold('acme', %s, 1000000, 'race')", user)
    for scope, target in (("tenant", "acme"), ("provider", "mock"), ("model", "small")):
        scene.rows(
            "select tollhouse_ops.set_rate_limit(%s, %s, 1000, 1000000, 100, 'race')", scope, target
        )
    # A call that is over has made every counter's row.
    scene.enqueue("acme", "ann", [Call(request_id="r0")])
    (worker,) = await scene.workers(1)
    await worker.record(result(call) for call in await worker.claim())

    ann = ("acme", "ann")
    with scene.database.acting(*ann) as first, scene.database.acting(*ann) as second:
        second.execute("set local lock_timeout = '2min'")
        for number, connection in enumerate((first, second, first), 1):
            connection.execute(
                "select tollhouse.enqueue('explanation', '{\"prompt\": \"same\"}', %s)",
                [f"r{number}"],
            )
    assert {"success": 1, "queued": 3} == scene.outcomes()
