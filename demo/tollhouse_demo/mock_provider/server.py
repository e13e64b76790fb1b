"""The mock provider on the wire: chat completions, the control plane, and the server of both.

POST /v1/chat/completions answers, goes wrong as told, and keeps the bill. /_mock/… is for tests and
demonstrations: faults, bill, latency.
"""

import asyncio
import hmac
import json
import logging
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from tollhouse_demo.mock_provider.answers import Tokens, complete, invalid_request, last_user_text
from tollhouse_demo.mock_provider.bill import Bill, Entry
from tollhouse_demo.mock_provider.faults import NO_FAULT, Fault, FaultBook, malform, override_usage

__all__ = ["MODELS", "MockProvider", "run", "start"]


def json_reply(document: Any, *, status: int = 200, number: int = 0) -> web.Response:
    """A JSON answer (bytes go out as they are); `number` becomes its x-request-id."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    headers = {"Content-Type": "application/json", "x-request-id": f"req_mock_{number:012d}"}
    return web.Response(body=body, status=status, headers=headers)


def error_reply(
    status: int,
    message: str,
    *,
    code: str | None = None,
    param: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """OpenAI's error envelope: message, type, param, code."""
    if status == 429:
        kind = "insufficient_quota" if code == "insufficient_quota" else "rate_limit_error"
    else:
        kind = "server_error" if status >= 500 else "invalid_request_error"
    error = {"message": message, "type": kind, "param": param, "code": code}
    reply = json_reply({"error": error}, status=status)
    reply.headers.update(headers or {})
    return reply


_CUT = "~cut here~"
_PIECE = b"The figures point the same way, so look there first. " * 1236


class Chat:
    """The provider behind the wire: its key, its latency, its faults, its bill."""

    def __init__(self, *, latency_ms: float, api_key: str | None, keep_entries: bool) -> None:
        self.latency_ms = latency_ms
        self.faults = FaultBook()
        self.bill = Bill(keep_entries=keep_entries)
        self._key = f"Bearer {api_key}".encode() if api_key else None

    def reset_bill(self) -> None:
        """Start a new bill; requests in flight stay on the old one."""
        self.bill = Bill(keep_entries=self.bill.keep_entries)

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """One request, from its first byte to its line on the bill."""
        headers = request.headers
        client_request_id = headers.get("X-Client-Request-Id", "")
        bill = self.bill
        entry = bill.open(client_request_id)
        try:
            raw = await request.read()
        except (ConnectionError, web.HTTPException):
            bill.close(entry, "error", status=400)
            raise
        refused = self._refused(headers.get("Authorization", ""))
        if refused is not None:
            bill.close(entry, "error", status=401)
            return refused
        try:
            body = json.loads(raw)
        except (ValueError, RecursionError):
            body = None
        wrong = invalid_request(body)
        if wrong is not None:
            bill.close(entry, "error", status=400)
            return error_reply(400, wrong[0], param=wrong[1] or None)
        entry.model = body["model"]
        question = last_user_text(body["messages"])
        fault, cleared = NO_FAULT, self.faults.cleared
        if self.faults.rules:
            fault = self.faults.take(question, entry.model, client_request_id)
        if self.latency_ms > 0:
            await asyncio.sleep(self.latency_ms / 1000)
        if fault.delay_ms > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(fault.delay_ms / 1000):
                    await cleared.wait()
        if fault.status is not None:
            bill.close(entry, "error", status=fault.status)
            return _fault_reply(fault, fault.status)
        if fault.drop == "before":
            bill.close(entry, "dropped_before", status=None)
            return _hang_up(request)
        document, tokens = complete(body, question, bill.requests)
        if fault is NO_FAULT and not _is_gone(request):
            bill.close(entry, "success", status=200, tokens=tokens)
            return json_reply(document, number=bill.requests)
        return await _faulty(request, bill, entry, fault, document, tokens)

    def _refused(self, authorization: str) -> web.Response | None:
        if self._key is None or hmac.compare_digest(authorization.encode(), self._key):
            return None
        return error_reply(401, "Incorrect API key provided.", code="invalid_api_key")


