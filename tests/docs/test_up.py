"""`tollhouse up` says what to type, and what it says works; whatever ends it ends everything."""

import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.servers import missing
from tests.support.waiting import HELD, PATIENCE, until
from tollhouse_demo.mock import MockControl
from tollhouse_demo.processes import ending_on_signals, undisturbed

END = "resume_everything('seen');\n"


@pytest.fixture
def home() -> Iterator[Path]:
    """Return a folder for its data that the server's account can enter."""
    if reason := missing("pg18"):
        pytest.skip(reason)
    with tempfile.TemporaryDirectory(prefix="tollhouse-up-", dir="/var/tmp") as folder:
        Path(folder).chmod(0o711 if os.geteuid() == 0 else 0o700)
        yield Path(folder)


class Up:
    """A running `tollhouse up`, in a process group of its own, and what it has said."""

    def __init__(self, home: Path, *arguments: str) -> None:
        """Start it; its data are in `home`."""
        self.postgres = home / "tollhouse" / "up" / "postgres"
        self._written = home / "said"
        program = Path(sys.executable).with_name("tollhouse")
        with self._written.open("w") as file:
            self.process = subprocess.Popen(
                [program, "up", *arguments],
                stdout=file,
                stderr=file,
                env=os.environ | {"TOLLHOUSE_HOME": str(home / "tollhouse")},
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        """All that it has printed."""
        return self._written.read_text()

    @property
    def urls(self) -> dict[str, str]:
        """The database's URL by login."""
        return {login: url for url, login in re.findall(r"\$psql (\S+//(\w+):\S+)", self.said)}

    def typed(self, login: str, text: str) -> str:
        """Return what psql prints for some statements."""
        (psql,) = re.findall(r"^  psql=(.*)", self.said, re.MULTILINE)
        command = [*shlex.split(psql), "-X", "-q", "-v", "ON_ERROR_STOP=1", self.urls[login]]
        return subprocess.run(
            command, input=text, capture_output=True, text=True, check=True, timeout=PATIENCE
        ).stdout

    def pids(self) -> list[int]:
        """The processes that it has started: mock provider, worker, server."""
        named = re.findall(r"^(?:mock provider|worker), process (\d+)", self.said, re.MULTILINE)
        server = (self.postgres / "data" / "postmaster.pid").read_text().splitlines()[0]
        return [int(pid) for pid in (*named, server)]

    def ended(self) -> int:
        """Return its exit code, once it has ended."""
        return self.process.wait(timeout=PATIENCE)


@contextmanager
def running(home: Path, *arguments: str) -> Iterator[Up]:
    """Yield it when it is up; at the end it is stopped, if it is not yet."""
    up = Up(home, *arguments)
    try:
        until(lambda: END in up.said or up.process.poll() is not None, "the last line")
        assert END in up.said, up.said
        yield up
    finally:
        up.process.terminate()
        up.ended()


def exists(pid: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_what_it_says_works(home: Path) -> None:
    """Each login gets in, the blocks do what is said, `top` shows it, and Ctrl-C ends it."""
    with running(home) as up:
        assert ["app", "operator", "auditor", "postgres"] == list(up.urls)
        for login in up.urls:
            assert login in up.typed(login, "select session_user")
        app, stop, resume = re.findall(
            r"(?:^  .*\n|^\n(?=  ))+", up.said[up.said.index("Type this") :], re.MULTILINE
        )
        assert "success" in up.typed("app", app)
        up.typed("operator", stop)
        assert "blocked" in up.typed("app", app.replace("my-1", "my-2"))
        up.typed("operator", resume)
        (top,) = re.findall(r"^  (\S+ top .*)", up.said, re.MULTILINE)
        shown = subprocess.run(
            [*shlex.split(top), "--once"],
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE,
        ).stdout
        assert "1 worker alive" in shown
        up.process.send_signal(signal.SIGINT)
        assert 0 == up.ended(), up.said


@pytest.mark.parametrize("pause", [0.0, 0.1])
def test_signals_that_follow_orphan_nobody(home: Path, pause: float) -> None:
    """What make does with a group's SIGTERM: a second one, at once or while a call is awaited."""
    with running(home) as up:
        (control,) = re.findall(r"its bill: (\S+)/_mock/bill", up.said)
        MockControl(control).fault(HELD)
        up.typed(
            "app",
            "begin; select tollhouse.set_identity('acme', 'ann');"
            """ select tollhouse.enqueue('investigation', '{"prompt": "Well?"}'); commit;""",
        )
        until(lambda: MockControl(control).bill().in_flight, "the call is at the provider")
        pids = up.pids()
        assert 3 == sum(map(exists, pids))
        os.killpg(up.process.pid, signal.SIGTERM)
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            time.sleep(pause)
            up.process.send_signal(number)
        assert 0 == up.ended(), up.said
        until(lambda: not any(map(exists, pids)), "all of them have ended")


def test_a_changed_schema_leads_to_a_fresh_one(home: Path) -> None:
    """What it says then is what to type, and what that deletes."""
    with running(home) as up:
        up.typed("postgres", "update tollhouse_embedded.applied_changes set sha256 = 'another'")
    outdated = Up(home)
    assert 1 == outdated.ended()
    (last,) = outdated.said.splitlines()[-1:]
    assert "has changed since it was deployed here" in last
    assert f"up --fresh begins anew and deletes {up.postgres}" in last
    with running(home, "--fresh") as up:
        pass


def test_only_the_first_signal_interrupts() -> None:
    """Those after it are ignored, whichever they are; what nohup ignores stays ignored."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ending_on_signals():
            assert signal.SIG_IGN is signal.getsignal(signal.SIGHUP)
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_nothing_disturbs_what_stops_the_rest() -> None:
    """No signal gets through, and afterwards each does what it did."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    with undisturbed():
        for number in numbers:
            signal.raise_signal(number)
    assert before == [signal.getsignal(number) for number in numbers]
