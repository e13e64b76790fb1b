"""What a look at the database finds of how things are: one class for each query."""

from dataclasses import dataclass
from datetime import datetime

__all__ = ["Look", "Overrun", "Spend", "Stop", "Total", "Waiting", "Worker"]


@dataclass(frozen=True, slots=True)
class Look:
    """When it was, in the database's own time, and which tenants have calls in the ledger."""

    at: datetime
    server: str
    tenants: list[str]


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker that has registered and not left; `alive` while its lease lasts, `holds` calls."""

    name: str
    version: str
    capacity: int
    holds: int
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
class Overrun:
    """A model of which one call was billed `highest` times what it can cost.

    factor: how many times their highest cost its calls reserve `until` then; none: only one was
    """

    model: str
    factor: float | None
    highest: float
    until: datetime


@dataclass(frozen=True, slots=True)
class Stop:
    """Something that refuses calls now: a kill switch, a shutoff, a cap, a breaker.

    users: of how many users the breakers are; the micro-USD are a cap's, the operator a switch's
    """

    guard: str
    scope: str
    tenant_id: str
    user_id: str
    target: str
    users: int
    reason: str
    since: datetime | None
    until: datetime | None
    cap_micro_usd: int | None
    spent_micro_usd: int | None
    reserved_micro_usd: int | None
    operator: str | None
    others: int


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
