"""A caller's collation decides nothing, and no text of theirs is too long to be refused.

PL/pgSQL gives a function's parameters and texts the collation of the call: with a nondeterministic
one, 'ROUTE' would pass for the endpoint route, and a regular expression would fail.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import psycopg
import pytest
from psycopg import Connection, sql

from tests.support.database import Database, Row, drop
from tests.support.servers import admin
from tollhouse import migrate

IGNORES_CASE = "pg_temp.ignores_case"
LOGINS = {
    "tollhouse": "th_client",
    "tollhouse_worker": "th_worker",
    "tollhouse_ops": "th_operator",
}
# What each text may be; another spelling of it is none.
TEXTS = {
    "p_cache_scope": "user",
    "p_capture": "full",
    "p_endpoint": "route",
    "p_kind": "input",
    "p_login": "th_bound",
    "p_materializer": "tollhouse_private.materialize_investigation",
    "p_model": "small",
    "p_models": "{small}",
    "p_name": "a worker",
    "p_policy": "full",
    "p_provider": "mock",
    "p_provider_model": "mock-small",
    "p_query": "select 5 as colour",
    "p_reason": "because",
    "p_request_id": "r1",
    "p_scope": "provider",
    "p_target": "mock",
    "p_tenant_id": "acme",
    "p_user_id": "ann",
    "p_version": "1",
    "p_watermark": "monday",
}
# By type; a parameter of another type is a reason to add it here.
OTHERS = {
    "boolean": "true",
    "bigint": "1000000",
    "integer": "5",
    "interval": "interval '1 hour'",
    "jsonb": """'{"prompt": "why?"}'::jsonb""",
    "numeric": "0.5",
    "timestamp with time zone": "now() + interval '1 hour'",
    "uuid": "'00000000-0000-4000-8000-000000000001'::uuid",
}
FUNCTIONS = """
select n.nspname as schema, p.proname as function,
  array_agg(a.name order by a.place) as names,
  array_agg(format_type(a.type, null) order by a.place) as types,
  array_agg(t.typcollation <> 0 order by a.place) as texts
from pg_catalog.pg_proc as p
join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
cross join lateral unnest(
  p.proargnames, coalesce(p.proallargtypes, p.proargtypes::oid[]), p.proargmodes
) with ordinality as a (name, type, mode, place)
join pg_catalog.pg_type as t on t.oid = a.type
where n.nspname in ('tollhouse', 'tollhouse_worker', 'tollhouse_ops')
  and coalesce(a.mode, 'i') in ('i', 'b', 'v')
