"""How things stand, in a word and a sentence."""

from dataclasses import dataclass
from typing import Literal

from tollhouse.page import stops
from tollhouse.page.snapshot import RECENT, Refusal, Snapshot
from tollhouse.page.words import at_least, count, guard

__all__ = ["Verdict", "judge", "refused_now", "stop_count"]

_LONG_WAIT_SECONDS = 60
_FEW = 3
# Guards without a state: only their refusals tell whether they still refuse.
_OF_THE_CATALOG = ("price_unknown", "no_model")
_STATELESS = (*_OF_THE_CATALOG, "max_cost_exceeded")


@dataclass(frozen=True, slots=True)
class Verdict:
    """`level` is down, stopped, behind or up; `word` and `sentence` say it."""

    level: Literal["down", "stopped", "behind", "up"]
    word: str
    sentence: str


def judge(snapshot: Snapshot | None, problem: str | None = None) -> Verdict:
    """Judge a snapshot, or why there is no new one.

    No sentence counts seconds or every call: a screen reader reads out every change of it.
    """
    problem = problem or (snapshot.problem if snapshot else "no numbers yet")
    if snapshot is None or problem is not None:
        text = problem or ""
        return Verdict("down", "Not readable", f"{text[:1].upper()}{text[1:]}.")
    alive = sum(worker.alive for worker in snapshot.workers)
    if not alive:
        text = "No worker is alive: calls wait in the queue; runbook TollhouseWorkerDead."
        return Verdict("down", "Down", text)
    workers = f"{count(alive, 'worker')} alive"
    if any(map(stops.everything, snapshot.stops)):
        text = f"Every call is refused by a kill switch; {workers}; "
        return Verdict("stopped", "Stopped", f"{text}runbook TollhouseKillSwitchPulled.")
    if level := _unanswered(snapshot):
        text = f"{_unanswered_by(snapshot, level)}; {workers}; runbook {_runbook(snapshot)}."
        return Verdict(level, "Down" if level == "down" else "Failing", text)
    oldest = min((w.oldest_since for w in snapshot.queue if w.oldest_since), default=None)
    waited = (snapshot.look.at - oldest).total_seconds() if oldest else 0
    if waited > _LONG_WAIT_SECONDS:
        minutes = count(int(waited // 60), "minute")
        text = f"Calls have waited for {minutes} or more; {workers}; runbook TollhouseQueueGrowing."
        return Verdict("behind", "Behind", text)
    obstacles = _obstacles(snapshot)
    text = (
        "; ".join((workers, *obstacles)) if obstacles else f"{workers}, nothing stands in the way"
    )
    return Verdict("up", "Up", f"{text}.")


def refused_now(snapshot: Snapshot) -> list[Refusal]:
    """Return the refusals that go on, by guards that no listed stop stands for."""
    begin = snapshot.look.at - RECENT
    return [
        refusal
        for refusal in snapshot.refusals
        if refusal.reason in _STATELESS and refusal.last_at >= begin
    ]


def stop_count(snapshot: Snapshot) -> int:
    """Return how many stops are in force, shown or not."""
    return len(snapshot.stops) + max(0, snapshot.stops[0].others) if snapshot.stops else 0


def _obstacles(snapshot: Snapshot) -> list[str]:
    total = stop_count(snapshot)
    if total > _FEW:
        found = [f"{count(total, 'stop')} in force"]
    else:
        found = [stops.phrase(stop) for stop in snapshot.stops]
    if refused := refused_now(snapshot):
        reasons = ", ".join(guard(refusal.reason) for refusal in refused)
        found.append(f"some calls are refused: {reasons}")
        if any(refusal.reason in _OF_THE_CATALOG for refusal in refused):
            found.append("runbook first-traffic-checklist")
    return found


def _unanswered(snapshot: Snapshot) -> Literal["down", "behind"] | None:
    """Judge calls and callers: one who asks in vain again and again does not speak for all."""
    ended = snapshot.ended
    without = ended.failed + ended.refused
    if without < _FEW:
        return None
    if not ended.answered:
        return "down"
    most = without > ended.answered and 2 * ended.callers_without > ended.callers
    return "behind" if most else None


def _unanswered_by(snapshot: Snapshot, level: str) -> str:
    ended = snapshot.ended
    subject = "No call is answered" if level == "down" else "Most calls are not answered"
    if ended.silent and _by_providers(snapshot):
        verb = "does" if len(ended.silent) == 1 else "do"
        subject = f"{' and '.join(ended.silent)} {verb} not answer"
    ends = []
    if ended.refused:
        reasons = ", ".join(map(guard, ended.reasons))
        calls = "call" if ended.refused == 1 else "calls"
        ends.append(f"{at_least(ended.refused)} {calls} refused ({reasons})")
    if ended.failed:
        ends.append(f"{at_least(ended.failed)} failed")
    return f"{subject}: {' and '.join(ends)} in the last two minutes"


def _runbook(snapshot: Snapshot) -> str:
    return "TollhouseBreakerOpen" if _by_providers(snapshot) else "first-traffic-checklist"


def _by_providers(snapshot: Snapshot) -> bool:
    return bool(snapshot.ended.failed) or "breaker_open" in snapshot.ended.reasons
