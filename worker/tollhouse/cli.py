"""The `tollhouse` command: its options, and what its exit codes mean."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from tollhouse import __version__, commands
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
    )
    parser.add_argument("--version", action="version", version=f"tollhouse {__version__}")
    adding = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    worker = adding.add_parser(
        "worker",
        help="claim admitted calls, call providers, record",
        description="Reads its settings from the environment. It needs DATABASE_URL, a login of "
        "role tollhouse_worker, and for each provider TOLLHOUSE_PROVIDER_<NAME>_BASE_URL and "
        "usually TOLLHOUSE_PROVIDER_<NAME>_API_KEY. Several on one host need a TOLLHOUSE_HTTP_PORT "
        "each. docs/ops/SETTINGS.md lists all of them.",
    )
    worker.set_defaults(handler=commands.worker)

    mock = adding.add_parser("mock-provider", help="a provider of your own, with faults and bill")
    mock.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    mock.add_argument("--port", type=int, default=8099, help="port; 0 takes any (%(default)s)")
    mock.add_argument("--latency-ms", type=float, default=0, help="delay of answers (%(default)s)")
    mock.set_defaults(handler=commands.mock_provider)

    deploy = adding.add_parser(
        "deploy",
        help="apply sqitch.plan to a disposable database",
        description="Applies the scripts of sqitch.plan in order, for embedded and disposable "
        "databases. In production use sqitch: it also verifies and reverts.",
    )
    _take_database_url(deploy, "DATABASE_URL")
    deploy.set_defaults(handler=commands.deploy)

    wait = adding.add_parser(
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
    wait.set_defaults(handler=commands.wait)

    top = adding.add_parser(
        "top",
        help="what the page shows, in a terminal",
        description="Reads as a member of tollhouse_monitor (or auditor, or operator), and never "
        "writes. With --once it exits with 1 when nothing works: down, or stopped by a switch.",
    )
    _take_database_url(top, "TOLLHOUSE_PAGE_DATABASE_URL", "DATABASE_URL")
    top.add_argument("--once", action="store_true", help="print once, without a screen of its own")
    top.add_argument(
        "--seconds", type=float, default=2.0, metavar="N", help="between two looks (%(default)s)"
    )
    top.set_defaults(handler=commands.top)

    up = adding.add_parser("up", help="Postgres, mock provider and worker, kept running")
    up.add_argument("--fresh", action="store_true", help="begin with an empty database")
    up.set_defaults(handler=commands.up)

    demo = adding.add_parser("demo", help="real calls through every guard, then stop")
    demo.set_defaults(handler=commands.demo)
    return parser


def _take_database_url(parser: argparse.ArgumentParser, *variables: str) -> None:
    value = next(filter(None, map(os.environ.get, variables)), "")
    names = ", then ".join(f"${name}" for name in variables)
    parser.add_argument("--database-url", default=value, help=f"default: {names}")
