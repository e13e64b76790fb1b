"""A session's temporary type named like a built-in one is never taken for it by a definer.

Postgres looks for types in pg_temp before pg_catalog unless search_path lists pg_temp. A domain
pg_temp.text whose check calls a function would run it with the definer's rights, all tenants'.
"""

import uuid

import psycopg
import pytest
from psycopg import sql

from tests.support.database import Database, Row

TYPES = "bool bytea date float8 int4 int8 interval json jsonb name numeric text timestamptz uuid"
WORKER = uuid.UUID(int=1)
_BAIT = """
create function pg_temp.evil() returns pg_catalog.bool language plpgsql as $$
begin
  if current_user <> session_user then
    raise exception 'ran as %', current_user using errcode = 'EVIL0';
  end if;
  return true;
end $$;
grant execute on function pg_temp.evil() to public;
"""
_CATALOG = (
    "select tollhouse_ops.set_provider('mock', 'test')",
    "select tollhouse_ops.set_model('m', 'mock', 'm', 'test')",
    "select tollhouse_ops.set_price('m', 'input', 1, 'test')",
    "select tollhouse_ops.set_price('m', 'output', 1, 'test')",
    "select tollhouse_ops.set_task_type('investigation', 'test', array['m'])",
    "select tollhouse_ops.stop_everything('test')",
    "select tollhouse_ops.resume_everything('test')",
    "select tollhouse_ops.set_monthly_cap('acme', '', 1000000, 'test')",
)
_CLIENT = (
    "select tollhouse.set_identity('acme', 'ann')",
    "select tollhouse.done_channel()",
    """select tollhouse.enqueue('investigation', '{"prompt": "why?"}', 'r1')""",
    """select tollhouse.enqueue_many('[{"endpoint": "route", "request": {}}]')""",
    """select tollhouse.enqueue_query('select ''route'' as endpoint, 5 as request')""",
    "select tollhouse.explain('investigation', 'r1')",
    "select tollhouse.result(gen_random_uuid())",
    "select tollhouse.wait_for(gen_random_uuid(), '1 ms')",
    "select tollhouse.cancel(gen_random_uuid())",
    "select count(*) from tollhouse.jobs",
    "select count(*) from tollhouse.llm_api_calls",
    "select count(*) from tollhouse.distillation_samples",
)
_WORKER = (
    f"select tollhouse_worker.register('{WORKER}', 'w', 10, '1')",
    f"select tollhouse_worker.claim('{WORKER}', 10)",
    f"select tollhouse_worker.record('{WORKER}', '[]')",
    f"select tollhouse_worker.calls_to_abort('{WORKER}')",
    f"select tollhouse_worker.heartbeat('{WORKER}', 0)",
    "select tollhouse_worker.reap()",
    "select tollhouse_worker.maintain()",
    "select tollhouse_worker.prune()",
    f"select tollhouse_worker.deregister('{WORKER}')",
)


def baited(connection: psycopg.Connection[Row], statements: tuple[str, ...]) -> list[str]:
    """Run statements in a session full of false types; return what ran with another's rights."""
    connection.execute(_BAIT.encode())
    for name in map(sql.Identifier, TYPES.split()):
        connection.execute(
            sql.SQL("create domain pg_temp.{} as pg_catalog.{} check (pg_temp.evil())").format(
                name, name
            )
        )
    ran = []
    connection.execute("begin")
    for statement in statements:
        try:
            with connection.transaction():
                connection.execute(statement.encode())
        except psycopg.Error as error:
            if error.sqlstate == "EVIL0":
                ran.append(f"{statement}: {error.diag.message_primary}")
            elif not (error.sqlstate or "").startswith("TH"):
                raise
    connection.execute("commit")
    return ran


@pytest.mark.parametrize(
    ("login", "statements"),
    [("th_operator", _CATALOG), ("th_client", _CLIENT), ("th_worker", _WORKER)],
)
def test_nothing_runs_with_the_rights_of_a_definer(
    database: Database, login: str, statements: tuple[str, ...]
) -> None:
    """No function of an entry schema looks a type up in the caller's temporary schema."""
    if login != "th_operator":
        for statement in _CATALOG:
            database.rows(statement, login="th_operator")
    with database.connect(login) as connection:
        assert baited(connection, statements) == []


def test_the_bait_works(database: Database) -> None:
    """With an empty search_path the same session does get the owner's rights."""
    database.rows("alter function tollhouse.enqueue_many(jsonb) set search_path = ''")
    with database.connect("th_client") as connection:
        ran = baited(connection, _CLIENT)
    assert any("ran as tollhouse_owner" in line for line in ran)
