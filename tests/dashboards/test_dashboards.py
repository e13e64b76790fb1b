"""db/dashboards: each runs as the monitor, shows a tenant its own, and is what its header says."""

import csv
import json
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.support.database import Database, cloned
from tests.support.operational_queries import Dashboard, dashboards, expected_tenants, run
from tests.support.waiting import PATIENCE

ROOT = Path(__file__).parents[2]
DASHBOARDS = dashboards()
WORKER = "00000000-0000-4000-8000-000000000001"
# Over which view a tenant reads the same; the others in tollhouse_ops show what is no tenant's.
OF_TENANTS = {"tollhouse_ops.guard_state": "tollhouse.guard_state"}
SETUP = """
select tollhouse_ops.set_provider('north', 'test');
select tollhouse_ops.set_model('small', 'north', 'small-1', 'test');
select tollhouse_ops.set_price('small', kind, 1000000, 'test')
from unnest(array['input', 'output']) as kind;
select tollhouse_ops.set_task_type('route', 'test', array['small']);
select tollhouse_ops.set_monthly_cap('acme', '', 10000000, 'test');
select tollhouse_ops.set_hourly_threshold(tenant, '', 5000000, 'test')
from unnest(array['acme', 'globex']) as tenant;
"""

each_dashboard = pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda one: one.name)


def view_of(dashboard: Dashboard) -> str:
    """Return the one view that a dashboard reads."""
    (view,) = re.findall(r"^from (\S+)$", dashboard.text, re.MULTILINE)
    return str(view)


def work(database: Database) -> None:
    """Do what a worker does with all that it may claim."""
    with database.connect("th_worker") as worker:
        claimed = worker.execute(
            "select * from tollhouse_worker.claim(%s, 100)", (WORKER,)
        ).fetchall()
        results = [
            {
                **{key: row[key] for key in ("tenant_id", "attempt")},
                "call_id": str(row["call_id"]),
                "outcome": "success",
                "latency_ms": 12,
                "input_tokens": 1000,
                "output_tokens": 500,
                "response": {"content": "forty-two", "finish_reason": "stop"},
            }
            for row in claimed
        ]
        worker.execute("select tollhouse_worker.record(%s, %s)", (WORKER, Jsonb(results)))


def ask(database: Database, tenant: str, user: str, prompt: str) -> None:
    """Enqueue one call."""
    with database.acting(tenant, user) as connection:
        connection.execute(
            "select tollhouse.enqueue('route', %s)", (Jsonb({"prompt": f"{prompt} {user}?"}),)
        )


@pytest.fixture(scope="module")
def busy(template: Database) -> Iterator[Database]:
    """Return a database in which every dashboard has rows of three users of two tenants."""
    with cloned(template) as database:
        people = (("acme", "ann"), ("acme", "bob"), ("globex", "ann"))
        with database.connect("postgres") as connection:
            for statement in SETUP.split(";\n"):
                if statement.strip():
                    connection.execute(statement.encode())
            connection.execute("select tollhouse_worker.register(%s, 'one', 100, '1.0')", (WORKER,))
        for tenant, user in people:
            ask(database, tenant, user, "why")
        work(database)
        for tenant, user in people:
            ask(database, tenant, user, "why")  # a hit
            ask(database, tenant, user, "what")  # waits
        with database.connect("postgres") as connection:
            for tenant, user in people:
                connection.execute(
                    "select tollhouse_ops.open_breaker('north', 'test', %s, %s)", (tenant, user)
                )
                connection.execute(
                    "select tollhouse_ops.pull_kill_switch('user', %s, 'test', %s)", (user, tenant)
                )
        for tenant, user in people:
            ask(database, tenant, user, "when")  # refused
        yield database


def script(database: Database, output: Path, *more: object) -> subprocess.CompletedProcess[str]:
    """Run scripts/run_operational_queries as the monitor."""
    program = ROOT / "scripts" / "run_operational_queries"
    url = database.url("th_monitor")
    return subprocess.run(
        [program, "--database-url", url, "--output", output, *map(str, more)],
        capture_output=True,
        text=True,
        check=False,
        cwd=output.parent,
        timeout=PATIENCE,
    )


