"""One PostgreSQL cluster: a folder, a port on 127.0.0.1 and a password of its own.

Nobody else on the machine gets in: the server listens on the loopback address only, has no Unix
socket, and asks every login for a password (scram-sha-256). The superuser's password is generated,
and kept in a file that only the account that made the cluster can read. Trust on a socket in a
private folder would need no password, but workers and the server may be of different accounts.
"""

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self
from urllib.parse import quote

from tollhouse_demo.embedded.binaries import (
    Binaries,
    EmbeddedError,
    find_binaries,
    private_folder,
)

__all__ = ["Account", "Cluster"]


@dataclass(frozen=True, kw_only=True)
class Account:
    """The account that the server's processes get; `other` when it is not our own."""

    uid: int
    gid: int
    other: bool

    @classmethod
    def for_server(cls) -> "Account":
        """Choose `postgres`, else `nobody`, when we are root; ourselves otherwise."""
        if os.geteuid() != 0:
            return cls(uid=os.geteuid(), gid=os.getegid(), other=False)
        for name in ("postgres", "nobody"):
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            return cls(uid=entry.pw_uid, gid=entry.pw_gid, other=True)
        raise EmbeddedError("no account postgres or nobody: PostgreSQL refuses to run as root")

    def popen_options(self) -> dict[str, Any]:
        """Return the options of subprocess that switch to this account."""
        if not self.other:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Hand a path to this account."""
        if self.other:
            os.chown(path, self.uid, self.gid)


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


@dataclass(frozen=True, kw_only=True)
class Programs:
    """The programs, the account that runs them and the folder they run in."""

    binaries: Binaries
    account: Account
    directory: Path

    def run(self, name: str, *arguments: object) -> None:
        """Run a program to its end; raise EmbeddedError with what it said when it fails."""
        done = self.call(name, *arguments)
        if done.returncode != 0:
            said = " ".join((done.stderr or done.stdout).split())
            raise EmbeddedError(f"{name} failed ({done.returncode}): {said}")

    def call(self, name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Run a program to its end, whatever that is."""
        with self._reachable(name):
            return subprocess.run(
                self._command(name, arguments),
                capture_output=True,
                text=True,
                check=False,
                stdin=subprocess.DEVNULL,
                cwd=self.directory,
                env=_environment(),
                **self.account.popen_options(),
            )

    def launch(self, name: str, *arguments: object, log: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start a program in a session of its own: a Ctrl-C of ours is not its own."""
        with self._reachable(name):
            return subprocess.Popen(
                self._command(name, arguments),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.directory,
                env=_environment(),
                start_new_session=True,
                **self.account.popen_options(),
            )

    def _command(self, name: str, arguments: tuple[object, ...]) -> list[str]:
        return [str(self.binaries.program(name)), *map(str, arguments)]

    @contextmanager
    def _reachable(self, name: str) -> Iterator[None]:
        try:
            yield
        except PermissionError as error:
            raise EmbeddedError(
                f"the server's account can't reach {self.binaries.program(name)} or"
                f" {self.directory}: use folders that every account may enter"
                " (TOLLHOUSE_HOME, TOLLHOUSE_PG_BIN)"
            ) from error


def _environment() -> dict[str, str]:
    # None of the caller's PG* variables: they would redirect the server's own programs.
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}


def initialize(programs: Programs, data: Path, password: Path, *, sync: bool) -> None:
    """Make `data` and the file `password`, or check that the data are of this version.

    An interrupted attempt leaves no data directory: it gets its name when it is complete.
    """
    major = programs.binaries.major
    if (data / "PG_VERSION").is_file():
        made_by = (data / "PG_VERSION").read_text().strip()
        if made_by != str(major):
            raise EmbeddedError(
                f"{data} was made by PostgreSQL {made_by}, the programs are"
                f" {programs.binaries.version}: remove {data.parent} to start over"
            )
        return
    private_folder(data.parent, mode=0o711 if programs.account.other else 0o700)
    scratch = data.with_name(f".new-{secrets.token_hex(4)}")
    for_initdb = scratch.with_suffix(".password")
    try:
        scratch.mkdir(mode=0o700)
        programs.account.own(scratch)
        _write_private(password, secrets.token_urlsafe(24))
        _write_private(for_initdb, password.read_text())
        programs.account.own(for_initdb)
        programs.run(
            "initdb",
            f"--pgdata={scratch}",
            "--username=postgres",
            f"--pwfile={for_initdb}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            *_locale(major),
            *(() if sync else ("--no-sync",)),
        )
        scratch.rename(data)
    finally:
        for_initdb.unlink(missing_ok=True)
        shutil.rmtree(scratch, ignore_errors=True)


def _locale(major: int) -> tuple[str, ...]:
    if major >= 17:
        return ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    return ("--locale=C.UTF-8",)


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(text)


Setting = str | int | float | bool

_PORT_TAKEN = "Address already in use"
_STILL_ENDING = "pre-existing shared memory block"


class TryAgain(Exception):
    """The start failed for a reason that may pass."""

    def __init__(self, message: str, *, port_taken: bool) -> None:
        """Keep whether another port would do."""
        super().__init__(message)
        self.port_taken = port_taken


class Postmaster:
    """The process that serves a data directory, whether we started it or another process did."""

    def __init__(self, *, programs: Programs, data: Path, log: Path) -> None:
        """Start nothing yet."""
        self._programs = programs
        self._data = data
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether it runs."""
        if self._process is not None:
            return self._process.poll() is None
        if self._pid() is None:
            return False
        return self._programs.call("pg_ctl", "status", "-D", self._data).returncode == 0

    def start(self, settings: Mapping[str, Setting], *, deadline: float) -> None:
        """Launch it, and return when it takes connections.

        Raises EmbeddedError with the end of its log, or TryAgain, when it does not.
        """
        arguments = [f"-c{name}={written(value)}" for name, value in settings.items()]
        with self._log.open("ab") as log:
            begin = log.tell()
            process = self._programs.launch("postgres", "-D", self._data, *arguments, log=log)
        try:
            self._wait_until_ready(process, begin, deadline)
        except BaseException:
            process.kill()
            process.wait()
            raise
        self._process = process

    def stop(self, mode: str, *, seconds: float) -> None:
        """Stop it: smart, fast or immediate. Nothing happens when it does not run."""
        if self.running:
            wait = ("-w", "-t", int(seconds))
            try:
                self._programs.run("pg_ctl", "stop", "-D", self._data, "-m", mode, *wait)
            except EmbeddedError:
                if self._pid_file():
                    raise  # without its file the server is about to end by itself
        self._reap(seconds)

    def kill(self, *, seconds: float) -> None:
        """End it as a crash would (SIGKILL)."""
        pid = self._pid()
        if pid is None or not self.running:
            raise EmbeddedError(f"no server runs in {self._data.parent}")
        os.kill(pid, signal.SIGKILL)
        self._reap(seconds)

    def _reap(self, seconds: float) -> None:
        if self._process is not None:
            self._process.wait(timeout=seconds)
            self._process = None

    def _wait_until_ready(
        self, process: subprocess.Popen[bytes], begin: int, deadline: float
    ) -> None:
        # The pid file is the server's own word: a port that answers could be somebody else's.
        while True:
            lines = self._pid_file()
            if len(lines) >= 8 and lines[0] == str(process.pid) and lines[7].strip() == "ready":
                return
            if process.poll() is not None:
                said = self._said_since(begin)
                if _PORT_TAKEN in said or _STILL_ENDING in said:
                    raise TryAgain(_tail(said), port_taken=_PORT_TAKEN in said)
                raise EmbeddedError(
                    f"PostgreSQL did not start; its log {self._log} ends:\n{_tail(said)}"
                )
            if time.monotonic() > deadline:
                said = self._said_since(begin)
                raise EmbeddedError(
                    f"PostgreSQL was not ready in time; {self._log} ends:\n{_tail(said)}"
                )
            time.sleep(0.01)

    def _said_since(self, begin: int) -> str:
        return self._log.read_bytes()[begin:].decode(errors="replace")

    def _pid(self) -> int | None:
        lines = self._pid_file()
        return int(lines[0]) if lines else None

    def _pid_file(self) -> list[str]:
        try:
            return (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []


def written(value: Setting) -> str:
    """Return a setting's value as the server reads it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _tail(text: str) -> str:
    return "\n".join(text.splitlines()[-10:])


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
                # Processes of a killed server are still ending, or another process took the port.
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
