"""Postgres with Tollhouse in it: migrated, with a login for everybody and a first catalogue."""

import shutil
from pathlib import Path

import psycopg

from tollhouse import migrate
from tollhouse.demo import catalogue
from tollhouse.demo.logins import ROLES, create_login, load_passwords
from tollhouse.embedded import Cluster

__all__ = ["Installation", "connect"]

_DATABASE = "tollhouse"
_DISPOSABLE: dict[str, str | int | bool] = {
    "fsync": False,  # nothing of it outlives the machine, and a kill -9 needs no fsync
    "full_page_writes": False,
}
_SETTINGS: dict[str, str | int | bool] = {
    "max_connections": 200,
    "shared_buffers": "128MB",
    "track_commit_timestamp": True,  # shows which rows were written by one transaction
    "log_min_messages": "warning",
}


class Installation:
    """A cluster, the database in it, and the logins of that database.

    directory: the cluster's
    durable: keep what it has through a crash of the machine; otherwise give that up for speed
    """

    def __init__(self, *, directory: Path, durable: bool, bin_dir: Path | str | None) -> None:
        """Find the programs; start nothing yet."""
        settings = _SETTINGS | ({} if durable else _DISPOSABLE)
        self.cluster = Cluster(directory, settings=settings, bin_dir=bin_dir)
        self._logins: dict[str, str] = {}

    def url(self, login: str) -> str:
        """Return a login's libpq URL."""
        password = "" if login == "postgres" else self._logins[login]
        return self.cluster.url(_DATABASE, user=login, password=password)

    def add_login(self, login: str, *, role: str) -> None:
        """Create one more login, a member of a role."""
        self._logins[login] = f"{login}-password"
        with connect(self.url("postgres"), "postgres") as admin:
            create_login(admin, login, self._logins[login], role=role)

    def clear(self, *, empty: bool) -> None:
        """Stop what a killed process has left running; forget all data, if so wished."""
        if self.cluster.running:
            self.cluster.stop("immediate")
        if empty:
            shutil.rmtree(self.cluster.directory, ignore_errors=True)

    def start(self, *, lease: str | None) -> None:
        """Start the server, and make whatever is not there yet.

        lease: how long a worker counts as alive after its last heartbeat; None leaves what is set
        """
        self.cluster.start()
        with psycopg.connect(self.cluster.url(), autocommit=True) as admin:
            query = "select from pg_database where datname = %s"
            if admin.execute(query, (_DATABASE,)).fetchone() is None:
                admin.execute(f"create database {_DATABASE}".encode())
        migrate.deploy(self.url("postgres"))
        self._logins = load_passwords(self.cluster.directory / "logins.json")
        with connect(self.url("postgres"), "postgres") as admin:
            for login, role in ROLES.items():
                create_login(admin, login, self._logins[login], role=role)
            if lease is not None:
                admin.execute(
                    "update tollhouse_private.settings set lease = %s::interval", (lease,)
                )
            known = admin.execute("select from tollhouse_private.models limit 1").fetchone()
        if known is None:
            with connect(self.url("operator"), "operator") as operator:
                catalogue.register(operator)


def connect(url: str, login: str) -> psycopg.Connection:
    """Return a new autocommit connection that says whose it is; the caller closes it.

    Without deadlines: the server is our own, on the loopback address.
    """
    return psycopg.connect(url, autocommit=True, application_name=f"tollhouse demo {login}")
