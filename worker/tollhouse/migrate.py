"""Applies sqitch.plan to a disposable database through psycopg, where no sqitch is installed.

In production sqitch does this: it also verifies, reverts and keeps the history. Each script opens
and closes its own transaction; what was applied is kept in tollhouse_embedded.applied_changes.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tollhouse.errors import DeployError
from tollhouse.plan import Change, read_plan, sql_root

__all__ = ["deploy", "revert"]

_LOCK = 0x746F6C6C  # any constant: two deployments of one database take turns
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
            _run(connection, change, change.path(root, "deploy"))
            connection.execute(
                "insert into tollhouse_embedded.applied_changes (position, change, sha256)"
                " values (%s, %s, %s)",
                (position, change.name, _sha256(change.path(root, "deploy"))),
            )
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
            _run(connection, change, change.path(root, "revert"))
            connection.execute(
                "delete from tollhouse_embedded.applied_changes where position = %s", (position,)
            )
        connection.execute("drop schema tollhouse_embedded cascade")
    return list(reversed(plan[:done]))


@contextmanager
def _session(conninfo: str) -> Iterator[psycopg.Connection]:
    try:
        connection = psycopg.connect(conninfo, autocommit=True, application_name="tollhouse deploy")
    except psycopg.OperationalError as error:
        raise DeployError(f"no connection to the database: {_one_line(error)}") from error
    with connection:
        try:
            connection.execute("set client_min_messages = warning")
            connection.execute("select pg_advisory_lock(%s)", (_LOCK,))
            if _exists(connection, "to_regnamespace('sqitch')"):
                raise DeployError("sqitch manages this database (it has a schema sqitch): use it")
            if not _exists(connection, "to_regclass('tollhouse_embedded.applied_changes')"):
                connection.execute(_REGISTRY)
            yield connection
        except psycopg.Error as error:
            raise DeployError(f"the deployment stopped: {_one_line(error)}") from error


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
        raise DeployError("this database holds more changes than the plan: use a new database")
    return rows


def _run(connection: psycopg.Connection, change: Change, path: Path) -> None:
    script = _read(path)
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
    return "; ".join(" ".join(part.split()) for part in parts if part)
