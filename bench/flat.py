"""What a call costs in a long queue beside a short one: claim and record of 100, from SQL.

A million calls are queued by ten thousand tenants, one of whom has nine tenths of them; 200,000 are
scheduled for one instant that has come; a dead worker holds 5,000. Beside each, in an installation
of its own and in turn, goes a short queue of the same kind, each call of another tenant. Exit
status 1 where a call costs more than 1.2 times as much, or where the new call of a tenant who has
no other is not in the next claim.
"""

import argparse
import contextlib
import shutil
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from bench import work
from bench.beside import NOTHING, Drained, Sides, drain_on
from tollhouse_demo.stack import Stack

_BATCH = 100
_WARM = 10
_IN_TURN = 5
_TARGET = 1.2
_TENANTS = 10_000
# Copies of one call that came in by the front door, each under a name and keys of its own.
_FILL = """
insert into tollhouse_private.jobs
select (copied.job).*
from (
  select to_jsonb(j) as job, clock_timestamp() - interval '60 s' as begun
  from tollhouse_private.jobs as j
  where j.tenant_id = 'template'
) as template
cross join generate_series(1, %(calls)s) as n
cross join lateral (
  select tollhouse_private.new_call_id(template.begun + n * interval '50 microseconds') as call_id
  offset 0
) as id
cross join lateral (
  select jsonb_populate_record(null::tollhouse_private.jobs, template.job || jsonb_build_object(
    'tenant_id', case
      when n %% 10 < %(tenths)s then 'large'
      else 'tenant-' || (n::bigint * 7919) %% %(tenants)s
    end,
    'call_id', id.call_id,
    'request_id', id.call_id,
    'created_at', tollhouse_private.call_created_at(id.call_id),
    'cache_key', '\\x' || encode(sha256(convert_to(id.call_id::text, 'UTF8')), 'hex'),
    'state', %(state)s::text,
    'waits_for', case when %(state)s = 'scheduled' then 'run_at' end,
    'run_at', template.begun
  )) as job offset 0
) as copied
"""


def main() -> None:
    """Measure, print, clean up."""
    parser = argparse.ArgumentParser(prog="python -m bench.flat", description=__doc__)
    parser.add_argument("--queued", type=int, default=1_000_000, help="calls in the long queue")
    parser.add_argument("--scheduled", type=int, default=200_000, help="calls due at one instant")
    parser.add_argument("--dead", type=int, default=5_000, help="calls of one dead worker")
    parser.add_argument("--batches", type=int, default=40, help="batches measured of each")
    given = parser.parse_args()
    few = (given.batches + _WARM) * _BATCH
    with _installation() as short, _installation() as long:
        print(f"claim and record of {_BATCH}, ms a call{'':<28} short    long   ratio", flush=True)
        ratios = [_reaped(short, long, given.dead)]
        ratios.append(_promoted(short, long, given.scheduled, few))
        _fill(short, "queued", few, 0)
        _fill(long, "queued", given.queued, 9)
        ratios.append(_queued(short, long, given.queued, given.batches))
        next_claim = _newcomer_is_next(long)
    answer = "yes" if next_claim else "no"
    print(f"a new call of a tenant without others is in the next claim: {answer}")
    sys.exit(not next_claim or max(ratios) > _TARGET)


@contextlib.contextmanager
def _installation() -> Iterator[Stack]:
    # /var/tmp, because as root the server runs under an account that must reach the folder.
    directory = Path(tempfile.mkdtemp(prefix="tollhouse-bench-", dir="/var/tmp"))
    directory.chmod(0o711)
    try:
        with Stack(directory, durable=True, workers=0) as stack:
            work.turn_everything_on(stack)
            Sides(stack)
            yield stack
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _fill(stack: Stack, state: str, calls: int, tenths: int) -> None:
    """Leave nothing but so many calls in the queue."""
    with stack.connect() as admin:
        admin.execute("truncate tollhouse_private.jobs")
        _enqueue(stack, "template")
        admin.execute("set synchronous_commit = off")
        admin.execute(
            _FILL.encode(),
            {
                "calls": calls,
                "tenths": tenths,
                "state": state,
                "tenants": calls if tenths == 0 and calls < _TENANTS else _TENANTS,
            },
        )
        admin.execute("delete from tollhouse_private.jobs where tenant_id = 'template'")
        admin.execute("vacuum tollhouse_private.jobs")
        admin.execute("checkpoint")


