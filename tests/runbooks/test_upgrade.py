"""A further release: one more change by sqitch, and the worker replaced, while calls go on."""

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support import leases
from tests.support.ops import at_the_desk, provider_environ, register
from tests.support.servers import missing
from tests.support.sqitch import ROOT
from tests.support.terminal import Terminal
from tests.support.town import Row, Town
from tests.support.waiting import until
from tollhouse_demo.processes import worker_url
from tollhouse_demo.stack import Stack

_CHANGE = """\
begin;
set local role tollhouse_engine;
create view tollhouse_ops.next_release as select 1 as one;
commit;
"""
_PLANNED = (
    "\nops/next_release [ops/operator_audit] 2026-12-01T00:00:00Z Tollhouse <tollhouse@localhost>"
    " # A further change\n"
)
_ENVIRON = {"SQITCH_FULLNAME": "A Tester", "SQITCH_EMAIL": "tester@localhost", "LC_ALL": "C.UTF-8"}


@pytest.fixture
def releases(tmp_path: Path) -> tuple[Path, Path]:
    """Return the folders of this release and of the next, which has one change more."""
    if shutil.which("sqitch") is None:
        pytest.skip("sqitch is not installed (Debian: sqitch libdbd-pg-perl)")
    old, new = tmp_path / "old", tmp_path / "new"
    for release in (old, new):
        release.mkdir()
        for name in ("deploy", "revert", "verify"):
            shutil.copytree(ROOT / name, release / name)
        for name in ("sqitch.conf", "sqitch.plan"):
            shutil.copy(ROOT / name, release)
    with (new / "sqitch.plan").open("a", encoding="utf-8") as plan:
        plan.write(_PLANNED)
    (new / "deploy/ops/next_release.sql").write_text(_CHANGE)
    (new / "revert/ops/next_release.sql").write_text("drop view tollhouse_ops.next_release;\n")
    (new / "verify/ops/next_release.sql").write_text(
        "select one from tollhouse_ops.next_release;\n"
    )
    return old, new


@pytest.fixture
def town(
    cluster_home: Path, releases: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Town]:
    """Yield an installation that sqitch has deployed, with one worker."""
    if reason := missing("pg18"):
        pytest.skip(reason)
    stack = Stack(cluster_home / "upgrade", workers=0)

    def by_sqitch(url: str) -> None:
        binaries = stack.cluster.binaries.bin_dir
        environ = {**os.environ, **_ENVIRON, "HOME": str(releases[0])}
        environ["PATH"] = f"{binaries}{os.pathsep}{environ['PATH']}"
        with closing(Terminal(releases[0], environ)) as terminal:
            target = url.replace("postgresql:", "db:pg:")
            terminal.type(f"sqitch deploy --no-verify '{target}'", "this release")

    monkeypatch.setattr("tollhouse_demo.stack.migrate.deploy", by_sqitch)
    with stack:
        town = Town(stack)
        leases.lengthen(town)
        register(town)
        stack.start_worker(**provider_environ(town))
        yield town
        town.close()


def test_upgrade(town: Town, releases: tuple[Path, Path], desk: Path) -> None:
    """Calls that come in all the while are answered, each once."""
    (old,) = town.stack.workers
    url = worker_url(old)
    assert url
    release = releases[1]
    (release / "old-worker.pid").write_text(str(old.pid))
    stop, calls = threading.Event(), list[Row]()

    def go_on() -> None:
        own = Town(town.stack)
        ann, number = own.person("globex"), 0
        while not stop.wait(0.02):
            number += 1
            calls.append(ann.enqueue("explanation", f"meanwhile {number}"))
        own.close()

    load = threading.Thread(target=go_on)
    load.start()
    try:
        with at_the_desk(
            town,
            "upgrade",
            release,
            OLD_WORKER_URL=url,
            HOME=desk,
            LC_ALL=_ENVIRON["LC_ALL"],
            SQITCH_FULLNAME=_ENVIRON["SQITCH_FULLNAME"],
            SQITCH_EMAIL=_ENVIRON["SQITCH_EMAIL"],
        ) as walk:
            assert "ops/next_release" in walk.section("Diagnosis")
            assert not walk.is_over()
            assert "ops/next_release .. ok" in walk.section("Action")
            until(lambda: not old.running, "the old worker has ended")
            told = walk.section("Recovery")
            assert "- ops/next_release .. ok" in told
            assert "+ ops/next_release .. ok" in told
            assert " success " in told
            walk.ends()
            stop.set()
            load.join()
            town.settled()
    finally:
        stop.set()
        load.join()
    globex = town.person("globex")
    assert len(calls) > 20
    assert {"success"} == {globex.wait(call)["status"] for call in calls}
    assert {1} == {len(town.bill(call)) for call in calls}
