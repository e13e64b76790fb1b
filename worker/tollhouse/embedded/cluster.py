"""One PostgreSQL cluster: a folder, a port on 127.0.0.1 and a password of its own.

Nobody else on the machine gets in: the server listens on the loopback address only, has no Unix
socket, and asks every login for a password (scram-sha-256). The superuser's password is generated,
and kept in a file that only the account that made the cluster can read. Trust on a socket in a
private folder would need no password, but workers and the server may be of different accounts.
"""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from tollhouse.embedded.account import Account
from tollhouse.embedded.address import Address
from tollhouse.embedded.binaries import Binaries, find_binaries
from tollhouse.embedded.initdb import initialize
from tollhouse.embedded.postmaster import Postmaster, Setting, TryAgain, written
from tollhouse.embedded.programs import Programs
from tollhouse.errors import EmbeddedError

__all__ = ["Cluster"]


class Cluster:
    """A server that lives in `directory`; use it as a context manager, or start and stop it.

    directory: made if missing; as root, every folder above it must be open (o+x) to all
    port: where the server listens; otherwise a free one is chosen at the first start, then kept
    bin_dir: another server's programs (see find_binaries)
    settings: server settings, given at each start; the configuration files stay as initdb made them
    timeout: the longest wait for a start or a stop, in seconds
    """

    def __init__(
        self,
        directory: Path | str,
        *,
        port: int | None = None,
        bin_dir: Path | str | None = None,
        settings: Mapping[str, Setting] | None = None,
        timeout: float = 60.0,
    ) -> None:
        """Find the programs; touch nothing yet."""
        self.directory = Path(directory).absolute()
        self.settings = dict(settings or {})
        self.timeout = timeout
        self._programs = Programs(
            binaries=find_binaries(bin_dir),
            account=Account.for_server(),
            directory=self.directory,
        )
        self._address = Address(directory=self.directory, port=port)
        self._postmaster = Postmaster(programs=self._programs, data=self.data, log=self.log)

    @property
    def binaries(self) -> Binaries:
        """The programs and their version."""
        return self._programs.binaries

    @property
    def psql_path(self) -> Path:
        """This server's psql."""
        return self.binaries.program("psql")

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.directory / "data"

    @property
    def log(self) -> Path:
        """The server's log."""
        return self.directory / "postgres.log"

    @property
    def port(self) -> int:
        """The port on 127.0.0.1; EmbeddedError before the first start."""
        return self._address.port

    @property
    def password(self) -> str:
        """The superuser's password."""
        return self._address.password_file.read_text()

    @property
    def running(self) -> bool:
        """Whether a server runs on this data directory, started here or by another process."""
        return self._postmaster.running

    def url(self, dbname: str = "postgres", user: str = "postgres", password: str = "") -> str:
        """Return a libpq URL; the superuser's password is filled in, another role's is given."""
        return self._address.url(dbname, user, password)

    def init(self) -> None:
        """Create the data directory; nothing happens when it is there and of this version."""
        sync = written(self.settings.get("fsync", True)) not in {"off", "false", "0", "no"}
        initialize(self._programs, self.data, self._address.password_file, sync=sync)

    def start(self) -> None:
        """Start the server (after init, where needed) and wait until it takes connections."""
        self.init()
        if self.running:
            raise EmbeddedError(f"a server already runs in {self.directory}")
        begin = time.monotonic()
        while True:
            try:
                self._launch(begin + self.timeout)
            except TryAgain as problem:
                # Processes of a killed server still end, or another process took the port.
                hopeless = problem.port_taken and not self._address.may_change
                if time.monotonic() > begin + (2.0 if hopeless else self.timeout):
                    raise EmbeddedError(f"PostgreSQL did not start: {problem}") from problem
                time.sleep(0.1)
            else:
                return

    def stop(self, mode: str = "fast") -> None:
        """Stop the server: smart, fast or immediate. Nothing happens when it is not running."""
        self._postmaster.stop(mode, seconds=self.timeout)

    def restart(self, mode: str = "fast") -> None:
        """Stop and start again on the same port, with the same data."""
        self.stop(mode)
        self.start()

    def kill(self) -> None:
        """End the server as a crash would (SIGKILL); the next start recovers."""
        self._postmaster.kill(seconds=self.timeout)

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()

    def _launch(self, deadline: float) -> None:
        self._address.choose()
        fixed: dict[str, Setting] = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
        }
        self._postmaster.start(self.settings | fixed, deadline=deadline)
        self._address.keep()
