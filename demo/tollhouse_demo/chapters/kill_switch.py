"""One statement stops every call, also those in flight, without a restart."""

import time

from tollhouse_demo import checks
from tollhouse_demo.stage import HELD, Chapter, Stage

__all__ = ["CHAPTER"]

_TENANT = "harborline-travel"
_MARK = "before the ferry season"
_SCOPES = (
    ("global", "*", ""),
    ("provider", "mock-a", ""),
    ("model", "mock-small", ""),
    ("endpoint", "route", ""),
    ("tenant", _TENANT, ""),
    ("user", "sofia.rossi", _TENANT),
)


def _play(stage: Stage) -> None:
    stage.settle()
    caller = stage.caller(_TENANT, "sofia.rossi")
    stage.stack.mock.fault(HELD, times=1, contains=_MARK)
    slow = stage.investigation(_TENANT, f"tv lost orders {_MARK}.", "tv")
    in_flight = caller.enqueue("investigation", slow, "ferry-1")
    stage.until("a call in flight", lambda: stage.running(caller) == 1)
    stage.until("its arrival", lambda: stage.stack.mock.totals()["in_flight"] == 1)
    stage.screen.step("A call is in flight; the provider takes its time.")
    begin = time.monotonic()
    stage.operate("select tollhouse_ops.stop_everything('prices look wrong')")
    result = caller.wait(in_flight.call_id)
    milliseconds = (time.monotonic() - begin) * 1000
    stage.stack.mock.clear_faults()
    stage.screen.step(f"It was aborted {milliseconds:.0f} ms later: {result['blocked_reason']}.")
    request = stage.route(_TENANT, f"Which message should tv carry {_MARK}?", "tv")
    refused = caller.enqueue("route", request, "ferry-2")
    stage.screen.step(f"The next call: {refused.status} by enqueue itself. {_why(stage)}")
    stage.operate("select tollhouse_ops.resume_everything('prices corrected')")
    caller.wait(caller.enqueue("route", request, "ferry-3").call_id)
    _every_scope(stage)
    stage.check(
        checks.blocked(
            stage.auditor,
            (_TENANT, "investigation", "ferry-1"),
            "provider_kill_switch",
            attempted=True,
            name="in flight: aborted, and the ledger says it had been sent",
        ),
        checks.blocked(stage.auditor, (_TENANT, "route", "ferry-2"), "provider_kill_switch"),
        checks.billed(stage.stack.mock.bill(), [refused.call_id], 0),
        checks.statuses(
            stage.auditor,
            (_TENANT, "scope-%"),
            {"blocked": 6},
            name="each of the six scopes stops the call",
        ),
        checks.consumed(
            stage.auditor, (_TENANT, "route", "ferry-3"), name="lifted: the same worker goes on"
        ),
        checks.tally(
            stage.auditor,
            "every action is in the operators' audit",
            "select action, count(*) from tollhouse_ops.operator_audit"
            " where action like '%%kill_switch' group by 1",
            (),
            {"pull_kill_switch": 7, "lift_kill_switch": 7},
        ),
    )


def _every_scope(stage: Stage) -> None:
    caller = stage.caller(_TENANT, "sofia.rossi")
    for number, (scope, target, tenant) in enumerate(_SCOPES):
        stage.operator.execute(
            "select tollhouse_ops.pull_kill_switch(%s, %s, 'drill', %s)", (scope, target, tenant)
        )
        request = stage.route(_TENANT, f"Which message should radio carry, {number}?", "tv")
        ticket = caller.enqueue("route", request, f"scope-{scope}")
        caller.wait(ticket.call_id)
        stage.operator.execute(
            "select tollhouse_ops.lift_kill_switch(%s, %s, 'drill', %s)", (scope, target, tenant)
        )
    stage.screen.step("A drill: a switch is pulled and lifted for each of the six scopes.")


def _why(stage: Stage) -> str:
    row = stage.caller(_TENANT, "sofia.rossi").explain("route", "ferry-2")
    return f"explain says: “{row['why']}”"


CHAPTER = Chapter(
    title="The kill switch",
    intro="One statement stops everything: what comes next, and what is in flight.",
    play=_play,
)
