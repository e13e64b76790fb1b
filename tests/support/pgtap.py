"""Brings pgTAP into a database: as an extension, or as the plain SQL that it consists of."""

from pathlib import Path

from tests.support.database import Database
from tests.support.servers import DEBIAN_15, admin, psql

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
    if database.cluster.binaries.bin_dir == DEBIAN_15:
        with admin(database.cluster, database.name) as connection:
            connection.execute("create extension pgtap")
        return
    done = psql(
        database.cluster, database.name, "-q", "-v", "ON_ERROR_STOP=1", "-f", str(script()), "-1"
    )
    assert done.returncode == 0, done.stderr
