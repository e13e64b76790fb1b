"""The provider's own bill: every request it received, and what it would charge for.

An answer is billed when it was generated, whether or not anybody was still there to receive it.
Errors and connections dropped before the answer are not billed.
"""

import time
from typing import Any

from tollhouse_demo.mock_provider.answers import Tokens

__all__ = ["Bill", "Entry"]

_NONE: Tokens = (0, 0, 0, 0)
_NAMES = ("prompt_tokens", "cached_tokens", "completion_tokens", "reasoning_tokens")


class Entry:
    """One request, from its arrival to its outcome."""

    __slots__ = (
        "billed",
        "client_request_id",
        "finished_at",
        "model",
        "outcome",
        "received_at",
        "status",
        "tokens",
    )

    def __init__(self, client_request_id: str) -> None:
        self.client_request_id = client_request_id
        self.model = ""
        self.status: int | None = None
        self.outcome = "in_flight"
        self.billed = False
        self.tokens: Tokens = _NONE
        self.received_at = time.time()
        self.finished_at: float | None = None

    def as_json(self) -> dict[str, Any]:
        """The entry with tokens under the names that the usage object uses."""
        return {
            "client_request_id": self.client_request_id,
            "model": self.model,
            "status": self.status,
            "outcome": self.outcome,
            "billed": self.billed,
            **dict(zip(_NAMES, self.tokens, strict=True)),
            "received_at": self.received_at,
            "finished_at": self.finished_at,
        }


class Bill:
    """Totals, and every entry unless `keep_entries` is off."""

    def __init__(self, *, keep_entries: bool = True) -> None:
        self.keep_entries = keep_entries
        self.requests = 0
        self.finished = 0
        self.outcomes: dict[str, int] = {}
        self.models: dict[str, list[int]] = {}
        self.entries: list[Entry] = []

    def open(self, client_request_id: str) -> Entry:
        """Note a request that has just arrived."""
        entry = Entry(client_request_id)
        self.requests += 1
        if self.keep_entries:
            self.entries.append(entry)
        return entry

    def close(
        self, entry: Entry, outcome: str, *, status: int | None, tokens: Tokens | None = None
    ) -> None:
        """Note what became of it; with tokens it is billed."""
        entry.outcome = outcome
        entry.status = status
        entry.finished_at = time.time()
        self.finished += 1
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1
        if tokens is None:
            return
        entry.billed = True
        entry.tokens = tokens
        totals = self.models.setdefault(entry.model, [0, 0, 0, 0, 0])
        totals[0] += 1
        for place, count in enumerate(tokens, start=1):
            totals[place] += count

    def as_json(self, *, entries: bool = False, prefix: str = "") -> dict[str, Any]:
        """Totals, overall and per model; with `entries` the requests whose id has the prefix."""
        names = ("billed", *_NAMES)
        sums = [sum(column) for column in zip(*self.models.values(), strict=True)] or [0] * 5
        document: dict[str, Any] = {
            "requests": self.requests,
            "in_flight": self.requests - self.finished,
            **dict(zip(names, sums, strict=True)),
            "outcomes": dict(self.outcomes),
            "models": {m: dict(zip(names, t, strict=True)) for m, t in self.models.items()},
        }
        if entries:
            document["entries"] = [
                entry.as_json()
                for entry in self.entries
                if entry.client_request_id.startswith(prefix)
            ]
        return document
