"""`tollhouse up`: the whole stack, kept running for your own SQL."""

import fcntl
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import quote

from tollhouse.errors import DeployError
from tollhouse_demo.processes import StackError, ending_on_signals, program
from tollhouse_demo.stack import Stack, up_folder

__all__ = ["up"]

_LATENCY_MS = 200
_BANNER = """\
Tollhouse is up. Ctrl-C stops it; its data stays in
{directory} ({tollhouse} up --fresh begins anew).

PostgreSQL {version}, database tollhouse on 127.0.0.1:{port}
mock provider, process {mock_pid}: {mock}
  its bill: {control}/bill
worker, process {worker_pid}, writes {log}
  its page, read-only: {page}
  the same in a terminal:
  {tollhouse} top --database-url {monitor_url}

psql as the application, an operator, an auditor, the superuser:
  psql={psql}
  {app}
  {operator}
  {auditor}
  {superuser}

Type this as the application:

  begin;
  select tollhouse.set_identity('acme', 'ann');
  select call_id from tollhouse.enqueue('investigation',
    '{{"prompt": "Why did sales through search fall in week 35?"}}', 'my-1') \\gset
  commit;

  begin;
  select tollhouse.set_identity('acme', 'ann');
  select status, model, cost_micro_usd, content
    from tollhouse.wait_for(:'call_id');
  select status, why, what_to_do from tollhouse.explain('investigation', 'my-1');
  commit;

And this as the operator:

  select tollhouse_ops.stop_everything('just to see');

Then run the blocks above again, with 'my-2' for 'my-1': the call is blocked.
The operator resumes with

  select tollhouse_ops.resume_everything('seen');
"""


def up(*, fresh: bool = False) -> int:
    """Run until Ctrl-C or SIGTERM; return 1 if one of its processes ends earlier."""
    with ending_on_signals():
        try:
            directory = up_folder()
            with _alone(directory.with_name("up.lock")):
                return _serve(directory, fresh=fresh)
        except DeployError as error:
            raise StackError(
                f"{error}. {program()} up --fresh begins anew and deletes {directory / 'postgres'}"
            ) from error
        except KeyboardInterrupt:
            return 0


def _serve(directory: Path, *, fresh: bool) -> int:
    _say("Starting PostgreSQL, a mock provider and a worker …")
    with Stack(directory, durable=True, fresh=fresh, latency_ms=_LATENCY_MS) as stack:
        _say(_banner(stack))
        processes = [stack.mock_process, *stack.workers]
        while stack.cluster.running and all(process.running for process in processes):
            time.sleep(0.5)
    raise StackError(f"a process of the stack ended; the logs are in {stack.logs}")


def _banner(stack: Stack) -> str:
    worker = stack.workers[0]
    logins = {"app": "app", "operator": "operator", "auditor": "auditor", "superuser": "postgres"}
    return _BANNER.format(
        directory=stack.directory,
        version=stack.cluster.binaries.version,
        port=stack.cluster.port,
        mock_pid=stack.mock_process.pid,
        mock=stack.mock.base_url,
        control=f"{stack.mock.root_url}/_mock",
        worker_pid=worker.pid,
        page=stack.page_url,
        log=worker.log,
        tollhouse=program(),
        monitor_url=quote(stack.url("monitor")),
        psql=quote(str(stack.cluster.psql_path)),
        **{name: f"$psql {quote(stack.url(login))}" for name, login in logins.items()},
    )


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackError(
                "tollhouse up is already running: stop it first (Ctrl-C in its terminal)"
            ) from None
        yield


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
