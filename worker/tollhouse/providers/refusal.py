"""Reads an answer that is not 2xx: what kind of refusal it is, and when to try again.

The classes follow the retry rules of OpenAI's own SDK: 408, 409 and 5xx are temporary trouble of
the server, 429 is a rate limit, other 4xx say that the same request would fail again. One 429 is
different: with code insufficient_quota or billing_not_active the account has no money left; waiting
doesn't help until somebody pays, so the call is rejected and its error code says why.
"""

import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import mktime_tz, parsedate_tz
from typing import Any

from .outcome import OutcomeName
from .redact import Redactor

__all__ = ["Refusal", "read_refusal", "retry_after_ms"]

_ACCOUNT_CODES = frozenset({"insufficient_quota", "billing_not_active"})
_LIMIT_MS = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error answer; its texts are not cut, and what only looks like a key is still in them."""

    outcome: OutcomeName
    code: str
    message: str
    retry_after_ms: int | None


def read_refusal(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    redactor: Redactor,
    now: float | None = None,
) -> Refusal:
    """Classify status, headers and the (possibly cut) body of an error answer."""
    error = redactor.value(_error(body))
    code, kind = error.get("code"), error.get("type")
    name = next((str(part) for part in (code, kind) if part), f"http_{status}")
    message = error.get("message")
    if not isinstance(message, str) or not message:
        message = f"HTTP {status}: {body.decode('utf-8', 'replace').strip()}".rstrip(": ")
    no_money = not _ACCOUNT_CODES.isdisjoint((str(code), str(kind)))
    return Refusal(
        outcome=_outcome(status, no_money=no_money),
        code=name,
        message=message,
        retry_after_ms=retry_after_ms(headers, now=time.time() if now is None else now),
    )


def retry_after_ms(headers: Mapping[str, str], *, now: float) -> int | None:
    """The wait that the server asks for, in milliseconds.

    `retry-after-ms` wins over `retry-after`, which is a number of seconds or an HTTP date. What is
    negative or unreadable counts as not given; what is past 2**31-1 is cut to it.
    """
    for name, factor in (("retry-after-ms", 1), ("retry-after", 1000)):
        try:
            wait = float(headers.get(name, "")) * factor
        except ValueError:
            continue
        return _milliseconds(wait)
    date = parsedate_tz(headers.get("retry-after", ""))
    if date is None:
        return None
    try:
        return max(0, _milliseconds((mktime_tz(date) - now) * 1000) or 0)
    except (ValueError, OverflowError):
        return None


def _milliseconds(wait: float) -> int | None:
    if math.isnan(wait) or wait < 0:
        return None
    return math.ceil(min(wait, _LIMIT_MS))


def _outcome(status: int, *, no_money: bool) -> OutcomeName:
    if status == 429:
        return "rejected" if no_money else "rate_limited"
    if status >= 500 or status in (408, 409):
        return "server_error"
    return "rejected"


def _error(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    error = document.get("error", document) if isinstance(document, dict) else None
    if isinstance(error, str):
        return {"message": error}
    return error if isinstance(error, dict) else {}
