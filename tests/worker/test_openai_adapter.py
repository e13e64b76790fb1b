"""The OpenAI adapter over real HTTP: what it sends, and how it classifies the replies."""

import asyncio
import base64
import json
import random
import socket
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from email.utils import formatdate
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import aiohttp
import pytest
from aiohttp import web

from tests.support.waiting import HELD, PATIENCE
from tests.worker.fakes import eventually
from tollhouse.providers import (
    Call,
    OpenAIProvider,
    Outcome,
    Providers,
    Redactor,
    open_session,
)
from tollhouse.providers.refusal import read_refusal, retry_after_ms
from tollhouse.providers.request_body import build_body
from tollhouse.providers.sanitize import MAX_DEPTH, bounded, clean
from tollhouse.providers.usage import NO_USAGE, Usage, read_usage
from tollhouse_demo.mock_provider import MockProvider, start

KEY = "sk-secret-0123456789"
QUESTION = "Why did newspaper advertising stop working in Ohio?"


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """The session as the worker opens it."""
    async with open_session() as session:
        yield session


@pytest.fixture
async def mock() -> AsyncIterator[MockProvider]:
    """A mock provider that insists on the key."""
    async with await start(api_key=KEY) as provider:
        yield provider


@pytest.fixture
def adapter(session: aiohttp.ClientSession, mock: MockProvider) -> OpenAIProvider:
    """The adapter, pointed at the mock provider."""
    return OpenAIProvider(session=session, base_url=mock.base_url, api_key=KEY)


def call(request: dict[str, Any] | None = None, **more: Any) -> Call:
    """A claimed call."""
    fields: dict[str, Any] = {
        "call_id": uuid4(),
        "attempt": 1,
        "tenant_id": "acme",
        "endpoint": "explanation",
        "provider": "mock",
        "model": "mock-small",
        "request": json.dumps({"prompt": QUESTION} if request is None else request),
        "max_output_tokens": 256,
        "timeout_ms": 5000,
    }
    return Call(**{**fields, **more})


def facts(outcome: Outcome) -> tuple[str, int | None, str | None]:
    """Outcome, status and error code."""
    return outcome.outcome, outcome.http_status, outcome.error_code


async def test_success_carries_everything(adapter: OpenAIProvider, mock: MockProvider) -> None:
    """Content, reasoning, tokens and metadata arrive, and equal the provider's bill."""
    sent = call(attempt=3)
    outcome = await adapter.complete(sent)
    assert ("success", 200, None) == facts(outcome)
    assert outcome.response is not None
    assert {"content", "finish_reason"} == set(outcome.response)
    assert "newspaper" in outcome.response["content"]
    assert "newspaper" in (outcome.reasoning or "")
    assert outcome.metadata is not None
    assert {
        "provider_request_id",
        "model",
        "finish_reason",
        "system_fingerprint",
        "usage",
        "created",
    } == set(outcome.metadata)
    (entry,) = mock.bill()["entries"]
    assert (
        f"{sent.call_id}.3",
        outcome.input_tokens,
        outcome.cached_input_tokens,
        outcome.output_tokens,
        outcome.reasoning_tokens,
    ) == (
        entry["client_request_id"],
        entry["prompt_tokens"],
        entry["cached_tokens"],
        entry["completion_tokens"],
        entry["reasoning_tokens"],
    )
    document = outcome.as_json()
    assert document == json.loads(json.dumps(document, allow_nan=False))
    assert (str(sent.call_id), 3) == (document["call_id"], document["attempt"])


async def test_tool_calls_are_kept(adapter: OpenAIProvider) -> None:
    """An answer without content but with tool calls is a success."""
    tool = {"type": "function", "function": {"name": "look_up", "parameters": {}}}
    request = {"prompt": QUESTION, "tools": [tool], "tool_choice": "required"}
    outcome = await adapter.complete(call(request))
    assert "success" == outcome.outcome
    assert outcome.response is not None
    assert (None, "tool_calls") == (outcome.response["content"], outcome.response["finish_reason"])
    assert "look_up" == outcome.response["tool_calls"][0]["function"]["name"]


