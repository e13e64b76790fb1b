"""The notes of a run say why a test failed, without its whole traceback."""

from typing import Literal

import pytest

from tests.support.probe import failure

Outcome = Literal["passed", "failed", "skipped"]


def report(outcome: Outcome, said: str) -> pytest.TestReport:
    """Return the report of a test's call."""
    return pytest.TestReport("test_x", ("test_x.py", 1, "test_x"), {}, outcome, said, "call")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (report("failed", "\nassert 1 == 2\n  where 1 = one()"), "assert 1 == 2"),
        (report("failed", "x" * 1000), "x" * 500),
        (report("passed", "said on the way"), None),
        (None, None),
    ],
)
def test_the_first_line_of_a_failure(given: pytest.TestReport | None, expected: str | None) -> None:
    """One line, cut at a length; nothing for a test that passed or did not run."""
    assert expected == failure(given)
