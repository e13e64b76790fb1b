"""Databases for tests: migrated once into a template, then cloned in milliseconds."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from psycopg import AsyncConnection, Connection, sql
from psycopg.rows import dict_row

from tests.support.servers import admin
from tollhouse import migrate
from tollhouse_demo.embedded import Cluster

TEMPLATE = "tollhouse_template"
PASSWORD = "a password of the tests"
LOGINS: dict[str, tuple[str, ...]] = {
    "th_client": ("tollhouse_client",),
    "th_bound": ("tollhouse_client",),  # for tests that bind a login to a tenant
    "th_worker": ("tollhouse_worker",),
    "th_operator": ("tollhouse_operator",),
    "th_auditor": ("tollhouse_auditor",),
    "th_monitor": ("tollhouse_monitor",),
    "th_stranger": (),  # may connect, but is a member of no role
}

Row = dict[str, Any]
_numbers = itertools.count(1)


@dataclass(frozen=True, kw_only=True)
class Database:
    """One database of a cluster, and every way into it."""

    cluster: Cluster
    name: str

    def url(self, login: str = "postgres") -> str:
        """Return the connection string for the superuser or a login of LOGINS."""
        return self.cluster.url(self.name, login, "" if login == "postgres" else PASSWORD)

    def connect(self, login: str = "th_client", *, autocommit: bool = True) -> Connection[Row]:
        """Return a connection whose rows are dicts; use it as a context manager."""
        return psycopg.connect(self.url(login), autocommit=autocommit, row_factory=dict_row)

    async def aconnect(
        self, login: str = "th_client", *, autocommit: bool = True
    ) -> AsyncConnection[Row]:
        """Return an asyncio connection whose rows are dicts; use it in `async with`."""
        return await AsyncConnection.connect(
            self.url(login), autocommit=autocommit, row_factory=dict_row
        )

    def rows(self, query: LiteralString, *parameters: object, login: str = "postgres") -> list[Row]:
        """Run one statement in a connection of its own; return its rows, if it has any."""
        with self.connect(login) as connection:
            cursor = connection.execute(query, parameters or None)
            return cursor.fetchall() if cursor.description else []

    def value(self, query: LiteralString, *parameters: object, login: str = "postgres") -> Any:
        """Return the single value of a query with one row and one column."""
        (row,) = self.rows(query, *parameters, login=login)
        (value,) = row.values()
        return value

    @contextmanager
    def acting(
        self, tenant: str, user: str, *, login: str = "th_client"
    ) -> Iterator[Connection[Row]]:
        """Open a transaction as a tenant's user; commit on success, roll back on an error."""
        with self.connect(login) as connection, connection.transaction():
            connection.execute("select tollhouse.set_identity(%s, %s)", (tenant, user))
            yield connection


def create_template(cluster: Cluster) -> Database:
    """Deploy into the cluster's template database and create the login roles."""
    template = Database(cluster=cluster, name=TEMPLATE)
    with admin(cluster) as connection:
        drop(connection, TEMPLATE)
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(TEMPLATE)))
    migrate.deploy(template.url())
    with admin(cluster) as connection:
        for login, groups in LOGINS.items():
            connection.execute(sql.SQL("drop role if exists {}").format(sql.Identifier(login)))
            connection.execute(
                sql.SQL("create role {} login password {} {}").format(
                    sql.Identifier(login),
                    sql.Literal(PASSWORD),
                    sql.SQL("in role {}").format(sql.SQL(", ").join(map(sql.Identifier, groups)))
                    if groups
                    else sql.SQL(""),
                )
            )
    return template


@contextmanager
def cloned(template: Database) -> Iterator[Database]:
    """Clone a template (which must have no connections); drop the clone afterwards."""
    clone = Database(cluster=template.cluster, name=f"tollhouse_test_{next(_numbers)}")
    names = {"clone": sql.Identifier(clone.name), "template": sql.Identifier(template.name)}
    with admin(template.cluster) as connection:
        drop(connection, clone.name)
        connection.execute(
            sql.SQL("create database {clone} template {template} strategy file_copy").format(
                **names
            )
        )
    try:
        yield clone
    finally:
        with admin(template.cluster) as connection:
            drop(connection, clone.name)


def drop(connection: Connection, name: str) -> None:
    """Drop a database if it exists, even if sessions are connected to it."""
    connection.execute(
        sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
    )
