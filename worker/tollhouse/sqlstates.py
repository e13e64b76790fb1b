"""What it means that a statement of the worker failed: every decision on an SQLSTATE is made here.

A statement is repeated only where that is safe: after a serialization failure or a deadlock (the
server rolled it back), when nothing was sent, when the server takes no writes any more, and, for
every query but a claim, after the reply was lost. A claim whose reply was lost may have been
committed: that is `ReplyLostError`, and the caller gives up its identity (see worker/leases.py).
"""

from enum import Enum

import psycopg

from tollhouse.errors import GateError, LeaseLostError, NoPartitionError, ReplyLostError

__all__ = [
    "ERRORS",
    "Fate",
    "SilenceError",
    "StatementError",
    "gate_error",
    "is_read_only",
    "is_refused_as_data",
    "is_timeout",
    "is_too_large",
    "lacks_schema",
    "may_repeat",
    "remedy",
    "retry_singly",
]

ERRORS: dict[str | None, type[GateError]] = {"TH201": LeaseLostError}
"""The errors of their own that SQLSTATEs of ours have."""

_READ_ONLY = "25006"
_TIMEOUT = "57014"
_REPEATABLE = {"40001", "40P01", _READ_ONLY}
# More than the server can hold in one piece.
_TOO_LARGE = {"54000", "XX000"}
# Data exceptions, constraint violations, program limits, errors raised by the functions themselves.
_OF_DATA = {"22", "23", "54", "P0", "TH"}
_LACKS_SCHEMA = {"3F000", "42883"}
_NOT_A_MEMBER = "42501"


class Fate(Enum):
    """What became of a statement that failed."""

    NOT_SENT = "not sent"
    ROLLED_BACK = "rolled back"
    UNKNOWN = "unknown"


class SilenceError(psycopg.OperationalError):
    """No answer within the deadline."""


class StatementError(Exception):
    """A statement failed; the driver's error is the cause."""

    def __init__(self, fate: Fate, cause: Exception) -> None:
        super().__init__(fate.value)
        self.fate = fate
        self.cause = cause

    @property
    def sqlstate(self) -> str | None:
        """The server's word; None when there was none."""
        return _sqlstate(self.cause)


def is_read_only(error: Exception) -> bool:
    """Whether the server takes no writes any more: after a failover another one does."""
    return _sqlstate(error) == _READ_ONLY


def may_repeat(failure: StatementError, *, repeat: bool) -> bool:
    """Whether the statement may be sent again; `repeat` says whether it may have been committed."""
    if failure.fate is Fate.UNKNOWN:
        return repeat
    return failure.fate is Fate.NOT_SENT or failure.sqlstate in _REPEATABLE


def gate_error(query: str, failure: StatementError, *, repeat: bool) -> GateError:
    """Return what a failure is to the worker."""
    sqlstate = failure.sqlstate
    why = "no answer" if isinstance(failure.cause, SilenceError) else "no connection"
    # Raised after a commit within a procedure, a timeout does not say what was committed.
    if (failure.fate is Fate.UNKNOWN or sqlstate == _TIMEOUT) and not repeat:
        return ReplyLostError(query, sqlstate=sqlstate, why=why)
    diag = getattr(failure.cause, "diag", None)
    if sqlstate == "23514" and diag is not None and diag.constraint_name is None:
        # A missing partition comes as a violated check, but one that has no name.
        return NoPartitionError(query, sqlstate=sqlstate)
    return ERRORS.get(sqlstate, GateError)(query, sqlstate=sqlstate, why=why)


def retry_singly(error: GateError) -> bool:
    """Whether the results of a batch are recorded one by one, as one of them may be the cause."""
    return is_timeout(error) or is_refused_as_data(error)


def is_timeout(error: GateError) -> bool:
    """Whether the statement took too long, perhaps because of one result's materializer."""
    return error.sqlstate == _TIMEOUT


def is_refused_as_data(error: GateError) -> bool:
    """Whether the statement failed because of what a result contains.

    Everything else is the database's trouble and is tried again, and so is a row that has no
    partition yet.
    """
    if isinstance(error, LeaseLostError | NoPartitionError):
        return False
    return (error.sqlstate or "")[:2] in _OF_DATA


def is_too_large(error: GateError) -> bool:
    """Whether a claim returned more than the server can hold: a smaller one may succeed."""
    return error.sqlstate in _TOO_LARGE


def lacks_schema(error: GateError) -> bool:
    """Whether the schema is missing, or too old for this worker."""
    return error.sqlstate in _LACKS_SCHEMA


def remedy(error: GateError) -> str | None:
    """What a person has to do; None where waiting helps."""
    if lacks_schema(error):
        return "the schema is missing or older than this worker: run sqitch deploy"
    if error.sqlstate == _NOT_A_MEMBER:
        return "the login is not a member of tollhouse_worker: grant tollhouse_worker to <login>"
    return None


def _sqlstate(error: Exception) -> str | None:
    return getattr(error, "sqlstate", None)
