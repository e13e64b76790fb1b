"""No test gives up after seconds: on a busy machine that proves nothing."""

import ast
from pathlib import Path

import pytest

from tests.support.waiting import PATIENCE

TESTS = Path(__file__).parents[1]
SHORTEST = 120.0
# Deadlines that are what the test is about, or a look that is repeated.
EXCEPTIONS: dict[str, str] = {
    "support/ops.py": "a look at a port, which is repeated",
}


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
        elif name.rpartition(".")[2] in {"until", "ends"}:
            given += [word.value for word in node.keywords if word.arg == "seconds"]
        found += [
            (node.lineno, float(value.value))
            for value in given
            if isinstance(value, ast.Constant) and isinstance(value.value, int | float)
        ]
    return found


FILES = sorted(path.relative_to(TESTS).as_posix() for path in TESTS.rglob("*.py"))


@pytest.mark.parametrize("file", [file for file in FILES if file not in EXCEPTIONS])
def test_no_deadline_of_seconds(file: str) -> None:
    """What ends a wait is PATIENCE of tests/support/waiting.py, or longer."""
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    assert [] == [(line, short) for line, short in deadlines(tree) if short < SHORTEST]


def test_the_lint_sees_them() -> None:
    """Each way to write a deadline is noticed."""
    text = (
        "asyncio.timeout(5)\nasyncio.wait_for(x, 10.0)\nprocess.wait(timeout=2)\n"
        "until(look, 'it', seconds=8)\npytest.mark.timeout(60)\nprobe.settimeout(1)"
    )
    assert [5, 10, 2, 8, 60, 1] == [seconds for _, seconds in deadlines(ast.parse(text))]
    assert PATIENCE >= SHORTEST
