"""No test gives up after seconds: on a busy machine that proves nothing."""

import ast
import re
from pathlib import Path

import pytest

from tests.support.waiting import PATIENCE

TESTS = Path(__file__).parents[1]
SHORTEST = 120.0
LONGEST_SLEEP = 3.0
# Deadlines that are what the test is about, or a look that is repeated.
EXCEPTIONS: dict[str, str] = {
    "support/ops.py": "a look at a port, which is repeated",
}


# A server's own deadline that a statement of a test's is to run into, or is read back.
SERVERS: dict[str, str] = {
    "lint/test_deadlines.py": "examples",
    "page/test_content.py": "it reads what the page sets",
    "support/operational_queries.py": "a command for operators: each question is a small one",
    "race/test_materialize.py": "a statement's time is up in the middle of a materializer",
}
SLEEPS: dict[str, str] = {
    "worker/test_lease.py": "a loop is held up for longer than a lease",
}
_OF_A_SERVER = re.compile(r"(?:statement|lock)_timeout(?: to |\s*=\s*)'?(\d+)\s*(ms|s|min)?")
_UNITS = {"": 0.001, "ms": 0.001, "s": 1.0, "min": 60.0}


def deadlines(tree: ast.AST) -> list[tuple[int, float]]:
    """Return line and seconds of every deadline that is written as a number."""
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        given = [word.value for word in node.keywords if word.arg == "timeout"]
        if name in {"asyncio.timeout", "pytest.mark.timeout"} or name.endswith(".settimeout"):
            given += node.args[:1]
        elif name == "asyncio.wait_for":
            given += node.args[1:2]
        elif name.rpartition(".")[2] == "wait" and name != "asyncio.wait":
            given += [value for value in node.args[:1] if not _is_pace(value)]
        elif name.rpartition(".")[2] in {"until", "ends"}:
            given += [word.value for word in node.keywords if word.arg == "seconds"]
        found += [
            (node.lineno, float(value.value))
            for value in given
            if isinstance(value, ast.Constant) and isinstance(value.value, int | float)
        ]
    return found


def _is_pace(value: ast.expr) -> bool:
    """Whether a wait is so short that it only paces a loop."""
    seconds = value.value if isinstance(value, ast.Constant) else None
    return isinstance(seconds, int | float) and seconds < 1.0


_CLOCK = re.compile(r"(?:^|[._])(?:monotonic|perf_counter|time|clock)(?:_ns)?$")
_MEASURED = re.compile(r"elapsed|duration|latency|retry_after|took\b")


def bounds(tree: ast.AST) -> list[tuple[int, float]]:
    """Return line and number of every assertion that something took less than so long."""
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Assert) or not isinstance(node.test, ast.Compare):
            continue
        parts = [node.test.left, *node.test.comparators]
        for left, operator, right in zip(parts, node.test.ops, parts[1:], strict=False):
            if isinstance(operator, ast.Gt | ast.GtE):
                left, right = right, left
            elif not isinstance(operator, ast.Lt | ast.LtE):
                continue
            limit = right.value if isinstance(right, ast.Constant) else None
            if isinstance(limit, int | float) and _is_measured(left):
                found.append((node.lineno, float(limit)))
    return found


def _is_measured(value: ast.expr) -> bool:
    """Whether a value says how long something took: by its name, or a clock less its start."""
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Sub):
        calls = [node for node in ast.walk(value) if isinstance(node, ast.Call)]
        return any(_CLOCK.search(ast.unparse(call.func)) for call in calls)
    return _MEASURED.search(ast.unparse(value)) is not None


def server_deadlines(text: str) -> list[float]:
    """Return the seconds of each statement_timeout and lock_timeout that is set; 0 is none."""
    found = (float(number) * _UNITS[unit] for number, unit in _OF_A_SERVER.findall(text))
    return [seconds for seconds in found if seconds]


def sleeps(tree: ast.AST) -> list[tuple[int, float]]:
    """Return line and seconds of every sleep that is written as a number."""
    return [
        (node.lineno, float(node.args[0].value))
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in {"time.sleep", "asyncio.sleep"}
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, int | float)
    ]


FILES = sorted(path.relative_to(TESTS).as_posix() for path in TESTS.rglob("*.py"))


@pytest.mark.parametrize("file", [file for file in FILES if file not in EXCEPTIONS])
def test_no_deadline_of_seconds(file: str) -> None:
    """What ends a wait is PATIENCE of tests/support/waiting.py, or longer."""
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    assert [] == [(line, short) for line, short in deadlines(tree) if short < SHORTEST]


@pytest.mark.parametrize("file", FILES)
def test_nothing_must_be_quick(file: str) -> None:
    """No assertion says that something took less than seconds; at least so long it may say."""
    assert [] == bounds(ast.parse((TESTS / file).read_text(encoding="utf-8")))


@pytest.mark.parametrize("file", [file for file in FILES if file not in SERVERS])
def test_no_deadline_of_seconds_in_a_session(file: str) -> None:
    """A statement or a lock that a test waits for has minutes as well."""
    text = (TESTS / file).read_text(encoding="utf-8")
    assert [] == [seconds for seconds in server_deadlines(text) if seconds < SHORTEST]


@pytest.mark.parametrize("file", [file for file in FILES if file not in SLEEPS])
def test_no_long_sleep(file: str) -> None:
    """A test waits for a state."""
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    # An hour never comes: it is a task that waits to be cancelled.
    assert [] == [
        (line, seconds) for line, seconds in sleeps(tree) if LONGEST_SLEEP < seconds < 3600
    ]


def test_the_lint_sees_them() -> None:
    """Each way to write a deadline is noticed."""
    text = (
        "asyncio.timeout(5)\nasyncio.wait_for(x, 10.0)\nprocess.wait(timeout=2)\n"
        "until(look, 'it', seconds=8)\npytest.mark.timeout(60)\nprobe.settimeout(1)\n"
        "barrier.wait(3)"
    )
    assert [5, 10, 2, 8, 60, 1, 3] == [seconds for _, seconds in deadlines(ast.parse(text))]
    assert PATIENCE >= SHORTEST
    assert [2, 0.3, 180] == server_deadlines(
        "set lock_timeout = '2s'; statement_timeout to 300; set local statement_timeout='3min'"
    )
    assert [(1, 5.0)] == sleeps(ast.parse("time.sleep(5)"))
    text = (
        "assert elapsed < 2\nassert time.monotonic() - begun <= 0.5, 'late'\n"
        "assert 3 > loop.time() - begun\nassert 0 < outcome.latency_ms < 4000\n"
        "assert time.monotonic() - begun >= 0.9\n"
        "assert time.monotonic() < deadline\nassert size < 3"
    )
    assert [2, 0.5, 3, 4000] == [seconds for _, seconds in bounds(ast.parse(text))]
