"""Everything that Tollhouse needs, running: Postgres, mock provider and workers as processes."""

import os
import secrets
import shutil
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import psycopg

from tollhouse import migrate
from tollhouse.demo import catalogue
from tollhouse.demo.logins import ROLES, create_login, load_passwords
from tollhouse.demo.mock import MockControl
from tollhouse.demo.process import ChildProcess
from tollhouse.demo.readiness import is_ready, mock_url, worker_url
from tollhouse.demo.signals import undisturbed
from tollhouse.embedded import Cluster

__all__ = ["Stack"]

_DATABASE = "tollhouse"
_START_SECONDS = 30.0
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
        self.workers: list[ChildProcess] = []
        self._first_workers = workers
        self._empty_first = fresh or not durable
        self._lease = lease
        self._worker_environ = dict(worker_environ or {})
        self._latency_ms = latency_ms
        self._logins: dict[str, str] = {}
        self._page_token = secrets.token_urlsafe(24)
        self._started = 0
        self._closing = ExitStack()
        settings = _SETTINGS | ({} if durable else _DISPOSABLE)
        self.cluster = Cluster(self.directory / "postgres", settings=settings, bin_dir=bin_dir)

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
    def logs(self) -> Path:
        """Where the mock provider and the workers write."""
        return self.directory / "logs"

    def url(self, login: str = "postgres") -> str:
        """Return a login's libpq URL: app, worker, operator, auditor, postgres or an added one."""
        password = "" if login == "postgres" else self._logins[login]
        return self.cluster.url(_DATABASE, user=login, password=password)

    @property
    def page_url(self) -> str:
        """The page of the worker started first, with the token that opens it."""
        return f"{worker_url(self.workers[0])}/?token={self._page_token}"

    def connect(self, login: str = "postgres") -> psycopg.Connection:
        """Return a new autocommit connection of a login; the caller closes it."""
        return psycopg.connect(
            self.url(login), autocommit=True, application_name=f"tollhouse demo {login}"
        )

    def add_login(self, login: str, *, role: str = "tollhouse_client") -> str:
        """Create one more login and return its URL."""
        self._logins[login] = f"{login}-password"
        with self.connect() as connection:
            create_login(connection, login, self._logins[login], role=role)
        return self.url(login)

    def start_worker(self, **environ: str) -> ChildProcess:
        """Start one more worker and wait until it is ready; raises StackError."""
        self._started += 1
        name = f"worker-{self._started}"
        worker = ChildProcess(
            name,
            "worker",
            log=self.logs / f"{name}.log",
            environ={
                "DATABASE_URL": self.url("worker"),
                "TOLLHOUSE_HTTP_HOST": "127.0.0.1",
                "TOLLHOUSE_HTTP_PORT": "0",
                "TOLLHOUSE_PAGE_TOKEN": self._page_token,
                "TOLLHOUSE_PAGE_DATABASE_URL": self.url("auditor"),
                **self._provider_environ(),
                **self._worker_environ,
                **environ,
            },
        )
        self.workers.append(worker)
        url = worker.wait_for("HTTP port", lambda: worker_url(worker), seconds=_START_SECONDS)
        worker.wait_for("readiness", lambda: is_ready(url), seconds=_START_SECONDS)
        return worker

    def kill_worker(self, worker: ChildProcess | None = None) -> ChildProcess:
        """SIGKILL a worker, by default the one started first."""
        victim = worker or self.workers[0]
        self.workers.remove(victim)
        victim.kill()
        return victim

    def stop_worker(self, worker: ChildProcess | None = None) -> int:
        """Let a worker drain and end, by default the one started first; return its exit code."""
        leaving = worker or self.workers[0]
        self.workers.remove(leaving)
        return leaving.stop(seconds=40)

    def stop(self) -> None:
        """Stop everything, the workers first. A Ctrl-C meanwhile is ignored."""
        with undisturbed():
            for worker in self.workers:
                worker.stop(seconds=5)
            self.workers.clear()
            self._closing.close()

    def _start(self) -> None:
        if self.cluster.running:  # left behind by a stack that was killed
            self.cluster.stop("immediate")
        if self._empty_first:
            shutil.rmtree(self.directory / "postgres", ignore_errors=True)
        self.directory.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            self.directory.chmod(0o711)  # the server runs under another account
        self.logs.mkdir(mode=0o700, exist_ok=True)
        self._closing.callback(self.cluster.stop)
        self.cluster.start()
        self._deploy()
        self._start_mock()
        for _ in range(self._first_workers):
            self.start_worker()

    def _deploy(self) -> None:
        with psycopg.connect(self.cluster.url(), autocommit=True) as admin:
            query = "select from pg_database where datname = %s"
            if admin.execute(query, (_DATABASE,)).fetchone() is None:
                admin.execute(f"create database {_DATABASE}".encode())
        migrate.deploy(self.url())
        self._logins = load_passwords(self.cluster.directory / "logins.json")
        with self.connect() as admin:
            for login, role in ROLES.items():
                create_login(admin, login, self._logins[login], role=role)
            if self._lease is not None:
                admin.execute(
                    "update tollhouse_private.settings set lease = %s::interval", (self._lease,)
                )
            known = admin.execute("select from tollhouse_private.models limit 1").fetchone()
        if known is None:
            with self.connect("operator") as operator:
                catalogue.register(operator)

    def _start_mock(self) -> None:
        process = ChildProcess(
            "mock provider",
            "mock-provider",
            "--port=0",
            f"--latency-ms={self._latency_ms:g}",
            log=self.logs / "mock-provider.log",
            environ={},
        )
        self._closing.callback(process.stop)
        url = process.wait_for("address", lambda: mock_url(process), seconds=_START_SECONDS)
        self.mock_process = process
        self.mock = MockControl(url.removesuffix("/v1"))

    def _provider_environ(self) -> dict[str, str]:
        return {
            f"TOLLHOUSE_PROVIDER_{name.upper().replace('-', '_')}_{what}": value
            for name in catalogue.PROVIDERS
            for what, value in (("BASE_URL", self.mock.base_url), ("API_KEY", "mock-key"))
        }
