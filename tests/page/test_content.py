"""What the page says: to whoever reads HTML, from one read-only look at the database."""

import asyncio
import html
import io
import os
import re
import signal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from rich.console import Console

import tollhouse.page
from tests.page.support import BEARER, page_of, served
from tests.support.database import Database
from tests.support.waiting import PATIENCE
from tollhouse.connection import queries
from tollhouse.page.markup import Markup, element, joined
from tollhouse.page.snapshot import PageError, Reader
from tollhouse.page.words import age, money
from tollhouse.top import top

HOSTILE = "</td><script>alert('x')</script>\"&<img/src=x>"
AN_HOUR = Path(__file__).with_name("an_hour.sql").read_bytes()
CATALOG = """
select tollhouse_ops.set_provider('mock', 'test');
select tollhouse_ops.set_model('small', 'mock', 'mock-small', 'test');
select tollhouse_ops.set_price('small', 'input', 1000000, 'test');
select tollhouse_ops.set_price('small', 'output', 2000000, 'test');
select tollhouse_ops.set_task_type('route', 'test', p_models => array['small']);
"""


async def shown(database: Database, path: str = "/") -> str:
    """Return what the page answers."""
    async with (
        served(page_of(database)) as session,
        session.get(path, headers=BEARER) as response,
    ):
        assert response.status == 200
        return await response.text()


async def look(database: Database, login: str = "th_monitor") -> Any:
    """Return a snapshot."""
    async with Reader(database_url=database.url(login), application_name="test") as reader:
        return await reader.snapshot()


async def printed(database: Database, width: int = 220) -> tuple[int, str]:
    """Return how `tollhouse top --once` ends, and what it prints."""
    out = io.StringIO()
    console = Console(file=out, width=width, highlight=False)
    code = await asyncio.to_thread(top, database.url("th_monitor"), once=True, console=console)
    return code, out.getvalue()


async def test_an_empty_database_is_down_for_want_of_a_worker(pg18_database: Database) -> None:
    """Nothing is invented: no worker, no spend, no call."""
    text = await shown(pg18_database)
    assert "No worker is alive" in text
    assert "Nothing spent yet." in text
    assert "No calls yet." in text
    assert "Nobody" in text


async def test_the_three_questions_are_answered(pg18_database: Database) -> None:
    """Up or not, the cost against the caps, and who is stopped by what."""
    pg18_database.rows("select tollhouse_worker.register(gen_random_uuid(), 'w1', 8, '1')")
    with pg18_database.connect("postgres") as connection:
        connection.execute(CATALOG.encode())
        connection.execute(AN_HOUR)
    text = html.unescape(await shown(pg18_database))
    for said in (
        "1 worker alive; 4 stops in force.",
        "$39.87 of $40",
        "kill switch",
        "endpoint budget_optimization",
        "wrong answers since the new prompt",
        "mock-a for harborline-travel / ana.lima",
        "5 consecutive failures",
        "did not fit under the monthly cap",
        "all providers",
    ):
        assert said in text


async def test_text_of_users_stays_text(pg18_database: Database) -> None:
    """A request id, a reason, a tenant that look like markup are shown as they are written."""
    with pg18_database.connect("postgres") as connection:
        connection.execute(CATALOG.encode())
        connection.execute(
            "select tollhouse_ops.pull_kill_switch('tenant', 'acme', %s, 'acme')", (HOSTILE,)
        )
    with pg18_database.acting("acme", "ann") as connection:
        query = "select tollhouse.enqueue('route', '{\"prompt\": \"x\"}', %s)"
        connection.execute(query, (HOSTILE.replace(" ", ""),))
    for path in ("/", "/page/live"):
        text = await shown(pg18_database, path)
        assert "<script>alert" not in text
        assert "<img" not in text
        assert "&lt;script&gt;alert" in text


def test_markup_escapes_everything_that_is_not_markup() -> None:
    """Children, attributes, and what was joined before."""
    assert element("p", "<b>", title='"&') == '<p title="&quot;&amp;">&lt;b&gt;</p>'
    assert element("p", element("b", "&")) == "<p><b>&amp;</b></p>"
    assert joined("<", Markup("<br>")) == "&lt;<br>"
    assert element("a", "x", class_="y", hidden=True, aria_label=None) == (
        '<a class="y" hidden>x</a>'
    )


