"""Faults on demand: which request goes wrong, how, and how often.

A rule is {"match": {"contains", "model", "client_request_id_prefix"}, "times": n or null,
"fault": {…}}; every given part of match must fit, an empty match fits all. A fault is any
`delay_ms` and at most one of
  status       an error answer, with retry_after_s, code, message, headers (all optional)
  drop         "before": the connection closes and nothing is billed; "after": in mid-body
  malformed    a 2xx answer with a broken or odd body, see MALFORMED
  usage        fields that replace those of the usage object
  large        a good answer whose content has this many bytes
For one request the delays of all matching rules add up; the first rule with another fault decides.
A delay ends when the rules are cleared, so that no test has to guess how long it takes.
"""

import asyncio
import json
import math
from dataclasses import dataclass, replace
from typing import Any

from tollhouse_demo.mock_provider.answers import Tokens, usage_json

__all__ = ["MALFORMED", "NO_FAULT", "Fault", "FaultBook", "malform", "override_usage"]

MALFORMED = (
    "not_json",
    "no_choices",
    "empty",
    "no_usage",
    "truncated",
    "nul",
    "deep",
    "long_number",
    "extreme",
)
_MATCH = ("contains", "model", "client_request_id_prefix")
_KINDS = ("status", "drop", "malformed", "usage", "large")
_DETAILS = ("delay_ms", "retry_after_s", "code", "message", "headers")


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to one request."""

    delay_ms: float = 0.0
    status: int | None = None
    drop: str | None = None
    malformed: str | None = None
    usage: dict[str, Any] | None = None
    large: int | None = None
    retry_after_s: float | None = None
    code: str | None = None
    message: str | None = None
    headers: dict[str, str] | None = None

    @property
    def is_delay_only(self) -> bool:
        """Whether an ordinary answer follows."""
        return (self.status, self.drop, self.malformed, self.usage, self.large) == (None,) * 5


NO_FAULT = Fault()


@dataclass(slots=True)
class Rule:
    """A fault with its match and how often it applies still (None: until cleared)."""

    number: int
    match: dict[str, str]
    fault: Fault
    given: dict[str, Any]
    times: int | None
    used: int = 0

    def fits(self, question: str, model: str, client_request_id: str) -> bool:
        """Whether every given part of the match fits, and the rule is not used up."""
        match = self.match
        return (
            (self.times is None or self.used < self.times)
            and match.get("contains", "") in question
            and match.get("model", model) == model
            and client_request_id.startswith(match.get("client_request_id_prefix", ""))
        )

    def as_json(self) -> dict[str, Any]:
        """The rule as it was given, with its number and its use."""
        return {
            "id": self.number,
            "match": self.match,
            "times": self.times,
            "used": self.used,
            "fault": self.given,
        }


class FaultBook:
    """The rules in the order in which they were added."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self._last = 0
        self.cleared = asyncio.Event()
        """Set when the rules of now are cleared; those that follow have another."""

    def add(self, document: Any) -> Rule:
        """Add a rule. Raises ValueError that says what is wrong with it."""
        if not isinstance(document, dict) or set(document) - {"match", "times", "fault"}:
            raise ValueError("a rule has match, times and fault")
        match, times = document.get("match") or {}, document.get("times")
        if not isinstance(match, dict) or not all(
            name in _MATCH and isinstance(value, str) for name, value in match.items()
        ):
            raise ValueError(f"match has strings named {', '.join(_MATCH)}")
        if times is not None and (type(times) is not int or times < 1):
            raise ValueError("times is an integer above 0, or null")
        given = document.get("fault")
        fault = _fault(given)
        self._last += 1
        rule = Rule(self._last, match, fault, dict(given or {}), times)
        self.rules.append(rule)
        return rule

    def clear(self) -> None:
        """Forget all rules, and end the delays under way."""
        self.rules.clear()
        self.cleared.set()
        self.cleared = asyncio.Event()

    def take(self, question: str, model: str, client_request_id: str) -> Fault:
        """The fault of one request; uses up the rules that take part in it."""
        delay, decided = 0.0, NO_FAULT
        for rule in self.rules:
            if not rule.fits(question, model, client_request_id):
                continue
            if not rule.fault.is_delay_only:
                if decided is not NO_FAULT:
                    continue
                decided = rule.fault
            delay += rule.fault.delay_ms
            rule.used += 1
        if decided is NO_FAULT:
            return Fault(delay_ms=delay) if delay else NO_FAULT
        return decided if delay == decided.delay_ms else replace(decided, delay_ms=delay)


def _fault(given: Any) -> Fault:
    if not isinstance(given, dict) or not given or set(given) - {*_KINDS, *_DETAILS}:
        raise ValueError(f"a fault has one of {', '.join(_KINDS)}, or delay_ms")
    if sum(name in given for name in _KINDS) > 1:
        raise ValueError(f"a fault has only one of {', '.join(_KINDS)}")
    fault = Fault(**given)
    checks = {
        "delay_ms is 0 or more": _is_wait(fault.delay_ms),
        "retry_after_s is 0 or more": _is_wait(fault.retry_after_s or 0),
        "status is 300 to 599": fault.status is None
        or (type(fault.status) is int and 300 <= fault.status <= 599),
        "drop is before or after": fault.drop in (None, "before", "after"),
        f"malformed is one of {', '.join(MALFORMED)}": fault.malformed in (None, *MALFORMED),
        "usage is an object": fault.usage is None or isinstance(fault.usage, dict),
        "large is 1 to 1,000,000,000": fault.large is None
        or (type(fault.large) is int and 1 <= fault.large <= 1_000_000_000),
        "headers is an object of strings": fault.headers is None
        or (
            isinstance(fault.headers, dict)
            and all(isinstance(value, str) for value in fault.headers.values())
        ),
    }
    for rule, holds in checks.items():
        if not holds:
            raise ValueError(rule)
    return fault


def _is_wait(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


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
