"""Settings come from the environment, are checked, and keep their secrets."""

import pytest

from tollhouse.errors import SettingsError
from tollhouse.settings import ProviderSettings, WorkerSettings

URL = "postgresql://worker:hunter2@127.0.0.1:5432/app"


def test_defaults() -> None:
    """With nothing but the database's address, every other setting has its default."""
    assert WorkerSettings.from_environ({"DATABASE_URL": URL}) == WorkerSettings(
        database_url=URL,
        providers={},
        concurrency=128,
        batch=100,
        poll_seconds=1.0,
        flush_ms=5,
        drain_seconds=30.0,
        http_host="127.0.0.1",
        http_port=8080,
    )


def test_everything_set() -> None:
    """Each variable reaches its field."""
    settings = WorkerSettings.from_environ(
        {
            "DATABASE_URL": "host=db dbname=app",
            "TOLLHOUSE_CONCURRENCY": "7",
            "TOLLHOUSE_BATCH": "8",
            "TOLLHOUSE_POLL_SECONDS": "0.25",
            "TOLLHOUSE_FLUSH_MS": "0",
            "TOLLHOUSE_DRAIN_SECONDS": "0",
            "TOLLHOUSE_HTTP_HOST": "0.0.0.0",
            "TOLLHOUSE_HTTP_PORT": "0",
        }
    )
    assert settings == WorkerSettings(
        database_url="host=db dbname=app",
        concurrency=7,
        batch=8,
        poll_seconds=0.25,
        flush_ms=0,
        drain_seconds=0.0,
        http_host="0.0.0.0",
        http_port=0,
    )


def test_providers_by_name() -> None:
    """Each provider has the variables that begin with its name, and defaults for the others."""
    settings = WorkerSettings.from_environ(
        {
            "DATABASE_URL": URL,
            "TOLLHOUSE_PROVIDER_OPEN_AI_BASE_URL": "https://api.example.com/v1/",
            "TOLLHOUSE_PROVIDER_OPEN_AI_API_KEY": "sk-secret",
            "TOLLHOUSE_PROVIDER_LOCAL_BASE_URL": "http://127.0.0.1:11434/v1",
            "TOLLHOUSE_PROVIDER_LOCAL_MAX_TOKENS_FIELD": "max_tokens",
        }
    )
    assert settings.providers == {
        "open_ai": ProviderSettings(
            base_url="https://api.example.com/v1",
            api_key="sk-secret",
            max_tokens_field="max_completion_tokens",
        ),
        "local": ProviderSettings(
            base_url="http://127.0.0.1:11434/v1", max_tokens_field="max_tokens"
        ),
    }


def test_secrets_are_in_no_repr() -> None:
    """Neither a key nor the database's password shows when settings are printed."""
    settings = WorkerSettings.from_environ(
        {
            "DATABASE_URL": URL,
            "TOLLHOUSE_PROVIDER_A_BASE_URL": "http://127.0.0.1/v1",
            "TOLLHOUSE_PROVIDER_A_API_KEY": "sk-secret",
        }
    )
    assert "hunter2" not in repr(settings)
    assert "sk-secret" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", ""),
        ("DATABASE_URL", "mysql://secret@host/db"),
        ("TOLLHOUSE_CONCURRENCY", "secret"),
        ("TOLLHOUSE_CONCURRENCY", "0"),
        ("TOLLHOUSE_BATCH", "1.5"),
        ("TOLLHOUSE_POLL_SECONDS", "nan"),
        ("TOLLHOUSE_POLL_SECONDS", "inf"),
        ("TOLLHOUSE_DRAIN_SECONDS", "-1"),
        ("TOLLHOUSE_FLUSH_MS", "-1"),
        ("TOLLHOUSE_HTTP_PORT", "65536"),
        ("TOLLHOUSE_PROVIDER_A_BASE_URL", "ftp://secret/v1"),
        ("TOLLHOUSE_PROVIDER_A_BASE_URL", "https://user:secret@host/v1"),
        ("TOLLHOUSE_PROVIDER_A_BASE_URL", "https://host:99999/v1"),
        ("TOLLHOUSE_PROVIDER_B_CONCURRENCY", "secret"),
        ("TOLLHOUSE_PROVIDER_C_CONCURRENCY", "2"),
        ("TOLLHOUSE_PROVIDER_B_MAX_TOKENS_FIELD", "secret"),
        ("TOLLHOUSE_PROVIDER_B_API_KEY", "secret\nX-Header: 1"),
    ],
)
def test_wrong_value_names_the_variable(name: str, value: str) -> None:
    """The error names the variable and never repeats what was in it."""
    environ = {"DATABASE_URL": URL, "TOLLHOUSE_PROVIDER_B_BASE_URL": "http://b/v1", name: value}
    with pytest.raises(SettingsError) as caught:
        WorkerSettings.from_environ(environ)
    assert name in str(caught.value)
    assert "secret" not in str(caught.value)


def test_bound_of_a_provider_is_the_operators() -> None:
    """A variable that has no effect is an error, which names the function to use instead."""
    environ = {"DATABASE_URL": URL, "TOLLHOUSE_PROVIDER_B_CONCURRENCY": "2"}
    with pytest.raises(SettingsError, match=r"tollhouse_ops\.set_rate_limit.*p_max_in_flight"):
        WorkerSettings.from_environ(environ)


def test_key_without_address() -> None:
    """A key without a base URL is an error, not a silently missing provider."""
    with pytest.raises(SettingsError, match="TOLLHOUSE_PROVIDER_A_BASE_URL is not set"):
        WorkerSettings.from_environ({"DATABASE_URL": URL, "TOLLHOUSE_PROVIDER_A_API_KEY": "k"})
