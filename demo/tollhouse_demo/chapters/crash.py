"""A worker is killed with kill -9 in the middle of a batch."""

import time

from tollhouse_demo import checks
from tollhouse_demo.caller import Caller
from tollhouse_demo.stage import HELD, Chapter, Stage

__all__ = ["CHAPTER"]

_TENANT, _USER = "harborline-travel", "ana.lima"
_MARK = "in the storm week"
_FAST, _SLOW = 20, 16


def _play(stage: Stage) -> None:
    victim = stage.stack.start_worker()
    stage.stack.stop_worker()
    stage.screen.step(f"The first worker drained and left; {victim.pid} is the only one.")
    stage.settle()
    caller = stage.caller(_TENANT, _USER)
    stage.stack.mock.fault(HELD, times=_SLOW, contains=_MARK)
    tickets = caller.enqueue_many(
        [
            {
                "endpoint": "route",
                "request": stage.route(_TENANT, _question(number), "search"),
                "request_id": f"storm-{number:02}",
            }
            for number in range(_FAST + _SLOW)
        ]
    )
    stage.until("half of the batch", lambda: _is_half_done(stage, caller))
    victim = stage.stack.kill_worker()
    begin = time.monotonic()
    stage.screen.step(f"{_FAST} answered, {_SLOW} in flight: kill -9 {victim.pid}.")
    stage.stack.mock.clear_faults()
    # A lease ends by itself; nobody has to wait for that here.
    stage.superuser.execute("update tollhouse_private.workers set alive_until = now()")
    stage.screen.step("Its lease has ended, which another worker will notice.")
    heir = stage.stack.start_worker()
    caller.wait_all(tickets)
    seconds = time.monotonic() - begin
    stage.screen.step(
        f"Worker {heir.pid} takes over; all are answered {seconds:.1f} s after the kill."
    )
    ids = [ticket.call_id for ticket in tickets]
    stage.check(
        checks.nothing_lost(stage.auditor, len(ids), only=(_TENANT, "storm-%")),
        checks.attempts_of(
            stage.auditor,
            (_TENANT, "storm-%"),
            {"abandoned": _SLOW, "success": _FAST + _SLOW},
            name=f"the {_SLOW} attempts that were cut off are recorded, and were made again",
        ),
        checks.billed(stage.stack.mock.bill(), ids, _FAST + 2 * _SLOW),
    )


def _question(number: int) -> str:
    when = _MARK if number % 9 < 4 else "in calm weather"
    return f"How did search sell {when} at port {number}?"


def _is_half_done(stage: Stage, caller: Caller) -> bool:
    answered = stage.count(
        "select count(*) from tollhouse.llm_api_calls where user_id = %s", (caller.user,)
    )
    at_provider = stage.stack.mock.totals()["in_flight"]
    return answered == _FAST and at_provider == _SLOW == stage.running(caller)


CHAPTER = Chapter(
    title="kill -9 in the middle of a batch",
    intro="Nothing is lost, nothing is answered twice, and what may have been billed is charged.",
    play=_play,
)
