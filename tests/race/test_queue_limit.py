"""A tenant's queue is bounded, and its enqueues wait for no other."""

import asyncio
from collections import Counter

import pytest
from psycopg.errors import DatabaseError

from tests.race.scene import Call, Scene

pytestmark = pytest.mark.race

ENQUEUE = "select tollhouse.enqueue('explanation', %s, p_use_cache => false)"
REQUEST = '{"prompt": "why?"}'


async def test_sessions_at_once(scene: Scene) -> None:
    """Eight sessions that each enqueue for themselves pass the limit by their number at most."""
    scene.rows("select tollhouse_ops.set_queue_limit('acme', 40, null, 'race')")

    async def fill() -> Counter[str]:
        connection = await scene.connect("th_client")
        outcomes: Counter[str] = Counter()
        for _ in range(20):
            try:
                async with connection.transaction():
                    await connection.execute("select tollhouse.set_identity('acme', 'ann')")
                    await connection.execute(ENQUEUE, [REQUEST])
                outcomes["queued"] += 1
            except DatabaseError as error:
                outcomes[str(error.sqlstate)] += 1
        return outcomes

    outcomes = sum(await asyncio.gather(*(fill() for _ in range(8))), Counter())
    assert {"queued", "TH112"} == set(outcomes)
    assert 160 == outcomes.total()
    assert 40 <= scene.outcomes()["queued"] == outcomes["queued"] < 40 + 8


async def test_an_open_transaction(scene: Scene) -> None:
    """It holds nobody up, evades no limit for itself, and counts for others when it commits."""
    scene.rows("select tollhouse_ops.set_queue_limit('acme', 10, null, 'race')")
    ann = ("acme", "ann")
    with scene.database.acting(*ann) as first:
        for _ in range(6):
            first.execute(ENQUEUE, [REQUEST])
        with scene.database.acting(*ann) as second:
            second.execute("set local lock_timeout = '2min'")
            for _ in range(6):
                second.execute(ENQUEUE, [REQUEST])
        for _ in range(2):  # those of the other count as soon as they are committed
            with pytest.raises(DatabaseError) as refused, first.transaction():
                first.execute(ENQUEUE, [REQUEST])
            assert "TH112" == refused.value.sqlstate
    assert {"queued": 12} == scene.outcomes()
    with pytest.raises(DatabaseError) as refused:
        scene.enqueue(*ann, [Call(request_id="one-more")])
    assert "TH112" == refused.value.sqlstate
