"""Takes keys out of what a provider wrote."""

import re

__all__ = ["redact"]

# Providers quote a wrong key back, partly masked.
_KEY_LIKE = re.compile(r"\bsk-[\w*.-]{4,}|\bBearer\s+\S+")


def redact(text: str, key: str) -> str:
    """The text without this key, and without whatever looks like one."""
    if key:
        text = text.replace(key, "[key]")
    return _KEY_LIKE.sub("[key]", text)
