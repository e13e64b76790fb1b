"""POST /v1/chat/completions: answers, goes wrong as told, and keeps the bill."""

import asyncio
import hmac
import json
from contextlib import suppress
from typing import Any

from aiohttp import web

from .answers import last_user_text
from .bill import Bill, Entry
from .completion import Tokens, complete, invalid_request
from .faults import NO_FAULT, Fault, FaultBook
from .replies import error_reply, json_reply
from .spoil import malform, override_usage

__all__ = ["Chat"]

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
    # From here on the answer is generated, so it is billed whatever becomes of it.
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
    # Written piece by piece from one text, so that hundreds at once cost this process nothing.
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
