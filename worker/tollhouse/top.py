"""`tollhouse top`: the numbers of the page, in a terminal."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from tollhouse.page.snapshot import PageError, Reader, Snapshot
from tollhouse.page.stops import ending, kind, runbook, what, why
from tollhouse.page.verdict import judge, refused_now, stop_count
from tollhouse.page.words import age, clock, count, guard, milliseconds, money, person, runs

__all__ = ["render", "top"]

_SHRINKING = ("who", "what", "why", "tenant", "waiting")


def _grid(
    heads: Sequence[str], rows: Iterable[tuple[str, ...]], *, lines: int | None = None
) -> Table:
    """Return a table of texts, which are never read as markup; # begins a head over numbers.

    lines: 1 cuts what is too long, instead of breaking it
    """
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    texts = [[_visible(cell) for cell in row] for row in rows]
    for place, head in enumerate(heads):
        table.add_column(
            head.removeprefix("#"),
            justify="right" if head.startswith("#") else "left",
            no_wrap=head not in _SHRINKING,
            min_width=None if head in _SHRINKING else min(36, _widest(texts, place)),
        )
    wraps = [head == "why" and lines != 1 for head in heads]
    for row in texts:
        cells = zip(row, wraps, strict=True)
        table.add_row(*(Text(text, no_wrap=not wrap, overflow="ellipsis") for text, wrap in cells))
    return table


def _widest(texts: list[list[str]], place: int) -> int:
    return max((len(row[place]) for row in texts), default=0)


def _visible(text: str) -> str:
    """Keep a text from controlling the terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _workers(snapshot: Snapshot) -> Table:
    """Each worker, and how many calls it holds."""
    rows = (
        (
            worker.name.removeprefix("tollhouse-worker "),
            "alive" if worker.alive else "lease expired",
            f"{worker.holds} of {worker.capacity}",
        )
        for worker in snapshot.workers[:6]
    )
    return _grid(("worker", "lease", "#in flight"), rows)


def _queue(snapshot: Snapshot) -> Table:
    """Who is waiting, by tenant."""
    rows = (
        (
            row.tenant_id,
            f"{row.queued:,}",
            age(row.oldest_since, snapshot.look.at),
            f"{row.running:,}",
            f"{row.later + row.shared:,}",
        )
        for row in snapshot.queue
    )
    return _grid(("waiting", "#queued", "#oldest", "#running", "#later"), rows)


def _latency(snapshot: Snapshot) -> Table:
    """How long attempts took, by provider."""
    rows = (
        (
            row.provider or "all providers",
            milliseconds(row.p50_ms),
            milliseconds(row.p95_ms),
            milliseconds(row.p99_ms),
            f"{row.failed:,} of {row.attempts:,}",
        )
        for row in snapshot.latencies
    )
    return _grid(("latency", "#p50", "#p95", "#p99", "#failed"), rows)


def _spends(snapshot: Snapshot) -> Table:
    """Who spent how much of which cap."""
    rows = (
        (
            person(row.tenant_id, row.user_id),
            money(row.spent_micro_usd),
            "no cap" if row.cap_micro_usd is None else f"of {money(row.cap_micro_usd)}",
            money(row.hour_micro_usd),
        )
        for row in snapshot.spends
    )
    return _grid(("tenant", "#spent", "#cap", "#this hour"), rows)


def _stops(snapshot: Snapshot) -> Table:
    """What stops calls now, one line each."""
    now = snapshot.look.at
    rows = (
        (
            kind(stop),
            what(stop),
            why(stop),
            age(stop.since, now) if stop.since else "",
            age(now, stop.until) if stop.until else "",
        )
        for stop in snapshot.stops
    )
    return _grid(("stopped by", "what", "why", "#since", "#left"), rows, lines=1)


def _endings(snapshot: Snapshot) -> list[Text]:
    """For each stop, its runbook and all of what an operator types to end it."""
    return [
        Text.assemble((f"{runbook(stop)}: ", "dim"), _visible(ending(stop)), overflow="fold")
        for stop in snapshot.stops
    ]


