"""`tollhouse demo`: plays every chapter on a stack of its own, then says how many checks passed."""

import shutil
import time
from contextlib import ExitStack
from pathlib import Path

from rich.table import Table

from tollhouse_demo import checks
from tollhouse_demo.chapters import CHAPTERS
from tollhouse_demo.checks import Check
from tollhouse_demo.processes import ending_on_signals, program
from tollhouse_demo.screen import Screen
from tollhouse_demo.stack import Stack, demo_folder
from tollhouse_demo.stage import Chapter, Stage

__all__ = ["run", "summarize"]

_QUERY = """
  select coalesce(endpoint, 'all'), count(*),
    count(*) filter (where status = 'success' and not was_cached),
    count(*) filter (where was_cached), count(*) filter (where status = 'blocked'),
    count(*) filter (where status = 'failed'), count(*) filter (where status = 'cancelled'),
    sum(cost_micro_usd) / 1e6
  from tollhouse.llm_api_calls
  group by rollup (endpoint)
  order by grouping(endpoint), 1
"""


def summarize(stage: Stage) -> None:
    """Show the table, then check the ledger against the provider's bill."""
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column("endpoint", width=20)
    for name in ("calls", "success", "cached", "blocked", "failed", "cancelled"):
        table.add_column(name, justify="right")
    table.add_column("USD", justify="right")
    for endpoint, *counts, usd in stage.auditor.execute(_QUERY).fetchall():
        style = "bold" if endpoint == "all" else ""
        table.add_row(endpoint, *(str(count) for count in counts), f"{usd:.4f}", style=style)
    stage.screen.show(table)
    stage.settle()
    bill = stage.stack.mock.bill()
    stage.check(
        checks.requests_match_bill(stage.auditor, bill),
        checks.tokens_match_bill(stage.auditor, bill),
        checks.charge_covers_bill(stage.auditor, bill),
        checks.spend_matches_ledger(stage.auditor),
    )


# Long enough that only a kill -9 ends a lease, however busy the machine is.
_LEASE = "10 minutes"
# A retry or a deferral ends within a poll: the demo polls more often than the default.
_WORKER = {"TOLLHOUSE_POLL_SECONDS": "0.2"}
_SUMMARY = Chapter(
    title="The books",
    intro="What every endpoint did, and our ledger checked against the provider's own bill.",
    play=summarize,
)


def run() -> int:
    """Tell the story; return 0 if every check passed, otherwise 1."""
    screen = Screen()
    directory = demo_folder()
    begin = time.monotonic()
    screen.title(
        "Tollhouse: every LLM call passes through one gate, in Postgres",
        "Starting PostgreSQL, a mock provider and a worker …",
    )
    with ending_on_signals():
        try:
            with (
                Stack(directory, lease=_LEASE, worker_environ=_WORKER) as stack,
                ExitStack() as closing,
            ):
                stage = _stage(stack, screen, closing)
                _introduce(stage, time.monotonic() - begin)
                for number, chapter in enumerate((*CHAPTERS, _SUMMARY), start=1):
                    _play(stage, number, chapter)
                return _conclude(stage, directory, time.monotonic() - begin)
        except KeyboardInterrupt:
            screen.title("Interrupted: everything has been stopped and removed.")
            raise
        finally:
            shutil.rmtree(directory, ignore_errors=True)


def _stage(stack: Stack, screen: Screen, closing: ExitStack) -> Stage:
    connections = {
        login: closing.enter_context(stack.connect(login))
        for login in ("app", "operator", "auditor", "postgres")
    }
    return Stage(
        stack=stack,
        screen=screen,
        app=connections["app"],
        operator=connections["operator"],
        auditor=connections["auditor"],
        superuser=connections["postgres"],
    )


def _introduce(stage: Stage, seconds: float) -> None:
    stack = stage.stack
    stage.screen.step(f"PostgreSQL {stack.cluster.binaries.version} on port {stack.cluster.port}")
    stage.screen.step(f"mock provider, process {stack.mock_process.pid}: {stack.mock.base_url}")
    stage.screen.step(f"worker, process {stack.workers[0].pid}; ready after {seconds:.1f} s")
    stage.screen.step(f"its page, while this lasts: {stack.page_url}")


def _play(stage: Stage, number: int, chapter: Chapter) -> None:
    stage.screen.chapter(number, chapter.title, chapter.intro)
    try:
        chapter.play(stage)
    except Exception as error:  # shown at the end, after the other chapters
        stage.check(
            Check(
                name="the chapter ran to its end",
                expected="no error",
                observed=f"{type(error).__name__}: {error}",
                ok=False,
                sql=f"logs: {stage.stack.logs}",
            )
        )


def _conclude(stage: Stage, directory: Path, seconds: float) -> int:
    failed = [check for check in stage.checks if not check.ok]
    passed = len(stage.checks) - len(failed)
    screen = stage.screen
    screen.title(f"{passed} of {len(stage.checks)} checks passed, in {seconds:.0f} seconds.")
    for check in failed:
        screen.check(check)
    if failed:
        kept = directory.with_name(f"{directory.name}-logs")
        shutil.copytree(stage.stack.logs, kept, dirs_exist_ok=True)
        screen.title(f"The logs are kept in {kept}.")
        return 1
    screen.title(
        "To look further:",
        f"  make up (or: {program()} up)",
        "  keeps the same stack running, and prints a psql command for each role and",
        "  the first SQL to type.",
    )
    return 0
