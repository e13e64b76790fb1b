"""Every lock of a claim and of a record comes in the order that ARCHITECTURE.md states.

auto_explain tells which rows each statement of theirs locked or wrote, rare branches included.
"""

import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from psycopg.errors import Diagnostic

from tests.race.scene import Call, Scene, Worker, result
from tests.support.guards import Edit, disabled, private

pytestmark = pytest.mark.race

ARCHITECTURE = Path(__file__).parents[2] / "ARCHITECTURE.md"
Locks = list[tuple[str, bool]]
"""Tables, and whether their locked rows would have been waited for."""
# Rows that nobody waits for: new with this call, its worker's own, or what a foreign key refers to.
UNCONTESTED = {
    *("llm_api_calls", "provider_attempts", "call_content", "deliveries", "ended_flights"),
    *("workers", "turns", "budget_optimization_jobs", "investigations", "models"),
}


def order() -> list[str]:
    """Return the tables of the paragraph, as it lists them."""
    text = ARCHITECTURE.read_text(encoding="utf-8")
    found = re.search(r"\*\*Locks have one order\*\*: (.*?);", text, re.DOTALL)
    assert found is not None
    return re.findall(r"`(\w+)`", found[1])


def rows_of(plan: dict[str, Any]) -> float:
    """Return how many rows a node has brought."""
    rows: float = plan["Actual Rows"] * plan["Actual Loops"]
    return rows


def scanned(plan: dict[str, Any]) -> Iterator[str]:
    """Yield the tables that a node reads, those of its subqueries left out."""
    if "Relation Name" in plan:
        yield plan["Relation Name"]
    for child in plan.get("Plans", ()):
        if child["Parent Relationship"] not in {"SubPlan", "InitPlan"}:
            yield from scanned(child)


def locked(plan: dict[str, Any]) -> Iterator[str]:
    """Yield the tables of which a plan has locked or written rows, what is below first."""
    for child in plan.get("Plans", ()):
        yield from locked(child)
    if plan["Node Type"] == "LockRows" and rows_of(plan):
        yield from scanned(plan)
    if plan["Node Type"] == "ModifyTable" and any(map(rows_of, plan["Plans"])):
        yield plan["Relation Name"]


@asynccontextmanager
async def watched(worker: Worker, all_seen: list[Locks]) -> AsyncIterator[None]:
    """Add in which order tables are locked meanwhile."""
    seen: Locks = []

    def note(message: str) -> None:
        told = json.loads(message.partition("plan:\n")[2])
        waits = "skip locked" not in told["Query Text"]
        # A partition has its table's name and a month.
        names = (re.sub(r"_\d{4}_\d\d$", "", name) for name in locked(told["Plan"]))
        seen.extend((name, waits) for name in names if name not in UNCONTESTED)

    def hear(told: Diagnostic) -> None:
        note(told.message_primary or "")

    worker.connection.add_notice_handler(hear)
    await worker.connection.execute(
        "load 'auto_explain'; set auto_explain.log_min_duration = 0;"
        " set auto_explain.log_nested_statements = on; set auto_explain.log_analyze = on;"
        " set auto_explain.log_timing = off; set auto_explain.log_format = json;"
        " set auto_explain.log_level = notice"
    )
    seen.clear()
    yield
    worker.connection.remove_notice_handler(hear)
    all_seen.append(seen)
    await worker.connection.execute("set auto_explain.log_min_duration = -1")


def wrong(seen: Locks, *, held: bool) -> list[tuple[str, str]]:
    """Return each table that was locked after one that comes later in the order.

    held: rows are locked again in the end, so only the first time counts; of jobs it always does.
    """
    places = {table: place for place, table in enumerate(order())}
    pairs: list[tuple[str, str]] = []
    known: set[str] = set()
    last = "jobs"
    for table, waits in seen:
        if waits and not (table in known and (held or table == "jobs")):
            if places[table] < places[last]:
                pairs.append((last, table))
            else:
                last = table
        known.add(table)
    return pairs


