"""One observation: what was asked, what should come of it, what came."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from psycopg.rows import dict_row

__all__ = ["Check", "observe", "outcome", "tally"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A claim held against what was observed; `sql` is how to observe it again."""

    name: str
    expected: str
    observed: str
    ok: bool
    sql: str


def observe(
    connection: psycopg.Connection,
    name: str,
    query: LiteralString,
    parameters: Sequence[Any],
    expected: Mapping[str, Any],
) -> Check:
    """Run a query that should return one row, and compare every column."""
    rows = connection.cursor(row_factory=dict_row).execute(query, parameters).fetchall()
    observed = rows[0] if len(rows) == 1 else {"rows": len(rows)}
    return outcome(
        name, expected=expected, observed=observed, sql=_typed(connection, query, parameters)
    )


def tally(
    connection: psycopg.Connection,
    name: str,
    query: LiteralString,
    parameters: Sequence[Any],
    expected: Mapping[str, int],
) -> Check:
    """Run a query of two columns, a label and a number, and compare all its rows."""
    rows = connection.execute(query, parameters).fetchall()
    return outcome(
        name, expected=expected, observed=dict(rows), sql=_typed(connection, query, parameters)
    )


def _typed(connection: psycopg.Connection, query: LiteralString, parameters: Sequence[Any]) -> str:
    return " ".join(psycopg.ClientCursor(connection).mogrify(query, parameters).split())


def outcome(
    name: str, *, expected: Mapping[str, Any], observed: Mapping[str, Any], sql: str
) -> Check:
    """Compare what was observed by whatever means."""
    return Check(
        name=name,
        expected=_text(expected),
        observed=_text(observed),
        ok=dict(expected) == dict(observed),
        sql=sql,
    )


def _text(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_plain(value)}" for name, value in values.items()) or "no row"


def _plain(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)
