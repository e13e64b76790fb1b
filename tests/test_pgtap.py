"""Every file of tests/pgtap, on every server; and pg_prove over the same tree as a cross-check."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import pgtap
from tests.support.database import Database, cloned
from tests.support.servers import psql, superuser_environment
from tests.support.tap import read_tap

FILES = sorted(path.relative_to(pgtap.TREE).as_posix() for path in pgtap.TREE.rglob("*.sql"))


@pytest.fixture(scope="session")
def pgtap_template(template: Database) -> Iterator[Database]:
    """Return the template with pgTAP in it."""
    if reason := pgtap.missing():
        pytest.skip(reason)
    with cloned(template) as clone:
        pgtap.load(clone)
        yield clone


@pytest.mark.parametrize("path", FILES)
def test_file(path: str, pgtap_template: Database) -> None:
    """The file has a plan, meets it, and nothing in it fails."""
    with cloned(pgtap_template) as database:
        done = psql(
            database.cluster,
            database.name,
            *("-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-f", str(pgtap.TREE / path)),
        )
    tap = read_tap(done.stdout)
    said = "\n".join((path, *tap.problems, done.stderr))
    assert (done.returncode, tap.problems) == (0, ()), said


def test_pg_prove_agrees(pgtap_template: Database) -> None:
    """pg_prove, which has its own TAP parser, passes the whole tree."""
    pg_prove = shutil.which("pg_prove")
    if pg_prove is None:
        pytest.skip("no pg_prove (Debian: libtap-parser-sourcehandler-pgtap-perl)")
    if not FILES:
        pytest.skip("no pgTAP file yet")
    with cloned(pgtap_template) as database:
        cluster = database.cluster
        done = subprocess.run(
            [pg_prove, "--psql-bin", cluster.psql_path, "--ext", ".sql", "-r", pgtap.TREE],
            env=superuser_environment(cluster, database.name),
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert f"Files={len(FILES)}," in done.stdout


@pytest.mark.parametrize("stream", ["", "ok 1 - alone", "1..2\nok 1 - one", "1..1\nnot ok 1 - no"])
def test_reader_is_strict(stream: str) -> None:
    """Our reader takes no silence, missing plan, shortfall or failure for a pass."""
    assert read_tap(stream).problems


def test_pgtap_notices_a_failure(pgtap_template: Database, tmp_path: Path) -> None:
    """A failing assertion on a real server comes out as a problem."""
    file = tmp_path / "failing.sql"
    file.write_text("begin; select plan(1); select is(1, 2, 'one is two'); rollback;")
    file.chmod(0o644)
    with cloned(pgtap_template) as database:
        done = psql(database.cluster, database.name, "-q", "-A", "-t", "-f", str(file))
    assert read_tap(done.stdout).problems[0] == "not ok 1 - one is two"
