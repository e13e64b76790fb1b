"""What a chapter of the story works with: connections, callers, operator, checks."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, LiteralString

import psycopg

from tollhouse_demo import prompts
from tollhouse_demo.caller import Caller
from tollhouse_demo.checks import Check
from tollhouse_demo.inputs import Row, load_table, rows_of
from tollhouse_demo.processes import PATIENCE
from tollhouse_demo.prompts import Request
from tollhouse_demo.screen import Screen
from tollhouse_demo.stack import Stack

__all__ = ["HELD", "Chapter", "Stage", "StageError"]

# A fault of the mock provider: no answer until its faults are cleared.
HELD = {"delay_ms": 3_600_000}
_WEEKS = ("2026-W33", "2026-W34", "2026-W35")


class StageError(Exception):
    """What a chapter waited for did not happen in time."""


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """One chapter: what it is about, and the function that plays it."""

    title: str
    intro: str
    play: "Callable[[Stage], None]"


@dataclass(kw_only=True)
class Stage:
    """A running stack with connections of the application, the operator and the auditor."""

    stack: Stack
    screen: Screen
    app: psycopg.Connection
    operator: psycopg.Connection
    auditor: psycopg.Connection
    superuser: psycopg.Connection
    checks: list[Check] = field(default_factory=list)

    def caller(self, tenant: str, user: str) -> Caller:
        """Return an application that asks for this user."""
        return Caller(self.app, tenant, user)

    def operate(self, statement: LiteralString, *parameters: object) -> None:
        """Run and show what an operator types."""
        cursor = psycopg.ClientCursor(self.operator)
        self.screen.operator(cursor.mogrify(statement, parameters))
        cursor.execute(statement, parameters)

    def check(self, *checks: Check) -> None:
        """Show and keep what was observed."""
        for check in checks:
            self.checks.append(check)
            self.screen.check(check)

    def until(self, what: str, look: Callable[[], bool], *, seconds: float = PATIENCE) -> float:
        """Wait until it is so; return the seconds it took. Raises StageError."""
        begin = time.monotonic()
        while not look():
            if time.monotonic() > begin + seconds:
                raise StageError(f"{what}: not within {seconds:g} seconds")
            time.sleep(0.02)
        return time.monotonic() - begin

    def settle(self) -> None:
        """Wait until the provider has no request in flight, not even one that nobody waits for."""
        totals = self.stack.mock.totals
        self.until("the end of the last request", lambda: totals()["in_flight"] == 0)

    def count(self, query: LiteralString, parameters: Sequence[Any] = ()) -> int:
        """Return the one number that a query of the auditor answers."""
        row = self.auditor.execute(query, parameters).fetchone()
        return int(row[0]) if row else 0

    def running(self, caller: Caller) -> int:
        """Return how many calls of a user are in flight."""
        return self.state_count(caller, "running")

    def state_count(self, caller: Caller, state: str) -> int:
        """Return how many unfinished calls of a user are in this state."""
        return self.count(
            "select count(*) from tollhouse.jobs where state = %s"
            " and (tenant_id, user_id) = (%s, %s)",
            (state, caller.tenant, caller.user),
        )

    @staticmethod
    def rows(tenant: str, channel: str) -> list[Row]:
        """Return the last weeks of a channel."""
        return rows_of(load_table(), tenant, weeks=_WEEKS, channel=channel)

    def route(self, tenant: str, question: str, channel: str = "search") -> Request:
        """Return a request for the endpoint route about the last weeks of a channel."""
        return prompts.route(question, self.rows(tenant, channel))

    def explanation(self, tenant: str, question: str, channel: str = "search") -> Request:
        """Return a request for the endpoint explanation about the last weeks of a channel."""
        return prompts.explanation(question, self.rows(tenant, channel), reader="the board")

    def investigation(self, tenant: str, question: str, channel: str = "search") -> Request:
        """Return a request for the endpoint investigation about the last weeks of a channel."""
        return prompts.investigation(question, self.rows(tenant, channel))
