"""The load: calls of ten tenants and fifty users, with every guard having something to look at."""

import json
import time
import uuid

import psycopg

from tollhouse_demo.stack import Stack

__all__ = [
    "PROMPT",
    "TENANTS",
    "USERS",
    "call",
    "enqueue",
    "enqueue_in",
    "server_version",
    "setting",
    "turn_everything_on",
]

PROMPT = "Week 14: search 41,200 EUR, 1,310 orders; video 28,900 EUR, 402 orders. Explain the gap. "
TENANTS, USERS = 10, 5
_REASON = "bench"


def setting(stack: Stack, name: str) -> str:
    """Return a setting of the server."""
    with stack.connect() as connection:
        row = connection.execute("select current_setting(%s)", (name,)).fetchone()
    assert row is not None
    return str(row[0])


def server_version(stack: Stack) -> str:
    """Return the server's name and version."""
    return f"PostgreSQL {setting(stack, 'server_version')}"


def turn_everything_on(stack: Stack) -> None:
    """Give each guard rows: switches elsewhere, caps and limits that are never reached."""
    plenty = 10**12
    with stack.connect("operator") as operator:
        operator.execute(
            "select tollhouse_ops.pull_kill_switch('tenant', 'someone-else', %s)", (_REASON,)
        )
        operator.execute(
            "select tollhouse_ops.set_rate_limit('provider', 'mock-a', %s, %s, null, %s)",
            (10**8, 2 * 10**9, _REASON),
        )
        for tenant in range(TENANTS):
            for user in ("", *(f"user-{n}" for n in range(USERS))):
                operator.execute(
                    "select tollhouse_ops.set_monthly_cap(%s, %s, %s, %s)",
                    (f"tenant-{tenant}", user, plenty, _REASON),
                )
                operator.execute(
                    "select tollhouse_ops.set_hourly_threshold(%s, %s, %s, %s)",
                    (f"tenant-{tenant}", user, plenty, _REASON),
                )


def enqueue(stack: Stack, calls: int, *, use_cache: bool = True) -> float:
    """Enqueue distinct calls, a hundred a statement; return calls per second."""
    share, rest = divmod(calls, TENANTS * USERS)
    begin = time.perf_counter()
    with stack.connect("app") as app:
        for number in range(TENANTS * USERS):
            left = share + (number < rest)
            while left > 0:
                size = min(100, left)
                left -= size
                with app.transaction():
                    app.execute(
                        "select tollhouse.set_identity(%s, %s)",
                        (f"tenant-{number % TENANTS}", f"user-{number // TENANTS}"),
                    )
                    app.execute(
                        "select count(*) from tollhouse.enqueue_many(%s)",
                        (json.dumps([call(use_cache=use_cache) for _ in range(size)]),),
                    )
    return calls / (time.perf_counter() - begin)


def enqueue_in(app: psycopg.Connection, calls: int) -> None:
    """Enqueue distinct calls of all users in a client's open transaction."""
    share, rest = divmod(calls, TENANTS * USERS)
    for number in range(TENANTS * USERS):
        app.execute(
            "select tollhouse.set_identity(%s, %s)",
            (f"tenant-{number % TENANTS}", f"user-{number // TENANTS}"),
        )
        items = [call(use_cache=True) for _ in range(share + (number < rest))]
        app.execute("select count(*) from tollhouse.enqueue_many(%s)", (json.dumps(items),))


def call(*, use_cache: bool) -> dict[str, object]:
    """Return one distinct call."""
    return {
        "endpoint": "explanation",
        "request": {"prompt": PROMPT + uuid.uuid4().hex, "max_completion_tokens": 200},
        "use_cache": use_cache,
    }
