"""The ledger held against the provider's own bill, request by request."""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

import psycopg

from tollhouse.demo.catalogue import PRICES
from tollhouse.demo.checks.observation import Check, outcome
from tollhouse.demo.mock import Bill, Entry

__all__ = ["billed", "charge_covers_bill", "requests_match_bill", "tokens_match_bill"]

_BILL = "GET /_mock/bill?entries=1"
_SENT = (
    "select call_id || '.' || attempt as request from tollhouse.provider_attempts"
    " where sent and not late"
)
_ANSWERED = (
    "select call_id || '.' || attempt, input_tokens, output_tokens, reasoning_tokens"
    " from tollhouse.provider_attempts where outcome = 'success'"
)
_UNANSWERED = (
    "select call_id || '.' || attempt as request, sum(cost_micro_usd) as cost"
    " from tollhouse.provider_attempts where sent group by 1"
    " having min(cost_basis) = 'reservation'"
)


def billed(bill: Bill, call_ids: Sequence[UUID], count: int, *, name: str = "") -> Check:
    """How many requests of these calls the provider received."""
    return outcome(
        name or f"the provider's bill: {count or 'no'} request{'' if count == 1 else 's'}",
        expected={"requests": count},
        observed={"requests": len(bill.of(*call_ids))},
        sql=f"{_BILL} of call {call_ids[0]}" + (" …" if len(call_ids) > 1 else ""),
    )


def requests_match_bill(connection: psycopg.Connection, bill: Bill) -> Check:
    """Every attempt that was sent is on the bill, and the other way round."""
    ours = {row[0] for row in connection.execute(_SENT.encode()).fetchall()}
    theirs = {entry.client_request_id for entry in bill.entries}
    return outcome(
        "requests: ledger and bill agree, one by one",
        expected={"ledger": bill.requests, "bill": bill.requests, "without partner": 0},
        observed={
            "ledger": len(ours),
            "bill": len(bill.entries),
            "without partner": len(ours ^ theirs),
        },
        sql=f"{_SENT} — against {_BILL}",
    )


def tokens_match_bill(connection: psycopg.Connection, bill: Bill) -> Check:
    """Each answered attempt has the tokens of its entry on the bill."""
    rows = connection.execute(_ANSWERED.encode()).fetchall()
    entries = {entry.client_request_id: entry for entry in bill.entries}
    theirs = [entries[row[0]] for row in rows if row[0] in entries]
    differing = sum(row[1:] != _tokens(entries.get(row[0])) for row in rows)
    return outcome(
        "tokens of every answer: ledger and bill agree, one by one",
        expected={
            "ledger": sum(entry.prompt_tokens + entry.completion_tokens for entry in theirs),
            "bill": sum(entry.prompt_tokens + entry.completion_tokens for entry in theirs),
            "differing": 0,
        },
        observed={
            "ledger": sum(row[1] + row[2] for row in rows),
            "bill": sum(entry.prompt_tokens + entry.completion_tokens for entry in theirs),
            "differing": differing,
        },
        sql=f"{_ANSWERED} — against {_BILL}",
    )


def charge_covers_bill(connection: psycopg.Connection, bill: Bill) -> Check:
    """Attempts that ended without an answer are charged at least what they were billed."""
    rows = connection.execute(_UNANSWERED.encode()).fetchall()
    entries = {entry.client_request_id: entry for entry in bill.entries}
    short = sum(cost < _price(entries.get(request)) for request, cost in rows)
    return outcome(
        "attempts cut off before their answer: charged no less than billed",
        expected={"attempts": len(rows), "charged too little": 0},
        observed={"attempts": len(rows), "charged too little": short},
        sql=f"{_UNANSWERED} — against {_BILL}",
    )


def _tokens(entry: Entry | None) -> tuple[int, int, int] | None:
    if entry is None:
        return None
    return entry.prompt_tokens, entry.completion_tokens, entry.reasoning_tokens


def _price(entry: Entry | None) -> Decimal:
    if entry is None or not entry.billed:
        return Decimal(0)
    prices = PRICES[entry.model]
    # USD per million tokens are micro-USD per token.
    micro_usd = (entry.prompt_tokens - entry.cached_tokens) * prices["input"]
    micro_usd += entry.cached_tokens * prices["cached_input"]
    micro_usd += entry.completion_tokens * prices["output"]
    return Decimal(str(micro_usd))
