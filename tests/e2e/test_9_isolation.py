"""Proof 9: whoever is not the caller sees nothing of a call, and reaches nothing of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import psycopg
import pytest
from psycopg import Connection, sql

from tests.support.town import Person, Row, Town

_RELATIONS = """
select n.nspname as schema, c.relname as name
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f')
  and n.nspname not like 'pg\\_%%' and n.nspname <> 'information_schema'
  and (%(login)s::text is null or (
    has_schema_privilege(%(login)s, n.oid, 'usage')
    and (has_table_privilege(%(login)s, c.oid, 'select')
      or has_any_column_privilege(%(login)s, c.oid, 'select'))
  ))
order by 1, 2
"""
_FUNCTIONS = """
select n.nspname || '.' || p.proname as name
from pg_catalog.pg_proc as p
join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
where n.nspname like 'tollhouse%%'
  and has_schema_privilege(%(login)s, n.oid, 'usage')
  and has_function_privilege(%(login)s, p.oid, 'execute')
order by 1
"""
Relation = tuple[str, str]


def relations(town: Town, login: str | None) -> list[Relation]:
    """Return every relation that a login can select from (None: all there are)."""
    cursor = town.kept("postgres").execute(_RELATIONS, {"login": login})
    return [(row["schema"], row["name"]) for row in cursor]


def functions(town: Town, login: str) -> set[str]:
    """Return every function of ours that a login can execute."""
    cursor = town.kept("postgres").execute(_FUNCTIONS, {"login": login})
    return {row["name"] for row in cursor}


def seen(town: Town, connection: Connection[Row], mark: str = "") -> dict[Relation, int]:
    """Return the relations in which this connection sees rows (with a text), with how many."""
    counts = {}
    for relation in relations(town, "app"):
        query = sql.SQL("select count(*) from {} as t where strpos(t::text, %s) > 0").format(
            sql.Identifier(*relation)
        )
        (row,) = connection.execute(query, (mark,)).fetchall()
        counts[relation] = row["count"]
    return {relation: count for relation, count in counts.items() if count}


@contextmanager
def furnished(town: Town, tenant: str) -> Iterator[Person]:
    """Yield a user who has rows of every kind, one unfinished call among them."""
    ann = town.person(tenant, f"ann-of-{tenant}")
    for endpoint in ("route", "explanation", "investigation", "budget_optimization"):
        assert "success" == ann.ask(endpoint, f"{ann.tag} Why?", request_id="r1")["status"]
    assert ann.enqueue("route", f"{ann.tag} Why?")["was_cached"]
    assert "blocked" == ann.ask("once", f"{ann.tag} Why?", max_cost_micro_usd=0)["status"]
    later = town.database_time() + timedelta(days=300)
    waiting = ann.enqueue("once", f"{ann.tag} Why?", "waiting", run_at=later)
    for user in (ann.user, ""):  # and rows of the tenant as a whole, which are nobody's
        town.operate("set_hourly_threshold", tenant, user, 10**9)
        town.operate("set_monthly_cap", tenant, user, 10**12)
    town.operate("open_breaker", "mock-b", p_tenant_id=tenant, p_user_id=ann.user)
    town.operate("pull_kill_switch", "user", ann.user, p_tenant_id=tenant)
    try:
        yield ann
    finally:
        town.operate("lift_kill_switch", "user", ann.user, p_tenant_id=tenant)
        assert "cancelled" == ann.cancel(waiting)


@pytest.fixture
def ann(town: Town, tenant: str) -> Iterator[Person]:
    """Return a user who has rows of every kind."""
    with furnished(town, tenant) as ann:
        yield ann


@contextmanager
def claiming(
    town: Town, tenant: str | None, user: str | None, *, login: str = "app"
) -> Iterator[Connection[Row]]:
    """Open a transaction that says who it is by the bare settings, past set_identity."""
    with town.connect(login) as connection, connection.transaction():
        for name, value in (("tenant_id", tenant), ("user_id", user)):
            if value is not None:
                connection.execute("select set_config(%s, %s, true)", (f"tollhouse.{name}", value))
        yield connection


@pytest.fixture(scope="session")
def bound(town: Town) -> str:
    """Return a login that acts for one tenant, whatever it says."""
    return bind(town)


def bind(town: Town) -> str:
    """Make that login."""
    town.stack.add_login("bound")
    town.operate("bind_login", "bound", "bound-tenant")
    return "bound"


def test_the_owner_sees_rows_in_every_relation(town: Town, ann: Person) -> None:
    """So that an empty one means something for anybody else."""
    with ann.acting() as connection:
        assert set(relations(town, "app")) == set(seen(town, connection))


def test_another_tenant_sees_nothing(town: Town, ann: Person) -> None:
    """Not even under the same user name."""
    with town.person(f"{ann.tenant}.other", ann.user).acting() as connection:
        assert {} == seen(town, connection)


def test_another_user_sees_nothing_of_this_one(town: Town, ann: Person) -> None:
    """Nor anything of the tenant as a whole: what the others spend is theirs."""
    with town.person(ann.tenant, "ben").acting() as connection:
        assert {} == seen(town, connection)


def test_the_administrator_sees_all_of_the_tenant(town: Town, ann: Person) -> None:
    """By a binding, and no more than the tenant; its rows as a whole are among what it sees."""
    town.stack.add_login("administrator")
    town.operate("bind_login", "administrator", ann.tenant, p_reads_all_users=True)
    with claiming(town, None, None, login="administrator") as connection:
        assert set(relations(town, "app")) == set(seen(town, connection))
        for view in ("monthly_budgets", "hourly_spend", "hourly_shutoffs"):
            query = sql.SQL("select distinct tenant_id, user_id from tollhouse.{} order by 2")
            rows = connection.execute(query.format(sql.Identifier(view))).fetchall()
            assert [(ann.tenant, ""), (ann.tenant, ann.user)] == [tuple(r.values()) for r in rows]


def test_without_an_identity_nothing_is_seen(town: Town, ann: Person) -> None:
    """Neither with no setting, nor with one of the two, nor after the transaction's end."""
    for tenant, user in ((None, None), (ann.tenant, None), (None, ann.user), (ann.tenant, "")):
        with claiming(town, tenant, user) as connection:
            assert {} == seen(town, connection)
    with town.connect() as connection:
        with connection.transaction():
            connection.execute("select tollhouse.set_identity(%s, %s)", (ann.tenant, ann.user))
        assert {} == seen(town, connection)


