"""A client changes its mind: before the call, and in the middle of it."""

import time

from tollhouse_demo import checks
from tollhouse_demo.stage import HELD, Chapter, Stage

__all__ = ["CHAPTER"]

_TENANT = "alderbrook-outdoor"
_MARK = "over the long weekend"


def _play(stage: Stage) -> None:
    stage.settle()
    caller = stage.caller(_TENANT, "maria.keller")
    later = caller.enqueue(
        "route",
        stage.route(_TENANT, f"What will tv sell {_MARK}?", "tv"),
        "weekend-1",
        run_at="tomorrow",
    )
    stage.screen.step(f"Scheduled for tomorrow; cancel says {caller.cancel(later.call_id)}.")
    stage.stack.mock.fault(HELD, times=1, contains=_MARK)
    request = stage.investigation(_TENANT, f"social lost its clicks {_MARK}.", "social")
    running = caller.enqueue("investigation", request, "weekend-2")
    stage.until("the call's arrival", lambda: stage.stack.mock.totals()["in_flight"] == 1)
    begin = time.monotonic()
    answer = caller.cancel(running.call_id)
    result = caller.wait(running.call_id)
    milliseconds = (time.monotonic() - begin) * 1000
    stage.stack.mock.clear_faults()
    stage.screen.step(f"In flight, cancel says {answer}; {milliseconds:.0f} ms later it has ended.")
    stage.screen.step(
        f"It may be billed: {result['cost_micro_usd']:,} micro-USD are charged, the most possible."
    )
    stage.check(
        checks.statuses(
            stage.auditor,
            (_TENANT, "weekend-%"),
            {"cancelled": 2},
            name="both are cancelled, with one ledger row each",
        ),
        checks.attempts_of(
            stage.auditor,
            (_TENANT, "weekend-%"),
            {"cancelled": 1},
            name="one of them had been sent",
        ),
    )


CHAPTER = Chapter(
    title="Cancelling a call",
    intro="A client cancels a call, before it runs and while it runs.",
    play=_play,
)
