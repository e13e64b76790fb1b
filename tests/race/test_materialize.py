"""A materializer that waits holds up its own call's row, and no worker."""

import pytest
from psycopg import errors

from tests.race.scene import Call, Scene, result

pytestmark = pytest.mark.race

_NOTES = """
create schema app;
create table app.notes (key text primary key);
create function app.note(text, text, uuid, timestamptz, jsonb, jsonb) returns void language plpgsql
as $$
begin
  if $5 ->> 'prompt' = 'sleep' then
    perform pg_sleep(10);
  end if;
  insert into app.notes values ($5 ->> 'prompt');
end
$$;
grant usage on schema app to tollhouse_engine, tollhouse_owner;
grant insert on app.notes to tollhouse_engine, tollhouse_owner;
select tollhouse_ops.set_task_type('investigation', 'race', p_materializer => 'app.note');
"""


def prepare(scene: Scene, *prompts: str) -> None:
    """Enqueue one investigation for each prompt, under a request id that is the same."""
    with scene.database.connect("postgres") as admin:
        admin.execute(_NOTES)
    scene.enqueue("acme", "ann", [Call(request_id=p, endpoint="investigation") for p in prompts])


def errors_of(scene: Scene) -> dict[str, str | None]:
    """Return request id → error code of every finished call."""
    rows = scene.rows("select request_id, error_code from tollhouse_private.llm_api_calls")
    return {row["request_id"]: row["error_code"] for row in rows}


async def test_what_a_client_holds_is_not_waited_for(scene: Scene) -> None:
    """A key that an open transaction has written costs its call the row after a second."""
    prepare(scene, "held", "free")
    (worker,) = await scene.workers(1)
    client = await scene.connect("postgres")
    async with client.transaction():
        await client.execute("insert into app.notes values ('held')")
        await worker.record(result(call) for call in await worker.claim(2))

    assert {"held": "materializer_failed", "free": None} == errors_of(scene)
    assert {"success": 2} == scene.outcomes()


async def test_a_statement_whose_time_is_up_ends(scene: Scene) -> None:
    """Its timer is spent: were it caught, nothing would end the statement any more."""
    prepare(scene, "sleep")
    (worker,) = await scene.workers(1)
    (call,) = await worker.claim()
    await worker.connection.execute("set statement_timeout = '300ms'")
    with pytest.raises(errors.QueryCanceled):
        await worker.record([result(call)])
    assert {} == errors_of(scene)

    await worker.record([result(call, materialize=False)])
    assert {"sleep": "materializer_failed"} == errors_of(scene)
    assert {"success": 1} == scene.outcomes()
