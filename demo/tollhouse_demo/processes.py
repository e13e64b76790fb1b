"""The processes of a stack: started, waited for, stopped or killed; and signals that end all."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from shlex import quote
from types import FrameType
from typing import TypeVar

from tollhouse.errors import TollhouseError
from tollhouse_demo import catalogue

__all__ = [
    "PATIENCE",
    "ChildProcess",
    "StackError",
    "Workers",
    "ending_on_signals",
    "environment",
    "is_ready",
    "program",
    "undisturbed",
    "worker_url",
]

# Seconds until a wait is given up: a busy machine needs minutes.
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

        Raises StackError with the end of the log when the process ends or the time is up.
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
        """SIGTERM, then SIGKILL when the time is up; return the exit code."""
        if self.running:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(timeout=seconds)
            except subprocess.TimeoutExpired:
                self._process.kill()
        return self._process.wait()

    def kill(self) -> None:
        """SIGKILL: no chance to clean up."""
        self._process.kill()
        self._process.wait()

    def _why(self, problem: str) -> str:
        tail = "\n".join(f"  {line}" for line in self.output.splitlines()[-12:])
        return f"{self.name} {problem}; its log {self.log} ends:\n{tail or '  (empty)'}"


_Handlers = dict[
    signal.Signals, Callable[[int, FrameType | None], object] | int | signal.Handlers | None
]

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def ending_on_signals() -> Iterator[None]:
    """Raise KeyboardInterrupt for the first Ctrl-C, SIGTERM or SIGHUP, and ignore the others.

    What was ignored before, such as SIGHUP under nohup, stays so. For the main thread only.
    """

    def end(_: int, __: FrameType | None) -> None:
        _ignore()
        raise KeyboardInterrupt

    before = {number: signal.getsignal(number) for number in _SIGNALS}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, end)
    try:
        yield
    finally:
        _restore(before)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Ignore those signals for a while; outside the main thread nothing happens."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = _ignore()
    try:
        yield
    finally:
        _restore(before)


def _ignore() -> _Handlers:
    return {number: signal.signal(number, signal.SIG_IGN) for number in _SIGNALS}


def _restore(before: _Handlers) -> None:
    for number, handler in before.items():
        signal.signal(number, handler)


def program() -> str:
    """Return the command, quoted for a shell; by its whole path where it is not on the PATH."""
    beside = Path(sys.executable).with_name("tollhouse")
    return "tollhouse" if shutil.which("tollhouse") else quote(str(beside))


def worker_url(worker: ChildProcess) -> str | None:
    """Return the address of a worker's HTTP server, which its log names."""
    for line in worker.output.splitlines(keepends=True):
        if '"http_port"' in line and line.endswith("\n"):
            return f"http://127.0.0.1:{json.loads(line)['http_port']}"
    return None


def is_ready(url: str) -> bool | None:
    """Return True when the worker says that it is ready, None otherwise."""
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=5) as reply:  # noqa: S310
            return True if reply.status == 200 else None
    except (urllib.error.URLError, OSError):
        return None


class Workers:
    """They run until they are killed or stopped; in `running` the one started first is in front."""

    def __init__(self, *, logs: Path) -> None:
        """Start none yet."""
        self.running: list[ChildProcess] = []
        self._logs = logs
        self._started = 0

    def start(self, environ: Mapping[str, str]) -> ChildProcess:
        """Start one more and wait until it is ready; raises StackError."""
        self._started += 1
        name = f"worker-{self._started}"
        worker = ChildProcess(name, "worker", log=self._logs / f"{name}.log", environ=environ)
        self.running.append(worker)
        url = worker.wait_for("HTTP port", lambda: worker_url(worker))
        worker.wait_for("readiness", lambda: is_ready(url))
        return worker

    def kill(self, worker: ChildProcess | None) -> ChildProcess:
        """SIGKILL one, by default the one started first."""
        victim = worker or self.running[0]
        self.running.remove(victim)
        victim.kill()
        return victim

    def stop(self, worker: ChildProcess | None) -> int:
        """Let one drain and end, by default the one started first; return its exit code."""
        leaving = worker or self.running[0]
        self.running.remove(leaving)
        return leaving.stop(seconds=PATIENCE)

    def stop_all(self) -> None:
        """Stop all of them, soon."""
        for worker in self.running:
            worker.stop(seconds=5)
        self.running.clear()


def environment(
    *, database_url: str, provider_url: str, page_url: str, page_token: str
) -> dict[str, str]:
    """Return a worker's environment; the mock stands for each provider.

    page_url: the database's, for a login that reads for the page
    """
    return {
        "DATABASE_URL": database_url,
        "TOLLHOUSE_HTTP_HOST": "127.0.0.1",
        "TOLLHOUSE_HTTP_PORT": "0",
        "TOLLHOUSE_PAGE_TOKEN": page_token,
        "TOLLHOUSE_PAGE_DATABASE_URL": page_url,
        **{
            f"TOLLHOUSE_PROVIDER_{name.upper().replace('-', '_')}_{what}": value
            for name in catalogue.PROVIDERS
            for what, value in (("BASE_URL", provider_url), ("API_KEY", "mock-key"))
        },
    }
