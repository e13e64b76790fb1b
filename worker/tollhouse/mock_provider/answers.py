"""Makes up an answer: the same one for the same question, and of a plausible shape.

The last user message decides. Asked for a budget allocation, it is a JSON document with the shares
of the channels named in the question; asked for JSON, a small JSON document; with a tool that
must be called, that call; otherwise two sentences about the question's key words.
"""

import json
import re
from typing import Any
from zlib import crc32

__all__ = ["Draft", "draft", "last_user_text"]

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
