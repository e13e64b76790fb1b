"""What a look at the database finds: one class for each query of queries.sql."""

from dataclasses import dataclass
from datetime import datetime

__all__ = [
    "Call", "Latency", "LatencyMinute", "Look", "Minute", "Refusal", "Spend", "Stop", "Total",
    "Waiting", "Worker",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Look:
    """When it was, in the database's own time, and which tenants have calls in the ledger."""

    at: datetime
    server: str
    tenants: list[str]


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker that has registered and not left; `alive` while its lease lasts."""

    name: str
    version: str
    capacity: int
    in_flight: int
    started_at: datetime
    alive: bool


@dataclass(frozen=True, slots=True)
class Total:
    """Micro-USD of everybody."""

    month_micro_usd: int
    hour_micro_usd: int


@dataclass(frozen=True, slots=True)
class Spend:
    """Micro-USD of a tenant, or of a user who has a cap. `others`: how many rows are not shown."""

    tenant_id: str
    user_id: str
    cap_micro_usd: int | None
    reserved_micro_usd: int
    spent_micro_usd: int
    hour_micro_usd: int
    others: int


@dataclass(frozen=True, slots=True)
class Stop:
    """Something that refuses calls now: a kill switch, a shutoff, a breaker."""

    kind: str
    target: str
    reason: str
    since: datetime | None
    until: datetime | None
    others: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """Calls of the last hour that one guard refused, and the tenants that had most of them."""

    reason: str
    calls: int
    tenants: list[str]
    tenant_count: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Latency:
    """Attempts of the last hour at one provider, or at all of them (provider empty)."""

    provider: str
    attempts: int
    failed: int
    p50_ms: int | None
    p95_ms: int | None
    p99_ms: int | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A tenant's calls that are not finished; the totals are over every tenant."""

    tenant_id: str
    queued: int
    running: int
    later: int
    shared: int
    oldest_since: datetime | None
    all_queued: int
    all_running: int
    tenants: int


@dataclass(frozen=True, slots=True)
class Call:
    """A finished call, and why it ended so."""

    finished_at: datetime
    tenant_id: str
    user_id: str
    endpoint: str
    request_id: str
    status: str
    blocked_reason: str | None
    was_cached: bool
    model: str | None
    cost_micro_usd: int
    latency_ms: int | None
    why: str


@dataclass(frozen=True, slots=True)
class Minute:
    """Calls by the minute in which they were asked for."""

    minute: datetime
    answered: int
    cached: int
    refused: int
    failed: int
    cost_micro_usd: int


@dataclass(frozen=True, slots=True)
class LatencyMinute:
    """Answers by the minute in which their call was asked for."""

    minute: datetime
    p50_ms: int
    p95_ms: int
    p99_ms: int
