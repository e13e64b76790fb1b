"""A half-open breaker lets exactly one probe out, across all workers."""

import asyncio

import pytest

from tests.race.scene import Call, Row, Scene, Worker, result

pytestmark = pytest.mark.race


async def claim_all_at_once(scene: Scene) -> list[tuple[Worker, Row]]:
    """Let twelve workers claim five calls each at once; return what they got."""
    workers = await scene.workers(12)
    claimed = await scene.at_once("workers", [worker.claim(5) for worker in workers])
    got = list(zip(workers, claimed, strict=True))
    while scene.outcomes().get("queued"):
        got.append((workers[0], await workers[0].claim(60)))
    return [(worker, call) for worker, calls in got for call in calls]


@pytest.mark.parametrize("outcome", ["success", "server_error", "not_sent"])
async def test_a_users_breaker_lets_one_probe_out(scene: Scene, outcome: str) -> None:
    """Of sixty calls after the cool-down one goes out; its outcome decides what is next."""
    scene.enqueue("acme", "ann", [Call(request_id=f"r{i}") for i in range(60)])
    scene.rows("select tollhouse_ops.open_breaker('mock', 'race', 'acme', 'ann', '1 microsecond')")
    got = await claim_all_at_once(scene)

    assert 1 == len(got)
    assert {"running": 1, "breaker_open": 59} == scene.outcomes()
    worker, probe = got[0]
    assert [{"state": "half_open", "probe_call_id": probe["call_id"]}] == scene.rows(
        "select state, probe_call_id from tollhouse_private.breakers"
    )

    await worker.record([result(probe, outcome)])
    scene.enqueue("acme", "ann", [Call(request_id=f"s{i}") for i in range(60)])
    again = await claim_all_at_once(scene)
    assert {"success": 60, "server_error": 0, "not_sent": 1}[outcome] == len(again)


async def test_a_providers_breaker_lets_one_probe_out(scene: Scene) -> None:
    """Calls of many tenants and users wait behind one probe; its success lets them all pass."""
    for number in range(60):
        scene.enqueue(f"tenant{number % 5}", f"user{number % 7}", [Call(request_id=f"r{number}")])
    scene.rows("select tollhouse_ops.open_breaker('mock', 'race', p_cooldown => '1 microsecond')")
    got = await claim_all_at_once(scene)

    assert 1 == len(got)
    assert {"running": 1, "breaker_open": 59} == scene.outcomes()

    worker, probe = got[0]
    await worker.record([result(probe)])
    scene.enqueue("acme", "ann", [Call(request_id=f"s{i}") for i in range(60)])
    assert 60 == len(await claim_all_at_once(scene))


@pytest.mark.parametrize("guard", ["budget", "rate limit"])
async def test_a_probe_that_another_guard_turns_away_leaves_its_turn(
    scene: Scene, guard: str
) -> None:
    """Older calls that may not go out keep no breaker open: the oldest that may is the probe."""
    scene.enqueue("poor", "eve", [Call(request_id=f"p{i}") for i in range(4)])
    for user in ("ann", "bob"):
        scene.enqueue("rich", user, [Call(request_id=f"{user}{i}") for i in range(2)])
    if guard == "budget":
        scene.rows("select tollhouse_ops.set_monthly_cap('poor', '', 0, 'race')")
    else:
        scene.rows("select tollhouse_ops.set_rate_limit('tenant', 'poor', 60, null, null, 'race')")
        scene.rows("update tollhouse_private.rate_limits set requests_available = 0")
    scene.rows("select tollhouse_ops.open_breaker('mock', 'race', p_cooldown => '1 microsecond')")
    scene.rows("select tollhouse_ops.open_breaker('mock', 'race', 'rich', 'bob', '1 microsecond')")

    (worker,) = await scene.workers(1)
    (probe,) = await worker.claim(100)

    assert "rich" == probe["tenant_id"]
    turned_away = {"monthly_cap_exceeded": 4} if guard == "budget" else {"scheduled": 4}
    assert {"running": 1, "breaker_open": 3} | turned_away == scene.outcomes()
    await worker.record([result(probe)])
    scene.enqueue("rich", "ann", [Call(request_id="next")])
    assert 1 == len(await worker.claim(100))


async def test_user_and_provider_probe_are_the_same_call(scene: Scene) -> None:
    """Where both breakers are due, one call probes both, and nobody else passes either."""
    for user in ("ann", "bob", "cyd"):
        scene.enqueue("acme", user, [Call(request_id=f"{user}{i}") for i in range(20)])
        scene.rows(
            "select tollhouse_ops.open_breaker('mock', 'race', 'acme', %s, '1 microsecond')", user
        )
    scene.rows("select tollhouse_ops.open_breaker('mock', 'race', p_cooldown => '1 microsecond')")
    got = await claim_all_at_once(scene)

    assert 1 == len(got)
    assert {"running": 1, "breaker_open": 59} == scene.outcomes()


async def test_a_breaker_that_opens_during_a_claim(scene: Scene) -> None:
    """A claim probes only what it has locked: a breaker that opened meanwhile is left alone."""
    scene.enqueue("acme", "ann", [Call(request_id="r0")])
    (worker,) = await scene.workers(1)
    scene.rows(
        "insert into tollhouse_private.provider_breakers (provider, state, open_until)"
        " values ('a', 'open', '2020-01-01'), ('mock', 'closed', null)"
    )
    other = await scene.connect("postgres")
    async with other.transaction():
        await other.execute(
            "select from tollhouse_private.provider_breakers where provider = 'a' for update"
        )
        claiming = asyncio.create_task(worker.claim())
        await scene.until_waiting(1)  # it has looked for open breakers, and waits for the first
        scene.rows(
            "update tollhouse_private.provider_breakers"
            " set state = 'open', open_until = '2020-01-01' where provider = 'mock'"
        )

    assert 1 == len(await claiming)
    assert "open" == scene.value(
        "select state from tollhouse_private.provider_breakers where provider = 'mock'"
    )
