"""Whatever somebody passes to a function of ours, it answers or raises a code of db/ERRORS.md.

The functions come from the catalog, the values from their types: a new function, or a new
argument, is tried without a word here. `GOOD` lets the other arguments pass while one is bad.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from tests.support.database import Database, Row, cloned

REGISTER = (Path(__file__).parents[2] / "db" / "ERRORS.md").read_text(encoding="utf-8")
REGISTERED = {
    cell
    for line in REGISTER.splitlines()
    if line.startswith("| ") and len(line.split("|")) > 4
    for cell in line.split("|")[1].replace(",", " ").split()
}
# A literal that can't be cast: no function is reached, so none may raise it.
OF_LITERALS = {"22P02", "22P05", "22007", "22008", "54001"}

NIL = "00000000-0000-0000-0000-000000000000"
LOGINS = {"tollhouse": "th_client", "tollhouse_worker": "th_worker", "tollhouse_ops": "th_operator"}
TRANSACTIONS = (
    "begin",
    "begin read only",
    "begin isolation level repeatable read",
    "begin isolation level serializable",
)
BAD: dict[str, list[str]] = {
    "text": [
        *("null", "''", "' '", "e'\\u200b'", "e'\\u00ad\\u2060'", "e'a\\nb'", "e'\\u0001'"),
        *("'%s%I%L'", "$$'; drop table x; --$$", "chr(1114111)", "repeat('-', 100000)"),
    ],
    "name": ["null", "''", "' '", "'nobody'", "'pg_monitor'"],
    "integer": ["null", "0", "-1", "-2147483648", "2147483647"],
    "bigint": ["null", "0", "-1", "(-9223372036854775808)", "9223372036854775807"],
    "numeric": ["null", "0", "-1", "'nan'", "'infinity'", "'-infinity'", "1e1000"],
    "boolean": ["null"],
    "uuid": ["null", f"'{NIL}'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'", "gen_random_uuid()"],
    "timestamp with time zone": [
        *("null", "'infinity'", "'-infinity'", "'4713-01-01 BC'", "'1970-01-01'"),
        "'294276-12-31 23:59:59.999999Z'",
    ],
    "interval": [
        *("null", "'0'", "'-1 day'", "'1 microsecond'", "'2147483647 days'"),
        *("'178000000 years'", "'-178000000 years'"),
    ],
    "text[]": [
        *("null", "'{}'", "'{null}'", "array['']", "'{{a,b},{c,d}}'", "array[repeat('x', 99999)]"),
        "array_fill('x'::text, array[1000])",
    ],
    "jsonb": [
        *("null", "'null'", "'1'", "'\"x\"'", "'[]'", "'{}'", "'[null]'", "'[[]]'", "'[{}]'"),
        *("to_jsonb(repeat('x', 1000000))", "(repeat('[', 900) || repeat(']', 900))::jsonb"),
        "'{\"prompt\": 1e999}'",
    ],
}
GOOD = {
    "p_tenant_id": "'acme'",
    "p_user_id": "'ann'",
    "p_endpoint": "'route'",
    "p_request": '\'{"prompt": "x"}\'',
    "p_reason": "'why'",
    "p_provider": "'mock'",
    "p_model": "'small'",
    "p_provider_model": "'m'",
    "p_scope": "'provider'",
    "p_target": "'mock'",
    "p_kind": "'input'",
    "p_policy": "'full'",
    "p_login": "'th_bound'",
    "p_name": "'w'",
    "p_version": "'1'",
    "p_call_id": f"'{NIL}'",
    "p_timeout": "'0'",
    "p_calls": "'[]'",
    "p_results": "'[]'",
    "p_query": "'select null as endpoint where false'",
    "p_until": "now() + interval '1 hour'",
}
GOOD_OF_TYPE = {"integer": "1", "bigint": "1", "boolean": "true", "uuid": "gen_random_uuid()"}
JSON: list[object] = [
    *(
        None,
        "",
        0,
        -1,
        1.5,
        2**31,
        -(2**31) - 1,
        2**63,
        10**50,
        True,
        "x",
        "x" * 99_999,
        str(2**31),
    ),
    *("x" * 99_999, "\u200b", [], {}, [1], {"a": 1}, "infinity", NIL, "failed", "timeout"),
]


@dataclass(frozen=True)
class Scene:
    """A database with a model, and a worker that holds a call."""

    database: Database
    worker_id: str
    call_id: str


@pytest.fixture
def scene(template: Database) -> Iterator[Scene]:
    """Yield a scene of one's own."""
    with cloned(template) as database:
        for call in (
            "set_provider('mock', 'test')",
            "set_model('small', 'mock', 'm', 'test')",
            "set_price('small', 'input', 1000000000000, 'test')",
            "set_price('small', 'output', 1000000000000, 'test')",
            "set_task_type('route', 'test', array['small'])",
        ):
            _run(database, f"select tollhouse_ops.{call}")
        worker_id = str(uuid4())
        _run(database, f"select tollhouse_worker.register('{worker_id}', 'w', 10, '1')")
        with database.acting("acme", "ann") as connection:
            connection.execute("select tollhouse.enqueue('route', '{\"prompt\": \"y\"}', 'held')")
        call = database.value("select call_id from tollhouse_worker.claim(%s, 1)", worker_id)
        yield Scene(database, worker_id, str(call))


