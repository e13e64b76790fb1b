"""Many large answers at once are paid once, and the worker keeps its lease and its memory bound."""

from pathlib import Path

import pytest
from bench.large import measure

from tests.support.servers import missing
from tollhouse_demo.stack import Stack

CALLS, MEGABYTES = 40, 3


@pytest.mark.slow
def test_large_answers_are_paid_once_in_little_memory(cluster_home: Path) -> None:
    """Answers that don't fit in memory wait in the socket: 120 MB arrive, 32 are held.

    The lease is short: if an answer held up a heartbeat, the lease would be lost.
    """
    if reason := missing("pg18"):
        pytest.skip(reason)
    with Stack(cluster_home / "large", workers=0, lease="2 seconds") as stack:
        figures = measure(stack, CALLS, MEGABYTES)
        assert figures.outcomes == {"success": CALLS}
        assert (figures.billed, figures.kept) == (CALLS, CALLS)
        assert figures.peak_mb - figures.before_mb < 135
        (worker,) = stack.workers
        assert "lease ended" not in worker.output
