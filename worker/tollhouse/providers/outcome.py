"""What happened on the wire: one outcome of one attempt, as `tollhouse_worker.record` reads it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self
from uuid import UUID

from .call import Call
from .room import Share
from .sanitize import bounded

__all__ = ["MAX_ERROR_MESSAGE", "Outcome", "OutcomeName"]

OutcomeName = Literal[
    "success",
    "rate_limited",
    "server_error",
    "timeout",
    "dropped",
    "unreachable",
    "malformed",
    "rejected",
    "not_configured",
    "aborted",
    "cancelled",
    "interrupted",
    "not_sent",
]

MAX_ERROR_MESSAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A fact, not a verdict: whether to retry, to charge or to open a breaker is SQL's business.

    `sent` is False when no byte of the request went out, whatever the outcome says in general.
    Tokens are totals: `input_tokens` include the cached ones, `output_tokens` the reasoning.
    All four are None when the provider did not report a usage; `usage_doubtful` marks one that
    contradicts itself.
    `share` is the memory that the answer holds until it is recorded and somebody releases it.
    """

    call_id: UUID
    attempt: int
    outcome: OutcomeName
    sent: bool | None = None
    http_status: int | None = None
    error_code: str | None = None
    error_message: str | None = None
    retry_after_ms: int | None = None
    latency_ms: int | None = None
    provider_request_id: str | None = None
    input_tokens: int | None = None
    cached_input_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    usage_doubtful: bool | None = None
    response: Mapping[str, Any] | None = None
    reasoning: str | None = None
    metadata: Mapping[str, Any] | None = None
    share: Share | None = field(default=None, compare=False, repr=False)

    @classmethod
    def of(
        cls,
        call: Call,
        outcome: OutcomeName,
        *,
        error_code: str | None = None,
        error_message: str | None = None,
        http_status: int | None = None,
        latency_ms: int | None = None,
    ) -> Self:
        """An outcome without an answer: what the worker itself decides (aborted, not_sent, …)."""
        return cls(
            call_id=call.call_id,
            attempt=call.attempt,
            outcome=outcome,
            http_status=http_status,
            error_code=bounded(error_code, 100),
            error_message=bounded(error_message, MAX_ERROR_MESSAGE),
            latency_ms=latency_ms,
        )

    def without_answer(self) -> Self:
        """A copy that says what came of the attempt, and holds neither answer nor usage."""
        return type(self)(
            call_id=self.call_id,
            attempt=self.attempt,
            outcome=self.outcome,
            http_status=self.http_status,
            error_code=self.error_code,
            error_message=self.error_message,
            latency_ms=self.latency_ms,
            share=self.share,
        )

    def as_json(self) -> dict[str, Any]:
        """The element of `p_results`: plain values, nothing that jsonb refuses."""
        return {
            "call_id": str(self.call_id),
            "attempt": self.attempt,
            "outcome": self.outcome,
            "sent": self.sent,
            "http_status": self.http_status,
            "error_code": self.error_code,
            "error_message": self.error_message,
            "retry_after_ms": self.retry_after_ms,
            "latency_ms": self.latency_ms,
            "provider_request_id": self.provider_request_id,
            "input_tokens": self.input_tokens,
            "cached_input_tokens": self.cached_input_tokens,
            "output_tokens": self.output_tokens,
            "reasoning_tokens": self.reasoning_tokens,
            "usage_doubtful": self.usage_doubtful,
            "response": self.response,
            "reasoning": self.reasoning,
            "metadata": self.metadata,
        }
