"""How much of a cap is served, and whether it holds: 200 calls at a time, two workers, the mock.

A cap of 0.01 USD pays for 222 calls at 45 micro-USD. What they reserve differs: by a limit of 128
tokens, by the endpoint's own of 1,024, or both, for one user or several, under the tenant's cap or
the user's. Two more rows have the provider bill 1.4 times what a call reserves: the first wave, by
which that is learned, and another tenant after it. Prints a line for each.
"""

import json
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tollhouse_demo.stack import Stack

__all__ = ["CAP", "VARIANTS", "Variant", "measure", "prepare"]

CAP = 10_000  # micro-USD
_CALLS = 300
_DEADLINE_SECONDS = 300
_SHORT, _LONG = 128, 1024
_REASON = "bench"
_HEADER = "| variant | calls | affordable | served | share | spent/cap | refused | waited at once |"


@dataclass(frozen=True, kw_only=True)
class Variant:
    """limits: of output tokens, in turn; factor: how many times too much the provider bills."""

    name: str
    limits: tuple[int | None, ...]
    users: int = 1
    user_cap: bool = False
    factor: float = 1.0
    model: str = "honest"


VARIANTS = (
    Variant(name="limit of 128", limits=(_SHORT,)),
    Variant(name="no limit of its own", limits=(None,)),
    Variant(name="both, mixed", limits=(_SHORT, None)),
    Variant(name="five users, tenant's cap", limits=(_SHORT, None), users=5),
    Variant(name="a user's cap", limits=(None,), user_cap=True),
    Variant(name="bills 1.4, first wave", limits=(_SHORT,), factor=1.4, model="dear"),
    Variant(name="bills 1.4, later", limits=(_SHORT,), factor=1.4, model="dear"),
)


def prepare(stack: Stack) -> None:
    """Make the two models and their endpoints known."""
    with stack.connect("operator") as operator:
        for model in ("honest", "dear"):
            for query, *values in (
                ("set_model(%s, 'mock-a', 'mock-small', %s)", model, _REASON),
                ("set_price(%s, 'input', 0, %s)", model, _REASON),
                ("set_price(%s, 'output', 200000, %s)", model, _REASON),
                (
                    (
                        "set_task_type(%s, %s, array[%s], p_max_output_tokens => 1024,"
                        " p_cache_ttl => '0', p_max_attempts => 1,"
                        " p_timeout_ms => 600000)"
                    ),
                    f"bench-{model}",
                    _REASON,
                    model,
                ),
            ):
                operator.execute(f"select tollhouse_ops.{query}".encode(), values)


def measure(stack: Stack, variant: Variant, tenant: str) -> dict[str, Any]:
    """Ask, wait until nothing is left, and return what became of it; workers are running."""
    # 225 tokens cost 45 micro-USD; a short answer all that its limit allows: 26.
    tokens = {_SHORT: round(_SHORT * variant.factor), None: 225}
    costs = {limit: -(-used * 200_000 // 1_000_000) for limit, used in tokens.items()}
    for limit in variant.limits:
        usage = {
            "prompt_tokens": 0,
            "completion_tokens": tokens[limit],
            "completion_tokens_details": {"reasoning_tokens": 0},
            "prompt_tokens_details": {"cached_tokens": 0},
        }
        stack.mock.fault({"usage": usage, "delay_ms": 200}, contains=f"{tenant} {limit} ")
    with stack.connect("operator") as operator:
        operator.execute(
            "select tollhouse_ops.set_monthly_cap(%s, %s, %s, %s)",
            (tenant, "user-0" if variant.user_cap else "", CAP, _REASON),
        )
    mean = sum(costs[limit] for limit in variant.limits) / len(variant.limits)
    calls = max(_CALLS, round(1.2 * CAP / mean))
    with stack.connect("app") as app:
        for user in range(variant.users):
            items = []
            for number in range(user, calls, variant.users):
                limit = variant.limits[number // variant.users % len(variant.limits)]
                request: dict[str, Any] = {"prompt": f"{tenant} {limit} {number}"}
                if limit is not None:
                    request["max_completion_tokens"] = limit
                items.append({"endpoint": f"bench-{variant.model}", "request": request})
            with app.transaction():
                app.execute("select tollhouse.set_identity(%s, %s)", (tenant, f"user-{user}"))
                app.execute("select from tollhouse.enqueue_many(%s)", (json.dumps(items),))
    waited = _drained(stack, tenant)
    with stack.connect() as connection:
        row = connection.execute(
            "select count(*) filter (where status = 'success'),"
            " count(*) filter (where blocked_reason = 'monthly_cap_exceeded'),"
            " sum(cost_micro_usd)::bigint"
            " from tollhouse_private.llm_api_calls where tenant_id = %s",
            (tenant,),
        ).fetchone()
    assert row is not None
    served, refused, spent = row
    assert served + refused == calls
    return {
        "variant": variant.name,
        "calls": calls,
        "affordable": int(CAP / mean),
        "served": served,
        "share": served / int(CAP / mean),
        "spent": spent / CAP,
        "refused": refused,
        "waited": waited,
    }


def _drained(stack: Stack, tenant: str) -> int:
    """Wait until a tenant's calls are over; return how many stood in line at once, at most."""
    deadline = time.monotonic() + _DEADLINE_SECONDS
    most = 0
    with stack.connect() as connection:
        while True:
            row = connection.execute(
                "select count(*), count(*) filter (where waits_for = 'budget'"
                " and state = 'scheduled') from tollhouse_private.jobs where tenant_id = %s",
                (tenant,),
            ).fetchone()
            assert row is not None
            if row[0] == 0:
                return most
            most = max(most, row[1])
            assert time.monotonic() < deadline, "the queue did not drain"
            time.sleep(0.05)


def main() -> None:
    """Measure each variant for a tenant of its own and print the table."""
    # /var/tmp, because as root the server runs under an account that must reach the folder.
    directory = Path(tempfile.mkdtemp(prefix="tollhouse-bench-", dir="/var/tmp"))
    directory.chmod(0o711)
    try:
        with Stack(directory, workers=0) as stack:
            prepare(stack)
            workers = [stack.start_worker(TOLLHOUSE_CONCURRENCY="100") for _ in range(2)]
            print(_HEADER)
            print("|---|" + "---:|" * 7)
            for number, variant in enumerate(VARIANTS):
                found = measure(stack, variant, f"tenant-{number}")
                print(
                    f"| {found['variant']} | {found['calls']} | {found['affordable']} |"
                    f" {found['served']} | {found['share']:.3f} | {found['spent']:.3f} |"
                    f" {found['refused']} | {found['waited']} |",
                    flush=True,
                )
            for worker in workers:
                stack.stop_worker(worker)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
