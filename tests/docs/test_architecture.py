"""ARCHITECTURE.md: its links lead somewhere, and each invariant names a test that exists."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
INVARIANTS = re.findall(
    r"^\| (.+?) \| (.+?) \|$", TEXT.split("## Invariants")[1].split("\n## ")[0], re.MULTILINE
)[2:]


def functions(path: Path) -> set[str]:
    """Return the names of a Python file's functions."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\((?!https?:)([^)#]+)\)", TEXT))))
def test_links_lead_somewhere(link: str) -> None:
    """Every relative link is a file."""
    assert (ROOT / link).exists()


def test_there_are_invariants() -> None:
    """The table is there and was read."""
    assert len(INVARIANTS) >= 10


@pytest.mark.parametrize(("invariant", "tests"), INVARIANTS)
def test_every_invariant_names_its_tests(invariant: str, tests: str) -> None:
    """Each test named is a file, or a function of a file, of this repository."""
    named = re.findall(r"`([^`]+)`", tests)
    assert named, invariant
    for name in named:
        file, _, function = name.partition("::")
        assert (ROOT / "tests" / file).is_file(), name
        if function:
            assert function in functions(ROOT / "tests" / file), name


@pytest.mark.parametrize("room", sorted(path.name for path in (ROOT / "deploy").iterdir()))
def test_every_room_is_on_the_map(room: str) -> None:
    """The code map names each folder of deploy/."""
    assert re.search(rf"\b{room}\b", TEXT.split("## Code map")[1].split("\n## ")[0])
