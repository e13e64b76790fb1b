"""The page in Chromium: drawn, live, usable without a mouse, without colours, without scripts."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.page.pictures import VIEWS, an_hour, show
from tests.support.chromium import PROGRAM, Browser, chromium
from tests.support.servers import missing
from tests.support.waiting import PATIENCE
from tollhouse_demo.stack import Stack

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(PROGRAM is None, reason="Chromium is not installed (Debian: chromium)"),
]
PICTURES = Path(__file__).parents[2] / "artifacts" / "page"
WIDTH = "document.documentElement.scrollWidth"
OVERFLOWING = """
[...document.querySelectorAll(".card, .card table")]
  .filter((each) => each.scrollWidth > each.closest(".card").clientWidth)
  .map((each) => each.textContent.slice(0, 40))
"""

BROKEN_WORDS = """
[...document.querySelectorAll(".name .cut, .whose .cut")].flatMap((each) =>
  [...each.textContent.matchAll(/[^ -]+/g)].filter((word) => {
    const range = document.createRange();
    range.setStart(each.firstChild, word.index);
    range.setEnd(each.firstChild, word.index + word[0].length);
    return range.getClientRects().length > 1;
  }).map((word) => word[0]))
"""
COUNT_LOOKS = """
(() => {
  const looked = window.fetch;
  window.looks = 0;
  window.fetch = (...what) => looked(...what).finally(() => { window.looks += 1; });
})()
"""
GROW = """
for (const [cells, text] of [
  ["#cost td:nth-child(3)", "$12,345 of $123,456"],
  ["#latency td:last-child", "12,345 of 123,456"],
  ["#queue td", "12,345"],
]) for (const cell of document.querySelectorAll(cells)) cell.textContent = text
"""


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """Yield a stack with an hour in its books and calls under way."""
    if reason := missing("pg18"):
        pytest.skip(reason)
    directory = Path(tempfile.mkdtemp(prefix="tollhouse-page-", dir="/var/tmp"))
    try:
        environ = {"TOLLHOUSE_CONCURRENCY": "4"}
        with Stack(directory, latency_ms=400, worker_environ=environ) as stack:
            an_hour(stack)
            yield stack
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Yield a browser; whatever its console complains of fails the test."""
    async with chromium() as browser:
        yield browser
        assert browser.problems == []


@pytest.mark.parametrize("name", VIEWS)
async def test_pictures(stack: Stack, browser: Browser, name: str) -> None:
    """It fits every window, no name breaks within a word, and the picture of it is kept."""
    view = VIEWS[name]
    await show(browser, stack.page_url, view)
    assert await browser.evaluate(WIDTH) <= view.width
    assert await browser.evaluate(OVERFLOWING) == []
    assert await browser.evaluate(BROKEN_WORDS) == []
    await browser.screenshot(PICTURES / f"{name}.png", whole=view.width < 500)
    assert (PICTURES / f"{name}.png").stat().st_size > 20_000


@pytest.mark.parametrize("name", ["page", "narrow", "narrowest"])
async def test_long_names_fit(stack: Stack, browser: Browser, name: str) -> None:
    """The longest tenant and user take two lines of a table, and run out of nothing."""
    long = "-".join(["tenant"] * 18)
    with stack.connect() as connection:
        connection.execute(
            "insert into tollhouse_private.monthly_budgets"
            " (tenant_id, user_id, month, cap_micro_usd, spent_micro_usd)"
            " select %s, %s, date_trunc('month', now() at time zone 'UTC')::date, 10, 10",
            (long, "u" * 128),
        )
        try:
            await show(browser, stack.page_url, VIEWS[name])
            await browser.until(f"document.getElementById('cost').textContent.includes('{long}')")
            assert await browser.evaluate(WIDTH) <= VIEWS[name].width
            assert await browser.evaluate(OVERFLOWING) == []
            tallest = (
                "Math.max(...[...document.querySelectorAll('#cost th')].map(t => t.clientHeight))"
            )
            assert await browser.evaluate(tallest) < 60
        finally:
            connection.execute(
                "delete from tollhouse_private.monthly_budgets where tenant_id = %s", (long,)
            )


@pytest.mark.parametrize("name", ["page", "narrow", "narrowest"])
async def test_large_numbers_fit(stack: Stack, browser: Browser, name: str) -> None:
    """A busy hour is wider than a quiet one; the page is not."""
    await show(browser, stack.page_url, VIEWS[name])
    grown = await browser.evaluate(f"{GROW}; [{WIDTH}, {OVERFLOWING}]")
    assert grown == [VIEWS[name].width, []]


