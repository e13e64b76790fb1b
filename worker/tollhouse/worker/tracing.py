"""OpenTelemetry: one span for each attempt at a provider, if an OTLP endpoint is configured.

Attributes are those of the GenAI semantic conventions, by the names that hold since their
version 1.37 (https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/), and three of ours.
No span carries a prompt, an answer, an error's text, a tenant or a user.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from tollhouse import __version__
from tollhouse.log import Log
from tollhouse.providers import Call, Outcome

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

__all__ = ["Complete", "traced"]

log = Log(__name__)

Complete = Callable[[Call], Awaitable[Outcome]]

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_STOP_SECONDS = 5.0


@asynccontextmanager
async def traced(
    complete: Complete, *, instance: str, environ: Mapping[str, str] = os.environ
) -> AsyncIterator[Complete]:
    """Yield `complete`, with spans around it if they are wanted: else the same function."""
    if not any(environ.get(name) for name in _ENDPOINTS):
        yield complete
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        log.warning("no traces: an OTLP endpoint is set, but tollhouse[otel] is not installed")
        yield complete
        return
    resource = Resource.create(
        {
            "service.name": environ.get("OTEL_SERVICE_NAME") or "tollhouse-worker",
            "service.version": __version__,
            "service.instance.id": instance,
        }
    )
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(timeout=_STOP_SECONDS)))
    try:
        yield _with_spans(complete, provider.get_tracer("tollhouse", __version__))
    finally:
        await asyncio.to_thread(provider.shutdown)


def _with_spans(complete: Complete, tracer: "Tracer") -> Complete:
    from opentelemetry.trace import SpanKind, Status, StatusCode

    async def complete_in_a_span(call: Call) -> Outcome:
        span = tracer.start_span(
            f"chat {call.model}", kind=SpanKind.CLIENT, attributes=_request(call)
        )
        try:
            outcome = await complete(call)
        except BaseException as error:  # an abort, or a bug: the worker says which, to the database
            span.set_attribute("error.type", type(error).__qualname__)
            span.set_status(Status(StatusCode.ERROR))
            raise
        else:
            _respond(span, outcome)
            if outcome.outcome != "success":
                span.set_attribute("error.type", outcome.error_code or outcome.outcome)
                span.set_status(Status(StatusCode.ERROR, outcome.outcome))
            return outcome
        finally:
            span.end()

    return complete_in_a_span


def _request(call: Call) -> dict[str, str | int]:
    attributes: dict[str, str | int] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": call.provider,
        "gen_ai.request.model": call.model,
        "tollhouse.call_id": str(call.call_id),
        "tollhouse.attempt": call.attempt,
        "tollhouse.endpoint": call.endpoint,
    }
    if call.max_output_tokens is not None:
        attributes["gen_ai.request.max_tokens"] = call.max_output_tokens
    return attributes


def _respond(span: "Span", outcome: Outcome) -> None:
    metadata = outcome.metadata or {}
    found = {
        "gen_ai.response.model": metadata.get("model"),
        "gen_ai.usage.input_tokens": outcome.input_tokens,
        "gen_ai.usage.output_tokens": outcome.output_tokens,
        "gen_ai.usage.cache_read.input_tokens": outcome.cached_input_tokens,
        "http.response.status_code": outcome.http_status,
    }
    for name, value in found.items():
        if isinstance(value, str | int):
            span.set_attribute(name, value)
    reason = metadata.get("finish_reason")
    if isinstance(reason, str):
        span.set_attribute("gen_ai.response.finish_reasons", [reason])
