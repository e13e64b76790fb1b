"""A child process with its log in a file: started, waited for, stopped or killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from tollhouse.errors import TollhouseError

__all__ = ["PATIENCE", "ChildProcess", "StackError"]

# Seconds until it is said that what is waited for will not come: a busy machine needs minutes.
PATIENCE = 180.0

T = TypeVar("T")


class StackError(TollhouseError):
    """A process of the stack did not start, or ended; the message has the end of its log."""


class ChildProcess:
    """`python -m tollhouse …` in a session of its own, so that a Ctrl-C reaches only us."""

    def __init__(self, name: str, *arguments: str, log: Path, environ: Mapping[str, str]) -> None:
        """Start it; what it prints goes to `log`."""
        self.name = name
        self.log = log
        with log.open("ab") as file:
            self._begin = file.tell()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tollhouse", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **environ},
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    @property
    def output(self) -> str:
        """What it has printed."""
        with self.log.open("rb") as file:
            file.seek(self._begin)
            return file.read().decode(errors="replace")

    def wait_for(self, what: str, look: Callable[[], T | None], *, seconds: float = PATIENCE) -> T:
        """Return what `look` finds, as soon as it does.

        Raises StackError with the end of the log when the process ends or the time is over.
        """
        deadline = time.monotonic() + seconds
        while True:
            found = look()
            if found is not None:
                return found
            if not self.running:
                raise StackError(self._why(f"ended ({self._process.returncode}) before {what}"))
            if time.monotonic() > deadline:
                raise StackError(self._why(f"has no {what} after {seconds:g} seconds"))
            time.sleep(0.02)

    def stop(self, *, seconds: float = 10.0) -> int:
        """SIGTERM, then SIGKILL when the time is over; return the exit code."""
        if self.running:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(timeout=seconds)
            except subprocess.TimeoutExpired:
                self._process.kill()
        return self._process.wait()

    def kill(self) -> None:
        """SIGKILL: no chance to say goodbye."""
        self._process.kill()
        self._process.wait()

    def _why(self, problem: str) -> str:
        tail = "\n".join(f"  {line}" for line in self.output.splitlines()[-12:])
        return f"{self.name} {problem}; its log {self.log} ends:\n{tail or '  (empty)'}"
