"""How long each dashboard takes, for an auditor and for one user, and what is read for it."""

import json
import statistics
import time
from pathlib import Path
from typing import Any

from psycopg import Connection, sql

__all__ = ["measure"]

_DASHBOARDS = Path(__file__).parents[1] / "db" / "dashboards"
_READERS = {"auditor": "tollhouse_auditor", "user": "tollhouse_client"}

Connected = Connection[tuple[Any, ...]]


def measure(connection: Connected, rounds: int, *, auditor_ms: float, user_ms: float) -> list[str]:
    """Print a table of medians; return a line for each that is above its bound."""
    bounds = {"auditor": auditor_ms, "user": user_ms}
    slow = []
    print("\n| dashboard | auditor, ms | a user, ms | rows | what is read (auditor) |")
    print("|---|---|---|---|---|")
    for path in sorted(_DASHBOARDS.glob("*.sql")):
        query = path.read_text(encoding="utf-8")
        shown = dict.fromkeys(_READERS, "-")
        rows = 0
        plan = ""
        for reader, role in _READERS.items():
            text = query
            if reader == "user":
                text = query.replace("tollhouse_ops.guard_state", "tollhouse.guard_state")
                if "tollhouse_ops." in text:
                    continue
            with connection.transaction():
                connection.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))
                if reader == "user":
                    connection.execute("select tollhouse.set_identity('tenant-7', 'user-3')")
                times = []
                for _ in range(rounds + 1):
                    begin = time.perf_counter()
                    count = len(connection.execute(text.encode()).fetchall())
                    times.append((time.perf_counter() - begin) * 1000)
                median = statistics.median(times[1:])
                shown[reader] = f"{median:,.0f}"
                if median > bounds[reader]:
                    slow.append(f"{path.stem} takes the {reader} {median:,.0f} ms")
                if reader == "auditor":
                    rows = count
                    plan = _plan(connection, text)
        print(
            f"| {path.stem} | {shown['auditor']} | {shown['user']} | {rows} | {plan} |",
            flush=True,
        )
    return slow


def _plan(connection: Connected, query: str) -> str:
    (document,) = connection.execute(b"explain (format json) " + query.encode()).fetchone() or ()
    found: dict[str, None] = {}
    nodes = [(document if isinstance(document, list) else json.loads(document))[0]["Plan"]]
    while nodes:
        node = nodes.pop()
        nodes += reversed(node.get("Plans", []))
        if name := node.get("Relation Name"):
            parallel = "parallel " if node.get("Parallel Aware") else ""
            ahead = name[-7:-3].isdigit() and name[-7:] > _this_month()
            if not (ahead or name.startswith("pg_")):
                found[f"{parallel}{node['Node Type'].lower()} {name}"] = None
    return "; ".join(found) or "the catalog"


def _this_month() -> str:
    return time.strftime("%Y_%m", time.gmtime())
