"""The headline: a worker that is alive is not yet a gate that works."""

import html
from datetime import timedelta

import pytest

from tests.page.books import book, open_breaker, register
from tests.page.test_content import CATALOG, look, printed, shown
from tests.support.database import Database
from tollhouse.cli import main
from tollhouse.page.html import SECTIONS
from tollhouse.page.verdict import judge
from tollhouse.page.words import at_least

MINUTE = timedelta(minutes=1)


@pytest.fixture
def town(pg18_database: Database) -> Database:
    """Return a database with a worker, one endpoint and two providers."""
    register(pg18_database)
    with pg18_database.connect("postgres") as connection:
        connection.execute(CATALOG.encode())
        connection.execute("select tollhouse_ops.set_provider('other', 'test')")
    return pg18_database


async def test_a_provider_that_answers_nobody_is_down(town: Database) -> None:
    """Open breakers end nearly every call as blocked: nothing fails, and nothing works."""
    for user in ("ann", "bob", "cy"):
        open_breaker(town, "mock", "acme", user)
    open_breaker(town, "mock")
    for ago in range(5):
        book(town, "blocked", 380, reason="breaker_open", user="ann", ago=ago * MINUTE)
        book(town, "success", 9, cached=True, user="bob", ago=ago * MINUTE)
    book(town, "failed", 2, provider="mock")
    said = "mock does not answer: 700 or more calls refused (breaker open) and 2 failed"
    text = html.unescape(await shown(town))
    assert (
        f'<strong class="chip down">Down</strong> {said} in the last two minutes; 1 worker alive'
        in text
    )
    assert "runbook TollhouseBreakerOpen" in text
    assert "some of the calls" not in text
    assert ">Up<" not in text
    code, screen = await printed(town)
    assert code == 1
    assert f" Down  {said}" in screen
    assert " Up " not in screen


@pytest.mark.parametrize(
    ("answered", "failed", "level", "word"),
    [
        (0, 2, "up", "Up"),
        (0, 3, "down", "Down"),
        (2, 3, "behind", "Failing"),
        (3, 3, "up", "Up"),
    ],
)
async def test_failing_is_not_up(
    town: Database, answered: int, failed: int, level: str, word: str
) -> None:
    """A worker whose calls fail is alive, and no use."""
    book(town, "success", answered, provider="other")
    book(town, "failed", failed, provider="mock")
    verdict = judge(await look(town))
    assert (verdict.level, verdict.word) == (level, word)
    assert ("mock does not answer" in verdict.sentence) is (level != "up")


@pytest.mark.parametrize("reason", ["no_model", "price_unknown"])
async def test_what_nobody_chose_is_not_answered(town: Database, reason: str) -> None:
    """A catalog that serves no call is as bad as a provider that serves none."""
    open_breaker(town, "other")
    book(town, "blocked", 12, reason=reason)
    verdict = judge(await look(town))
    assert verdict.level == "down"
    said = reason.replace("_", " ")
    assert f"No call is answered: 10 or more calls refused ({said})" in verdict.sentence
    assert "first-traffic-checklist" in verdict.sentence


@pytest.mark.parametrize(
    "reason",
    ["provider_kill_switch", "hourly_shutoff", "monthly_cap_exceeded", "max_cost_exceeded"],
)
async def test_what_somebody_chose_is_not_an_outage(town: Database, reason: str) -> None:
    """Caps and switches do what they are for."""
    book(town, "blocked", 12, reason=reason)
    assert judge(await look(town)).level == "up"


async def test_one_user_is_not_everybody(town: Database) -> None:
    """However often one asks whose breaker is open, others are answered."""
    open_breaker(town, "mock", "acme", "ann")
    book(town, "blocked", 500, reason="breaker_open", user="ann")
    for user in ("bob", "cy"):
        book(town, "success", 3, user=user, provider="mock")
    verdict = judge(await look(town))
    assert verdict.level == "up"
    assert verdict.sentence == "1 worker alive; breaker stops mock for acme / ann."


