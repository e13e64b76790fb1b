"""`tollhouse up` says what to type, and what it says works."""

import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.servers import missing
from tests.support.waiting import until

END = "resume_everything('seen');\n"


@pytest.fixture
def home() -> Iterator[Path]:
    """Return a folder for its data that the server's account can enter."""
    if reason := missing("pg18"):
        pytest.skip(reason)
    with tempfile.TemporaryDirectory(prefix="tollhouse-up-", dir="/var/tmp") as folder:
        Path(folder).chmod(0o711 if os.geteuid() == 0 else 0o700)
        yield Path(folder)


def test_what_it_says_works(home: Path) -> None:
    """Each login gets in, the blocks do what is said, `top` shows it, and Ctrl-C ends it."""
    program = Path(sys.executable).with_name("tollhouse")
    written = home / "said"
    with written.open("w") as file:
        environ = os.environ | {"TOLLHOUSE_HOME": str(home / "tollhouse")}
        process = subprocess.Popen([program, "up"], stdout=file, stderr=file, env=environ)
    try:
        until(lambda: END in written.read_text(), "the last line", seconds=60)
        said = written.read_text()
        psql = re.findall(r"^  psql=(.*)", said, re.MULTILINE)
        logins = dict(re.findall(r"\$psql (\S+//(\w+):\S+)", said))
        urls = {login: url for url, login in logins.items()}
        assert ["app", "operator", "auditor", "postgres"] == list(urls)

        def typed(login: str, text: str) -> str:
            command = [*shlex.split(psql[0]), "-X", "-q", "-v", "ON_ERROR_STOP=1", urls[login]]
            return subprocess.run(
                command, input=text, capture_output=True, text=True, check=True, timeout=60
            ).stdout

        for login in urls:
            assert login in typed(login, "select session_user")
        app, stop, resume = re.findall(
            r"(?:^  .*\n|^\n(?=  ))+", said[said.index("Type this") :], re.MULTILINE
        )
        assert "success" in typed("app", app)
        typed("operator", stop)
        assert "blocked" in typed("app", app.replace("my-1", "my-2"))
        typed("operator", resume)
        (top,) = re.findall(r"^  (\S+ top .*)", said, re.MULTILINE)
        shown = subprocess.run(
            [*shlex.split(top), "--once"], capture_output=True, text=True, check=True, timeout=60
        ).stdout
        assert "1 worker alive" in shown
        process.send_signal(signal.SIGINT)
        assert 0 == process.wait(timeout=60), written.read_text()
    finally:
        process.terminate()
        process.wait(timeout=60)
