"""Spoils a good answer on purpose."""

import json
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
    return counts


def malform(kind: str, document: dict[str, Any], text: bytes) -> bytes:
    """The body of a 2xx answer that a client should not trust; `text` is the sound one."""
    if kind == "not_json":
        return b"<html><body>502 upstream said something odd</body></html>"
    if kind == "empty":
        return b""
    if kind == "truncated":
        return text[: len(text) // 2]
    if kind == "no_choices":
        document["choices"] = []
    elif kind == "no_usage":
        del document["usage"]
    else:
        message = document["choices"][0]["message"]
        message["content"] = f"nul \x00 and half a pair \ud83d: {message['content']}"
    return json.dumps(document).encode()
