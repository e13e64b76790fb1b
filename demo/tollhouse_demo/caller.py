"""An application that asks on behalf of one user: each method is one transaction of its own."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import class_row, dict_row
from psycopg.types.json import Jsonb

from tollhouse_demo.processes import PATIENCE

__all__ = ["Caller", "Ticket"]


@dataclass(frozen=True, slots=True)
class Ticket:
    """What enqueue answers."""

    call_id: UUID
    request_id: str
    status: str
    blocked_reason: str | None
    was_cached: bool
    deduplicated: bool


class Caller:
    """One tenant's user, on an autocommit connection that others may share (not at once)."""

    def __init__(self, connection: psycopg.Connection, tenant: str, user: str) -> None:
        """Keep who asks."""
        self.connection = connection
        self.tenant = tenant
        self.user = user

    def __str__(self) -> str:
        """The user at the tenant."""
        return f"{self.user} of {self.tenant}"

    def enqueue(
        self,
        endpoint: str,
        request: Mapping[str, Any],
        request_id: str | None = None,
        *,
        watermark: str = "",
        use_cache: bool = True,
        run_at: str | None = None,
    ) -> Ticket:
        """Ask for one call; raises psycopg.Error with a TH… SQLSTATE for a misuse."""
        with self.connection.transaction():
            self.identify()
            cursor = self.connection.cursor(row_factory=class_row(Ticket))
            row = cursor.execute(
                "select * from tollhouse.enqueue(%s, %s, %s, p_watermark => %s, p_use_cache => %s,"
                " p_run_at => %s::timestamptz)",
                (endpoint, Jsonb(request), request_id, watermark, use_cache, run_at),
            ).fetchone()
        assert row is not None
        return row

    def enqueue_many(self, calls: Sequence[Mapping[str, Any]]) -> list[Ticket]:
        """Ask for many at once, all or none: they become visible to workers together."""
        with self.connection.transaction():
            self.identify()
            cursor = self.connection.cursor(row_factory=class_row(Ticket))
            query = "select * from tollhouse.enqueue_many(%s)"
            return cursor.execute(query, (Jsonb(list(calls)),)).fetchall()

    def wait(self, call_id: UUID, *, seconds: float = PATIENCE) -> dict[str, Any]:
        """Return the result once the call is finished, or as it stands when the time is up."""
        with self.connection.transaction():
            self.identify()
            cursor = self.connection.cursor(row_factory=dict_row)
            query = "select * from tollhouse.wait_for(%s, make_interval(secs => %s))"
            return cursor.execute(query, (call_id, seconds)).fetchone() or {}

    def wait_all(
        self, tickets: Sequence[Ticket], *, seconds: float = PATIENCE
    ) -> list[dict[str, Any]]:
        """Return the results of all of them, finished or not, when the time is up."""
        deadline = time.monotonic() + seconds
        return [
            self.wait(ticket.call_id, seconds=max(0.0, deadline - time.monotonic()))
            for ticket in tickets
        ]

    def cancel(self, call_id: UUID) -> str | None:
        """Cancel a call; return its status after that."""
        with self.connection.transaction():
            self.identify()
            row = self.connection.execute("select tollhouse.cancel(%s)", (call_id,)).fetchone()
        return row[0] if row else None

    def explain(self, endpoint: str, request_id: str) -> dict[str, Any]:
        """Return why a call is not running, or what became of it."""
        with self.connection.transaction():
            self.identify()
            cursor = self.connection.cursor(row_factory=dict_row)
            query = "select * from tollhouse.explain(%s, %s)"
            return cursor.execute(query, (endpoint, request_id)).fetchone() or {}

    def identify(self) -> None:
        """Set the identity of the open transaction."""
        self.connection.execute("select tollhouse.set_identity(%s, %s)", (self.tenant, self.user))
