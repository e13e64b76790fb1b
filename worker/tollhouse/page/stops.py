"""A stop in words, the runbook that belongs to it, and the statement that ends it."""

from psycopg.sql import SQL

from tollhouse.page.snapshot import Stop
from tollhouse.page.words import money, person

__all__ = ["ending", "everything", "kind", "phrase", "runbook", "what", "why"]

_RUNBOOKS = {
    "kill_switch": "TollhouseKillSwitchPulled",
    "hourly_shutoff": "TollhouseHourlyShutoff",
    "monthly_cap": "TollhouseBudgetExhausted",
    "breaker": "TollhouseBreakerOpen",
}


def kind(stop: Stop) -> str:
    """Name what it is."""
    if stop.guard == "breaker" and stop.scope == "provider":
        return "provider breaker"
    return stop.guard.replace("_", " ")


def everything(stop: Stop) -> bool:
    """Whether it is the kill switch that stops every call."""
    return stop.guard == "kill_switch" and stop.scope == "global"


def what(stop: Stop) -> str:
    """Name what it stops."""
    if everything(stop):
        return "everything"
    if stop.guard == "kill_switch":
        if stop.scope == "user":
            return f"user {person(stop.tenant_id, stop.target)}"
        return f"{stop.scope} {stop.target}"
    if stop.users > 1:
        return f"{stop.target}: {stop.users:,} users' breakers open"
    if stop.guard == "breaker":
        who = person(stop.tenant_id, stop.user_id)
        return f"{stop.target} for {who}" if who else stop.target
    return person(stop.tenant_id, stop.user_id)


def phrase(stop: Stop) -> str:
    """Say it in a few words, as part of a sentence."""
    if _has_room(stop):
        return f"monthly cap of {what(stop)} is nearly full"
    return what(stop) if stop.users > 1 else f"{kind(stop)} stops {what(stop)}"


def why(stop: Stop) -> str:
    """Say why it is there, and who pulled it."""
    if stop.cap_micro_usd is not None:
        nearly = "nearly full: " if _has_room(stop) else ""
        held = stop.reserved_micro_usd or 0
        in_flight = f", {money(held)} reserved" if held else ""
        spent = money(stop.spent_micro_usd or 0)
        return f"{nearly}{spent} of {money(stop.cap_micro_usd)} spent{in_flight}"
    return f"{stop.reason}, by {stop.operator}" if stop.operator else stop.reason


def runbook(stop: Stop) -> str:
    """Name the runbook of docs/ops/runbooks."""
    return _RUNBOOKS[stop.guard]


def ending(stop: Stop) -> str:
    """Return what an operator types to end it; the reason and a new cap are theirs to fill in."""
    if everything(stop):
        return "select tollhouse_ops.resume_everything('why')"
    if stop.guard == "kill_switch":
        text, parts = "lift_kill_switch({}, {}, 'why'", [stop.scope, stop.target]
        if stop.scope == "user":
            text, parts = f"{text}, {{}}", [*parts, stop.tenant_id]
    elif stop.guard == "hourly_shutoff":
        text, parts = "lift_shutoff({}, {}, 'why'", [stop.tenant_id, stop.user_id]
    elif stop.guard == "monthly_cap":
        text, parts = "set_monthly_cap({}, {}, :micro_usd, 'why'", [stop.tenant_id, stop.user_id]
    elif stop.users > 1:
        return (
            "select tollhouse_ops.close_breaker(provider, 'why', tenant_id, user_id) "
            "from tollhouse.breakers where state <> 'closed' and provider = "
            + SQL("{}").format(stop.target).as_string()
        )
    else:
        text, parts = "close_breaker({}, 'why'", [stop.target]
        if stop.scope == "user":
            text, parts = f"{text}, {{}}, {{}}", [*parts, stop.tenant_id, stop.user_id]
    return SQL(f"select tollhouse_ops.{text})").format(*parts).as_string()


def _has_room(stop: Stop) -> bool:
    used = (stop.spent_micro_usd or 0) + (stop.reserved_micro_usd or 0)
    return stop.cap_micro_usd is not None and used < stop.cap_micro_usd
