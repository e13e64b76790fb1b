"""Runs every measurement against a stack of its own, with durability on, and prints the figures."""

import argparse
import asyncio
import os
import platform
import shutil
import tempfile
from pathlib import Path
from statistics import median

from bench import client, drain, ledger, work
from bench.beside import Comparison, Sides
from tollhouse_demo.stack import Stack

# Processor time of worker and database a call, in that of the bare client, before it was worked on.
_PROCESSOR_BEFORE = 3.5


def main() -> None:
    """Measure, print, clean up."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--calls", type=int, default=10_000, help="calls over HTTP, a round")
    parser.add_argument("--concurrency", type=int, default=256, help="requests in flight")
    parser.add_argument("--ledger-calls", type=int, default=5_000, help="calls from SQL, a round")
    parser.add_argument("--batch", type=int, default=100, help="calls per claim and record")
    parser.add_argument("--seconds", type=int, default=3, help="of each run of pgbench")
    parser.add_argument("--rounds", type=int, default=3, help="rounds, in turn")
    parser.add_argument("--only", choices=["ledger", "enqueue", "http"], help="one of the parts")
    given = parser.parse_args()

    # /var/tmp, because as root the server runs under an account that must reach the folder.
    directory = Path(tempfile.mkdtemp(prefix="tollhouse-bench-", dir="/var/tmp"))
    directory.chmod(0o711)
    try:
        with Stack(directory, durable=True, workers=0) as stack:
            print(f"{os.cpu_count()} cores, Python {platform.python_version()}, ", end="")
            print(f"{work.server_version(stack)}, fsync {work.setting(stack, 'fsync')}")
            work.turn_everything_on(stack)
            sides = Sides(stack)
            for name, part in (("ledger", _ledger), ("enqueue", _enqueue), ("http", _http)):
                if given.only in (None, name):
                    part(stack, sides, given)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _ledger(stack: Stack, sides: Sides, given: argparse.Namespace) -> None:
    calls, batch = given.ledger_calls, given.batch
    warm = min(10, calls // batch // 3)
    print(f"\nclaim and record of {batch}, from SQL, warm; {calls} calls a round", flush=True)
    fresh = Comparison(name="one connection, never analyzed", target="0.45, goal 0.60")
    sides.autovacuum(on=False)
    for _ in range(given.rounds):
        sides.fill(calls)
        sides.fill_baseline(calls)
        ours, baseline = sides.drain_in_turn(batch, warm)
        fresh.add(ours.rate, baseline.rate)
    assert not sides.analyzed
    print(Comparison.HEADER, fresh, sep="\n", flush=True)
    sides.autovacuum(on=True)
    sides.analyze()

    cached = Comparison(name="one connection, analyzed", target="0.45, goal 0.60")
    uncached = Comparison(name="one connection, cache off")
    two = Comparison(name="two connections at once")
    claiming: list[float] = []
    recording: list[float] = []
    for _ in range(given.rounds):
        for comparison, use_cache in (cached, True), (uncached, False):
            sides.fill(calls, use_cache=use_cache)
            sides.fill_baseline(calls, use_cache=use_cache)
            ours, baseline = sides.drain_in_turn(batch, warm)
            comparison.add(ours.rate, baseline.rate)
            if use_cache:
                claiming.append(ours.claiming / ours.calls * batch * 1000)
                recording.append(ours.recording / ours.calls * batch * 1000)
        sides.fill(calls)
        sides.fill_baseline(calls)
        two.add(*sides.drain_by_two(batch, warm))
    print(cached, uncached, two, sep="\n")
    gains = [
        median(pair / one for pair, one in zip(at_two, at_one, strict=True))
        for at_two, at_one in ((two.ours, cached.ours), (two.baseline, cached.baseline))
    ]
    print(f"  two connections to one: ours {gains[0]:.2f}, baseline {gains[1]:.2f}   target 1.50")
    print(f"  a batch of ours: claim {median(claiming):.1f} ms, record {median(recording):.1f} ms")
    work.enqueue(stack, calls)
    figures = ledger.measure(stack, calls, batch)
    print(f"  the same from a client in Python: {figures.calls_per_second:,.0f}/s", flush=True)


def _enqueue(stack: Stack, sides: Sides, given: argparse.Namespace) -> None:
    print("\nenqueue", flush=True)
    many = Comparison(name="enqueue_many, 1000 a statement", target="0.45")
    once = Comparison(name="8 connections, one statement", target="0.30")
    told = Comparison(name="8 connections, set_identity first")
    inserts: list[float] = []
    lifecycles: list[float] = []
    calls, seconds = given.ledger_calls, given.seconds
    for _ in range(given.rounds):
        many.add(sides.fill(calls, payers=max(1, calls // 1000)), sides.fill_baseline(calls))
        baseline = sides.pgbench("baseline", "enqueue_baseline", clients=8, seconds=seconds)
        once.add(sides.pgbench("app", "enqueue_as", clients=8, seconds=seconds), baseline)
        told.add(sides.pgbench("app", "enqueue_identity", clients=8, seconds=seconds), baseline)
        inserts.append(sides.pgbench("baseline", "floor_insert", clients=8, seconds=seconds))
        lifecycles.append(sides.pgbench("baseline", "floor_lifecycle", clients=1, seconds=seconds))
        sides.drain(1000)
        sides.drain_baseline(1000)
    print(Comparison.HEADER, many, once, told, sep="\n")
    print("\nthe floor: pgbench on a bare table, which the disk decides")
    print(f"  8 connections, one insert a transaction: {median(inserts):,.0f}/s")
    print(f"  one connection, insert, claim and end of 100: {median(lifecycles) * 100:,.0f}/s")


def _http(stack: Stack, sides: Sides, given: argparse.Namespace) -> None:
    sides.analyze()  # what the other parts left dead is not this part's
    print(f"\n{given.calls} calls over HTTP, {given.concurrency} in flight, mock latency 0")
    ratios: list[float] = []
    processor: list[float] = []
    for number in range(1, given.rounds + 1):
        bare, bare_ms = asyncio.run(
            client.send(stack.mock.base_url, given.calls, given.concurrency)
        )
        drained = drain.measure(stack, given.calls, given.concurrency)
        ratios.append(drained.jobs_per_second / bare)
        processor.append((drained.worker_ms + drained.database_ms) / bare_ms)
        print(
            f"  round {number}: bare client {bare:,.0f}/s, one worker"
            f" {drained.jobs_per_second:,.0f}/s; processor time a call:"
            f" bare client {bare_ms:.3f} ms, worker {drained.worker_ms:.3f},"
            f" database {drained.database_ms:.3f}",
            flush=True,
        )
    print(f"  worker to bare client: {median(ratios):.2f}   target 0.60")
    print(
        f"  processor time of worker and database to the bare client's: {median(processor):.1f}"
        f"   target {0.6 * _PROCESSOR_BEFORE:.1f}, which is 0.6 of {_PROCESSOR_BEFORE}"
    )


if __name__ == "__main__":
    main()
