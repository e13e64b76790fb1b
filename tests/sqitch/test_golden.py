"""db/schema.sql is what deploy/ makes: a reviewer reads a change of the schema as a diff."""

import difflib

from tests.support.database import Database
from tests.support.schema_dump import dump_schema
from tests.support.sqitch import ROOT


def test_golden_schema(pg18_template: Database) -> None:
    """The committed dump equals a fresh deployment's."""
    golden = ROOT / "db" / "schema.sql"
    written = golden.read_text(encoding="utf-8") if golden.exists() else ""
    deployed = dump_schema(pg18_template.cluster, pg18_template.name)
    diff = list(
        difflib.unified_diff(
            written.splitlines(),
            deployed.splitlines(),
            "db/schema.sql",
            "deploy/",
            lineterm="",
            n=1,
        )
    )
    shown = "\n".join(diff[:60])
    assert not diff, f"db/schema.sql is not what deploy/ makes: run `make golden`\n{shown}"
