"""Reads the body of a 2xx answer: a chat completion, or not."""

import json
from dataclasses import dataclass
from typing import Any

from .redact import Redactor
from .sanitize import bounded, clean, clean_text
from .usage import NO_USAGE, Usage, read_usage

__all__ = ["Completion", "MalformedError", "read_completion"]


class MalformedError(Exception):
    """The body is not a chat completion; `usage` is what it reported nevertheless."""

    def __init__(self, code: str, message: str, usage: Usage = NO_USAGE) -> None:
        super().__init__(message)
        self.code = code
        self.usage = usage


@dataclass(frozen=True, slots=True)
class Completion:
    """The parts of an answer that are kept; everything in it is fit for jsonb."""

    response: dict[str, Any]
    reasoning: str | None
    metadata: dict[str, Any]
    usage: Usage


def read_completion(
    body: bytes, *, provider_request_id: str | None, redactor: Redactor
) -> Completion:
    """The first choice of a chat completion, without the key. Raises MalformedError."""
    document = _parse(body)
    if not redactor.is_absent(body):
        document = redactor.value(document)
    usage = read_usage(document.get("usage"))
    choices = document.get("choices")
    if not isinstance(choices, list) or not choices:
        raise MalformedError("no_choices", _complaint(document, "the answer has no choices"), usage)
    choice = choices[0]
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(message, dict):
        raise MalformedError("no_message", "the first choice has no message", usage)
    finish_reason = bounded(_text(choice.get("finish_reason")), 100) or "unknown"
    response: dict[str, Any] = {
        "content": _text(message.get("content")),
        "finish_reason": finish_reason,
    }
    if isinstance(message.get("tool_calls"), list) and message["tool_calls"]:
        response["tool_calls"] = clean(message["tool_calls"])
    if isinstance(message.get("refusal"), str):
        response["refusal"] = clean_text(message["refusal"])
    reasoning = _text(message.get("reasoning_content")) or _text(message.get("reasoning"))
    if response["content"] is None and len(response) == 2 and reasoning is None:
        raise MalformedError("empty_message", "the message is empty", usage)
    metadata: dict[str, Any] = {"finish_reason": finish_reason}
    if provider_request_id is not None:
        metadata["provider_request_id"] = provider_request_id
    for name in ("model", "system_fingerprint", "created", "usage"):
        if document.get(name) is not None:
            metadata[name] = clean(document[name])
    return Completion(response, reasoning, metadata, usage)


def _parse(body: bytes) -> dict[str, Any]:
    if not body.strip():
        raise MalformedError("empty_body", "the answer has no body")
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MalformedError("not_json", "the answer is not a JSON document") from error
    if not isinstance(document, dict):
        raise MalformedError("not_json", "the answer is not a JSON object")
    return document


def _complaint(document: dict[str, Any], otherwise: str) -> str:
    # Some gateways answer 200 with an error envelope.
    error = document.get("error")
    message = error.get("message") if isinstance(error, dict) else error
    return f"{otherwise}: {message}" if isinstance(message, str) else otherwise


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, list):  # content parts, as some compatible servers answer
        parts = [part.get("text") for part in value if isinstance(part, dict)]
        texts = [part for part in parts if isinstance(part, str)]
        return clean_text("".join(texts)) if texts else None
    return None
