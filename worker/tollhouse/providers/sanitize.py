"""Makes what a provider sent fit for jsonb.

PostgreSQL's jsonb has no U+0000, no unpaired surrogate and no NaN or infinity: one such value in
one answer would make the statement that records the whole batch fail.
"""

import math
import re
from typing import Any

__all__ = ["MAX_DEPTH", "bounded", "clean", "clean_text"]

MAX_DEPTH = 64

_REFUSED = re.compile("[\x00\ud800-\udfff]")


def clean_text(text: str) -> str:
    """Replace every character that jsonb refuses by U+FFFD; the length stays the same."""
    if text.isascii() and "\0" not in text:
        return text
    return _REFUSED.sub("\ufffd", text)


def clean(value: Any, depth: int = MAX_DEPTH) -> Any:
    """A copy of a JSON value that jsonb takes.

    NaN and infinities become null, and so does whatever is nested deeper than `depth`.
    """
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, int):
        return value
    if depth <= 0:
        return None
    if isinstance(value, dict):
        return {clean_text(str(key)): clean(item, depth - 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean(item, depth - 1) for item in value]
    return None


def bounded(text: str | None, limit: int) -> str | None:
    """Clean text of at most `limit` characters; a cut is marked by an ellipsis."""
    if not text:
        return None
    text = clean_text(text[: limit + 1])
    return text if len(text) <= limit else text[: limit - 1] + "…"
