"""The chat completion as OpenAI writes it down, with its usage."""

import json
import time
from typing import Any

from .answers import draft
from .tokens import count_prompt, count_text, cut_to

__all__ = ["Tokens", "complete", "invalid_request", "usage_json"]

Tokens = tuple[int, int, int, int]
"""prompt (cached included), cached, completion (reasoning included), reasoning"""


def invalid_request(body: Any) -> tuple[str, str] | None:
    """What is wrong with a request, and with which parameter; None when nothing is."""
    if not isinstance(body, dict):
        return "We could not parse the JSON body of your request.", ""
    if not isinstance(body.get("model"), str) or not body["model"]:
        return "you must provide a model parameter", "model"
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        return "Missing required parameter: 'messages'.", "messages"
    for message in messages:
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            return "Every message is an object with a role.", "messages"
    for name in ("max_completion_tokens", "max_tokens"):
        limit = body.get(name)
        if limit is not None and (type(limit) is not int or limit < 1):
            return f"Invalid value for '{name}': expected an integer above 0.", name
    if body.get("stream") or body.get("n", 1) != 1:
        return "This provider answers one choice at a time, without streaming.", "stream"
    return None


def complete(body: dict[str, Any], question: str, number: int) -> tuple[dict[str, Any], Tokens]:
    """The answer to a valid request, and the tokens it costs.

    The output limit holds for reasoning and content together, reasoning first.
    """
    content, reasoning, tool_calls = draft(body, question)
    finish_reason = "stop" if tool_calls is None else "tool_calls"
    thought = count_text(reasoning)
    said = count_text(content or "") if tool_calls is None else count_text(json.dumps(tool_calls))
    limit = body.get("max_completion_tokens") or body.get("max_tokens")
    if limit is not None and thought + said > limit:
        finish_reason, tool_calls = "length", None
        reasoning = cut_to(reasoning, limit)
        thought = count_text(reasoning)
        content = cut_to(content or "", limit - thought)
        said = count_text(content)
    prompt, cached = count_prompt(body)
    tokens = (prompt, cached, thought + said, thought)
    message: dict[str, Any] = {"role": "assistant", "content": content, "refusal": None}
    if reasoning:
        message["reasoning_content"] = reasoning
    if tool_calls is not None:
        message["tool_calls"] = tool_calls
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish_reason}
    document = {
        "id": f"chatcmpl-{number:012d}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": body["model"],
        "system_fingerprint": "fp_mock",
        "choices": [choice],
        "usage": usage_json(tokens),
    }
    return document, tokens


def usage_json(tokens: Tokens) -> dict[str, Any]:
    """The usage object of an answer."""
    prompt, cached, completion, reasoning = tokens
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": cached},
        "completion_tokens_details": {"reasoning_tokens": reasoning},
    }
