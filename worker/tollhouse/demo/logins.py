"""Login roles with passwords of their own, one for each kind of person who comes by."""

import json
import secrets
from pathlib import Path

import psycopg
from psycopg import sql

__all__ = ["ROLES", "create_login", "load_passwords"]

ROLES = {
    "app": "tollhouse_client",
    "worker": "tollhouse_worker",
    "operator": "tollhouse_operator",
    "auditor": "tollhouse_auditor",
    "monitor": "tollhouse_monitor",
}
"""The logins that a stack makes, and what each is a member of."""


def load_passwords(path: Path) -> dict[str, str]:
    """Return each login's password: people's are kept in a private file, the worker's is new.

    A worker that outlived a killed stack can't come back to the next one.
    """
    kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    passwords = {login: kept.get(login) or secrets.token_urlsafe(12) for login in ROLES}
    passwords["worker"] = secrets.token_urlsafe(24)
    path.touch(mode=0o600)
    path.write_text(json.dumps(passwords))
    return passwords


def create_login(connection: psycopg.Connection, login: str, password: str, *, role: str) -> None:
    """Create a login as a member of a role, or give it this password if it exists."""
    found = connection.execute("select from pg_roles where rolname = %s", (login,)).fetchone()
    verb = "create" if found is None else "alter"
    connection.execute(
        sql.SQL("{} role {} login inherit password {}").format(
            sql.SQL(verb), sql.Identifier(login), sql.Literal(password)
        )
    )
    connection.execute(
        sql.SQL("grant {} to {}").format(sql.Identifier(role), sql.Identifier(login))
    )
