"""What the database handed to the worker: one admitted call."""

from dataclasses import dataclass, field
from typing import Self
from uuid import UUID

__all__ = ["Call"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One element of what `record_and_claim` returns; the field names are its column names.

    `model` is the provider's own name of the model, `max_output_tokens` what was reserved from the
    budget, `timeout_ms` the time for the whole exchange. `request` is the validated request as
    JSON text: Postgres holds documents that Python can't read, and one may not spoil a batch.
    """

    call_id: UUID
    attempt: int
    tenant_id: str
    endpoint: str
    provider: str
    model: str
    request: str = field(repr=False)
    max_output_tokens: int | None
    timeout_ms: int

    @property
    def client_request_id(self) -> str:
        """The id under which the provider's account can be held against `provider_attempts`."""
        return f"{self.call_id}.{self.attempt}"

    def without_request(self) -> Self:
        """A copy that holds no request. Spelled out: replace() takes several times as long."""
        return type(self)(
            call_id=self.call_id,
            attempt=self.attempt,
            tenant_id=self.tenant_id,
            endpoint=self.endpoint,
            provider=self.provider,
            model=self.model,
            request="",
            max_output_tokens=self.max_output_tokens,
            timeout_ms=self.timeout_ms,
        )
