"""/_mock/…: the control plane, for tests and demonstrations."""

import json
from typing import Any

from aiohttp import web

from .chat import Chat
from .replies import error_reply, json_reply

__all__ = ["control"]


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
        raise ValueError("latency_ms is a number from 0")
    return latency


async def _json(request: web.BaseRequest) -> Any:
    try:
        return json.loads(await request.read())
    except ValueError:
        raise ValueError("the body is no JSON") from None
