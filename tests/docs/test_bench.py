"""`python -m bench` runs, and prints what bench/README.md shows."""

import re
import subprocess
import sys
from pathlib import Path

from tests.support.waiting import PATIENCE

_SMALL = "--calls 300 --ledger-calls 300 --rounds 1 --seconds 1"
ROOT = Path(__file__).parents[2]


def shape(printed: str) -> list[str]:
    """Return the lines with every number blotted out, each once."""
    lines = re.sub(r" *\d(?:[\d.,]*\d)?", " #", printed).strip().splitlines()
    return [*dict.fromkeys(line for line in lines if line)]


def test_bench_prints_what_its_readme_shows() -> None:
    """A small run has every line of the run that is shown there, and no other."""
    done = subprocess.run(
        [sys.executable, "-m", "bench", *_SMALL.split()],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=PATIENCE,
    )
    assert (0, "") == (done.returncode, done.stderr)
    readme = (ROOT / "bench/README.md").read_text(encoding="utf-8")
    shown = re.search(r"as `make bench` printed it:\n\n```\n(.*?)```", readme, re.DOTALL)
    assert shown is not None
    assert shape(shown[1]) == shape(done.stdout)
