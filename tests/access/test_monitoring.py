"""Monitoring reads numbers and names: nothing that was asked, answered or said by a provider."""

import json
from collections.abc import Iterator
from uuid import uuid4

import pytest
from psycopg import sql

from tests.support.database import Database, cloned

MARK = "xyzzy"
_READABLE = """
select n.nspname as schema, c.relname as name
from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where n.nspname in ('tollhouse', 'tollhouse_ops') and c.relkind in ('r', 'p', 'v')
  and has_any_column_privilege(c.oid, 'select')
order by 1, 2
"""


@pytest.fixture
def marked(template: Database) -> Iterator[Database]:
    """Yield a database with calls in every state, whose every text of a tenant has a mark in it."""
    with cloned(template) as database:
        database.rows(
            "select tollhouse_ops.set_provider('mock', 'test'),"
            " tollhouse_ops.set_model('small', 'mock', 'm', 'test')"
        )
        database.rows(
            "select tollhouse_ops.set_price('small', 'input', 1, 'test'),"
            " tollhouse_ops.set_price('small', 'output', 1, 'test'),"
            " tollhouse_ops.set_task_type('route', 'test', array['small'], p_max_attempts => 2),"
            " tollhouse_ops.set_task_type('investigation', 'test', array['small'])"
        )
        worker_id = uuid4()
        database.rows("select tollhouse_worker.register(%s, 'w', 10, '1')", worker_id)
        _enqueue(database, "answered", "investigation")
        _enqueue(database, "failed", "route")
        _enqueue(database, "again", "route")
        ended: dict[str, dict[str, object]] = {
            "answered": {
                "outcome": "success",
                "response": {"content": json.dumps({"conclusion": MARK, "evidence": [MARK]})},
                "reasoning": MARK,
                "metadata": {"x": MARK},
            },
            "failed": {"outcome": "rejected"},
            "again": {"outcome": "server_error"},
        }
        claimed = database.rows(
            "select c.*, j.request_id from tollhouse_worker.claim(%s, 10) as c"
            " join tollhouse_private.jobs as j using (call_id)",
            worker_id,
        )
        assert set(ended) == {row["request_id"] for row in claimed}
        results = [
            {
                "tenant_id": "acme",
                "call_id": str(row["call_id"]),
                "attempt": row["attempt"],
                "error_message": MARK,
                "provider_request_id": MARK,
            }
            | ended[row["request_id"]]
            for row in claimed
        ]
        database.rows(
            "select * from tollhouse_worker.record(%s, %s)", worker_id, json.dumps(results)
        )
        _enqueue(database, "running", "route")
        database.rows("select * from tollhouse_worker.claim(%s, 10)", worker_id)
        _enqueue(database, "queued", "route")
        database.rows("analyze")
        yield database


def _enqueue(database: Database, request_id: str, endpoint: str) -> None:
    with database.acting("acme", "ann") as connection:
        connection.execute(
            "select tollhouse.enqueue(%s, %s, %s, p_watermark => %s, p_metadata => %s)",
            (
                *(endpoint, json.dumps({"prompt": f"{MARK} {request_id}"}), request_id),
                *(MARK, json.dumps({"x": MARK})),
            ),
        )


def texts(database: Database, login: str) -> dict[str, str]:
    """Return all that a login can read, a text for each relation."""
    with database.connect(login) as connection:
        found: dict[str, str] = {}
        for row in connection.execute(_READABLE).fetchall():
            query = sql.SQL("select coalesce(string_agg(t::text, e'\\n'), '') as all from {} as t")
            relation = sql.Identifier(row["schema"], row["name"])
            answer = connection.execute(query.format(relation)).fetchone()
            assert answer is not None
            found[f"{row['schema']}.{row['name']}"] = answer["all"]
        statistics = connection.execute("select s::text as all from pg_catalog.pg_stats as s")
        found["pg_stats"] = "\n".join(row["all"] for row in statistics)
        return found


def test_a_monitor_reads_no_content(marked: Database) -> None:
    """Of no relation; and what it does read has the calls in it."""
    read = texts(marked, "th_monitor")
    assert [] == [name for name, text in read.items() if MARK in text]
    assert "answered" in read["tollhouse_ops.finished_calls"]
    assert "again" in read["tollhouse_ops.unfinished_calls"]
    assert "Failed after" in read["tollhouse_ops.explained_calls"]
    assert read["tollhouse_ops.attempts"].count("mock") == 3


def test_an_auditor_reads_it(marked: Database) -> None:
    """So the test above looks for what is there."""
    read = texts(marked, "th_auditor")
    marks = {name for name, text in read.items() if MARK in text}
    assert marks >= {f"tollhouse.{name}" for name in ("jobs", "call_content", "llm_api_calls")}


def test_a_monitor_calls_two_functions(marked: Database) -> None:
    """The sentence about a finished call, and a guard's name: no words of anybody's are in them."""
    with marked.connect("th_monitor") as connection:
        callable_ = connection.execute(
            "select p.oid::regprocedure::text as name from pg_catalog.pg_proc as p"
            " where p.pronamespace::regnamespace::text like 'tollhouse%%'"
            " and has_function_privilege(p.oid, 'execute') order by p.proname"
        ).fetchall()
        assert [
            "tollhouse_ops.explain_ended(text,uuid,timestamp with time zone)",
            "tollhouse_private.refusing_guard(text)",
        ] == [row["name"] for row in callable_]
        said = connection.execute(
            "select e::text as all from tollhouse_ops.finished_calls as c,"
            " tollhouse_ops.explain_ended(c.tenant_id, c.call_id, c.created_at) as e"
        ).fetchall()
    assert len(said) == 2
    assert all(MARK not in row["all"] for row in said)


@pytest.mark.parametrize("policy", ["none", "metadata"])
def test_what_may_not_be_kept_is_shown_to_nobody_while_it_waits(
    marked: Database, policy: str
) -> None:
    """The request of a queued call is null in tollhouse.jobs: for auditors and for its user."""
    query = "select request from tollhouse.jobs where request_id = 'queued'"
    assert MARK in str(marked.value(query, login="th_auditor"))
    marked.rows("select tollhouse_ops.set_capture_policy('acme', %s, 'test')", policy)
    for login in ("th_auditor", "th_operator"):
        assert marked.value(query, login=login) is None
        assert all(
            MARK not in str(row["request"])
            for row in marked.rows("select request from tollhouse.jobs", login=login)
        )
    with marked.acting("acme", "ann") as connection:
        assert [{"request": None}] == connection.execute(query).fetchall()