def _refusals(snapshot: Snapshot) -> Table:
    """Which guard refused how many calls."""
    rows = (
        (guard(row.reason), f"{row.calls:,}", f"{age(row.last_at, snapshot.look.at)} ago")
        for row in snapshot.refusals
    )
    return _grid(("refused in the last hour by", "#calls", "#last"), rows)


def _calls(snapshot: Snapshot) -> Table:
    """The latest calls, in full."""
    rows = (
        (
            clock(run.last.finished_at),
            run.who,
            run.last.endpoint,
            run.last.request_id,
            run.outcome,
            run.last.why,
            money(run.cost_micro_usd),
        )
        for run in runs(snapshot.calls)
    )
    return _grid(("ended", "who", "endpoint", "request id", "outcome", "why", "#cost"), rows)


def _last_calls(snapshot: Snapshot, most: int | None = None) -> Table:
    """The latest calls, a line each."""
    rows = (
        (clock(run.last.finished_at), run.who, run.outcome, run.last.why)
        for run in runs(snapshot.calls)[:most]
    )
    return _grid(("ended", "who", "outcome", "why"), rows, lines=1)


_SHORT_LINES = 34
_NARROW_COLUMNS = 110
_COLORS = {"up": "green", "behind": "yellow", "stopped": "yellow", "down": "red"}


def render(
    snapshot: Snapshot | None,
    problem: str | None = None,
    *,
    lines: int | None = None,
    columns: int | None = None,
) -> RenderableType:
    """Render what the page shows; a short terminal gets less, a narrow one less of the calls."""
    verdict = judge(snapshot, problem)
    head = Text.assemble(
        (f" {verdict.word} ", f"bold reverse {_COLORS[verdict.level]}"), " ", verdict.sentence
    )
    if snapshot is None:
        return head
    head.append(f"  {clock(snapshot.look.at)} UTC", style="dim")
    total = snapshot.total
    spent = f"{money(total.month_micro_usd)} this month, {money(total.hour_micro_usd)} this hour"
    cost, blocked = Text(f"Cost: {spent}", "bold"), Text(f"Blocked: {_who(snapshot)}", "bold")
    if lines is not None and lines < _SHORT_LINES:
        few = _shortened(snapshot)
        stops, first = _filled(few, _stops), _endings(few)[:1]
        last_calls = partial(_last_calls, most=2)
        rest = _filled(few, _refusals, _queue, last_calls)
        return Group(head, cost, _spends(few), blocked, *stops, *first, *rest)
    calls = _last_calls if columns and columns < _NARROW_COLUMNS else _calls
    return Group(
        head,
        Text(),
        _beside(snapshot, _workers, _queue, _latency),
        Text(),
        cost,
        _spends(snapshot),
        Text(),
        blocked,
        _beside(snapshot, _stops, _refusals),
        *_endings(snapshot),
        Text("\nThe latest calls", style="bold"),
        calls(snapshot),
    )


def _shortened(snapshot: Snapshot) -> Snapshot:
    return replace(
        snapshot,
        spends=snapshot.spends[:3],
        stops=snapshot.stops[:3],
        refusals=snapshot.refusals[:3],
        queue=snapshot.queue[:2],
    )


def _who(snapshot: Snapshot) -> str:
    if stops := stop_count(snapshot):
        return f"{count(stops, 'stop')} in force"
    return "some calls" if refused_now(snapshot) else "nobody"


def _beside(snapshot: Snapshot, *kinds: Callable[[Snapshot], Table]) -> Columns:
    return Columns(_filled(snapshot, *kinds), padding=(0, 3))


def _filled(snapshot: Snapshot, *kinds: Callable[[Snapshot], Table]) -> list[Table]:
    """Leave out the tables that would be empty."""
    return [table for table in (kind(snapshot) for kind in kinds) if table.row_count]


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
