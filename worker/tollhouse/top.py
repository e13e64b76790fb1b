"""`tollhouse top`: the numbers of the page, in a terminal."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from tollhouse.page.reader import PageError, Reader
from tollhouse.page.snapshot import Snapshot
from tollhouse.page.verdict import judge, refused_lately
from tollhouse.page.words import age, clock, count, guard, milliseconds, money, person

__all__ = ["render", "top"]

_SHORT_LINES = 34
_NARROW_COLUMNS = 110
_SHRINKING = ("who", "what", "why", "tenant", "waits")
_COLORS = {"up": "green", "behind": "yellow", "stopped": "yellow", "down": "red"}


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


def render(
    snapshot: Snapshot | None,
    problem: str | None = None,
    *,
    lines: int | None = None,
    columns: int | None = None,
) -> RenderableType:
    """Render what the page shows; a short terminal gets less of each, a narrow one of the calls."""
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
        tables = (_stops(few), _refusals(few), _queue(few), _latency(few), _last_calls(few))
        return Group(head, cost, _spends(few), blocked, *_with_rows(*tables))
    return Group(
        head,
        Text(),
        Columns(
            _with_rows(_workers(snapshot), _queue(snapshot), _latency(snapshot)), padding=(0, 3)
        ),
        Text(),
        cost,
        _spends(snapshot),
        Text(),
        blocked,
        Columns(_with_rows(_stops(snapshot), _refusals(snapshot)), padding=(0, 3)),
        Text("\nThe last calls", style="bold"),
        _last_calls(snapshot) if columns and columns < _NARROW_COLUMNS else _calls(snapshot),
    )


def _shortened(snapshot: Snapshot) -> Snapshot:
    return replace(
        snapshot,
        spends=snapshot.spends[:3],
        stops=snapshot.stops[:4],
        refusals=snapshot.refusals[:3],
        queue=snapshot.queue[:2],
        latencies=snapshot.latencies[:1],
        calls=snapshot.calls[:3],
    )


def _who(snapshot: Snapshot) -> str:
    if snapshot.stops:
        return f"{count(len(snapshot.stops) + max(0, snapshot.stops[0].others), 'stop')} in force"
    return "some calls" if refused_lately(snapshot) else "nobody"


def _with_rows(*tables: Table) -> list[Table]:
    return [table for table in tables if table.row_count]


def _workers(snapshot: Snapshot) -> Table:
    rows = (
        (
            worker.name.removeprefix("tollhouse-worker "),
            "alive" if worker.alive else "lease expired",
            f"{worker.in_flight} of {worker.capacity}",
        )
        for worker in snapshot.workers[:6]
    )
    return _table(("worker", "lease", "#in flight"), rows)


def _queue(snapshot: Snapshot) -> Table:
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
    return _table(("waits", "#in line", "#oldest", "#running", "#later"), rows)


def _latency(snapshot: Snapshot) -> Table:
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
    return _table(("latency", "#p50", "#p95", "#p99", "#failed"), rows)


def _spends(snapshot: Snapshot) -> Table:
    rows = (
        (
            person(row.tenant_id, row.user_id),
            money(row.spent_micro_usd),
            "no cap" if row.cap_micro_usd is None else f"of {money(row.cap_micro_usd)}",
            money(row.hour_micro_usd),
        )
        for row in snapshot.spends
    )
    return _table(("tenant", "#spent", "#cap", "#this hour"), rows)


def _stops(snapshot: Snapshot) -> Table:
    now = snapshot.look.at
    rows = (
        (stop.kind, stop.target, stop.reason, age(now, stop.until) if stop.until else "")
        for stop in snapshot.stops
    )
    return _table(("stopped by", "what", "why", "#left"), rows, lines=1)


def _refusals(snapshot: Snapshot) -> Table:
    rows = (
        (guard(row.reason), f"{row.calls:,}", f"{age(row.last_at, snapshot.look.at)} ago")
        for row in snapshot.refusals
    )
    return _table(("refused in the last hour by", "#calls", "#last"), rows)


def _calls(snapshot: Snapshot) -> Table:
    rows = (
        (
            clock(call.finished_at),
            person(call.tenant_id, call.user_id),
            call.endpoint,
            call.request_id,
            guard(call.blocked_reason) if call.blocked_reason else call.status,
            call.why,
            money(call.cost_micro_usd),
        )
        for call in snapshot.calls
    )
    return _table(("ended", "who", "endpoint", "request id", "outcome", "why", "#cost"), rows)


def _last_calls(snapshot: Snapshot) -> Table:
    rows = (
        (
            clock(call.finished_at),
            person(call.tenant_id, call.user_id),
            guard(call.blocked_reason) if call.blocked_reason else call.status,
            call.why,
        )
        for call in snapshot.calls
    )
    return _table(("ended", "who", "outcome", "why"), rows, lines=1)


def _table(
    heads: Sequence[str], rows: Iterable[tuple[str, ...]], *, lines: int | None = None
) -> Table:
    """A column whose head begins with # holds numbers. Texts are never read as markup.

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
    """Keep a reason from steering the terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