def probe_of(database: Database) -> dict[str, Any]:
    """Return what the end-to-end tests would have written of a database's calls."""
    calls = database.rows(
        "select tenant_id, user_id, status, was_cached, provider_attempted, cost_micro_usd,"
        " finished_at::text from tollhouse_private.llm_api_calls"
    )
    return {"tests": [{"calls": calls}]}


def test_the_numbers_are_complete() -> None:
    """They go from 01 up, without a gap."""
    numbers = [dashboard.number for dashboard in DASHBOARDS]
    assert [f"{number:02}" for number in range(1, 12)] == numbers


@each_dashboard
def test_one_shape(dashboard: Dashboard) -> None:
    """A question, each column with what it is, one select over one view, an order, a limit."""
    assert re.fullmatch(
        r"-- [A-Z][^\n]+\?\n--\n(?:-- [a-z0-9_]+: [^\n]+[^.\n]\n)+\n"
        r"select\n(?:  [a-z0-9_, ]+\n)+from tollhouse(?:_ops)?\.[a-z_]+\n"
        r"order by [a-z0-9_, ]+\nlimit \d+;\n",
        dashboard.text,
    )


@each_dashboard
def test_monitor_reads_everybody(dashboard: Dashboard, busy: Database) -> None:
    """The least privileged role gets rows, under exactly the columns that the header explains."""
    with psycopg.connect(busy.url("th_monitor")) as connection:
        shown = run(connection, dashboard.text)
    assert dashboard.documented == shown.columns
    assert shown.rows
    if "tenant_id" in shown.columns and dashboard.number != "03":
        assert {"acme", "globex"} == shown.tenants()


@each_dashboard
def test_view_has_no_other_column(dashboard: Dashboard, busy: Database) -> None:
    """What a view knows, its dashboard shows."""
    schema, view = view_of(dashboard).split(".")
    columns = busy.rows(
        "select column_name::text as name from information_schema.columns"
        " where table_schema = %s and table_name = %s order by ordinal_position",
        schema,
        view,
    )
    assert sorted(dashboard.documented) == sorted(column["name"] for column in columns)


@each_dashboard
def test_tenant_reads_its_own(dashboard: Dashboard, busy: Database) -> None:
    """Ann of acme sees rows, hers alone: none of Bob, of the tenant as a whole, or of another one.

    A count over several tenants would differ from her own, which the pgTAP files hold exactly.
    """
    view = view_of(dashboard)
    query = dashboard.text.replace(view, OF_TENANTS.get(view, view))
    with busy.acting("acme", "ann") as connection:
        if view.startswith("tollhouse_ops.") and view not in OF_TENANTS:
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(query.encode())
            return
        rows = connection.execute(query.encode()).fetchall()
    assert rows
    assert {row["tenant_id"] for row in rows if "tenant_id" in row} <= {"acme"}
    assert {row["user_id"] for row in rows if "user_id" in row} <= {"ann"}
    assert "bob" not in str(rows)


