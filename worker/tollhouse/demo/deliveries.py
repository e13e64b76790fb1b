"""Reads the deliveries that the demo sends: who asks what, under which request id."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

__all__ = ["Delivery", "load_deliveries"]


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
    text = files("tollhouse.demo").joinpath("data/requests.jsonl").read_text(encoding="utf-8")
    return tuple(Delivery(**json.loads(line)) for line in text.splitlines())
