"""What the demo sends: weekly media spend and sales, and deliveries that ask about them."""

import csv
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

__all__ = ["COLUMNS", "Delivery", "Row", "load_deliveries", "load_table", "rows_of"]

COLUMNS = (
    "tenant", "week", "channel", "spend_usd", "impressions", "clicks", "orders", "sales_usd",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One company's week in one channel."""

    tenant: str
    week: str
    channel: str
    spend_usd: int
    impressions: int
    clicks: int
    orders: int
    sales_usd: int

    def __str__(self) -> str:
        """The row as prompts quote it."""
        return (
            f"{self.week} {self.channel}: spend {self.spend_usd:,} USD, "
            f"{self.impressions:,} impressions, {self.clicks:,} clicks, "
            f"{self.orders:,} orders, sales {self.sales_usd:,} USD"
        )

    @property
    def brief(self) -> str:
        """Spend and sales only."""
        return (
            f"{self.week} {self.channel}: spend {self.spend_usd:,} USD, "
            f"sales {self.sales_usd:,} USD"
        )


@cache
def load_table() -> tuple[Row, ...]:
    """Return weekly_sales.csv, by tenant, week and channel."""
    text = files("tollhouse_demo").joinpath("data/weekly_sales.csv").read_text(encoding="utf-8")
    return tuple(_row(record) for record in csv.DictReader(text.splitlines()))


def rows_of(
    table: Iterable[Row], tenant: str, *, weeks: Iterable[str], channel: str | None = None
) -> list[Row]:
    """Return a tenant's rows of some weeks, of one channel or of all."""
    wanted = set(weeks)
    return [
        row
        for row in table
        if row.tenant == tenant and row.week in wanted and channel in (None, row.channel)
    ]


def _row(record: dict[str, str]) -> Row:
    return Row(
        tenant=record["tenant"],
        week=record["week"],
        channel=record["channel"],
        spend_usd=int(record["spend_usd"]),
        impressions=int(record["impressions"]),
        clicks=int(record["clicks"]),
        orders=int(record["orders"]),
        sales_usd=int(record["sales_usd"]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One line of data/requests.jsonl; the same request id twice is the same call."""

    request_id: str
    tenant: str
    user: str
    endpoint: str
    watermark: str
    request: dict[str, Any]


@cache
def load_deliveries() -> tuple[Delivery, ...]:
    """Return the deliveries in the order in which they arrive."""
    text = files("tollhouse_demo").joinpath("data/requests.jsonl").read_text(encoding="utf-8")
    return tuple(Delivery(**json.loads(line)) for line in text.splitlines())
