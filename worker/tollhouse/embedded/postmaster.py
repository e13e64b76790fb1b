"""What can be known of a server's main process from its folder: pid, port, whether it is ready."""

import contextlib
import socket
import subprocess
import time
from pathlib import Path

from tollhouse.errors import EmbeddedError

__all__ = ["TryAgain", "read_pid", "read_port", "usable_port", "wait_until_ready", "write_port"]

_PORT_TAKEN = "Address already in use"
_STILL_ENDING = "pre-existing shared memory block"


class TryAgain(Exception):
    """The start failed for a reason that may pass."""

    def __init__(self, message: str, *, port_taken: bool) -> None:
        """Keep whether another port would do."""
        super().__init__(message)
        self.port_taken = port_taken


def read_pid(data: Path) -> int | None:
    """Return the pid in the data directory's pid file, if there is one."""
    lines = _pid_file(data)
    return int(lines[0]) if lines else None


def read_port(directory: Path) -> int | None:
    """Return the port that the cluster used last, if it was ever started."""
    try:
        return int((directory / "port").read_text())
    except (OSError, ValueError):
        return None


def write_port(directory: Path, port: int) -> None:
    """Remember the port for the next start."""
    (directory / "port").write_text(str(port))


def usable_port(preferred: int | None) -> int:
    """Return the preferred port when nobody listens there, otherwise a free one."""
    for port in (preferred or 0, 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            free: int = probe.getsockname()[1]
            return free
    raise EmbeddedError("no free port on 127.0.0.1")


def wait_until_ready(
    process: subprocess.Popen[bytes], data: Path, log: Path, begin: int, deadline: float
) -> None:
    """Return when the server takes connections; raise with the end of its log otherwise.

    The pid file is the server's own word: a port that answers could be somebody else's.
    """
    while True:
        lines = _pid_file(data)
        if len(lines) >= 8 and lines[0] == str(process.pid) and lines[7].strip() == "ready":
            return
        if process.poll() is not None:
            written = log.read_bytes()[begin:].decode(errors="replace")
            if _PORT_TAKEN in written or _STILL_ENDING in written:
                raise TryAgain(_tail(written), port_taken=_PORT_TAKEN in written)
            raise EmbeddedError(f"PostgreSQL did not start; its log {log} ends:\n{_tail(written)}")
        if time.monotonic() > deadline:
            written = log.read_bytes()[begin:].decode(errors="replace")
            raise EmbeddedError(f"PostgreSQL is not ready in time; {log} ends:\n{_tail(written)}")
        time.sleep(0.01)


def _pid_file(data: Path) -> list[str]:
    try:
        return (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def _tail(text: str) -> str:
    return "\n".join(text.splitlines()[-10:])
