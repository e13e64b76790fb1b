"""SECURITY.md: its links lead somewhere, and each barrier names a test that exists."""

import re
from pathlib import Path

import pytest

from tests.docs.test_architecture import functions

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(?!tests/)([a-z_0-9]+/[\w/]+\.(?:py|sql)(?:::\w+)?)`", TEXT)))
BARRIERS = re.findall(
    r"^\| (.*?) \| (.*?) \| (.*?) \| (.*?) \|$",
    TEXT.split("## Barriers")[1].split("\n## ")[0],
    re.MULTILINE,
)[2:]


def test_there_are_barriers() -> None:
    """The table is there and was read."""
    assert len(BARRIERS) >= 15


@pytest.mark.parametrize("barrier", BARRIERS, ids=lambda barrier: barrier[0][:40])
def test_every_barrier_names_its_tests(barrier: tuple[str, str, str, str]) -> None:
    """In its last column."""
    assert re.search(r"`\w+/[\w/]+\.(?:py|sql)", barrier[3]), barrier[0]


@pytest.mark.parametrize("name", NAMED)
def test_the_tests_exist(name: str) -> None:
    """Each is a file under tests/, or a function of one."""
    file, _, function = name.partition("::")
    assert (ROOT / "tests" / file).is_file()
    assert not function or function in functions(ROOT / "tests" / file)


def test_every_role_is_spoken_of() -> None:
    """Every role that deploy makes is in it."""
    roles = (ROOT / "deploy/platform/roles.sql").read_text(encoding="utf-8")
    for role in set(re.findall(r"'(tollhouse_\w+)'", roles)):
        assert f"`{role}`" in TEXT, role


def test_every_trust_has_its_test() -> None:
    """Each test of access/test_trust.py is named: what it shows is told."""
    written = functions(ROOT / "tests/access/test_trust.py")
    tests = {name for name in written if name.startswith("test_")}
    assert tests == {name.partition("::")[2] for name in NAMED if "access/test_trust.py::" in name}


def test_it_is_found() -> None:
    """README and ARCHITECTURE lead to it."""
    for file in ("README.md", "ARCHITECTURE.md"):
        assert "(SECURITY.md)" in (ROOT / file).read_text(encoding="utf-8")
