"""An installation that somebody else runs, such as the topology of docker-compose.e2e.yml.

TOLLHOUSE_E2E_DATABASE_URL    the superuser's; this variable is what selects an installation
TOLLHOUSE_E2E_APP_URL, …_WORKER_URL, …_OPERATOR_URL, …_AUDITOR_URL, …_MONITOR_URL
TOLLHOUSE_E2E_MOCK_URL        the mock provider, scheme, host and port
TOLLHOUSE_E2E_WORKER_HTTP     a worker's HTTP address
"""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn, Self

import pytest
from psycopg.conninfo import make_conninfo

from tollhouse.wait import wait
from tollhouse_demo import catalogue
from tollhouse_demo.embedded import Cluster
from tollhouse_demo.mock import MockControl
from tollhouse_demo.processes import ChildProcess
from tollhouse_demo.stack import Stack, create_login

_PREFIX = "TOLLHOUSE_E2E_"
_LOGINS = ("app", "worker", "operator", "auditor", "monitor")
_REASON = "these processes are not the test's own: it can't start, stop or kill them"


class ExternalStack(Stack):
    """Stands in for a Stack; a test that would stop a process or the cluster is skipped."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._superuser = environ[f"{_PREFIX}DATABASE_URL"]
        self._urls = {"postgres": self._superuser}
        self._urls |= {login: environ[f"{_PREFIX}{login.upper()}_URL"] for login in _LOGINS}
        self._worker = environ[f"{_PREFIX}WORKER_HTTP"]
        self.mock = MockControl(environ[f"{_PREFIX}MOCK_URL"])

    def __enter__(self) -> Self:
        """Wait for it; register what the demo's stack registers, unless already present."""
        wait(self._superuser, worker_url=self._worker, seconds=60)
        with self.connect() as superuser:
            known = superuser.execute("select from tollhouse_private.models limit 1").fetchone()
        if known is None:
            with self.connect("operator") as operator:
                catalogue.register(operator)
        return self

    def url(self, login: str = "postgres") -> str:
        """Return the URL of a login that was given or added."""
        return self._urls[login]

    def add_login(self, login: str, *, role: str = "tollhouse_client") -> str:
        """Create one more login and return its URL."""
        password = secrets.token_urlsafe(12)
        with self.connect() as superuser:
            create_login(superuser, login, password, role=role)
        self._urls[login] = make_conninfo(self._superuser, user=login, password=password)
        return self.url(login)

    def stop(self) -> None:
        """Leave everything as it is."""

    def start_worker(self, **environ: str) -> NoReturn:
        """Skip the test."""
        _skip()

    def kill_worker(self, worker: ChildProcess | None = None) -> NoReturn:
        """Skip the test."""
        _skip()

    def stop_worker(self, worker: ChildProcess | None = None) -> NoReturn:
        """Skip the test."""
        _skip()

    @property
    def logs(self) -> Path:
        """Skip the test: only whoever runs the installation has them."""
        _skip()

    @property
    def cluster(self) -> Cluster:
        """Skip the test."""
        _skip()

    @property
    def workers(self) -> list[ChildProcess]:
        """Skip the test."""
        _skip()


def external_stack() -> ExternalStack | None:
    """Return the installation that the environment selects, if any."""
    return ExternalStack() if f"{_PREFIX}DATABASE_URL" in os.environ else None


def _skip() -> NoReturn:
    pytest.skip(_REASON)
