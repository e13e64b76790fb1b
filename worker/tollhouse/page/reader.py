"""Asks queries.sql, over one read-only connection, into a snapshot."""

import asyncio
import time
from functools import cache
from importlib.resources import files
from typing import Any, LiteralString, Self, TypeVar

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import class_row

from tollhouse.errors import TollhouseError
from tollhouse.page import call_rows, rows
from tollhouse.page.scope import scope_of
from tollhouse.page.snapshot import Snapshot

__all__ = ["PageError", "Reader", "queries"]

T = TypeVar("T")

# A snapshot is about a dozen statements; each has a limit of its own.
_SECONDS = 6.0


class PageError(TollhouseError):
    """The database gave no snapshot. The text names no data and no secret."""


@cache
def queries() -> dict[str, LiteralString]:
    """The statements of the page's queries.sql by name."""
    text = files("tollhouse.page").joinpath("queries.sql").read_text(encoding="utf-8")
    sections = [section.partition("\n") for section in text.split("-- name: ")[1:]]
    return {name.strip(): body.strip() for name, _, body in sections}


class Reader:
    """One connection, opened by the first look and again when it broke; looks go one by one."""

    def __init__(self, *, database_url: str, application_name: str) -> None:
        self._url = database_url
        self._name = application_name
        self._connection: AsyncConnection[Any] | None = None
        self._turn = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._close()

    async def snapshot(self) -> Snapshot:
        """Read everything in one read-only transaction. Raises PageError."""
        async with self._turn:
            reading = asyncio.create_task(self._read())
            try:
                await asyncio.wait({reading}, timeout=_SECONDS)
                if not reading.done():
                    raise TimeoutError
                return reading.result()
            except TimeoutError:
                await _give_up(reading)
                await self._close()
                raise PageError(f"no answer within {_SECONDS:g} seconds") from None
            except psycopg.errors.QueryCanceled:
                await self._close()
                raise PageError("a query took longer than 2 seconds") from None
            except psycopg.errors.InsufficientPrivilege:
                await self._close()
                raise PageError("the login is not a member of tollhouse_monitor") from None
            except psycopg.Error as error:
                await self._close()
                state = f"SQLSTATE {error.sqlstate}" if error.sqlstate else "no connection"
                raise PageError(f"the database can't be read ({state})") from None
            except asyncio.CancelledError:  # whoever asked went away in the middle of it
                await _give_up(reading)
                await self._close()
                raise

    async def _read(self) -> Snapshot:
        if self._connection is None or self._connection.closed:
            self._connection = await AsyncConnection.connect(
                self._url,
                autocommit=True,
                connect_timeout=5,
                application_name=self._name,
                prepare_threshold=None,
            )
        connection = self._connection
        begin = time.monotonic()
        await connection.execute(queries()["begin"])
        await connection.execute(queries()["limit_time"])
        (look,) = await self._ask("look", rows.Look)
        scope = scope_of(look)
        (total,) = await self._ask("total", rows.Total)
        (ended,) = await self._ask("ended", call_rows.Ended, **scope)
        found: dict[str, Any] = {
            name: await self._ask(name, kind, **scope)
            for name, kind in (
                ("workers", rows.Worker),
                ("spends", rows.Spend),
                ("overruns", rows.Overrun),
                ("stops", rows.Stop),
                ("refusals", call_rows.Refusal),
                ("latencies", call_rows.Latency),
                ("queue", rows.Waiting),
                ("calls", call_rows.Call),
                ("minutes", call_rows.Minute),
                ("latency_minutes", call_rows.LatencyMinute),
            )
        }
        await connection.rollback()
        read_ms = round((time.monotonic() - begin) * 1000)
        return Snapshot(look=look, total=total, ended=ended, read_ms=read_ms, **found)

    async def _ask(self, query: str, kind: type[T], **parameters: object) -> list[T]:
        assert self._connection is not None
        async with self._connection.cursor(row_factory=class_row(kind)) as cursor:
            await cursor.execute(queries()[query], parameters or None)
            return await cursor.fetchall()

    async def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()


async def _give_up(reading: asyncio.Task[Snapshot]) -> None:
    """Cancel twice: psycopg first asks the server to stop, and would wait ten seconds for that."""
    for _ in range(2):
        reading.cancel()
        await asyncio.wait({reading}, timeout=0.25)
