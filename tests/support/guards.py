"""Switches off guards of a running database, to see which proof notices."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Protocol

__all__ = ["EVERYTHING", "NOTHING", "Edit", "disabled", "edit", "private"]

Edit = tuple[str, str, str]
EVERYTHING = ""
NOTHING = "begin end"


class Superuser(Protocol):
    """Who may change everything: a Town, a Scene, a Database."""

    def rows(self, query: str, *parameters: object) -> list[dict[str, Any]]:
        """Run one statement."""
        ...

    def value(self, query: str, *parameters: object) -> Any:
        """Return the single value of a query."""
        ...


def private(function: str, old: str, new: str) -> Edit:
    """Return an edit of a private function: a part of its body, or EVERYTHING in it."""
    return f"tollhouse_private.{function}", old, new


@contextmanager
def disabled(superuser: Superuser, edits: list[Edit]) -> Iterator[None]:
    """Edit the running database; undo the edit afterwards."""
    with ExitStack() as undo:
        for what, old, new in edits:
            kind, *names = what.split()
            if kind == "policy":
                undo.enter_context(_opened(superuser, *names))
            elif kind == "constraint":
                undo.enter_context(_dropped(superuser, *names))
            elif kind == "view":
                undo.enter_context(_viewed(superuser, names[0], old, new))
            elif kind == "outcome":
                undo.enter_context(_followed(superuser, names[0], old, new))
            elif kind == "table":
                undo.enter_context(_unlogged(superuser, names[0]))
            else:
                undo.enter_context(_edited(superuser, what, old, new))
        yield


def edit(superuser: Superuser, function: str, old: str, new: str) -> str:
    """Edit or replace the body of a function; return its old definition."""
    definition: str = superuser.value(
        "select pg_get_functiondef(p.oid) from pg_catalog.pg_proc as p"
        " where p.pronamespace::regnamespace::text || '.' || p.proname = %s",
        function,
    )
    head, quote, rest = definition.partition("$function$")
    body = rest.rpartition(quote)[0]
    if old:
        assert old in body, f"{function} has changed: there is no {old!r} in it"
    changed = body.replace(old, new) if old else new
    superuser.rows(f"{head}{quote}{changed}{quote}")
    return definition


@contextmanager
def _edited(superuser: Superuser, function: str, old: str, new: str) -> Iterator[None]:
    definition = edit(superuser, function, old, new)
    try:
        yield
    finally:
        superuser.rows(definition)


@contextmanager
def _opened(superuser: Superuser, table: str, policy: str) -> Iterator[None]:
    before: str = superuser.value(
        "select qual from pg_catalog.pg_policies where tablename = %s and policyname = %s",
        table,
        policy,
    )
    alter = f"alter policy {policy} on tollhouse_private.{table} using"
    # Other sessions may hold a plan made under the old policy: the change invalidates it.
    superuser.rows(f"{alter} (true)")
    try:
        yield
    finally:
        superuser.rows(f"{alter} ({before})")


@contextmanager
def _dropped(superuser: Superuser, table: str, constraint: str) -> Iterator[None]:
    definition: str = superuser.value(
        "select pg_get_constraintdef(oid) from pg_catalog.pg_constraint where conname = %s",
        constraint,
    )
    alter = f"alter table tollhouse_private.{table}"
    superuser.rows(f"{alter} drop constraint {constraint}")
    try:
        yield
    finally:
        # Duplicates of the same millisecond can't be booked: the ledger's own key is in the way.
        superuser.rows("delete from tollhouse_private.jobs")
        superuser.rows(f"truncate tollhouse_private.{table}")
        superuser.rows(f"{alter} add constraint {constraint} {definition}")


@contextmanager
def _viewed(superuser: Superuser, view: str, old: str, new: str) -> Iterator[None]:
    definition: str = superuser.value("select pg_get_viewdef(%s::regclass)", f"tollhouse.{view}")
    assert old in definition
    create = f"create or replace view tollhouse.{view} with (security_invoker = true) as"
    superuser.rows(f"{create} {definition.replace(old, new)}")
    try:
        yield
    finally:
        superuser.rows(f"{create} {definition}")


@contextmanager
def _followed(superuser: Superuser, outcome: str, column: str, value: str) -> Iterator[None]:
    table = "tollhouse_private.attempt_outcomes"
    before = superuser.value(f"select {column} from {table} where outcome = %s", outcome)
    query = f"update {table} set {column} = %s where outcome = %s"
    superuser.rows(query, value, outcome)
    try:
        yield
    finally:
        superuser.rows(query, before, outcome)


@contextmanager
def _unlogged(superuser: Superuser, table: str) -> Iterator[None]:
    superuser.rows(f"alter table tollhouse_private.{table} set unlogged")
    try:
        yield
    finally:
        superuser.rows(f"alter table tollhouse_private.{table} set logged")
