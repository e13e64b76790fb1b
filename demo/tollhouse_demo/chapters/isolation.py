"""Nobody but the one who asked sees anything."""

import psycopg

from tollhouse_demo import checks
from tollhouse_demo.caller import Caller
from tollhouse_demo.stage import Chapter, Stage

__all__ = ["CHAPTER"]

_TENANT, _USER = "alderbrook-outdoor", "ben.ortiz"


def _play(stage: Stage) -> None:
    victim = stage.caller(_TENANT, _USER)
    stranger = stage.caller("velora-beauty", "nina.petrova")
    colleague = stage.caller(_TENANT, "ines.duarte")
    ticket = victim.enqueue(
        "route", stage.route(_TENANT, "Is search still growing after the relaunch?"), "mine-1"
    )
    names = [f"{relation}" for _, relation in checks.reachable(stage.app)]
    stage.screen.step(f"A client can read {len(names)} views: {', '.join(names)}.")
    stage.check(
        checks.sees_own(victim),
        checks.sees_nothing(
            stage.app, f"wrong tenant ({stranger.tenant})", _as(stranger), tenant=_TENANT
        ),
        checks.sees_nothing(
            stage.app, f"wrong user ({colleague.user})", _as(colleague), tenant=_TENANT, user=_USER
        ),
        checks.sees_nothing(stage.app, "no identity", lambda _: None),
        checks.sees_nothing(stage.app, "malformed identity", checks.malformed_identity),
        checks.finds_nothing(stranger, ticket.call_id, "route", "mine-1"),
    )
    _bound(stage)


def _bound(stage: Stage) -> None:
    stage.stack.add_login("partner")
    stage.operate(
        "select tollhouse_ops.bind_login('partner', 'harborline-travel', 'agency', 'grace.kim')"
    )
    with stage.stack.connect("partner") as partner:
        stage.check(
            checks.refuses(
                partner,
                "bound login asks for another identity",
                _as(Caller(partner, _TENANT, _USER)),
                "TH003",
            ),
            checks.sees_nothing(
                partner, "bound login writes the settings itself", _forge, tenant=_TENANT
            ),
        )


def _as(caller: Caller) -> checks.Identify:
    return lambda _: caller.identify()


def _forge(connection: psycopg.Connection) -> None:
    connection.execute("select set_config('tollhouse.tenant_id', %s, true)", (_TENANT,))
    connection.execute("select set_config('tollhouse.user_id', %s, true)", (_USER,))


CHAPTER = Chapter(
    title="Isolation",
    intro="Wrong tenant, wrong user, no identity, a malformed one, a login bound to another.",
    play=_play,
)
