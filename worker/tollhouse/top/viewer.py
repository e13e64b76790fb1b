"""Reads a snapshot now and then, and shows it until somebody has seen enough."""

import asyncio

from rich.console import Console
from rich.live import Live

from tollhouse.page.reader import PageError, Reader
from tollhouse.page.snapshot import Snapshot
from tollhouse.page.verdict import judge
from tollhouse.top.screen import render

__all__ = ["top"]


def top(
    database_url: str, *, seconds: float = 2.0, once: bool = False, console: Console | None = None
) -> int:
    """Show until Ctrl-C, or once. Returns 1 if it was shown once and is not up."""
    console = console or Console(highlight=False)
    return asyncio.run(_top(database_url, seconds, once, console))


async def _top(database_url: str, seconds: float, once: bool, console: Console) -> int:
    async with Reader(database_url=database_url, application_name="tollhouse-top") as reader:
        if once:
            snapshot = await reader.snapshot()
            console.print(render(snapshot, columns=console.width))
            return 0 if judge(snapshot).level != "down" else 1
        shown: Snapshot | None = None
        with Live(console=console, screen=console.is_terminal, auto_refresh=False) as screen:
            while True:
                try:
                    shown, problem = await reader.snapshot(), None
                except PageError as error:
                    problem = str(error)
                size = {"lines": console.height, "columns": console.width}
                screen.update(render(shown, problem, **size), refresh=True)
                await asyncio.sleep(seconds)
