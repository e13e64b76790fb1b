"""Which adapter serves a call: built once from the settings of the worker."""

from collections.abc import Mapping
from typing import Protocol

import aiohttp

from tollhouse.log import Log

from .call import Call
from .openai import ROOM_BYTES, OpenAIProvider
from .outcome import Outcome
from .room import Room

__all__ = ["ProviderConfig", "Providers"]

log = Log(__name__)


class ProviderConfig(Protocol):
    """What the settings say about one provider."""

    @property
    def base_url(self) -> str:
        """Where its API is, without the path of an endpoint."""
        ...

    @property
    def api_key(self) -> str | None:
        """The key that each request carries; None for a provider that takes none."""
        ...

    @property
    def max_tokens_field(self) -> str:
        """What its API calls the limit of output tokens."""
        ...


class Providers:
    """The providers of this worker by name; letter case and `-` against `_` don't matter."""

    def __init__(
        self, *, session: aiohttp.ClientSession, configs: Mapping[str, ProviderConfig]
    ) -> None:
        """Raises ValueError when a provider's settings can't work."""
        self.room = Room(ROOM_BYTES)
        self._adapters = {
            _key(name): OpenAIProvider(
                session=session,
                base_url=config.base_url,
                api_key=config.api_key,
                max_tokens_field=config.max_tokens_field,
                room=self.room,
            )
            for name, config in configs.items()
        }
        self._missed: set[str] = set()

    async def complete(self, call: Call) -> Outcome:
        """Send the call through its provider's adapter, or say that it has none here."""
        adapter = self._adapters.get(_key(call.provider))
        if adapter is None:
            self._miss(call.provider)
            return Outcome.of(
                call,
                "not_configured",
                error_code="not_configured",
                error_message=f"this worker has no base URL for provider {call.provider}",
            )
        return await adapter.complete(call)

    def hang_up(self, call: Call) -> None:
        """Cut the connection that the call is on, if there is one."""
        adapter = self._adapters.get(_key(call.provider))
        if adapter is not None:
            adapter.hang_up(call)

    def _miss(self, provider: str) -> None:
        if provider not in self._missed:
            self._missed.add(provider)
            variable = f"TOLLHOUSE_PROVIDER_{_key(provider)}_BASE_URL"
            log.error("provider not configured", provider=provider, set=variable)


def _key(name: str) -> str:
    return name.upper().replace("-", "_")