def test_a_null_is_absent_on_the_wire() -> None:
    """In parameters, messages and tools; a JSON schema goes as it came, and so does no content."""
    schema = {"type": "object", "properties": {"x": {"enum": [None, 1]}}}
    called = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    request = {
        "messages": [
            {"role": "user", "content": "x", "name": None},
            {"role": "assistant", "content": None, "refusal": None, "tool_calls": [called]},
        ],
        "temperature": None,
        "tools": [
            {"type": "function", "function": {"name": "f", "strict": None, "parameters": schema}}
        ],
    }
    body = json.loads(build_body(call(request), max_tokens_field="max_tokens"))
    assert [
        {"role": "user", "content": "x"},
        {"role": "assistant", "content": None, "tool_calls": [called]},
    ] == body["messages"]
    assert "temperature" not in body
    assert [{"type": "function", "function": {"name": "f", "parameters": schema}}] == body["tools"]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"status": 429}, ("rate_limited", 429, "rate_limit_error")),
        ({"status": 429, "code": "slow_down"}, ("rate_limited", 429, "slow_down")),
        (
            {"status": 429, "code": "insufficient_quota"},
            ("rejected", 429, "insufficient_quota"),
        ),
        ({"status": 500}, ("server_error", 500, "server_error")),
        ({"status": 503}, ("server_error", 503, "server_error")),
        ({"status": 529}, ("server_error", 529, "server_error")),
        ({"status": 408}, ("server_error", 408, "invalid_request_error")),
        ({"status": 409}, ("server_error", 409, "invalid_request_error")),
        ({"status": 400}, ("rejected", 400, "invalid_request_error")),
        ({"status": 401, "code": "bad_key"}, ("rejected", 401, "bad_key")),
        ({"status": 403}, ("rejected", 403, "invalid_request_error")),
        ({"status": 404}, ("rejected", 404, "invalid_request_error")),
        ({"status": 413}, ("rejected", 413, "invalid_request_error")),
        ({"status": 422}, ("rejected", 422, "invalid_request_error")),
        ({"drop": "before"}, ("dropped", None, "connection_lost")),
        ({"drop": "after"}, ("dropped", None, "connection_lost")),
        ({"malformed": "not_json"}, ("malformed", 200, "not_json")),
        ({"malformed": "truncated"}, ("malformed", 200, "not_json")),
        ({"malformed": "empty"}, ("malformed", 200, "empty_body")),
        ({"malformed": "no_choices"}, ("malformed", 200, "no_choices")),
        ({"malformed": "no_usage"}, ("success", 200, None)),
        ({"malformed": "deep"}, ("malformed", 200, "not_json")),
        ({"malformed": "long_number"}, ("malformed", 200, "not_json")),
        ({"malformed": "nul"}, ("success", 200, None)),
        ({"malformed": "extreme"}, ("success", 200, None)),
        ({"usage": {"prompt_tokens": -5}}, ("success", 200, None)),
    ],
)
async def test_every_fault_has_its_outcome(
    adapter: OpenAIProvider,
    mock: MockProvider,
    fault: dict[str, Any],
    expected: tuple[str, int | None, str | None],
) -> None:
    """Each fault on the wire becomes exactly one outcome, with exactly one request sent."""
    mock.fault(fault)
    assert expected == facts(await adapter.complete(call()))
    assert 1 == mock.bill()["requests"]


async def test_usage_of_a_malformed_answer_is_kept(
    adapter: OpenAIProvider, mock: MockProvider
) -> None:
    """Tokens that a malformed answer reports are kept for billing."""
    mock.fault({"malformed": "no_choices"})
    outcome = await adapter.complete(call())
    bill = mock.bill()
    assert (bill["prompt_tokens"], bill["completion_tokens"]) == (
        outcome.input_tokens,
        outcome.output_tokens,
    )


async def test_success_without_usage_has_no_tokens(
    adapter: OpenAIProvider, mock: MockProvider
) -> None:
    """No usage, no tokens: nothing is guessed."""
    mock.fault({"malformed": "no_usage"})
    outcome = await adapter.complete(call())
    assert (None, None, None, None) == (
        outcome.input_tokens,
        outcome.cached_input_tokens,
        outcome.output_tokens,
        outcome.reasoning_tokens,
    )


async def test_characters_that_jsonb_refuses_are_replaced(
    adapter: OpenAIProvider, mock: MockProvider
) -> None:
    """U+0000 and half a surrogate pair come out as U+FFFD."""
    mock.fault({"malformed": "nul"})
    outcome = await adapter.complete(call())
    assert outcome.response is not None
    assert outcome.response["content"].startswith("nul \ufffd and half a pair \ufffd: ")


