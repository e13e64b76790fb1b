"""Answers as OpenAI frames them."""

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

__all__ = ["error_reply", "json_reply"]


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
