"""Numbers that stand beside one another, and which rows are shown first."""

import html
import io
from datetime import timedelta

from rich.console import Console

from tests.page.books import attempt_of_each_outcome, book, register
from tests.page.test_content import CATALOG, look, shown
from tests.support.database import Database
from tollhouse.page.snapshot import READ
from tollhouse.page.words import runs
from tollhouse.top import render

BUDGETS = """
insert into tollhouse_private.monthly_budgets (
  tenant_id, user_id, month, cap_micro_usd, reserved_micro_usd, spent_micro_usd
)
select v.tenant_id, '', date_trunc('month', now() at time zone 'UTC')::date, v.cap, 0, v.spent
from (
  values ('uncapped', null, 90000000), ('half', 2000000, 1000000), ('most', 100, 70),
    ('full', 10, 10)
) as v (tenant_id, cap, spent)
"""


async def test_who_spends_comes_before_who_may(pg18_database: Database) -> None:
    """Caps that are nearly full first; then by spend, whatever idle caps there are."""
    with pg18_database.connect("postgres") as connection:
        for number in range(9):
            connection.execute(
                "select tollhouse_ops.set_monthly_cap(%s, '', 1000000, 'test')", (f"idle-{number}",)
            )
        connection.execute(BUDGETS)
    spends = (await look(pg18_database)).spends
    assert [spend.tenant_id for spend in spends][:5] == [
        "full", "most", "uncapped", "half", "idle-0",
    ]  # fmt: skip
    assert spends[0].others == 5


async def test_a_model_that_bills_too_much_is_named(pg18_database: Database) -> None:
    """How many times too much, what that does to reservations, and what ends it."""
    with pg18_database.connect("postgres") as connection:
        connection.execute(CATALOG.encode())
    assert "bills too much" not in await shown(pg18_database)
    pg18_database.rows(
        "insert into tollhouse_private.model_overruns"
        " select model, (now() at time zone 'UTC')::date, null, 1234.567, gen_random_uuid(), now()"
        " from tollhouse_private.models order by model limit 1"
    )
    (overrun,) = (await look(pg18_database)).overruns
    said = html.unescape(await shown(pg18_database))
    assert (
        "one call was billed 1,235 times the most it can cost; no other was billed too much" in said
    )
    assert "TollhouseModelOverrun" in said
    assert f"select tollhouse_ops.forget_overrun('{overrun.model}', 'why')" in said
    pg18_database.rows("update tollhouse_private.model_overruns set factor = 1.4")
    assert "each call reserves 1.4 times that much" in await shown(pg18_database)


async def test_what_we_cut_short_is_not_the_provider_s_failure(pg18_database: Database) -> None:
    """Of all ways to end, those count that the provider or the way to it brought about."""
    attempt_of_each_outcome(pg18_database)
    book(pg18_database, "failed")
    outcomes = {
        row["outcome"]
        for row in pg18_database.rows("select outcome from tollhouse_private.attempt_outcomes")
    }
    ours = {"aborted", "cancelled", "interrupted", "abandoned", "not_sent"}
    assert ours < outcomes
    for latency in (await look(pg18_database)).latencies:
        assert latency.attempts == len(outcomes - ours)
        assert latency.failed == len(outcomes - ours - {"success"})


async def test_a_worker_holds_what_the_queue_says(pg18_database: Database) -> None:
    """Not what it said with its last heartbeat: two numbers of one card agree."""
    register(pg18_database)
    with pg18_database.connect("postgres") as connection:
        connection.execute(CATALOG.encode())
    with pg18_database.acting("acme", "ann") as connection:
        for number in range(3):
            ask = "select tollhouse.enqueue('route', '{\"prompt\": \"x\"}', %s)"
            connection.execute(ask, (f"r-{number}",))
    pg18_database.rows(
        "update tollhouse_private.jobs set state = 'running', started_at = now(),"
        " worker_id = (select worker_id from tollhouse_private.workers)"
    )
    snapshot = await look(pg18_database)
    assert [worker.holds for worker in snapshot.workers] == [3]
    assert "3 of 8" in await shown(pg18_database)
    assert "3 running" in await shown(pg18_database)


async def test_what_refuses_now_comes_first(pg18_database: Database) -> None:
    """Not what has refused most within the hour."""
    minutes = timedelta(minutes=1)
    for place, reason in enumerate(
        ("no_model", "breaker_open", "monthly_cap_exceeded", "hourly_shutoff", "price_unknown")
    ):
        book(pg18_database, "blocked", place + 1, reason=reason, ago=place * minutes)
    refusals = (await look(pg18_database)).refusals
    assert [refusal.calls for refusal in refusals] == [1, 2, 3, 4, 5]


async def test_calls_that_ended_alike_are_one_row(pg18_database: Database) -> None:
    """With how many they are and of how many others; each answer stands for itself."""
    second = timedelta(seconds=1)
    book(pg18_database, "success", 2, provider="mock", ago=9 * second)
    book(pg18_database, "blocked", 3, reason="breaker_open", ago=8 * second)
    book(pg18_database, "blocked", 1, reason="breaker_open", user="bob", ago=7 * second)
    book(pg18_database, "blocked", 1, reason="no_model", ago=6 * second)
    found = runs((await look(pg18_database)).calls)
    assert [(run.outcome, run.who) for run in found] == [
        ("no model", "acme / ann"),
        ("breaker open \N{MULTIPLICATION SIGN}4", "acme / bob +1"),
        ("success", "acme / ann"),
        ("success", "acme / ann"),
    ]
    book(pg18_database, "blocked", READ, reason="breaker_open")
    (run,) = runs((await look(pg18_database)).calls)
    assert run.outcome == f"breaker open \N{MULTIPLICATION SIGN}{READ}+"
    out = io.StringIO()
    short = render(await look(pg18_database), lines=24)
    Console(file=out, width=80, highlight=False).print(short)
    assert run.outcome in out.getvalue()
    assert f"breaker open \N{MULTIPLICATION SIGN}{READ}+" in await shown(pg18_database)
