"""An hour in the books of a stack, and pictures of the page that shows it."""

from dataclasses import dataclass
from pathlib import Path

from tests.support.chromium import Browser, chromium
from tollhouse_demo.caller import Caller
from tollhouse_demo.stack import Stack

CHARTS_DRAWN = "document.querySelectorAll('.uplot canvas').length === 2"
_WAITING = (("pinecrest-foods", "jonas.weber", 34), ("harborline-travel", "grace.kim", 21))


@dataclass(frozen=True)
class View:
    """How somebody looks at the page."""

    width: int = 1280
    height: int = 800
    dark: bool = False
    scripts: bool = True


VIEWS = {
    "page": View(),
    "dark": View(dark=True),
    "narrow": View(width=390, height=844),
    "narrowest": View(width=320, height=568),
    "between": View(width=800, height=1000),
    "without-scripts": View(scripts=False),
}


def an_hour(stack: Stack) -> None:
    """Fill the books by hand, then ask for more calls than the workers can make at once."""
    with stack.connect() as connection:
        connection.execute(Path(__file__).with_name("an_hour.sql").read_bytes())
    with stack.connect("app") as connection:
        for tenant, user, count in _WAITING:
            Caller(connection, tenant, user).enqueue_many(
                [
                    {"endpoint": "explanation", "request": {"prompt": f"Why did week {n} fall?"}}
                    for n in range(count)
                ]
            )


async def take(url: str, folder: Path, *, only: str | None = None) -> None:
    """Take every picture of VIEWS, or one, into a folder."""
    async with chromium() as browser:
        for name, view in VIEWS.items():
            if only in (None, name):
                await show(browser, url, view)
                await browser.screenshot(folder / f"{name}.png", whole=view.width < 500)


async def show(browser: Browser, url: str, view: View) -> None:
    """Open the page as somebody would see it, charts drawn."""
    await browser.look(width=view.width, height=view.height, dark=view.dark, scripts=view.scripts)
    await browser.open(url)
    if view.scripts:
        await browser.until(CHARTS_DRAWN)