async def test_timeout_is_a_timeout(adapter: OpenAIProvider, mock: MockProvider) -> None:
    """No answer in time is `timeout`; the provider carries on and bills."""
    mock.fault(HELD)
    outcome = await adapter.complete(call(timeout_ms=1000))
    assert ("timeout", None, "timeout") == facts(outcome)
    assert 950 <= (outcome.latency_ms or 0)
    mock.chat.faults.clear()
    await eventually(lambda: not mock.bill()["in_flight"])
    assert 1 == mock.bill()["billed"]


async def test_cancellation_passes_through(adapter: OpenAIProvider, mock: MockProvider) -> None:
    """A cancelled call raises CancelledError: only the worker knows why."""
    mock.fault(HELD)
    task = asyncio.create_task(adapter.complete(call()))
    while not mock.chat.bill.requests:  # noqa: ASYNC110 - the server tells nobody
        await asyncio.sleep(0.005)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:{port}/v1", "http://no-host.invalid/v1"])
async def test_nothing_sent_is_unreachable(session: aiohttp.ClientSession, base_url: str) -> None:
    """A refused connection and an unknown host are `unreachable`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    adapter = OpenAIProvider(session=session, base_url=base_url.format(port=port))
    outcome = await adapter.complete(call())
    assert ("unreachable", None, "connect_failed") == facts(outcome)


async def test_no_tls_is_unreachable(session: aiohttp.ClientSession, mock: MockProvider) -> None:
    """A failed TLS handshake means that no request was sent."""
    url = mock.base_url.replace("http:", "https:")
    outcome = await OpenAIProvider(session=session, base_url=url).complete(call())
    assert "unreachable" == outcome.outcome
    assert 0 == mock.bill()["requests"]


async def test_connection_reset_after_sending_is_dropped(session: aiohttp.ClientSession) -> None:
    """A reset once the request was written is `dropped`; so is an answer that is not HTTP."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        if b"/odd/" in request:
            writer.write(b"220 mail.example ESMTP\r\n\r\n")
            await writer.drain()
        writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        root = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        for base_url in (f"{root}/v1", f"{root}/odd/v1"):
            adapter = OpenAIProvider(session=session, base_url=base_url)
            assert "dropped" == (await adapter.complete(call())).outcome


async def test_key_never_shows(session: aiohttp.ClientSession, mock: MockProvider) -> None:
    """A provider that quotes the key back doesn't get it into an error, and repr hides it."""
    adapter = OpenAIProvider(session=session, base_url=mock.base_url, api_key=KEY + "\n")
    mock.fault(
        {"status": 400, "code": KEY, "message": f"key {KEY} or sk-abcd****wxyz " + "x" * 900}
    )
    outcome = await adapter.complete(call())
    assert "[key]" == outcome.error_code
    assert (outcome.error_message or "").startswith("key [key] or [key] xxx")
    assert 500 == len(outcome.error_message or "")
    assert KEY not in repr(adapter) + repr(outcome)


HARD_KEY = 'sk-proj/Ab9+"x_&0123456789'
SPELLINGS = {
    "plain": HARD_KEY,
    "header": f"Bearer {HARD_KEY}",
    "json": json.dumps(HARD_KEY).replace("/", "\\/"),
    "json in json": json.dumps(json.dumps({"a": HARD_KEY})),
    "json code": "".join(f"\\u{ord(sign):04X}" for sign in HARD_KEY),
    "url": quote(HARD_KEY, safe=""),
    "url twice": quote(quote(HARD_KEY, safe=""), safe=""),
    "html": "".join(f"&#x{ord(sign):x};" for sign in HARD_KEY),
    "base64": base64.b64encode(f"Bearer {HARD_KEY}".encode()).decode(),
    "base64 for URLs": base64.urlsafe_b64encode(f"a:{HARD_KEY}:more".encode()).decode(),
}


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_the_key_is_found_in_every_spelling(spelling: str) -> None:
    """A key is redacted however the provider spells or escapes it."""
    said = Redactor(HARD_KEY).text(f"before {spelling} after")
    assert "[key]" in said
    assert said.startswith("before ")
    assert said.endswith(" after")
    for part in (HARD_KEY, HARD_KEY[4:12], spelling, spelling[8:-8]):
        assert part not in said


