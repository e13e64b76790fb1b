"""Reads a snapshot now and then, and shows it until somebody has seen enough."""

import asyncio
from contextlib import suppress

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
    """Show until Ctrl-C, and return 0; or once, and return 1 if it is down or stopped."""
    console = console or Console(highlight=False)
    if once:
        return asyncio.run(_show(database_url, console))
    with suppress(KeyboardInterrupt):
        asyncio.run(_follow(database_url, console, seconds))
    return 0


async def _show(database_url: str, console: Console) -> int:
    async with _reader(database_url) as reader:
        snapshot = await reader.snapshot()
    console.print(render(snapshot, columns=console.width))
    return 1 if judge(snapshot).level in ("down", "stopped") else 0


async def _follow(database_url: str, console: Console, seconds: float) -> None:
    shown: Snapshot | None = None
    async with _reader(database_url) as reader:
        with Live(console=console, screen=console.is_terminal, auto_refresh=False) as screen:
            while True:
                try:
                    shown, problem = await reader.snapshot(), None
                except PageError as error:
                    problem = str(error)
                size = {"lines": console.height, "columns": console.width}
                screen.update(render(shown, problem, **size), refresh=True)
                await asyncio.sleep(seconds)


def _reader(database_url: str) -> Reader:
    return Reader(database_url=database_url, application_name="tollhouse-top")
