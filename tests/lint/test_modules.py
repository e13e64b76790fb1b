"""What others may import of a Python module is listed in its `__all__`."""

import re
from pathlib import Path

import pytest

from tests.lint.test_tools import ROOT

MODULES = sorted(
    path.relative_to(ROOT)
    for package in ("worker/tollhouse", "demo/tollhouse_demo")
    for path in (ROOT / package).rglob("*.py")
    if path.stem != "__main__"  # is run, not imported
)


def lists_exports(source: str) -> bool:
    """Whether a module's text has an `__all__`."""
    return re.search(r"^__all__\b.* = ", source, re.MULTILINE) is not None


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_module_lists_its_exports(path: Path) -> None:
    """The module has an `__all__`."""
    assert lists_exports((ROOT / path).read_text(encoding="utf-8"))


def test_the_rule_can_fail() -> None:
    """A module that lists nothing is found."""
    assert lists_exports('"""Nothing."""\n\n__all__: list[str] = []\n')
    assert lists_exports('"""Nothing."""\n\n__all__ = ["something"]\n')
    assert not lists_exports('"""Nothing."""\n')
