"""Builds the chat-completions body that goes to the provider.

Only parameters that change neither the price of the call nor the shape of its answer go through;
what they and the messages may hold, the gate has checked (deploy/admission/request_problem.sql).
Left out on purpose: n (multiplies the output beyond what was reserved), stream, service_tier,
web_search_options, prediction and audio (prices of their own), store and metadata (a copy at the
provider), logprobs (nobody would keep them).
"""

import json
from collections.abc import Mapping
from typing import Any

from .call import Call

__all__ = ["PASSED_PARAMETERS", "build_body"]

PASSED_PARAMETERS = (
    "temperature",
    "top_p",
    "stop",
    "seed",
    "response_format",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "presence_penalty",
    "frequency_penalty",
    "logit_bias",
    "reasoning_effort",
    "verbosity",
    "prompt_cache_key",
    "safety_identifier",
    "user",
)
_JSON_SCHEMAS = ("parameters", "schema")
_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


def build_body(call: Call, *, max_tokens_field: str) -> bytes:
    """The request body as JSON.

    The output limit is the smaller one of what was reserved and what the request asks for.
    Raises ValueError when the request has neither messages nor a prompt, or a number that Python
    can't read or JSON has no notation for; RecursionError when it is nested too deeply.
    """
    request = json.loads(call.request)
    if not isinstance(request, dict):
        raise ValueError("the request is not an object")
    body: dict[str, Any] = {"model": call.model, "messages": _messages(request)}
    for name in PASSED_PARAMETERS:
        value = request.get(name)
        if value is not None:
            body[name] = _without_nulls(value)
    limit = _output_limit(request, call.max_output_tokens)
    if limit is not None:
        body[max_tokens_field] = limit
    return _ENCODER.encode(body).encode("ascii")


def _messages(request: Mapping[str, Any]) -> list[Any]:
    messages = request.get("messages")
    if isinstance(messages, list) and messages:
        return [_without_nulls(message) for message in messages]
    prompt = request.get("prompt")
    if isinstance(prompt, str):
        return [{"role": "user", "content": prompt}]
    raise ValueError("the request has neither messages nor a prompt")


def _without_nulls(value: Any) -> Any:
    """Leave out the nulls that the gate read as absent, except in JSON schemas."""
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: item if key in _JSON_SCHEMAS else _without_nulls(item)
        for key, item in value.items()
        if item is not None or key == "content"  # an assistant's that called tools
    }


def _output_limit(request: Mapping[str, Any], reserved: int | None) -> int | None:
    limits = [request.get("max_completion_tokens"), request.get("max_tokens"), reserved]
    return min((n for n in limits if type(n) is int and n > 0), default=None)
