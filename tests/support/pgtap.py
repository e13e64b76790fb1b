"""Brings pgTAP into a database: as an extension, or as the plain SQL that it consists of."""

from pathlib import Path

from tests.support.database import Database
from tests.support.servers import DEBIAN_15, psql

TREE = Path(__file__).parents[1] / "pgtap"
_SCRIPTS = Path("/usr/share/postgresql/15/extension")


def script() -> Path | None:
    """Return pgTAP's own script on this machine, if it is installed."""
    found = sorted(path for path in _SCRIPTS.glob("pgtap--*.sql") if path.stem.count("--") == 1)
    return found[-1] if found else None


def missing() -> str:
    """Say in plain words why pgTAP can't be used here; empty when it can."""
    return "" if script() else "pgTAP is not installed (Debian: postgresql-15-pgtap)"


def load(database: Database) -> None:
    """Load pgTAP into schema public, where the tests' search_path finds it."""
    how = ("-f", str(script()))
    if database.cluster.binaries.bin_dir == DEBIAN_15:
        how = ("-c", "create extension pgtap")
    done = psql(
        database.cluster,
        database.name,
        *("-q", "-v", "ON_ERROR_STOP=1", "-1", *how, "-f", str(TREE / "results_eq.psql")),
    )
    assert done.returncode == 0, done.stderr
