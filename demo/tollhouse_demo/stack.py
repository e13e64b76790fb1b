"""Everything that Tollhouse needs, running: Postgres, mock provider and workers as processes."""

import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import psycopg
from psycopg import sql

from tollhouse import migrate
from tollhouse_demo import catalogue
from tollhouse_demo.embedded import Cluster, state_home
from tollhouse_demo.embedded.binaries import private_folder
from tollhouse_demo.mock import MockProcess
from tollhouse_demo.processes import ChildProcess, Workers, environment, undisturbed, worker_url

__all__ = ["Stack", "create_login", "demo_folder", "up_folder"]


def demo_folder() -> Path:
    """Return a new folder for one run of the demo."""
    home = _home()
    folder = Path(tempfile.mkdtemp(prefix="demo-", dir=home))
    folder.chmod(_mode())
    return folder


def up_folder() -> Path:
    """Return the folder that `tollhouse up` keeps its data in."""
    return _home() / "up"


def _home() -> Path:
    return private_folder(state_home(), mode=_mode())


def _mode() -> int:
    return 0o711 if os.geteuid() == 0 else 0o700


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

    So a worker that outlived a killed stack can't join the next one.
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
        """Stop what a killed process has left running; delete all data if asked to."""
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


class Stack:
    """A whole installation in a folder, on free ports; use it as a context manager.

    directory: made if missing; as root, every folder above it must be open (o+x) to all
    durable: keep what the folder has and what it will have; otherwise begin with an empty
        database, and throw durability away for speed
    fresh: begin with an empty database although it is durable
    workers: how many worker processes to start with
    lease: how long a worker counts as alive after its last heartbeat; None leaves what is set
    worker_environ: environment variables for every worker, such as TOLLHOUSE_CONCURRENCY
    latency_ms: how long the mock provider takes for each answer
    """

    def __init__(
        self,
        directory: Path | str,
        *,
        durable: bool = False,
        fresh: bool = False,
        workers: int = 1,
        lease: str | None = None,
        worker_environ: Mapping[str, str] | None = None,
        latency_ms: float = 0,
        bin_dir: Path | str | None = None,
    ) -> None:
        """Find the programs; start nothing yet."""
        self.directory = Path(directory).absolute()
        self._first_workers = workers
        self._empty_first = fresh or not durable
        self._lease = lease
        self._worker_environ = dict(worker_environ or {})
        self._latency_ms = latency_ms
        self._page_token = secrets.token_urlsafe(24)
        self._workers = Workers(logs=self.logs)
        self._closing = ExitStack()
        self._installation = Installation(
            directory=self.directory / "postgres", durable=durable, bin_dir=bin_dir
        )

    def __enter__(self) -> Self:
        """Start everything and wait until it is ready; stop what had started if something fails."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()

    @property
    def cluster(self) -> Cluster:
        """The Postgres of the installation."""
        return self._installation.cluster

    @property
    def logs(self) -> Path:
        """Where the mock provider and the workers write."""
        return self.directory / "logs"

    @property
    def workers(self) -> list[ChildProcess]:
        """The workers that run, the one started first in front."""
        return self._workers.running

    def url(self, login: str = "postgres") -> str:
        """Return a login's libpq URL: one of the stack's logins, postgres or an added one."""
        return self._installation.url(login)

    @property
    def page_url(self) -> str:
        """The page of the worker started first, with the token that opens it."""
        return f"{worker_url(self.workers[0])}/?token={self._page_token}"

    def connect(self, login: str = "postgres") -> psycopg.Connection:
        """Return a new autocommit connection of a login; the caller closes it."""
        return connect(self.url(login), login)

    def add_login(self, login: str, *, role: str = "tollhouse_client") -> str:
        """Create one more login and return its URL."""
        self._installation.add_login(login, role=role)
        return self.url(login)

    def start_worker(self, **environ: str) -> ChildProcess:
        """Start one more worker and wait until it is ready; raises StackError."""
        told = environment(
            database_url=self.url("worker"),
            provider_url=self.mock.base_url,
            page_url=self.url("monitor"),
            page_token=self._page_token,
        )
        return self._workers.start(told | self._worker_environ | environ)

    def kill_worker(self, worker: ChildProcess | None = None) -> ChildProcess:
        """SIGKILL a worker, by default the one started first."""
        return self._workers.kill(worker)

    def stop_worker(self, worker: ChildProcess | None = None) -> int:
        """Let a worker drain and end, by default the one started first; return its exit code."""
        return self._workers.stop(worker)

    def stop(self) -> None:
        """Stop everything, the workers first. Nothing but SIGKILL disturbs that."""
        with undisturbed():
            self._workers.stop_all()
            self._closing.close()

    def _start(self) -> None:
        self._installation.clear(empty=self._empty_first)
        self.directory.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            self.directory.chmod(0o711)  # the server runs as another account
        self.logs.mkdir(mode=0o700, exist_ok=True)
        self._closing.callback(self.cluster.stop)
        self._installation.start(lease=self._lease)
        self.mock_process = MockProcess(
            log=self.logs / "mock-provider.log", latency_ms=self._latency_ms
        )
        self._closing.callback(self.mock_process.stop)
        self.mock = self.mock_process.control()
        for _ in range(self._first_workers):
            self.start_worker()