group by p.oid, n.nspname, p.proname
having bool_or(t.typcollation <> 0)
order by n.nspname, p.proname
"""
CHANGING = re.compile(
    r"""\d{4}-\d\d-\d\d[ T][\d:.+]+|"id": \d+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"""
)
SCENE = (
    "select tollhouse_ops.set_provider('mock', 'test')",
    "select tollhouse_ops.set_model('small', 'mock', 'mock-small', 'test')",
    "select tollhouse_ops.set_price('small', 'input', 1, 'test')",
    "select tollhouse_ops.set_price('small', 'output', 1, 'test')",
    "select tollhouse_ops.set_task_type('route', 'test', array['small'])",
    "select tollhouse_ops.bind_login('th_bound', 'acme', 'test', 'ann')",
    "select tollhouse_ops.open_breaker('mock', 'test', 'acme', 'ann')",
    "select tollhouse_ops.set_shutoff('globex', 'ann', now() + interval '1 hour', 'test')",
    "select tollhouse_ops.set_rate_limit('provider', 'mock', 1, 1, 1, 'test')",
    "select tollhouse_ops.pull_kill_switch('user', 'bob', 'test', 'acme')",
)


@pytest.fixture
def scene(database: Database) -> Database:
    """Return a database in which every function has something to find."""
    for statement in SCENE:
        database.rows(statement, login="th_operator")
    with database.acting("acme", "ann") as connection:
        connection.execute("""select tollhouse.enqueue('route', '{"prompt": "why?"}', 'r1')""")
    return database


def collations(connection: Connection[Row]) -> list[str]:
    """Return what the server has to offer a caller: the second ignores case, and needs ICU."""
    try:
        connection.execute(
            f"create collation {IGNORES_CASE}"
            " (provider = icu, locale = 'und-u-ks-level2', deterministic = false)"
        )
    except psycopg.errors.FeatureNotSupported:
        return ['"POSIX"']
    return ['"POSIX"', IGNORES_CASE]


def outcome(connection: Connection[Row], call: Row, texts: Mapping[str, str], ending: str) -> str:
    """Call a function and undo it; return what it said and what it wrote, without ids and times."""
    arguments = [
        f"{name} => {texts[name]}{ending}" if text else f"{name} => {OTHERS[kind]}"
        for name, kind, text in zip(call["names"], call["types"], call["texts"], strict=True)
    ]
    said: Any
    with connection.transaction(force_rollback=True):
        if call["schema"] == "tollhouse":
            connection.execute("select tollhouse.set_identity('acme', 'ann')")
        try:
            with connection.transaction():
                query = f"select * from {call['schema']}.{call['function']}({', '.join(arguments)})"
                said = connection.execute(query.encode()).fetchall()
                if call["schema"] == "tollhouse_ops":
                    audit = "select * from tollhouse_ops.operator_audit order by id desc limit 1"
                    said += connection.execute(audit.encode()).fetchall()
        except psycopg.Error as error:
            diag = error.diag
            said = [error.sqlstate, diag.message_primary, diag.message_detail, diag.message_hint]
    told = json.dumps(said, default=lambda value: type(value).__name__)
    return re.sub(
        r'\d{4}-\d\d-\d\d[ T][\d:.+]+|"id": \d+|[0-9a-f]{8}(-[0-9a-f]{4}){3}\S+', "…", told
    )


def spellings(call: Row) -> Iterator[dict[str, str]]:
    """Return a function's texts as they should be, then with one of them in capitals at a time."""
    texts = {
        name: TEXTS[name] for name, text in zip(call["names"], call["texts"], strict=True) if text
    }
    for changed in (None, *texts):
        yield {
            name: f"'{text.upper() if name == changed else text}'"
            + ("::text[]" if name == "p_models" else "")
            for name, text in texts.items()
        }


def test_a_collation_changes_no_answer(scene: Database) -> None:
    """What each function says and does is the same under every collation of its arguments."""
    calls = scene.rows(FUNCTIONS)
    assert len(calls) > 20
    different = []
    for call in calls:
        with scene.connect(LOGINS[call["schema"]]) as connection:
            for collation in collations(connection):
                for texts in spellings(call):
                    plain = outcome(connection, call, texts, "")
                    collated = outcome(connection, call, texts, f" collate {collation}")
                    if plain != collated:
                        different.append((call["function"], collation, texts, plain, collated))
    assert different == []


def test_the_catalog_is_named_exactly(scene: Database) -> None:
    """No other spelling of an endpoint, a model or a request id is one."""
    with scene.connect("th_client") as connection:
        for collation in collations(connection):
            for wrong in ("ROUTE", "route" + "-" * 100_000):
                with connection.transaction(force_rollback=True):
                    connection.execute("select tollhouse.set_identity('acme', 'ann')")
                    with pytest.raises(psycopg.Error) as caught:
                        connection.execute(
                            f"select tollhouse.enqueue('{wrong}' collate {collation},"
                            """ '{"prompt": "why?"}')""".encode()
                        )
                assert caught.value.sqlstate == "TH101"


