"""sqitch.plan is read as sqitch reads it; a line that can't be parsed is an error."""

from pathlib import Path

import pytest

from tollhouse.errors import PlanError
from tollhouse.plan import parse_plan, sql_root

AT = "2026-01-02T03:04:05Z A. Planner <a@example.com>"
PLAN = f"""\
%syntax-version=1.0.0
%project=tollhouse
%uri=https://example.com/

# a comment
platform/roles {AT} # Roles, with a # in the note
platform/schemas [platform/roles] {AT} # Schemas
@v0.1.0 {AT} # First

queue/claim [platform/schemas platform/roles@v0.1.0 !legacy] {AT}
"""


def test_changes_in_order() -> None:
    """Names, requirements, notes and tags come out in the plan's order."""
    roles, schemas, claim = parse_plan(PLAN)
    assert (roles.name, roles.requires, roles.note, roles.line) == (
        "platform/roles",
        (),
        "Roles, with a # in the note",
        6,
    )
    assert (schemas.requires, schemas.tags) == (("platform/roles",), ("v0.1.0",))
    assert claim.requires == ("platform/schemas", "platform/roles@v0.1.0", "!legacy")
    assert claim.path(Path("/r"), "verify") == Path("/r/verify/queue/claim.sql")


def test_rework() -> None:
    """The older instance of a reworked change deploys from the copy named after its tag."""
    rework = f"platform/roles [platform/roles@v0.1.0] {AT} # again\n"
    assert [change.script for change in parse_plan(PLAN + rework)] == [
        "platform/roles@v0.1.0",
        "platform/schemas",
        "queue/claim",
        "platform/roles",
    ]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("no timestamp", "can't read"),
        (f"-queue/claim {AT}", "can't read"),
        (f"late [never/made] {AT}", "requires never/made"),
        (f"late [queue/claim@v9] {AT}", "requires queue/claim@v9"),
        (f"late [!queue/claim] {AT}", "conflicts with !queue/claim"),
        (f"queue/claim {AT}", "reworked without a tag"),
        (f"@v0.1.0 {AT}", "out of place"),
        ("%syntax-version=2.0.0", "syntax version 2.0.0"),
    ],
)
def test_bad_line_is_named(line: str, words: str) -> None:
    """An error names the line's number and what is wrong with it."""
    with pytest.raises(PlanError, match=r"^sqitch\.plan:11: ") as caught:
        parse_plan(PLAN + line)
    assert words in str(caught.value)


def test_own_plan() -> None:
    """Every change of the project's own plan has its three scripts."""
    root = sql_root()
    changes = parse_plan((root / "sqitch.plan").read_text(encoding="utf-8"))
    missing = [
        str(change.path(root, kind))
        for change in changes
        for kind in ("deploy", "revert", "verify")
        if not change.path(root, kind).is_file()
    ]
    assert missing == []
