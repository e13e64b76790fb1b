"""What is said of a stop: what it stops, who pulled it, its runbook, and what ends it."""

import html
import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.page.books import book, open_breaker, register
from tests.page.test_content import AN_HOUR, CATALOG, look, printed, shown
from tests.support.database import Database
from tollhouse.page.stops import ending, phrase, runbook, what, why

RUNBOOKS = Path(__file__).parents[2] / "docs" / "ops" / "runbooks"
ODD = "o.hara:co@x-1"


@pytest.fixture
def stopped(pg18_database: Database) -> Database:
    """Return a database in which everything that can stop calls does, for an odd tenant."""
    register(pg18_database)
    with pg18_database.connect("postgres") as connection:
        connection.execute(CATALOG.encode())
    with pg18_database.connect("th_operator") as operator:
        for scope, target in (("global", "*"), ("provider", "mock"), ("tenant", ODD)):
            pull = "select tollhouse_ops.pull_kill_switch(%s, %s, 'a loop')"
            operator.execute(pull, (scope, target))
        operator.execute(
            "select tollhouse_ops.pull_kill_switch('user', 'ann', 'a loop', %s)", (ODD,)
        )
        operator.execute(
            "select tollhouse_ops.set_shutoff(%s, '', now() + interval '1 hour', 'test')", (ODD,)
        )
        operator.execute("select tollhouse_ops.set_monthly_cap(%s, 'ann', 0, 'test')", (ODD,))
    open_breaker(pg18_database, "mock")
    open_breaker(pg18_database, "mock", ODD, "ann")
    return pg18_database


async def test_each_can_be_ended_as_it_says(stopped: Database) -> None:
    """The statement is the operator's, and after it the stop is gone."""
    found = (await look(stopped)).stops
    assert len(found) == 8
    for stop in found:
        assert (RUNBOOKS / f"{runbook(stop)}.md").exists()
        with stopped.connect("th_operator") as operator:
            operator.execute(ending(stop).replace(":micro_usd", "1000000").encode())
        left = [what(other) for other in (await look(stopped)).stops if other.guard == stop.guard]
        assert what(stop) not in left
    assert (await look(stopped)).stops == []


async def test_names_are_quoted(stopped: Database) -> None:
    """No name, however it came to be, ends its literal."""
    (stop,) = [stop for stop in (await look(stopped)).stops if stop.guard == "hourly_shutoff"]
    assert ending(replace(stop, tenant_id="o'hara")) == (
        "select tollhouse_ops.lift_shutoff('o''hara', '', 'why')"
    )


async def test_page_and_top_say_what_to_do(stopped: Database) -> None:
    """The runbook's name and the statement; who pulled a switch, and since when."""
    page = html.unescape(await shown(stopped))
    _, screen = await printed(stopped)
    for text in (page, screen):
        assert "TollhouseKillSwitchPulled" in text
        assert "select tollhouse_ops.resume_everything('why')" in text
        assert "a loop, by th_operator" in text
    assert re.search(r"stopped by +what +why +since +left", screen)
    assert re.search(r"everything +a loop, by th_operator +\d+ s", screen)


async def test_one_cause_is_one_row(pg18_database: Database) -> None:
    """The breakers of a provider's users are counted, named, and closed by one statement."""
    register(pg18_database)
    with pg18_database.connect("postgres") as connection:
        connection.execute(CATALOG.encode())
    for number in range(5):
        open_breaker(pg18_database, "mock", "acme", f"user-{number}")
    (stop,) = (await look(pg18_database)).stops
    assert what(stop) == phrase(stop) == "mock: 5 users' breakers open"
    assert stop.reason == "acme / user-4, acme / user-3, acme / user-2 and 2 more"
    with pg18_database.connect("th_operator") as operator:
        operator.execute(ending(stop).encode())
    assert (await look(pg18_database)).stops == []


async def test_a_cap_that_refuses_is_a_stop(pg18_database: Database) -> None:
    """So is one that a call did not fit under lately; while others may, it is nearly full."""
    with pg18_database.connect("postgres") as connection:
        connection.execute(CATALOG.encode())
        connection.execute(AN_HOUR)
        connection.execute("select tollhouse_ops.set_monthly_cap('idle', '', 0, 'not yet')")
    caps = [stop for stop in (await look(pg18_database)).stops if stop.guard == "monthly_cap"]
    assert [(what(stop), why(stop)) for stop in caps] == [
        ("idle", "$0 of $0 spent"),
        ("velora-beauty", "nearly full: $39.87 of $40 spent"),
    ]
    assert [phrase(stop) for stop in caps] == [
        "monthly cap stops idle",
        "monthly cap of velora-beauty is nearly full",
    ]
    with pg18_database.connect("postgres") as connection:
        connection.execute(
            "select tollhouse_ops.set_monthly_cap('velora-beauty', '', 60000000, 'agreed')"
        )
    caps = [stop for stop in (await look(pg18_database)).stops if stop.guard == "monthly_cap"]
    assert ["idle"] == [what(stop) for stop in caps]


async def test_a_cap_speaks_as_the_costs_do(pg18_database: Database) -> None:
    """Small sums are not rounded to the same two digits, and what is reserved is said."""
    pg18_database.rows("select tollhouse_ops.set_monthly_cap('acme', '', 60000, 'test')")
    pg18_database.rows(
        "update tollhouse_private.monthly_budgets"
        " set spent_micro_usd = 58100, reserved_micro_usd = 1500"
    )
    book(pg18_database, "blocked", reason="monthly_cap_exceeded")
    (stop,) = (await look(pg18_database)).stops
    assert why(stop) == "nearly full: $0.0581 of $0.0600 spent, $0.0015 reserved"
    assert "$0.0581 of $0.0600" in await shown(pg18_database)
