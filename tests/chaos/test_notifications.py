"""A login that fills the server's queue of notifications stops nobody."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.support.database import Database, Row, cloned, create_template
from tests.support.servers import SETTINGS
from tollhouse_demo.embedded import Cluster

_FILL = "select pg_notify('noise', n || repeat('x', 7900)) from generate_series(1, 20) as n"
_WORKER = "00000000-0000-4000-8000-000000000001"


@pytest.fixture
def small_queue(cluster_home: Path) -> Iterator[Database]:
    """Return a database of a server whose queue of notifications is soon full."""
    cluster = Cluster(
        cluster_home / "notifications", settings=SETTINGS | {"max_notify_queue_pages": 64}
    )
    with cluster, cloned(create_template(cluster)) as database:
        yield database


def test_a_full_queue_of_notifications_fails_nobody(small_queue: Database) -> None:
    """Calls are taken, answered and cancelled, and the kill switch is pulled, all the same."""
    database = small_queue
    database.rows("select tollhouse_ops.set_provider('mock', 'test')")
    database.rows("select tollhouse_ops.set_model('small', 'mock', 'mock-small', 'test')")
    for kind in ("input", "output"):
        database.rows("select tollhouse_ops.set_price('small', %s, 1, 'test')", kind)
    database.rows("select tollhouse_ops.set_task_type('route', 'test', array['small'])")
    database.rows("select tollhouse_worker.register(%s, 'w', 10, '1')", _WORKER)
    ask = (
        "select (tollhouse.enqueue('route', jsonb_build_object('prompt', %s::text))).call_id"
        " from tollhouse.set_identity('acme', 'ann')"
    )
    with database.connect() as idler, database.connect() as noise:
        idler.execute("listen noise")
        idler.execute("begin")
        idler.execute("select 1")
        with pytest.raises(psycopg.errors.ProgramLimitExceeded):
            _fill(noise)

        database.rows("select tollhouse_worker.set_idle(%s, true)", _WORKER)
        database.rows(ask, "one")
        database.rows(ask, "two")
        claimed = database.rows("select * from tollhouse_worker.claim(%s, 1)", _WORKER)
        result = [{**_sent(claimed[0]), "outcome": "rejected", "error_code": "test"}]
        database.rows("select * from tollhouse_worker.record(%s, %s)", _WORKER, Jsonb(result))
        database.rows("select tollhouse_ops.stop_everything('test')")
    statuses = database.rows("select status from tollhouse_private.llm_api_calls")
    assert ["failed"] == [row["status"] for row in statuses]


def _fill(connection: psycopg.Connection[Row]) -> None:
    while True:
        connection.execute(_FILL)


def _sent(call: dict[str, object]) -> dict[str, object]:
    return {
        "tenant_id": call["tenant_id"],
        "call_id": str(call["call_id"]),
        "attempt": call["attempt"],
    }
