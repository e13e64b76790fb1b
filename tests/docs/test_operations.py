"""docs/ops: no refusal without a line to follow, no sum of money with twenty decimals."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OPS = ROOT / "docs" / "ops"


def test_every_blocked_reason_is_a_symptom() -> None:
    """Those that the database has a sentence for, each in one line."""
    script = (ROOT / "deploy/ledger/refusal_reasons.sql").read_text(encoding="utf-8")
    table = (OPS / "README.md").read_text("utf-8").split("## From symptom to runbook")[1]
    lines = re.findall(r"^\| calls are blocked, (.+?) \|", table.split("\n## ")[0], re.MULTILINE)
    reasons = re.findall(r"^  \('(\w+)', ", script, re.MULTILINE)
    assert sorted(set(reasons)) == sorted(re.findall(r"`(\w+)`", " ".join(lines)))


@pytest.mark.parametrize("path", sorted(OPS.rglob("*.md")), ids=lambda path: str(path.stem))
def test_dollars_are_rounded(path: Path) -> None:
    """A quotient of numerics has as many decimals as it likes."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if "/ 1000000.0" in line:
            assert re.search(r"round\([^,]+ / 1000000\.0, 4\)", line), line
