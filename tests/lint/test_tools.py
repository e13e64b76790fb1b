"""pgspot and squawk over every deploy script, ruff and mypy over every Python file."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
SCRIPTS = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("deploy/*/*.sql"))

# It stops at a body of standard SQL; whose names no path changes, as they are resolved at creation.
PGSPOT_CANNOT_READ = {"deploy/tenancy/current_identity.sql"}
PGSPOT_IGNORED = {
    "PS001": "operators: in functions the pinned path resolves them, elsewhere the deployer's",
    "PS009": "the operator of a CASE with a subject: as PS001",
    "PS005": "functions without a path: tests/pgtap/style/functions.sql holds the exact list",
}


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program of the virtual environment in the repository; skip where it is missing."""
    path = BIN / program
    if not path.exists():
        pytest.skip(f"{program} is not installed (make setup dev)")
    return subprocess.run([path, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


def pgspot(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pgspot without its PL/pgSQL parser, which gives a file up at `function.parameter :=`."""
    ignored = (f"--ignore={code}" for code in PGSPOT_IGNORED)
    return run("pgspot", "--no-plpgsql", *ignored, *arguments)


def test_pgspot() -> None:
    """No search_path, privilege or ownership mistake in any script."""
    done = pgspot(*(script for script in SCRIPTS if script not in PGSPOT_CANNOT_READ))
    assert "TOTAL: Errors: 0 Warnings: 0 Unknown: 0" in done.stdout, done.stdout
    assert done.returncode == 0


def test_pgspot_sees_an_open_search_path(tmp_path: Path) -> None:
    """The search_path that leaves the caller's temporary types first is a finding."""
    script = tmp_path / "open.sql"
    script.write_text(
        "create function tollhouse.f() returns void language sql security definer"
        " set search_path = '' as $$ select $$;"
    )
    assert "PS004" in pgspot(str(script)).stdout


def test_squawk() -> None:
    """No unsafe DDL; what is excluded is in .squawk.toml, each with its reason."""
    done = run("squawk", "--config", ".squawk.toml", *SCRIPTS)
    assert done.returncode == 0, done.stdout + done.stderr


def test_squawk_sees_unsafe_ddl(tmp_path: Path) -> None:
    """The configuration still lets a finding through."""
    script = tmp_path / "unsafe.sql"
    script.write_text("alter table t add column c integer not null;")
    assert run("squawk", "--config", ".squawk.toml", str(script)).returncode != 0


def test_ruff_check() -> None:
    """Nothing that ruff has a rule against."""
    done = run("ruff", "check", ".")
    assert done.returncode == 0, done.stdout + done.stderr


def test_ruff_check_sees_an_unused_import(tmp_path: Path) -> None:
    """The configuration still lets a finding through."""
    module = tmp_path / "unused.py"
    module.write_text('"""Nothing."""\n\nimport os\n')
    assert "F401" in run("ruff", "check", "--config", "pyproject.toml", str(module)).stdout


def test_ruff_format() -> None:
    """Every file reads as ruff writes it."""
    done = run("ruff", "format", "--check", ".")
    assert done.returncode == 0, done.stdout + done.stderr


def test_ruff_format_sees_other_quotes(tmp_path: Path) -> None:
    """A file that ruff would write otherwise is a finding."""
    module = tmp_path / "quotes.py"
    module.write_text("word = 'quoted'\n")
    done = run("ruff", "format", "--check", "--config", "pyproject.toml", str(module))
    assert "1 file would be reformatted" in done.stdout


def test_mypy() -> None:
    """No type is wrong or missing."""
    done = run("mypy")
    assert done.returncode == 0, done.stdout + done.stderr


def test_mypy_sees_a_missing_type(tmp_path: Path) -> None:
    """The configuration is the strict one."""
    module = tmp_path / "untyped.py"
    module.write_text("def twice(number):\n    return 2 * number\n")
    assert "[no-untyped-def]" in run("mypy", str(module)).stdout
