"""An operator who forgets to commit: what changed something may not idle for long."""

from typing import LiteralString

import pytest

from tests.race.scene import Scene

pytestmark = pytest.mark.race

CHANGES: list[LiteralString] = [
    "stop_everything('test')",
    "pull_kill_switch('tenant', 'acme', 'test')",
    "set_shutoff('acme', '', now() + interval '1 hour', 'test')",
    "set_hourly_threshold('acme', '', 1, 'test')",
    "set_monthly_cap('acme', '', 1, 'test')",
    "set_provider('mock', 'test')",
    "set_model('small', 'mock', 'mock-small', 'test')",
    "set_price('small', 'input', 1, 'test', now() + interval '1 day')",
    "set_task_type('route', 'test')",
    "set_capture_policy('acme', 'none', 'test')",
    "set_settings('test', '1 minute')",
    "set_rate_limit('tenant', 'acme', 1, null, null, 'test')",
    "set_queue_limit('acme', 1, null, 'test')",
    "open_breaker('mock', 'test')",
    "close_breaker('mock', 'test')",
    "bind_login('th_bound', 'acme', 'test')",
    "forget_overrun('small', 'test')",
]
UNDONE: dict[LiteralString, LiteralString] = {
    "resume_everything('test')": "stop_everything('test')",
    "lift_kill_switch('tenant', 'acme', 'test')": "pull_kill_switch('tenant', 'acme', 'test')",
    "drop_rate_limit('tenant', 'acme', 'test')": (
        "set_rate_limit('tenant', 'acme', 1, null, null, 'test')"
    ),
    "drop_queue_limit('acme', 'test')": "set_queue_limit('acme', 1, null, 'test')",
    "lift_shutoff('acme', '', 'test')": (
        "set_shutoff('acme', '', now() + interval '1 hour', 'test')"
    ),
    "unbind_login('th_bound', 'test')": "bind_login('th_bound', 'acme', 'test')",
}
LEARNED: LiteralString = (
    "insert into tollhouse_private.model_overruns"
    " values ('small', current_date, 1.5, 2, gen_random_uuid(), now())"
)
IDLES: LiteralString = "select current_setting('idle_in_transaction_session_timeout') as limit"


@pytest.mark.parametrize("change", [*CHANGES, *UNDONE])
async def test_a_change_may_not_sit_in_an_open_transaction(
    scene: Scene, change: LiteralString
) -> None:
    """Within its transaction the session may idle for ten seconds; afterwards it is as before."""
    operator = await scene.connect("th_operator")
    scene.rows(LEARNED)
    if change in UNDONE:
        await operator.execute("select tollhouse_ops." + UNDONE[change])

    async def limit() -> object:
        row = await (await operator.execute(IDLES)).fetchone()
        return row and row["limit"]

    before = await limit()
    async with operator.transaction():
        await operator.execute("select tollhouse_ops." + change)
        assert "10s" == await limit()
    assert before == await limit() != "10s"


async def test_every_function_that_changes_something_is_tried(scene: Scene) -> None:
    """Those of the schema, and no other."""
    rows = scene.rows(
        "select p.proname as name from pg_proc as p where p.provolatile = 'v'"
        " and p.pronamespace = 'tollhouse_ops'::regnamespace"
    )
    tried = {change.partition("(")[0] for change in [*CHANGES, *UNDONE]}
    assert {row["name"] for row in rows} == tried
