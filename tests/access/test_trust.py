"""What SECURITY.md says that each login can do, and can't, is so: what is not stopped, too."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from tests.support.database import Database, Row, cloned

SPENT = "select coalesce(sum(cost_micro_usd), 0)::bigint from tollhouse_private.provider_attempts"


@dataclass(frozen=True)
class Held:
    """A call that another worker holds; ours is a compromised one of the same role."""

    database: Database
    ours: str
    theirs: str
    call: Row

    def record(self, worker_id: str, **result: Any) -> Row:
        """Report an end of the call, as the login of workers."""
        report = {
            "tenant_id": self.call["tenant_id"],
            "call_id": str(self.call["call_id"]),
            "attempt": self.call["attempt"],
            "outcome": "success",
            "response": {"content": "as the provider said"},
            "input_tokens": 10,
            "output_tokens": 10,
        } | result
        (booked,) = self.database.rows(
            "select booked, late from tollhouse_worker.record(%s, %s)",
            *(worker_id, json.dumps([report])),
            login="th_worker",
        )
        return booked

    def state(self) -> list[Row]:
        """Return who holds the call, in which state."""
        return self.database.rows("select worker_id::text, state from tollhouse_private.jobs")


@pytest.fixture
def held(template: Database) -> Iterator[Held]:
    """Yield a call in the hands of another worker."""
    with cloned(template) as database:
        _models(database)
        ours, theirs = str(uuid4()), str(uuid4())
        _register(database, theirs)
        _enqueue(database)
        (call,) = _claim(database, theirs)
        _register(database, ours)
        yield Held(database, ours, theirs, call)


def _models(database: Database) -> None:
    for call in (
        "set_provider('mock', 'test')",
        "set_model('small', 'mock', 'm', 'test')",
        "set_price('small', 'input', 1000000, 'test')",
        "set_price('small', 'output', 1000000, 'test')",
        "set_task_type('route', 'test', array['small'])",
    ):
        with database.connect("th_operator") as operator:
            operator.execute(f"select tollhouse_ops.{call}".encode())


def _register(database: Database, worker_id: str) -> None:
    database.rows(
        "select tollhouse_worker.register(%s, 'any name', 10, '1')", worker_id, login="th_worker"
    )


def _claim(database: Database, worker_id: str) -> list[Row]:
    with database.connect("th_worker") as worker:
        (row,) = worker.execute(
            "call tollhouse_worker.record_and_claim(%s, null, 10, null)", (worker_id,)
        ).fetchall()
    claimed: list[Row] = row["p_claimed"]
    return claimed


def _enqueue(database: Database, tenant: str = "acme", prompt: str = "Why?") -> None:
    with database.acting(tenant, "ann") as connection:
        connection.execute(
            "select tollhouse.enqueue('route', %s)", (json.dumps({"prompt": prompt}),)
        )


def test_a_worker_login_does_not_touch_what_it_does_not_hold(held: Held) -> None:
    """It can't end, bill, abort or take a call that another worker holds: ids are not told."""
    running = [{"worker_id": held.theirs, "state": "running"}]
    assert {"booked": 0, "late": 0} == held.record(held.ours)
    assert {"booked": 0, "late": 0} == held.record(held.ours, outcome="rejected")
    assert {"booked": 0, "late": 0} == held.record(str(uuid4()))
    assert [] == _claim(held.database, held.ours)
    aborts = "select * from tollhouse_worker.calls_to_abort(%s)"
    assert [] == held.database.rows(aborts, held.ours, login="th_worker")
    held.database.rows("select tollhouse_worker.deregister(%s)", held.ours, login="th_worker")
    held.database.rows("select tollhouse_worker.reap()", login="th_worker")
    assert running == held.state()
    assert 0 == held.database.value(SPENT)

    assert {"booked": 1, "late": 0} == held.record(held.theirs)
    assert 20 == held.database.value(SPENT)


