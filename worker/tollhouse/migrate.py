"""Applies sqitch.plan to a disposable database through psycopg, where no sqitch is installed.

In production sqitch does this: it also verifies, reverts and keeps the history. What was applied
is kept in tollhouse_embedded.applied_changes, in the transaction of the script itself, which also
holds the lock that keeps a second deployment out.
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tollhouse.connection import CONNECTION_OPTIONS
from tollhouse.errors import DeployError
from tollhouse.plan import Change, read_plan, sql_root

__all__ = ["deploy", "revert"]

# Held in each transaction, never by a session, which behind a pooler would keep it.
_BEGIN = """
begin;
set local client_min_messages = error;
set local lock_timeout = '10s';
set local statement_timeout = '10min';
set local idle_in_transaction_session_timeout = '1min';
select pg_try_advisory_xact_lock(1953459308);
"""
_OWN_BEGIN = re.compile(r"^begin;$", re.MULTILINE)
_BUSY = "another deployment of this database is running: wait until it has ended, then try again"
_REGISTRY = """
create schema if not exists tollhouse_embedded;
create table if not exists tollhouse_embedded.applied_changes (
  position   int         not null primary key,
  change     text        not null,
  sha256     text        not null,
  applied_at timestamptz not null default now()
);
"""

Applied = list[tuple[int, str, str]]


def deploy(
    conninfo: str,
    *,
    root: Path | None = None,
    on_change: Callable[[Change], None] = lambda change: None,
) -> list[Change]:
    """Apply the changes that are still missing; return them.

    Raises DeployError that names the change, its file and line; PlanError for a bad plan. Refuses a
    database that sqitch manages, and one whose applied scripts have changed since.
    """
    root = root or sql_root()
    plan = read_plan(root)
    with _session(conninfo) as connection:
        done = len(_applied(connection, plan, root))
        for position, change in enumerate(plan[done:], start=done + 1):
            path = change.path(root, "deploy")
            _begin(connection)
            connection.execute(
                "insert into tollhouse_embedded.applied_changes (position, change, sha256)"
                " values (%s, %s, %s)",
                (position, change.name, _sha256(path)),
            )
            _run(connection, change, path)
            on_change(change)
    return list(plan[done:])


def revert(conninfo: str, *, root: Path | None = None) -> list[Change]:
    """Revert everything that `deploy` applied, last change first; return it in that order."""
    root = root or sql_root()
    plan = read_plan(root)
    with _session(conninfo) as connection:
        done = len(_applied(connection, plan, root))
        for position in range(done, 0, -1):
            change = plan[position - 1]
            _begin(connection)
            connection.execute(
                "delete from tollhouse_embedded.applied_changes where position = %s", (position,)
            )
            _run(connection, change, change.path(root, "revert"))
        _begin(connection)
        connection.execute("drop schema tollhouse_embedded cascade")
        connection.execute("commit")
    return list(reversed(plan[:done]))


@contextmanager
def _session(conninfo: str) -> Iterator[psycopg.Connection]:
    try:
        connection = psycopg.connect(
            conninfo,
            autocommit=True,
            prepare_threshold=None,
            application_name="tollhouse deploy",
            **CONNECTION_OPTIONS,
        )
    except psycopg.OperationalError as error:
        raise DeployError(f"no connection to the database: {_one_line(error)}") from error
    with connection:
        try:
            _begin(connection)
            if _exists(connection, "to_regnamespace('sqitch')"):
                raise DeployError(
                    "sqitch manages this database (it has a schema sqitch): deploy with sqitch"
                )
            if not _exists(connection, "to_regclass('tollhouse_embedded.applied_changes')"):
                connection.execute(_REGISTRY)
            connection.execute("commit")
            yield connection
        except psycopg.errors.UniqueViolation as error:
            raise DeployError(_BUSY) from error
        except psycopg.Error as error:
            raise DeployError(f"the deployment stopped: {_one_line(error)}") from error


def _begin(connection: psycopg.Connection) -> None:
    cursor = connection.execute(_BEGIN)
    while cursor.nextset():
        pass
    if cursor.fetchone() != (True,):
        raise DeployError(_BUSY)


def _exists(connection: psycopg.Connection, expression: str) -> bool:
    row = connection.execute(f"select {expression} is not null".encode()).fetchone()
    return row is not None and row[0] is True


def _applied(connection: psycopg.Connection, plan: tuple[Change, ...], root: Path) -> Applied:
    rows: Applied = connection.execute(
        "select position, change, sha256 from tollhouse_embedded.applied_changes order by position"
    ).fetchall()
    for (_, name, sha256), change in zip(rows, plan, strict=False):
        if name != change.name or sha256 != _sha256(change.path(root, "deploy")):
            raise DeployError(
                f"{change.name} has changed since it was deployed here: use a new database"
            )
    if len(rows) > len(plan):
        raise DeployError("this database has more changes than the plan: use a new database")
    return rows


def _run(connection: psycopg.Connection, change: Change, path: Path) -> None:
    # The transaction is open already: the server would log a warning for each script.
    script = _OWN_BEGIN.sub("", _read(path), count=1)
    try:
        connection.execute(script.encode())
    except psycopg.Error as error:
        position = error.diag.statement_position
        line = f":{script.count(chr(10), 0, int(position) - 1) + 1}" if position else ""
        raise DeployError(f"{change.name} failed at {path}{line}: {_one_line(error)}") from error
    if connection.info.transaction_status is not psycopg.pq.TransactionStatus.IDLE:
        raise DeployError(f"{change.name} left its transaction open: {path} has no commit")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise DeployError(f"{path}: {error.strerror}") from error


def _sha256(path: Path) -> str:
    return hashlib.sha256(_read(path).encode()).hexdigest()


def _one_line(error: psycopg.Error) -> str:
    diag = error.diag
    parts = [diag.message_primary or str(error), diag.message_detail, diag.context]
    if isinstance(error, psycopg.errors.LockNotAvailable):
        parts.append("another session uses what it changes: try again when that has ended")
    return "; ".join(" ".join(part.split()) for part in parts if part)
