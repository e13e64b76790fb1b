"""The second identical request is free, and identical requests in flight are paid once."""

from tollhouse_demo import checks
from tollhouse_demo.stage import HELD, Chapter, Stage

__all__ = ["CACHE", "COALESCING"]

_TENANT = "pinecrest-foods"


def _play_cache(stage: Stage) -> None:
    first, second = stage.caller(_TENANT, "jonas.weber"), stage.caller(_TENANT, "lucy.chen")
    request = stage.explanation(_TENANT, "why orders rose in 2026-W34 while sales did not", "tv")
    paid = first.enqueue("explanation", request, "promo-1", watermark="2026-W35")
    result = first.wait(paid.call_id)
    stage.screen.step(f"{first} asks: {_dollars(result['cost_micro_usd'])}.")
    free = second.enqueue("explanation", request, "promo-2", watermark="2026-W35")
    stage.screen.step(f"{second} asks the same: enqueue itself says {free.status}, cached.")
    newer = second.enqueue("explanation", request, "promo-3", watermark="2026-W36")
    second.wait(newer.call_id)
    stage.screen.step("A week later (watermark 2026-W36) the old answer is not used.")
    stage.check(
        checks.answered_from_cache(stage.auditor, (_TENANT, "explanation", "promo-2")),
        checks.billed(stage.stack.mock.bill(), [free.call_id], 0),
        checks.consumed(
            stage.auditor,
            (_TENANT, "explanation", "promo-3"),
            name="newer data: asked again, not answered from the cache",
        ),
    )


def _play_coalescing(stage: Stage) -> None:
    caller = stage.caller(_TENANT, "amira.haddad")
    stage.stack.mock.fault(HELD, times=1, contains="Monday report")
    request = stage.explanation(_TENANT, "what the Monday report should open with", "email")
    tickets = caller.enqueue_many(
        [
            {"endpoint": "explanation", "request": request, "request_id": f"monday-{number}"}
            for number in range(8)
        ]
    )
    stage.until("one call in flight", lambda: stage.running(caller) == 1)
    stage.until("the others' wait", lambda: stage.state_count(caller, "coalesced") == 7)
    stage.screen.step("Eight identical calls: one is in flight, seven wait for its answer.")
    stage.until("its arrival", lambda: stage.stack.mock.totals()["in_flight"] == 1)
    stage.stack.mock.clear_faults()
    caller.wait_all(tickets)
    ids = [ticket.call_id for ticket in tickets]
    stage.check(
        checks.statuses(
            stage.auditor,
            (_TENANT, "monday-%"),
            {"success": 1, "cached": 7},
            name="one is paid, seven share its answer",
        ),
        checks.billed(stage.stack.mock.bill(), ids, 1),
    )


def _dollars(micro_usd: int) -> str:
    return f"{micro_usd / 1_000_000:.6f} USD"


CACHE = Chapter(
    title="The second identical request is free",
    intro="Same endpoint, same request, same watermark: the answer is already known.",
    play=_play_cache,
)
COALESCING = Chapter(
    title="Identical requests in flight are paid once",
    intro="Everybody opens the same dashboard at nine: one question, eight times at once.",
    play=_play_coalescing,
)
