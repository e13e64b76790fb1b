"""Whose fault it is that results were not recorded: one result's, or the database's."""

from tollhouse.errors import GateError, LeaseLostError, NoPartitionError

__all__ = ["refused_as_data", "retry_singly", "timed_out"]


def retry_singly(error: GateError) -> bool:
    """Whether the results of a batch are recorded one by one, as one of them may be the cause."""
    return timed_out(error) or refused_as_data(error)


def timed_out(error: GateError) -> bool:
    """Whether the statement took too long: the materializer of one result may have done that."""
    return error.sqlstate == "57014"


def refused_as_data(error: GateError) -> bool:
    """Whether the statement failed because of what a result contains.

    Data exceptions, constraint violations, program limits and errors raised by the functions
    themselves. Everything else is the database's trouble and is tried again, and so is a row that
    has no partition yet.
    """
    if isinstance(error, LeaseLostError | NoPartitionError):
        return False
    return (error.sqlstate or "")[:2] in {"22", "23", "54", "P0", "TH"}
