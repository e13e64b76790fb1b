"""Is it up? The verdict in a word, four facts and the workers."""

from tollhouse.page.markup import Markup, element, joined
from tollhouse.page.sections.parts import figure, more, row, table
from tollhouse.page.snapshot import Snapshot
from tollhouse.page.verdict import judge
from tollhouse.page.words import age, clock, count

__all__ = ["up"]


def up(snapshot: Snapshot) -> Markup:
    """Render the section."""
    now = snapshot.look.at
    verdict = judge(snapshot)
    rows = [
        row(
            (worker.name.removeprefix("tollhouse-worker "), "name"),
            ("alive" if worker.alive else "lease expired", "" if worker.alive else "bad"),
            (f"{worker.holds} of {worker.capacity}", "number"),
            (age(worker.started_at, now), "number"),
        )
        for worker in snapshot.workers[:4]
    ]
    return joined(
        figure(
            verdict.word,
            f"since {clock(now)} UTC" if snapshot.problem else _busy(snapshot),
            level=verdict.level,
        ),
        element("dl", *(_fact(term, text) for term, text in _facts(snapshot)), class_="facts"),
        table("Workers", ("Worker", "Lease", "#In flight", "#Up for"), rows, empty="No worker."),
        more(len(snapshot.workers) - len(rows), "worker"),
    )


def _busy(snapshot: Snapshot) -> str:
    alive = sum(worker.alive for worker in snapshot.workers)
    queued, running = 0, 0
    if snapshot.queue:
        queued, running = snapshot.queue[0].all_queued, snapshot.queue[0].all_running
    return f"{count(alive, 'worker')}; {running:,} running, {queued:,} in line"


def _facts(snapshot: Snapshot) -> tuple[tuple[str, str], ...]:
    now = snapshot.look.at
    last = max(snapshot.calls, key=lambda call: call.finished_at, default=None)
    ended = f"{last.status}, {age(last.finished_at, now)} ago" if last else "none yet"
    oldest = min((each.oldest_since for each in snapshot.queue if each.oldest_since), default=None)
    tried = next((each for each in snapshot.latencies if not each.provider), None)
    return (
        ("Longest wait", age(oldest, now) if oldest else "nobody waits"),
        ("Last outcome", ended),
        (
            "Failed, 1 h",
            f"{tried.failed:,} of {tried.attempts:,} attempts" if tried else "no attempt",
        ),
        ("Database", f"PostgreSQL {snapshot.look.server.split()[0]}, {snapshot.read_ms} ms"),
    )


def _fact(term: str, text: str) -> Markup:
    return element("div", element("dt", term), element("dd", text))
