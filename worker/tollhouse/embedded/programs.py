"""Runs a server's programs as the server's account, untouched by our own environment."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tollhouse.embedded.account import Account
from tollhouse.embedded.binaries import Binaries
from tollhouse.errors import EmbeddedError

__all__ = ["Programs"]


@dataclass(frozen=True, kw_only=True)
class Programs:
    """The programs, the account that runs them and the folder they run in."""

    binaries: Binaries
    account: Account
    directory: Path

    def run(self, name: str, *arguments: object) -> None:
        """Run a program to its end; raise EmbeddedError with what it said when it fails."""
        done = self.call(name, *arguments)
        if done.returncode != 0:
            said = " ".join((done.stderr or done.stdout).split())
            raise EmbeddedError(f"{name} failed ({done.returncode}): {said}")

    def call(self, name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Run a program to its end, whatever that is."""
        with self._reachable(name):
            return subprocess.run(
                self._command(name, arguments),
                capture_output=True,
                text=True,
                check=False,
                stdin=subprocess.DEVNULL,
                cwd=self.directory,
                env=_environment(),
                **self.account.popen_options(),
            )

    def launch(self, name: str, *arguments: object, log: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start a program in a session of its own: a Ctrl-C of ours is not its own."""
        with self._reachable(name):
            return subprocess.Popen(
                self._command(name, arguments),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.directory,
                env=_environment(),
                start_new_session=True,
                **self.account.popen_options(),
            )

    def _command(self, name: str, arguments: tuple[object, ...]) -> list[str]:
        return [str(self.binaries.program(name)), *map(str, arguments)]

    @contextmanager
    def _reachable(self, name: str) -> Iterator[None]:
        try:
            yield
        except PermissionError as error:
            raise EmbeddedError(
                f"the server's account can't reach {self.binaries.program(name)} or"
                f" {self.directory}: use folders that every account may enter"
                " (TOLLHOUSE_HOME, TOLLHOUSE_PG_BIN)"
            ) from error


def _environment() -> dict[str, str]:
    # None of the caller's PG* variables: they would redirect the server's own programs.
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
