"""The plan under the real sqitch: deploy, verify, revert to nothing, deploy again."""

from tests.support.database import Database
from tests.support.schema_dump import dump_schema
from tests.support.sqitch import Sqitch, leftovers
from tollhouse import migrate
from tollhouse.plan import read_plan


def test_deploy_verify_revert_deploy(sqitch: Sqitch) -> None:
    """Each change verifies as it is deployed; the revert leaves nothing; it can come back."""
    count = len(read_plan())
    assert sqitch.run("deploy", "--verify").count(" ok\n") == count
    assert "Verify successful" in sqitch.run("verify")
    assert "Check successful" in sqitch.run("check")

    assert sqitch.run("revert", "-y").count(" ok\n") == count
    assert leftovers(sqitch.database) == []

    assert sqitch.run("deploy", "--verify").count(" ok\n") == count


def test_embedded_deploy_equals_sqitch(sqitch: Sqitch, empty: Database) -> None:
    """What psycopg applied and what sqitch applied dump to the same text."""
    sqitch.run("deploy")
    migrate.deploy(empty.url())
    by_sqitch, by_psycopg = (
        dump_schema(database.cluster, database.name) for database in (sqitch.database, empty)
    )
    assert by_sqitch == by_psycopg
    assert "create policy" in by_sqitch.lower()
