"""Runs a CI job's run: steps on this machine, as a runner would.

Needs docker compose and nothing from GitHub; steps that use an action are listed and skipped. Exits
with 1 if a step failed.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
GATE = ROOT / ".github/workflows/e2e-operational-readiness.yml"
_CONDITIONS = {"success()": (True, False), "failure()": (False, True), "always()": (True, True)}


def run_job(workflow: dict[str, Any], name: str, matrix: dict[str, str], folder: Path) -> bool:
    """Run one job's steps in a folder; return whether all succeeded.

    Raises ValueError for an expression that only GitHub can evaluate.
    """
    job = workflow["jobs"][name]
    environ = dict(os.environ)
    for given in (workflow, job):
        environ |= {key: _filled(value, matrix) for key, value in given.get("env", {}).items()}
    failed = False
    with tempfile.NamedTemporaryFile("r+", encoding="utf-8") as exported:
        environ["GITHUB_ENV"] = exported.name
        for step in job["steps"]:
            if "run" not in step:
                _say(f"left out: {step['uses']}")
            elif _CONDITIONS[step.get("if", "success()")][failed]:
                script = _filled(step["run"], matrix)
                _say(f"{step['name']}\n{script.strip()}")
                status = subprocess.run(
                    ["bash", "-e", "-c", script], cwd=folder, env=environ, check=False
                ).returncode
                _say(f"exit status {status}: {step['name']}")
                failed |= status != 0
                exported.seek(0)
                environ |= dict(line.rstrip("\n").split("=", 1) for line in exported)
    return not failed


def main(arguments: list[str] | None = None) -> int:
    """Run the named job."""
    workflow = yaml.load(GATE.read_text(encoding="utf-8"), yaml.BaseLoader)
    parser = argparse.ArgumentParser(prog="run_gate", description=__doc__)
    parser.add_argument("job", choices=workflow["jobs"])
    parser.add_argument("matrix", nargs="*", help="such as postgres=17")
    given = parser.parse_args(arguments)
    matrix = dict(pair.split("=", 1) for pair in given.matrix)
    passed = run_job(workflow, given.job, matrix, ROOT)
    _say("passed" if passed else "failed")
    return 0 if passed else 1


def _filled(text: str, matrix: dict[str, str]) -> str:
    filled = re.sub(
        r"\$\{\{ matrix\.(\w+) \}\}", lambda match: matrix.get(match[1], match[0]), text
    )
    if "${{" in filled:
        raise ValueError(f"not known here: {filled}")
    return filled


def _say(text: str) -> None:
    print(f"run_gate: {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
