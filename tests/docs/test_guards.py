"""The README of each guard's folder: what it names is there, and no guard is without one."""

import re
from pathlib import Path

import pytest

from tests.docs.test_errors_register import entries

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
ROWS = ["table", "functions", "tests", "refuses with", "error", "runbook", "dashboard"]
READMES = {path.parent.name: path.read_text("utf-8") for path in DEPLOY.glob("*/README.md")}
SCRIPTS = "\n".join(path.read_text("utf-8") for path in sorted(DEPLOY.glob("*/*.sql")))
# reason → guard and position, of the register.
REASONS = {
    reason: (guard, int(position))
    for reason, guard, position in re.findall(
        r"^  \('(\w+)', '(\w+)', (\d),$",
        (DEPLOY / "ledger" / "refusal_reasons.sql").read_text("utf-8"),
        re.MULTILINE,
    )
}
each_guard = pytest.mark.parametrize("guard", sorted(READMES))


def rows(guard: str) -> dict[str, str]:
    """Return the rows of a guard's table: what it is → where it is."""
    return dict(re.findall(r"^\| (\w[\w ]*) \| (.+) \|$", READMES[guard], re.MULTILINE))


def positions(guard: str) -> set[int]:
    """Return which guards a README is about, by their place in the order."""
    return {int(number) for number in re.findall(r"\d", READMES[guard].splitlines()[0])}


def test_every_guard_has_one() -> None:
    """The eight guards of the order, and each folder that the register of reasons names."""
    assert set(range(1, 9)) == set().union(*map(positions, READMES))
    assert {guard for guard, _ in REASONS.values()} <= READMES.keys()


@each_guard
def test_it_says_everything(guard: str) -> None:
    """Table, functions, tests, refusals, error, runbook and dashboard each have a row."""
    assert list(rows(guard)) == ROWS


@each_guard
def test_its_links_lead_somewhere(guard: str) -> None:
    """Every link is a file or folder; tests of both kinds, runbook and dashboard are linked."""
    links = re.findall(r"\]\(([^)]+)\)", READMES[guard])
    assert [link for link in links if not (DEPLOY / guard / link).exists()] == []
    assert f"tests/pgtap/{guard})" in rows(guard)["tests"]
    assert "tests/e2e/" in rows(guard)["tests"]
    assert "docs/ops/" in rows(guard)["runbook"]
    assert "db/dashboards/" in rows(guard)["dashboard"]


@each_guard
def test_what_it_names_is_made(guard: str) -> None:
    """Each table and each function is made by a deploy script."""
    for kind, row in (("table", "table"), ("(?:function|procedure)", "functions")):
        named = re.findall(r"`(\w+)`", rows(guard)[row])
        assert named
        for name in named:
            assert re.search(rf"^create {kind} \w+\.{name} ?\(", SCRIPTS, re.MULTILINE), name


@each_guard
def test_its_reasons_and_codes_are_registered(guard: str) -> None:
    """It names exactly the reasons that the register has for it, and codes that exist."""
    reasons = {reason for reason, (of, _) in REASONS.items() if of == guard}
    assert reasons == set(re.findall(r"`(\w+)`", rows(guard)["refuses with"])) - {"deduplicated"}
    assert {position for of, position in REASONS.values() if of == guard} <= positions(guard)
    known = {entry.code for entry in entries()}
    assert set(re.findall(r"TH\d{3}", rows(guard)["error"])) <= known
