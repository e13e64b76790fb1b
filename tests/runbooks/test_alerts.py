"""Alerts and runbooks name each other, and what the rules ask for is really measured."""

import re
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support import leases
from tests.support.ops import TENANT, USER, free_port, start_worker
from tests.support.runbooks import FOLDER, LOGINS, PROOF, SECTIONS, blocks, sections
from tests.support.town import Town
from tests.support.waiting import PATIENCE, until
from tollhouse_demo.processes import worker_url

OPS = FOLDER.parent
PROCEDURES = {
    "failover",
    "first-traffic-checklist",
    "incident-response",
    "restore-from-backup",
    "upgrade",
}
"""Runbooks that somebody opens without an alert."""
RUNBOOKS = {path.stem: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.md"))}
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((OPS / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]
QUERIES: dict[str, dict[str, Any]] = yaml.safe_load((OPS / "queries.yml").read_text("utf-8"))


def columns(block: str, usage: str) -> set[str]:
    """Return the columns of a query that are labels, or gauges."""
    metrics = [next(iter(metric.items())) for metric in QUERIES[block]["metrics"]]
    return {name for name, what in metrics if what["usage"] == usage}


def test_alerts_and_runbooks_are_the_same() -> None:
    """One runbook per alert; all others are procedures, and listed."""
    assert {rule["alert"] for rule in RULES} == RUNBOOKS.keys() - PROCEDURES
    assert PROCEDURES <= RUNBOOKS.keys()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["alert"]))
def test_an_alert_leads_to_its_runbook(rule: dict[str, Any]) -> None:
    """By a path relative to the rules, with a severity that says who is woken."""
    assert rule["annotations"]["runbook_url"] == f"runbooks/{rule['alert']}.md"
    assert rule["labels"]["severity"] in {"page", "ticket"}


@pytest.mark.parametrize("name", RUNBOOKS)
def test_a_runbook_has_its_parts(name: str) -> None:
    """In this order, with a proof that can be typed, and blocks that say who types them."""
    assert list(SECTIONS) == sections(RUNBOOKS[name])
    found = blocks(RUNBOOKS[name])
    assert any(block.section == PROOF for block in found)
    for block in found:
        assert (block.language, block.who) in {("sh", ""), *(("sql", who) for who in LOGINS)}


@pytest.mark.parametrize(
    ("info", "words", "kept", "broken"),
    [
        ("sh", "It prints five times `true`.", '{"a": true, ' * 5, '{"a": true, ' * 4),
        ("sql operator", "This undoes it (`t`):", " lift\n------\n t\n", " lift\n------\n f\n"),
        (
            "sql operator",
            "It prints one\nempty row.",
            " x\n---\n \n(1 row)\n",
            " x\n---\n(0 rows)\n",
        ),
        ("sql app", "One call: `success`.", " success | small\n", " blocked | \n"),
    ],
)
def test_what_a_runbook_says_is_printed_is_checked(
    info: str, words: str, kept: str, broken: str
) -> None:
    """A block that prints something else than the words before it promise is noticed."""
    (block,) = blocks(f"## Action\n\n{words}\n\n```{info}\nx\n```\n")
    assert block.broken_promises(kept) == []
    assert len(block.broken_promises(broken)) == 1


@pytest.mark.parametrize("name", RUNBOOKS)
def test_a_test_follows_every_runbook(name: str) -> None:
    """Its name is opened somewhere in this folder."""
    folder = Path(__file__).parent
    assert any(
        re.search(rf'at_the_desk\(\s*\w+,\s*"{name}"', path.read_text(encoding="utf-8"))
        for path in folder.glob("test_*.py")
    )


@pytest.mark.parametrize("path", sorted(OPS.rglob("*.md")), ids=lambda path: str(path.stem))
def test_links_lead_somewhere(path: Path) -> None:
    """Every relative link is a file."""
    text = path.read_text(encoding="utf-8")
    for link in set(re.findall(r"\]\((?!https?:)([^)#]+)\)", text)):
        assert (path.parent / link).exists(), link


def test_the_readme_names_every_runbook() -> None:
    """No symptom is without a way."""
    text = (OPS / "README.md").read_text(encoding="utf-8")
    assert {name for name in RUNBOOKS if f"runbooks/{name}.md" in text} == RUNBOOKS.keys()


def test_promtool_accepts_the_rules() -> None:
    """Each alert fires on its incident and not before (alerts.test.yml)."""
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    tests = Path(__file__).with_name("alerts.test.yml")
    for arguments in (["check", "rules", str(OPS / "alerts.yml")], ["test", "rules", str(tests)]):
        done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    assert {rule["alert"] for rule in RULES} <= set(tests.read_text(encoding="utf-8").split())