def _run(database: Database, query: str) -> None:
    with database.connect("postgres") as connection:
        connection.execute(query.encode())


def routines(database: Database, schema: str) -> list[Row]:
    """Return the functions and procedures of a schema, with the names and types of arguments."""
    return database.rows(
        "select p.proname as name, p.prokind::text as kind, p.pronargs as count,"
        " coalesce(p.proargnames, '{}') as names,"
        " array(select format_type(t.type, null) from unnest(p.proargtypes) with ordinality"
        "   as t (type, position) order by t.position) as types"
        " from pg_catalog.pg_proc as p where p.pronamespace = %s::regnamespace"
        " order by p.oid::regprocedure::text",
        schema,
    )


def calls(scene: Scene, schema: str, routine: Row) -> Iterator[str]:
    """Yield calls of a routine: a good one, each argument bad in turn, all null."""
    arguments = list(zip(routine["names"], routine["types"], strict=False))
    good = {
        name: GOOD.get(name) or GOOD_OF_TYPE.get(kind, "null")
        for name, kind in arguments
        if not name.startswith("p_worker")
    }
    good |= {name: f"'{scene.worker_id}'" for name, _ in arguments if name.startswith("p_worker")}

    def call(values: dict[str, str]) -> str:
        given = ", ".join(
            f"({values[name]})::{kind}" if kind in BAD else values[name] for name, kind in arguments
        )
        start = "call" if routine["kind"] == "p" else "select * from"
        return f"{start} {schema}.{routine['name']}({given})"

    yield call(good)
    for name, kind in arguments:
        for value in BAD.get(kind, ["null"]):
            yield call({**good, name: value})
    yield call(dict.fromkeys(good, "null"))
    for name, example in _examples(scene).items():
        for value in _spoiled(example) if (name in good) else ():
            yield call({**good, name: _literal(value)})


def _examples(scene: Scene) -> dict[str, Any]:
    # What a JSON argument looks like, so that each of its fields can be spoiled.
    return {
        "p_request": _nulls(
            "prompt messages max_tokens temperature stop seed logit_bias response_format tools"
            " tool_choice reasoning_effort parallel_tool_calls user"
        )
        | {"prompt": "x"},
        "p_calls": [
            _nulls("request_id model watermark use_cache max_cost_micro_usd run_at metadata")
            | {"endpoint": "route", "request": {"prompt": "x"}}
        ],
        "p_results": [
            _nulls(
                "sent http_status error_code error_message retry_after_ms latency_ms reasoning"
                " provider_request_id cached_input_tokens reasoning_tokens metadata"
            )
            | {
                "tenant_id": "acme",
                "call_id": scene.call_id,
                "attempt": 1,
                "outcome": "success",
                "response": {"content": "x"},
                "input_tokens": 2**31 - 1,
                "output_tokens": 2**31 - 1,
            }
        ],
    }


def _nulls(names: str) -> dict[str, Any]:
    return dict.fromkeys(names.split())


def _spoiled(example: Any) -> Iterator[Any]:
    fields = example[0] if isinstance(example, list) else example
    for field in fields:
        for value in JSON:
            spoiled = {**fields, field: value}
            yield [spoiled] if isinstance(example, list) else spoiled


def _literal(value: object) -> str:
    return "'" + json.dumps(value).replace("'", "''") + "'"


def surprises(scene: Scene, schema: str) -> Iterator[str]:
    """Make every call in every kind of transaction; yield what raised a code of nobody's."""
    for transaction in TRANSACTIONS:
        with scene.database.connect(LOGINS[schema]) as connection:
            for routine in routines(scene.database, schema):
                all_calls = list(calls(scene, schema, routine))
                for call in all_calls if transaction == "begin" else all_calls[:1]:
                    # A procedure that commits can't be called in a transaction of ours.
                    alone = routine["kind"] == "p" and transaction == "begin"
                    begin = "" if alone else f"{transaction}; set local statement_timeout = '3min';"
                    if schema == "tollhouse":
                        begin += "select tollhouse.set_identity('acme', 'ann');"
                    try:
                        if begin:
                            connection.execute(begin.encode())
                        connection.execute(call.encode())
                    except psycopg.Error as error:
                        code = error.sqlstate or ""
                        of_ours = "function" in (error.diag.context or "")
                        if code not in REGISTERED or (code in OF_LITERALS and of_ours):
                            yield f"{code} {error.diag.message_primary}: {call[:300]}"
                    finally:
                        connection.rollback()
                        connection.execute("rollback")


@pytest.mark.parametrize("schema", LOGINS)
def test_every_function_answers_or_raises_a_registered_code(scene: Scene, schema: str) -> None:
    """For bad values of every argument, also in transactions that may not write."""
    assert [] == list(surprises(scene, schema))


def test_an_unregistered_code_is_noticed(scene: Scene) -> None:
    """The test above can fail."""
    _run(
        scene.database,
        "create function tollhouse_ops.odd(p_text text) returns integer language sql"
        " as 'select 1 / length(p_text)'",
    )
    assert any("odd(" in surprise for surprise in surprises(scene, "tollhouse_ops"))
