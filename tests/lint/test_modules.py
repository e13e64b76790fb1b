"""The rules for Python modules, over everything under worker/."""

import pytest

from tests.lint.modules import RULES
from tests.lint.test_tools import ROOT

WORKER = ROOT / "worker" / "tollhouse"
MODULES = sorted(
    path.relative_to(WORKER).with_suffix("").as_posix() for path in WORKER.rglob("*.py")
)
GOOD = '"""Nothing."""\n\n__all__: list[str] = []\n'


def problems(module: str, source: str) -> list[str]:
    """Return everything that any rule has against a module."""
    return [problem for rule in RULES for problem in rule(module, source)]


def source_of(module: str) -> str:
    """Return a module's text."""
    return (WORKER / f"{module}.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("module", MODULES)
def test_module(module: str) -> None:
    """The module keeps the rules."""
    assert problems(module, source_of(module)) == []


def test_rules_can_fail() -> None:
    """A module that lists nothing is found."""
    assert problems("page/words", GOOD) == []
    assert problems("page/words", '"""Nothing."""\n') == ["no __all__"]
    assert problems("page/words", GOOD.replace(": list[str]", "")) == []
    assert problems("page/__main__", '"""Nothing."""\n') == []
