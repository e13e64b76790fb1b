"""`python -m bench` and `python -m bench.flat` run, and print what bench/README.md shows."""

import re
import subprocess
import sys
from pathlib import Path

from tests.support.waiting import PATIENCE

_SMALL = "--calls 300 --ledger-calls 300 --rounds 1 --seconds 1"
_FLAT = "--queued 3000 --scheduled 2000 --dead 1000 --batches 5"
ROOT = Path(__file__).parents[2]


def shape(printed: str) -> list[str]:
    """Return the lines with every number blotted out, each once."""
    lines = re.sub(r" *\d(?:[\d.,]*\d)?", " #", printed).strip().splitlines()
    return [*dict.fromkeys(line for line in lines if line)]


def printed(module: str, arguments: str, statuses: tuple[int, ...] = (0,)) -> str:
    """Return what a program of the repository prints."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments.split()],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=PATIENCE,
    )
    assert done.stderr == ""
    assert done.returncode in statuses
    return done.stdout


def shown(after: str) -> str:
    """Return the first output that bench/README.md shows after these words."""
    readme = (ROOT / "bench/README.md").read_text(encoding="utf-8")
    found = re.search(re.escape(after) + r".*?\n```\n(.*?)```", readme, re.DOTALL)
    assert found is not None
    return found[1]


def test_bench_prints_what_its_readme_shows() -> None:
    """A small run has every line of the run that is shown there, and no other."""
    assert shape(shown("as `make bench` printed it:")) == shape(printed("bench", _SMALL))


def test_bench_flat_prints_what_its_readme_shows() -> None:
    """So has a small run of the long queues; where there are few calls, a ratio says nothing."""
    output = printed("bench.flat", _FLAT, statuses=(0, 1))
    assert shape(shown("## Long queues")) == shape(output)
    assert output.endswith("is in the next claim: yes\n")