@pytest.mark.parametrize("wrong", ["%", "' or true --", "a b", " {}", "{}\n", "{}'", "-", "*", "ä"])
def test_a_malformed_identity_is_none(town: Town, ann: Person, wrong: str) -> None:
    """As tenant or as user: set_identity raises, and the bare settings show nothing."""
    for tenant, user in (
        (wrong.format(ann.tenant), ann.user),
        (ann.tenant, wrong.format(ann.user)),
    ):
        with claiming(town, tenant, user) as connection:
            assert {} == seen(town, connection)
        with pytest.raises(psycopg.Error) as caught, town.person(tenant, user).acting():
            pass
        assert "TH002" == caught.value.sqlstate


def test_a_bound_login_can_be_nobody_else(town: Town, ann: Person, bound: str) -> None:
    """Its settings change nothing: it sees its own tenant's rows and acts for it only."""
    with claiming(town, ann.tenant, ann.user, login=bound) as connection:
        assert {} == seen(town, connection, ann.tenant)
    with pytest.raises(psycopg.Error) as caught:
        town.person(ann.tenant, ann.user, login=bound).enqueue("once", "Why?")
    assert "TH003" == caught.value.sqlstate

    own = town.person("bound-tenant", "joe", login=bound)
    assert "success" == own.ask("once", f"{own.tag} Why?")["status"]
    with claiming(town, ann.tenant, "joe", login=bound) as connection:
        rows = connection.execute("select distinct tenant_id from tollhouse.llm_api_calls")
        assert [{"tenant_id": "bound-tenant"}] == rows.fetchall()
        query = "select * from tollhouse.enqueue('once', '{\"prompt\": \"x\"}')"
        (call,) = connection.execute(query).fetchall()
    assert "bound-tenant" == town.value(
        "select tenant_id from tollhouse_private.request_keys where call_id = %s", call["call_id"]
    )


STRANGERS = ["another tenant", "another user", "nobody", "a bound login"]


