"""A connection to Postgres for one part of the worker: every wait on it has a deadline.

It is opened when it is needed and closed after any error. A server behind a network that drops
every packet looks like a slow one, so each wait ends by our own clock. It is not cancelled then:
psycopg would first ask the server to stop, for up to ten seconds. The socket is shut down instead,
and the wait ends as if the server had hung up.
"""

import asyncio
import logging
import os
import select
import socket
import threading
import time
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, LiteralString, TypeVar

import psycopg
from psycopg import AsyncConnection, BaseConnection
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import BaseRowFactory, scalar_row

from tollhouse.pulse import Pulse
from tollhouse.sqlstates import Fate, SilenceError, StatementError, is_read_only

__all__ = [
    "CONNECTION_OPTIONS",
    "Connection",
    "Doubt",
    "Limit",
    "deadline",
    "queries",
]

T = TypeVar("T")

# The kernel gives up a peer that no longer acknowledges anything after about twenty seconds.
CONNECTION_OPTIONS: dict[str, Any] = {
    "connect_timeout": 4,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 20_000,
}

_TROUBLE = (psycopg.Error, OSError)
_CONNECT_SECONDS = 20.0  # of which each address gets connect_timeout
_LOOK_SECONDS = 4.0
_SURE_SECONDS = 10.0
_END_SECONDS = 1.0
_TELL_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Limit:
    """How long a statement may take, in seconds.

    server: after this time the server cancels it, and says that it was rolled back
    client: after this time without an answer the server counts as gone; longer than `server`
    """

    server: float
    client: float


@cache
def queries(package: str = "tollhouse") -> dict[str, LiteralString]:
    """The statements of a package's queries.sql by name."""
    text = files(package).joinpath("queries.sql").read_text(encoding="utf-8")
    sections = [section.partition("\n") for section in text.split("-- name: ")[1:]]
    return {name.strip(): body.strip() for name, _, body in sections}


class Doubt:
    """Shared by the connections of a worker: when one of them last failed.

    Each is checked before it is used again: it may hang as well, or its server may no longer be the
    primary. The event loops of two threads may share it.
    """

    def __init__(self) -> None:
        self.since = 0.0
        self._told: tuple[str, float] = "", 0.0

    def cast(self) -> None:
        """Have every connection checked before it is used again."""
        self.since = time.monotonic()

    def tell(self, error: Exception) -> None:
        """Log why there is no connection, the same reason at most once in ten seconds."""
        reason, now = str(error).partition("\n")[0], time.monotonic()
        if reason != self._told[0] or now > self._told[1] + _TELL_SECONDS:
            self._told = reason, now
            # As a library's line: there the log leaves out what may be part of a password.
            logging.getLogger(__name__).warning("can't connect: %s", reason)


