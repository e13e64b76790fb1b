"""Counts tokens without a tokenizer: four UTF-8 bytes make one, rounded up.

Deterministic, and never more than the text has bytes, which is what a reservation counts on.
"""

import json
from typing import Any

__all__ = ["count_prompt", "count_text", "cut_to"]

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