async def test_what_ends_a_stop_stays_unfolded(stack: Stack, browser: Browser) -> None:
    """Until somebody has copied it, however often the numbers around it move."""
    await show(browser, stack.page_url, VIEWS["page"])
    unfolded = "document.querySelector('#blocked details')"
    await browser.evaluate(f"{unfolded}.querySelector('summary').focus()")
    await browser.evaluate(f"{unfolded}.open = true; {unfolded}.classList.add('old')")
    await browser.until(f"!{unfolded}.classList.contains('old')")
    assert await browser.evaluate(f"{unfolded}.open")
    assert await browser.evaluate("document.activeElement.tagName") == "SUMMARY"
    await browser.evaluate(f"getSelection().selectAllChildren({unfolded}.querySelector('code'))")
    await browser.evaluate(f"{unfolded}.classList.add('old')")
    await browser.evaluate(COUNT_LOOKS)
    await browser.until("looks >= 3")  # two of them are drawn
    assert await browser.evaluate(f"{unfolded}.classList.contains('old')")
    assert "lift_kill_switch" in await browser.evaluate("getSelection().toString()")


async def test_the_token_is_not_in_the_address(stack: Stack, browser: Browser) -> None:
    """It was exchanged for a cookie that scripts can't read."""
    await show(browser, stack.page_url, VIEWS["page"])
    assert await browser.evaluate("location.search") == ""
    assert await browser.evaluate("document.cookie") == ""


async def test_it_moves_while_you_watch(stack: Stack, browser: Browser) -> None:
    """A kill switch is in the headline within seconds, without loading the page again."""
    await show(browser, stack.page_url, VIEWS["page"])
    await browser.evaluate("window.same = true")
    with stack.connect("operator") as operator:
        operator.execute("select tollhouse_ops.stop_everything('seen live')")
        status = "document.getElementById('status').textContent"
        try:
            await browser.until(f"{status}.includes('refused by a kill switch')")
            assert await browser.evaluate("document.title") == "Stopped · Tollhouse"
            assert "seen live" in await browser.evaluate(
                "document.getElementById('blocked').textContent"
            )
        finally:
            operator.execute("select tollhouse_ops.resume_everything('seen')")
    await browser.until(f"!{status}.includes('refused by a kill switch')")
    assert await browser.evaluate("window.same") is True


async def test_it_says_when_it_is_not_live(stack: Stack, browser: Browser) -> None:
    """Old numbers never look like new ones."""
    await show(browser, stack.page_url, VIEWS["page"])
    await browser.send("Network.enable")
    await browser.send("Network.clearBrowserCookies")
    await browser.until("document.title === 'Not live · Tollhouse'")
    status = await browser.evaluate("document.getElementById('status').textContent")
    assert "token again" in status
    up = await browser.evaluate("document.getElementById('up').textContent")
    assert up.startswith("Unknown")
    assert await browser.evaluate("document.documentElement.classList.contains('stale')")
    browser.problems.clear()  # the console tells of the 401


async def test_a_screen_reader_gets_it_all(stack: Stack, browser: Browser) -> None:
    """Landmarks, questions as headings, captions, a polite status; no chart without its table."""
    await show(browser, stack.page_url, VIEWS["page"])
    names = await browser.names()
    async with asyncio.timeout(PATIENCE):
        while ("heading", "Is it up?") not in names:
            names = await browser.names()
    roles = {role for role, _ in names}
    assert {"main", "banner", "contentinfo", "status", "table"} <= roles
    for name in ("Is it up?", "What does it cost?", "Who is blocked, and why?"):
        assert ("heading", name) in names
        assert ("region", name) in names
    tables = {name for role, name in names if role == "table"}
    assert {"Workers", "Calls per minute, UTC", "The latest calls"} <= tables
    assert not {role for role, _ in names if role in ("Canvas", "canvas")}


async def test_the_keyboard_is_enough(stack: Stack, browser: Browser) -> None:
    """The first tab stop leads to the numbers, and is visible then."""
    await show(browser, stack.page_url, VIEWS["page"])
    await browser.press("Tab", 9)
    assert await browser.evaluate("document.activeElement.className") == "skip"
    left = await browser.evaluate("document.activeElement.getBoundingClientRect().left")
    assert left >= 0
    outline = await browser.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


async def test_nothing_comes_from_elsewhere(stack: Stack, browser: Browser) -> None:
    """Every file is the worker's own."""
    await show(browser, stack.page_url, VIEWS["page"])
    names = await browser.evaluate(
        "performance.getEntriesByType('resource').map((entry) => new URL(entry.name).origin)"
    )
    assert set(names) == {await browser.evaluate("location.origin")}
