"""The log holds constant events and nothing confidential."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.database import Database
from tollhouse.errors import GateError
from tollhouse.gate import Gate
from tollhouse.log import JsonLines, Log, Sparing
from tollhouse.providers import Redactor

SECRET = "open-sesame"


class Lines:
    """What has been logged since, as text and as objects."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.stream = io.StringIO()

    @property
    def text(self) -> str:
        """All lines."""
        return self.stream.getvalue()

    @property
    def objects(self) -> list[dict[str, Any]]:
        """All lines, parsed."""
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """Log as a worker does, into a string."""
    lines = Lines()
    handler = logging.StreamHandler(lines.stream)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel("INFO")
    yield lines
    root.removeHandler(handler)
    root.setLevel(level)


def test_own_events_are_as_they_were_written(lines: Lines) -> None:
    """The event is not formatted, and its fields stand beside it."""
    Log("tollhouse.test").info("100% done", calls=3)
    (line,) = lines.objects
    assert list(line) == ["time", "level", "logger", "event", "calls"]
    assert (line["level"], line["logger"]) == ("info", "tollhouse.test")
    assert (line["event"], line["calls"]) == ("100% done", 3)


def test_the_event_of_a_library_is_what_it_says(lines: Lines) -> None:
    """Its values are filled in: a bare template says nothing about what happened."""
    logging.getLogger("library").warning("error connecting in %r: %s", "pool-1", "refused")
    (line,) = lines.objects
    assert list(line) == ["time", "level", "logger", "event"]
    assert (line["logger"], line["event"]) == ("library", "error connecting in 'pool-1': refused")


def test_only_the_first_line_of_a_library_is_kept(lines: Lines) -> None:
    """Later lines may quote data."""
    logging.getLogger("asyncio").error(f"never retrieved\nfuture: ValueError('{SECRET}')")
    (line,) = lines.objects
    assert line["event"] == "never retrieved"
    assert SECRET not in lines.text


def test_an_exception_of_a_library_is_type_and_place(lines: Lines) -> None:
    """Its text is left out: it may hold a payload."""
    try:
        raise ValueError(SECRET)
    except ValueError:
        logging.getLogger("aiohttp.server").exception("Error handling request from %s", "::1")
    (line,) = lines.objects
    assert line["event"] == "Error handling request from ::1"
    assert line["exception"] == "ValueError"
    assert line["traceback"][-1].endswith("test_an_exception_of_a_library_is_type_and_place")
    assert SECRET not in lines.text


@pytest.mark.parametrize(
    ("password", "why"),
    [
        (SECRET, "password authentication failed"),
        (f"half@{SECRET}", "failed to resolve host '…@127.0.0.1'"),
    ],
    ids=["wrong", "unescaped"],
)
async def test_who_can_not_connect_says_why(
    pg18_database: Database, lines: Lines, password: str, why: str
) -> None:
    """It shows no password, not even the part that an unescaped @ turns into a host."""
    url = urlsplit(pg18_database.url("th_worker"))
    database = f"postgresql://th_worker:{password}@{url.hostname}:{url.port}{url.path}"
    async with Gate(database_url=database, application_name="test") as gate:
        with pytest.raises(GateError, match="no connection"):
            await gate.reap()
    (told,) = [line for line in lines.objects if "can't connect" in line["event"]]
    assert told["logger"] == "tollhouse.connection"
    assert why in told["event"]
    assert SECRET not in lines.text


def test_no_library_can_log_a_key() -> None:
    """Every line is last filtered by the code that knows the providers' keys."""
    formatter = JsonLines(Redactor("sk-one-0123456789", 'sk-"two"-0123456789').text)
    said = 'sent with sk-one-0123456789 and sk-"two"-0123456789'
    record = logging.LogRecord("aiohttp.client", logging.WARNING, "", 1, said, (), None)
    assert json.loads(formatter.format(record))["event"] == "sent with [key] and [key]"


def test_what_goes_wrong_over_and_over_is_counted() -> None:
    """An event gets a few lines, then a count; other events are logged as usual."""
    stream = io.StringIO()
    handler = Sparing(stream, most=3, seconds=3600)
    handler.setFormatter(JsonLines())
    for number in range(10_000):
        said = f"socket.accept() out of system resource\nsocket: <socket fd={number}>"
        handler.handle(logging.LogRecord("asyncio", logging.ERROR, "", 1, said, (), None))
    handler.handle(logging.LogRecord("asyncio", logging.ERROR, "", 1, "another", (), None))
    handler.close()
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    accept = "socket.accept() out of system resource"
    assert [line["event"] for line in lines] == [accept] * 3 + ["another", "lines left out"]
    assert (lines[-1]["of"], lines[-1]["lines"]) == (accept, 9_997)
