"""Failed attempts are logged promptly, rarely, with counts, and without payloads."""

import asyncio

import pytest

from tests.worker.fakes import eventually, make_call
from tollhouse.providers import Outcome, OutcomeName
from tollhouse.worker.inflight import Failures

SECONDS = 0.2


def failed(outcome: OutcomeName, http_status: int | None = None) -> Outcome:
    """Return the outcome of a call."""
    return Outcome.of(
        make_call(), outcome, http_status=http_status, error_message="a secret question"
    )


def told(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str, int, int | None]]:
    """Return provider, outcome, attempts and status of each line."""
    assert "secret" not in str([vars(record) for record in caplog.records])
    return [tuple(vars(record)["fields"].values()) for record in caplog.records]


async def test_the_first_at_once_the_others_counted(caplog: pytest.LogCaptureFixture) -> None:
    """66 failures at once make two lines, and a quiet period makes none."""
    failures = Failures(seconds=SECONDS)
    for status in (500, *[503] * 65):
        failures.note("a", failed("server_error", status))
    assert told(caplog) == [("a", "server_error", 1, 500)]
    await eventually(lambda: len(caplog.records) > 1)
    await asyncio.sleep(2.5 * SECONDS)
    assert told(caplog)[1:] == [("a", "server_error", 65, 503)]
    failures.note("a", failed("server_error", 502))
    assert told(caplog)[2:] == [("a", "server_error", 1, 502)]


async def test_each_provider_and_outcome_has_lines_of_its_own(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A constantly failing provider hides no other."""
    failures = Failures(seconds=SECONDS)
    failures.note("a", failed("server_error", 503))
    failures.note("a", failed("timeout"))
    failures.note("b", failed("server_error", 503))
    assert told(caplog) == [
        ("a", "server_error", 1, 503),
        ("a", "timeout", 1, None),
        ("b", "server_error", 1, 503),
    ]


@pytest.mark.parametrize("outcome", ["success", "aborted", "cancelled", "interrupted", "not_sent"])
async def test_what_no_provider_did_is_no_failure(
    outcome: OutcomeName, caplog: pytest.LogCaptureFixture
) -> None:
    """A drain or a kill switch logs its own event."""
    Failures(seconds=SECONDS).note("a", failed(outcome))
    assert told(caplog) == []


async def test_the_end_tells_what_is_left(caplog: pytest.LogCaptureFixture) -> None:
    """A stopping worker logs its remaining counts, then nothing more."""
    failures = Failures(seconds=SECONDS)
    for _ in range(3):
        failures.note("a", failed("dropped"))
    failures.flush()
    failures.flush()
    await asyncio.sleep(1.5 * SECONDS)
    assert told(caplog) == [("a", "dropped", 1, None), ("a", "dropped", 2, None)]
