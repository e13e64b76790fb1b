"""Every error that Tollhouse raises on purpose.

TollhouseError             its message is one line, fit for a terminal; may have a `sqlstate`
├── SettingsError          an environment variable is missing or wrong
├── EmbeddedError          a cluster of our own could not be made, started or stopped
├── DeployError            the plan or one of its scripts could not be applied
│   └── PlanError          sqitch.plan itself can't be read
└── RefusedError           the database refused the statement by a rule of Tollhouse
    └── LeaseLostError     TH201: this worker was declared dead and holds nothing any more

db/ERRORS.md lists every SQLSTATE. One that no class stands for stays the psycopg.Error that it is.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

__all__ = [
    "DeployError",
    "EmbeddedError",
    "LeaseLostError",
    "PlanError",
    "RefusedError",
    "SettingsError",
    "TollhouseError",
    "mapped_errors",
]


class TollhouseError(Exception):
    """The base of the tree."""

    sqlstate: str | None = None


class SettingsError(TollhouseError):
    """An environment variable is missing or wrong; the message names it, never its value."""


class EmbeddedError(TollhouseError):
    """A cluster of our own could not be made, started or stopped."""


class DeployError(TollhouseError):
    """The plan or one of its scripts could not be applied; names the change, file and line."""


class PlanError(DeployError):
    """sqitch.plan itself can't be read; names the line."""


class RefusedError(TollhouseError):
    """The database refused the statement: `sqlstate` says why, `hint` what to do."""

    def __init__(
        self, message: str, *, sqlstate: str | None = None, detail: str = "", hint: str = ""
    ) -> None:
        """Keep the parts of the server's message apart."""
        super().__init__(message)
        self.sqlstate = sqlstate
        self.detail = detail
        self.hint = hint


class LeaseLostError(RefusedError):
    """This worker was declared dead: abort what is in flight, register under a new id."""


_BY_SQLSTATE: dict[str, type[RefusedError]] = {
    "TH201": LeaseLostError,
}


@contextmanager
def mapped_errors() -> Iterator[None]:
    """Raise a SQLSTATE of the tree as its class; let every other error pass unchanged."""
    try:
        yield
    except psycopg.Error as error:
        kind = _BY_SQLSTATE.get(error.sqlstate or "")
        if kind is None:
            raise
        raise kind(
            error.diag.message_primary or str(error),
            sqlstate=error.sqlstate,
            detail=error.diag.message_detail or "",
            hint=error.diag.message_hint or "",
        ) from error
