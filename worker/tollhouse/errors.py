"""Every error that Tollhouse raises on purpose.

TollhouseError             its message is one line, fit for a terminal; may have a `sqlstate`
├── SettingsError          an environment variable is missing or wrong
├── DeployError            the plan or one of its scripts could not be applied
│   └── PlanError          sqitch.plan itself can't be read
└── GateError              a statement of the worker failed
    ├── LeaseLostError     TH201: this worker was declared dead and no longer holds anything
    ├── NoPartitionError   a row's month has no partition yet
    └── ReplyLostError     it is unknown what a claim took, if anything

db/ERRORS.md lists every SQLSTATE.
"""

__all__ = [
    "DeployError",
    "GateError",
    "LeaseLostError",
    "NoPartitionError",
    "PlanError",
    "ReplyLostError",
    "SettingsError",
    "TollhouseError",
]


class TollhouseError(Exception):
    """The base of the tree."""

    sqlstate: str | None = None


class SettingsError(TollhouseError):
    """An environment variable is missing or wrong; the message names it, never its value."""


class DeployError(TollhouseError):
    """The plan or one of its scripts could not be applied; names the change, file and line."""


class PlanError(DeployError):
    """sqitch.plan itself can't be read; names the line."""


class GateError(TollhouseError):
    """A statement failed. Names the query and the SQLSTATE; Postgres's own text may quote data."""

    def __init__(self, query: str, *, sqlstate: str | None, why: str = "no connection") -> None:
        super().__init__(f"{query} failed ({sqlstate or why})")
        self.sqlstate = sqlstate


class LeaseLostError(GateError):
    """This worker was declared dead: abort what is in flight, register under a new id."""


class NoPartitionError(GateError):
    """A row's month has no partition yet; `maintain` makes it."""


class ReplyLostError(GateError):
    """A claim got no reply: it is unknown what it took, if anything."""
