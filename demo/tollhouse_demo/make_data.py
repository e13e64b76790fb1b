"""Makes the files in data/: `python -m tollhouse_demo.make_data`. The same ones every time."""

import csv
import io
import itertools
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from tollhouse_demo import prompts
from tollhouse_demo.inputs import COLUMNS, Row, rows_of

__all__ = ["QUESTIONS", "make_deliveries", "make_table", "table_csv", "to_jsonl"]

SEED = 20260831
"""What makes the same data every time."""
COMPANIES: dict[str, tuple[float, tuple[str, ...]]] = {
    "alderbrook-outdoor": (1.0, ("maria.keller", "tom.okafor", "ines.duarte")),
    "harborline-travel": (1.7, ("sofia.rossi", "david.novak", "grace.kim")),
    "pinecrest-foods": (0.6, ("jonas.weber", "amira.haddad", "lucy.chen")),
    "quietwater-clinics": (0.4, ("omar.farah", "julia.brandt")),
    "velora-beauty": (1.2, ("nina.petrova", "sam.oconnor", "lea.martin")),
}
"""Size and users by tenant."""
CHANNELS = {
    "search": (21_000, 18.0, 0.034, 0.052),
    "social": (16_500, 9.5, 0.012, 0.031),
    "email": (3_200, 2.4, 0.009, 0.044),
    "display": (8_400, 4.1, 0.004, 0.018),
    "video": (12_800, 13.5, 0.006, 0.022),
    "tv": (27_000, 21.0, 0.002, 0.060),
}
"""Weekly spend in USD, cost per thousand impressions, clicks per impression, orders per click."""
WEEKS = 26
_FIRST_WEEK = date.fromisocalendar(2026, 10, 1)


def week(number: int) -> str:
    """Return the name of a week, the first being 0: `2026-W10`."""
    year, in_year, _ = (_FIRST_WEEK + timedelta(weeks=number)).isocalendar()
    return f"{year}-W{in_year:02d}"


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


QUESTIONS = {"route": 18, "explanation": 13, "investigation": 11, "budget_optimization": 8}
"""How often each endpoint is asked by each company."""
_READERS = (
    "the head of sales", "a new colleague", "the board", "a store manager", "the finance team",
)  # fmt: skip
_ROUTE_QUESTIONS = (
    "Is {channel} still worth what we pay for it?",
    "What will {channel} sell in the next four weeks?",
    "Why does {channel} look so different this week?",
    "Which message should {channel} carry in autumn?",
    "How has {channel} developed since spring?",
    "Should we move money out of {channel}?",
)
_EXPLANATION_QUESTIONS = (
    "why sales through {channel} moved from {before} to {after}",
    "what a click on {channel} was worth in {after} compared with {before}",
    "why {channel} cost more per order in some of these weeks",
    "what the orders from {channel} say about demand up to {after}",
)
_INVESTIGATION_QUESTIONS = (
    "orders per click of {channel} moved away from their usual level around {after}.",
    "sales per dollar in {channel} differ by more than a tenth between {before} and {after}.",
    "{channel} delivered fewer orders than its impressions promise in {after}.",
)


def ask(endpoint: str, chance: random.Random, table: list[Row], tenant: str) -> prompts.Request:
    """Return a request of a tenant's user for an endpoint."""
    return _BUILDERS[endpoint](chance, table, tenant)


def _route(chance: random.Random, table: list[Row], tenant: str) -> prompts.Request:
    channel = chance.choice(list(CHANNELS))
    rows = rows_of(table, tenant, weeks=_weeks(chance, 2), channel=channel)
    question = chance.choice(_ROUTE_QUESTIONS).format(channel=channel)
    return prompts.route(question, rows, as_prompt=chance.random() < 0.4)


