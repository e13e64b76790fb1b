"""scripts/run_gate does with a job what a runner does, so that the gate can be tried anywhere."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.gate import GATE, ROOT, run_job


def workflow(*steps: dict[str, str]) -> dict[str, Any]:
    """Return a workflow of one job."""
    return {
        "env": {"FROM_WORKFLOW": "w"},
        "jobs": {"job": {"env": {"FROM_MATRIX": "${{ matrix.number }}"}, "steps": steps}},
    }


def test_steps_see_what_a_runner_gives_them(tmp_path: Path) -> None:
    """Variables of the workflow, the matrix and earlier steps; actions are left out."""
    steps = (
        {"uses": "actions/checkout@v0"},
        {"name": "export", "run": 'echo "SECRET=a=b" >>"$GITHUB_ENV"'},
        {"name": "write", "run": 'echo "$FROM_WORKFLOW $FROM_MATRIX $SECRET" >seen'},
    )
    assert run_job(workflow(*steps), "job", {"number": "17"}, tmp_path) is True
    assert "w 17 a=b\n" == (tmp_path / "seen").read_text(encoding="utf-8")


def test_a_failure_decides_what_still_runs(tmp_path: Path) -> None:
    """A step stops at its first failing line; what has no condition is skipped from then on."""
    steps = (
        {"name": "early", "if": "failure()", "run": "touch early"},
        {"name": "fails", "run": "false\ntouch after"},
        {"name": "next", "run": "touch next"},
        {"name": "logs", "if": "failure()", "run": "touch logs"},
        {"name": "bundle", "if": "always()", "run": "touch bundle"},
    )
    assert run_job(workflow(*steps), "job", {"number": "1"}, tmp_path) is False
    assert {"logs", "bundle"} == {path.name for path in tmp_path.iterdir()}


def test_what_only_github_knows_is_refused(tmp_path: Path) -> None:
    """An expression that can't be evaluated here is an error, not an empty text."""
    step = {"name": "token", "run": "echo ${{ github.token }}"}
    with pytest.raises(ValueError, match=r"github\.token"):
        run_job(workflow(step), "job", {"number": "1"}, tmp_path)


def test_every_step_of_the_gate_can_run_here() -> None:
    """Each is bash without a syntax error, under a condition that is known here."""
    jobs = yaml.load(GATE.read_text(encoding="utf-8"), yaml.BaseLoader)["jobs"]
    for job in jobs.values():
        for step in job["steps"]:
            assert ("run" in step) != ("uses" in step)
            assert "name" in step or "uses" in step
            if "run" in step:
                checked = subprocess.run(
                    ["bash", "-n"], input=step["run"], capture_output=True, text=True, check=False
                )
                assert (0, "") == (checked.returncode, checked.stderr), step["name"]
                assert step.get("if", "success()") in {"success()", "failure()", "always()"}


def test_usage_names_the_jobs() -> None:
    """The script starts, and knows the jobs of the workflow."""
    done = subprocess.run(
        [ROOT / "scripts/run_gate", "--help"], capture_output=True, text=True, check=False
    )
    assert 0 == done.returncode, done.stderr
    assert "{databases,readiness}" in done.stdout
