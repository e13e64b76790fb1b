"""A server's main process: launched, waited for, ended. Its data directory says how it is."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from tollhouse.embedded.programs import Programs
from tollhouse.errors import EmbeddedError

__all__ = ["Postmaster", "Setting", "TryAgain", "written"]

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
                    f"PostgreSQL is not ready in time; {self._log} ends:\n{_tail(said)}"
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
