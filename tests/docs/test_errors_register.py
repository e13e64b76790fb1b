"""db/ERRORS.md, the deploy scripts, the comments and the worker know the same codes."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from tollhouse.errors import GateError
from tollhouse.sqlstates import ERRORS, is_refused_as_data

ROOT = Path(__file__).parents[2]
REGISTER = (ROOT / "db" / "ERRORS.md").read_text(encoding="utf-8")
SCRIPTS = "\n".join(
    path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("deploy/*/*.sql"))
)
# Codes that the worker does not map to a class of its own, and what handles them.
HANDLED_AS_DATA = {"TH202", "TH203"}
# Standard codes that no caller of ours sees: caught where they are raised, repeated by the worker,
# or raised by a verify.
UNSEEN = {"57014", "40001", "P0004"}

INHERITS = re.compile(r"Raises as|When claim raises|^record, commit, claim")
BODIES: dict[str, str] = dict(
    re.findall(
        r"^create (?:function|procedure) (tollhouse\w*\.\w+)\((.*?\$\$.*?\$\$);$",
        SCRIPTS,
        re.MULTILINE | re.DOTALL,
    )
)
COMMENTS: dict[str, str] = dict(
    re.findall(
        r"^comment on (?:function|procedure) (tollhouse\w*\.\w+)\(.*?\) is\s+'(.*?)';$",
        SCRIPTS,
        re.MULTILINE | re.DOTALL,
    )
)
ENTRIES = {name for name in BODIES if not name.startswith("tollhouse_private.")}
# What a helper raises for arguments that these never pass.
CANNOT_BE = {
    "tollhouse_ops.stop_everything": {"TH302", "TH303"},
    "tollhouse_worker.reap": {"TH202"},
}
# What check_target raises for a kind.
OF_KIND = {
    **dict.fromkeys(("tenant", "user", "name"), "TH303"),
    **dict.fromkeys(("provider", "model", "endpoint"), "TH302"),
}


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


def raised_by_scripts() -> dict[str, set[str]]:
    """Return the codes that scripts raise, each with its literal messages."""
    found: dict[str, set[str]] = {}
    for code, rest in re.findall(r"errcode = '(\w+)',(.*?);", SCRIPTS, re.DOTALL):
        message = re.search(r"message = (.*?)(?:,\s*(?:detail|hint) =|$)", rest, re.DOTALL)
        assert message, f"{code} without a message"
        found.setdefault(code, set()).update(re.findall(r"'([^']+)'", message[1]))
    return found


def raised_through(name: str, above: frozenset[str] = frozenset()) -> set[str]:
    """Return the codes that a function raises, itself or through what it calls."""
    body = BODIES[name]
    codes = set(re.findall(r"errcode = '(TH\d{3})'", body))
    calls = re.findall(r"(tollhouse_(?:private|ops)\.\w+)\((?:'(\w+)')?", body)
    for called, kind in calls:
        if called.endswith(".check_target") and kind:
            codes.add(OF_KIND[kind])
        elif called in BODIES.keys() - above:
            codes |= raised_through(called, above | {name, called})
    return codes


def test_register_and_scripts_agree() -> None:
    """Every code that is raised is registered, every registered code is raised, each once."""
    registered = [entry.code for entry in entries()]
    assert registered == sorted(set(registered))
    assert set(registered) == set(raised_by_scripts()) - UNSEEN
    assert len(re.findall(r"^\| TH", REGISTER, re.MULTILINE)) == len(registered)


def test_messages_agree() -> None:
    """The register quotes the messages word for word."""
    literal = raised_by_scripts()
    for entry in entries():
        for message in entry.messages:
            assert any(message == text or message.startswith(text) for text in literal[entry.code])
        for text in literal[entry.code]:
            assert any(message.startswith(text) for message in entry.messages), text


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.code)
def test_functions_say_so(entry: Entry) -> None:
    """Each function named in the register exists, and its comment names the code."""
    for name in entry.raised_by:
        comment = COMMENTS[name]
        inherits = INHERITS.search(comment)
        assert entry.code in _spelled_out(comment) or inherits, f"{name}: {entry.code}"


def test_comments_name_registered_codes() -> None:
    """No comment names a code that does not exist."""
    known = {entry.code for entry in entries()}
    assert set(re.findall(r"\bTH\d{3}\b", SCRIPTS)) <= known


@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_comment_names_what_is_raised(name: str) -> None:
    """The comment of what others may call names what it and its helpers raise, and nothing else."""
    if not INHERITS.search(COMMENTS[name]):
        raised = raised_through(name)
        cannot_be = CANNOT_BE.get(name, set())
        assert cannot_be <= raised
        assert raised - cannot_be == _spelled_out(COMMENTS[name])


def test_every_change_of_operators_wants_a_reason() -> None:
    """As the register says, a function of tollhouse_ops that changes something raises TH301."""
    operators = [name for name in ENTRIES if name.startswith("tollhouse_ops.")]
    changing = [name for name in operators if "  volatile\n" in BODIES[name]]
    assert len(changing) > 15
    assert [] == [name for name in changing if "TH301" not in raised_through(name)]


def test_worker_knows_its_class() -> None:
    """Each TH2xx has a class in the tree of errors, or is known to be about one result's data."""
    protocol = {entry.code for entry in entries() if entry.code.startswith("TH2")}
    assert set(ERRORS) | HANDLED_AS_DATA == protocol
    for code in HANDLED_AS_DATA:
        assert is_refused_as_data(GateError("record", sqlstate=code))


def _spelled_out(comment: str) -> set[str]:
    codes = set(re.findall(r"TH\d{3}", comment))
    for first, last in re.findall(r"TH(\d{3}) to TH(\d{3})", comment):
        codes |= {f"TH{number:03}" for number in range(int(first), int(last) + 1)}
    return codes