async def test_one_refused_call_is_one_call(town: Database) -> None:
    """Singular and plural are right in the headline."""
    book(town, "blocked", 1, reason="price_unknown")
    book(town, "failed", 2, provider="mock")
    sentence = judge(await look(town)).sentence
    assert ": 1 call refused (price unknown) and 2 failed in the last two minutes;" in sentence


async def test_it_is_judged_by_when_calls_ended(town: Database) -> None:
    """Those that were asked for long ago and end now count; those that ended minutes ago don't."""
    book(town, "failed", 9, provider="mock", ago=3 * MINUTE)
    assert judge(await look(town)).level == "up"
    book(town, "failed", 9, provider="mock", took=30 * MINUTE)
    assert judge(await look(town)).level == "down"


async def test_stops_are_named_until_they_are_many(town: Database) -> None:
    """Up to three are in the headline, more are counted."""
    pull = "select tollhouse_ops.pull_kill_switch(%s, %s, 'test')"
    town.rows(pull, "tenant", "globex", login="th_operator")
    town.rows(pull, "endpoint", "route", login="th_operator")
    sentence = judge(await look(town)).sentence
    assert "kill switch stops tenant globex" in sentence
    assert "kill switch stops endpoint route" in sentence
    for tenant in ("one", "two"):
        town.rows(pull, "tenant", tenant, login="th_operator")
    assert judge(await look(town)).sentence == "1 worker alive; 4 stops in force."


@pytest.mark.parametrize(
    "reason", ["provider_kill_switch", "hourly_shutoff", "monthly_cap_exceeded", "breaker_open"]
)
async def test_what_is_over_is_not_said_of_now(town: Database, reason: str) -> None:
    """Once a switch is lifted nothing is refused by it, whatever it refused a second ago."""
    book(town, "blocked", 2, reason=reason)
    snapshot = await look(town)
    assert judge(snapshot).sentence == "1 worker alive, nothing stands in the way."
    assert "Nobody" in SECTIONS["blocked"](snapshot)
    _, screen = await printed(town)
    assert "Blocked: nobody" in screen


@pytest.mark.parametrize(("minutes", "said"), [(1, True), (3, False)])
async def test_a_refusal_without_a_stop_is_said(town: Database, minutes: int, said: bool) -> None:
    """A call without a price is refused though nothing is stopped, until it was a while ago."""
    book(town, "blocked", 2, reason="price_unknown", ago=minutes * MINUTE)
    snapshot = await look(town)
    sentence = "1 worker alive; some calls are refused: price unknown; "
    assert (f"{sentence}runbook first-traffic-checklist." == judge(snapshot).sentence) is said
    assert ("Some calls" in SECTIONS["blocked"](snapshot)) is said
    assert ("Nobody" in SECTIONS["blocked"](snapshot)) is not said


async def test_an_idle_hour_is_not_a_problem(town: Database) -> None:
    """A registered worker and nothing to do is up."""
    verdict = judge(await look(town))
    assert (verdict.level, verdict.sentence) == ("up", "1 worker alive, nothing stands in the way.")


async def test_a_global_kill_switch_is_the_headline(town: Database) -> None:
    """Stopped is not up, and an exit code says so."""
    town.rows("select tollhouse_ops.stop_everything('test')", login="th_operator")
    verdict = judge(await look(town))
    assert verdict.level == "stopped"
    assert "TollhouseKillSwitchPulled" in verdict.sentence


def test_stopped_is_an_exit_code(town: Database, capsys: pytest.CaptureFixture[str]) -> None:
    """`--once` tells a script that nothing works, as its help says."""
    command = ["top", "--once", "--database-url", town.url("th_monitor")]
    assert main(command) == 0
    town.rows("select tollhouse_ops.stop_everything('test')", login="th_operator")
    assert main(command) == 1
    with pytest.raises(SystemExit):
        main(["top", "--help"])
    assert "stopped by a switch" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("number", "text"),
    [(3, "3"), (10, "10 or more"), (312, "300 or more"), (1903, "1,000 or more")],
)
def test_a_count_that_stands_still(number: int, text: str) -> None:
    """A headline is read out whenever it changes."""
    assert at_least(number) == text
