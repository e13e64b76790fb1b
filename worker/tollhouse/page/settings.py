"""What switches the page on: a token and a login to read with, or neither."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import psycopg
from psycopg.conninfo import conninfo_to_dict

from tollhouse.errors import SettingsError

__all__ = ["PageSettings"]

_SHORTEST_TOKEN = 16


@dataclass(frozen=True, kw_only=True)
class PageSettings:
    """The token that opens the page, and the URL of a login of role tollhouse_monitor."""

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
            raise SettingsError("TOLLHOUSE_PAGE_TOKEN is not set, but the page's database is")
        if not url:
            raise SettingsError(
                "TOLLHOUSE_PAGE_DATABASE_URL is not set: the page reads as a tollhouse_monitor"
            )
        if len(token) < _SHORTEST_TOKEN or not all("!" <= letter <= "~" for letter in token):
            raise SettingsError(
                f"TOLLHOUSE_PAGE_TOKEN is not {_SHORTEST_TOKEN} or more ASCII characters"
            )
        try:
            conninfo_to_dict(url)
        except psycopg.ProgrammingError as error:
            raise SettingsError("TOLLHOUSE_PAGE_DATABASE_URL is not a PostgreSQL URL") from error
        return cls(token=token, database_url=url)
