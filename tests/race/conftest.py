"""The scene that every race plays in."""

from collections.abc import AsyncIterator

import pytest

from tests.race.scene import Scene
from tests.support.database import Database


@pytest.fixture
async def scene(database: Database) -> AsyncIterator[Scene]:
    """Return a deployed database with a provider, on each server in turn."""
    scene = Scene(database)
    await scene.prepare()
    yield scene
    await scene.close()
