"""The worker processes of a stack, and what they are told."""

from collections.abc import Mapping
from pathlib import Path

from tollhouse.demo import catalogue
from tollhouse.demo.process import PATIENCE, ChildProcess
from tollhouse.demo.readiness import is_ready, worker_url

__all__ = ["Workers", "environment"]


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
        """Let all of them end, soon."""
        for worker in self.running:
            worker.stop(seconds=5)
        self.running.clear()


def environment(
    *, database_url: str, provider_url: str, page_url: str, page_token: str
) -> dict[str, str]:
    """Return the variables that tell a worker where it is: the mock stands for each provider.

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
