"""What the log says of attempts that failed: a line per provider and outcome, not one per call."""

import asyncio
from dataclasses import dataclass, field

from tollhouse.log import Log
from tollhouse.providers import Outcome, OutcomeName

__all__ = ["Failures"]

log = Log(__name__)

# What a provider did, or its network; the other outcomes are our own doing, and told elsewhere.
_FAILED: frozenset[OutcomeName] = frozenset(
    {"rate_limited", "server_error", "timeout", "dropped", "unreachable", "malformed", "rejected"}
)


@dataclass(kw_only=True, eq=False)
class Failures:
    """Warns of the first at once, and then every `seconds` of how many followed."""

    seconds: float = 10.0
    _quiet: dict[tuple[str, OutcomeName], "_Quiet"] = field(default_factory=dict, init=False)

    def note(self, provider: str, outcome: Outcome) -> None:
        """Count an outcome, if it is a failure; log it now or later."""
        if outcome.outcome not in _FAILED:
            return
        key = provider, outcome.outcome
        quiet = self._quiet.get(key)
        if quiet is None:
            _warn(key, 1, outcome.http_status)
            self._quiet[key] = _Quiet(timer=self._later(key))
        else:
            quiet.attempts += 1
            quiet.http_status = outcome.http_status

    def flush(self) -> None:
        """Log at once what would be logged later: the worker ends."""
        for key, quiet in self._quiet.items():
            quiet.timer.cancel()
            if quiet.attempts:
                _warn(key, quiet.attempts, quiet.http_status)
        self._quiet.clear()

    def _later(self, key: tuple[str, OutcomeName]) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(self.seconds, self._end, key)

    def _end(self, key: tuple[str, OutcomeName]) -> None:
        quiet = self._quiet.pop(key)
        if quiet.attempts:
            _warn(key, quiet.attempts, quiet.http_status)
            self._quiet[key] = _Quiet(timer=self._later(key))


@dataclass(kw_only=True, eq=False)
class _Quiet:
    """What has come since the last line: how many, and the last one's status."""

    timer: asyncio.TimerHandle
    attempts: int = 0
    http_status: int | None = None


def _warn(key: tuple[str, OutcomeName], attempts: int, http_status: int | None) -> None:
    provider, outcome = key
    log.warning(
        "attempts failed",
        provider=provider,
        outcome=outcome,
        attempts=attempts,
        last_http_status=http_status,
    )
