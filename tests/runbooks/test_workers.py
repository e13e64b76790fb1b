"""Incidents of workers: killed with kill -9, or too few for what comes in."""

from pathlib import Path

import pytest

from tests.support import leases
from tests.support.ops import at_the_desk, start_worker
from tests.support.town import Person, Town
from tests.support.waiting import HELD


@pytest.fixture(autouse=True)
def _one_worker_afterwards(town: Town) -> None:
    """Every test begins with the stack's one worker."""
    assert len(town.stack.workers) == 1


def test_worker_dead(town: Town, ann: Person, desk: Path) -> None:
    """The only worker is killed with calls in flight; another books them and tries again."""
    town.mock.fault(HELD, contains="orphan")
    calls = [ann.enqueue("investigation", f"orphan {number}") for number in range(5)]
    for call in calls:
        ann.is_at_the_provider(call)
    town.stack.kill_worker()
    leases.end(town)
    town.mock.clear_faults()
    with at_the_desk(town, "TollhouseWorkerDead", desk) as walk:
        told = walk.section("Diagnosis")
        assert "onnect" in told  # curl: (7) Failed to connect …
        assert "|     5 |" in told
        assert not walk.is_over()
        assert '"registered": true' in walk.section("Action")
        assert ["success"] * 5 == [ann.wait(call)["status"] for call in calls]
        assert "| investigation | small |" in walk.section("Recovery")
        walk.ends()
    for call in calls:
        outcomes = [attempt["outcome"] for attempt in town.attempts(call)]
        assert ["abandoned", "success"] == outcomes


def test_queue_growing(town: Town, ann: Person, desk: Path) -> None:
    """Calls that no worker takes; one more worker drains them."""
    town.stack.stop_worker()
    calls = ann.enqueue_many(
        [
            {"endpoint": "explanation", "request": {"prompt": f"row {number}"}}
            for number in range(300)
        ]
    )
    # The proof allows five seconds.
    town.rows("update tollhouse_private.jobs set run_at = run_at - interval '10 seconds'")
    with at_the_desk(town, "TollhouseQueueGrowing", desk) as walk:
        told = walk.section("Diagnosis")
        assert "|    300 |" in told
        assert "(0 rows)" in told  # nobody works
        assert not walk.is_over()
        walk.section("Action")
        assert "tollhouse_worker_in_flight" in walk.section("Recovery")
        walk.ends()
        assert {"success"} == {ann.wait(call)["status"] for call in calls}
    start_worker(town)
