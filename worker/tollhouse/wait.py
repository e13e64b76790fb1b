"""`tollhouse wait`: waits until the database, its schema and the worker are ready.

They are checked in that order, and a check that fails gives its reason.
"""

import json
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterable

import psycopg
from psycopg.conninfo import make_conninfo

from tollhouse.connection import deadline
from tollhouse.errors import SettingsError, TollhouseError
from tollhouse.plan import read_plan

__all__ = ["NotReadyError", "wait"]

_PAUSE = 0.25
_ASK_SECONDS = 3.0
_SHOWN = 3  # names in a reason
_REGISTRIES = {
    "sqitch.changes": "select change from sqitch.changes where project = 'tollhouse'",
    "tollhouse_embedded.applied_changes": "select change from tollhouse_embedded.applied_changes",
}


class NotReadyError(TollhouseError):
    """The time is up; the message says what was still missing."""


def wait(
    database_url: str,
    *,
    worker_url: str | None = None,
    seconds: float = 60.0,
    say: Callable[[str], None] = lambda reason: None,
) -> float:
    """Return how many seconds it took until all was ready; `say` gets each new reason meanwhile.

    Raises NotReadyError when `seconds` have passed, at most a second later, and SettingsError for
    what waiting can't fix: a login that may not read the record of deployments, a malformed address
    or deadline.
    """
    if not 0 <= seconds < float("inf"):
        raise SettingsError(f"the deadline must be a number of seconds, 0 or more: {seconds:g}")
    begun = time.monotonic()
    said = ""
    while reason := _missing(database_url, worker_url, seconds - time.monotonic() + begun):
        if time.monotonic() - begun + _PAUSE > seconds:
            raise NotReadyError(f"not ready after {seconds:g} seconds: {reason}")
        if reason != said:
            say(reason)
            said = reason
        time.sleep(_PAUSE)
    return time.monotonic() - begun


def _missing(database_url: str, worker_url: str | None, left: float) -> str:
    ask = min(_ASK_SECONDS, max(1.0, left))
    return _database(database_url, ask) or (_worker(worker_url, ask) if worker_url else "")


def _database(url: str, ask: float) -> str:
    """Return what the database still lacks; empty when it has every change of the plan."""
    limited = make_conninfo(url, connect_timeout=int(ask), application_name="tollhouse wait")
    try:
        with (
            psycopg.connect(limited, autocommit=True) as connection,
            deadline(connection, ask),
            connection.transaction(),
        ):
            connection.execute("select set_config('statement_timeout', %s, true)", (f"{ask:.1f}s",))
            return _schema(connection)
    except psycopg.errors.InsufficientPrivilege as error:
        raise SettingsError(
            "this login may not read which changes are deployed: use the login that deploys"
        ) from error
    except psycopg.Error as error:
        return f"the database does not answer: {_one_line(error)}"


def _schema(connection: psycopg.Connection) -> str:
    applied: Counter[str] = Counter()
    for table, query in _REGISTRIES.items():
        row = connection.execute("select to_regclass(%s) is not null", (table,)).fetchone()
        if row is not None and row[0] is True:
            applied.update(change for (change,) in connection.execute(query.encode()))
    planned = Counter(change.name for change in read_plan())
    missing = planned - applied  # a reworked change is in the plan, and in a registry, twice
    if not missing:
        return ""
    if not applied:
        return "the schema is not deployed"
    return f"{missing.total()} of {planned.total()} changes are not deployed: {_names(missing)}"


def _worker(url: str, ask: float) -> str:
    """Return what the worker still lacks; empty when it is ready."""
    address = f"{url.rstrip('/')}/readyz"
    if not address.startswith(("http://", "https://")):
        raise SettingsError(f"the worker's address is not an http(s) URL: {url}")
    try:
        with urllib.request.urlopen(address, timeout=ask) as reply:  # noqa: S310
            return "" if reply.status == 200 else f"the worker answers {reply.status}"
    except urllib.error.HTTPError as error:
        return f"the worker is not ready: {_failing(error)}"
    except (urllib.error.URLError, OSError, ValueError) as error:
        return f"the worker does not answer at {address}: {getattr(error, 'reason', error)}"


def _failing(error: urllib.error.HTTPError) -> str:
    try:
        checks = json.load(error)
        return f"not {', not '.join(name for name, fine in checks.items() if fine is not True)}"
    except (ValueError, AttributeError, OSError):
        return f"it answers {error.code}"


def _names(changes: Iterable[str]) -> str:
    names = list(changes)
    more = ", …" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _one_line(error: psycopg.Error) -> str:
    return " ".join(str(error.diag.message_primary or error).split())