@each_dashboard
def test_nobody_reads_nothing(dashboard: Dashboard, busy: Database) -> None:
    """Without an identity no row; the worker's login, no view."""
    view = view_of(dashboard)
    query = dashboard.text.replace(view, OF_TENANTS.get(view, view)).encode()
    if not view.startswith("tollhouse_ops.") or view in OF_TENANTS:
        with busy.connect("th_client") as connection:
            assert [] == connection.execute(query).fetchall()
    for login in ("th_worker", "th_stranger"):
        with (
            busy.connect(login) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(query)


def test_script_writes_what_it_checked(busy: Database, tmp_path: Path) -> None:
    """A CSV for each dashboard, its header as documented, and status 0."""
    probe = tmp_path / "probe.json"
    probe.write_text(json.dumps(probe_of(busy)))
    done = script(busy, tmp_path / "out", "--probe", probe, "--all-rows")
    assert (0, "") == (done.returncode, done.stderr)
    for dashboard in DASHBOARDS:
        with (tmp_path / "out" / f"{dashboard.name}.csv").open(newline="") as file:
            header, *rows = csv.reader(file)
        assert dashboard.documented == header
        assert rows
        assert f"{dashboard.name}: {len(rows)} rows" in done.stdout


def test_script_misses_a_tenant(busy: Database, tmp_path: Path) -> None:
    """A tenant of the probe that a dashboard does not show is one line, and status 1."""
    document = probe_of(busy)
    document["tests"][0]["calls"].append(
        document["tests"][0]["calls"][0]
        | {"tenant_id": "lost", "status": "blocked", "provider_attempted": False}
        | {"cost_micro_usd": 0, "was_cached": False}
    )
    probe = tmp_path / "probe.json"
    probe.write_text(json.dumps(document))
    done = script(busy, tmp_path / "out", "--probe", probe)
    line = "run_operational_queries: 06_refusals: tenant lost of the probe is missing\n"
    assert (1, line) == (done.returncode, done.stderr)


def test_script_misses_rows(database: Database, tmp_path: Path) -> None:
    """In a database that nobody used, what must have rows has none, and that is said of each."""
    done = script(database, tmp_path / "out")
    missing = re.findall(r": (\d\d)_\w+: no rows", done.stderr)
    assert (1, ["01", "02", "04", "07", "08"]) == (done.returncode, missing)


@pytest.mark.parametrize("text", ["", "[]", '{"tests": [{"calls": [{"finished_at": null}]}]}'])
def test_script_refuses_what_is_no_probe(busy: Database, tmp_path: Path, text: str) -> None:
    """In one line that names the file."""
    probe = tmp_path / "probe.json"
    probe.write_text(text)
    done = script(busy, tmp_path / "out", "--probe", probe)
    assert (1, 1) == (done.returncode, done.stderr.count("\n"))
    assert f"{probe} is no probe" in done.stderr


def test_script_says_why_it_can_not_begin(busy: Database, tmp_path: Path) -> None:
    """No server, no file, no folder to write to: one line each, and status 1."""
    (tmp_path / "file").touch()
    for more, said in (
        (("--database-url", "postgresql://u:secret@127.0.0.1:1/x"), "Connection refused"),
        (("--database-url", "nonsense"), "connection info string"),
        (("--probe", tmp_path / "none.json"), "none.json"),
        (("--output", tmp_path / "file"), "file"),
    ):
        done = script(busy, tmp_path / "out", *more)
        assert (1, 1) == (done.returncode, done.stderr.count("\n"))
        assert said in done.stderr
        assert "secret" not in done.stderr


def test_script_sees_a_wrong_header(busy: Database, tmp_path: Path) -> None:
    """A column that the header does not explain is found, and so is a query that fails."""
    folder = tmp_path / "dashboards"
    folder.mkdir()
    text = DASHBOARDS[0].text
    (folder / "01_monthly_spend.sql").write_text(text.replace("-- month: ", "-- year: "))
    done = script(busy, tmp_path / "out", "--dashboards", folder)
    assert 1 == done.returncode
    assert "01_monthly_spend: its columns are month, " in done.stderr
    (folder / "01_monthly_spend.sql").write_text(text.replace("tollhouse.", "tollhose."))
    done = script(busy, tmp_path / "out", "--dashboards", folder)
    assert (1, 1) == (done.returncode, done.stderr.count("\n"))
    assert "tollhose" in done.stderr


def test_old_calls_prove_nothing() -> None:
    """A probe's calls count while the dashboards must still show them."""
    now = datetime(2026, 1, 15, 12, tzinfo=UTC)
    call = {
        "tenant_id": "acme",
        "status": "success",
        "was_cached": False,
        "provider_attempted": True,
        "cost_micro_usd": 5,
    }

    def numbers(finished: datetime) -> set[str]:
        probe = {"tests": [{"calls": [call | {"finished_at": str(finished)}]}]}
        return set(expected_tenants(probe, now))

    assert {"01", "02", "07", "08"} == numbers(now - timedelta(hours=1))
    assert set() == numbers(now - timedelta(days=1))
    assert set() == set(
        expected_tenants(
            {"tests": [{"calls": [call | {"finished_at": "2025-12-31 23:59:00+00"}]}]},
            datetime(2026, 1, 1, 0, 1, tzinfo=UTC),
        )
    )
