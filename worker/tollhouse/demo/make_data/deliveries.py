"""The deliveries in the order in which they arrive: some twice, some questions asked again."""

import itertools
import json
import random
from collections.abc import Iterator
from typing import Any

from tollhouse.demo.make_data.companies import COMPANIES, SEED, WEEKS, week
from tollhouse.demo.make_data.questions import QUESTIONS, ask
from tollhouse.demo.table import Row

__all__ = ["make_deliveries", "to_jsonl"]


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