@pytest.mark.parametrize("key", [HARD_KEY, HARD_KEY.replace('"', "")], ids=["quote", "no quote"])
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("spelling", [*SPELLINGS, "in base64 text", "split by an escape"])
def test_no_document_that_holds_the_key_is_taken_for_one_without(
    key: str, codec: str, spelling: str
) -> None:
    """Whether the bytes show the key or an escape hides it, such a document is searched."""
    said = SPELLINGS.get(spelling, base64.b64encode(HARD_KEY.encode()).decode())
    written = json.dumps({"a": "line\n\tbreak", "b": [f"before {said} after"]})
    if key != HARD_KEY:
        written = written.replace(json.dumps(HARD_KEY)[1:-1], key).replace("\\u0022", "")
        written = written.replace("%22", "").replace("%2522", "").replace("&#x22;", "")
    if spelling == "split by an escape":
        written = json.dumps({"a": f"before {key} after"}).replace("proj", "pr\\u006fj")
    redactor = Redactor(key)
    document = written.encode(codec)
    changed = redactor.value(json.loads(document)) != json.loads(document)
    assert not (changed and redactor.is_absent(document))


def test_a_document_without_the_key_needs_no_search() -> None:
    """Escapes of control characters and quotes hide nothing."""
    redactor = Redactor("sk-proj-0123456789")
    assert redactor.is_absent(json.dumps({"a": 'said "no",\n50% & more\t'}).encode())
    assert redactor.is_absent('{"a": "ünï"}'.encode())
    assert not redactor.is_absent(b'{"a": "\\u0073k-proj-0123456789"}')
    assert not redactor.is_absent(b'{"a": "\\/"}')
    assert not redactor.is_absent(b'{"sk-proj-0123456789": 1}')


def test_a_common_word_as_a_key_spoils_no_answer() -> None:
    """Some local servers want any key at all; in an error it is taken out all the same."""
    redactor = Redactor("EMPTY")
    assert redactor.text("the glass is EMPTY") == "the glass is EMPTY"
    assert redactor.message("wrong key EMPTY") == "wrong key [key]"


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize("body", ["answer", "complaint", "no answer", "no JSON"])
async def test_an_echoed_key_is_kept_nowhere(
    session: aiohttp.ClientSession, body: str, status: int
) -> None:
    """Not as content, reasoning, tool call, metadata or request id, not in an error; not cut."""
    behind = "x" * 90 + KEY  # what is bounded to 100 characters must not keep half of it
    message = {
        "content": [{"text": f"your key is {KEY}"}],
        "refusal": KEY,
        "reasoning": f"so {KEY}",
        "tool_calls": [{KEY: [json.dumps({"key": KEY})]}],
    }
    answer = {
        "choices": [{"message": message, "finish_reason": behind}],
        "model": f"m {KEY}",
        "system_fingerprint": quote(KEY),
        "usage": {KEY: KEY},
        "error": {"message": KEY, "code": behind, "type": KEY},
    }
    texts = {
        "answer": json.dumps(answer),
        "complaint": json.dumps({"error": {"message": "x" * 490 + KEY, "code": behind}}),
        "no answer": json.dumps({"error": KEY, "choices": []}),
        "no JSON": f"no JSON {KEY}",
    }

    async def handle(_: web.BaseRequest) -> web.Response:
        headers = {"x-request-id": "y" * 190 + KEY}
        return web.Response(status=status, text=texts[body], headers=headers)

    runner = web.ServerRunner(web.Server(handle))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base_url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    adapter = OpenAIProvider(session=session, base_url=base_url, api_key=KEY)
    outcome = await adapter.complete(call())
    await runner.cleanup()
    assert ("success" if (body, status) == ("answer", 200) else "malformed") == outcome.outcome or (
        "rejected" == outcome.outcome and status == 400
    )
    kept = json.dumps(outcome.as_json())
    assert "[key]" in kept
    assert KEY[:8] not in kept
    assert KEY not in repr(outcome)


