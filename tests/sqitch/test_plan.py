"""The plan itself: complete, in step with the scripts, and free of psql."""

import re
from pathlib import Path

import pytest

from tests.support.sqitch import ROOT
from tollhouse.plan import Change, read_plan

PLAN = read_plan(ROOT)
KINDS = {"deploy": ("Deploy", "to"), "revert": ("Revert", "from"), "verify": ("Verify", "on")}
_OBJECT = re.compile(r"\b(tollhouse(?:_private|_worker|_ops)?\.[a-z_]+)")
_MAKES = re.compile(
    r"^create (?:function|procedure|table|view|type|domain) ([a-z_]+\.[a-z_]+)", re.MULTILINE
)
# Required for what no name shows.
UNNAMED = {
    "execution/close_calls": {  # called by the name that the endpoint gives
        "execution/materializers",
    },
    "ops/database_health": {"ledger/partitions"},  # the partitions, as it names them
}

each_change = pytest.mark.parametrize("change", PLAN, ids=lambda change: change.name)


def text(change: Change, kind: str) -> str:
    """Return a script of a change."""
    return change.path(ROOT, kind).read_text(encoding="utf-8")


@each_change
def test_scripts_and_note(change: Change) -> None:
    """Three scripts, each with its header and a transaction of its own; a note; a known room."""
    assert re.fullmatch(r"[A-Z].{10,}[^.]", change.note)
    for kind, (verb, preposition) in KINDS.items():
        script = text(change, kind)
        end = "rollback" if kind == "verify" else "commit"
        assert script.startswith(f"-- {verb} tollhouse:{change.name} {preposition} pg\n")
        assert re.findall(r"^(begin|commit|rollback);$", script, re.MULTILINE) == ["begin", end]
        assert script.endswith(f"\n{end};\n")


@each_change
def test_requirements_are_in_the_plan_only(change: Change) -> None:
    """A deploy script does not say again what it requires."""
    assert "requires:" not in text(change, "deploy")


@each_change
def test_no_psql(change: Change) -> None:
    """No meta-command, no variable: psycopg runs the same text."""
    for kind in KINDS:
        script = text(change, kind)
        assert not re.search(r"^\s*\\", script, re.MULTILINE)
        assert not re.search(r"(?<![:\w]):['\"]?[a-z_]+", _without_literals(script))


@each_change
def test_reverts_only_what_was_made(change: Change) -> None:
    """No cascade, no role, and nothing but what the deploy script created."""
    revert = text(change, "revert")
    made = set(_MAKES.findall(text(change, "deploy")))
    dropped = re.findall(
        r"^drop (?:function|procedure|table|view|type|domain) ([a-z_]+\.[a-z_]+)",
        revert,
        re.MULTILINE,
    )
    assert set(dropped) == made
    assert not re.search(r"\bcascade\b|drop role|if exists", revert)


@each_change
def test_requires_what_it_uses(change: Change) -> None:
    """Whatever a deploy script names is made by itself or by what it requires, near or far."""
    makers = {name: other.name for other in PLAN for name in _MAKES.findall(text(other, "deploy"))}
    known = _closure(change.name)
    script = re.sub(r"(?m)--.*$|^comment on .*\n.*;$|'(?:[^']|'')*'", "", text(change, "deploy"))
    missing = {
        f"{name} ({makers[name]})"
        for name in _OBJECT.findall(script)
        if name in makers and makers[name] not in known
    }
    assert missing == set()


@each_change
def test_uses_what_it_requires(change: Change) -> None:
    """A deploy script names something that each change it requires makes: no more is listed."""
    script = re.sub(r"--.*", "", text(change, "deploy"))
    unnamed = {
        other.name
        for other in PLAN
        if other.name in change.requires
        and (made := _MAKES.findall(text(other, "deploy")))
        and not any(re.search(rf"\b{name.partition('.')[2]}", script) for name in made)
    }
    assert unnamed == UNNAMED.get(change.name, set())


@pytest.mark.parametrize("kind", KINDS)
def test_no_script_without_a_plan_line(kind: str) -> None:
    """Every script is a change's."""
    found = {path.relative_to(ROOT / kind).as_posix() for path in Path(ROOT, kind).rglob("*.sql")}
    assert found == {f"{change.script}.sql" for change in PLAN}


def test_pgtap_mirrors_the_plan() -> None:
    """Each change has its pgTAP file, and each file of a room is a change's."""
    tree = ROOT / "tests" / "pgtap"
    found = {path.relative_to(tree).as_posix() for path in tree.glob("*/*.sql")}
    assert {name for name in found if not name.startswith("style/")} == {
        f"{change.name}.sql" for change in PLAN
    }


def _closure(name: str) -> set[str]:
    requires = {change.name: change.requires for change in PLAN}
    known: set[str] = set()
    pending = [name]
    while pending:
        current = pending.pop()
        if current not in known:
            known.add(current)
            pending += requires[current]
    return known


def _without_literals(script: str) -> str:
    return re.sub(r"--.*|'(?:[^']|'')*'", "", script)
