"""A server that somebody else runs, such as the one of docker-compose.e2e.yml."""

from typing import NoReturn

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tollhouse_demo.embedded import Cluster


class GivenServer(Cluster):
    """Stands in for a Cluster; a test that needs its programs is skipped."""

    def __init__(self, superuser: str) -> None:
        """Ask the server for its version."""
        self._superuser = superuser
        with psycopg.connect(superuser) as connection:
            version = divmod(connection.info.server_version, 10_000)
        self.name = "pg{}.{}".format(*version)

    def url(self, dbname: str = "postgres", user: str = "postgres", password: str = "") -> str:
        """Return a libpq connection string; `postgres` is whoever the superuser is there."""
        login = {} if user == "postgres" else {"user": user, "password": password}
        return make_conninfo(self._superuser, dbname=dbname, **login)

    def start(self) -> None:
        """Leave it as it is."""

    def stop(self, mode: str = "fast") -> None:
        """Leave it as it is."""

    @property
    def binaries(self) -> NoReturn:
        """Skip the test."""
        _skip()

    @property
    def port(self) -> NoReturn:
        """Skip the test: it may be on another machine."""
        _skip()


def _skip() -> NoReturn:
    pytest.skip("this server's programs are not here")
