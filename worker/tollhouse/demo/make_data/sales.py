"""Every company's spend and sales by week and channel, with two events to find out about."""

import csv
import io
import random
from dataclasses import asdict

from tollhouse.demo.make_data.companies import CHANNELS, COMPANIES, SEED, WEEKS, week
from tollhouse.demo.table import COLUMNS, Row

__all__ = ["make_table", "table_csv"]


def make_table() -> list[Row]:
    """Return every company's weeks and channels."""
    chance = random.Random(SEED)
    return [
        _row(chance, tenant, size, number, channel)
        for tenant, (size, _) in COMPANIES.items()
        for number in range(WEEKS)
        for channel in CHANNELS
    ]


def table_csv(table: list[Row]) -> str:
    """Return the table as CSV."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(row) for row in table)
    return text.getvalue()


def _row(chance: random.Random, tenant: str, size: float, number: int, channel: str) -> Row:
    spend, cpm, click_rate, order_rate = CHANNELS[channel]
    season = 1 + 0.12 * ((number % 13) / 13 - 0.5)
    spent = spend * size * season * chance.uniform(0.86, 1.14)
    impressions = spent / cpm * 1000 * chance.uniform(0.94, 1.06)
    clicks = impressions * click_rate * chance.uniform(0.92, 1.08)
    orders = clicks * order_rate * chance.uniform(0.9, 1.1)
    basket = 86 * chance.uniform(0.95, 1.05)
    if (tenant, week(number)) == ("velora-beauty", "2026-W33"):
        orders *= 0.35
    if (tenant, week(number)) == ("pinecrest-foods", "2026-W34"):
        orders, basket = orders * 1.5, basket * 0.74
    return Row(
        tenant=tenant,
        week=week(number),
        channel=channel,
        spend_usd=int(round(spent, -1)),
        impressions=int(impressions) // 100 * 100,
        clicks=int(clicks),
        orders=int(orders),
        sales_usd=int(orders * basket) // 10 * 10,
    )
