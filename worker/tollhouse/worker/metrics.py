"""What the worker counts, in the names that /metrics shows."""

from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

__all__ = ["Metrics"]

_DATABASE_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_PROVIDER_BUCKETS = (0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120)
_BATCH_BUCKETS = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500)


class Metrics:
    """The worker's metrics, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.calls = Counter(
            "tollhouse_worker_calls",
            "Calls ended, by outcome.",
            ["provider", "outcome"],
            registry=registry,
        )
        self.provider_seconds = Histogram(
            "tollhouse_worker_provider_seconds",
            "Time from sending a call to its outcome.",
            ["provider"],
            buckets=_PROVIDER_BUCKETS,
            registry=registry,
        )
        self.in_flight = Gauge(
            "tollhouse_worker_in_flight", "Calls claimed and not yet ended.", registry=registry
        )
        self.results_pending = Gauge(
            "tollhouse_worker_results_pending", "Results not yet recorded.", registry=registry
        )
        self.claim_batch_size = Histogram(
            "tollhouse_worker_claim_batch_size",
            "Calls returned by one claim.",
            buckets=_BATCH_BUCKETS,
            registry=registry,
        )
        self.database_seconds = Histogram(
            "tollhouse_worker_database_seconds",
            "Round trips that claim or record.",
            ["query"],
            buckets=_DATABASE_BUCKETS,
            registry=registry,
        )
        self.recorded = Counter(
            "tollhouse_worker_results_recorded", "Results recorded.", registry=registry
        )
        self.refused = Counter(
            "tollhouse_worker_results_refused",
            "Results that the database rejected as invalid.",
            registry=registry,
        )
        self.leases_ended = Counter(
            "tollhouse_worker_leases_ended",
            "Worker ids given up before the worker stopped, by reason.",
            ["reason"],
            registry=registry,
        )
        self.database_errors = Counter(
            "tollhouse_worker_database_errors",
            "Statements that failed, by query; each repetition counts.",
            ["query"],
            registry=registry,
        )
        # labels() looks its values up anew each time, which is more work than counting.
        self.calls_of = cache(self.calls.labels)
        self.provider_seconds_of = cache(self.provider_seconds.labels)
