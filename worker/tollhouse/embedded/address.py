"""Where a cluster answers: its port and its superuser's password, each in a file of its folder."""

import contextlib
import socket
from pathlib import Path
from urllib.parse import quote

from tollhouse.errors import EmbeddedError

__all__ = ["Address"]


class Address:
    """A port on 127.0.0.1, kept from the first start on, and who gets in there.

    port: a port that is wanted, and no other; otherwise a free one is chosen
    """

    def __init__(self, *, directory: Path, port: int | None) -> None:
        """Touch nothing yet."""
        self._directory = directory
        self._port = port
        self.may_change = port is None

    @property
    def password_file(self) -> Path:
        """Where the superuser's password is."""
        return self._directory / "password"

    @property
    def port(self) -> int:
        """The port; EmbeddedError before the first start."""
        port = self._port or self._kept()
        if port is None:
            raise EmbeddedError(f"the cluster in {self._directory} was never started")
        return port

    def choose(self) -> None:
        """Before a start: take the port that was kept when nobody listens there, else a free one.

        Does nothing when the port was wanted, or has served already.
        """
        if self.may_change:
            self._port = _usable(self._kept())

    def keep(self) -> None:
        """After a start: stay with the port, in this process and in the next."""
        self.may_change = False
        (self._directory / "port").write_text(str(self.port))

    def url(self, dbname: str, user: str, password: str) -> str:
        """Return a libpq URL; the superuser's password is filled in when none is given."""
        secret = password or (self.password_file.read_text() if user == "postgres" else "")
        login = quote(user, safe="") + (f":{quote(secret, safe='')}" if secret else "")
        return f"postgresql://{login}@127.0.0.1:{self.port}/{quote(dbname, safe='')}"

    def _kept(self) -> int | None:
        try:
            return int((self._directory / "port").read_text())
        except (OSError, ValueError):
            return None


def _usable(preferred: int | None) -> int:
    for port in (preferred or 0, 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            free: int = probe.getsockname()[1]
            return free
    raise EmbeddedError("no free port on 127.0.0.1")