def test_the_attack_works(scene: Database) -> None:
    """Without its copies, and on columns of the server's collation, 'ROUTE' does pass for route."""
    with scene.connect("postgres") as connection:
        if IGNORES_CASE not in collations(connection):
            pytest.skip("this server has no ICU")
        connection.execute(
            """
            create table endpoints (endpoint text);
            insert into endpoints values ('route');
            create function finds(p_endpoint text) returns bigint language sql security definer
            as $$ select count(*) from endpoints where endpoint = p_endpoint $$
            """
        )
        row = connection.execute(f"select finds('ROUTE' collate {IGNORES_CASE})").fetchone()
    assert row == {"finds": 1}


def test_no_text_is_too_long_to_be_refused(scene: Database) -> None:
    """A text of 100,000 characters is refused by a code of ours, in few words, or kept in part."""
    wrong = []
    for call in scene.rows(FUNCTIONS):
        with scene.connect(LOGINS[call["schema"]]) as connection:
            (usual, *_) = spellings(call)
            for name in usual:
                long = usual | {name: "repeat('x', 100000)"}
                if name == "p_models":
                    long[name] = f"array[{long[name]}]"
                if name == "p_login":
                    long[name] += "::name"
                said = outcome(connection, call, long, "")
                if len(said) > 3000 or not re.match(r'\[("TH|\{)', said):
                    wrong.append((call["function"], name, said[:300]))
    assert wrong == []


@pytest.fixture
def sorted_by_people(running: Any) -> Iterator[Database]:
    """Return a database that sorts as people do, b between A and C; 'C' would sort it last."""
    cluster = running("pg15")
    database = Database(cluster=cluster, name="tollhouse_test_sorted_by_people")
    with admin(cluster) as connection:
        drop(connection, database.name)
        connection.execute(
            sql.SQL(
                "create database {} template template0 locale_provider icu icu_locale 'en-US'"
            ).format(sql.Identifier(database.name))
        )
    try:
        migrate.deploy(database.url())
        for statement in SCENE[:5]:
            database.rows(statement.encode())  # type: ignore[arg-type]
        yield database
    finally:
        with admin(cluster) as connection:
            drop(connection, database.name)


@pytest.mark.parametrize("limited", [False, True])
@pytest.mark.parametrize("of", ["tenant_id", "user_id"])
def test_turns_are_taken_whatever_the_database_sorts_by(
    sorted_by_people: Database, of: str, limited: bool
) -> None:
    """Two calls at a time, of four with three calls each: every one has its turn in each round."""
    names = ["A", "b", "C", "d"]
    if limited:
        sorted_by_people.rows(
            "select tollhouse_ops.set_rate_limit('provider', 'mock', null, null, 2, 'test')"
        )
    for name in names * 3:
        tenant, user = (name, "ann") if of == "tenant_id" else ("acme", name)
        with sorted_by_people.acting(tenant, user, login="postgres") as connection:
            connection.execute(
                """select tollhouse.enqueue('route', '{"prompt": "why?"}', """
                "p_use_cache => false)"
            )
    served: list[str] = []
    with sorted_by_people.connect("postgres") as worker:
        worker.execute(f"select tollhouse_worker.register({OTHERS['uuid']}, 'w', 10, '1')".encode())
        for _ in range(6):
            claimed = worker.execute(
                f"select c.* from tollhouse_worker.claim({OTHERS['uuid']}, %s) as c".encode(),
                [12 if limited else 2],
            ).fetchall()
            served += [
                str(row["name"])
                for row in worker.execute(
                    f"select {of} as name from tollhouse.jobs where state = 'running'".encode()
                ).fetchall()
            ]
            results = [
                {name: str(call[name]) for name in ("tenant_id", "call_id", "attempt")}
                | {"outcome": "success", "response": {"content": "because"}}
                for call in claimed
            ]
            worker.execute(
                f"select tollhouse_worker.record({OTHERS['uuid']}, %s)".encode(),
                [json.dumps(results)],
            )
    rounds = [sorted(served[first : first + 4]) for first in (0, 4, 8)]
    assert rounds == [["A", "C", "b", "d"]] * 3
