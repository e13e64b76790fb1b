"""plpgsql_check over every PL/pgSQL function: names, types, unused and missing, SQL injection."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.database import Database, cloned

EXTENSION = Path("/usr/share/postgresql/15/extension/plpgsql_check.control")

# (function, message): why it is not a finding. One that no longer occurs must go.
ACCEPTED = {
    (
        "tollhouse_private.materialize(tollhouse_private.settlement[])",
        "text type variable is not sanitized",
    ): "task_types.materializer holds a quoted name that set_task_type got from the catalog",
}

# Functions that others call begin with copies of their texts, under the same names: CONVENTIONS.md.
_CALLED = re.compile(r"tollhouse(_worker|_ops)?\.")
_COPIED = re.compile(r'parameter "p_\w+" is overlapped')

_FINDINGS = """
select p.oid::regprocedure::text as function, c.lineno, c.level, c.sqlstate, c.message, c.detail
from pg_catalog.pg_proc as p
join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
join pg_catalog.pg_language as l on l.oid = p.prolang
cross join lateral plpgsql_check_function_tb(
  p.oid, fatal_errors => false, performance_warnings => false, security_warnings => true,
  other_warnings => true, extra_warnings => true
) as c
where n.nspname in ('tollhouse', 'tollhouse_private', 'tollhouse_worker', 'tollhouse_ops')
  and l.lanname = 'plpgsql'
order by 1, 2
"""


@pytest.fixture
def checked(pg15_template: Database) -> Iterator[Database]:
    """Return a deployed database on PostgreSQL 15 with plpgsql_check in it."""
    if not EXTENSION.exists():
        pytest.skip("plpgsql_check is not installed (Debian: postgresql-15-plpgsql-check)")
    with cloned(pg15_template) as database:
        database.rows("create extension plpgsql_check schema public")
        yield database


def test_no_finding(checked: Database) -> None:
    """Errors, warnings and security warnings: none but the accepted, and each of those occurs."""
    found = {
        (row["function"], row["message"]): row
        for row in checked.rows(_FINDINGS)
        if not (_COPIED.fullmatch(row["message"]) and _CALLED.match(row["function"]))
    }
    new = [
        f"{row['function']}:{row['lineno']}: {row['message']}; {row['detail']}"
        for key, row in found.items()
        if key not in ACCEPTED
    ]
    assert new == []
    assert ACCEPTED.keys() <= found.keys(), "an accepted finding occurs no more: strike it out"


def test_check_sees_a_mistake(checked: Database) -> None:
    """A function that names a column that is not there is found."""
    checked.rows("""
        create function tollhouse_private.mistaken() returns void language plpgsql as $$
        begin perform j.nothing_such from tollhouse_private.jobs as j; end $$
        """)
    assert any("nothing_such" in row["message"] for row in checked.rows(_FINDINGS))
