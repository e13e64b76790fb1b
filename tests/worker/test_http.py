"""The endpoints' answers by state, without a worker behind them."""

from functools import partial

import aiohttp
import pytest
from prometheus_client import CollectorRegistry

from tests.worker.fakes import FakeGate
from tollhouse.errors import GateError, SettingsError
from tollhouse.http import Probe, serve_http


class Present(FakeGate):
    """A database that answers, or does not."""

    reachable = True

    async def schema_present(self) -> bool:
        """Say so."""
        if not self.reachable:
            raise GateError("schema_present", sqlstate=None)
        return True


@pytest.mark.parametrize(
    ("lease", "listening", "stopping", "reachable", "healthy", "ready"),
    [
        (True, True, False, True, 200, 200),
        (False, True, False, True, 503, 503),
        (True, False, False, True, 200, 503),
        (True, True, True, True, 200, 503),
        (False, True, True, True, 200, 503),
        (True, True, False, False, 200, 503),
    ],
)
async def test_answers(
    *, lease: bool, listening: bool, stopping: bool, reachable: bool, healthy: int, ready: int
) -> None:
    """healthz asks for the lease, readyz for everything that a call needs."""
    gate = Present()
    gate.reachable = reachable
    probe = Probe(lease_held=lambda: lease, listening=lambda: listening, stopping=lambda: stopping)
    async with (
        serve_http(
            host="127.0.0.1", port=0, gate=gate, probe=probe, registry=CollectorRegistry()
        ) as port,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session,
    ):
        async with session.get("/healthz") as response:
            assert response.status == healthy
        async with session.get("/readyz") as response:
            assert response.status == ready


async def test_taken_port_is_a_setting_to_fix() -> None:
    """A port that is in use is named in one line, with the variable that chooses another."""
    probe = Probe(lease_held=bool, listening=bool, stopping=bool)
    serve = partial(serve_http, gate=FakeGate(), probe=probe, registry=CollectorRegistry())
    async with serve(host="127.0.0.1", port=0) as port:
        with pytest.raises(SettingsError, match=rf"{port}: .*in use .*TOLLHOUSE_HTTP_PORT"):
            async with serve(host="127.0.0.1", port=port):
                pass
