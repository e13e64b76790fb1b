"""One bash that stays open, as a person's terminal does: variables and jobs outlive a block."""

import contextlib
import subprocess
import uuid
from collections.abc import Mapping
from pathlib import Path

from tests.support.waiting import PATIENCE


class Terminal:
    """A shell in a folder; a failing block ends it. Close it when done."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        """Start it."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.environ = dict(environ)
        self._bash = subprocess.Popen(
            ["bash", "--norc", "-euo", "pipefail"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=folder,
            env=self.environ,
        )

    def type(self, text: str, where: str) -> str:
        """Run a block; return what it printed, fail with it when the block fails."""
        assert self._bash.stdin
        assert self._bash.stdout
        mark = f"--- {uuid.uuid4().hex}"
        self._bash.stdin.write(f"{text}\necho; echo '{mark}'\n")
        self._bash.stdin.flush()
        printed: list[str] = []
        for line in self._bash.stdout:
            if line.rstrip("\n") == mark:
                return "".join(printed)
            printed.append(line)
        raise AssertionError(f"{where} failed:\n{''.join(printed)}")

    def succeeds(self, text: str) -> bool:
        """Whether a block succeeds, run in a separate shell."""
        done = subprocess.run(
            ["bash", "--norc", "-euo", "pipefail"],
            input=text,
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            env=self.environ,
            timeout=PATIENCE,
        )
        return done.returncode == 0

    def close(self) -> None:
        """End the shell; the processes that it started live on."""
        assert self._bash.stdin
        assert self._bash.stdout
        with contextlib.suppress(BrokenPipeError):  # a failed block ended it
            self._bash.stdin.close()
        self._bash.wait(timeout=PATIENCE)
        self._bash.stdout.close()
