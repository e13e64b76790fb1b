"""The tables of `tollhouse top`, one for each list of a snapshot."""

from rich.table import Table
from rich.text import Text

from tollhouse.page.runs import runs
from tollhouse.page.snapshot import Snapshot
from tollhouse.page.stops import ending, kind, runbook, what, why
from tollhouse.page.words import age, clock, guard, milliseconds, money, person
from tollhouse.top.grid import grid, visible

__all__ = [
    "calls", "endings", "last_calls", "latency", "queue", "refusals", "spends", "stops", "workers",
]  # fmt: skip


def workers(snapshot: Snapshot) -> Table:
    """Who works, and how much of it."""
    rows = (
        (
            worker.name.removeprefix("tollhouse-worker "),
            "alive" if worker.alive else "lease expired",
            f"{worker.holds} of {worker.capacity}",
        )
        for worker in snapshot.workers[:6]
    )
    return grid(("worker", "lease", "#in flight"), rows)


def queue(snapshot: Snapshot) -> Table:
    """Who waits, by tenant."""
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
    return grid(("waits", "#in line", "#oldest", "#running", "#later"), rows)


def latency(snapshot: Snapshot) -> Table:
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
    return grid(("latency", "#p50", "#p95", "#p99", "#failed"), rows)


def spends(snapshot: Snapshot) -> Table:
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
    return grid(("tenant", "#spent", "#cap", "#this hour"), rows)


def stops(snapshot: Snapshot) -> Table:
    """What stops calls now, a line each."""
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
    return grid(("stopped by", "what", "why", "#since", "#left"), rows, lines=1)


def endings(snapshot: Snapshot) -> list[Text]:
    """Which runbook belongs to what stops calls, and all of what an operator types to end it."""
    return [
        Text.assemble((f"{runbook(stop)}: ", "dim"), visible(ending(stop)), overflow="fold")
        for stop in snapshot.stops
    ]


def refusals(snapshot: Snapshot) -> Table:
    """Which guard refused how many calls."""
    rows = (
        (guard(row.reason), f"{row.calls:,}", f"{age(row.last_at, snapshot.look.at)} ago")
        for row in snapshot.refusals
    )
    return grid(("refused in the last hour by", "#calls", "#last"), rows)


def calls(snapshot: Snapshot) -> Table:
    """The last calls, with all that is known of them."""
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
    return grid(("ended", "who", "endpoint", "request id", "outcome", "why", "#cost"), rows)


def last_calls(snapshot: Snapshot, most: int | None = None) -> Table:
    """The last calls, a line each."""
    rows = (
        (clock(run.last.finished_at), run.who, run.outcome, run.last.why)
        for run in runs(snapshot.calls)[:most]
    )
    return grid(("ended", "who", "outcome", "why"), rows, lines=1)
