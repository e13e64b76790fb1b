"""What a client sees that should see nothing. The connections are clients' own."""

from collections.abc import Callable
from uuid import UUID

import psycopg
from psycopg import sql

from tollhouse.demo.caller import Caller
from tollhouse.demo.checks.observation import Check, outcome

__all__ = [
    "Identify",
    "finds_nothing",
    "malformed_identity",
    "reachable",
    "refuses",
    "sees_nothing",
    "sees_own",
]

Identify = Callable[[psycopg.Connection], object]

_REACHABLE = """
  select n.nspname, c.relname
  from pg_class as c
  join pg_namespace as n on n.oid = c.relnamespace
  where n.nspname like 'tollhouse%' and c.relkind in ('r', 'p', 'v', 'm')
    and has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')
  order by 1, 2
"""


def reachable(connection: psycopg.Connection) -> list[tuple[str, str]]:
    """Return every table and view that this login can read at all, by the catalog."""
    rows: list[tuple[str, str]] = connection.execute(_REACHABLE).fetchall()
    return rows


def malformed_identity(connection: psycopg.Connection) -> None:
    """Write a malformed identity past set_identity, which would refuse it."""
    connection.execute("select set_config('tollhouse.tenant_id', %s, true)", ("x' or 'a' = 'a",))
    connection.execute("select set_config('tollhouse.user_id', %s, true)", ("*",))


def sees_own(caller: Caller) -> Check:
    """The victim sees rows of its own: otherwise the other checks would prove nothing."""
    count = _count(caller.connection, lambda _: caller.identify(), caller.tenant, caller.user)
    return outcome(
        f"{caller} sees rows of their own",
        expected={"own rows": True},
        observed={"own rows": count > 0},
        sql=_text(caller.connection, caller.tenant, caller.user),
    )


def sees_nothing(
    connection: psycopg.Connection,
    who: str,
    identify: Identify,
    *,
    tenant: str | None = None,
    user: str | None = None,
) -> Check:
    """Zero rows of a tenant (of a user of it, of anybody) in everything that can be read."""
    relations = len(reachable(connection))
    return outcome(
        f"{who}: zero rows",
        expected={"relations": relations, "rows": 0},
        observed={"relations": relations, "rows": _count(connection, identify, tenant, user)},
        sql=_text(connection, tenant, user),
    )


def finds_nothing(caller: Caller, call_id: UUID, endpoint: str, request_id: str) -> Check:
    """No function gives anything of somebody else's call away, or touches it."""
    connection = caller.connection
    with connection.transaction():
        caller.identify()
        query = "select count(*) from tollhouse.result(%s)"
        row = connection.execute(query, (call_id,)).fetchone()
    return outcome(
        f"{caller}: no function crosses",
        expected={"result rows": 0, "cancel": None, "explain": "unknown"},
        observed={
            "result rows": row[0] if row else None,
            "cancel": caller.cancel(call_id),
            "explain": caller.explain(endpoint, request_id).get("status"),
        },
        sql=f"tollhouse.result('{call_id}'), tollhouse.cancel(…), tollhouse.explain(…)",
    )


def refuses(connection: psycopg.Connection, who: str, identify: Identify, sqlstate: str) -> Check:
    """Saying who one is raises this SQLSTATE."""
    raised = None
    try:
        with connection.transaction():
            identify(connection)
    except psycopg.Error as error:
        raised = error.sqlstate
    return outcome(
        f"{who}: refused",
        expected={"sqlstate": sqlstate},
        observed={"sqlstate": raised},
        sql="select tollhouse.set_identity(…)",
    )


def _count(
    connection: psycopg.Connection, identify: Identify, tenant: str | None, user: str | None
) -> int:
    with connection.transaction():
        identify(connection)
        row = connection.execute(_query(connection, tenant, user)).fetchone()
    return int(row[0]) if row else -1


def _query(connection: psycopg.Connection, tenant: str | None, user: str | None) -> sql.Composed:
    # to_jsonb, because not every relation has both columns.
    wanted = {"tenant_id": tenant, "user_id": user}
    conditions: list[sql.Composable] = [
        sql.SQL("to_jsonb(r) ->> {} = {}").format(sql.Literal(name), sql.Literal(value))
        for name, value in wanted.items()
        if value is not None
    ] or [sql.SQL("true")]
    parts = [
        sql.SQL("(select count(*) from {} as r where {})").format(
            sql.Identifier(*relation), sql.SQL(" and ").join(conditions)
        )
        for relation in reachable(connection)
    ]
    return sql.SQL("select {}").format(sql.SQL(" + ").join(parts))


def _text(connection: psycopg.Connection, tenant: str | None, user: str | None) -> str:
    count = len(reachable(connection))
    where = f" where tenant_id = '{tenant}'" if tenant else ""
    where += f" and user_id = '{user}'" if user else ""
    return f"select count(*) from each of the {count} views{where}"  # noqa: S608 - to be read
