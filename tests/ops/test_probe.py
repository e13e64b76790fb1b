"""The notes of a run: whose calls a test made, how they ended, and in one line why it failed."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Literal, cast

import pytest

from tests.race.scene import Call, Scene, result
from tests.support.database import Database
from tests.support.invariants import INVARIANTS
from tests.support.probe import REPORT, Probe, failure

Outcome = Literal["passed", "failed", "skipped"]


def report(outcome: Outcome, said: str) -> pytest.TestReport:
    """Return the report of a test's call."""
    return pytest.TestReport("test_x", ("test_x.py", 1, "test_x"), {}, outcome, said, "call")


def item(module: str, report: pytest.TestReport) -> pytest.Item:
    """Return a test of the end-to-end tests that has run."""
    stash = pytest.Stash()
    stash[REPORT] = report
    location = (f"tests/e2e/test_{module}.py", 1, "test_x")
    return cast("pytest.Item", SimpleNamespace(stash=stash, location=location, name="test_x"))


async def test_document(pg18_database: Database, tmp_path: Path) -> None:
    """It names the proof, its tenants, users and requests, and how each call ended."""
    scene = Scene(pg18_database)
    await scene.prepare()
    (worker,) = await scene.workers(1)
    (success,) = scene.enqueue("acme", "ann", [Call(request_id="r1")])
    await worker.record(result(call) for call in await worker.claim())
    await scene.close()
    scene.rows("select tollhouse_ops.stop_everything('test')")
    blocked = scene.enqueue("acme.other", "bob", [Call(request_id=f"b{i}") for i in range(21)])
    scene.enqueue("acme-2", "eve", [Call(request_id="e1")])
    proof = item("5_kill_switch", report("passed", ""))
    probe = Probe()
    assert {5} == probe.unseen([proof])

    probe.note(proof, pg18_database, "acme")
    without_calls = item("1_endpoints", report("failed", "assert 1 == 2"))
    probe.note(without_calls, pg18_database, "nobody")
    assert {1} == probe.unseen([proof, without_calls])
    probe.write(path := tmp_path / "made" / "probe.json")

    document = json.loads(path.read_text(encoding="utf-8"))
    noted, failed = document["tests"]
    assert "failed" == document["outcome"]
    assert [1, 5] == document["proofs_run"]
    assert list(INVARIANTS) == document["invariants_checked_after_each_test"]
    assert document["versions"]["postgres"].startswith("18.")
    assert document["begun"] <= document["finished"]
    assert (5, "e2e/5_kill_switch: test_x") == (noted["proof"], noted["test"])
    assert ("passed", None) == (noted["outcome"], noted["problem"])
    assert ["acme", "acme.other"] == noted["tenants"]
    assert ["ann", "bob"] == noted["users"]
    assert {"success": 1, "blocked": 21} == noted["statuses"]
    first, second, *_ = noted["calls"]
    assert (str(success["call_id"]), "r1") == (first["call_id"], first["request_id"])
    assert (100, 1, True) == tuple(
        first[key] for key in ("cost_micro_usd", "attempts", "provider_attempted")
    )
    assert (str(blocked[0]["call_id"]), "provider_kill_switch") == (
        second["call_id"],
        second["blocked_reason"],
    )
    assert (20, 2) == (len(noted["calls"]), noted["calls_not_listed"])
    assert (1, "failed", "assert 1 == 2") == tuple(
        failed[key] for key in ("proof", "outcome", "problem")
    )
    assert [] == failed["tenants"] == failed["users"] == failed["calls"]


def test_nine_proofs() -> None:
    """There is a module for each; a session that ran them has each in its notes, or fails."""
    numbers = [
        path.name.split("_")[1]
        for path in (Path(__file__).parents[1] / "e2e").glob("test_[0-9]_*.py")
    ]
    assert [*"123456789"] == sorted(numbers)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (report("failed", "\nassert 1 == 2\n  where 1 = one()"), "assert 1 == 2"),
        (report("failed", "x" * 1000), "x" * 500),
        (report("passed", "said on the way"), None),
        (None, None),
    ],
)
def test_the_first_line_of_a_failure(given: pytest.TestReport | None, expected: str | None) -> None:
    """One line, cut at a length; nothing for a test that passed or did not run."""
    assert expected == failure(given)
