"""A running installation as the tests see it: users, operators, and the results."""

import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from psycopg import Connection, sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from tests.support.waiting import PATIENCE, until
from tollhouse_demo.mock import Entry
from tollhouse_demo.processes import ChildProcess
from tollhouse_demo.stack import Stack

Row = dict[str, Any]
Query = LiteralString | sql.Composed
FINAL = ("success", "failed", "blocked", "cancelled")
REASON = "asked for by a test"


class Town:
    """A stack with its own connections; close it before the stack stops."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.mock = stack.mock
        self._connections: dict[str, Connection[Row]] = {}

    def connect(self, login: str = "app") -> Connection[Row]:
        """Return a new autocommit connection whose rows are dicts."""
        return psycopg.connect(self.stack.url(login), autocommit=True, row_factory=dict_row)

    def kept(self, login: str) -> Connection[Row]:
        """Return this login's connection, reopened if the server has gone away."""
        if login not in self._connections or self._connections[login].closed:
            self._connections[login] = self.connect(login)
        return self._connections[login]

    def close(self) -> None:
        """Close every connection."""
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()

    def rows(self, query: Query, *parameters: object, login: str = "postgres") -> list[Row]:
        """Run one statement, as the superuser or another login."""
        cursor = self.kept(login).execute(query, parameters or None)
        return cursor.fetchall() if cursor.description else []

    def value(self, query: Query, *parameters: object, login: str = "postgres") -> Any:
        """Return the single value of a query with one row and one column."""
        (row,) = self.rows(query, *parameters, login=login)
        (value,) = row.values()
        return value

    def operate(self, function: str, *arguments: object, **named: object) -> Any:
        """Call a function of tollhouse_ops as the operator; p_reason is filled in by name."""
        given: dict[str, object] = {"p_reason": REASON, **named}
        parts: list[sql.Composable] = [sql.SQL("%s") for _ in arguments]
        parts += [sql.SQL("{} => %s").format(sql.Identifier(name)) for name in given]
        query = sql.SQL("select tollhouse_ops.{}({})").format(
            sql.Identifier(function), sql.SQL(", ").join(parts)
        )
        return self.value(query, *arguments, *given.values(), login="operator")

    def person(self, tenant: str, user: str = "ann", *, login: str = "app") -> "Person":
        """Return a tenant's user."""
        return Person(town=self, tenant=tenant, user=user, login=login)

    def ledger(self, tenant: str, call_id: UUID | None = None) -> list[Row]:
        """Return a tenant's ledger rows, or those of one call."""
        return self.rows(
            "select * from tollhouse_private.llm_api_calls"
            " where tenant_id = %s and call_id = coalesce(%s, call_id) order by call_id",
            tenant,
            call_id,
        )

    def entry(self, call: Row) -> Row:
        """Return the one ledger row of a call."""
        (row,) = self.rows(
            "select * from tollhouse_private.llm_api_calls where call_id = %s", call["call_id"]
        )
        return row

    def attempts(self, call: Row) -> list[Row]:
        """Return the recorded HTTP attempts of a call, in order."""
        return self.rows(
            "select * from tollhouse_private.provider_attempts where call_id = %s"
            " order by attempt, late",
            call["call_id"],
        )

    def bill(self, call: Row) -> list[Entry]:
        """Return the provider's bill entries for a call."""
        return list(self.mock.bill(prefix=f"{call['call_id']}.").entries)

    def make_due(self, call: Row) -> None:
        """Make a waiting call due now."""
        (_,) = self.rows(
            "update tollhouse_private.jobs set run_at = now()"
            " where call_id = %s and state = 'scheduled' returning call_id",
            call["call_id"],
        )

    def database_time(self) -> datetime:
        """Return the server's clock."""
        now: datetime = self.value("select clock_timestamp()")
        return now

    def settled(self, *, seconds: float = PATIENCE) -> None:
        """Wait until every due call and every request the provider received has finished."""
        due = (
            "select count(*) from tollhouse_private.jobs"
            " where state <> 'scheduled' or run_at < now() + interval '1 minute'"
        )
        until(
            lambda: not self.value(due),
            "every call is over",
            seconds=seconds,
        )
        until(lambda: not self.mock.totals()["in_flight"], "the provider is done", seconds=seconds)


@dataclass(frozen=True)
class Person:
    """One user of one tenant; every method is its own transaction."""

    town: Town
    tenant: str
    user: str
    login: str = "app"

    @property
    def tag(self) -> str:
        """A marker for prompts, by which a fault of the mock provider matches this user's calls."""
        return f"[{self.tenant}/{self.user}]"

    @contextmanager
    def acting(self, connection: Connection[Row] | None = None) -> Iterator[Connection[Row]]:
        """Open a transaction under this identity."""
        connection = connection or self.town.kept(self.login)
        with connection.transaction():
            connection.execute("select tollhouse.set_identity(%s, %s)", (self.tenant, self.user))
            yield connection

    def rows(self, query: Query, *parameters: object) -> list[Row]:
        """Run one statement under this identity."""
        with self.acting() as connection:
            return connection.execute(query, parameters or None).fetchall()

    def enqueue(
        self,
        endpoint: str,
        request: str | Mapping[str, Any] | None,
        request_id: str | None = None,
        *,
        connection: Connection[Row] | None = None,
        **options: object,
    ) -> Row:
        """Ask for a call; a text is a prompt, options are enqueue's without their p_."""
        given = {
            "endpoint": endpoint,
            "request": Jsonb({"prompt": request} if isinstance(request, str) else request)
            if request is not None
            else None,
            "request_id": request_id,
            **options,
        }
        names = [sql.SQL("{} => %s").format(sql.Identifier(f"p_{name}")) for name in given]
        query = sql.SQL("select * from tollhouse.enqueue({})").format(sql.SQL(", ").join(names))
        with self.acting(connection) as connection:
            (row,) = connection.execute(query, tuple(given.values())).fetchall()
        return row

    def enqueue_many(self, calls: Sequence[Mapping[str, Any]]) -> list[Row]:
        """Ask for several calls in one transaction."""
        return self.rows("select * from tollhouse.enqueue_many(%s)", Jsonb(list(calls)))

    def wait(self, call: Row, *, seconds: float = PATIENCE) -> Row:
        """Return the result of a call, which must end in time."""
        (row,) = self.rows(
            "select * from tollhouse.wait_for(%s, make_interval(secs => %s))",
            call["call_id"],
            seconds,
        )
        assert row["status"] in FINAL, f"not within {seconds:g} seconds: it is {row['status']}"
        return row

    def ask(self, endpoint: str, request: str | Mapping[str, Any], **options: Any) -> Row:
        """Enqueue and wait."""
        return self.wait(self.enqueue(endpoint, request, **options))

    def cancel(self, call: Row) -> str | None:
        """Cancel a call."""
        (row,) = self.rows("select tollhouse.cancel(%s) as status", call["call_id"])
        status: str | None = row["status"]
        return status

    def is_at_the_provider(self, call: Row) -> None:
        """Wait until the provider works on a call."""
        until(lambda: self.town.bill(call), "the call is at the provider")


@contextmanager
def paused(worker: ChildProcess) -> Iterator[None]:
    """Freeze a worker's process as an overloaded machine would; resume it afterwards."""
    os.kill(worker.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(worker.pid, signal.SIGCONT)
