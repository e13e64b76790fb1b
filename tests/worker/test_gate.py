"""What the worker's statements do when the connection or the database gets in the way."""

import asyncio
import uuid
from collections.abc import AsyncIterator

import pytest
from psycopg.rows import tuple_row

from tests.support.database import Database
from tests.worker.fakes import eventually
from tollhouse.connection import Limit, queries
from tollhouse.errors import GateError, LeaseLostError, ReplyLostError
from tollhouse.gate import LIMIT, QUICK, SLOW, Gate

WAITING = (
    "select pid from pg_stat_activity where usename = 'th_worker' and wait_event_type = 'Lock'"
)


@pytest.fixture
async def gate(pg18_database: Database) -> AsyncIterator[Gate]:
    """Return a gate to a deployed database."""
    async with Gate(database_url=pg18_database.url("th_worker"), application_name="test") as gate:
        yield gate


async def registered(gate: Gate) -> uuid.UUID:
    """Return a live worker's id."""
    worker_id = uuid.uuid4()
    await gate.register(worker_id, "test", 4, "0")
    return worker_id


async def cut(database: Database) -> None:
    """End the worker's statement that waits for a lock, by ending its connection."""
    await eventually(lambda: database.rows(WAITING))
    (row,) = database.rows(WAITING)
    database.rows("select pg_terminate_backend(%s)", row["pid"])


async def test_every_query_works(gate: Gate) -> None:
    """Each method finds its function and returns what it promises."""
    worker_id = await registered(gate)
    assert await gate.heartbeat(worker_id, 0) is True
    assert await gate.set_idle(worker_id, True) is None
    assert await gate.claim(worker_id, 5) == []
    assert await gate.record(worker_id, []) == 0
    assert await gate.record_and_claim(worker_id, [], 5) == []
    assert await gate.calls_to_abort(worker_id) == []
    assert await gate.reap() == 0
    await gate.maintain()
    assert await gate.prune() is False
    await gate.deregister(worker_id)
    assert await gate.heartbeat(worker_id, 0) is False


def test_every_claim_is_committed_before_its_reply_is_sent() -> None:
    """Statements claim only through the procedure that commits."""
    claims = [query for query in queries().values() if "claim" in query]
    assert claims
    assert all(query.startswith("call tollhouse_worker.record_and_claim(") for query in claims)


async def test_claim_without_a_lease(gate: Gate) -> None:
    """TH201 has its own exception, for both kinds of claim."""
    with pytest.raises(LeaseLostError):
        await gate.claim(uuid.uuid4(), 1)
    with pytest.raises(LeaseLostError):
        await gate.record_and_claim(uuid.uuid4(), [], 1)


async def test_failure_names_query_and_sqlstate_only(gate: Gate) -> None:
    """A failed statement is reported by name and SQLSTATE, and quotes no data."""
    with pytest.raises(GateError) as caught:
        await gate.record(uuid.uuid4(), ['{"outcome": "secret"}'])
    assert str(caught.value) == "record failed (TH202)"
    assert caught.value.sqlstate == "TH202"


async def test_claim_whose_reply_is_lost(gate: Gate, pg18_database: Database) -> None:
    """A connection that breaks during a claim leaves its result unknown; nothing is repeated."""
    worker_id = await registered(gate)
    with pg18_database.connect("postgres", autocommit=False) as blocker:
        blocker.execute("select from tollhouse_private.workers for update")
        claim = asyncio.create_task(gate.claim(worker_id, 1))
        await cut(pg18_database)
        with pytest.raises(ReplyLostError):
            await claim
    assert await gate.claim(worker_id, 1) == []


async def test_other_statements_are_repeated(gate: Gate, pg18_database: Database) -> None:
    """A heartbeat, like every statement but a claim, is retried over a new connection."""
    worker_id = await registered(gate)
    with pg18_database.connect("postgres", autocommit=False) as blocker:
        blocker.execute("select from tollhouse_private.workers for update")
        heartbeat = asyncio.create_task(gate.heartbeat(worker_id, 1))
        await cut(pg18_database)
    assert await heartbeat is True


async def test_unreachable_database() -> None:
    """Without a server each statement fails with one error, and a claim surely claimed nothing."""
    async with Gate(
        database_url="postgresql://nobody@127.0.0.1:1/none", application_name="test"
    ) as gate:
        with pytest.raises(GateError) as caught:
            await gate.claim(uuid.uuid4(), 1)
        assert not isinstance(caught.value, ReplyLostError)


def test_queries_are_named_once() -> None:
    """Every statement of queries.sql has a method of the gate or a use in the listener."""
    others = {"session", "listen_wake", "listen_control"}
    assert others < set(queries())
    assert [name for name in queries() if name not in others and not hasattr(Gate, name)] == []


SETTINGS = """
select name, setting from pg_settings where name in (
  'statement_timeout', 'idle_in_transaction_session_timeout', 'tcp_user_timeout',
  'tcp_keepalives_idle', 'tcp_keepalives_interval', 'tcp_keepalives_count'
)
"""


async def test_the_server_lets_go_what_a_vanished_worker_held(database: Database) -> None:
    """Every connection sets timeouts for statements, transactions and replies, on every server."""
    async with Gate(database_url=database.url("th_worker"), application_name="test") as gate:
        for limit in (QUICK, LIMIT, SLOW):
            rows = await gate._claims.rows(SETTINGS, tuple_row, limit=limit)
            assert dict(rows) == {
                "statement_timeout": str(round(limit.server * 1000)),
                "idle_in_transaction_session_timeout": "10000",
                "tcp_user_timeout": "10000",
                "tcp_keepalives_idle": "5",
                "tcp_keepalives_interval": "3",
                "tcp_keepalives_count": "3",
            }


def test_the_server_ends_a_statement_before_the_worker_hangs_up() -> None:
    """The statement is then known to be rolled back; silence is noticed within half a minute."""
    for limit in (QUICK, LIMIT, SLOW):
        assert limit.server < limit.client < 30.0


async def test_a_claim_that_takes_too_long(
    gate: Gate, pg18_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The procedure may have committed before the server ended it: its result is unknown."""
    monkeypatch.setattr("tollhouse.gate.LIMIT", Limit(server=0.3, client=60.0))
    worker_id = await registered(gate)
    with pg18_database.connect("postgres", autocommit=False) as blocker:
        blocker.execute("select from tollhouse_private.workers for update")
        with pytest.raises(ReplyLostError) as caught:
            await gate.claim(worker_id, 1)
        assert caught.value.sqlstate == "57014"
        with pytest.raises(GateError) as other:
            await gate.set_idle(worker_id, True)
        assert not isinstance(other.value, ReplyLostError)


async def test_a_server_without_writes(pg18_database: Database) -> None:
    """A read-only server gets no query, so nothing can have been claimed."""
    url = pg18_database.url("th_worker")
    pg18_database.rows("alter role th_worker set default_transaction_read_only = on")
    try:
        for target in ("", "?target_session_attrs=any"):
            async with Gate(database_url=url + target, application_name="test") as gate:
                with pytest.raises(GateError) as caught:
                    await gate.claim(uuid.uuid4(), 1)
                assert not isinstance(caught.value, ReplyLostError)
                assert caught.value.sqlstate == ("25006" if target else None)
    finally:
        pg18_database.rows("alter role th_worker reset default_transaction_read_only")
