"""Runs every measurement against a stack of its own, with durability on, and prints the figures."""

import argparse
import asyncio
import os
import platform
import shutil
import tempfile
from pathlib import Path

from bench import client, drain, ledger, work
from tollhouse_demo.stack import Stack


def main() -> None:
    """Measure, print, clean up."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--calls", type=int, default=10_000, help="calls per measurement")
    parser.add_argument("--concurrency", type=int, default=256, help="requests in flight")
    parser.add_argument("--rounds", type=int, default=3, help="HTTP rounds, in turn")
    parser.add_argument("--batch", type=int, default=100, help="calls per claim and record")
    given = parser.parse_args()

    # /var/tmp, because as root the server runs under an account that must reach the folder.
    directory = Path(tempfile.mkdtemp(prefix="tollhouse-bench-", dir="/var/tmp"))
    directory.chmod(0o711)
    try:
        with Stack(directory, durable=True, workers=0) as stack:
            print(f"{os.cpu_count()} cores, Python {platform.python_version()}, ", end="")
            print(f"{work.server_version(stack)}, fsync {work.setting(stack, 'fsync')}")
            work.turn_everything_on(stack)
            _http(stack, given)
            _ledger(stack, given)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _http(stack: Stack, given: argparse.Namespace) -> None:
    print(f"\n{given.calls} calls over HTTP, {given.concurrency} in flight, mock latency 0")
    ratios = []
    for number in range(1, given.rounds + 1):
        bare = asyncio.run(client.send(stack.mock.base_url, given.calls, given.concurrency))
        queued = work.enqueue(stack, given.calls)
        drained = drain.measure(stack, given.calls, given.concurrency)
        ratios.append(drained / bare)
        print(
            f"  round {number}: bare client {bare:7,.0f}/s   enqueue {queued:7,.0f}/s"
            f"   one worker {drained:7,.0f} jobs/s   ratio {ratios[-1]:.2f}"
        )
    print(f"  ratio, median of {given.rounds}: {sorted(ratios)[len(ratios) // 2]:.2f}")


def _ledger(stack: Stack, given: argparse.Namespace) -> None:
    print(f"\nledger alone: {given.calls} calls, claim and record of {given.batch}, one connection")
    for cached in (True, False):
        work.enqueue(stack, given.calls, use_cache=cached)
        figures = ledger.measure(stack, given.calls, given.batch)
        print(
            f"  cache {'on ' if cached else 'off'}: {figures.calls_per_second:7,.0f} calls/s"
            f"   claim {figures.claim_ms:5.1f} ms   record {figures.record_ms:5.1f} ms a batch"
        )


if __name__ == "__main__":
    main()
