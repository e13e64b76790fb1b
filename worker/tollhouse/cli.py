"""The `tollhouse` command: each subcommand imports only what it runs."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from tollhouse import __version__
from tollhouse.errors import SettingsError, TollhouseError

__all__ = ["main"]

Handler = Callable[[argparse.Namespace], int | None]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand; return 0, 1 (failed), 2 (wrong usage or setting) or 130 (interrupted)."""
    options = _parser().parse_args(argv)
    handler: Handler = options.handler
    try:
        return handler(options) or 0
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
    )
    parser.add_argument("--version", action="version", version=f"tollhouse {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    worker = commands.add_parser("worker", help="claim admitted calls, call providers, record")
    worker.set_defaults(handler=_worker)

    mock = commands.add_parser("mock-provider", help="a provider of your own, with faults and bill")
    mock.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    mock.add_argument("--port", type=int, default=8099, help="port; 0 takes any (%(default)s)")
    mock.add_argument("--latency-ms", type=float, default=0, help="delay of answers (%(default)s)")
    mock.set_defaults(handler=_mock_provider)

    deploy = commands.add_parser(
        "deploy",
        help="apply sqitch.plan to a disposable database",
        description="Applies the scripts of sqitch.plan in order, for embedded and disposable "
        "databases. In production use sqitch: it also verifies and reverts.",
    )
    _take_database_url(deploy, "DATABASE_URL")
    deploy.set_defaults(handler=_deploy)

    wait = commands.add_parser(
        "wait",
        help="block until database, schema and worker are ready",
        description="Exits with 0 when the database answers and holds every change of the plan, "
        "and the worker, if one is named, is ready; with 1 and the reason when the time is over; "
        "with 2 at once for what no waiting can mend.",
    )
    _take_database_url(wait, "DATABASE_URL")
    wait.add_argument("--worker", metavar="URL", help="a worker's HTTP address, too")
    wait.add_argument(
        "--timeout", type=float, default=60, metavar="SECONDS", help="deadline (%(default)s)"
    )
    wait.set_defaults(handler=_wait)

    top = commands.add_parser(
        "top",
        help="what the page shows, in a terminal",
        description="Reads as a member of tollhouse_auditor or tollhouse_operator, and never "
        "writes. With --once it exits with 1 when nothing works.",
    )
    _take_database_url(top, "TOLLHOUSE_PAGE_DATABASE_URL", "DATABASE_URL")
    top.add_argument("--once", action="store_true", help="print once, without a screen of its own")
    top.add_argument(
        "--seconds", type=float, default=2.0, metavar="N", help="between two looks (%(default)s)"
    )
    top.set_defaults(handler=_top)

    up = commands.add_parser("up", help="Postgres, mock provider and worker, kept running")
    up.add_argument("--fresh", action="store_true", help="begin with an empty database")
    up.set_defaults(handler=_up)

    demo = commands.add_parser("demo", help="real calls through every guard, then stop")
    demo.set_defaults(handler=_demo)
    return parser


def _take_database_url(parser: argparse.ArgumentParser, *variables: str) -> None:
    value = next(filter(None, map(os.environ.get, variables)), "")
    names = ", then ".join(f"${name}" for name in variables)
    parser.add_argument("--database-url", default=value, help=f"default: {names}")


def _database_url(options: argparse.Namespace) -> str:
    from tollhouse.settings import database_url

    return database_url({"DATABASE_URL": options.database_url})


def _worker(_: argparse.Namespace) -> int | None:
    from tollhouse.settings import WorkerSettings
    from tollhouse.worker.main import run

    return run(WorkerSettings.from_environ())


def _mock_provider(options: argparse.Namespace) -> int | None:
    from tollhouse.mock_provider.server import run

    return run(host=options.host, port=options.port, latency_ms=options.latency_ms)


def _deploy(options: argparse.Namespace) -> int | None:
    from tollhouse import migrate

    url = _database_url(options)
    applied = migrate.deploy(url, on_change=lambda change: print(f"  + {change.name}"))
    print(f"{len(applied)} changes applied. In production, deploy with sqitch.")
    return 0


def _wait(options: argparse.Namespace) -> int | None:
    from tollhouse.wait import wait

    seconds = wait(
        _database_url(options),
        worker_url=options.worker,
        seconds=options.timeout,
        say=lambda reason: print(f"tollhouse: waiting: {reason}", file=sys.stderr, flush=True),
    )
    print(f"ready after {seconds:.1f} s")
    return 0


def _top(options: argparse.Namespace) -> int | None:
    from tollhouse.top import top

    return top(_database_url(options), seconds=max(0.2, options.seconds), once=options.once)


def _up(options: argparse.Namespace) -> int | None:
    from tollhouse.demo.up import up

    return up(fresh=options.fresh)


def _demo(_: argparse.Namespace) -> int | None:
    from tollhouse.demo.story import run

    return run()
