"""Takes a provider's key out of what the provider wrote, before any of it is kept.

The key is found as it is, with any of its characters escaped as in JSON, a URL or HTML, and in
base64, alone or behind other text. A key that a provider splits up on purpose can't be found.
"""

import base64
import re
from typing import Any

from .sanitize import MAX_DEPTH

__all__ = ["Redactor"]

_MARK = "[key]"
# Some local servers want a common word as a key; taking that out would spoil answers.
_SHORTEST = 8
# Providers quote a wrong key back, partly masked.
_KEY_LIKE = re.compile(r"\bsk-[\w*.-]{4,}|\bBearer\s+\S+")
# Escapes in JSON that a key could hide behind: all but those of control characters and quotes.
_ESCAPES = re.compile(rb'\\[^nrtbf"]')
# Deeper than anything that is kept, and no deeper than Python goes.
_DEPTH = MAX_DEPTH + 8


class Redactor:
    """Takes its keys out of texts; empty ones are ignored."""

    def __init__(self, *keys: str) -> None:
        self._keys = [key for key in keys if key]
        long = [key for key in self._keys if len(key) >= _SHORTEST]
        self._plain = [form for key in long for form in (key, *_in_base64(key))]
        spellings = ("".join(map(_spellings, key)) for key in long)
        self._escaped = re.compile("|".join(spellings)) if long else None

    def __repr__(self) -> str:
        return "<Redactor>"

    def text(self, text: str) -> str:
        """The text without the key."""
        for form in self._plain:
            if form in text:
                text = text.replace(form, _MARK)
        if self._escaped and ("\\" in text or "%" in text or "&" in text):
            text = self._escaped.sub(_MARK, text)
        return text

    def is_absent(self, document: bytes) -> bool:
        """Whether no text of a JSON document can hold the key; False where its bytes can't tell."""
        if not self._plain:
            return True
        if b"\0" in document or _ESCAPES.search(document) or '"' in self._plain[0]:
            return False
        try:
            text = document.decode()
        except UnicodeDecodeError:
            return False
        return self.text(text) == text

    def value(self, value: Any, depth: int = _DEPTH) -> Any:
        """A JSON value without the key in any text or name; null for what is nested too deeply."""
        if isinstance(value, str):
            return self.text(value)
        if not isinstance(value, dict | list):
            return value
        if depth <= 0:
            return None
        if isinstance(value, dict):
            return {self.text(key): self.value(item, depth - 1) for key, item in value.items()}
        return [self.value(item, depth - 1) for item in value]

    def message(self, text: str) -> str:
        """An error's text without the key, however short, and without what looks like one."""
        text = self.text(text)
        for key in self._keys:
            text = text.replace(key, _MARK)
        return _KEY_LIKE.sub(_MARK, text)


def _spellings(character: str) -> str:
    code = ord(character)
    hexadecimal = "".join(f"[{digit}{digit.upper()}]" for digit in f"{code:02x}")
    itself = re.escape(character)
    # Every branch begins with a letter, and every repetition ends: a scan is fast, and linear.
    return (
        rf"(?:{itself}|\\\\{{0,7}}(?:{itself}|u00{hexadecimal})|%(?:25){{0,3}}{hexadecimal}"
        rf"|&#(?:0{{0,5}}{code}|[xX]0{{0,5}}{hexadecimal});)"
    )


def _in_base64(key: str) -> list[str]:
    # Which letters stand for the key depends on how many bytes stand before it, modulo three.
    forms = []
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + key.encode("ascii")).decode("ascii").rstrip("=")
        first = (before * 8 + 5) // 6
        last = (before + len(key)) * 8 // 6
        form = whole[first:last]
        forms += [form, form.replace("+", "-").replace("/", "_")]
    return list(dict.fromkeys(forms))
