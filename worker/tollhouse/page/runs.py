"""The last calls, those in a row that ended the same way without an answer taken together."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from tollhouse.page.call_rows import Call
from tollhouse.page.words import guard, person

__all__ = ["READ", "Run", "runs"]

READ = 40
"""How many calls are read at most: the last of their runs may go on before them."""

_MOST = 8


@dataclass(frozen=True, slots=True)
class Run:
    """Calls in a row; what is not said of all of them is said of `last`."""

    last: Call
    calls: int
    more: bool
    callers: int
    cost_micro_usd: int

    @property
    def outcome(self) -> str:
        """How they ended."""
        reason = self.last.blocked_reason
        label = guard(reason) if reason else self.last.status
        times = f" \N{MULTIPLICATION SIGN}{self.calls}" if self.calls > 1 else ""
        return f"{label}{times}{'+' if self.more else ''}"

    @property
    def who(self) -> str:
        """Whose they are."""
        others = f" +{self.callers - 1}" if self.callers > 1 else ""
        return f"{person(self.last.tenant_id, self.last.user_id)}{others}"


def runs(calls: Sequence[Call]) -> list[Run]:
    """Take together what ended alike; each answer stands for itself."""
    grouped = groupby(enumerate(calls), key=lambda pair: _alike(*pair))
    found = [_run([call for _, call in pairs]) for _, pairs in grouped]
    if len(calls) == READ and found[-1].calls > 1:
        found[-1] = replace(found[-1], more=True)
    return found[:_MOST]


def _alike(place: int, call: Call) -> tuple[object, ...]:
    if call.status == "success":
        return (place,)
    return call.status, call.blocked_reason, call.why


def _run(calls: list[Call]) -> Run:
    return Run(
        last=calls[0],
        calls=len(calls),
        more=False,
        callers=len({(call.tenant_id, call.user_id) for call in calls}),
        cost_micro_usd=sum(call.cost_micro_usd for call in calls),
    )
