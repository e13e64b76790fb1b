"""Spoils a good answer on purpose."""

import json
import math
from typing import Any

from .completion import Tokens, usage_json

__all__ = ["malform", "override_usage"]


def override_usage(document: dict[str, Any], given: dict[str, Any], tokens: Tokens) -> Tokens:
    """Replace fields of the usage; the tokens to bill are the new ones where they are possible."""
    usage = document["usage"] = {**document["usage"], **given}
    prompt, completion = usage["prompt_tokens"], usage["completion_tokens"]
    cached = (usage["prompt_tokens_details"] or {}).get("cached_tokens", 0)
    reasoning = (usage["completion_tokens_details"] or {}).get("reasoning_tokens", 0)
    counts = (prompt, cached, completion, reasoning)
    if not all(type(count) is int and count >= 0 for count in counts):
        return tokens  # nonsense is reported, but nobody is charged for it
    if "total_tokens" not in given:
        usage["total_tokens"] = usage_json(counts)["total_tokens"]
    elif type(given["total_tokens"]) is int:  # reasoning that the completion leaves out is billed
        counts = (prompt, cached, max(completion, given["total_tokens"] - prompt), reasoning)
    return counts


def malform(kind: str, document: dict[str, Any], text: bytes) -> bytes:
    """The body of a 2xx answer that a client should not trust; `text` is the sound one."""
    if kind == "not_json":
        return b"<html><body>502 upstream said something odd</body></html>"
    if kind == "empty":
        return b""
    if kind == "truncated":
        return text[: len(text) // 2]
    if kind == "deep":
        return b'{"choices": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    if kind == "long_number":
        return text[:-1] + b', "seed": ' + b"9" * 5000 + b"}"
    if kind == "no_choices":
        document["choices"] = []
    elif kind == "no_usage":
        del document["usage"]
    elif kind == "extreme":
        document["choices"][0]["message"]["tool_calls"] = _extreme()
        document["created"] = math.inf
    else:
        message = document["choices"][0]["message"]
        message["content"] = f"nul \x00 and half a pair \ud83d: {message['content']}"
    return json.dumps(document).encode()


def _extreme() -> list[Any]:
    # Python reads all of it and jsonb takes none of it, but for the long number.
    nested: Any = "\x00"
    for _ in range(200):
        nested = [nested]
    return [{"\x00": math.nan, "half a pair \ud83d": math.inf, "long": 10**4000, "deep": nested}]
