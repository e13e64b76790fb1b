"""Of whom, from when on and how much is read: the parameters of queries.sql."""

from datetime import datetime, timedelta
from uuid import UUID

from tollhouse.page.rows import Look
from tollhouse.page.runs import READ
from tollhouse.page.verdict import RECENT

__all__ = ["scope_of"]

_LIMITS = {"spends": 8, "stops": 8, "queue": 8, "calls": READ}
_SPANS = {
    "recent": RECENT,
    "lately": timedelta(minutes=10),
    "hour": timedelta(hours=1),
    "month": timedelta(days=30),
}


def scope_of(look: Look) -> dict[str, object]:
    """Return every parameter by name: a time `hour` has its first call id in `hour_id`."""
    begins = {name: look.at - span for name, span in _SPANS.items()}
    ids = {f"{name}_id": _first_id(begin) for name, begin in begins.items()}
    return {"tenants": look.tenants, **_LIMITS, **begins, **ids}


def _first_id(at: datetime) -> UUID:
    """The smallest call id of a time: call ids are UUIDs version 7."""
    return UUID(int=int(at.timestamp() * 1000) << 80)
