"""The mock provider as a child process, and its control plane: faults, latency, and its bill."""

import json
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tollhouse_demo.processes import PATIENCE, ChildProcess

__all__ = ["Bill", "Entry", "MockControl", "MockProcess"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One request on the bill; the client request id is `<call_id>.<attempt>`."""

    client_request_id: str
    model: str
    status: int | None
    outcome: str
    billed: bool
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    reasoning_tokens: int
    received_at: float
    finished_at: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What the provider received and what it charges for."""

    requests: int
    in_flight: int
    billed: int
    prompt_tokens: int
    completion_tokens: int
    entries: tuple[Entry, ...]

    def of(self, *call_ids: object) -> list[Entry]:
        """Return the entries of some calls, every attempt."""
        wanted = {str(call_id) for call_id in call_ids}
        return [e for e in self.entries if e.client_request_id.partition(".")[0] in wanted]


class MockControl:
    """Speaks to /_mock/… of a running mock provider; raises urllib's errors."""

    def __init__(self, root_url: str) -> None:
        """Keep the URL: scheme, host and port."""
        self.root_url = root_url.removesuffix("/")

    @property
    def base_url(self) -> str:
        """What a client of the provider calls its base URL."""
        return f"{self.root_url}/v1"

    def fault(self, fault: Mapping[str, Any], *, times: int | None = None, **match: str) -> None:
        """Add a rule; match: contains, model, client_request_id_prefix. None: until cleared."""
        self._ask("PUT", "faults", {"match": match, "times": times, "fault": dict(fault)})

    def clear_faults(self) -> None:
        """Answer normally from now on."""
        self._ask("DELETE", "faults")

    def set_latency(self, latency_ms: float) -> None:
        """Delay every answer by this much."""
        self._ask("PUT", "latency", {"latency_ms": latency_ms})

    def bill(self, *, prefix: str = "") -> Bill:
        """Return the bill; its entries may be limited to client request ids with a prefix."""
        document = self._ask("GET", f"bill?entries=1&prefix={prefix}")
        names = ("requests", "in_flight", "billed", "prompt_tokens", "completion_tokens")
        return Bill(
            **{name: document[name] for name in names},
            entries=tuple(Entry(**entry) for entry in document["entries"]),
        )

    def totals(self) -> dict[str, int]:
        """Return the bill's totals only, which costs little."""
        document: dict[str, int] = self._ask("GET", "bill")
        return document

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        request = urllib.request.Request(  # noqa: S310 - our own server on the loopback address
            f"{self.root_url}/_mock/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as reply:  # noqa: S310
            return json.load(reply)


_LISTENING = "mock provider listening on "


class MockProcess(ChildProcess):
    """`tollhouse mock-provider` on any free port.

    latency_ms: how long each answer takes
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
