"""The driver's errors become those of the tree, or stay what they are."""

import inspect

import psycopg
import pytest

from tests.support.servers import admin
from tollhouse import errors
from tollhouse.embedded import Cluster
from tollhouse.errors import LeaseLostError, RefusedError, mapped_errors

RAISE = (
    "do $$ begin raise exception using"
    " errcode = '{}', message = 'no', detail = 'd', hint = 'h'; end $$"
)


@pytest.mark.parametrize(("sqlstate", "kind"), [("TH201", LeaseLostError)])
def test_mapped(pg18: Cluster, sqlstate: str, kind: type[RefusedError]) -> None:
    """A SQLSTATE of the tree arrives as its class, with the parts of the server's message."""
    with admin(pg18) as connection, pytest.raises(kind) as caught, mapped_errors():
        connection.execute(RAISE.format(sqlstate).encode())
    error = caught.value
    assert (str(error), error.sqlstate, error.detail, error.hint) == ("no", sqlstate, "d", "h")


@pytest.mark.parametrize("sqlstate", ["TH999", "42501", "40001", "P0001", "57P01"])
def test_unknown_is_raised_again(pg18: Cluster, sqlstate: str) -> None:
    """Any other SQLSTATE stays the driver's error, so that nobody takes it for a refusal."""
    with admin(pg18) as connection, pytest.raises(psycopg.Error) as caught, mapped_errors():
        connection.execute(RAISE.format(sqlstate).encode())
    assert caught.value.sqlstate == sqlstate


def test_no_connection_is_raised_again() -> None:
    """A server that nobody can reach has no SQLSTATE and stays the driver's error."""
    with pytest.raises(psycopg.OperationalError), mapped_errors():
        psycopg.connect("postgresql://nobody@127.0.0.1:1/none", connect_timeout=2)


def test_docstring_draws_the_tree() -> None:
    """The drawing in the module's docstring names every class, and only those."""
    classes = {
        name
        for name, value in inspect.getmembers(errors, inspect.isclass)
        if value.__module__ == errors.__name__
    }
    drawn = {
        line.split("─ ")[-1].split()[0]
        for line in (errors.__doc__ or "").splitlines()
        if line.startswith(("TollhouseError", "├", "└", "│", " "))
    }
    assert drawn == classes
