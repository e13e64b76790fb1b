"""What `tollhouse wait` waits for, what it says meanwhile, and how it ends."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from psycopg import sql

from tests.support.database import Database
from tests.support.sqitch import empty_database
from tests.support.waiting import PATIENCE
from tollhouse import migrate
from tollhouse.cli import main
from tollhouse.errors import SettingsError
from tollhouse.plan import read_plan
from tollhouse.wait import NotReadyError, wait
from tollhouse_demo.embedded import Cluster

NOWHERE = "postgresql://somebody:hidden-password@127.0.0.1:1/nothing"


@contextmanager
def worker(answer: Callable[[], tuple[int, bytes]]) -> Iterator[str]:
    """Serve /readyz; yield the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answer() if self.path == "/readyz" else (404, b"")
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_deployed_database_is_ready_at_once(pg18_database: Database) -> None:
    """The bookkeeping of `tollhouse deploy` counts."""
    assert wait(pg18_database.url(), seconds=0) >= 0


def test_no_database_is_the_reason(capsys: pytest.CaptureFixture[str]) -> None:
    """The command ends with 1 and says why, without the password."""
    assert main(["wait", "--database-url", NOWHERE, "--timeout", "0.6"]) == 1
    said = capsys.readouterr().err
    assert "not ready after 0.6 seconds: the database does not answer" in said
    assert "hidden-password" not in said


def test_schema_may_come_meanwhile(pg18: Cluster) -> None:
    """The command waits for an empty database, and finds it ready once it is deployed."""
    reasons: list[str] = []
    with empty_database(pg18, "wait_deploys") as database:
        deploying = Thread(target=migrate.deploy, args=(database.url(),))

        def say(reason: str) -> None:
            if not reasons:
                deploying.start()
            reasons.append(reason)

        wait(database.url(), seconds=PATIENCE, say=say)
        deploying.join()
    assert "the schema is not deployed" == reasons[0]


def test_half_a_deployment_is_none(pg18_database: Database) -> None:
    """The reason names what is missing."""
    last = read_plan()[-1].name
    pg18_database.rows("delete from tollhouse_embedded.applied_changes where change = %s", last)
    with pytest.raises(NotReadyError, match=f"1 of .* changes are not deployed: {last}"):
        wait(pg18_database.url(), seconds=0)


def test_registry_of_sqitch_counts(pg18: Cluster) -> None:
    """Every planned change of our project must be in it; other projects' changes don't count."""
    names = [change.name for change in read_plan()]
    with empty_database(pg18, "wait_sqitch") as database:
        database.rows("create schema sqitch")
        database.rows("create table sqitch.changes (project text, change text)")
        add = "insert into sqitch.changes select %s, unnest(%s::text[])"
        database.rows(add, "another", names)
        with pytest.raises(NotReadyError, match="not deployed"):
            wait(database.url(), seconds=0)
        database.rows(add, "tollhouse", names)
        assert wait(database.url(), seconds=0) >= 0


def test_login_that_may_not_look(pg18_database: Database) -> None:
    """Waiting can't grant the privilege: the command says so at once."""
    with pytest.raises(SettingsError, match="may not read which changes"):
        wait(pg18_database.url("th_worker"), seconds=PATIENCE)


def test_worker_must_be_ready_too(pg18_database: Database) -> None:
    """Its failing checks are the reason, until it becomes ready."""
    reasons: list[str] = []
    answers = [(503, b'{"registered": false, "listening": true}'), (503, b"no JSON")]
    with worker(lambda: answers.pop(0) if answers else (200, b"{}")) as url:
        wait(pg18_database.url(), worker_url=url, seconds=PATIENCE, say=reasons.append)
    assert [
        "the worker is not ready: not registered",
        "the worker is not ready: it answers 503",
    ] == reasons


@pytest.mark.parametrize(
    ("url", "error"),
    [("http://127.0.0.1:1", NotReadyError), ("file:///etc", SettingsError)],
)
def test_worker_that_is_not_there(
    pg18_database: Database, url: str, error: type[Exception]
) -> None:
    """A closed port may open later, so it is waited for; a malformed address is an error."""
    with pytest.raises(error, match="worker"):
        wait(pg18_database.url(), worker_url=url, seconds=0)


def test_url_is_needed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing or impossible URL ends the command with 2."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert main(["wait", "--timeout", "0"]) == 2
    assert "DATABASE_URL" in capsys.readouterr().err


def test_command_says_that_all_is_ready(
    pg18_database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 0."""
    assert main(["wait", "--database-url", pg18_database.url(), "--timeout", f"{PATIENCE}"]) == 0
    assert capsys.readouterr().out.startswith("ready after ")


def test_lost_connection_is_a_reason(pg18_database: Database) -> None:
    """A database that refuses connections is not ready."""
    name = sql.Identifier(pg18_database.name)
    with pg18_database.connect("postgres") as connection:
        connection.execute(sql.SQL("alter database {} connection limit 0").format(name))
    with pytest.raises(NotReadyError, match="does not answer"):
        wait(pg18_database.url("th_client"), seconds=0)


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf")])
def test_a_deadline_that_is_none(seconds: float) -> None:
    """An infinite or negative deadline is refused at once."""
    with pytest.raises(SettingsError, match="deadline"):
        wait(NOWHERE, seconds=seconds)


def test_a_server_that_only_listens() -> None:
    """A port that accepts but never replies takes no more than the remaining time."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://somebody@127.0.0.1:{silent.getsockname()[1]}/nothing"
        begun = time.monotonic()
        with pytest.raises(NotReadyError, match="does not answer"):
            wait(url, seconds=0.5)
    assert time.monotonic() - begun < PATIENCE
