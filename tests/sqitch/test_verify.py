"""Verifies can fail: without their change, and for every privilege and guard they vouch for."""

import re
from collections.abc import Iterator

import psycopg
import pytest
from psycopg.rows import TupleRow

from tests.support.database import Database
from tests.support.sqitch import ROOT
from tollhouse.plan import read_plan

PLAN = read_plan(ROOT)
_MAKES = re.compile(r"^create (?:function|procedure|table|view) ([a-z_.]+)", re.MULTILINE)

Mutation = tuple[str, str]  # an object, and what is done to it
_MUTATIONS = """
with routine as (
  select p.oid::regprocedure::text as name, n.nspname || '.' || p.proname as object,
    p.prosecdef, p.proowner, p.proacl
  from pg_catalog.pg_proc as p join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
  where n.nspname in ('tollhouse', 'tollhouse_private', 'tollhouse_worker', 'tollhouse_ops')
),
relation as (
  select c.oid::regclass::text as name, n.nspname || '.' || c.relname as object,
    c.oid, c.relkind, c.relowner, c.relacl, c.relrowsecurity
  from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  where n.nspname in ('tollhouse', 'tollhouse_private', 'tollhouse_worker', 'tollhouse_ops')
    and c.relkind in ('r', 'p', 'v') and not c.relispartition
)
select object, 'grant execute on routine ' || name || ' to public' from routine
union all
select object, 'alter routine ' || name || ' security ' ||
  case when prosecdef then 'invoker' else 'definer' end from routine
union all
select object, 'alter routine ' || name || ' reset search_path' from routine where prosecdef
union all
select object, 'alter routine ' || name || ' owner to postgres' from routine
union all
select object, 'revoke execute on routine ' || name || ' from ' || a.grantee::regrole
from routine cross join lateral aclexplode(proacl) as a where a.grantee not in (0, proowner)
union all
select object, format('grant %s on %s to %s', privilege, name, grantee)
from relation
cross join unnest(array['public', 'tollhouse_worker']) as grantee
cross join unnest(array['select', 'insert', 'update', 'delete', 'truncate']) as privilege
union all
select object, format('grant %s on %s to %s', privilege, name, grantee)
from relation
cross join unnest(array['tollhouse_client', 'tollhouse_operator', 'tollhouse_auditor']) as grantee
cross join unnest(array['insert', 'update', 'delete', 'truncate']) as privilege
union all
select object, format('revoke %s on %s from %s', a.privilege_type, name, a.grantee::regrole)
from relation cross join lateral aclexplode(relacl) as a where a.grantee not in (0, relowner)
union all
select object, 'alter table ' || name || ' ' || off || ' row level security'
from relation cross join unnest(array['no force', 'disable']) as off where relrowsecurity
union all
select object, format('drop policy %I on %s', p.polname, name)
from relation join pg_catalog.pg_policy as p on p.polrelid = relation.oid
union all
select object, 'alter view ' || name || ' reset (security_invoker)'
from relation where relkind = 'v'
"""
# What a verify has to name, the change that made it, and what is done to it.
_OF_THE_PLATFORM = (
    ("tollhouse_engine", "platform/roles", "alter role tollhouse_engine bypassrls"),
    ("tollhouse_owner", "platform/roles", "alter role tollhouse_owner superuser"),
    ("tollhouse_auditor", "platform/roles", "grant tollhouse_operator to tollhouse_auditor"),
    (
        "tollhouse_owner",
        "platform/roles",
        "alter default privileges for role tollhouse_owner grant execute on functions to public",
    ),
    (
        "tollhouse_private",
        "platform/schemas",
        "grant usage on schema tollhouse_private to tollhouse_client",
    ),
    (
        "tollhouse_ops",
        "platform/schemas",
        "grant usage on schema tollhouse_ops to tollhouse_client",
    ),
    ("tollhouse ", "platform/schemas", "grant usage on schema tollhouse to public"),
    ("tollhouse ", "platform/schemas", "grant create on schema tollhouse to tollhouse_client"),
    (
        "tollhouse_worker",
        "platform/schemas",
        "revoke usage on schema tollhouse_worker from tollhouse_worker",
    ),
    ("tollhouse_private.settings", "platform/settings", "delete from tollhouse_private.settings"),
    (
        "tollhouse_private.task_types",
        "task_types/task_types",
        "delete from tollhouse_private.task_types",
    ),
    (
        "tollhouse_private.refusal_reasons",
        "ledger/refusal_reasons",
        "delete from tollhouse_private.refusal_reasons",
    ),
    (
        "tollhouse_private.attempt_outcomes",
        "execution/attempt_outcomes",
        "delete from tollhouse_private.attempt_outcomes",
    ),
    (
        "tollhouse_private",
        "ledger/partitions",
        (
            "do $$ begin execute format('drop table tollhouse_private.%I',"
            " 'call_content_' || to_char(now() at time zone 'UTC', 'YYYY_MM')); end $$"
        ),
    ),
)


def makers() -> dict[str, str]:
    """Return which change makes a routine or relation."""
    return {
        name: change.name
        for change in PLAN
        for name in _MAKES.findall(change.path(ROOT, "deploy").read_text(encoding="utf-8"))
    }


def checks(change: str) -> bytes:
    """Return a verify script without its transaction, to run inside one of ours."""
    script = (ROOT / "verify" / f"{change}.sql").read_text(encoding="utf-8")
    body = re.sub(r"^(begin|rollback);$", "", script, flags=re.MULTILINE)
    assert re.search(r"\btollhouse_private\.verify_|\braise exception\b", body), (
        f"{change} checks nothing"
    )
    return body.encode()


@pytest.fixture
def connection(database: Database) -> Iterator[psycopg.Connection[TupleRow]]:
    """Return a transaction of the superuser in a deployed database."""
    with psycopg.connect(database.url()) as opened:
        yield opened
        opened.rollback()


def complaint(connection: psycopg.Connection[TupleRow], change: str, before: str = "") -> str:
    """Return what a verify raises after a statement that is undone again; nothing: empty."""
    with connection.transaction(force_rollback=True):
        connection.execute(before.encode())
        try:
            with connection.transaction():
                connection.execute(checks(change))
        except psycopg.ProgrammingError as error:
            return str(error.diag.message_primary)
    return ""


def test_every_mutation_is_noticed(connection: psycopg.Connection[TupleRow]) -> None:
    """No grant, owner, definer, policy or row security can change: the verify names the object."""
    made_by = makers()
    found: list[Mutation] = connection.execute(_MUTATIONS.encode()).fetchall()
    assert len(found) > 500
    mutations = [(name, made_by[name], statement) for name, statement in found]
    unnoticed = [
        (change, statement, said)
        for name, change, statement in [*mutations, *_OF_THE_PLATFORM]
        if name not in (said := complaint(connection, change, statement))
    ]
    assert unnoticed == []


def test_untouched_database_verifies(connection: psycopg.Connection[TupleRow]) -> None:
    """A deployed database passes every verify."""
    assert [said for change in PLAN if (said := complaint(connection, change.name))] == []


def test_verify_fails_without_its_change(connection: psycopg.Connection[TupleRow]) -> None:
    """Change by change, from the last: once it is reverted, its verify fails."""
    passed = []
    for change in reversed(PLAN):
        revert = change.path(ROOT, "revert").read_text(encoding="utf-8")
        connection.execute(re.sub(r"^(begin|commit);$", "", revert, flags=re.MULTILINE).encode())
        connection.execute("reset role")
        if not complaint(connection, change.name):
            passed.append(change.name)
    assert passed == []
