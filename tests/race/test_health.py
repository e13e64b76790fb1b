"""What operators see of sessions that hold others up."""

import pytest

from tests.race.scene import Scene

pytestmark = pytest.mark.race


async def test_an_idle_writer_shows(scene: Scene) -> None:
    """A session that wrote something and sits on its transaction holds vacuum back: it is seen."""
    writer, auditor = await scene.connect("postgres"), await scene.connect("postgres")
    await auditor.execute("set role tollhouse_auditor")
    query = "select max(oldest_xmin_age) as age from tollhouse_ops.database_health"
    async with writer.transaction():
        await writer.execute("create table written ()")
        for _ in range(50):
            scene.rows("select pg_current_xact_id()")
        row = await (await auditor.execute(query)).fetchone()
    assert row is not None
    assert row["age"] >= 50
