"""What users ask: one builder of requests for each endpoint, from texts and a tenant's rows."""

import random
from collections.abc import Callable

from tollhouse.demo import prompts
from tollhouse.demo.make_data.companies import CHANNELS, WEEKS, week
from tollhouse.demo.table import Row, rows_of

__all__ = ["QUESTIONS", "ask"]

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
