"""A real cluster: made, started, restarted, killed, as root and as an ordinary user."""

import multiprocessing
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.support import servers
from tests.support.servers import admin, make_cluster
from tollhouse_demo.embedded import Cluster, EmbeddedError, cache_home, find_binaries, state_home
from tollhouse_demo.embedded.cluster import Account

NOBODY = 65534


@pytest.fixture(params=servers.SERVERS)
def fresh(request: pytest.FixtureRequest, cluster_home: Path) -> Iterator[Cluster]:
    """Return a cluster of each server, not started, in a folder of its own."""
    if reason := servers.missing(request.param):
        pytest.skip(reason)
    folder = cluster_home / f"fresh-{request.param}"
    cluster = make_cluster(folder, request.param)
    yield cluster
    cluster.stop("immediate")
    shutil.rmtree(folder)


def test_life_of_a_cluster(fresh: Cluster) -> None:
    """Data survive a restart, a kill -9 and another object; the port and password stay."""
    with fresh:
        with admin(fresh) as connection:
            connection.execute("create table kept as select 'ü' as a")
        url = fresh.url()
        fresh.restart()
        fresh.kill()
        assert not fresh.running
        fresh.start()
        assert fresh.url() == url
        with psycopg.connect(url) as connection:
            assert connection.execute("select a from kept").fetchall() == [("ü",)]
        other = Cluster(fresh.directory, bin_dir=fresh.binaries.bin_dir)
        assert (other.running, other.url()) == (True, url)
        with pytest.raises(EmbeddedError, match="already runs"):
            other.start()
        other.stop()
    assert not fresh.running


def test_stop_of_a_server_that_ends_by_itself(fresh: Cluster) -> None:
    """A stop waits for a server that has already removed its pid file, which is its last act."""
    with fresh:
        pid_file = fresh.data / "postmaster.pid"
        pid = int(pid_file.read_text().split()[0])
        os.kill(pid, signal.SIGSTOP)
        pid_file.unlink()
        os.kill(pid, signal.SIGQUIT)
        resumed = threading.Timer(0.5, os.kill, (pid, signal.SIGCONT))
        resumed.start()
        fresh.stop()
        resumed.join()
        assert not fresh.running


def test_sorts_by_code_point(cluster: Cluster) -> None:
    """Every server encodes in UTF-8 and sorts alike, on every machine."""
    with admin(cluster) as connection:
        row = connection.execute(
            "select current_setting('server_encoding'), 'Z' < 'a', 'z' < 'ä', upper('ä')"
        ).fetchone()
    assert row == ("UTF8", True, True, "Ä")


def test_nobody_gets_in_without_the_password(cluster: Cluster) -> None:
    """Loopback only, no Unix socket, and a password for every login."""
    with pytest.raises(psycopg.OperationalError, match=r"password|fe_sendauth"):
        psycopg.connect(cluster.url(user="postgres", password="wrong"))
    with admin(cluster) as connection:
        row = connection.execute(
            "select current_setting('listen_addresses'),"
            " current_setting('unix_socket_directories'),"
            " (select bool_and(auth_method = 'scram-sha-256') from pg_hba_file_rules)"
        ).fetchone()
    assert row == ("127.0.0.1", "", True)
    assert (cluster.directory / "password").stat().st_mode & 0o777 == 0o600
    assert cluster.data.stat().st_uid == Account.for_server().uid


def test_taken_port(pg18: Cluster, cluster_home: Path) -> None:
    """A requested port that is taken is an error in the server's own words."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        cluster = Cluster(cluster_home / "taken", port=port, settings={"fsync": False})
        with pytest.raises(EmbeddedError, match="Address already in use"):
            cluster.start()
    assert not cluster.running


def test_bad_setting(cluster_home: Path) -> None:
    """A server that refuses to start shows the end of its log, at once."""
    cluster = Cluster(cluster_home / "bad", settings={"fsync": False, "work_mem": "lots"})
    with pytest.raises(EmbeddedError, match=r"(?s)did not start.*work_mem"):
        cluster.start()


def test_data_of_another_version(cluster_home: Path) -> None:
    """A data directory of another major version is refused and left untouched."""
    data = cluster_home / "old" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("9\n")
    with pytest.raises(EmbeddedError, match="made by PostgreSQL 9"):
        Cluster(cluster_home / "old").start()


def test_program_folder_from_the_environment(tmp_path: Path) -> None:
    """TOLLHOUSE_PG_BIN wins over the wheel; a folder without a server is one clear error."""
    with pytest.raises(EmbeddedError, match="has no initdb"):
        find_binaries(environ={"TOLLHOUSE_PG_BIN": str(tmp_path)})
    if not servers.missing("pg15"):
        found = find_binaries(environ={"TOLLHOUSE_PG_BIN": str(servers.DEBIAN_15)})
        assert found.major == 15


def test_homes() -> None:
    """TOLLHOUSE_HOME moves both the clusters and the cache."""
    environ = {"TOLLHOUSE_HOME": "/srv/th"}
    assert (state_home(environ), cache_home(environ)) == (Path("/srv/th"), Path("/srv/th/cache"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root copies the programs")
def test_copies_race_once(cluster_home: Path) -> None:
    """Many processes that need the programs at once end up with one copy and no leftovers."""
    home = cluster_home / "copies"
    code = "from tollhouse_demo.embedded import find_binaries; print(find_binaries().bin_dir)"
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            env=os.environ | {"TOLLHOUSE_HOME": str(home)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    printed = {process.communicate()[0] for process in running}
    assert [process.returncode for process in running] == [0, 0, 0, 0]
    assert len(printed) == 1
    assert len(list((home / "cache").iterdir())) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be tricked this way")
def test_planted_cache_is_refused(cluster_home: Path) -> None:
    """Root runs nothing from a folder that others can write to."""
    home = cluster_home / "planted"
    (home / "cache").mkdir(parents=True)
    (home / "cache").chmod(0o777)
    with pytest.raises(EmbeddedError, match="another account"):
        find_binaries(environ={"TOLLHOUSE_HOME": str(home)})


@pytest.mark.skipif(os.geteuid() != 0, reason="the whole suite already runs as an ordinary user")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_as_an_ordinary_user(pg18: Cluster, cluster_home: Path) -> None:
    """Without root, the server runs as ourselves, in a folder that nobody else can enter."""
    home = cluster_home / "ordinary"
    home.mkdir()
    os.chown(home, NOBODY, NOBODY)
    # A fork, since the interpreter may lie where only root can enter.
    process = multiprocessing.get_context("fork").Process(
        target=_live_as_nobody, args=(home / "c", pg18.binaries.bin_dir)
    )
    process.start()
    process.join(60)
    assert process.exitcode == 0
    assert (home / "c").stat().st_mode & 0o777 == 0o700
    assert (home / "c" / "data").stat().st_uid == NOBODY


def _live_as_nobody(directory: Path, bin_dir: Path) -> None:
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)
    with Cluster(directory, bin_dir=bin_dir, settings={"fsync": False}) as cluster:
        cluster.restart()
        assert cluster.running
