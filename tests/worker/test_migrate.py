"""The embedded deployment: in order, only what is missing, and an error that can be found."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.support.servers import admin
from tests.support.waiting import PATIENCE, until
from tollhouse import migrate
from tollhouse.errors import DeployError
from tollhouse.plan import Change
from tollhouse_demo.embedded import Cluster

AT = "2026-01-02T03:04:05Z A. Planner <a@example.com>"


@pytest.fixture
def url(pg18: Cluster) -> Iterator[str]:
    """Return the URL of an empty database."""
    name = sql.Identifier("tollhouse_migrate")
    with admin(pg18) as connection:
        connection.execute(sql.SQL("create database {}").format(name))
        yield pg18.url("tollhouse_migrate")
        connection.execute(sql.SQL("drop database {} with (force)").format(name))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a project with two changes, one of which uses what psycopg might misread."""
    _add(
        tmp_path, "a/one", "create table one (a text default '%s $1'); select 1;", "drop table one;"
    )
    _add(tmp_path, "two", "create table two ();", "drop table two;")
    return tmp_path


def _add(root: Path, name: str, deploy: str, revert: str) -> None:
    with (root / "sqitch.plan").open("a") as plan:
        plan.write(f"{name} {AT} # {name}\n")
    for kind, body in (("deploy", deploy), ("revert", revert)):
        path = root / kind / f"{name}.sql"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"-- {name}\n\nbegin;\n\n{body}\n\ncommit;\n")


def test_second_run_applies_the_rest(url: str, root: Path) -> None:
    """Deployed changes stay; only a change added later is applied."""
    seen: list[str] = []
    migrate.deploy(url, root=root, on_change=lambda change: seen.append(change.name))
    assert seen == ["a/one", "two"]
    assert migrate.deploy(url, root=root) == []
    _add(root, "three", "create table three ();", "drop table three;")
    assert [change.name for change in migrate.deploy(url, root=root)] == ["three"]


def test_revert_all_and_deploy_again(url: str, root: Path) -> None:
    """Everything is reverted in reverse order, leaves nothing behind, and can be deployed again."""
    migrate.deploy(url, root=root)
    assert [change.name for change in migrate.revert(url, root=root)] == ["two", "a/one"]
    assert len(migrate.deploy(url, root=root)) == 2


def test_error_names_change_file_and_line(url: str, root: Path) -> None:
    """A failing statement is located, its script rolled back; once fixed, the rest can follow."""
    _add(root, "three", "create table three ();\nselect nothing_such;", "")
    with pytest.raises(
        DeployError, match=r"^three failed at .*deploy/three\.sql:6: .*nothing_such"
    ):
        migrate.deploy(url, root=root)
    path = root / "deploy" / "three.sql"
    path.write_text("begin;\ncreate table three ();\ncommit;\n")
    assert [change.name for change in migrate.deploy(url, root=root)] == ["three"]


def test_script_without_commit(url: str, root: Path) -> None:
    """A script that leaves its transaction open is refused, not silently lost."""
    _add(root, "three", "", "")
    (root / "deploy" / "three.sql").write_text("begin; create table three ();")
    with pytest.raises(DeployError, match="three left its transaction open"):
        migrate.deploy(url, root=root)


def test_changed_script(url: str, root: Path) -> None:
    """If a deployed script was edited, nothing more is deployed to the database."""
    migrate.deploy(url, root=root)
    (root / "deploy" / "two.sql").write_text("begin; commit;")
    with pytest.raises(DeployError, match="two has changed since it was deployed"):
        migrate.deploy(url, root=root)


def test_missing_script(url: str, root: Path) -> None:
    """A change without its script is an error that names the file."""
    (root / "deploy" / "two.sql").unlink()
    with pytest.raises(DeployError, match=r"deploy/two\.sql: No such file"):
        migrate.deploy(url, root=root)


def test_database_of_sqitch(url: str, root: Path, pg18: Cluster) -> None:
    """A database that sqitch manages is left to sqitch."""
    with admin(pg18, "tollhouse_migrate") as connection:
        connection.execute("create schema sqitch")
    with pytest.raises(DeployError, match="sqitch manages this database"):
        migrate.deploy(url, root=root)


def test_a_second_deployment_is_told_of_the_first(url: str, root: Path, pg18: Cluster) -> None:
    """The second fails without waiting, and the first one completes."""
    refused: list[str] = []

    def deploy_again(change: Change) -> None:
        if change.name == "a/one":
            with admin(pg18, "tollhouse_migrate") as other, other.transaction():
                other.execute("select pg_advisory_xact_lock(1953459308)")
                with pytest.raises(DeployError) as caught:
                    migrate.deploy(url, root=root)
                refused.append(str(caught.value))

    migrate.deploy(url, root=root, on_change=deploy_again)
    assert refused == [
        "another deployment of this database is running: wait until it has ended, then try again"
    ]
    assert migrate.deploy(url, root=root) == []


def test_the_lock_covers_the_script(url: str, root: Path, pg18: Cluster) -> None:
    """While a script waits for a lock, a second deployment is refused; the first goes on."""
    waiting = (
        "select true from pg_stat_activity where wait_event_type = 'Lock'"
        " and application_name = 'tollhouse deploy' and datname = current_database()"
    )
    migrate.deploy(url, root=root)
    _add(root, "three", "alter table one add b text;", "")
    with (
        ThreadPoolExecutor(1) as pool,
        admin(pg18, "tollhouse_migrate") as look,
        psycopg.connect(url) as blocker,
    ):
        blocker.execute("select from one")
        first = pool.submit(migrate.deploy, url, root=root)
        until(lambda: look.execute(waiting).fetchone(), "the script waits")
        with pytest.raises(DeployError, match="another deployment of this database is running"):
            migrate.deploy(url, root=root)
        blocker.rollback()
        assert [change.name for change in first.result(PATIENCE)] == ["three"]


def test_nothing_of_a_deployment_stays_with_a_session(url: str, root: Path, pg18: Cluster) -> None:
    """Between scripts no lock is held and no setting changed: a pooler would keep them."""
    held: list[object] = []

    def look(_: Change) -> None:
        with admin(pg18, "tollhouse_migrate") as other:
            query = (
                "select a.state, count(l) from pg_stat_activity as a"
                " left join pg_locks as l on l.pid = a.pid"
                " where a.application_name = 'tollhouse deploy' group by a.pid, a.state"
            )
            held.extend(other.execute(query).fetchall())

    migrate.deploy(url, root=root, on_change=look)
    assert held == [("idle", 0)] * 2


def test_a_script_waits_so_long_and_no_longer(
    url: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another session's open transaction stops the deployment with a reason; it can be retried."""
    monkeypatch.setattr(migrate, "_BEGIN", migrate._BEGIN.replace("'10s'", "'300ms'"))
    migrate.deploy(url, root=root)
    _add(root, "three", "alter table one add b text;", "")
    with psycopg.connect(url) as blocker:
        blocker.execute("select from one")
        with pytest.raises(DeployError, match=r"three failed at .* lock timeout.* try again"):
            migrate.deploy(url, root=root)
    assert [change.name for change in migrate.deploy(url, root=root)] == ["three"]


def test_no_server(root: Path) -> None:
    """An address where nobody answers is one clear error."""
    with pytest.raises(DeployError, match="no connection to the database"):
        migrate.deploy("postgresql://x@127.0.0.1:1/x?connect_timeout=2", root=root)
