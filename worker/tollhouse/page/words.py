"""Numbers, names and runs of calls as a person reads them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby

from tollhouse.page.snapshot import READ, Call

__all__ = [
    "Run",
    "age",
    "at_least",
    "clock",
    "count",
    "guard",
    "milliseconds",
    "money",
    "person",
    "runs",
    "times",
]

_NOTHING = "\N{EN DASH}"
_GUARDS = {
    "provider_kill_switch": "kill switch",
    "hourly_shutoff": "hourly shutoff",
    "breaker_open": "breaker open",
    "monthly_cap_exceeded": "monthly cap",
    "price_unknown": "price unknown",
    "max_cost_exceeded": "call's own cost limit",
    "no_model": "no model",
}


def guard(blocked_reason: str) -> str:
    """Name what refused a call."""
    return _GUARDS.get(blocked_reason, blocked_reason.replace("_", " "))


def money(micro_usd: int) -> str:
    """Dollars, with as many digits as the amount deserves: $0.0094, $1.25, $20, $12,345."""
    size = abs(micro_usd) / 1_000_000
    digits = 0 if size >= 1000 or size == int(size) else 2 if size >= 1 else 4
    if 0 < size < 0.0001:
        digits = 6
    return f"{'-' if micro_usd < 0 else ''}${size:,.{digits}f}"


def count(number: int, one: str, many: str | None = None) -> str:
    """`1 worker`, `2 workers`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def at_least(number: int) -> str:
    """`7`, `300 or more`: a number that does not change with every call."""
    if number < 10:
        return str(number)
    size = 10 ** (len(str(number)) - 1)
    return f"{number // size * size:,} or more"


def milliseconds(value: int | None) -> str:
    """`210 ms`, `1.2 s`; a dash for nothing."""
    if value is None:
        return _NOTHING
    return f"{value} ms" if value < 1000 else f"{value / 1000:.1f} s"


def age(since: datetime | None, now: datetime) -> str:
    """How long ago it was: `4 s`, `12 min`, `3 h`, `2 d`; a dash for never."""
    return _NOTHING if since is None else _span(now - since)


def clock(at: datetime) -> str:
    """The time of day, UTC."""
    return f"{at:%H:%M:%S}"


def person(tenant_id: str, user_id: str) -> str:
    """A tenant, or a tenant's user."""
    return f"{tenant_id} / {user_id}" if user_id else tenant_id


def times(factor: float) -> str:
    """How many times too much: `1.4`, `20`, `1,235`."""
    return f"{factor:,.2f}".rstrip("0").rstrip(".") if factor < 10 else f"{factor:,.0f}"


def _span(span: timedelta) -> str:
    seconds = max(0, round(span.total_seconds()))
    for unit, size, limit in (("s", 1, 120), ("min", 60, 7200), ("h", 3600, 172_800)):
        if seconds < limit:
            return f"{seconds // size} {unit}"
    return f"{seconds // 86_400} d"


_MOST = 8


@dataclass(frozen=True, slots=True)
class Run:
    """Calls in a row that ended alike; `last` is the latest of them."""

    last: Call
    calls: int
    more: bool
    callers: int
    cost_micro_usd: int

    @property
    def outcome(self) -> str:
        """How they ended."""
        reason = self.last.blocked_reason
        label = guard(reason) if reason else self.last.status
        times = f" \N{MULTIPLICATION SIGN}{self.calls}" if self.calls > 1 else ""
        return f"{label}{times}{'+' if self.more else ''}"

    @property
    def who(self) -> str:
        """Whose calls they are."""
        others = f" +{self.callers - 1}" if self.callers > 1 else ""
        return f"{person(self.last.tenant_id, self.last.user_id)}{others}"


def runs(calls: Sequence[Call]) -> list[Run]:
    """Group calls in a row that ended alike; each answer is a run of its own."""
    grouped = groupby(enumerate(calls), key=lambda pair: _alike(*pair))
    found = [_run([call for _, call in pairs]) for _, pairs in grouped]
    if len(calls) == READ and found[-1].calls > 1:
        found[-1] = replace(found[-1], more=True)
    return found[:_MOST]


def _alike(place: int, call: Call) -> tuple[object, ...]:
    if call.status == "success":
        return (place,)
    return call.status, call.blocked_reason, call.why


def _run(calls: list[Call]) -> Run:
    return Run(
        last=calls[0],
        calls=len(calls),
        more=False,
        callers=len({(call.tenant_id, call.user_id) for call in calls}),
        cost_micro_usd=sum(call.cost_micro_usd for call in calls),
    )