def _enqueue(stack: Stack, tenant: str) -> uuid.UUID:
    with stack.connect("app") as app, app.transaction():
        app.execute("select tollhouse.set_identity(%s, 'user-0')", (tenant,))
        row = app.execute(
            "select call_id from tollhouse.enqueue("
            "'explanation', jsonb_build_object('prompt', %s::text))",
            (work.PROMPT + uuid.uuid4().hex,),
        ).fetchone()
    assert row is not None
    call_id: uuid.UUID = row[0]
    return call_id


def _queued(short: Stack, long: Stack, calls: int, batches: int) -> float:
    """Drain some batches of both."""
    sums = [NOTHING, NOTHING]
    with short.connect("worker") as one, long.connect("worker") as other:
        for connection in (one, other):
            drain_on(connection, "bench", _BATCH, batches=_WARM)
        for _ in range(batches // _IN_TURN):
            for side, connection in enumerate((one, other)):
                sums[side] += drain_on(connection, "bench", _BATCH, batches=_IN_TURN)
    return _printed(f"{calls:,} queued calls, one tenant has 90 %", *map(_cost, sums))


def _promoted(short: Stack, long: Stack, calls: int, few: int) -> float:
    """Drain all of both, since what is due is queued ahead of what is claimed."""
    sums = [NOTHING, NOTHING]
    _fill(long, "scheduled", calls, 0)
    with short.connect("worker") as one, long.connect("worker") as other:
        while True:
            _fill(short, "scheduled", few, 0)
            drained = drain_on(other, "bench", _BATCH, batches=few // _BATCH)
            if not drained.calls:
                break
            sums[1] += drained
            sums[0] += drain_on(one, "bench", _BATCH)
    return _printed(f"{calls:,} scheduled calls due at once", *map(_cost, sums))


def _cost(drained: Drained) -> float:
    return (drained.claiming + drained.recording) / drained.calls * 1000


def _reaped(short: Stack, long: Stack, calls: int) -> float:
    costs: list[list[float]] = [[], []]
    few = calls // 25
    _abandon(long, calls)
    with short.connect("worker") as one, long.connect("worker") as other:
        while True:
            _abandon(short, few)
            for side, connection in enumerate((one, other)):
                begin = time.perf_counter()
                row = connection.execute("select tollhouse_worker.reap()").fetchone()
                taken = time.perf_counter() - begin
                assert row is not None
                if row[0] == 0:
                    assert side == 1, "the short queue had nothing to reap"
                    medians = [sorted(side)[len(side) // 2] for side in costs]
                    return _printed(f"{calls:,} calls of a dead worker, reaped", *medians)
                costs[side].append(taken / row[0] * 1000)


def _abandon(stack: Stack, calls: int) -> None:
    """Let a worker claim so many calls, and die."""
    worker_id = uuid.uuid4()
    work.enqueue(stack, calls)
    with stack.connect("worker") as worker, stack.connect() as admin:
        worker.execute(
            "select from tollhouse_worker.register(%s, 'dead', %s, '0')", (worker_id, calls)
        )
        taken = 0
        while taken < calls:
            taken += worker.execute(
                "select from tollhouse_worker.claim(%s, %s)", (worker_id, _BATCH)
            ).rowcount
        admin.execute(
            "update tollhouse_private.workers set alive_until = now() where worker_id = %s",
            (worker_id,),
        )


def _newcomer_is_next(stack: Stack) -> bool:
    worker_id = uuid.uuid4()
    call_id = _enqueue(stack, "newcomer")
    with stack.connect("worker") as worker:
        worker.execute(
            "select from tollhouse_worker.register(%s, 'bench', %s, '0')", (worker_id, _BATCH)
        )
        rows = worker.execute(
            "select call_id from tollhouse_worker.claim(%s, %s)", (worker_id, _BATCH)
        ).fetchall()
    return (call_id,) in rows


def _printed(name: str, short: float, long: float) -> float:
    print(
        f"  {name:<50} {short:7.3f} {long:7.3f}   {long / short:5.2f}"
        f"   target {_TARGET:.2f} at most",
        flush=True,
    )
    return long / short


if __name__ == "__main__":
    main()
