"""A failing provider is left alone, for one user, until a single probe succeeds."""

from tollhouse_demo import checks
from tollhouse_demo.stage import HELD, Chapter, Stage

__all__ = ["CHAPTER"]

_TENANT = "velora-beauty"
_MARK = "since the new packaging"


def _play(stage: Stage) -> None:
    unlucky, other = stage.caller(_TENANT, "kim.larsen"), stage.caller(_TENANT, "lea.martin")
    request = stage.route(_TENANT, f"How has social developed {_MARK}?", "social")
    stage.operate(
        "select tollhouse_ops.set_provider('mock-a', 'demo', p_failure_threshold => 3,"
        " p_cooldown => '10 minutes')"
    )
    stage.stack.mock.fault({"status": 500}, contains=_MARK)
    result = unlucky.wait(unlucky.enqueue("route", request, "packaging-1").call_id)
    stage.screen.step(
        f"kim.larsen: {result['attempts']} attempts, each answered with 500: {result['status']}."
    )
    stage.check(checks.breaker_is(stage.auditor, _TENANT, unlucky.user, "mock-a", "open"))
    refused = unlucky.wait(unlucky.enqueue("route", request, "packaging-2").call_id)
    stage.screen.step(f"The next call: {refused['status']}. {_why(stage)}")
    fine = stage.route(_TENANT, "How has search developed since spring?")
    other.wait(other.enqueue("route", fine, "spring-1", use_cache=False).call_id)
    stage.check(
        checks.blocked(stage.auditor, (_TENANT, "route", "packaging-2"), "breaker_open"),
        checks.consumed(
            stage.auditor, (_TENANT, "route", "spring-1"), name="another user's calls go on"
        ),
    )
    _probe(stage)


def _probe(stage: Stage) -> None:
    unlucky = stage.caller(_TENANT, "kim.larsen")
    stage.stack.mock.clear_faults()
    stage.stack.mock.fault(HELD, contains=_MARK)
    stage.operate(
        "select tollhouse_ops.open_breaker('mock-a', 'it has recovered', %s, %s, '1 second')",
        unlucky.tenant,
        unlucky.user,
    )
    waited = stage.until(
        "the cool-down",
        lambda: (
            stage.count(
                "select count(*) from tollhouse.breakers where user_id = %s"
                " and open_until <= clock_timestamp()",
                (unlucky.user,),
            )
            == 1
        ),
    )
    stage.screen.step(
        f"The provider recovers. After the cool-down ({waited:.1f} s more), four calls:"
    )
    tickets = unlucky.enqueue_many(
        [
            {
                "endpoint": "route",
                "request": stage.route(_TENANT, f"Is {channel} stable {_MARK}?", channel),
                "request_id": f"probe-{channel}",
            }
            for channel in ("search", "social", "email", "video")
        ]
    )
    stage.until(
        "the others' refusal",
        lambda: (
            stage.count(
                "select count(*) from tollhouse.llm_api_calls"
                " where status = 'blocked' and starts_with(request_id, 'probe-')"
            )
            == 3
        ),
    )
    stage.stack.mock.clear_faults()
    unlucky.wait_all(tickets)
    ids = [ticket.call_id for ticket in tickets]
    stage.check(
        checks.statuses(
            stage.auditor,
            (_TENANT, "probe-%"),
            {"success": 1, "blocked": 3},
            name="exactly one probe went out; the others were refused",
        ),
        checks.billed(stage.stack.mock.bill(), ids, 1),
        checks.breaker_is(stage.auditor, _TENANT, unlucky.user, "mock-a", "closed"),
    )
    stage.operator.execute(
        "select tollhouse_ops.set_provider('mock-a', 'demo over', p_failure_threshold => 3,"
        " p_cooldown => '3 seconds')"
    )


def _why(stage: Stage) -> str:
    row = stage.caller(_TENANT, "kim.larsen").explain("route", "packaging-2")
    return f"explain says: “{row['why']}”"


CHAPTER = Chapter(
    title="A breaker opens, probes once, and closes",
    intro="Three failures in a row open one user's breaker for that provider.",
    play=_play,
)
