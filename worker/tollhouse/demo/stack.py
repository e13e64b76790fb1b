"""Everything that Tollhouse needs, running: Postgres, mock provider and workers as processes."""

import os
import secrets
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import psycopg

from tollhouse.demo.installation import Installation, connect
from tollhouse.demo.mock_process import MockProcess
from tollhouse.demo.process import ChildProcess
from tollhouse.demo.readiness import worker_url
from tollhouse.demo.signals import undisturbed
from tollhouse.demo.workers import Workers, environment
from tollhouse.embedded import Cluster

__all__ = ["Stack"]


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
            self.directory.chmod(0o711)  # the server runs under another account
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