async def test_it_reads_and_never_writes(pg18_database: Database) -> None:
    """The transaction is read only, even for a login that might write."""
    assert queries("tollhouse.page")["begin"].endswith("read only;")
    assert "statement_timeout = '2s'" in queries("tollhouse.page")["limit_time"]
    with pg18_database.connect("th_operator") as connection:
        connection.execute(queries("tollhouse.page")["begin"])
        connection.execute(queries("tollhouse.page")["limit_time"])
        (limit,) = connection.execute("show statement_timeout").fetchone().values()  # type: ignore[union-attr]
        assert limit == "2s"
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute("select tollhouse_ops.stop_everything('x')")


async def test_a_client_can_not_feed_the_page(pg18_database: Database) -> None:
    """A login without the role is told what is missing."""
    with pytest.raises(PageError, match="tollhouse_monitor"):
        await look(pg18_database, "th_client")


async def test_without_a_database_it_says_so() -> None:
    """The page answers, and is not up."""
    from tests.page.support import TOKEN
    from tollhouse.settings import PageSettings

    page = PageSettings(token=TOKEN, database_url="postgresql://u:secret@127.0.0.1:1/x")
    async with served(page) as session, session.get("/", headers=BEARER) as response:
        assert response.status == 200
        text = await response.text()
    assert "Not readable" in text
    assert "secret" not in text


async def test_old_numbers_are_not_up(pg18_database: Database) -> None:
    """When the database goes away, neither the headline nor the card of it says Up."""
    pg18_database.rows("select tollhouse_worker.register(gen_random_uuid(), 'w1', 8, '1')")
    async with served(page_of(pg18_database)) as session:
        async with session.get("/", headers=BEARER) as response:
            assert '<strong class="chip up">Up</strong>' in await response.text()
        with pg18_database.connect("postgres") as connection:
            connection.execute("alter role th_monitor nologin")
            try:
                connection.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where usename = 'th_monitor'"
                )
                text = ""
                async with asyncio.timeout(PATIENCE):
                    while "Not readable" not in text:  # a look is shared for a second
                        async with session.get("/", headers=BEARER) as response:
                            text = await response.text()
            finally:
                connection.execute("alter role th_monitor login")
    assert '<html lang="en" class="stale">' in text
    assert "<strong>Up</strong>" not in text
    assert 2 == text.count(">Not readable</strong>")
    assert "w1" in text


async def test_a_hanging_database_is_not_waited_for(pg18_database: Database) -> None:
    """The answer comes before a browser would give up on the worker that serves the page."""
    async with Reader(database_url=pg18_database.url("th_monitor"), application_name="t") as reader:
        await reader.snapshot()
        with pg18_database.connect("postgres") as connection:
            query = "select pid from pg_stat_activity where usename = 'th_monitor'"
            (row,) = connection.execute(query.encode()).fetchall()
            pid = row["pid"]
            os.kill(pid, signal.SIGSTOP)
            try:
                async with asyncio.timeout(PATIENCE):
                    with pytest.raises(PageError, match="no answer within 6 seconds"):
                        await reader.snapshot()
            finally:
                os.kill(pid, signal.SIGCONT)
        assert (await reader.snapshot()).problem is None


@pytest.mark.parametrize(
    ("micro_usd", "text"),
    [(0, "$0"), (72, "$0.000072"), (9_403, "$0.0094"), (1_250_000, "$1.25"),
     (20_000_000, "$20"), (12_345_678_900, "$12,346"), (-2_500_000, "-$2.50")],
)  # fmt: skip
def test_money(micro_usd: int, text: str) -> None:
    """As many digits as the amount deserves."""
    assert money(micro_usd) == text


async def test_ages(pg18_database: Database) -> None:
    """Nothing is a dash."""
    at = (await look(pg18_database)).look.at
    assert age(at, at) == "0 s"
    assert age(None, at) == "\N{EN DASH}"


def _colors(css: str) -> list[dict[str, str]]:
    blocks = re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    return [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block)) for block in blocks]


def _luminance(color: str) -> float:
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_contrast(scheme: int) -> None:
    """Every colour of text stands out from what it may stand on by 4.5 or more."""
    css = Path(tollhouse.page.__file__).with_name("static").joinpath("page.css").read_text()
    colors = _colors(css)[scheme]
    pairs = [(text, "card") for text in ("ink", "muted", "accent", "good", "warn", "bad")]
    pairs += [("ink", "paper"), ("muted", "paper"), ("ink", "muted-soft")]
    pairs += [(name, f"{name}-soft") for name in ("good", "warn", "bad")]
    for text, ground in pairs:
        dark, light = sorted((_luminance(colors[text]), _luminance(colors[ground])))
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (text, ground)
