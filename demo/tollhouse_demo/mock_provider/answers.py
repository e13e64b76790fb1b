"""Makes up an answer: the same one for the same question, and of a plausible shape.

The last user message decides. Asked for a budget allocation, it is a JSON document with the shares
of the channels named in the question; asked for JSON, a small JSON document; with a tool that
must be called, that call; otherwise two sentences about the question's key words.

Tokens are counted without a tokenizer: four UTF-8 bytes make one, rounded up. The count is the same
every time, and never more than the text has bytes, which is what a reservation relies on.
"""

import json
import re
import time
from typing import Any
from zlib import crc32

__all__ = [
    "Tokens",
    "complete",
    "count_text",
    "cut_to",
    "invalid_request",
    "last_user_text",
    "usage_json",
]

_BYTES = 4
_CACHED_FROM = 1024
_CACHED_STEP = 128


def count_text(text: str) -> int:
    """Tokens of one text."""
    size = len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
    return -(-size // _BYTES)


def cut_to(text: str, tokens: int) -> str:
    """The longest beginning of the text that is worth at most so many tokens."""
    if count_text(text) <= tokens:
        return text
    return text.encode("utf-8", "replace")[: tokens * _BYTES].decode("utf-8", "ignore")


def count_prompt(body: dict[str, Any]) -> tuple[int, int]:
    """Tokens of the prompt, and how many of those came from the prompt cache.

    As if every long prefix were warm: a leading system message of 1024 tokens or more counts as
    cached, in whole steps of 128.
    """
    messages = body["messages"]
    total = 0
    for message in messages:
        total += _count_content(message.get("content"))
    for name in ("tools", "response_format"):
        if name in body:
            total += _count_json(body[name])
    cached = 0
    if messages[0].get("role") in ("system", "developer"):
        prefix = _count_content(messages[0].get("content"))
        if prefix >= _CACHED_FROM:
            cached = prefix - prefix % _CACHED_STEP
    return total, cached


def _count_content(content: Any) -> int:
    if isinstance(content, str):
        return count_text(content)
    return 0 if content is None else _count_json(content)


def _count_json(value: Any) -> int:
    return count_text(json.dumps(value, separators=(",", ":"), ensure_ascii=False))


Draft = tuple[str | None, str, list[dict[str, Any]] | None]
"""Content, reasoning, tool calls."""

_WORD = re.compile(r"[^\W_][\w'-]{3,}")
_BUDGET = re.compile(r"\bbudget|\balloc|\bspend plan", re.IGNORECASE)
_JSON = re.compile(r"\bjson\b", re.IGNORECASE)
_CHOICE = re.compile(r"\bone of:?\s+([\w -]+(?:,[\w -]+)+)", re.IGNORECASE)
_AMOUNT = re.compile(r"\d[\d,]{0,15}(?:\.\d{1,6})?")
_CHANNELS = ("search", "social", "email", "display", "video", "tv", "radio", "newspaper", "print")
_COMMON = re.compile(
    r"(?:about|above|after|again|also|answer|because|been|before|between|could|does|each|"
    r"explain|from|give|have|into|json|just|more|most|much|only|other|over|please|question|"
    r"reply|route|should|some|such|tell|than|that|their|them|then|there|these|they|this|"
    r"those|through|under|very|want|well|were|what|when|where|which|while|will|with|would|"
    r"your)",
    re.IGNORECASE,
)


def last_user_text(messages: list[Any]) -> str:
    """The text of the last message whose role is user, or of the last one."""
    for message in reversed(messages):
        if message.get("role") == "user":
            return _text(message.get("content"))
    return _text(messages[-1].get("content"))


def draft(body: dict[str, Any], question: str) -> Draft:
    """Content, reasoning and tool calls for a validated request."""
    words = _key_words(question)
    reasoning = f"The question is about {words}. Weigh the evidence, then answer briefly."
    if body.get("reasoning_effort") in ("none", "minimal"):
        reasoning = ""
    choice = body.get("tool_choice")
    if body.get("tools") and (choice == "required" or isinstance(choice, dict)):
        return None, reasoning, [_tool_call(body, question)]
    return _content(body, question, words), reasoning, None


def _content(body: dict[str, Any], question: str, words: str) -> str:
    if _BUDGET.search(question):
        return _allocation(question)
    wants = body.get("response_format")
    if _JSON.search(question) or (isinstance(wants, dict) and wants.get("type") != "text"):
        document: dict[str, Any] = {"answer": f"It comes down to {words}.", "confidence": 0.8}
        options = _CHOICE.search(question)
        if options:
            names = [name.strip() for name in options[1].split(",")]
            document["choice"] = names[crc32(question.encode("utf-8", "replace")) % len(names)]
        return json.dumps(document, ensure_ascii=False)
    return f"It comes down to {words}. The figures point the same way, so look there first."


def _allocation(question: str) -> str:
    lower = question.lower()
    channels = [name for name in _CHANNELS if name in lower] or list(_CHANNELS[:3])
    weights = [
        crc32(f"{name} {question}".encode("utf-8", "replace")) % 50 + 25 for name in channels
    ]
    shares = [weight * 100 // sum(weights) for weight in weights]
    shares[0] += 100 - sum(shares)
    amounts = [float(text.replace(",", "")) for text in _AMOUNT.findall(question)]
    total = max(amounts, default=100.0)
    document = {
        "total_budget": total,
        "allocation": [
            {"channel": name, "share_percent": share, "amount": round(total * share / 100, 2)}
            for name, share in zip(channels, shares, strict=True)
        ],
        "rationale": f"Weighted by expected return on {channels[0]} first.",
    }
    return json.dumps(document, ensure_ascii=False)


def _tool_call(body: dict[str, Any], question: str) -> dict[str, Any]:
    choice = body["tool_choice"]
    source = choice if isinstance(choice, dict) else body["tools"][0]
    named = source.get("function") if isinstance(source, dict) else None
    name = named.get("name", "tool") if isinstance(named, dict) else "tool"
    number = crc32(question.encode("utf-8", "replace"))
    function = {"name": name, "arguments": json.dumps({"query": _key_words(question)})}
    return {"id": f"call_{number:08x}", "type": "function", "function": function}


def _key_words(question: str) -> str:
    words: list[str] = []
    for match in _WORD.finditer(question[:2000]):
        word = match[0]
        if not _COMMON.fullmatch(word) and word not in words:
            words.append(word)
            if len(words) == 5:
                break
    return ", ".join(words) or "the request"


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = (part.get("text") for part in content if isinstance(part, dict))
        return "\n".join(part for part in parts if isinstance(part, str))
    return ""


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
