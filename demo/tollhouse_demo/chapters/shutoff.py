"""A shutoff by hand, a shutoff by spend; both end by themselves."""

from tollhouse_demo import checks
from tollhouse_demo.caller import Caller
from tollhouse_demo.stage import Chapter, Stage

__all__ = ["CHAPTER"]

_TENANT = "alderbrook-outdoor"


def _play(stage: Stage) -> None:
    _by_hand(stage)
    _by_spend(stage)


def _by_hand(stage: Stage) -> None:
    caller = stage.caller(_TENANT, "tom.okafor")
    request = stage.route(_TENANT, "What will email sell before the sale?", "email")
    stage.operate(
        "select tollhouse_ops.set_shutoff(%s, %s, clock_timestamp() + interval '1 h', 'loop')",
        caller.tenant,
        caller.user,
    )
    caller.enqueue("route", request, "sale-1")
    _let_it_end(stage, caller)
    caller.wait(caller.enqueue("route", request, "sale-2", use_cache=False).call_id)
    stage.check(
        checks.blocked(stage.auditor, (_TENANT, "route", "sale-1"), "hourly_shutoff"),
        checks.consumed(
            stage.auditor, (_TENANT, "route", "sale-2"), name="its time is up: calls go on"
        ),
    )


def _by_spend(stage: Stage) -> None:
    caller = stage.caller(_TENANT, "priya.nair")
    request = stage.investigation(_TENANT, "video became dearer per order.", "video")
    stage.operate(
        "select tollhouse_ops.set_hourly_threshold(%s, %s, 500, 'intern', '1 hour')",
        caller.tenant,
        caller.user,
    )
    first = caller.wait(caller.enqueue("investigation", request, "video-1").call_id)
    stage.screen.step(
        f"priya.nair may spend 500 micro-USD an hour; one call cost {first['cost_micro_usd']}."
    )
    caller.enqueue("investigation", request, "video-2", watermark="newer")
    mode = stage.auditor.execute(
        "select mode, reason from tollhouse.hourly_shutoffs where user_id = %s", (caller.user,)
    ).fetchone()
    stage.screen.step(f"Shutoff: {', '.join(map(str, mode or ()))}.")
    _let_it_end(stage, caller)
    caller.wait(caller.enqueue("investigation", request, "video-3", watermark="newer").call_id)
    stage.check(
        checks.blocked(stage.auditor, (_TENANT, "investigation", "video-2"), "hourly_shutoff"),
        checks.consumed(
            stage.auditor,
            (_TENANT, "investigation", "video-3"),
            name="its time is up: calls go on",
        ),
    )


def _let_it_end(stage: Stage, caller: Caller) -> None:
    stage.operate(
        "select tollhouse_ops.set_shutoff(%s, %s, clock_timestamp() + interval '2 s', 'a drill')",
        caller.tenant,
        caller.user,
    )
    stage.until(
        "the end of the shutoff",
        lambda: (
            stage.count(
                "select count(*) from tollhouse.hourly_shutoffs where user_id = %s"
                " and disabled_until > clock_timestamp()",
                (caller.user,),
            )
            == 0
        ),
    )


CHAPTER = Chapter(
    title="Hourly shutoff: by hand, and by spend",
    intro="A user who spends too fast is shut off for a while, and nobody has to be awake.",
    play=_play,
)