async def test_a_call_is_hung_up_at_once(session: aiohttp.ClientSession) -> None:
    """The provider sees it before the worker's loop comes round; no other call is hung up."""
    heard: list[bytes] = []
    gone = threading.Event()

    def serve(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            while piece := connection.recv(65536):
                heard.append(piece)
        gone.set()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=[listening], daemon=True)
        thread.start()
        base_url = f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
        adapter = OpenAIProvider(session=session, base_url=base_url)
        sent = call()
        task = asyncio.create_task(adapter.complete(sent))
        await eventually(lambda: heard)
        adapter.hang_up(call())
        assert not gone.wait(0.1)
        adapter.hang_up(sent)
        task.cancel()
        assert gone.wait(PATIENCE)
        with pytest.raises(asyncio.CancelledError):
            await task
        adapter.hang_up(sent)


async def test_no_key_no_header(session: aiohttp.ClientSession) -> None:
    """Without a key there is no Authorization header; redirects and cookies are not followed."""
    seen: list[web.BaseRequest] = []

    async def handle(request: web.BaseRequest) -> web.Response:
        seen.append(request)
        headers = {"Location": "/elsewhere", "Set-Cookie": "a=b"}
        return web.Response(status=307, headers=headers)

    runner = web.ServerRunner(web.Server(handle))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base_url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1/?api-version=7"
    adapter = OpenAIProvider(session=session, base_url=base_url)
    outcomes = [await adapter.complete(call()) for _ in range(2)]
    await runner.cleanup()
    assert [("rejected", 307, "http_307")] * 2 == [facts(outcome) for outcome in outcomes]
    assert ["/v1/chat/completions?api-version=7"] * 2 == [request.path_qs for request in seen]
    assert not any({"Authorization", "Cookie"} & set(request.headers) for request in seen)


async def test_huge_answer_is_malformed(session: aiohttp.ClientSession, mock: MockProvider) -> None:
    """An answer over the size limit is abandoned, not read."""
    adapter = OpenAIProvider(
        session=session, base_url=mock.base_url, api_key=KEY, max_response_bytes=100
    )
    assert ("malformed", 200, "too_large") == facts(await adapter.complete(call()))


async def test_unknown_provider_is_not_configured(
    session: aiohttp.ClientSession, mock: MockProvider
) -> None:
    """The registry finds a provider whatever the case and dashes of its name, or says so."""

    @dataclass(frozen=True)
    class Config:
        base_url: str
        api_key: str | None = KEY
        max_tokens_field: str = "max_tokens"

    providers = Providers(session=session, configs={"my_mock": Config(mock.base_url)})
    assert "success" == (await providers.complete(call(provider="My-Mock"))).outcome
    outcome = await providers.complete(call(provider="other"))
    assert ("not_configured", None, "not_configured") == facts(outcome)
    assert 1 == mock.bill()["requests"]


def body_of(request: dict[str, Any], field: str = "max_completion_tokens", **more: Any) -> Any:
    """The body that would be sent."""
    return json.loads(build_body(call(request, **more), max_tokens_field=field))


def test_body_holds_the_claimed_model_and_documented_parameters_only() -> None:
    """Parameters that change price or shape of the answer aren't sent; the claimed model wins."""
    request = {
        "prompt": "hi",
        "model": "dearer",
        "temperature": 0.2,
        "stop": ["."],
        "n": 5,
        "stream": True,
        "service_tier": "priority",
        "api_key": "x",
    }
    assert {
        "model": "mock-small",
        "messages": [{"role": "user", "content": "hi"}],
        "temperature": 0.2,
        "stop": ["."],
        "max_completion_tokens": 256,
    } == body_of(request)


