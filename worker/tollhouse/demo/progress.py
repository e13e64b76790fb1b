"""How far the calls of all tenants are, as a table and as a line."""

from rich.table import Table

from tollhouse.demo.stage import Stage

__all__ = ["progress_line", "progress_table"]

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


def progress_table(stage: Stage) -> Table:
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


def progress_line(stage: Stage, deliveries: int) -> str:
    """Say how many calls are done and under way."""
    done = stage.count("select count(*) from tollhouse.llm_api_calls")
    waiting = stage.count("select count(*) from tollhouse.jobs")
    return f"{done} calls done, {waiting} under way, of {deliveries} deliveries"
