"""Whoever comes waits for one turn of each of the others, in the claim and under every limit."""

from collections import Counter
from typing import Any, LiteralString

import pytest

from tests.race.scene import Call, Scene, result
from tests.support import leases

pytestmark = [pytest.mark.race, pytest.mark.timeout(600)]

BACKLOG = 300
CALLS = 5
# A claim takes the time from the server's clock. So the past is moved instead, and what the machine
# took since the last claim is taken back: on a busy one it would be more than what passes.
PASS: tuple[LiteralString, ...] = (
    """
    update tollhouse_private.rate_limits
    set refilled_at = refilled_at - %s::interval + (clock_timestamp() - %s)
    """,
    """
    update tollhouse_private.jobs
    set run_at = run_at - %s::interval + (clock_timestamp() - %s)
    where state = 'scheduled'
    """,
)
LIMITS = {
    "requests": (60, None, None),
    "tokens": (None, 6060, None),  # a call counts as a hundred and one
    "in flight": (None, None, 4),
}
NEWCOMERS = {"a tenant": ("globex", "gus"), "a user": ("acme", "bea")}


class Service:
    """A worker's claims at times of the test's own."""

    def __init__(self, scene: Scene, worker: Any) -> None:
        self.scene = scene
        self.worker = worker
        self.since = scene.value("select clock_timestamp()")

    async def after(self, passes: str, limit: int) -> list[tuple[str, str]]:
        """Let time pass, claim, record; return whose calls were served."""
        scene = self.scene
        for query in PASS:
            scene.rows(query, passes, self.since)
        self.since = scene.value("select clock_timestamp()")
        return await serve(scene, self.worker, limit)


async def serve(scene: Scene, worker: Any, limit: int) -> list[tuple[str, str]]:
    """Claim and record; return whose calls were served."""
    claimed = await worker.claim(limit)
    await worker.record(result(call) for call in claimed)
    owners = {
        row["call_id"]: (row["tenant_id"], row["user_id"])
        for row in scene.rows("select * from tollhouse_private.llm_api_calls")
    }
    return [owners[call["call_id"]] for call in claimed]


def worst_wait(claims: list[list[tuple[str, str]]], newcomer: tuple[str, str]) -> int:
    """Return how many calls any other had had, beyond the newcomer's own, after one of the claims.

    To another tenant's newcomer, the users of a tenant are one.
    """
    alone = newcomer[0] not in {who[0] for served in claims for who in served if who != newcomer}
    counts: Counter[str] = Counter()
    worst = 0
    for served in claims:
        counts.update(
            "newcomer" if who == newcomer else who[0] if alone else who[1] for who in served
        )
        mine = counts["newcomer"]
        worst = max([worst, *(count - mine for count in counts.values() if mine < CALLS)])
    return worst


@pytest.mark.parametrize("newcomer", NEWCOMERS.values(), ids=NEWCOMERS)
@pytest.mark.parametrize("scope", ["tenant", "provider", "model"])
@pytest.mark.parametrize("limit", LIMITS.values(), ids=LIMITS)
async def test_a_newcomer_under_a_limit(
    scene: Scene,
    limit: tuple[int | None, int | None, int | None],
    scope: str,
    newcomer: tuple[str, str],
) -> None:
    """A backlog of three hundred stands in line when five calls of somebody else come."""
    if scope == "tenant" and newcomer[0] != "acme":
        pytest.skip("a tenant's limit is its own")
    target = {"tenant": "acme", "provider": "mock", "model": "small"}[scope]
    scene.rows(
        "select tollhouse_ops.set_rate_limit(%s, %s, %s, %s, %s, 'race')", scope, target, *limit
    )
    scene.rows(
        "update tollhouse_private.rate_limits set requests_available = 0, tokens_available = 0"
    )
    for user in ("ann", "cid"):
        calls = [Call(request_id=f"{user}-{i}") for i in range(BACKLOG // 2)]
        scene.enqueue("acme", user, calls)
    leases.lengthen(scene)
    (worker,) = await scene.workers(1)
    service = Service(scene, worker)
    for _ in range(20):
        await service.after("0.3 seconds", 40)

    scene.enqueue(*newcomer, [Call(request_id=f"new-{i}") for i in range(CALLS)])
    claims: list[list[tuple[str, str]]] = []
    # Calls that end sooner than those deferred look again must not be followed by the backlog's.
    step = "0.01 seconds" if limit[2] else "0.15 seconds"
    for _ in range(200):
        claims.append(await service.after(step, 40))
        if CALLS == sum(served.count(newcomer) for served in claims):
            break
    assert CALLS == sum(served.count(newcomer) for served in claims)
    # One turn each, and what the claim that saw it first had already decided.
    assert 2 >= worst_wait(claims, newcomer)


@pytest.mark.parametrize("newcomer", NEWCOMERS.values(), ids=NEWCOMERS)
@pytest.mark.parametrize("limit", [1, 3, 10])
async def test_a_newcomer_without_a_limit(
    scene: Scene, limit: int, newcomer: tuple[str, str]
) -> None:
    """Claims of any size give the newcomer every turn that is due."""
    for user in ("ann", "cid"):
        calls = [Call(request_id=f"{user}-{i}") for i in range(BACKLOG // 2)]
        scene.enqueue("acme", user, calls)
    leases.lengthen(scene)
    (worker,) = await scene.workers(1)
    for _ in range(3):
        await serve(scene, worker, limit)
    scene.enqueue(*newcomer, [Call(request_id=f"new-{i}") for i in range(CALLS)])
    claims: list[list[tuple[str, str]]] = []
    for _ in range(60):
        claims.append(await serve(scene, worker, limit))
        if CALLS == sum(served.count(newcomer) for served in claims):
            break
    assert CALLS == sum(served.count(newcomer) for served in claims)
    assert 2 >= worst_wait(claims, newcomer)
