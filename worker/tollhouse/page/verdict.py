"""How things stand, in a word and a sentence."""

from dataclasses import dataclass
from typing import Literal

from tollhouse.page.rows import Snapshot
from tollhouse.page.words import age, count

__all__ = ["Verdict", "judge"]

_LONG_WAIT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Verdict:
    """`level` is down, stopped, behind or up; `word` and `sentence` say it."""

    level: Literal["down", "stopped", "behind", "up"]
    word: str
    sentence: str


def judge(snapshot: Snapshot | None, problem: str | None = None) -> Verdict:
    """Judge a snapshot, or why there is none."""
    if snapshot is None or problem is not None:
        return Verdict("down", "Not readable", f"{problem or 'nothing was read'}.".capitalize())
    alive = sum(worker.alive for worker in snapshot.workers)
    if not alive:
        return Verdict("down", "Down", "No worker is alive: calls wait in the queue.")
    workers = f"{count(alive, 'worker')} alive"
    stops = snapshot.stops
    if any(stop.kind == "kill switch" and stop.target == "everything" for stop in stops):
        return Verdict("stopped", "Stopped", f"Every call is refused by a kill switch; {workers}.")
    oldest = min((w.oldest_since for w in snapshot.queue if w.oldest_since), default=None)
    now = snapshot.look.at
    if oldest is not None and (now - oldest).total_seconds() > _LONG_WAIT_SECONDS:
        waiting = age(oldest, now)
        return Verdict("behind", "Behind", f"The oldest call has waited {waiting}; {workers}.")
    if not stops:
        return Verdict("up", "Up", f"{workers}, nothing stands in the way.")
    total = len(stops) + max(0, stops[0].others)
    verb = "stops" if total == 1 else "stop"
    return Verdict("up", "Up", f"{workers}; {count(total, 'thing')} {verb} some of the calls.")
