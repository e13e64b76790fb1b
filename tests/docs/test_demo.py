"""What `make demo` runs after setup ends by itself and says that every check passed.

Wheels could tell it too: the product's and the demo's, which a production install does not have.
"""

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import rich

from tests.support.waiting import PATIENCE

ROOT = Path(__file__).parents[2]


def test_the_demo_observes_everything() -> None:
    """Exit status 0, and as many checks passed as there are."""
    program = Path(sys.executable).with_name("tollhouse")
    done = subprocess.run(
        [program, "demo"], capture_output=True, text=True, check=False, timeout=4 * PATIENCE
    )
    said = re.search(r"^(\d+) of (\d+) checks passed", done.stdout, re.MULTILINE)
    assert (0, "") == (done.returncode, done.stderr), done.stdout[-3000:]
    assert said is not None
    assert said[1] == said[2]
    assert int(said[1]) > 50
    assert f"{program} up)" in done.stdout


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The distributions that are built of the checkout, each unpacked in a folder."""
    folders = {}
    for name, source in (("tollhouse", ROOT), ("tollhouse_demo", ROOT / "demo")):
        built, unpacked = tmp_path_factory.mktemp("built"), tmp_path_factory.mktemp(name)
        build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
        subprocess.run([*build, "--directory", built], cwd=source, check=True, timeout=PATIENCE)
        (wheel,) = built.glob(f"{name}-*.whl")
        zipfile.ZipFile(wheel).extractall(unpacked)
        folders[name] = unpacked
    return folders


def installed(*folders: Path) -> dict[str, str]:
    """Return an environment in which Python finds these folders, and not the checkout."""
    found = os.pathsep.join(map(str, folders))
    return {**os.environ, "PYTHONPATH": found, "PYTHONUNBUFFERED": "1"}


def files_of(folder: Path) -> set[str]:
    """Return the files below a folder."""
    paths = folder.rglob("*")
    return {path.relative_to(folder).as_posix() for path in paths if path.is_file()}


def test_a_wheel_carries_the_sql(wheels: dict[str, Path]) -> None:
    """The plan, its scripts and the dashboards are in it, as in the checkout."""
    carried = {name for name in files_of(wheels["tollhouse"]) if "/sql/" in name}
    folders = ("deploy", "revert", "verify", "db/dashboards")
    scripts = {path for folder in folders for path in (ROOT / folder).rglob("*.sql")}
    assert carried == {
        f"tollhouse/sql/{path.relative_to(ROOT)}" for path in {ROOT / "sqitch.plan", *scripts}
    }


def test_a_production_wheel_has_no_demo(wheels: dict[str, Path]) -> None:
    """The product's wheel is its own package and no more; the demo's has all of the demo."""
    carried = {name for name in files_of(wheels["tollhouse"]) if ".dist-info/" not in name}
    code = {path.relative_to(ROOT / "worker").as_posix() for path in sources("worker/tollhouse")}
    assert carried - {name for name in carried if "/sql/" in name} == code
    demo = {name for name in files_of(wheels["tollhouse_demo"]) if ".dist-info/" not in name}
    code = {path.relative_to(ROOT / "demo").as_posix() for path in sources("demo/tollhouse_demo")}
    assert demo == code
    assert {"tollhouse_demo/mock_provider/server.py", "tollhouse_demo/data/requests.jsonl"} <= demo


def sources(folder: str) -> list[Path]:
    """Return the files of a package in the checkout."""
    paths = (ROOT / folder).rglob("*")
    return [path for path in paths if path.is_file() and "__pycache__" not in path.parts]


@pytest.mark.parametrize("command", ["demo", "up", "mock-provider"])
def test_without_the_demo_a_sentence_says_how_to_get_it(
    command: str, wheels: dict[str, Path]
) -> None:
    """A production install names the package that is missing, and where it is."""
    done = subprocess.run(
        [sys.executable, "-S", "-m", "tollhouse", command],  # -S: nothing but the wheel
        env=installed(wheels["tollhouse"]),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    said = (
        f"tollhouse: {command} is not installed: it is part of tollhouse-demo, not of a production"
        " install. In a checkout of the repository, type: pip install . ./demo\n"
    )
    assert (1, "", said) == (done.returncode, done.stdout, done.stderr)


def test_both_wheels_together_have_everything(wheels: dict[str, Path]) -> None:
    """The demo's wheel has its data, and finds the plan in the product's."""
    libraries = Path(rich.__file__).parents[1]
    program = (
        "import tollhouse_demo.story, tollhouse_demo.up, tollhouse.plan as plan\n"
        "from tollhouse_demo.inputs import load_deliveries\n"
        "print(len(load_deliveries()) > 100, len(plan.read_plan()) > 50, plan.sql_root())\n"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", program],
        env=installed(*wheels.values(), libraries),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert f"True True {wheels['tollhouse'] / 'tollhouse/sql'}\n" == done.stdout, done.stderr


def test_the_demo_is_pinned_as_it_says() -> None:
    """What demo/pyproject.toml needs is what the requirements of a checkout are made of."""
    demo = tomllib.loads((ROOT / "demo/pyproject.toml").read_text(encoding="utf-8"))["project"]
    ours = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project = ours["project"]
    needed = {*ours["dependency-groups"]["demo"], f"tollhouse=={project['version']}"}
    assert needed == set(demo["dependencies"])
    assert (project["version"], project["requires-python"]) == (
        demo["version"],
        demo["requires-python"],
    )
