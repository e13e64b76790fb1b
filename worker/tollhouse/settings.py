"""A worker's settings: all of them come from the environment and are checked here."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self, TypeVar
from urllib.parse import urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

from tollhouse.errors import SettingsError

__all__ = ["PageSettings", "ProviderSettings", "WorkerSettings", "database_url"]

N = TypeVar("N", int, float)

_DAY = 86_400.0
_PROVIDER = re.compile(
    r"TOLLHOUSE_PROVIDER_(?P<name>[A-Z0-9_]+)_(?:BASE_URL|API_KEY|MAX_TOKENS_FIELD|CONCURRENCY)"
)
_SHORTEST_TOKEN = 16
_MAX_TOKENS_FIELDS = ("max_completion_tokens", "max_tokens")


@dataclass(frozen=True, kw_only=True)
class ProviderSettings:
    """A provider's address and key; an empty key is not sent (a local server).

    max_tokens_field: its name for the output limit (older servers: max_tokens)
    """

    base_url: str
    api_key: str = field(default="", repr=False)
    max_tokens_field: str = _MAX_TOKENS_FIELDS[0]


@dataclass(frozen=True, kw_only=True)
class PageSettings:
    """The token that opens the page, and the URL of a login with the role tollhouse_monitor."""

    token: str = field(repr=False)
    database_url: str = field(repr=False)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] = os.environ) -> Self | None:
        """Read TOLLHOUSE_PAGE_*; None when neither is set. Raises SettingsError otherwise."""
        token = environ.get("TOLLHOUSE_PAGE_TOKEN", "")
        url = environ.get("TOLLHOUSE_PAGE_DATABASE_URL", "")
        if not token and not url:
            return None
        if not token:
            raise SettingsError(
                "TOLLHOUSE_PAGE_TOKEN is not set, but TOLLHOUSE_PAGE_DATABASE_URL is"
            )
        if not url:
            raise SettingsError(
                "TOLLHOUSE_PAGE_DATABASE_URL is not set: the page needs a login with the role"
                " tollhouse_monitor"
            )
        if len(token) < _SHORTEST_TOKEN or not all("!" <= character <= "~" for character in token):
            raise SettingsError(
                f"TOLLHOUSE_PAGE_TOKEN must have {_SHORTEST_TOKEN} or more characters,"
                " printable ASCII without spaces"
            )
        try:
            conninfo_to_dict(url)
        except psycopg.ProgrammingError as error:
            raise SettingsError("TOLLHOUSE_PAGE_DATABASE_URL is not a PostgreSQL URL") from error
        return cls(token=token, database_url=url)


@dataclass(frozen=True, kw_only=True)
class WorkerSettings:
    """One worker's settings. Durations carry their unit in the name."""

    database_url: str = field(repr=False)
    providers: Mapping[str, ProviderSettings] = field(default_factory=dict)
    concurrency: int = 128
    batch: int = 100
    poll_seconds: float = 1.0
    flush_ms: int = 5
    drain_seconds: float = 30.0
    http_host: str = "127.0.0.1"
    http_port: int = 8080
    page: PageSettings | None = None

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Read DATABASE_URL and TOLLHOUSE_*; raise SettingsError that names the variable."""
        return cls(
            database_url=database_url(environ),
            providers=_providers(environ),
            concurrency=_number(environ, "TOLLHOUSE_CONCURRENCY", cls.concurrency, 1, 10_000),
            batch=_number(environ, "TOLLHOUSE_BATCH", cls.batch, 1, 10_000),
            poll_seconds=_number(environ, "TOLLHOUSE_POLL_SECONDS", cls.poll_seconds, 0.01, _DAY),
            flush_ms=_number(environ, "TOLLHOUSE_FLUSH_MS", cls.flush_ms, 0, 10_000),
            drain_seconds=_number(environ, "TOLLHOUSE_DRAIN_SECONDS", cls.drain_seconds, 0.0, _DAY),
            http_host=environ.get("TOLLHOUSE_HTTP_HOST") or cls.http_host,
            http_port=_number(environ, "TOLLHOUSE_HTTP_PORT", cls.http_port, 0, 65_535),
            page=PageSettings.from_environ(environ),
        )


def database_url(environ: Mapping[str, str] = os.environ) -> str:
    """Return DATABASE_URL, a libpq URL or connection string; raise SettingsError otherwise."""
    value = environ.get("DATABASE_URL", "")
    if not value:
        raise SettingsError("DATABASE_URL is not set: postgresql://user:password@host:port/dbname")
    try:
        conninfo_to_dict(value)
    except psycopg.ProgrammingError as error:
        raise SettingsError("DATABASE_URL is not a PostgreSQL URL or connection string") from error
    return value


def _providers(environ: Mapping[str, str]) -> dict[str, ProviderSettings]:
    names = {match["name"] for match in map(_PROVIDER.fullmatch, environ) if match}
    return {
        name.lower(): _provider(environ, f"TOLLHOUSE_PROVIDER_{name}") for name in sorted(names)
    }


def _provider(environ: Mapping[str, str], prefix: str) -> ProviderSettings:
    if environ.get(f"{prefix}_CONCURRENCY"):
        raise SettingsError(
            f"{prefix}_CONCURRENCY is not a worker setting: an operator limits a provider for all"
            " workers with tollhouse_ops.set_rate_limit('provider', …, p_max_in_flight => …)"
        )
    base_url = environ.get(f"{prefix}_BASE_URL", "").rstrip("/")
    api_key = environ.get(f"{prefix}_API_KEY", "")
    if not base_url:
        raise SettingsError(f"{prefix}_BASE_URL is not set, but another {prefix}_… variable is")
    if not _is_http_url(base_url):
        raise SettingsError(f"{prefix}_BASE_URL is not an http(s) URL such as https://host/v1")
    if not all("!" <= character <= "~" for character in api_key):
        raise SettingsError(
            f"{prefix}_API_KEY contains a space, a line break or a non-ASCII character"
        )
    max_tokens_field = environ.get(f"{prefix}_MAX_TOKENS_FIELD") or _MAX_TOKENS_FIELDS[0]
    if max_tokens_field not in _MAX_TOKENS_FIELDS:
        raise SettingsError(
            f"{prefix}_MAX_TOKENS_FIELD is neither {' nor '.join(_MAX_TOKENS_FIELDS)}"
        )
    return ProviderSettings(base_url=base_url, api_key=api_key, max_tokens_field=max_tokens_field)


def _is_http_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018 - raises when out of range
    except ValueError:
        return False
    plain = not (parts.query or parts.fragment or parts.username or parts.password)
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and plain


def _number(environ: Mapping[str, str], name: str, default: N, smallest: N, largest: N) -> N:
    text = environ.get(name, "")
    if not text:
        return default
    try:
        value = type(default)(text)
    except ValueError:
        kind = "whole number" if isinstance(default, int) else "number"
        raise SettingsError(f"{name} is not a {kind}") from None
    if not smallest <= value <= largest:  # NaN isn't either
        raise SettingsError(f"{name} is not between {smallest:g} and {largest:g}")
    return value
