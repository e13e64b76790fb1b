"""Everything that the page shows."""

from dataclasses import dataclass

from tollhouse.page.call_rows import Call, Ended, Latency, LatencyMinute, Minute, Refusal
from tollhouse.page.rows import Look, Overrun, Spend, Stop, Total, Waiting, Worker

__all__ = ["Snapshot"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything that the page shows, read in one transaction.

    problem: why there is no newer one
    """

    look: Look
    read_ms: int
    workers: list[Worker]
    total: Total
    spends: list[Spend]
    overruns: list[Overrun]
    stops: list[Stop]
    ended: Ended
    refusals: list[Refusal]
    latencies: list[Latency]
    queue: list[Waiting]
    calls: list[Call]
    minutes: list[Minute]
    latency_minutes: list[LatencyMinute]
    problem: str | None = None