def test_a_worker_login_learns_no_id_of_another(held: Held) -> None:
    """Neither from a relation nor from the statements of its fellows, whose ids are arguments."""
    with held.database.connect("th_worker") as fellow, held.database.connect("th_worker") as worker:
        fellow.execute("select tollhouse_worker.heartbeat(%s, 1)", (held.theirs,))
        told = worker.execute("select a::text as all from pg_catalog.pg_stat_activity as a")
        assert all(held.theirs not in row["all"] for row in told)
        for query in ("select * from tollhouse.jobs", "select * from tollhouse_ops.workers"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                worker.execute(query.encode())


def test_a_worker_login_may_take_and_forge_what_is_queued(held: Held) -> None:
    """Not stopped: it registers, reads any tenant's request, and invents its answer and bill."""
    _enqueue(held.database, "globex", "a secret of another tenant")
    (call,) = _claim(held.database, held.ours)
    assert "a secret of another tenant" in call["request"]
    forged = Held(held.database, held.ours, held.theirs, call)
    tokens = {"input_tokens": 0, "output_tokens": 777}
    answer = {"content": "forged"}
    assert {"booked": 1, "late": 0} == forged.record(held.ours, response=answer, **tokens)
    assert 777 == held.database.value(SPENT)
    with held.database.acting("globex", "ann") as client:
        (row,) = client.execute(
            "select content from tollhouse.result(%s)", (call["call_id"],)
        ).fetchall()
    assert "forged" == row["content"]


def test_an_unbound_login_may_be_anybody(template: Database) -> None:
    """Not stopped: a member of tollhouse_client says who it is, until an operator binds it."""
    with cloned(template) as database:
        _models(database)
        _enqueue(database, "acme")
        with database.acting("acme", "ann", login="th_bound") as client:
            assert 1 == len(client.execute("select from tollhouse.jobs").fetchall())
        database.rows(
            "select tollhouse_ops.bind_login('th_bound', 'globex', 'test')", login="th_operator"
        )
        with pytest.raises(psycopg.Error) as caught:
            database.acting("acme", "ann", login="th_bound").__enter__()
        assert "TH003" == caught.value.sqlstate
        assert [] == database.rows("select from tollhouse.jobs", login="th_bound")


def test_no_money_is_limited_until_it_is_set(template: Database) -> None:
    """Not stopped: without a cap, a threshold or a rate limit a tenant spends what it asks for."""
    with cloned(template) as database:
        _models(database)
        worker_id = str(uuid4())
        _register(database, worker_id)
        _enqueue(database)
        (call,) = _claim(database, worker_id)
        assert [None, None] == [
            row["cap_micro_usd"]
            for row in database.rows("select cap_micro_usd from tollhouse_private.monthly_budgets")
        ]
        for table in ("rate_limits", "hourly_shutoffs", "tenant_settings", "login_bindings"):
            with database.connect("postgres") as superuser:
                query = f"select from tollhouse_private.{table}"
                assert [] == superuser.execute(query.encode()).fetchall()
        capture = "select capture from tollhouse_private.task_types where endpoint = 'route'"
        assert "full" == database.value(capture)
        assert call["attempt"] == 1


def test_a_client_sees_how_many_rows_it_does_not_see(template: Database) -> None:
    """Not stopped: explain analyze counts what row-level security filtered out, and shows none."""
    with cloned(template) as database:
        _models(database)
        for tenant in ("acme", "globex", "globex"):
            _enqueue(database, tenant)
        with database.acting("acme", "ann") as client:
            client.execute("set local enable_indexscan = off; set local enable_bitmapscan = off")
            plan = client.execute("explain (analyze) select * from tollhouse.jobs").fetchall()
            assert 1 == len(client.execute("select from tollhouse.jobs").fetchall())
        assert any("Rows Removed by Filter: 2" in row["QUERY PLAN"] for row in plan)
        assert all("globex" not in row["QUERY PLAN"] for row in plan)


def test_a_role_is_a_role_of_every_database_of_the_server(template: Database) -> None:
    """Not stopped: an operator of one installation is one of the other, if it may connect."""
    with cloned(template) as one, cloned(template) as other:
        for database in (one, other):
            database.rows("select tollhouse_ops.stop_everything('test')", login="th_operator")
        with other.connect("postgres") as superuser:
            superuser.execute(f"revoke connect on database {other.name} from public".encode())
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            other.connect("th_operator")
        one.rows("select tollhouse_ops.resume_everything('test')", login="th_operator")


def test_who_reads_all_data_reads_what_has_no_policy(template: Database) -> None:
    """A predefined role of the server sees no row of a tenant, and all of what is nobody's."""
    with cloned(template) as database:
        _models(database)
        _enqueue(database)
        with database.connect("postgres") as superuser, superuser.transaction(force_rollback=True):
            superuser.execute("create role th_reads_all in role pg_read_all_data")
            superuser.execute("set local role th_reads_all")
            tenants = superuser.execute("select from tollhouse_private.jobs").fetchall()
            models = superuser.execute("select from tollhouse_private.models").fetchall()
        assert [] == tenants
        assert 1 == len(models)
