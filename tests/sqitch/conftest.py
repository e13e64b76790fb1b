"""Empty databases, with and without sqitch."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.database import Database
from tests.support.sqitch import Sqitch, empty_database
from tollhouse_demo.embedded import Cluster


@pytest.fixture
def empty(cluster: Cluster) -> Iterator[Database]:
    """Return a database with nothing in it, on each available server in turn."""
    with empty_database(cluster, "tollhouse_empty") as database:
        yield database


@pytest.fixture
def sqitch(cluster: Cluster, tmp_path: Path) -> Iterator[Sqitch]:
    """Return sqitch for an empty database on each server in turn; skip where sqitch is missing."""
    if shutil.which("sqitch") is None:
        pytest.skip("sqitch is not installed (Debian: sqitch libdbd-pg-perl)")
    with empty_database(cluster, "tollhouse_sqitch") as database:
        yield Sqitch(database=database, home=tmp_path)
