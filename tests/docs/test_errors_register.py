"""db/ERRORS.md, the deploy scripts, the comments and the worker know the same codes."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from tollhouse.errors import GateError
from tollhouse.statements import _BY_SQLSTATE
from tollhouse.worker.trouble import refused_as_data

ROOT = Path(__file__).parents[2]
REGISTER = (ROOT / "db" / "ERRORS.md").read_text(encoding="utf-8")
SCRIPTS = "\n".join(
    path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("deploy/*/*.sql"))
)
# Codes that the worker does not map to a class of its own, and what handles them.
HANDLED_AS_DATA = {"TH202"}


@dataclass(frozen=True)
class Entry:
    """One row of the register."""

    code: str
    raised_by: tuple[str, ...]
    messages: tuple[str, ...]


def entries() -> list[Entry]:
    """Return the rows of the register."""
    rows = re.findall(r"^\| (TH\d{3}) \| (.+?) \| (.+?) \| .+ \| .+ \|$", REGISTER, re.MULTILINE)
    return [
        Entry(code, tuple(re.findall(r"`([a-z_]+\.[a-z_]+)`", by)), tuple(message.split(" / ")))
        for code, by, message in rows
    ]


def raised() -> dict[str, set[str]]:
    """Return the codes that scripts raise, each with its literal messages."""
    found: dict[str, set[str]] = {}
    for code, rest in re.findall(r"errcode = '(\w+)',(.*?);", SCRIPTS, re.DOTALL):
        message = re.search(r"message = (.*?)(?:,\s*(?:detail|hint) =|$)", rest, re.DOTALL)
        assert message, f"{code} without a message"
        found.setdefault(code, set()).update(re.findall(r"'([^']+)'", message[1]))
    return found


def test_register_and_scripts_agree() -> None:
    """Every code that is raised is registered, every registered code is raised, each once."""
    registered = [entry.code for entry in entries()]
    assert registered == sorted(set(registered))
    assert set(registered) == set(raised())
    assert len(re.findall(r"^\| TH", REGISTER, re.MULTILINE)) == len(registered)


def test_messages_agree() -> None:
    """The register quotes the messages word for word."""
    literal = raised()
    for entry in entries():
        for message in entry.messages:
            assert any(message == text or message.startswith(text) for text in literal[entry.code])
        for text in literal[entry.code]:
            assert any(message.startswith(text) for message in entry.messages), text


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.code)
def test_functions_say_so(entry: Entry) -> None:
    """Each function named in the register exists, and its comment names the code."""
    for name in entry.raised_by:
        comment = re.search(
            rf"^comment on (?:function|procedure) {re.escape(name)}\(.*?\) is\s+'(.*?)';$",
            SCRIPTS,
            re.MULTILINE | re.DOTALL,
        )
        assert comment, f"{name} does not exist"
        inherits = re.search(r"Raises as|When claim raises|^record, commit, claim", comment[1])
        assert entry.code in _spelled_out(comment[1]) or inherits, f"{name}: {entry.code}"


def test_comments_name_registered_codes() -> None:
    """No comment names a code that does not exist, and every function of ops that audits does."""
    known = {entry.code for entry in entries()}
    assert set(re.findall(r"\bTH\d{3}\b", SCRIPTS)) <= known


def test_worker_knows_its_class() -> None:
    """Each TH2xx has a class in the tree of errors, or is known to be about one result's data."""
    protocol = {entry.code for entry in entries() if entry.code.startswith("TH2")}
    assert set(_BY_SQLSTATE) | HANDLED_AS_DATA == protocol
    for code in HANDLED_AS_DATA:
        assert refused_as_data(GateError("record", sqlstate=code))


def _spelled_out(comment: str) -> set[str]:
    codes = set(re.findall(r"TH\d{3}", comment))
    for first, last in re.findall(r"TH(\d{3}) to TH(\d{3})", comment):
        codes |= {f"TH{number:03}" for number in range(int(first), int(last) + 1)}
    return codes
