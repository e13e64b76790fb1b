"""The database is lost, and comes back from a dump that was taken while calls were in flight."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.support.ops import TENANT, USER, at_the_desk, free_port
from tests.support.servers import SETTINGS
from tests.support.town import Row, Town
from tests.support.waiting import HELD
from tollhouse_demo.embedded import Cluster


@pytest.fixture
def new_server(cluster_home: Path) -> Iterator[Cluster]:
    """Yield an empty server, not started yet."""
    cluster = Cluster(cluster_home / "restored", port=free_port(), settings=SETTINGS)
    cluster.init()
    yield cluster
    cluster.stop("immediate")


def test_restore_from_backup(own_town: Town, new_server: Cluster, desk: Path) -> None:
    """What was in flight is charged and tried again; what was delivered since is asked again."""
    town, ann = own_town, own_town.person(TENANT, USER)
    town.stack.add_login("bound")
    town.operate("bind_login", "bound", "initech")
    before = ann.enqueue("explanation", "before the backup", "before")
    assert "success" == ann.wait(before)["status"]
    town.mock.fault(HELD, contains="caught")
    caught = [
        ann.enqueue("investigation", f"caught {number}", f"caught-{number}") for number in range(6)
    ]
    for call in caught:
        ann.is_at_the_provider(call)

    def url(login: str) -> str:
        here = town.stack.url(login)
        password = here.partition("://")[2].partition("@")[0].partition(":")[2]
        return new_server.url("tollhouse", login, "" if login == "postgres" else password)

    lost = {"yes": False}
    with at_the_desk(
        town,
        "restore-from-backup",
        desk,
        url=lambda login: url(login) if lost["yes"] else town.stack.url(login),
        NEW_ADMIN_URL=new_server.url(),
        NEW_DATABASE_URL=url("worker"),
    ) as walk:
        walk.section("Meaning")  # the backup, with calls in flight
        known = {call["call_id"]: "running" for call in caught}
        assert known == {row["call_id"]: row["state"] for row in in_flight(town)}
        town.mock.clear_faults()
        for call in caught:
            assert "success" == ann.wait(call)["status"]
        after = ann.enqueue("explanation", "after the backup", "after")
        assert "success" == ann.wait(after)["status"]
        town.stack.stop_worker()
        town.stack.cluster.stop("immediate")
        town.close()

        assert "Archive created" in walk.section("Diagnosis")
        new_server.start()
        lost["yes"] = True
        assert not walk.is_over()
        walk.section("Action")
        assert not walk.is_over()
        with psycopg.connect(url("postgres"), autocommit=True) as server:
            server.execute(
                "update tollhouse_private.workers set alive_until = now() - interval '1 second'"
            )
        told = walk.section("Recovery")
        assert "running |     6" in told
        assert " success " in told
        walk.ends()
        with psycopg.connect(url("app"), autocommit=True, row_factory=dict_row) as app:
            again = deliver_again(app, caught, before, after)
        with psycopg.connect(url("postgres"), row_factory=dict_row) as admin:
            rows = admin.execute(
                "select outcome, count(*) from tollhouse_private.provider_attempts"
                " where endpoint = 'investigation' group by outcome order by outcome"
            ).fetchall()
            bound = admin.execute(
                "select login, login_oid = 'bound'::regrole as now from"
                " tollhouse_private.login_bindings"
            ).fetchall()
    assert [{"login": "bound", "now": True}] == bound
    # What the backup knew is not asked a second time, what it did not know is.
    assert [True] * 7 + [False] == [row["deduplicated"] for row in again]
    assert {"abandoned": 6, "success": 6} == {row["outcome"]: row["count"] for row in rows}
    billed = [len(town.bill(call)) for call in caught]
    assert [2] * 6 == billed  # the provider was asked twice, and both are on record


def in_flight(town: Town) -> list[Row]:
    """Return the calls that are in flight."""
    return town.rows("select call_id, state from tollhouse_private.jobs")


def deliver_again(
    app: psycopg.Connection[Row], caught: list[Row], before: Row, after: Row
) -> list[Row]:
    """Enqueue everything once more under its request id, the one after the backup last."""
    calls = [
        *[("investigation", f"caught {n}", call["request_id"]) for n, call in enumerate(caught)],
        ("explanation", "before the backup", before["request_id"]),
        ("explanation", "after the backup", after["request_id"]),
    ]
    rows: list[Row] = []
    with app.transaction():
        app.execute("select tollhouse.set_identity(%s, %s)", (TENANT, USER))
        for endpoint, prompt, request_id in calls:
            rows += app.execute(
                "select * from tollhouse.enqueue(%s, jsonb_build_object('prompt', %s::text), %s)",
                (endpoint, prompt, request_id),
            ).fetchall()
    return rows
