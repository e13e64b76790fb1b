"""Slows a worker down that reaches nobody, so that it does not eat the queue of all the others.

After a few attempts in a row that reached no provider, or one that failed for want of files,
memory or ports of our own, the worker claims one call at a time, more and more seldom, until an
attempt reaches a provider. What else comes back meanwhile counts as not sent: the trouble is here,
it uses up no attempt and opens no breaker. Where it is the provider that is gone, those few and
every probe tell the breakers so.
"""

import asyncio
from dataclasses import dataclass, field, replace
from uuid import UUID

from tollhouse.log import Log
from tollhouse.providers import LOCAL_TROUBLE, Outcome, OutcomeName

__all__ = ["Brake"]

log = Log(__name__)

# Fewer than open a breaker by default.
_IN_A_ROW = 3
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 15.0
_REACHED: frozenset[OutcomeName] = frozenset(
    {"success", "rate_limited", "server_error", "timeout", "dropped", "malformed"}
)


@dataclass(kw_only=True, eq=False)
class Brake:
    """Free, or on: then `until` (loop time) nothing is claimed, and after it one call."""

    until: float = 0.0
    on: bool = False
    _failed: int = field(default=0, init=False)
    _pause: float = field(default=_FIRST_PAUSE, init=False)
    _probe: UUID | None = field(default=None, init=False)

    def probe(self, call_id: UUID) -> None:
        """This call is the one that finds out."""
        self._probe = call_id

    def judge(self, outcome: Outcome) -> Outcome:
        """Take an outcome in; return what is to be recorded."""
        ours = outcome.outcome == "not_sent" and outcome.error_code == LOCAL_TROUBLE
        is_probe = self._probe == outcome.call_id
        if is_probe:
            self._probe = None
        if outcome.outcome in _REACHED or outcome.http_status is not None:
            self._release()
            return outcome
        if not ours and outcome.outcome != "unreachable":
            return outcome
        was_on = self.on
        self._failed += 1
        if ours or self._failed >= _IN_A_ROW:
            self._pull(outcome, again=is_probe)
        if was_on and not is_probe and not ours:
            return replace(outcome, outcome="not_sent")
        return outcome

    def _pull(self, outcome: Outcome, *, again: bool) -> None:
        if self.on and not again:
            return
        if not self.on:
            log.warning(
                "no provider is reached: one call at a time", error=outcome.error_message or ""
            )
        self.on = True
        self.until = asyncio.get_running_loop().time() + self._pause
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)

    def _release(self) -> None:
        if self.on:
            log.info("a provider is reached again")
        self.on, self._failed, self._pause, self.until = False, 0, _FIRST_PAUSE, 0.0
