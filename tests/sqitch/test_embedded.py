"""The same plan without sqitch, on every server and as an ordinary deployer."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from tests.support.database import PASSWORD, Database
from tests.support.schema_dump import dump_schema
from tests.support.servers import SERVERS, admin, make_cluster, missing
from tests.support.sqitch import ROOT, empty_database, leftovers
from tollhouse import migrate
from tollhouse.plan import read_plan
from tollhouse_demo.embedded import Cluster


def test_deploy_revert_deploy(empty: Database) -> None:
    """Everything goes and comes back the same."""
    plan = [change.name for change in read_plan()]
    assert [change.name for change in migrate.deploy(empty.url())] == plan
    first = dump_schema(empty.cluster, empty.name)

    assert [change.name for change in migrate.revert(empty.url())] == plan[::-1]
    assert leftovers(empty) == []

    migrate.deploy(empty.url())
    assert dump_schema(empty.cluster, empty.name) == first


@pytest.fixture(params=SERVERS)
def fresh_cluster(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """Return a cluster in which none of our roles exist yet."""
    server: str = request.param
    if reason := missing(server):
        pytest.skip(reason)
    home = request.getfixturevalue("cluster_home")
    with make_cluster(home / f"fresh_{server}", server) as cluster:
        yield cluster


def test_deployer_need_not_be_superuser(fresh_cluster: Cluster) -> None:
    """CREATEROLE and the database are enough, also for a second database of the cluster."""
    with admin(fresh_cluster) as connection:
        connection.execute(
            sql.SQL("create role th_deployer login createrole password {}").format(
                sql.Literal(PASSWORD)
            )
        )
    for name in ("tollhouse_first", "tollhouse_second"):
        with empty_database(fresh_cluster, name) as database:
            with admin(fresh_cluster) as connection:
                connection.execute(
                    sql.SQL("alter database {} owner to th_deployer").format(sql.Identifier(name))
                )
            url = database.url("th_deployer")
            migrate.deploy(url)
            assert verdicts(database, "th_deployer") == []
            migrate.revert(url)
            assert leftovers(database) == []


def verdicts(database: Database, login: str) -> list[str]:
    """Return the changes whose verify fails for a login."""
    failed = []
    for change in read_plan():
        with database.connect(login) as connection:
            try:
                connection.execute(change.path(ROOT, "verify").read_bytes())
            except psycopg.Error as error:
                failed.append(f"{change.name}: {error}")
    return failed
