"""Reads the `usage` object of an answer.

Wanted by OpenAI's definition: prompt_tokens include the cached ones, completion_tokens include
the reasoning. Some compatible providers (xAI, Gemini) leave reasoning out of completion_tokens
and count it in total_tokens only: then the difference is what will be billed as output.
"""

from typing import Any, NamedTuple, TypeGuard

__all__ = ["NO_USAGE", "Usage", "read_usage"]

_LIMIT = 2**31 - 1


class Usage(NamedTuple):
    """Token totals of one answer, or None throughout; named as the fields of an outcome."""

    input_tokens: int | None = None
    cached_input_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None


NO_USAGE = Usage()


def read_usage(raw: Any) -> Usage:
    """Token totals, or NO_USAGE when any number is missing, impossible or contradicts another.

    Nothing is guessed from a broken usage: without one the reservation is charged, which never
    counts too little.
    """
    if not isinstance(raw, dict):
        return NO_USAGE
    prompt = raw.get("prompt_tokens")
    completion = raw.get("completion_tokens")
    if not _is_count(prompt) or not _is_count(completion):
        return NO_USAGE
    cached = _detail(raw.get("prompt_tokens_details"), "cached_tokens")
    reasoning = _detail(raw.get("completion_tokens_details"), "reasoning_tokens")
    total = raw.get("total_tokens")
    if _is_count(total):
        completion = max(completion, total - prompt)
    if cached is not None and not (_is_count(cached) and cached <= prompt):
        return NO_USAGE
    if reasoning is not None and not (_is_count(reasoning) and reasoning <= completion):
        return NO_USAGE
    return Usage(prompt, cached, completion, reasoning)


def _detail(details: Any, name: str) -> Any:
    return details.get(name) if isinstance(details, dict) else None


def _is_count(value: Any) -> TypeGuard[int]:
    return type(value) is int and 0 <= value <= _LIMIT
