"""What `tollhouse top` shows of a snapshot, as much of it as the terminal has room for."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from tollhouse.page.snapshot import Snapshot
from tollhouse.page.verdict import judge, refused_now, stop_count
from tollhouse.page.words import clock, count, money
from tollhouse.top import tables

__all__ = ["render"]

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
        stops, first = _filled(few, tables.stops), tables.endings(few)[:1]
        last_calls = partial(tables.last_calls, most=2)
        rest = _filled(few, tables.refusals, tables.queue, last_calls)
        return Group(head, cost, tables.spends(few), blocked, *stops, *first, *rest)
    calls = tables.last_calls if columns and columns < _NARROW_COLUMNS else tables.calls
    return Group(
        head,
        Text(),
        _beside(snapshot, tables.workers, tables.queue, tables.latency),
        Text(),
        cost,
        tables.spends(snapshot),
        Text(),
        blocked,
        _beside(snapshot, tables.stops, tables.refusals),
        *tables.endings(snapshot),
        Text("\nThe last calls", style="bold"),
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
