"""`tollhouse worker` as a process: its signals, its exit codes, its HTTP endpoints."""

import asyncio
import json
import os
import random
import signal
import socket
import struct
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.support import leases
from tests.support.database import Database
from tests.support.waiting import HELD, PATIENCE
from tests.worker.running import Bench, bench

RUNNING = "select count(*) from tollhouse_private.jobs where state = 'running'"
DONE = "select count(*) from tollhouse_private.llm_api_calls"


@pytest.fixture
async def desk(pg18_database: Database) -> AsyncIterator[Bench]:
    """Return a database with a catalog and a provider of its own."""
    async with bench(pg18_database) as made:
        yield made


@asynccontextmanager
async def process(
    desk: Bench, *, files: int | None = None, **extra: str
) -> AsyncIterator[tuple[Process, str]]:
    """Start a worker; yields it with the URL it listens on. Kills any leftovers afterwards.

    files: how many files it may have open
    """
    environment = {
        **os.environ,
        "DATABASE_URL": desk.settings.database_url,
        "TOLLHOUSE_PROVIDER_MOCK_BASE_URL": desk.mock.base_url,
        "TOLLHOUSE_PROVIDER_MOCK_API_KEY": "sk-a-secret",
        "TOLLHOUSE_HTTP_PORT": "0",
        **extra,
    }
    limit = f"ulimit -n {files}; " if files else ""
    worker = await asyncio.create_subprocess_exec(
        "sh",
        "-c",
        f'{limit}exec "$@"',
        "sh",
        sys.executable,
        "-m",
        "tollhouse",
        "worker",
        env=environment,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        assert worker.stderr is not None
        port = None
        while port is None:
            line = await asyncio.wait_for(worker.stderr.readline(), PATIENCE)
            port = json.loads(line).get("http_port")
        yield worker, f"http://127.0.0.1:{port}"
    finally:
        if worker.returncode is None:
            worker.kill()
        await worker.communicate()


async def get(url: str) -> tuple[int, str]:
    """Return status and body."""
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status, await response.text()


async def answers(url: str, expected: Callable[[int, dict[str, bool]], bool]) -> None:
    """Wait until a URL answers with such a status and such an object."""
    async with asyncio.timeout(PATIENCE):
        while True:
            status, body = await get(url)
            if expected(status, json.loads(body)):
                return
            await asyncio.sleep(0.05)


async def test_endpoints_tell_its_state(desk: Bench) -> None:
    """Healthy and ready once registered; not ready, but still alive, without its database."""
    async with process(desk) as (_, url):
        await desk.until("select count(*) from tollhouse_private.workers", 1)
        await answers(f"{url}/readyz", lambda status, _: status == 200)
        assert (await get(f"{url}/healthz"))[0] == 200
        desk.enqueue(3)
        await desk.until("select count(*) from tollhouse_private.llm_api_calls", 3)
        _, metrics = await get(f"{url}/metrics")
        assert 'tollhouse_worker_calls_total{outcome="success",provider="mock"} 3.0' in metrics
        assert "tollhouse_worker_in_flight 0.0" in metrics
        desk.database.rows("alter role th_worker nologin")
        try:
            desk.database.rows(
                "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'th_worker'"
            )
            await answers(
                f"{url}/readyz",
                lambda status, body: status == 503 and not body["database_reachable"],
            )
            assert (await get(f"{url}/healthz"))[0] == 200
        finally:
            desk.database.rows("alter role th_worker login")


async def test_a_flood_of_probes_costs_no_call(desk: Bench) -> None:
    """A thousand probes whose clients vanish: calls flow meanwhile and afterwards."""

    async def abort(port: int) -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.sleep(random.uniform(0.0, 0.05))
        vanish = struct.pack("ii", 1, 0)  # close by a reset
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, vanish)
        writer.transport.abort()

    async with process(desk, TOLLHOUSE_CONCURRENCY="16") as (_, url):
        await answers(f"{url}/readyz", lambda status, _: status == 200)
        desk.enqueue(300)
        port = int(url.rpartition(":")[2])
        for _ in range(20):
            await asyncio.gather(*(abort(port) for _ in range(50)))
        await desk.until(DONE, 300, timeout=120.0)
        await answers(f"{url}/readyz", lambda status, _: status == 200)
        await answers(f"{url}/healthz", lambda status, body: status == 200 and "claims" in body)
        desk.enqueue(20, prefix="later")
        await desk.until(DONE, 320, timeout=120.0)
    assert desk.billed() == 320


