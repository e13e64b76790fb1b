"""Runs the named statements of queries.sql, and decides by SQLSTATE what a failure means.

A statement is repeated only where that is safe: after a serialization failure or a deadlock
(the server rolled it back), when nothing was sent, when the server takes no writes any more, and,
for every query but a claim, after the reply was lost. A claim whose reply was lost may have been
committed: that is `ReplyLostError`, and the caller gives up its identity (see worker/leases.py).
"""

import asyncio
import random
from collections.abc import Callable
from typing import Self, TypeVar

from psycopg.rows import BaseRowFactory

from tollhouse.connection import (
    Connection,
    Doubt,
    Fate,
    Limit,
    SilenceError,
    StatementError,
    queries,
)
from tollhouse.errors import GateError, LeaseLostError, NoPartitionError, ReplyLostError
from tollhouse.pulse import Pulse

__all__ = ["LIMIT", "QUICK", "SLOW", "Statements"]

T = TypeVar("T")

# A heartbeat has to come back while there is time for another one.
QUICK = Limit(server=3.0, client=4.0)
LIMIT = Limit(server=15.0, client=20.0)
SLOW = Limit(server=25.0, client=28.0)

_ATTEMPTS = 4
_REPEAT_SECONDS = 10.0
_FIRST_DELAY, _LONGEST_DELAY = 0.05, 1.0
_WORTH_REPEATING = {"40001", "40P01", "25006"}
# Raised after a commit within a procedure, it says nothing about what was committed.
_SAYS_NOTHING = {"57014"}
_BY_SQLSTATE: dict[str | None, type[GateError]] = {"TH201": LeaseLostError}


class Statements:
    """A connection for each part of the worker; raises GateError, nothing of the driver's.

    Each failed try is told to `on_error` by the query's name, whether it is repeated or not.

    pulses: the signs of life of each part
    """

    def __init__(
        self,
        *,
        database_url: str,
        application_name: str,
        on_error: Callable[[str], None] = lambda query: None,
        doubt: Doubt | None = None,
    ) -> None:
        self.pulses: dict[str, Pulse] = {}
        self._url = database_url
        self._name = application_name
        self._on_error = on_error
        self._doubt = doubt or Doubt()
        self._connections: list[Connection] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for connection in self._connections:
            await connection.close()

    def connection(self, part: str) -> Connection:
        """Make the connection of a part; it opens by itself."""
        self.pulses[part] = pulse = Pulse()
        connection = Connection(
            database_url=self._url,
            application_name=f"{self._name} {part}",
            doubt=self._doubt,
            pulse=pulse,
        )
        self._connections.append(connection)
        return connection

    async def _rows(
        self,
        connection: Connection,
        query: str,
        row: BaseRowFactory[T],
        *,
        within: Limit | None = None,
        repeat: bool = True,
        **parameters: object,
    ) -> list[T]:
        clock = asyncio.get_running_loop().time
        delay, end = _FIRST_DELAY, clock() + _REPEAT_SECONDS
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return await connection.rows(
                    queries()[query], row, parameters, limit=within or LIMIT
                )
            except StatementError as failure:
                self._on_error(query)
                error = _error(query, failure, repeat=repeat)
                if not _may_repeat(failure, repeat) or attempt == _ATTEMPTS or clock() > end:
                    raise error from failure.cause
            await asyncio.sleep(delay * random.uniform(0.5, 1.5))
            delay = min(delay * 4, _LONGEST_DELAY)
        raise AssertionError  # pragma: no cover


def _may_repeat(failure: StatementError, repeat: bool) -> bool:
    if failure.fate is Fate.UNKNOWN:
        return repeat
    return failure.fate is Fate.NOT_SENT or _sqlstate(failure) in _WORTH_REPEATING


def _error(query: str, failure: StatementError, *, repeat: bool) -> GateError:
    sqlstate, why = _sqlstate(failure), "no connection"
    if isinstance(failure.cause, SilenceError):
        why = "no answer"
    unknown = failure.fate is Fate.UNKNOWN or sqlstate in _SAYS_NOTHING
    if unknown and not repeat:
        return ReplyLostError(query, sqlstate=sqlstate, why=why)
    diag = getattr(failure.cause, "diag", None)
    if sqlstate == "23514" and diag is not None and diag.constraint_name is None:
        # A missing partition comes as a violated check, but one that has no name.
        return NoPartitionError(query, sqlstate=sqlstate)
    return _BY_SQLSTATE.get(sqlstate, GateError)(query, sqlstate=sqlstate, why=why)


def _sqlstate(failure: StatementError) -> str | None:
    return getattr(failure.cause, "sqlstate", None)
