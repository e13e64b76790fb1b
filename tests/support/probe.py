"""Writes down what a session of the end-to-end tests saw, for who has to sign it off."""

import json
import platform
import sys
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.database import Database
from tests.support.invariants import INVARIANTS
from tests.support.town import Town
from tollhouse import __version__

PATH = Path(__file__).parents[2] / "artifacts/operational-readiness/runtime_db_probe.json"
REPORT = pytest.StashKey[pytest.TestReport]()
PROBE = pytest.StashKey["Probe"]()
_LONGEST_PROBLEM = 500
_LONGEST = 20  # calls listed of one test; all of them are counted


@dataclass(kw_only=True)
class Probe:
    """What was seen so far."""

    begun: datetime = field(default_factory=lambda: datetime.now(UTC))
    versions: dict[str, str] = field(default_factory=dict)
    tests: list[dict[str, Any]] = field(default_factory=list)

    def note(
        self, item: pytest.Item, town: Town | Database, tenant: str, problem: str = ""
    ) -> None:
        """Add a test with the calls of its tenants: `tenant`, and those named after it."""
        report = item.stash.get(REPORT, None)
        calls = town.rows(
            "select tenant_id, user_id, endpoint, request_id, call_id::text, status,"
            " blocked_reason, was_cached, provider_attempted, attempts, cost_micro_usd,"
            " finished_at::text"
            " from tollhouse_private.llm_api_calls"
            " where tenant_id = %s or starts_with(tenant_id, %s || '.') order by call_id",
            tenant,
            tenant,
        )
        self.versions.setdefault("postgres", town.value("show server_version"))
        module = Path(item.location[0]).stem.removeprefix("test_")
        self.tests.append(
            {
                "proof": proof_of(item),
                "test": f"{Path(item.location[0]).parent.name}/{module}: {item.name}",
                "outcome": "failed" if problem or report is None else report.outcome,
                "problem": problem or failure(report),
                "seconds": round(report.duration, 2) if report else None,
                "tenants": sorted({call["tenant_id"] for call in calls}),
                "users": sorted({call["user_id"] for call in calls}),
                "statuses": _count(call["status"] for call in calls),
                "calls": calls[:_LONGEST],
                "calls_not_listed": max(0, len(calls) - _LONGEST),
            }
        )

    def unseen(self, items: Iterable[pytest.Item]) -> set[int]:
        """Return the proofs among these tests of which no tenant, user and request is noted."""
        seen = {
            test["proof"]
            for test in self.tests
            if test["tenants"] and test["users"] and any(c["request_id"] for c in test["calls"])
        }
        return {proof for item in items if (proof := proof_of(item))} - seen

    def write(self, path: Path = PATH) -> None:
        """Write the file anew."""
        proofs = sorted({test["proof"] for test in self.tests if test["proof"]})
        document = {
            "begun": self.begun.isoformat(timespec="seconds"),
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
            "outcome": "passed"
            if all(test["outcome"] == "passed" for test in self.tests)
            else "failed",
            "proofs_run": proofs,
            "versions": {
                "tollhouse": __version__,
                "python": platform.python_version(),
                "platform": sys.platform,
                **self.versions,
            },
            "invariants_checked_after_each_test": list(INVARIANTS),
            "tests": self.tests,
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def proof_of(item: pytest.Item) -> int | None:
    """Return the number of the proof that a test belongs to, if its module has one."""
    number = Path(item.location[0]).stem.removeprefix("test_").partition("_")[0]
    return int(number) if number.isdigit() else None


def probe_of(config: pytest.Config) -> Probe:
    """Return the session's one probe."""
    return config.stash.setdefault(PROBE, Probe())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep the report of a test's call where its fixtures find it when they end."""
    report = yield
    if report.when == "call":
        item.stash[REPORT] = report
    return report


def failure(report: pytest.TestReport | None) -> str | None:
    """Return the first line of why a test failed, if it did."""
    if report is None or not report.failed:
        return None
    crash = getattr(report.longrepr, "reprcrash", None)
    text = crash.message if crash else report.longreprtext
    return text.strip().partition("\n")[0][:_LONGEST_PROBLEM]


def _count(values: Any) -> dict[str, int]:
    counts: dict[str, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    return counts
