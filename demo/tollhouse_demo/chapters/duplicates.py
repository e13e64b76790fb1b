"""One hundred deliveries of one request at the same moment are one call."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from tollhouse_demo import checks
from tollhouse_demo.caller import Caller, Ticket
from tollhouse_demo.processes import PATIENCE
from tollhouse_demo.stage import Chapter, Stage

__all__ = ["CHAPTER"]

_TENANT, _USER = "harborline-travel", "david.novak"
_SENDERS = 100


def _play(stage: Stage) -> None:
    request = stage.route(_TENANT, "Is display still worth it off season?", "display")
    together = Barrier(_SENDERS, timeout=PATIENCE)

    def deliver(_: int) -> Ticket:
        with stage.stack.connect("app") as connection:
            together.wait()
            caller = Caller(connection, _TENANT, _USER)
            return caller.enqueue("route", request, "off-season-1")

    with ThreadPoolExecutor(max_workers=_SENDERS) as pool:
        tickets = list(pool.map(deliver, range(_SENDERS)))
    stage.caller(_TENANT, _USER).wait(tickets[0].call_id)
    known = sum(ticket.deduplicated for ticket in tickets)
    stage.screen.step(
        f"{_SENDERS} connections enqueued at once; {known} were told that the call is known."
    )
    stage.check(
        checks.outcome(
            "all were given the same call",
            expected={"call ids": 1, "deduplicated": _SENDERS - 1},
            observed={"call ids": len({t.call_id for t in tickets}), "deduplicated": known},
            sql="select call_id, deduplicated from tollhouse.enqueue(…), 100 sessions",
        ),
        checks.one_call(stage.auditor, (_TENANT, "route", "off-season-1")),
        checks.billed(stage.stack.mock.bill(), [tickets[0].call_id], 1),
    )


CHAPTER = Chapter(
    title="One hundred deliveries, one call",
    intro="A broken queue delivers the same request id from a hundred connections at once.",
    play=_play,
)
