"""Runs the named statements of queries.sql over a few connections.

A statement is repeated only where that is safe: after a serialization failure or a deadlock
(the server rolled it back), when no connection could be had (nothing was sent), and, for every
query but a claim, after the connection broke. A claim whose reply was lost may have been
committed: that is `ReplyLostError`, and the caller gives up its identity (see worker/leases.py).
"""

import asyncio
import random
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any, LiteralString, Self, TypeVar

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import BaseRowFactory
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from tollhouse.errors import GateError, LeaseLostError, NoPartitionError, ReplyLostError

__all__ = ["CONNECTION_OPTIONS", "Statements", "queries"]

T = TypeVar("T")

# A half-open connection is noticed in about twenty seconds, on the listener too.
CONNECTION_OPTIONS: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 20_000,
}

_ATTEMPTS = 4
_FIRST_DELAY, _LONGEST_DELAY = 0.05, 1.0
_ROLLED_BACK = {"40001", "40P01"}
# Claim loop, leases, control, reaper and upkeep each have at most one statement at a time.
_CONNECTIONS = 5
_CONNECTION_WAIT = 3.0

_BY_SQLSTATE: dict[str | None, type[GateError]] = {"TH201": LeaseLostError}


@cache
def queries() -> dict[str, LiteralString]:
    """The statements of queries.sql by name."""
    text = files("tollhouse").joinpath("queries.sql").read_text(encoding="utf-8")
    sections = [section.partition("\n") for section in text.split("-- name: ")[1:]]
    return {name.strip(): body.strip() for name, _, body in sections}


class Statements:
    """A pool that runs statements by name and raises GateError, nothing of the driver's.

    Each failed try is told to `on_error` by the query's name, whether it is repeated or not.
    """

    def __init__(
        self,
        *,
        database_url: str,
        application_name: str,
        on_error: Callable[[str], None] = lambda query: None,
    ) -> None:
        self._on_error = on_error
        self._pool = AsyncConnectionPool(
            database_url,
            kwargs={
                **CONNECTION_OPTIONS,
                "autocommit": True,
                "application_name": application_name,
                "prepare_threshold": 0,
            },
            min_size=1,
            max_size=_CONNECTIONS,
            timeout=_CONNECTION_WAIT,
            reconnect_timeout=_CONNECTION_WAIT,  # then the next statement starts a fresh try
            configure=_configure,
            open=False,
        )

    async def __aenter__(self) -> Self:
        await self._pool.open(wait=False)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._pool.close()

    async def _rows(
        self, query: str, row: BaseRowFactory[T], *, repeat: bool = True, **parameters: object
    ) -> list[T]:
        delay = _FIRST_DELAY
        for attempt in range(1, _ATTEMPTS + 1):
            broken = False
            try:
                async with self._pool.connection() as connection:
                    try:
                        cursor = connection.cursor(row_factory=row)
                        await cursor.execute(queries()[query], parameters)
                        return await cursor.fetchall()
                    finally:
                        broken = connection.closed
            except psycopg.Error as error:
                self._on_error(query)
                if broken:
                    await self._pool.check()  # a restart breaks the others too
                    if not repeat:
                        raise ReplyLostError(query, sqlstate=error.sqlstate) from error
                again = broken or isinstance(error, PoolTimeout) or error.sqlstate in _ROLLED_BACK
                if not again or attempt == _ATTEMPTS:
                    raise _kind(error)(query, sqlstate=error.sqlstate) from error
            await asyncio.sleep(delay * random.uniform(0.5, 1.5))
            delay = min(delay * 4, _LONGEST_DELAY)
        raise AssertionError  # pragma: no cover


def _kind(error: psycopg.Error) -> type[GateError]:
    # A missing partition comes as a violated check, but one that has no name.
    if error.sqlstate == "23514" and error.diag.constraint_name is None:
        return NoPartitionError
    return _BY_SQLSTATE.get(error.sqlstate, GateError)


async def _configure(connection: AsyncConnection[Any]) -> None:
    await connection.execute(queries()["session"])
