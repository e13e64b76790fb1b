"""Requests as a marketing team's application writes them: one builder per endpoint."""

from collections.abc import Sequence
from typing import Any

from tollhouse_demo.inputs import Row

__all__ = ["Request", "budget_optimization", "explanation", "investigation", "route"]

Request = dict[str, Any]

_ROUTER = (
    "You route questions of a marketing analytics assistant to one specialist. "
    "Reply in JSON with one of: trend, anomaly, forecast, planning, creative."
)
_ANALYST = (
    "You are a marketing analyst. Use only the rows given. Say what the numbers show, "
    "name the row that shows it, and say so when they don't settle the question."
)


def route(question: str, rows: Sequence[Row], *, as_prompt: bool = False) -> Request:
    """Which specialist should take this question?"""
    text = f'Question: "{question}"\nRows on the screen:\n{_lines(rows)}'
    if as_prompt:
        return {"prompt": f"{_ROUTER}\n\n{text}", "temperature": 0}
    return {
        "messages": [
            {"role": "system", "content": _ROUTER},
            {"role": "user", "content": f"{text}\nJSON, one of: {_choices()}"},
        ],
        "temperature": 0,
        "response_format": {"type": "json_object"},
    }


def explanation(
    question: str, rows: Sequence[Row], *, reader: str, as_prompt: bool = False
) -> Request:
    """Put a chart into words for a reader."""
    text = (
        f"{question[0].upper()}{question[1:]}? Explain it to {reader}, in at most four sentences "
        "and without jargon.\n"
        f"Rows behind the chart:\n{_lines(rows)}"
    )
    if as_prompt:
        return {"prompt": f"{_ANALYST}\n\n{text}"}
    return {
        "messages": [{"role": "system", "content": _ANALYST}, {"role": "user", "content": text}],
        "temperature": 0.2,
    }


def investigation(question: str, rows: Sequence[Row]) -> Request:
    """Find out why something happened."""
    text = (
        f"{question[0].upper()}{question[1:]} Investigate it.\n"
        "Weekly rows, oldest first:\n"
        f"{_lines(rows)}\n"
        "Name the likeliest cause, the rows that speak for and against it, and the one check "
        "that would settle it. Separate a change of demand from a fault of measurement."
    )
    return {
        "messages": [{"role": "system", "content": _ANALYST}, {"role": "user", "content": text}],
        "reasoning_effort": "medium",
    }


def budget_optimization(total_usd: int, floor_percent: int, rows: Sequence[Row]) -> Request:
    """Split a quarter's money over the channels."""
    channels = ", ".join(dict.fromkeys(row.channel for row in rows))
    recent = "\n".join(f"- {row.brief}" for row in rows)
    text = (
        f"Allocate the media budget of {total_usd:,} USD for the next 13 weeks over {channels}. "
        f"No channel below {floor_percent} percent. Aim for the most sales per dollar, and expect "
        f"returns to fall as a channel's spend grows.\nLatest weeks:\n{recent}\n"
        "Reply in JSON: total_budget, allocation (channel, share_percent, amount), rationale."
    )
    return {
        "messages": [
            {"role": "system", "content": "You plan media budgets. Answer with JSON only."},
            {"role": "user", "content": text},
        ],
        "response_format": {"type": "json_object"},
    }


def _lines(rows: Sequence[Row]) -> str:
    return "\n".join(f"- {row}" for row in rows)


def _choices() -> str:
    return _ROUTER.rpartition(": ")[2]
