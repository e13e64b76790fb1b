"""Empty databases, what is left in them, and sqitch as an operator runs it."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from psycopg import sql

from tests.support.database import Database
from tests.support.servers import admin, superuser_environment
from tollhouse_demo.embedded import Cluster

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, kw_only=True)
class Sqitch:
    """The real sqitch, against one database."""

    database: Database
    home: Path

    def run(self, *arguments: str) -> str:
        """Run one sqitch command in the repository; fail with what it said."""
        database = self.database
        environment = superuser_environment(database.cluster, database.name) | {
            "HOME": str(self.home),
            "LC_ALL": "C.UTF-8",
            "PATH": f"{database.cluster.binaries.bin_dir}{os.pathsep}{os.environ['PATH']}",
            "SQITCH_FULLNAME": "A Tester",
            "SQITCH_EMAIL": "tester@localhost",
        }
        done = subprocess.run(
            ["sqitch", *arguments],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@contextmanager
def empty_database(cluster: Cluster, name: str) -> Iterator[Database]:
    """Create an empty database; drop it afterwards."""
    identifier = sql.Identifier(name)
    with admin(cluster) as connection:
        connection.execute(sql.SQL("create database {} template template0").format(identifier))
    try:
        yield Database(cluster=cluster, name=name)
    finally:
        with admin(cluster) as connection:
            connection.execute(sql.SQL("drop database {} with (force)").format(identifier))


def leftovers(database: Database) -> list[str]:
    """Return what we left in a database: schemas and default privileges."""
    rows = database.rows("""
        select nspname as name from pg_catalog.pg_namespace
        where nspname like 'tollhouse%' and nspname <> 'tollhouse_embedded'
        union all
        select 'default privileges of ' || defaclrole::regrole::text from pg_catalog.pg_default_acl
        """)
    return [row["name"] for row in rows]
