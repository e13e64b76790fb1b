"""How long do answers take? Percentiles of the last hour by provider."""

from tollhouse.page.markup import Markup
from tollhouse.page.sections.parts import row, table
from tollhouse.page.snapshot import Snapshot
from tollhouse.page.words import milliseconds

__all__ = ["latency"]


def latency(snapshot: Snapshot) -> Markup:
    """Render the section."""
    rows = [
        row(
            (found.provider or "all providers", "name"),
            (milliseconds(found.p50_ms), "number"),
            (milliseconds(found.p95_ms), "number"),
            (milliseconds(found.p99_ms), "number"),
            (f"{found.failed:,} of {found.attempts:,}", "number"),
        )
        for found in snapshot.latencies[:3]
    ]
    heads = ("Provider", "#p50", "#p95", "#p99", "#Failed")
    return table("Latency of the last hour", heads, rows, empty="No attempt in the last hour.")
