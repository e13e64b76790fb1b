"""What a look finds of calls that ended: one class for each query."""

from dataclasses import dataclass
from datetime import datetime

__all__ = ["Call", "Ended", "Latency", "LatencyMinute", "Minute", "Refusal"]


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
class Ended:
    """Calls that ended lately, unless a caller or an operator chose that they get no answer.

    callers_without: who had a call without an answer; silent: providers in trouble without one
    """

    answered: int
    failed: int
    refused: int
    callers: int
    callers_without: int
    reasons: list[str]
    silent: list[str]


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