def test_body_takes_the_smaller_output_limit() -> None:
    """The request may ask for less than was reserved, never for more."""
    assert 9 == body_of({"prompt": "hi", "max_tokens": 9})["max_completion_tokens"]
    assert (
        256 == body_of({"prompt": "hi", "max_completion_tokens": 999}, "max_tokens")["max_tokens"]
    )
    assert "max_completion_tokens" not in body_of({"prompt": "hi"}, max_output_tokens=None)


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{"messages": []}',
        '{"prompt": 7}',
        '["secret"]',
        "secret",
        '{"prompt": "secret", "temperature": 1e999}',
        f'{{"prompt": "secret", "seed": {"9" * 5000}}}',
        f'{{"prompt": "secret", "tools": {"[" * 100_000}{"]" * 100_000}}}',
    ],
)
async def test_unusable_request_is_rejected_unsent(
    adapter: OpenAIProvider, mock: MockProvider, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    """An unreadable or invalid request never reaches the provider; the log names the call."""
    sent = replace(call(), request=text)
    outcome = await adapter.complete(sent)
    assert ("rejected", None, "invalid_request") == facts(outcome)
    assert outcome.sent is False
    assert 0 == mock.bill()["requests"]
    (record,) = caplog.records
    assert sent.call_id == vars(record)["fields"]["call_id"]
    assert "secret" not in f"{vars(record)} {outcome} {sent}"


@pytest.mark.parametrize(
    "arguments",
    [
        {"base_url": "ftp://host/v1"},
        {"base_url": "host/v1"},
        {"base_url": "http://user:secret@host/v1"},
        {"base_url": "http://host/v1", "api_key": "two\nlines"},
        {"base_url": "http://host/v1", "api_key": "ключ"},
        {"base_url": "http://host/v1", "max_tokens_field": "n"},
    ],
)
async def test_settings_that_cannot_work_are_refused(
    session: aiohttp.ClientSession, arguments: dict[str, str]
) -> None:
    """A bad URL, key or field name fails at start, without quoting a secret."""
    with pytest.raises(ValueError, match=r"provider's|max tokens") as caught:
        OpenAIProvider(session=session, **arguments)  # type: ignore[arg-type]
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"retry-after": "2"}, 2000),
        ({"retry-after": "0.25"}, 250),
        ({"retry-after-ms": "15.2", "retry-after": "9"}, 16),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9000),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "1e300"}, 2**31 - 1),
        ({"retry-after": "inf"}, 2**31 - 1),
        ({"retry-after": "Thu, 01 Jan 1970 00:16:45 GMT"}, 5000),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0),
        ({"retry-after": "tomorrow"}, None),
    ],
)
def test_retry_after_is_read(headers: dict[str, str], expected: int | None) -> None:
    """Milliseconds, seconds or a date; nonsense is ignored."""
    assert expected == retry_after_ms(headers, now=1000.0)


async def test_retry_after_arrives(adapter: OpenAIProvider, mock: MockProvider) -> None:
    """The provider's Retry-After is part of the outcome, for 429 and 503 alike."""
    mock.fault({"status": 429, "retry_after_s": 1.5}, times=1)
    mock.fault({"status": 503, "headers": {"Retry-After-Ms": "70"}}, times=1)
    until = int(time.time()) + 3600
    date = formatdate(until, usegmt=True)
    mock.fault({"status": 429, "headers": {"Retry-After": date}}, times=1)
    assert 1500 == (await adapter.complete(call())).retry_after_ms
    assert 70 == (await adapter.complete(call())).retry_after_ms
    before = time.time()
    outcome = await adapter.complete(call())
    left = [(until - moment) * 1000 for moment in (time.time(), before)]
    assert left[0] - 1 <= (outcome.retry_after_ms or 0) <= left[1] + 1


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (b'{"error": {"message": "no", "type": "t", "code": null}}', "t", "no"),
        (b'{"error": {"message": "no", "code": 1305}}', "1305", "no"),
        (b'{"error": "model not loaded"}', "http_400", "model not loaded"),
        (b'{"message": "no", "code": "c"}', "c", "no"),
        (b"<html>", "http_400", "HTTP 400: <html>"),
        (b"\xff[", "http_400", "HTTP 400: \ufffd["),
        (b"[" * 100_000, "http_400", "HTTP 400: " + "[" * 100_000),
        (b"", "http_400", "HTTP 400"),
    ],
)
def test_error_bodies_of_all_sorts_are_read(body: bytes, code: str, message: str) -> None:
    """OpenAI's envelope, its variants and other bodies are all read."""
    refusal = read_refusal(400, {}, body, redactor=Redactor())
    assert ("rejected", code, message) == (refusal.outcome, refusal.code, refusal.message)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"prompt_tokens": 5, "completion_tokens": 2}, Usage(5, None, 2, None)),
        (
            {
                "prompt_tokens": 5,
                "completion_tokens": 2,
                "total_tokens": 7,
                "prompt_tokens_details": {"cached_tokens": 4},
                "completion_tokens_details": {"reasoning_tokens": 1},
            },
            Usage(5, 4, 2, 1),
        ),
        (  # reasoning beside the completion, as xAI and Gemini count
            {
                "prompt_tokens": 32,
                "completion_tokens": 9,
                "total_tokens": 135,
                "completion_tokens_details": {"reasoning_tokens": 94},
            },
            Usage(32, None, 103, 94),
        ),
        (None, NO_USAGE),
        ([], NO_USAGE),
        ({"prompt_tokens": 5}, Usage(5, None, None, None, usage_doubtful=True)),
        (
            {"prompt_tokens": -1, "completion_tokens": 2},
            Usage(None, None, 2, None, usage_doubtful=True),
        ),
        (
            {"prompt_tokens": 5.0, "completion_tokens": 2},
            Usage(None, None, 2, None, usage_doubtful=True),
        ),
        (
            {"prompt_tokens": True, "completion_tokens": 2},
            Usage(None, None, 2, None, usage_doubtful=True),
        ),
        (
            {"prompt_tokens": "5", "completion_tokens": 2},
            Usage(None, None, 2, None, usage_doubtful=True),
        ),
        (
            {"prompt_tokens": 2**31, "completion_tokens": 2},
            Usage(2**31 - 1, None, 2, None, usage_doubtful=True),
        ),
        (
            {
                "prompt_tokens": 5,
                "completion_tokens": 2,
                "prompt_tokens_details": {"cached_tokens": 6},
            },
            Usage(5, 6, 2, None, usage_doubtful=True),
        ),
        (
            {
                "prompt_tokens": 5,
                "completion_tokens": 2,
                "completion_tokens_details": {"reasoning_tokens": 3},
            },
            Usage(5, None, 2, 3, usage_doubtful=True),
        ),
    ],
)
def test_usage_that_contradicts_itself_is_doubtful(raw: Any, expected: Usage) -> None:
    """Missing, impossible or contradictory numbers are passed on, as the larger is charged."""
    assert expected == read_usage(raw)