@pytest.mark.parametrize("stranger", STRANGERS)
def test_no_function_crosses(town: Town, ann: Person, bound: str, stranger: str) -> None:
    """What a client can execute returns nothing of a stranger's call, and changes nothing."""
    identities = {
        "another tenant": (f"{ann.tenant}.other", ann.user, "app"),
        "another user": (ann.tenant, "ben", "app"),
        "nobody": (None, None, "app"),
        "a bound login": (ann.tenant, ann.user, bound),
    }
    tenant, user, login = identities[stranger]
    before = everything_of(ann)
    tried = set()

    def attempt(function: str, *arguments: object) -> list[Row] | str:
        tried.add(f"tollhouse.{function}")
        query = sql.SQL("select * from tollhouse.{}({})").format(
            sql.Identifier(function), sql.SQL(", ").join([sql.SQL("%s")] * len(arguments))
        )
        try:
            with claiming(town, tenant, user, login=login) as connection:
                return connection.execute(query, arguments).fetchall()
        except psycopg.Error as error:
            return error.sqlstate or ""

    for call in before["calls"] + before["jobs"]:
        nothing: list[Row] | str = "TH001" if stranger == "nobody" else []
        assert nothing == attempt("result", call["call_id"])
        assert nothing == attempt("wait_for", call["call_id"], "50 milliseconds")
        assert attempt("cancel", call["call_id"]) in ([{"cancel": None}], "TH001")
        told = attempt("explain", call["endpoint"], call["request_id"])
        assert not isinstance(told, str)
        assert [("unknown", None)] == [(row["status"], row["call_id"]) for row in told]

    ours = {call["call_id"] for call in before["calls"] + before["jobs"]}
    request = '{"prompt": "' + f"{ann.tag} Why?" + '"}'
    many = '[{"endpoint": "route", "request_id": "r1", "request": ' + request + "}]"
    for answer in (
        attempt("enqueue", "route", request, "r1"),
        attempt("enqueue_many", many),
        attempt("enqueue_as", tenant, user, "route", request, "r1"),
    ):
        if isinstance(answer, str):
            assert (stranger, answer) in (
                ("nobody", "TH001"),
                ("nobody", "TH002"),
                ("a bound login", "TH003"),
            )
        else:
            (row,) = answer
            assert row["call_id"] not in ours
            # A user of the same tenant shares its answers at this endpoint, and nothing else.
            assert not row["was_cached"] or stranger == "another user"
    taken = (
        f"select j.endpoint, j.request from tollhouse.jobs as j where j.tenant_id = '{ann.tenant}'"
    )
    taken += f" and j.user_id = '{ann.user}'"
    assert attempt("enqueue_query", taken) in ([], "TH001")
    (own,) = ann.rows("select tollhouse.done_channel() as name")
    assert attempt("done_channel") != [{"done_channel": own["name"]}]
    if stranger in ("another tenant", "another user"):
        attempt("set_identity", tenant, user)
    else:
        tried.add("tollhouse.set_identity")

    assert functions(town, "app") == tried
    assert before == everything_of(ann)


def everything_of(person: Person) -> dict[str, list[Row]]:
    """Return a user's calls, finished and not."""
    return {
        "calls": person.rows("select * from tollhouse.llm_api_calls order by call_id"),
        "jobs": person.rows("select * from tollhouse.jobs order by call_id"),
    }


def test_the_worker_reads_no_table(town: Town, ann: Person) -> None:
    """It has functions of one schema, and no relation at all."""
    assert [] == relations(town, "worker")
    assert {"tollhouse_worker"} == {name.partition(".")[0] for name in functions(town, "worker")}
    for relation in relations(town, None):
        query = sql.SQL("select from {}").format(sql.Identifier(*relation))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            town.rows(query, login="worker")


def test_the_auditor_writes_nothing(town: Town, ann: Person) -> None:
    """It sees every tenant, and neither a statement nor a function changes anything."""
    other = town.person(f"{ann.tenant}.other")
    other.ask("once", "Why?")
    found = town.rows("select distinct tenant_id from tollhouse.llm_api_calls", login="auditor")
    assert {ann.tenant, other.tenant} <= {row["tenant_id"] for row in found}

    allowed = town.kept("postgres").execute(
        "select c.oid::regclass::text as relation, p.privilege from pg_catalog.pg_class as c"
        " cross join unnest(array['insert', 'update', 'delete', 'truncate', 'trigger'])"
        " as p (privilege)"
        " where c.relnamespace::regnamespace::text like 'tollhouse%%' and c.relkind <> 'i'"
        " and c.relkind in ('r', 'p', 'v', 'm', 'f')"
        " and has_table_privilege('auditor', c.oid, p.privilege)"
    )
    assert [] == allowed.fetchall()
    writing = town.rows(
        "select p.oid::regprocedure::text as function from pg_catalog.pg_proc as p"
        " join pg_catalog.pg_namespace as n on n.oid = p.pronamespace"
        " where n.nspname like 'tollhouse%' and p.provolatile = 'v'"
        " and has_schema_privilege('auditor', n.oid, 'usage')"
        " and has_function_privilege('auditor', p.oid, 'execute')"
    )
    assert [] == writing
    refused = (
        psycopg.errors.InsufficientPrivilege,
        psycopg.errors.ObjectNotInPrerequisiteState,  # a join: nobody can delete from it
    )
    for schema, name in relations(town, "auditor"):
        query = sql.SQL("delete from {}").format(sql.Identifier(schema, name))
        with pytest.raises(refused):
            town.rows(query, login="auditor")
