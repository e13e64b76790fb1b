"""A rate limit defers, a monthly cap refuses; nothing is lost, no limit exceeded."""

import itertools
import json
from datetime import UTC, datetime
from typing import Any

from tollhouse_demo import checks
from tollhouse_demo.catalogue import price
from tollhouse_demo.stage import HELD, Chapter, Stage

__all__ = ["CAP", "RATE_LIMIT"]

_PER_MINUTE = 120
_CALLS, _FITTING = 40, 10
_MAX_OUTPUT = 256


def _play_rate_limit(stage: Stage) -> None:
    caller = stage.caller("pinecrest-foods", "jonas.weber")
    began = datetime.now(UTC)
    # Changing a limit never fills its bucket: from 1 a minute it begins with one call.
    stage.operate(
        "select tollhouse_ops.set_rate_limit('tenant', %s, 1, null, null, 'demo')", caller.tenant
    )
    stage.operate(
        "select tollhouse_ops.set_rate_limit('tenant', %s, %s, null, null, 'two a second')",
        caller.tenant,
        _PER_MINUTE,
    )
    channels = ("search", "social", "email", "display", "video")
    tickets = caller.enqueue_many(
        [
            {
                "endpoint": "route",
                "request": stage.route(caller.tenant, f"Did {channel} peak too early?", channel),
                "request_id": f"peak-{number}",
            }
            for number, channel in enumerate(channels)
        ]
    )
    last = tickets[-1].request_id
    explained: dict[str, Any] = {}

    def is_deferred() -> bool:
        explained.update(caller.explain("route", last))
        return explained["status"] in ("scheduled", "success")  # a busy machine looks too late

    stage.until("a deferral", is_deferred)
    stage.screen.step(f"{last}: explain says: “{explained['why']}”")
    caller.wait_all(tickets)
    ids = [ticket.call_id for ticket in tickets]
    started: list[datetime] = [
        row[0]
        for row in stage.auditor.execute(
            "select started_at from tollhouse.provider_attempts where call_id = any (%s)"
            " order by started_at",
            (ids,),
        ).fetchall()
    ]
    gaps = [(b - a).total_seconds() for a, b in itertools.pairwise(started)]
    stage.screen.step(f"Seconds between the attempts: {', '.join(f'{gap:.2f}' for gap in gaps)}.")
    shortest = 60 / _PER_MINUTE
    stage.check(
        checks.statuses(
            stage.auditor,
            (caller.tenant, "peak-%"),
            {"success": len(ids)},
            name="deferred; none refused, none lost",
        ),
        checks.outcome(
            "never more than two a second",
            expected={"attempts": len(ids), "sent too early": 0},
            observed={
                "attempts": len(started),
                # The bucket fills from the moment that it is there, half a second for each call.
                "sent too early": sum(
                    (at - began).total_seconds() < place * shortest
                    for place, at in enumerate(started)
                ),
            },
            sql="select started_at from tollhouse.provider_attempts where call_id = any (…)",
        ),
    )
    stage.operator.execute(
        "select tollhouse_ops.drop_rate_limit('tenant', %s, 'demo over')", (caller.tenant,)
    )


def _play_cap(stage: Stage) -> None:
    caller = stage.caller("velora-beauty", "nora.lind")
    mark = "for the winter range"
    requests = [
        stage.route(caller.tenant, f"Which message should email carry {mark} ({n:02})?", "email")
        for n in range(_CALLS)
    ]
    row = stage.superuser.execute(
        "select octet_length(%s::jsonb::text)", (json.dumps(requests[0]),)
    ).fetchone()
    size = row[0] if row else 0
    micro = size * price("mock-small", "input") + _MAX_OUTPUT * price("mock-small", "output")
    reservation = -(-micro // 1_000_000)
    stage.operate(
        "select tollhouse_ops.set_monthly_cap(%s, %s, %s, 'fits ten calls')",
        caller.tenant,
        caller.user,
        _FITTING * reservation + reservation // 2,
    )
    # Each uses all that it reserved: what it left over would pay for others.
    usage = {
        "prompt_tokens": size,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens": _MAX_OUTPUT,
        "completion_tokens_details": {"reasoning_tokens": 0},
    }
    stage.stack.mock.fault(HELD | {"usage": usage}, contains=mark)
    tickets = caller.enqueue_many(
        [
            {"endpoint": "route", "request": request, "request_id": f"winter-{n:02}"}
            for n, request in enumerate(requests)
        ]
    )
    stage.until("the cap", lambda: stage.running(caller) >= _FITTING)
    stage.until("their arrival", lambda: stage.stack.mock.totals()["in_flight"] >= _FITTING)
    held = stage.count(
        "select reserved_micro_usd from tollhouse.monthly_budgets where user_id = %s",
        (caller.user,),
    )
    stage.screen.step(
        f"{_CALLS} calls at once: {_FITTING} in flight, {held:,} micro-USD reserved, "
        "the others wait for what those leave over."
    )
    stage.stack.mock.clear_faults()
    caller.wait_all(tickets)
    ids = [ticket.call_id for ticket in tickets]
    stage.check(
        checks.statuses(
            stage.auditor,
            (caller.tenant, "winter-%"),
            {"success": _FITTING, "blocked": _CALLS - _FITTING},
            name="exactly ten fit under the cap",
        ),
        checks.billed(stage.stack.mock.bill(), ids, _FITTING),
        checks.cap_held(stage.auditor),
    )


RATE_LIMIT = Chapter(
    title="A rate limit defers",
    intro="Five calls at once, two a second allowed: the others wait their turn.",
    play=_play_rate_limit,
)
CAP = Chapter(
    title="A monthly cap holds, however many calls come at once",
    intro=(
        "Before a call goes out, the most it can cost is reserved. Forty calls that cost the "
        "maximum, and a cap that fits ten."
    ),
    play=_play_cap,
)
