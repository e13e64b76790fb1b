"""The mock provider as a child process."""

from pathlib import Path

from tollhouse.demo.mock import MockControl
from tollhouse.demo.process import ChildProcess

__all__ = ["MockProcess"]

_LISTENING = "mock provider listening on "


class MockProcess(ChildProcess):
    """`tollhouse mock-provider` on any free port.

    latency_ms: how long it takes for each answer
    """

    def __init__(self, *, log: Path, latency_ms: float) -> None:
        """Start it."""
        arguments = ("mock-provider", "--port=0", f"--latency-ms={latency_ms:g}")
        super().__init__("mock provider", *arguments, log=log, environ={})

    def control(self) -> MockControl:
        """Return its control plane as soon as it listens; raises StackError."""
        url = self.wait_for("address", self._url)
        return MockControl(url.removesuffix("/v1"))

    def _url(self) -> str | None:
        for line in self.output.splitlines(keepends=True):
            if line.startswith(_LISTENING) and line.endswith("\n"):
                return line.removeprefix(_LISTENING).strip()
        return None