async def an_hour(scene: Scene) -> tuple[list[Locks], list[Locks]]:
    """Return in which order the tables were locked by claims and by records.

    Calls succeed, lead and follow, fail and are tried again, are late, bill too much and wait for
    a cap; breakers open and are probed, and a threshold shuts off.
    """
    scene.rows(
        "update tollhouse_private.providers"
        " set failure_threshold = 1, window_min_calls = 1, window_failure_share = 0.1"
    )
    worker = Worker(connection=await scene.connect("postgres"))
    await worker.register()
    scene.enqueue("acme", "ann", [Call(request_id=f"late-{n}") for n in range(2)])
    lost = await worker.claim(2)
    await worker.deregister()
    scene.rows("delete from tollhouse_private.jobs")
    await worker.register()
    scene.rows("select tollhouse_ops.set_monthly_cap('acme', '', 1000, 'race')")
    scene.rows("select tollhouse_ops.set_rate_limit('provider', 'mock', 1000, null, 100, 'race')")
    for user in ("ann", "bob"):
        scene.enqueue("acme", user, [Call(request_id=f"{n}") for n in range(3)])
    scene.enqueue("acme", "ann", [Call(request_id="leader", prompt="same", use_cache=True)])

    claims: list[Locks] = []
    records: list[Locks] = []
    async with watched(worker, claims):
        calls = await worker.claim(10)
    scene.enqueue("acme", "bob", [Call(request_id="follower", prompt="same", use_cache=True)])
    scene.enqueue("acme", "bob", [Call(request_id="waits", cost=500)])
    async with watched(worker, claims):
        assert [] == await worker.claim(10)
    assert {"coalesced", "running", "scheduled"} <= set(scene.outcomes())
    scene.rows("select tollhouse_ops.set_hourly_threshold('acme', '', 1, 'race')")
    ended = [
        result(call, "server_error")
        if number < 2 * len(calls) // 3 and number % 2
        else result(call, output_tokens=150 if number < 2 else 1)
        for number, call in enumerate(sorted(calls, key=lambda call: str(call["call_id"])))
    ]
    async with watched(worker, records):
        assert (7, 2) == await worker.record(
            [*(result(call, output_tokens=1) for call in lost), *ended]
        )
    for table in ("breakers", "provider_breakers"):
        scene.rows(f"update tollhouse_private.{table} set open_until = now() where state = 'open'")
    scene.rows("update tollhouse_private.hourly_shutoffs set disabled_until = null, mode = null")
    async with watched(worker, claims):
        probe = await worker.claim(10)
    async with watched(worker, records):
        await worker.record(map(result, probe))
    return claims, records


async def test_locks_come_in_order(scene: Scene) -> None:
    """Each step of a claim and of a record locks what comes next, and only what has a place."""
    claims, records = await an_hour(scene)
    listed = set(order())
    assert listed == {table for seen in (*claims, *records) for table, _ in seen}
    assert [] == [pair for claim in claims for pair in wrong(claim, held=True)]
    assert [] == [pair for record in records for pair in wrong(record, held=False)]


@pytest.mark.parametrize(
    ("step", "later"),
    [
        ("observe_users(v_light, p_now)", "book_hour(v_dues, p_now)"),
        ("settle_budget(v_dues, p_now)", "book_hour(v_dues, p_now)"),
        ("store_answers(v_settlements, p_now)", "observe_users(v_light, p_now)"),
    ],
)
async def test_a_step_in_another_place_is_seen(scene: Scene, step: str, later: str) -> None:
    """Two steps of settle that change places are out of order."""
    edits: list[Edit] = [
        private("settle", step, "nothing"),
        private("settle", later, step),
        private("settle", "tollhouse_private.nothing", f"tollhouse_private.{later}"),
    ]
    with disabled(scene, edits):
        _, records = await an_hour(scene)
    assert [] != [pair for record in records for pair in wrong(record, held=False)]
