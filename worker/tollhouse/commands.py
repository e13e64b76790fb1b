"""What the subcommands do with their options; each imports only what it runs, returns its code."""

import argparse
import sys

__all__ = ["demo", "deploy", "mock_provider", "top", "up", "wait", "worker"]


def worker(_: argparse.Namespace) -> int:
    """Claim, call and record until a signal ends it."""
    from tollhouse.settings import WorkerSettings
    from tollhouse.worker.main import run

    return run(WorkerSettings.from_environ())


def mock_provider(options: argparse.Namespace) -> int:
    """Serve a mock provider until a signal ends it."""
    from tollhouse.mock_provider.server import run

    return run(host=options.host, port=options.port, latency_ms=options.latency_ms)


def deploy(options: argparse.Namespace) -> int:
    """Apply the plan."""
    from tollhouse import migrate

    url = _database_url(options)
    applied = migrate.deploy(url, on_change=lambda change: print(f"  + {change.name}"))
    print(f"{len(applied)} changes applied. In production, deploy with sqitch.")
    return 0


def wait(options: argparse.Namespace) -> int:
    """Wait until all is ready."""
    from tollhouse.wait import wait

    seconds = wait(
        _database_url(options),
        worker_url=options.worker,
        seconds=options.timeout,
        say=lambda reason: print(f"tollhouse: waiting: {reason}", file=sys.stderr, flush=True),
    )
    print(f"ready after {seconds:.1f} s")
    return 0


def top(options: argparse.Namespace) -> int:
    """Show the numbers of the page."""
    from tollhouse.top import top

    return top(_database_url(options), seconds=max(0.2, options.seconds), once=options.once)


def up(options: argparse.Namespace) -> int:
    """Keep a stack running."""
    from tollhouse.demo.up import up

    return up(fresh=options.fresh)


def demo(_: argparse.Namespace) -> int:
    """Tell the story."""
    from tollhouse.demo.story import run

    return run()


def _database_url(options: argparse.Namespace) -> str:
    from tollhouse.settings import database_url

    return database_url({"DATABASE_URL": options.database_url})
