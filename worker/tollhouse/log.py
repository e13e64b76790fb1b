"""Structured logs: one JSON object a line, a constant event and its fields."""

import json
import logging
import re
import sys
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TextIO

__all__ = ["JsonLines", "Log", "Sparing", "set_up"]

# Text before an @ may be part of a password: one with an @ that is not escaped runs into the host.
_SECRET = re.compile(r"[^\s'\"]*@")
# Different events that are counted in one interval.
_EVENTS = 1000


class JsonLines(logging.Formatter):
    """Formats a record as one JSON object; the message of a `Log` call is its event.

    The event of a library's record is the first line of its message. Further lines may quote data,
    and so may the text of an exception: only type and place are logged. `redact` sees every line.
    """

    def __init__(self, redact: Callable[[str], str] = str) -> None:
        super().__init__()
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        """Render time, level, logger, event and the fields, in that order."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        if hasattr(record, "fields"):
            line |= {"event": record.msg, **record.fields}
        else:
            line |= _of_library(record)
        return self._redact(json.dumps(line, default=str))


class Log:
    """A logger that takes a constant event and fields. Fields never carry payloads or keys."""

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def info(self, event: str, **fields: object) -> None:
        """Log something normal."""
        self._logger.info(event, extra={"fields": fields})

    def warning(self, event: str, **fields: object) -> None:
        """Log something that the worker recovers from by itself."""
        self._logger.warning(event, extra={"fields": fields})

    def error(self, event: str, **fields: object) -> None:
        """Log something that a person should look at."""
        self._logger.error(event, extra={"fields": fields})

    def bug(self, event: str, error: BaseException, **fields: object) -> None:
        """Log where an unexpected exception came from, without its text: that may be payload."""
        self.error(event, **_origin(error), **fields)


class Sparing(logging.StreamHandler[TextIO]):
    """Writes a few records of each event per interval, and at its end how many were left out.

    Whatever goes wrong over and over, the log stays small and does not fill the disk.
    """

    def __init__(self, stream: TextIO, *, most: int = 20, seconds: float = 10.0) -> None:
        super().__init__(stream)
        self._most, self._seconds = most, seconds
        self._since = time.monotonic()
        self._counts: dict[tuple[str, str], int] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Write it, or count it; called with the handler's lock held."""
        now = time.monotonic()
        if now - self._since >= self._seconds:
            self._tell()
            self._since = now
        event = str(record.msg).partition("\n")[0]
        key = record.name, event if len(self._counts) < _EVENTS else ""
        count = self._counts[key] = self._counts.get(key, 0) + 1
        if count <= self._most:
            super().emit(record)

    def close(self) -> None:
        """Say what was left out."""
        self._tell()
        super().close()

    def _tell(self) -> None:
        counts, self._counts = self._counts, {}
        for (name, event), count in counts.items():
            if count > self._most:
                told = logging.LogRecord(name, logging.WARNING, "", 0, "lines left out", (), None)
                told.fields = {"of": event, "lines": count - self._most}
                super().emit(told)


def set_up(level: str = "INFO", *, redact: Callable[[str], str] = str) -> None:
    """Send every log record of the process to stderr as JSON lines, each through `redact`."""
    handler = Sparing(sys.stderr)
    handler.setFormatter(JsonLines(redact))
    logging.basicConfig(level=level, handlers=[handler], force=True)


def _of_library(record: logging.LogRecord) -> dict[str, object]:
    event = _SECRET.sub("…@", record.getMessage().partition("\n")[0])
    error = record.exc_info[1] if record.exc_info else None
    return {"event": event, **(_origin(error) if error else {})}


def _origin(error: BaseException) -> dict[str, object]:
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    return {"exception": type(error).__qualname__, "traceback": places}