def random_json(source: random.Random, depth: int = 0) -> Any:
    """A JSON value with everything in it that jsonb refuses."""
    kind = source.randrange(7 if depth < 6 else 5)
    alphabet = "ab\x00\ud800\udfff\ud83d\udc4dü🙂\\u0000"
    text = "".join(source.choices(alphabet, k=source.randrange(8)))
    if kind == 5:
        return [random_json(source, depth + 1) for _ in range(source.randrange(4))]
    if kind == 6:
        return {text + str(i): random_json(source, depth + 1) for i in range(source.randrange(4))}
    return (text, source.randrange(-9, 9), None, True, source.choice([1.5, float("nan"), 1e999]))[
        kind
    ]


def test_clean_makes_any_value_fit_for_jsonb() -> None:
    """Whatever comes in: strict JSON in UTF-8 comes out, and cleaning again changes nothing."""
    source = random.Random(7)
    for _ in range(2000):
        value = random_json(source)
        cleaned = clean(value)
        text = json.dumps(cleaned, allow_nan=False, ensure_ascii=False)
        assert "\\u0000" not in text.replace("\\\\", "")
        text.encode("utf-8", "strict")
        assert cleaned == clean(cleaned)


def test_clean_keeps_good_values_and_cuts_depth() -> None:
    """Good JSON is untouched; excessive nesting ends in null."""
    good = {"a": [1, 2.5, "ü🙂", None, True, {"b": []}]}
    assert good == clean(good)
    deep: Any = []
    for _ in range(MAX_DEPTH * 2):
        deep = [deep]
    assert "null" in json.dumps(clean(deep))


@pytest.mark.parametrize(
    ("text", "expected"),
    [(None, None), ("", None), ("abc", "abc"), ("abcd", "ab…"), ("a\x00", "a\ufffd")],
)
def test_bounded_text(text: str | None, expected: str | None) -> None:
    """Truncated text is marked; empty text becomes None."""
    assert expected == bounded(text, 3)


def test_outcome_without_an_answer() -> None:
    """The worker's own outcomes name the call and attempt and nothing else."""
    sent = call(call_id=UUID(int=1), attempt=2)
    document = Outcome.of(sent, "aborted").as_json()
    assert {"call_id": str(UUID(int=1)), "attempt": 2, "outcome": "aborted"} == {
        name: value for name, value in document.items() if value is not None
    }
