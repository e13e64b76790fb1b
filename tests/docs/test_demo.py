"""What `make demo` runs after setup ends by itself and says that everything was observed.

A wheel could tell it too.
"""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

from tests.support.waiting import PATIENCE

ROOT = Path(__file__).parents[2]


def test_the_demo_observes_everything() -> None:
    """Exit status 0, and as many checks observed as there are."""
    program = Path(sys.executable).with_name("tollhouse")
    done = subprocess.run(
        [program, "demo"], capture_output=True, text=True, check=False, timeout=4 * PATIENCE
    )
    said = re.search(r"^(\d+) of (\d+) checks observed", done.stdout, re.MULTILINE)
    assert (0, "") == (done.returncode, done.stderr), done.stdout[-3000:]
    assert said is not None
    assert said[1] == said[2]
    assert int(said[1]) > 50
    assert f"{program} up)" in done.stdout


def test_a_wheel_carries_the_sql(tmp_path: Path) -> None:
    """The plan, its scripts and the dashboards are in it, as in the checkout."""
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    subprocess.run([*build, "--directory", tmp_path], cwd=ROOT, check=True, timeout=PATIENCE)
    (wheel,) = tmp_path.glob("*.whl")
    carried = {name for name in zipfile.ZipFile(wheel).namelist() if "/sql/" in name}
    folders = ("deploy", "revert", "verify", "db/dashboards")
    scripts = {path for folder in folders for path in (ROOT / folder).rglob("*.sql")}
    assert carried == {
        f"tollhouse/sql/{path.relative_to(ROOT)}" for path in {ROOT / "sqitch.plan", *scripts}
    }