async def test_probes_wait_for_no_statement(desk: Bench) -> None:
    """While every statement waits for a lock, each probe is answered at once from known state."""
    waiting = (
        "select count(*) from pg_stat_activity where usename = 'th_worker'"
        " and wait_event_type = 'Lock' and datname = current_database()"
        " and query ~ 'record_and_claim|heartbeat'"
    )
    async with process(desk) as (_, url):
        await answers(f"{url}/readyz", lambda status, _: status == 200)
        with desk.database.connect("postgres", autocommit=False) as blocker:
            blocker.execute("lock table tollhouse_private.workers in access exclusive mode")
            await desk.until(waiting, 2, timeout=120.0)
            assert (await get(f"{url}/healthz"))[0] == 200
            await answers(f"{url}/readyz", lambda status, _: status == 503)
            blocker.rollback()
        await answers(f"{url}/readyz", lambda status, _: status == 200)


def readable(text: str) -> bool:
    """Whether this interpreter can read a JSON text."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


# Postgres stores both. How deep an interpreter reads depends on its version.
DEEP = f'{{"prompt": "confidential", "tools": {"[" * 1500}{"]" * 1500}}}'
LONG = f'{{"prompt": "confidential", "seed": {"9" * 5000}}}'


@pytest.mark.parametrize(
    "poison",
    [
        pytest.param(DEEP, marks=pytest.mark.skipif(readable(DEEP), reason="it reads this")),
        LONG,
    ],
    ids=["deep", "long number"],
)
async def test_unreadable_request_costs_no_other(desk: Bench, poison: str) -> None:
    """A request that Python can't read is rejected unsent; the process and its other calls go on.

    The first arrives with a separate claim, the last with one that shares a round trip.
    """
    desk.enqueue(9)
    desk.database.rows(
        "update tollhouse_private.jobs set request = %s where request_id in ('r1', 'r9')", poison
    )
    async with process(desk, TOLLHOUSE_CONCURRENCY="3") as (worker, _):
        await desk.until(DONE, 9)
        desk.enqueue(1, prefix="later")
        await desk.until(DONE, 10)
        worker.send_signal(signal.SIGTERM)
        _, log = await asyncio.wait_for(worker.communicate(), PATIENCE)
    assert worker.returncode == 0
    assert desk.ledger() == {"success": 8, "failed": 2}
    assert desk.billed() == 8
    unread = desk.database.rows(
        "select call_id, outcome, error_code, sent from tollhouse_private.provider_attempts"
        " where outcome <> 'success'"
    )
    facts = {(row["outcome"], row["error_code"], row["sent"]) for row in unread}
    assert facts == {("rejected", "invalid_request", False)}
    lines = [json.loads(line) for line in log.splitlines()]
    logged = {line["call_id"] for line in lines if line["event"] == "request can't be sent"}
    assert logged == {str(row["call_id"]) for row in unread}
    assert b"confidential" not in log
    assert b"9" * 20 not in log
    assert b"[" * 20 not in log


async def test_unreadable_answer_costs_no_other(desk: Bench) -> None:
    """An answer that Python can't read is malformed, one that jsonb can't hold is cleaned."""
    for kind in ("deep", "long_number"):
        desk.mock.fault({"malformed": kind}, times=2)
    desk.mock.fault({"malformed": "extreme"}, times=2)
    desk.enqueue(9)
    async with process(desk, TOLLHOUSE_CONCURRENCY="3") as (worker, _):
        await desk.until(DONE, 9)
        worker.send_signal(signal.SIGTERM)
        await asyncio.wait_for(worker.communicate(), PATIENCE)
    assert worker.returncode == 0
    assert desk.ledger() == {"success": 9}
    assert desk.attempts() == {"success": 9, "malformed": 4}
    assert desk.billed() == 13


async def test_a_failing_provider_is_in_the_log(desk: Bench) -> None:
    """The runbook's `tail` shows what failed, how often and with which status."""
    desk.mock.fault({"status": 503}, times=2)
    desk.enqueue(5)
    async with process(desk, TOLLHOUSE_CONCURRENCY="1") as (worker, _):
        await desk.until(DONE, 5)
        worker.send_signal(signal.SIGTERM)
        _, log = await asyncio.wait_for(worker.communicate(), PATIENCE)
    lines = [json.loads(line) for line in log.splitlines()]
    told = [line for line in lines if line["event"] == "attempts failed"]
    assert [1, 1] == [line["attempts"] for line in told]
    assert {("warning", "mock", "server_error", 503)} == {
        (line["level"], line["provider"], line["outcome"], line["last_http_status"])
        for line in told
    }
    assert b"question" not in log


