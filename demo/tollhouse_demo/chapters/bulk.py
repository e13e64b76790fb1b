"""A few hundred calls of five companies through all guards."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from uuid import UUID

from rich.table import Table

from tollhouse_demo import checks
from tollhouse_demo.caller import Caller
from tollhouse_demo.inputs import load_deliveries
from tollhouse_demo.processes import PATIENCE
from tollhouse_demo.stage import Chapter, Stage, StageError

__all__ = ["CHAPTER"]

_QUERY = """
  select tenant_id, count(*) filter (where state in ('queued', 'scheduled', 'coalesced')),
    count(*) filter (where state = 'running'), count(*) filter (where state = 'success'),
    count(*) filter (where state = 'cached'), count(*) filter (where state = 'blocked'),
    count(*) filter (where state = 'failed'), sum(cost_micro_usd) / 1e6
  from (
    select tenant_id, state, 0 as cost_micro_usd from tollhouse.jobs
    union all
    select tenant_id, case when was_cached then 'cached' else status end, cost_micro_usd
    from tollhouse.llm_api_calls
  ) as calls
  group by 1
  order by 1
"""
_PER_SECOND = 80
_LATENCY_MS = 120
_CAPPED = ("harborline-travel", "grace.kim")


def _play(stage: Stage) -> None:
    deliveries = load_deliveries()
    _set_guards(stage)
    _misbehave(stage)
    with ThreadPoolExecutor(max_workers=1) as pool:
        stop = Event()
        feeding = pool.submit(_feed, stage, stop)
        try:
            finished = stage.screen.follow(
                lambda: _progress_table(stage),
                lambda: _progress_line(stage, len(deliveries)),
                lambda: feeding.done() and stage.count("select count(*) from tollhouse.jobs") == 0,
                seconds=PATIENCE,
            )
        finally:
            stop.set()
        call_ids = feeding.result()
    stage.stack.mock.clear_faults()
    stage.stack.mock.set_latency(0)
    stage.operator.execute("select tollhouse_ops.drop_rate_limit('provider', 'mock-a', 'done')")
    if not finished:
        raise StageError(f"the calls were not finished within {PATIENCE:g} seconds")
    calls = len(set(call_ids))
    redelivered = len(deliveries) - calls
    stage.screen.step(
        f"{len(deliveries)} deliveries were {calls} calls; {redelivered} were delivered twice."
    )
    _show_attempts(stage)
    stage.check(
        checks.nothing_lost(stage.auditor, calls),
        checks.observe(
            stage.auditor,
            "what was not sent to a provider cost nothing",
            "select sum(cost_micro_usd) as cost from tollhouse.llm_api_calls"
            " where not provider_attempted",
            (),
            {"cost": 0},
        ),
        checks.cap_held(stage.auditor),
    )


def _set_guards(stage: Stage) -> None:
    tenants = sorted({delivery.tenant for delivery in load_deliveries()})
    for tenant in tenants:
        stage.operator.execute(
            "select tollhouse_ops.set_monthly_cap(%s, '', 20000000, 'contract'),"
            " tollhouse_ops.set_hourly_threshold(%s, '', 5000000, 'contract')",
            (tenant, tenant),
        )
    stage.screen.step(f"{len(tenants)} companies: 20 USD a month and 5 USD an hour each.")
    stage.operate(
        "select tollhouse_ops.set_monthly_cap(%s, %s, 30000, 'trial')",
        *_CAPPED,
    )
    stage.operate(
        "select tollhouse_ops.set_capture_policy('quietwater-clinics', 'none', 'patients')"
    )
    stage.operate(
        "select tollhouse_ops.set_rate_limit('provider', 'mock-a', 6000, null, 24, 'tier')"
    )


def _misbehave(stage: Stage) -> None:
    mock = stage.stack.mock
    mock.set_latency(_LATENCY_MS)
    mock.fault({"status": 429, "retry_after_s": 1}, times=4, contains="still worth")
    mock.fault({"status": 503}, times=4, contains="moved from")
    mock.fault({"drop": "after"}, times=1, contains="delivered fewer")
    mock.fault({"malformed": "not_json"}, times=1, contains="sales per dollar")
    stage.screen.step(
        "The provider will answer with 429 and 503, four times each, and hang up once."
    )


def _feed(stage: Stage, stop: Event) -> list[UUID]:
    call_ids = []
    with stage.stack.connect("app") as connection:
        begin = time.monotonic()
        for number, delivery in enumerate(load_deliveries()):
            if stop.wait(max(0.0, begin + number / _PER_SECOND - time.monotonic())):
                break
            ticket = Caller(connection, delivery.tenant, delivery.user).enqueue(
                delivery.endpoint,
                delivery.request,
                delivery.request_id,
                watermark=delivery.watermark,
            )
            call_ids.append(ticket.call_id)
    return call_ids


def _show_attempts(stage: Stage) -> None:
    rows = stage.auditor.execute(
        "select outcome, count(*) from tollhouse.provider_attempts group by 1"
    ).fetchall()
    counts: Counter[str] = Counter(dict(rows))
    text = ", ".join(f"{count} {outcome}" for outcome, count in counts.most_common())
    stage.screen.step(f"Attempts: {text}. What could be retried was.")
    rows = stage.auditor.execute(
        "select blocked_reason, user_id, count(*) from tollhouse.llm_api_calls"
        " where status = 'blocked' group by 1, 2"
    ).fetchall()
    for reason, user, count in rows:
        stage.screen.step(f"{count} call{'' if count == 1 else 's'} of {user} blocked: {reason}.")


def _progress_table(stage: Stage) -> Table:
    """Draw what became of each tenant's calls until now, over the provider's bill."""
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim", show_footer=False)
    table.add_column("company", width=19)
    for name in ("queued", "running", "success", "cached", "blocked", "failed"):
        table.add_column(name, justify="right", width=7)
    table.add_column("USD", justify="right", width=6)
    for tenant, *counts, usd in stage.auditor.execute(_QUERY).fetchall():
        table.add_row(tenant, *(str(count) if count else "·" for count in counts), f"{usd:.3f}")
    bill = stage.stack.mock.totals()
    table.add_section()
    tokens = bill["prompt_tokens"] + bill["completion_tokens"]
    table.caption_justify = "left"
    table.caption = f"the provider's bill: {bill['requests']} requests, {tokens:,} tokens"
    return table


def _progress_line(stage: Stage, deliveries: int) -> str:
    """Say how many calls are done and under way."""
    done = stage.count("select count(*) from tollhouse.llm_api_calls")
    waiting = stage.count("select count(*) from tollhouse.jobs")
    return f"{done} calls done, {waiting} under way, of {deliveries} deliveries"


CHAPTER = Chapter(
    title="A morning's calls, with all guards on",
    intro=(
        "Five made-up companies ask about their weekly media spend and sales, in "
        "demo/tollhouse_demo/data/weekly_sales.csv. Each delivery: set_identity, enqueue, commit."
    ),
    play=_play,
)
