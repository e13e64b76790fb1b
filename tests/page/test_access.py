"""Who may open the page: nobody by default, then only those with the token."""

import pytest

from tests.page.support import BEARER, TOKEN, page_of, served
from tests.support.database import Database
from tollhouse.errors import SettingsError
from tollhouse.page.server import COOKIE, FILES
from tollhouse.settings import PageSettings, WorkerSettings

PATHS = ("/", "/page/live", *(f"/page/{name}" for name in FILES))


async def test_it_is_off_by_default() -> None:
    """Without settings the worker serves no page, token or not."""
    assert WorkerSettings.from_environ({"DATABASE_URL": "dbname=x"}).page is None
    async with served(None) as session:
        for path in PATHS:
            async with session.get(path, headers=BEARER) as response:
                assert response.status == 404


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"TOLLHOUSE_PAGE_TOKEN": TOKEN}, "TOLLHOUSE_PAGE_DATABASE_URL"),
        ({"TOLLHOUSE_PAGE_DATABASE_URL": "dbname=x"}, "TOLLHOUSE_PAGE_TOKEN"),
        ({"TOLLHOUSE_PAGE_TOKEN": "short", "TOLLHOUSE_PAGE_DATABASE_URL": "dbname=x"}, "16"),
        ({"TOLLHOUSE_PAGE_TOKEN": TOKEN, "TOLLHOUSE_PAGE_DATABASE_URL": "=="}, "DATABASE_URL"),
    ],
)
def test_half_a_setting_is_refused(environ: dict[str, str], named: str) -> None:
    """The message names the variable, and never a value."""
    with pytest.raises(SettingsError, match=named) as caught:
        PageSettings.from_environ(environ)
    assert TOKEN not in str(caught.value)


def test_settings_hide_their_secrets() -> None:
    """Neither token nor password is in the repr."""
    settings = PageSettings(token=TOKEN, database_url="postgresql://a:secret@h/d")
    assert repr(settings) == "PageSettings()"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": "Bearer "},
        {"Cookie": f"{COOKIE}={TOKEN}"},
        {"Cookie": f"{COOKIE}="},
        {"Cookie": f"{COOKIE}=\udcff"},
        {"Authorization": "Bearer \udcff"},
    ],
)
async def test_without_the_token_nothing_is_shown(
    pg18_database: Database, headers: dict[str, str]
) -> None:
    """Page, numbers and files are refused alike, a cookie with the bare token too."""
    async with served(page_of(pg18_database)) as session:
        for path in PATHS:
            async with session.get(path, headers=headers) as response:
                assert response.status == 401
                assert response.headers["WWW-Authenticate"] == "Bearer"
                assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
                assert response.headers["X-Content-Type-Options"] == "nosniff"
        async with session.get("/", params={"token": "wrong"}) as response:
            assert response.status == 401
            assert "this address is wrong" in await response.text()
        async with session.get("/") as response:
            assert "this address is wrong" not in await response.text()


async def test_a_bearer_token_opens_everything(pg18_database: Database) -> None:
    """The page comes with a policy that allows no inline script, and is not kept by a cache."""
    async with served(page_of(pg18_database)) as session:
        for path in PATHS:
            async with session.get(path, headers=BEARER) as response:
                assert response.status == 200
                policy = response.headers["Content-Security-Policy"]
                assert "script-src 'self'" in policy
                assert "unsafe" not in policy
                assert response.headers["X-Content-Type-Options"] == "nosniff"
        async with session.get("/", headers=BEARER) as response:
            assert response.headers["Cache-Control"] == "no-store"


async def test_the_address_gives_a_cookie_once(pg18_database: Database) -> None:
    """The token leaves the address; the cookie is strict, out of scripts' reach, and no token."""
    async with served(page_of(pg18_database)) as session:
        async with session.get("/", params={"token": TOKEN}, allow_redirects=False) as response:
            assert (response.status, response.headers["Location"]) == (303, "/")
            cookie = response.headers["Set-Cookie"]
        assert all(word in cookie for word in ("HttpOnly", "SameSite=Strict", "Path=/"))
        assert TOKEN not in cookie
        async with session.get("/") as response:
            assert response.status == 200
            assert "<h1>Tollhouse</h1>" in await response.text()


async def test_behind_tls_the_cookie_is_secure(pg18_database: Database) -> None:
    """A proxy that ends TLS says so."""
    async with (
        served(page_of(pg18_database)) as session,
        session.get(
            "/",
            params={"token": TOKEN},
            headers={"X-Forwarded-Proto": "https"},
            allow_redirects=False,
        ) as response,
    ):
        assert "Secure" in response.headers["Set-Cookie"]


async def test_other_files_are_not_there(pg18_database: Database) -> None:
    """The list of files is closed."""
    async with served(page_of(pg18_database)) as session:
        for path in ("/page/queries.sql", "/page/..%2fqueries.sql", "/page/uPlot-LICENSE.txt"):
            async with session.get(path, headers=BEARER) as response:
                assert response.status == 404
