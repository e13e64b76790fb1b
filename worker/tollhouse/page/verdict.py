"""How things stand, in a word and a sentence."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from tollhouse.page.call_rows import Refusal
from tollhouse.page.snapshot import Snapshot
from tollhouse.page.words import count, guard

__all__ = ["RECENT", "Verdict", "judge", "refused_lately"]

RECENT = timedelta(minutes=10)
"""What happened within this time counts as happening now."""

_LONG_WAIT_SECONDS = 60
_FEW = 3


@dataclass(frozen=True, slots=True)
class Verdict:
    """`level` is down, stopped, behind or up; `word` and `sentence` say it."""

    level: Literal["down", "stopped", "behind", "up"]
    word: str
    sentence: str


def judge(snapshot: Snapshot | None, problem: str | None = None) -> Verdict:
    """Judge a snapshot, or why there is no new one.

    No sentence counts seconds: a screen reader reads out every change of it.
    """
    problem = problem or (snapshot.problem if snapshot else "nothing was read")
    if snapshot is None or problem is not None:
        text = problem or ""
        return Verdict("down", "Not readable", f"{text[:1].upper()}{text[1:]}.")
    alive = sum(worker.alive for worker in snapshot.workers)
    if not alive:
        return Verdict("down", "Down", "No worker is alive: calls wait in the queue.")
    workers = f"{count(alive, 'worker')} alive"
    stops = snapshot.stops
    if any(stop.kind == "kill switch" and stop.target == "everything" for stop in stops):
        return Verdict("stopped", "Stopped", f"Every call is refused by a kill switch; {workers}.")
    if failing := _failing(snapshot):
        return Verdict(failing, "Failing", f"Most calls of the last minutes failed; {workers}.")
    oldest = min((w.oldest_since for w in snapshot.queue if w.oldest_since), default=None)
    waited = (snapshot.look.at - oldest).total_seconds() if oldest else 0
    if waited > _LONG_WAIT_SECONDS:
        minutes = count(int(waited // 60), "minute")
        return Verdict("behind", "Behind", f"Calls have waited for {minutes} or more; {workers}.")
    if stops:
        total = len(stops) + max(0, stops[0].others)
        verb = "stops" if total == 1 else "stop"
        return Verdict("up", "Up", f"{workers}; {count(total, 'thing')} {verb} some of the calls.")
    if refused := refused_lately(snapshot):
        reasons = ", ".join(guard(refusal.reason) for refusal in refused)
        return Verdict("up", "Up", f"{workers}; some calls are refused: {reasons}.")
    return Verdict("up", "Up", f"{workers}, nothing stands in the way.")


def refused_lately(snapshot: Snapshot) -> list[Refusal]:
    """Return the refusals of which the last is not long ago."""
    begin = snapshot.look.at - RECENT
    return [refusal for refusal in snapshot.refusals if refusal.last_at >= begin]


def _failing(snapshot: Snapshot) -> Literal["down", "behind"] | None:
    """Judge the calls of the last minutes that a provider ended: is most of it failures?"""
    begin = snapshot.look.at - RECENT / 2
    minutes = [minute for minute in snapshot.minutes if minute.minute >= begin]
    failed = sum(minute.failed for minute in minutes)
    answered = sum(minute.answered for minute in minutes)
    if failed < _FEW or failed <= answered:
        return None
    return "behind" if answered else "down"
