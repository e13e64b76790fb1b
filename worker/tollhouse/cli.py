"""The `tollhouse` command: its subcommands, their options, and what its exit codes mean."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from tollhouse import __version__
from tollhouse.errors import SettingsError, TollhouseError

__all__ = ["main"]

Handler = Callable[[argparse.Namespace], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand; return 0, 1 (failed), 2 (wrong usage or setting) or 130 (interrupted)."""
    options = _parser().parse_args(argv)
    handler: Handler = options.handler
    try:
        return handler(options)
    except SettingsError as error:
        return _complain(error, 2)
    except TollhouseError as error:
        return _complain(error, 1)
    except KeyboardInterrupt:
        return 130


def _complain(error: TollhouseError, code: int) -> int:
    print(f"tollhouse: {error}", file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tollhouse",
        description="The gate every LLM call of a Postgres application passes through.",
        epilog="mock-provider, up and demo need the package tollhouse-demo, in the repository's "
        "folder demo.",
    )
    parser.add_argument("--version", action="version", version=f"tollhouse {__version__}")
    adding = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    worker = adding.add_parser(
        "worker",
        help="claim admitted calls, call providers, record",
        description="Reads its settings from the environment. It needs DATABASE_URL, a login with "
        "the role tollhouse_worker, and for each provider TOLLHOUSE_PROVIDER_<NAME>_BASE_URL and "
        "usually TOLLHOUSE_PROVIDER_<NAME>_API_KEY. Of several workers on one host, each needs its "
        "own TOLLHOUSE_HTTP_PORT. docs/ops/SETTINGS.md lists every variable.",
    )
    worker.set_defaults(handler=_worker)

    deploy = adding.add_parser(
        "deploy",
        help="apply sqitch.plan to a disposable database",
        description="Applies the scripts of sqitch.plan in order, to an embedded or disposable "
        "database. In production use sqitch: it also verifies and reverts.",
    )
    _take_database_url(deploy, "DATABASE_URL")
    deploy.set_defaults(handler=_deploy)

    wait = adding.add_parser(
        "wait",
        help="wait until the database, its schema and a worker are ready",
        description="Exits with 0 when the database answers and has every change of the plan, and "
        "the worker, if one is named, is ready; with 1 and the reason when the time is up; with 2 "
        "at once for what waiting can't fix.",
    )
    _take_database_url(wait, "DATABASE_URL")
    wait.add_argument("--worker", metavar="URL", help="also wait for the worker at this address")
    wait.add_argument(
        "--timeout", type=float, default=60, metavar="SECONDS", help="deadline (%(default)s)"
    )
    wait.set_defaults(handler=_wait)

    top = adding.add_parser(
        "top",
        help="what the page shows, in a terminal",
        description="Reads as a member of tollhouse_monitor (or auditor, or operator), and never "
        "writes. With --once it exits with 1 when calls get no answer: down, or stopped by a "
        "switch.",
    )
    _take_database_url(top, "TOLLHOUSE_PAGE_DATABASE_URL", "DATABASE_URL")
    top.add_argument("--once", action="store_true", help="print once and exit")
    top.add_argument(
        "--seconds", type=float, default=2.0, metavar="N", help="refresh interval (%(default)s)"
    )
    top.set_defaults(handler=_top)

    mock = adding.add_parser(
        "mock-provider", help="a provider to test against, with faults on demand and a bill"
    )
    mock.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    mock.add_argument("--port", type=int, default=8099, help="port; 0 takes any (%(default)s)")
    mock.add_argument(
        "--latency-ms", type=float, default=0, help="delay of each answer (%(default)s)"
    )
    mock.set_defaults(handler=_mock_provider)

    up = adding.add_parser("up", help="Postgres, mock provider and worker, kept running")
    up.add_argument("--fresh", action="store_true", help="begin with an empty database")
    up.set_defaults(handler=_up)

    demo = adding.add_parser("demo", help="real calls through every guard, then stop")
    demo.set_defaults(handler=_demo)
    return parser


def _take_database_url(parser: argparse.ArgumentParser, *variables: str) -> None:
    value = next(filter(None, map(os.environ.get, variables)), "")
    names = ", then ".join(f"${name}" for name in variables)
    parser.add_argument("--database-url", default=value, help=f"default: {names}")


# Each subcommand imports only what it runs.


def _worker(_: argparse.Namespace) -> int:
    from tollhouse.settings import WorkerSettings
    from tollhouse.worker.app import run

    return run(WorkerSettings.from_environ())


def _deploy(options: argparse.Namespace) -> int:
    from tollhouse import migrate

    url = _database_url(options)
    applied = migrate.deploy(url, on_change=lambda change: print(f"  + {change.name}"))
    changes = f"{len(applied)} change{'' if len(applied) == 1 else 's'}"
    print(f"{changes} applied. In production, deploy with sqitch.")
    return 0


def _wait(options: argparse.Namespace) -> int:
    from tollhouse.wait import wait

    seconds = wait(
        _database_url(options),
        worker_url=options.worker,
        seconds=options.timeout,
        say=lambda reason: print(f"tollhouse: waiting: {reason}", file=sys.stderr, flush=True),
    )
    print(f"ready after {seconds:.1f} s")
    return 0


def _top(options: argparse.Namespace) -> int:
    from tollhouse.top import top

    return top(_database_url(options), seconds=max(0.2, options.seconds), once=options.once)


def _mock_provider(options: argparse.Namespace) -> int:
    _need_demo("mock-provider")
    from tollhouse_demo.mock_provider import run

    return run(host=options.host, port=options.port, latency_ms=options.latency_ms)


def _up(options: argparse.Namespace) -> int:
    _need_demo("up")
    from tollhouse_demo.up import up

    return up(fresh=options.fresh)


def _demo(_: argparse.Namespace) -> int:
    _need_demo("demo")
    from tollhouse_demo.story import run

    return run()


def _need_demo(command: str) -> None:
    from importlib.util import find_spec

    if find_spec("tollhouse_demo") is None:
        raise TollhouseError(
            f"{command} is not installed: it is part of tollhouse-demo, not of a production "
            "install. In a checkout of the repository, type: pip install . ./demo"
        )


def _database_url(options: argparse.Namespace) -> str:
    from tollhouse.settings import database_url

    return database_url({"DATABASE_URL": options.database_url})
