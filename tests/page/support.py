"""The worker's HTTP server with the page on, without a worker behind it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from prometheus_client import CollectorRegistry

from tests.support.database import Database
from tollhouse.http import Probe, serve_http
from tollhouse.settings import PageSettings

TOKEN = "a-token-of-the-tests-0123"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@asynccontextmanager
async def served(page: PageSettings | None) -> AsyncIterator[aiohttp.ClientSession]:
    """Serve on any port; the session keeps cookies, also those of an address."""
    probe = Probe(alive=dict, ready=dict)
    jar = aiohttp.CookieJar(unsafe=True)
    async with (
        serve_http(
            host="127.0.0.1",
            port=0,
            probe=probe,
            registry=CollectorRegistry(),
            page=page,
        ) as port,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}", cookie_jar=jar) as session,
    ):
        yield session


def page_of(database: Database, login: str = "th_monitor") -> PageSettings:
    """Return the settings of a page that reads a database of the tests."""
    return PageSettings(token=TOKEN, database_url=database.url(login))
