"""The endpoints' answers by state, without a worker behind them."""

import inspect
import re
from functools import partial

import aiohttp
import pytest
from prometheus_client import CollectorRegistry

import tollhouse.http
from tollhouse.errors import SettingsError
from tollhouse.http import Probe, serve_http


@pytest.mark.parametrize("alive", [True, False])
@pytest.mark.parametrize("ready", [True, False])
async def test_answers(*, alive: bool, ready: bool) -> None:
    """Each endpoint reports its state, with 503 if anything is missing."""
    probe = Probe(
        alive=lambda: {"claims": True, "lease": alive},
        ready=lambda: {"registered": True, "listening": ready},
    )
    async with (
        serve_http(host="127.0.0.1", port=0, probe=probe, registry=CollectorRegistry()) as port,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session,
    ):
        async with session.get("/healthz") as response:
            assert response.status == (200 if alive else 503)
            assert await response.json() == {"claims": True, "lease": alive}
        async with session.get("/readyz") as response:
            assert response.status == (200 if ready else 503)
            assert await response.json() == {"registered": True, "listening": ready}


def test_what_serves_http_knows_no_database() -> None:
    """No client of the endpoints can wait for a connection of the worker, or cancel such a wait."""
    source = inspect.getsource(tollhouse.http)
    imported = set(re.findall(r"^from (tollhouse\S*)", source, re.MULTILINE))
    assert imported <= {
        "tollhouse.errors",
        "tollhouse.log",
        "tollhouse.settings",
    }


async def test_taken_port_is_a_setting_to_fix() -> None:
    """One line names the port in use and the variable that sets another."""
    probe = Probe(alive=dict, ready=dict)
    serve = partial(serve_http, probe=probe, registry=CollectorRegistry())
    async with serve(host="127.0.0.1", port=0) as port:
        with pytest.raises(SettingsError, match=rf"{port}: .*in use .*TOLLHOUSE_HTTP_PORT"):
            async with serve(host="127.0.0.1", port=port):
                pass
