"""Reads the `usage` object of an answer.

By OpenAI's definition prompt_tokens include the cached ones, completion_tokens include
the reasoning. Some compatible providers (xAI, Gemini) leave reasoning out of completion_tokens
and count it in total_tokens only: then the difference is what will be billed as output.
"""

from typing import Any, NamedTuple, TypeGuard

__all__ = ["NO_USAGE", "Usage", "read_usage"]

_LIMIT = 2**31 - 1


class Usage(NamedTuple):
    """Token totals of one answer, or None throughout; named as the fields of an outcome.

    usage_doubtful: a number is missing, impossible or contradicts another; what is left counts
    where it costs more than the reservation.
    """

    input_tokens: int | None = None
    cached_input_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    usage_doubtful: bool | None = None


NO_USAGE = Usage()


def read_usage(raw: Any) -> Usage:
    """Token totals, or NO_USAGE when there is none; doubtful when one contradicts another.

    Nothing is guessed from a doubtful usage: the larger of it and the reservation is charged,
    which never counts too little. A number beyond what the database holds is the largest it does.
    """
    if not isinstance(raw, dict):
        return NO_USAGE
    given = (
        raw.get("prompt_tokens"),
        _detail(raw.get("prompt_tokens_details"), "cached_tokens"),
        raw.get("completion_tokens"),
        _detail(raw.get("completion_tokens_details"), "reasoning_tokens"),
    )
    total = raw.get("total_tokens")
    doubtful = any(value is not None and not _is_count(value) for value in given)
    prompt, cached, completion, reasoning = map(_count, given)
    if _counts(total):
        completion = max(completion or 0, min(total - (prompt or 0), _LIMIT), 0) or completion
    doubtful = doubtful or prompt is None or given[2] is None
    doubtful = doubtful or (cached or 0) > (prompt or 0) or (reasoning or 0) > (completion or 0)
    if not doubtful:
        return Usage(prompt, cached, completion, reasoning)
    if prompt is cached is completion is reasoning is None:
        return NO_USAGE
    return Usage(prompt, cached, completion, reasoning, usage_doubtful=True)


def _count(value: Any) -> int | None:
    return min(value, _LIMIT) if _counts(value) else None


def _counts(value: Any) -> TypeGuard[int]:
    return type(value) is int and value >= 0


def _detail(details: Any, name: str) -> Any:
    return details.get(name) if isinstance(details, dict) else None


def _is_count(value: Any) -> TypeGuard[int]:
    return type(value) is int and 0 <= value <= _LIMIT