async def test_sigterm_drains(desk: Bench) -> None:
    """It lets the call in flight finish, records it, deregisters and exits with 0."""
    desk.mock.fault(HELD)
    desk.enqueue(1)
    async with process(desk, TOLLHOUSE_DRAIN_SECONDS="3600") as (worker, url):
        await desk.at_the_provider(1)
        worker.send_signal(signal.SIGTERM)
        await answers(f"{url}/readyz", lambda status, _: status == 503)
        desk.mock.chat.faults.clear()
        _, log = await asyncio.wait_for(worker.communicate(), PATIENCE)
    assert worker.returncode == 0
    assert desk.ledger() == {"success": 1}
    assert desk.database.value("select count(*) from tollhouse_private.workers") == 0
    assert b"sk-a-secret" not in log
    assert b"question" not in log


async def test_a_worker_without_providers_does_not_start(desk: Bench) -> None:
    """It says in one line what is missing, and leaves the queue untouched."""
    desk.enqueue(1)
    worker = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tollhouse",
        "worker",
        env={**os.environ, "DATABASE_URL": desk.settings.database_url, "TOLLHOUSE_HTTP_PORT": "0"},
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        _, said = await asyncio.wait_for(worker.communicate(), PATIENCE)
    finally:
        if worker.returncode is None:
            worker.kill()
    assert worker.returncode == 2
    (line,) = said.decode().splitlines()
    assert "TOLLHOUSE_PROVIDER_OPENAI_BASE_URL" in line
    assert desk.database.value("select count(*) from tollhouse_private.jobs") == 1


async def test_a_provider_that_is_not_configured_is_logged_once(desk: Bench) -> None:
    """The line names the variable to set; the calls end as before."""
    desk.database.rows("select tollhouse_ops.set_provider('other-1', 'test')", login="th_operator")
    desk.database.rows(
        "select tollhouse_ops.set_model('small', 'other-1', 'x', 'test')", login="th_operator"
    )
    desk.enqueue(3)
    async with process(desk) as (worker, _):
        await desk.until(DONE, 3)
        worker.send_signal(signal.SIGTERM)
        _, log = await asyncio.wait_for(worker.communicate(), PATIENCE)
    assert desk.ledger() == {"failed": 3}
    assert set(desk.attempts()) == {"not_configured"}
    lines = [json.loads(line) for line in log.splitlines()]
    (told,) = [line for line in lines if line["event"] == "provider not configured"]
    assert (told["level"], told["provider"]) == ("error", "other-1")
    assert told["set"] == "TOLLHOUSE_PROVIDER_OTHER_1_BASE_URL"


@pytest.mark.parametrize(
    ("login", "has_schema", "what_to_do"),
    [("th_auditor", True, "grant tollhouse_worker"), ("th_worker", False, "sqitch deploy")],
)
async def test_what_keeps_it_from_registering_is_in_the_log(
    desk: Bench, login: str, has_schema: bool, what_to_do: str
) -> None:
    """The log says what to do about another role's login or a database without the schema."""
    url = desk.database.url(login)
    if not has_schema:
        url = url.replace(desk.database.name, "postgres")
    async with process(desk, DATABASE_URL=url) as (worker, _):
        assert worker.stderr is not None
        while True:
            line = json.loads(await asyncio.wait_for(worker.stderr.readline(), PATIENCE))
            if line["event"] == "register failed":
                break
    assert line["level"] == "error"
    assert what_to_do in line["what_to_do"]


