"""An installation on which runbooks are followed: the names that they use, and a reader's desk."""

import os
import shlex
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.runbooks import Walk
from tests.support.terminal import Terminal
from tests.support.town import Town
from tests.support.waiting import until
from tollhouse_demo.embedded.cluster import Account
from tollhouse_demo.processes import ChildProcess
from tollhouse_demo.stack import Stack

TENANT, USER = "acme", "ann"
_MODELS = {"small": ("openai", "mock-small"), "reserve": ("fallback", "mock-reserve")}
_SERVER_PROGRAMS = ("pg_ctl", "pg_basebackup", "initdb")


def register(town: Town) -> None:
    """Make the providers, models and endpoints known that the runbooks name."""
    for provider in ("openai", "fallback"):
        town.operate(
            "set_provider",
            provider,
            p_failure_threshold=3,
            p_cooldown="10 minutes",  # no probe comes by itself while a test looks
            p_window_min_calls=6,
        )
    for model, (provider, name) in _MODELS.items():
        town.operate("set_model", model, provider, name)
        town.operate("set_price", model, "input", 150_000)
        town.operate("set_price", model, "output", 600_000)
    for endpoint in ("explanation", "investigation"):
        town.operate(
            "set_task_type",
            endpoint,
            p_models=["small"],
            p_backoff_ms=50,
            p_timeout_ms=3_600_000,
            p_max_output_tokens=200,
        )


def provider_environ(town: Town) -> dict[str, str]:
    """Return where a worker finds the providers that the runbooks name."""
    return {
        f"TOLLHOUSE_PROVIDER_{name}_{what}": value
        for name in ("OPENAI", "FALLBACK", "MOCK_A", "MOCK_B")
        for what, value in (("BASE_URL", town.mock.base_url), ("API_KEY", "mock-key"))
    }


def start_worker(town: Town) -> ChildProcess:
    """Start a worker of the stack that knows those providers."""
    return town.stack.start_worker(**provider_environ(town))


@contextmanager
def at_the_desk(
    town: Town,
    name: str,
    folder: Path,
    *,
    url: Callable[[str], str] | None = None,
    **environ: str | Path,
) -> Iterator[Walk]:
    """Open a runbook, with a terminal that knows what docs/ops/README.md promises.

    Ends the worker that the runbook may have started, whose process id it keeps in a file.
    """
    stack = town.stack
    port = free_port()
    known = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PG")},
        "HOME": str(folder),
        "PATH": _path(stack, folder),
        "ADMIN_URL": stack.url(),
        "OPERATOR_URL": stack.url("operator"),
        "DATABASE_URL": stack.url("worker"),
        "WORKER_URL": f"http://127.0.0.1:{port}",
        "WORKER_LOG": str(folder / "worker.log"),
        "TOLLHOUSE_HTTP_PORT": str(port),
        "TOLLHOUSE_POLL_SECONDS": "0.2",
        **provider_environ(town),
        **{name: str(value) for name, value in environ.items()},
    }
    terminal = Terminal(folder, known)
    (folder / "worker.log").touch()
    try:
        yield Walk(name=name, psql=stack.cluster.psql_path, url=url or stack.url, terminal=terminal)
    finally:
        for file in (folder / "worker.pid", folder / "new-worker.pid"):
            if file.exists():
                terminal.succeeds(f"kill -TERM {int(file.read_text())}")
                until(lambda: not answers(port), "the worker of the runbook has ended")
        terminal.close()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(port: int) -> bool:
    """Whether somebody listens on a port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _path(stack: Stack, folder: Path) -> str:
    """Return a PATH with our programs first; as root, the server's run under its account."""
    binaries = stack.cluster.binaries.bin_dir
    account = Account.for_server()
    own = folder / "bin"
    own.mkdir(parents=True, exist_ok=True)
    for program in _SERVER_PROGRAMS if account.other else ():
        wrapper = own / program
        wrapper.write_text(
            "#!/bin/sh\ncd /\n"
            f"exec setpriv --reuid={account.uid} --regid={account.gid} --clear-groups"
            f' {shlex.quote(str(binaries / program))} "$@"\n'
        )
        wrapper.chmod(0o755)
    here = Path(sys.executable).parent  # where `tollhouse` is
    return os.pathsep.join(map(str, (own, here, binaries, os.environ["PATH"])))
