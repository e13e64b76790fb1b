"""Spans of attempts, as a collector that speaks OTLP over HTTP receives them."""

import asyncio
import builtins
import gzip
import logging
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.support.database import Database
from tests.support.waiting import PATIENCE
from tests.worker.fakes import make_call, success
from tests.worker.running import bench
from tollhouse.providers import Call, Outcome
from tollhouse.worker.tracing import traced

METRICS = Path(__file__).parents[2] / "docs" / "ops" / "METRICS.md"
SECRET = "a question that nobody else should read"


@dataclass
class Collector:
    """The collector's end."""

    spans: list[dict[str, Any]] = field(default_factory=list)
    resource: dict[str, Any] = field(default_factory=dict)
    raw: bytes = b""

    async def take(self, request: web.Request) -> web.Response:
        """Decode one export."""
        from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

        body = await request.read()
        if request.headers.get("Content-Encoding") == "gzip" and body.startswith(b"\x1f\x8b"):
            body = gzip.decompress(body)
        self.raw += body
        export = trace_service_pb2.ExportTraceServiceRequest.FromString(body)
        for resource in export.resource_spans:
            self.resource = _values(resource.resource.attributes)
            for scope in resource.scope_spans:
                self.spans += [
                    {
                        "name": span.name,
                        "kind": span.kind,
                        "status": span.status.code,
                        "took": span.end_time_unix_nano - span.start_time_unix_nano,
                        **_values(span.attributes),
                    }
                    for span in scope.spans
                ]
        return web.Response(
            body=trace_service_pb2.ExportTraceServiceResponse().SerializeToString(),
            content_type="application/x-protobuf",
        )


def _values(attributes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for attribute in attributes:
        kind = attribute.value.WhichOneof("value")
        value = getattr(attribute.value, kind)
        if kind == "array_value":
            value = [item.string_value for item in value.values]
        values[attribute.key] = value
    return values


@asynccontextmanager
async def collecting(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Collector]:
    """Run a collector, and point the environment at it."""
    pytest.importorskip("opentelemetry.sdk", reason="tollhouse[otel] is not installed")
    collector = Collector()
    app = web.Application()
    app.router.add_post("/v1/traces", collector.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{port}")
    yield collector
    await runner.cleanup()


async def test_an_attempt_is_a_span(
    pg18_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker's call, named by the GenAI conventions, without prompt or answer."""
    async with collecting(monkeypatch) as collector, bench(pg18_database) as case:
        async with case.worker():
            case.enqueue(1, prefix=SECRET.replace(" ", "-"))
            await case.until("select count(*) from tollhouse_private.llm_api_calls", 1)
        (span,) = collector.spans
        row = pg18_database.rows("select * from tollhouse_private.provider_attempts")[0]
    assert span["name"] == "chat mock-small"
    assert (span["kind"], span["status"]) == (3, 0)  # a client span, status unset: success
    assert span["took"] > 0
    assert span["gen_ai.operation.name"] == "chat"
    assert span["gen_ai.provider.name"] == "mock"
    assert span["gen_ai.request.model"] == "mock-small"
    assert span["gen_ai.response.finish_reasons"] == ["stop"]
    assert span["gen_ai.usage.input_tokens"] == row["input_tokens"]
    assert span["gen_ai.usage.output_tokens"] == row["output_tokens"]
    assert span["tollhouse.call_id"] == str(row["call_id"])
    assert span["tollhouse.attempt"] == 1
    listed = set(re.findall(r"`((?:gen_ai|http|error|tollhouse)\.[\w.]+)`", METRICS.read_text()))
    assert {name for name in span if "." in name} <= listed
    assert collector.resource["service.name"] == "tollhouse-worker"
    for secret in (SECRET, SECRET.replace(" ", "-"), "acme", "ann"):
        assert secret.encode() not in collector.raw


async def test_a_failure_has_its_type(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has error status and the outcome, not the provider's text, which may quote the prompt."""

    async def fail(call: Call) -> Outcome:
        return Outcome.of(call, "server_error", error_message=SECRET, http_status=503)

    async with collecting(monkeypatch) as collector:
        async with traced(fail, instance="test") as complete:
            await complete(make_call())
        (span,) = collector.spans
    assert (span["status"], span["error.type"]) == (2, "server_error")
    assert span["http.response.status_code"] == 503
    assert SECRET.encode() not in collector.raw


async def test_an_aborted_call_ends_its_span(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cancellation propagates."""

    async def never(_: Call) -> Outcome:
        await asyncio.sleep(3600)
        raise AssertionError

    async with collecting(monkeypatch) as collector:
        async with traced(never, instance="test") as complete:
            task = asyncio.ensure_future(complete(make_call()))
            await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        (span,) = collector.spans
    assert (span["status"], span["error.type"]) == (2, "CancelledError")


async def test_a_collector_that_is_away_costs_no_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the collector down the call is answered, and the worker stops in bounded time."""
    pytest.importorskip("opentelemetry.sdk", reason="tollhouse[otel] is not installed")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")

    async def answer(call: Call) -> Outcome:
        return success(call)

    async with asyncio.timeout(PATIENCE):
        async with traced(answer, instance="test") as complete:
            assert (await complete(make_call())).outcome == "success"


async def answer(call: Call) -> Outcome:
    """Answer at once."""
    return success(call)


async def test_not_configured_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The function itself is returned, and OpenTelemetry isn't imported."""
    loaded = {name for name in sys.modules if name.startswith("opentelemetry")}
    async with traced(answer, instance="test", environ={}) as complete:
        assert complete is answer
    assert {name for name in sys.modules if name.startswith("opentelemetry")} == loaded


async def test_not_installed_is_said_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Without OpenTelemetry the worker runs untraced."""
    found = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name.startswith("opentelemetry"):
            raise ImportError(name)
        return found(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}
    with caplog.at_level(logging.WARNING):
        async with traced(answer, instance="test", environ=environ) as complete:
            assert complete is answer
    assert "tollhouse[otel]" in caplog.text