async def test_second_sigterm_exits_at_once(desk: Bench) -> None:
    """A second signal skips the drain."""
    desk.mock.fault(HELD)
    desk.enqueue(1)
    async with process(desk, TOLLHOUSE_DRAIN_SECONDS="3600") as (worker, url):
        await desk.at_the_provider(1)
        worker.send_signal(signal.SIGTERM)
        await answers(f"{url}/readyz", lambda status, _: status == 503)
        assert worker.returncode is None
        worker.send_signal(signal.SIGTERM)
        await asyncio.wait_for(worker.communicate(), PATIENCE)
    assert worker.returncode == 1


async def test_killed_worker_loses_nothing(desk: Bench) -> None:
    """kill -9 in the middle of a batch: another worker settles its calls and makes them again."""
    desk.mock.fault(HELD)
    desk.enqueue(60)
    async with process(desk, TOLLHOUSE_CONCURRENCY="20") as (worker, _):
        await desk.at_the_provider(20)
        worker.kill()
        await worker.wait()
    desk.mock.chat.faults.clear()
    leases.end(desk.database)
    async with desk.worker():
        await desk.until(DONE, 60)
    assert desk.ledger() == {"success": 60}
    assert desk.billed() <= sum(desk.attempts().values())


async def test_half_sent_requests_take_nothing_from_calls(desk: Bench) -> None:
    """With more of them than its file limit, calls go on, and it answers and logs little."""
    async with process(desk, files=1024) as (worker, url):
        port = int(url.rpartition(":")[2])
        held = []
        for number in range(1100):
            try:
                held.append(await asyncio.open_connection("127.0.0.1", port))
                held[-1][1].write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
            except OSError:
                break  # this process's own limit
            if number % 100 == 0:
                await asyncio.sleep(0)
        desk.enqueue(50)
        await desk.until(DONE, 50)
        assert (await get(f"{url}/healthz"))[0] == 200
        assert await appetite(worker) < 0.5
        for _, writer in held:
            writer.transport.abort()
        worker.send_signal(signal.SIGTERM)
        _, log = await worker.communicate()
    assert len(held) > 900
    assert desk.attempts() == {"success": 50}
    assert len(log) < 20_000


async def test_a_worker_without_files_hands_its_calls_back(desk: Bench) -> None:
    """No call fails or uses up an attempt, no breaker opens; it goes on with as many as it can."""
    desk.mock.fault({"delay_ms": 50})
    desk.enqueue(300)
    async with process(desk, files=48, TOLLHOUSE_CONCURRENCY="200") as (worker, _):
        await desk.until(DONE, 300, timeout=PATIENCE)
        worker.send_signal(signal.SIGTERM)
        _, log = await worker.communicate()
    assert desk.ledger() == {"success": 300}
    assert desk.attempts() == {"success": 300}
    assert desk.billed() == 300
    events = [json.loads(line)["event"] for line in log.splitlines()]
    assert "no provider can be reached: claiming one call at a time" in events
    assert len(log) < 50_000


async def test_a_worker_cut_off_leaves_the_queue_to_the_others(desk: Bench) -> None:
    """Its provider is a closed port: it loses a few attempts but no call; the others go on."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        cut_off = f"http://127.0.0.1:{closed.getsockname()[1]}/v1"
    desk.mock.fault({"delay_ms": 100})
    async with (
        process(desk, TOLLHOUSE_CONCURRENCY="8"),
        process(desk, TOLLHOUSE_PROVIDER_MOCK_BASE_URL=cut_off),
    ):
        await desk.until("select count(*) from tollhouse_private.workers", 2)
        for tenant in range(10):
            desk.enqueue(30, tenant=f"tenant-{tenant}")
        await desk.until(DONE, 300, timeout=PATIENCE)
    assert desk.ledger() == {"success": 300}
    assert desk.billed() == 300
    assert 3 <= desk.attempts()["unreachable"] < 20


async def appetite(worker: Process) -> float:
    """Its CPU time, relative to that of a busy loop beside it."""
    restless = await asyncio.create_subprocess_exec(sys.executable, "-c", "while True: pass")
    try:
        before = cpu_seconds(worker)
        while cpu_seconds(restless) < 1.0:  # noqa: ASYNC110 - only a look can tell
            await asyncio.sleep(0.05)
        return (cpu_seconds(worker) - before) / cpu_seconds(restless)
    finally:
        restless.kill()
        await restless.wait()


def cpu_seconds(worker: Process) -> float:
    """The CPU time that it has used."""
    fields = Path(f"/proc/{worker.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
