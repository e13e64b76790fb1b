"""How one call ended, on its way to the ledger."""

import json
from dataclasses import dataclass, field, replace

from tollhouse.providers import Call, Outcome
from tollhouse.worker.lease import Lease

__all__ = ["Result", "unanswered"]


@dataclass(slots=True, eq=False)
class Result:
    """An outcome, the lease under which its call was claimed, and when it came (loop time).

    `text` is the element of `p_results`; the tenant in it is the first column of the job's key.
    What is in the text, and may be large, is nowhere else: not in `call`, not in `outcome`.
    materialize: false has the database leave out a materializer that took too long
    Raises TypeError, ValueError or RecursionError for an outcome that JSON can't hold.
    """

    lease: Lease
    call: Call
    outcome: Outcome
    at: float
    materialize: bool = True
    text: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        row = {"tenant_id": self.call.tenant_id, **self.outcome.as_json()}
        self.text = json.dumps(row, allow_nan=False)
        self.call = replace(self.call, request="")
        self.outcome = replace(self.outcome, response=None, reasoning=None, metadata=None)
        if self.outcome.share is not None:
            self.outcome.share.resize(len(self.text))

    def leave_out_materializer(self) -> None:
        """Ask for the row that its endpoint makes of it no more."""
        self.materialize = False
        self.text = self.text[:-1] + ', "materialize": false}'

    def release(self) -> None:
        """It is recorded: others may have its memory."""
        if self.outcome.share is not None:
            self.outcome.share.release()


def unanswered(call: Call, outcome: Outcome) -> Outcome:
    """Return what can be said of an outcome that was refused as data."""
    return replace(
        Outcome.of(
            call,
            "malformed",
            error_code="result_refused",
            error_message="the database refused this result as data",
            http_status=outcome.http_status,
            latency_ms=outcome.latency_ms,
        ),
        share=outcome.share,
    )