async def _faulty(
    request: web.BaseRequest,
    bill: Bill,
    entry: Entry,
    fault: Fault,
    document: dict[str, Any],
    tokens: Tokens,
) -> web.StreamResponse:
    # From here on the answer has been generated, so it is billed whatever becomes of it.
    if fault.usage is not None:
        tokens = override_usage(document, fault.usage, tokens)
    outcome = "malformed" if fault.malformed else "success"
    if fault.drop == "after":
        outcome = "dropped_after"
    elif _is_gone(request):
        outcome = "client_gone"
    bill.close(entry, outcome, status=200, tokens=tokens)
    if fault.large is not None:
        return await _large(request, document, fault.large)
    text = json.dumps(document).encode()
    if fault.drop == "after":
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        response.content_length = len(text)
        await response.prepare(request)
        await response.write(text[: len(text) // 2])
        return _hang_up(request, response)
    if fault.malformed is not None:
        text = malform(fault.malformed, document, text)
    return json_reply(text, number=bill.requests)


async def _large(
    request: web.BaseRequest, document: dict[str, Any], size: int
) -> web.StreamResponse:
    # Written in pieces of one text, so that hundreds at once cost this process little memory.
    document["choices"][0]["message"]["content"] = _CUT
    before, _, after = json.dumps(document).encode().partition(_CUT.encode())
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.content_length = len(before) + size + len(after)
    await response.prepare(request)
    await response.write(before)
    while size > 0:
        await response.write(_PIECE[:size])
        size -= len(_PIECE)
    await response.write_eof(after)
    return response


def _hang_up(
    request: web.BaseRequest, response: web.StreamResponse | None = None
) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.close()
    return response or web.Response()


def _is_gone(request: web.BaseRequest) -> bool:
    return request.transport is None or request.transport.is_closing()


def _fault_reply(fault: Fault, status: int) -> web.Response:
    headers = dict(fault.headers or {})
    if fault.retry_after_s is not None:
        headers["Retry-After"] = f"{fault.retry_after_s:g}"
    message = fault.message or f"The mock provider was told to answer {status}."
    return error_reply(status, message, code=fault.code, headers=headers)


async def control(chat: Chat, request: web.BaseRequest) -> web.Response:
    """faults (GET, PUT or POST one rule or a list, DELETE), bill (GET, DELETE), latency (PUT)."""
    what = (
        request.path.removeprefix("/_mock/"),
        "PUT" if request.method == "POST" else request.method,
    )
    try:
        if what == ("faults", "PUT"):
            return json_reply({"rules": _add(chat, await _json(request))})
        if what == ("latency", "PUT"):
            chat.latency_ms = _latency(await _json(request))
            return json_reply({"latency_ms": chat.latency_ms})
    except ValueError as error:
        return error_reply(400, str(error))
    match what:
        case ("faults", "GET"):
            return json_reply({"rules": [rule.as_json() for rule in chat.faults.rules]})
        case ("faults", "DELETE"):
            chat.faults.clear()
            return json_reply({"rules": []})
        case ("bill", "GET"):
            query = request.query
            entries = query.get("entries", "0") not in ("", "0")
            return json_reply(chat.bill.as_json(entries=entries, prefix=query.get("prefix", "")))
        case ("bill", "DELETE"):
            chat.reset_bill()
            return json_reply(chat.bill.as_json())
        case ("latency", "GET"):
            return json_reply({"latency_ms": chat.latency_ms})
    return error_reply(404, f"no {request.method} {request.path} here")


def _add(chat: Chat, document: Any) -> list[dict[str, Any]]:
    rules = document if isinstance(document, list) else [document]
    return [chat.faults.add(rule).as_json() for rule in rules]


def _latency(document: Any) -> float:
    latency = document.get("latency_ms") if isinstance(document, dict) else None
    if not isinstance(latency, int | float) or isinstance(latency, bool) or latency < 0:
        raise ValueError("latency_ms is 0 or more")
    return latency


async def _json(request: web.BaseRequest) -> Any:
    try:
        return json.loads(await request.read())
    except ValueError:
        raise ValueError("the body is not JSON") from None


MODELS = ("mock-large", "mock-small")
"""What GET /v1/models lists; any other model is answered all the same."""

_MAX_REQUEST_BYTES = 64 * 1024 * 1024


class MockProvider:
    """A running mock provider; close it, or use it as an async context manager."""

    def __init__(self, *, chat: Chat, runner: web.ServerRunner, host: str, port: int) -> None:
        self.chat = chat
        self.port = port
        self.root_url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        self.base_url = f"{self.root_url}/v1"
        self._runner = runner

    def fault(self, fault: dict[str, Any], *, times: int | None = None, **match: str) -> None:
        """Add a fault rule, as PUT /_mock/faults does."""
        self.chat.faults.add({"match": match, "times": times, "fault": fault})

    def bill(self, *, prefix: str = "") -> dict[str, Any]:
        """The bill with its entries, as GET /_mock/bill?entries=1 shows it."""
        return self.chat.bill.as_json(entries=True, prefix=prefix)

    async def close(self) -> None:
        """Stop listening and hang up."""
        await self._runner.cleanup()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()


async def start(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    latency_ms: float = 0,
    api_key: str | None = None,
    keep_entries: bool = True,
) -> MockProvider:
    """Listen in the running loop; port 0 takes any free one. Raises OSError when it can't."""
    chat = Chat(latency_ms=latency_ms, api_key=api_key, keep_entries=keep_entries)

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        path = request.path
        if path == "/v1/chat/completions":
            if request.method == "POST":
                return await chat.answer(request)
            return error_reply(405, "Only POST is allowed here.")
        if path.startswith("/_mock/"):
            return await control(chat, request)
        if path == "/healthz":
            return json_reply({"status": "ok"})
        if path == "/v1/models" and request.method == "GET":
            models = [
                {"id": m, "object": "model", "created": 0, "owned_by": "mock"} for m in MODELS
            ]
            return json_reply({"object": "list", "data": models})
        return error_reply(404, f"Unknown request URL: {request.method} {path}.")

    # The plain server, without router and middlewares: a benchmark measures the worker, not this.
    # A handler goes on when its client has left, as a provider's does.
    server = web.Server(
        handle,
        request_factory=_request,
        access_log=None,
        logger=logging.getLogger("tollhouse_demo.mock_provider"),
    )
    runner = web.ServerRunner(server, shutdown_timeout=0.5)
    await runner.setup()
    site = web.TCPSite(runner, host, port, backlog=1024)
    try:
        await site.start()
    except OSError:
        await runner.cleanup()
        raise
    return MockProvider(chat=chat, runner=runner, host=host, port=runner.addresses[0][1])


def run(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    latency_ms: float = 0,
    api_key: str | None = None,
    keep_entries: bool = True,
) -> int:
    """Serve until SIGTERM or SIGINT, then return 0; one line on stdout says where it listens."""

    async def serve() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        async with await start(
            host=host,
            port=port,
            latency_ms=latency_ms,
            api_key=api_key,
            keep_entries=keep_entries,
        ) as mock:
            sys.stdout.write(f"mock provider listening on {mock.base_url}\n")
            sys.stdout.flush()
            await stop.wait()

    asyncio.run(serve())
    return 0


def _request(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
    return web.BaseRequest(
        message,
        payload,
        protocol,
        writer,
        task,
        asyncio.get_running_loop(),
        client_max_size=_MAX_REQUEST_BYTES,
    )
