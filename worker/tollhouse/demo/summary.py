"""The end of the story: calls and cost by endpoint, and the ledger against the bill."""

from rich.table import Table

from tollhouse.demo import checks
from tollhouse.demo.stage import Stage

__all__ = ["summarize"]

_QUERY = """
  select coalesce(endpoint, 'all'), count(*),
    count(*) filter (where status = 'success' and not was_cached),
    count(*) filter (where was_cached), count(*) filter (where status = 'blocked'),
    count(*) filter (where status = 'failed'), count(*) filter (where status = 'cancelled'),
    sum(cost_micro_usd) / 1e6
  from tollhouse.llm_api_calls
  group by rollup (endpoint)
  order by grouping(endpoint), 1
"""


def summarize(stage: Stage) -> None:
    """Show the table, then hold the ledger against the provider's bill."""
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column("endpoint", width=20)
    for name in ("calls", "success", "cached", "blocked", "failed", "cancelled"):
        table.add_column(name, justify="right")
    table.add_column("USD", justify="right")
    for endpoint, *counts, usd in stage.auditor.execute(_QUERY).fetchall():
        style = "bold" if endpoint == "all" else ""
        table.add_row(endpoint, *(str(count) for count in counts), f"{usd:.4f}", style=style)
    stage.screen.show(table)
    stage.settle()
    bill = stage.stack.mock.bill()
    stage.check(
        checks.requests_match_bill(stage.auditor, bill),
        checks.tokens_match_bill(stage.auditor, bill),
        checks.charge_covers_bill(stage.auditor, bill),
        checks.spend_matches_ledger(stage.auditor),
    )
