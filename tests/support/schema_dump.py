"""A database's schema as text that is the same for equal schemas, however they were deployed."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support.servers import admin, make_cluster, superuser_environment
from tollhouse import migrate
from tollhouse_demo.embedded import Cluster

# The deployers' own books.
_BOOKKEEPING = ("sqitch", "tollhouse_embedded")


def dump_schema(cluster: Cluster, dbname: str) -> str:
    """Return pg_dump's schema of a database, without comments, partitions and random tokens."""
    done = subprocess.run(
        [
            cluster.binaries.program("pg_dump"),
            "--schema-only",
            *(f"--exclude-schema={schema}" for schema in _BOOKKEEPING),
            *(f"--exclude-table={table}" for table in _partitions(cluster, dbname)),
        ],
        env=superuser_environment(cluster, dbname),
        capture_output=True,
        text=True,
        check=True,
    )
    return _normalized(done.stdout)


def _partitions(cluster: Cluster, dbname: str) -> list[str]:
    # Their names and bounds depend on the day of the deployment.
    with admin(cluster, dbname) as connection:
        rows = connection.execute(
            "select format('%I.%I', c.relnamespace::regnamespace::text, c.relname)"
            " from pg_catalog.pg_class as c where c.relispartition and c.relkind = 'r'"
        ).fetchall()
    return [name for (name,) in rows]


def _normalized(text: str) -> str:
    noise = ("--", "SET ", "SELECT pg_catalog.set_config(", "\\restrict", "\\unrestrict")
    lines: list[str] = []
    quote = ""  # the dollar quote of the current function body
    for line in text.splitlines():
        if quote:
            lines.append(line)
            quote = "" if line.startswith(quote) else quote
        elif line and not line.startswith(noise):
            lines.append(line)
            begin = re.match(r"    AS (\$\w*\$)", line)
            if begin and line.count(begin[1]) == 1:
                quote = begin[1]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Deploy the plan into a temporary cluster; write its schema to a file."""
    target = Path(sys.argv[1])
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="tollhouse-golden-") as folder:
        Path(folder).chmod(0o755)
        with make_cluster(Path(folder) / "cluster", "pg18") as cluster:
            migrate.deploy(cluster.url())
            target.write_text(dump_schema(cluster, "postgres"), encoding="utf-8")
    print(f"{target}: {len(target.read_text(encoding='utf-8').splitlines())} lines")
    return 0


if __name__ == "__main__":
    sys.exit(main())
