"""What the demo prints: 80 columns wide, with or without a terminal."""

import time
from collections.abc import Callable
from typing import TypeVar

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.rule import Rule
from rich.text import Text

from tollhouse_demo.checks import Check

__all__ = ["Screen"]

T = TypeVar("T")
_WIDTH = 80
_FRAMES_PER_SECOND = 8
_PLAIN_SECONDS = 1.0


class Screen:
    """Prints chapters, what happens in them, and what was observed."""

    def __init__(self, console: Console | None = None) -> None:
        """Use the given console, or one for standard output."""
        self.console = console or Console(highlight=False, soft_wrap=False)
        if self.console.width > _WIDTH or not self.console.is_terminal:
            self.console.width = _WIDTH

    def title(self, text: str, *lines: str) -> None:
        """The head of the whole story."""
        self.console.print()
        self.console.print(Text(text, style="bold"))
        for line in lines:
            self.console.print(Text(line, style="dim"))

    def chapter(self, number: int, title: str, intro: str) -> None:
        """The head of a chapter."""
        self.console.print()
        self.console.print(Rule(Text(f" {number:2}  {title} ", style="bold"), align="left"))
        self._print(intro, indent=4)

    def step(self, text: str) -> None:
        """Something that happens now."""
        self._print(text, indent=4, sign="·")

    def operator(self, statement: str) -> None:
        """What an operator types."""
        self._print(statement, indent=4, sign=">", style="cyan")

    def check(self, check: Check) -> None:
        """What was observed, and how."""
        sign, style = ("✓", "bold green") if check.ok else ("✗", "bold red")
        self._print(check.name, indent=4, sign=sign, sign_style=style, style="bold")
        if not check.ok:
            self._print(f"expected {check.expected}", indent=6, style="red")
        self._print(check.observed, indent=6, style="" if check.ok else "red")
        self._print(_short(check.sql), indent=6, style="dim")

    def show(self, renderable: RenderableType) -> None:
        """Anything else, such as a table."""
        self.console.print(Padding(renderable, (0, 0, 0, 4)))

    def follow(
        self,
        draw: Callable[[], RenderableType],
        line: Callable[[], str],
        over: Callable[[], bool],
        *,
        seconds: float,
    ) -> bool:
        """Draw again and again until it is over; without a terminal, print a line now and then.

        Returns False when the time ran out.
        """
        deadline = time.monotonic() + seconds
        if not self.console.is_terminal:
            return self._follow_plainly(draw, line, over, deadline)
        with Live(
            _framed(draw()), console=self.console, refresh_per_second=_FRAMES_PER_SECOND
        ) as live:
            while not (finished := over()) and time.monotonic() < deadline:
                live.update(_framed(draw()))
                time.sleep(1 / _FRAMES_PER_SECOND)
            live.update(_framed(draw()))
        return finished

    def _follow_plainly(
        self,
        draw: Callable[[], RenderableType],
        line: Callable[[], str],
        over: Callable[[], bool],
        deadline: float,
    ) -> bool:
        next_line = time.monotonic() + _PLAIN_SECONDS
        while not (finished := over()) and time.monotonic() < deadline:
            if time.monotonic() >= next_line:
                self.step(line())
                next_line += _PLAIN_SECONDS
            time.sleep(0.05)
        self.show(draw())
        return finished

    def _print(
        self, text: str, *, indent: int, sign: str = "", sign_style: str = "dim", style: str = ""
    ) -> None:
        width = self.console.width - indent - (2 if sign else 0)
        for number, line in enumerate(Text(text, style=style).wrap(self.console, width)):
            head = Text(" " * indent)
            if sign:
                head.append(f"{sign} " if number == 0 else "  ", style=sign_style)
            line.rstrip()
            self.console.print(head + line)


def _framed(renderable: RenderableType) -> RenderableType:
    return Group(Padding(renderable, (0, 0, 0, 4)))


def _short(sql: str, longest: int = 320) -> str:
    return sql if len(sql) <= longest else f"{sql[: longest - 2]} …"