def _explanation(chance: random.Random, table: list[Row], tenant: str) -> prompts.Request:
    channel, weeks = chance.choice(list(CHANNELS)), _weeks(chance, chance.randint(2, 5))
    question = chance.choice(_EXPLANATION_QUESTIONS)
    return prompts.explanation(
        question.format(channel=channel, before=weeks[0], after=weeks[-1]),
        rows_of(table, tenant, weeks=weeks, channel=channel),
        reader=chance.choice(_READERS),
        as_prompt=chance.random() < 0.4,
    )


def _investigation(chance: random.Random, table: list[Row], tenant: str) -> prompts.Request:
    channel, weeks = chance.choice(list(CHANNELS)), _weeks(chance, chance.randint(4, 7))
    question = chance.choice(_INVESTIGATION_QUESTIONS)
    return prompts.investigation(
        question.format(channel=channel, before=weeks[0], after=weeks[-1]),
        rows_of(table, tenant, weeks=weeks, channel=channel),
    )


def _budget(chance: random.Random, table: list[Row], tenant: str) -> prompts.Request:
    rows = rows_of(table, tenant, weeks=_weeks(chance, 2))
    channels = chance.sample(list(CHANNELS), chance.randint(3, 5))
    total = 13 * sum(row.spend_usd for row in rows) // 2 * chance.choice((95, 100, 105, 110)) // 100
    chosen = [row for row in rows if row.channel in channels]
    return prompts.budget_optimization(total // 1000 * 1000, chance.choice((5, 8, 10)), chosen)


def _weeks(chance: random.Random, count: int) -> list[str]:
    last = chance.randrange(count, WEEKS)
    return [week(number) for number in range(last - count + 1, last + 1)]


_BUILDERS: dict[str, Callable[[random.Random, list[Row], str], prompts.Request]] = {
    "route": _route,
    "explanation": _explanation,
    "investigation": _investigation,
    "budget_optimization": _budget,
}


def make_deliveries(table: list[Row]) -> list[dict[str, Any]]:
    """Return the deliveries in the order in which they arrive."""
    chance = random.Random(SEED + 1)
    plan = [endpoint for endpoint, count in QUESTIONS.items() for _ in range(count)]
    asked: list[dict[str, Any]] = []
    for tenant, (_, users) in COMPANIES.items():
        for endpoint in plan:
            line = {
                "tenant": tenant,
                "user": chance.choice(users),
                "endpoint": endpoint,
                "watermark": week(WEEKS - 1),
                "request": ask(endpoint, chance, table, tenant),
            }
            asked.append(line)
    chance.shuffle(asked)
    return list(_delivered(chance, asked))


def to_jsonl(deliveries: list[dict[str, Any]]) -> str:
    """Return deliveries as JSON lines."""
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in deliveries)


def _delivered(chance: random.Random, asked: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield each question under its id; some again under a new id, some delivered twice."""
    numbers = itertools.count(1)
    for place, line in enumerate(asked):
        delivery = _with_id(line, next(numbers))
        yield delivery
        if place > 40 and chance.random() < 0.26:
            again = {**chance.choice(asked[: place - 30])}
            if again["endpoint"] in ("route", "explanation"):  # shared by the whole tenant
                again["user"] = chance.choice(COMPANIES[again["tenant"]][1])
            if chance.random() < 0.08:
                again["watermark"] += ".r2"
            yield _with_id(again, next(numbers))
        if place % 45 == 44:
            yield delivery


def _with_id(line: dict[str, Any], number: int) -> dict[str, Any]:
    company, endpoint = line["tenant"].partition("-")[0], line["endpoint"].partition("_")[0]
    return {"request_id": f"{company}-{endpoint}-{number:04d}", **line}


def _write() -> None:
    folder = Path(__file__).parent / "data"
    table = make_table()
    deliveries = to_jsonl(make_deliveries(table))
    (folder / "weekly_sales.csv").write_text(table_csv(table), encoding="utf-8", newline="")
    (folder / "requests.jsonl").write_text(deliveries, encoding="utf-8", newline="")


if __name__ == "__main__":
    _write()