@pytest.fixture
def trouble(town: Town) -> Iterator[Town]:
    """Yield the installation with one row in every number: all the guards have something to say."""
    ann = town.person(TENANT, USER)
    town.operate("set_monthly_cap", TENANT, USER, 10**9)
    tomorrow = town.database_time() + timedelta(days=1)
    town.operate("set_shutoff", "umbrella", "", tomorrow)
    town.operate("open_breaker", "fallback")
    assert "success" == ann.ask("explanation", "a question", use_cache=False)["status"]
    town.rows(
        "insert into tollhouse_private.model_overruns values"
        " ('small', (now() at time zone 'UTC')::date, null, 2, gen_random_uuid(), now())"
    )
    town.operate("pull_kill_switch", "tenant", "initech")
    assert "blocked" == town.person("initech").enqueue("explanation", "one more")["status"]
    town.person("globex").enqueue("explanation", "tomorrow", run_at=tomorrow)
    with town.connect("app") as reader, reader.transaction():
        reader.execute("set transaction isolation level repeatable read")
        reader.execute("select 1")
        town.rows(
            "do 'begin for i in 1..1100 loop perform pg_current_xact_id(); commit; end loop; end'"
        )
        yield town
    town.operate("lift_shutoff", "umbrella", "")
    town.operate("close_breaker", "fallback")
    town.rows("delete from tollhouse_private.jobs")


def test_a_monitor_may_ask_every_query(trouble: Town) -> None:
    """And each answers with the columns that are declared, numbers where a gauge is."""
    for block, query in QUERIES.items():
        rows = trouble.rows(query["query"], login="monitor")
        assert rows, block
        labels, gauges = columns(block, "LABEL"), columns(block, "GAUGE")
        for row in rows:
            assert labels | gauges == row.keys()
            assert all(isinstance(row[label], str) for label in labels)
            assert all(float(row[gauge]) >= 0 for gauge in gauges), (block, row)


def test_the_rules_ask_for_what_is_measured(town: Town) -> None:
    """By the worker's /metrics, by queries.yml, by the exporter, or by Prometheus."""
    url = worker_url(town.stack.workers[0])
    with urllib.request.urlopen(f"{url}/metrics", timeout=PATIENCE) as reply:
        shown = reply.read().decode()
    measured = set(re.findall(r"^# TYPE (\S+)", shown, re.MULTILINE)) | {"up", "pg_up"}
    measured |= {f"{block}_{gauge}" for block in QUERIES for gauge in columns(block, "GAUGE")}
    for rule in RULES:
        asked = set(re.findall(r"\b(?:tollhouse_\w+|pg_up|up)\b(?!-)", rule["expr"]))
        asked -= {"tollhouse"}
        assert asked
        assert asked <= measured, asked - measured


def test_the_real_exporter_serves_them(trouble: Town, tmp_path: Path) -> None:
    """Under the names that the rules use, with the monitor's login."""
    if shutil.which("prometheus-postgres-exporter") is None:
        pytest.skip("postgres_exporter is not installed (Debian: prometheus-postgres-exporter)")
    address = f"127.0.0.1:{free_port()}"
    log = tmp_path / "exporter.log"
    with log.open("w") as file:
        exporter = subprocess.Popen(
            [
                "prometheus-postgres-exporter",
                f"--web.listen-address={address}",
                f"--extend.query-path={OPS / 'queries.yml'}",
                "--disable-default-metrics",
                "--disable-settings-metrics",
            ],
            env={"DATA_SOURCE_NAME": f"{trouble.stack.url('monitor')}?sslmode=disable"},
            stdout=file,
            stderr=file,
        )
    try:
        wanted = {f"{block}_{gauge}" for block in QUERIES for gauge in columns(block, "GAUGE")}
        shown = until(lambda: scraped(address, wanted | {"pg_up"}), log.read_text())
        assert "pg_up 1" in shown
        assert f'tenant_id="{TENANT}"' in shown
    finally:
        exporter.terminate()
        exporter.wait(timeout=PATIENCE)


def scraped(address: str, wanted: set[str]) -> str:
    """Return what an exporter shows once it has all that is wanted; an empty text before."""
    try:
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=PATIENCE) as reply:
            shown: str = reply.read().decode()
    except OSError:
        return ""
    found = set(re.findall(r"^(\w+)[{ ]", shown, re.MULTILINE))
    return shown if wanted <= found else ""


def test_a_worker_that_is_killed_is_counted_out(town: Town) -> None:
    """What TollhouseWorkerDead watches in the database goes to 0 with the lease."""
    alive = "select alive from ({}) as w".format  # the query is ours
    town.stack.kill_worker()
    leases.end(town)
    query: Any = alive(QUERIES["tollhouse_workers"]["query"])
    assert town.value(query, login="monitor") == 0
    start_worker(town)
    assert town.value(query, login="monitor") == 1