class Connection:
    """A connection that one task uses at a time; others wait for their turn.

    answers: whether the last statement succeeded
    """

    def __init__(
        self, *, database_url: str, application_name: str, doubt: Doubt, pulse: Pulse
    ) -> None:
        self.answers = False
        self._url = database_url
        self._options = {**CONNECTION_OPTIONS, "application_name": application_name}
        if not _chooses_server(database_url):
            # Among several hosts, or several addresses of one, choose the primary.
            self._options["target_session_attrs"] = "read-write"
        self._doubt = doubt
        self._pulse = pulse
        self._turn = asyncio.Lock()
        self._open: AsyncConnection[Any] | None = None
        self._limit: Limit | None = None
        self._sure_at = 0.0
        self._waits_since: float | None = None

    @property
    def waits(self) -> float:
        """How many seconds it has been waiting for the server."""
        since = self._waits_since
        return 0.0 if since is None else time.monotonic() - since

    async def rows(
        self,
        query: LiteralString,
        row: BaseRowFactory[T],
        parameters: Mapping[str, object] | None = None,
        *,
        limit: Limit,
    ) -> list[T]:
        """Run a statement. Raises StatementError; the connection is closed then."""
        async with self._turn:
            fate = Fate.NOT_SENT
            try:
                connection = await self._ready(limit)
                fate = Fate.UNKNOWN
                rows = await self._within(limit.client, _fetch(connection, query, row, parameters))
            except _TROUBLE as error:
                self.answers = False
                if fate is Fate.UNKNOWN and self._open is not None and not self._open.closed:
                    fate = Fate.ROLLED_BACK
                if fate is not Fate.ROLLED_BACK or is_read_only(error):
                    self._doubt.cast()
                await self.close()
                raise StatementError(fate, error) from error
            self.answers = True
            self._sure_at = time.monotonic()
            return rows

    async def check(self, limit: Limit) -> None:
        """Ask whether a writable server is still at the other end. Raises StatementError."""
        async with self._turn:
            try:
                await self._look(limit)
            except _TROUBLE as error:
                self.answers = False
                self._doubt.cast()
                await self.close()
                raise StatementError(Fate.NOT_SENT, error) from error

    async def notifications(self, seconds: float) -> AsyncIterator[str]:
        """Yield the channels notified within this many seconds. Raises StatementError."""
        assert self._open is not None
        try:
            async for notification in self._open.notifies(timeout=seconds):
                yield notification.channel
        except _TROUBLE as error:
            self.answers = False
            self._doubt.cast()
            await self.close()
            raise StatementError(Fate.UNKNOWN, error) from error

    async def close(self) -> None:
        """Close it, if it is open: at once, whatever the other end does."""
        connection, self._open = self._open, None
        if connection is not None:
            await connection.close()  # says goodbye and does not wait

    async def _ready(self, limit: Limit) -> AsyncConnection[Any]:
        if self._open is not None and self._open.closed:
            await self.close()
        if self._open is not None and (limit != self._limit or self._is_doubtful(self._open)):
            try:
                await self._look(limit)
            except _TROUBLE:
                self._doubt.cast()
                await self.close()
        if self._open is None:
            try:
                await self._connect(limit)
            except _TROUBLE as error:
                self._doubt.tell(error)
                raise
        assert self._open is not None
        return self._open

    async def _connect(self, limit: Limit) -> None:
        self._open = await self._within(
            _CONNECT_SECONDS,
            AsyncConnection.connect(
                self._url, autocommit=True, prepare_threshold=0, **self._options
            ),
        )
        await self._look(limit)

    def _is_doubtful(self, connection: AsyncConnection[Any]) -> bool:
        idle = time.monotonic() - self._sure_at
        return (
            idle > _SURE_SECONDS
            or self._sure_at <= self._doubt.since
            or _has_unread_data(connection)
        )

    async def _look(self, limit: Limit) -> None:
        assert self._open is not None
        parameters = {"statement_timeout": f"{limit.server:g}s"}
        (read_only,) = await self._within(
            _LOOK_SECONDS, _fetch(self._open, queries()["session"], scalar_row, parameters)
        )
        if read_only is not False:
            raise psycopg.errors.ReadOnlySqlTransaction("this server takes no writes")
        self._limit = limit
        self._sure_at = time.monotonic()

    async def _within(self, seconds: float, wait: Coroutine[Any, Any, T]) -> T:
        task = asyncio.create_task(wait)
        self._waits_since = time.monotonic()
        try:
            await asyncio.wait({task}, timeout=seconds)
            if not task.done():
                raise SilenceError(f"no answer within {seconds:g} seconds")
            return task.result()
        finally:
            self._waits_since = None
            self._pulse.beat()
            if not task.done():
                await self._end(task)

    async def _end(self, task: asyncio.Task[Any]) -> None:
        task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        if self._open is not None:
            shut_down(self._open)
            await asyncio.wait({task}, timeout=_END_SECONDS)
        if not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=_END_SECONDS)
        await self.close()


def shut_down(connection: BaseConnection[Any]) -> None:
    """End every wait on this connection as if the server had hung up."""
    with (
        suppress(OSError, psycopg.Error),
        socket.socket(fileno=os.dup(connection.fileno())) as copy,
    ):
        copy.shutdown(socket.SHUT_RDWR)


@contextmanager
def deadline(connection: psycopg.Connection[Any], seconds: float) -> Iterator[None]:
    """Hang up after this many seconds: what still waits then raises psycopg.OperationalError."""
    timer = threading.Timer(seconds, shut_down, [connection])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


async def _fetch(
    connection: AsyncConnection[Any],
    query: LiteralString,
    row: BaseRowFactory[T],
    parameters: Mapping[str, object] | None,
) -> list[T]:
    cursor = connection.cursor(row_factory=row)
    await cursor.execute(query, parameters)
    return await cursor.fetchall() if cursor.description else []


def _has_unread_data(connection: AsyncConnection[Any]) -> bool:
    """Whether the server sent something unasked, which usually means that it is closing."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def _chooses_server(database_url: str) -> bool:
    given = conninfo_to_dict(database_url).get("target_session_attrs")
    return bool(given or os.environ.get("PGTARGETSESSIONATTRS"))
