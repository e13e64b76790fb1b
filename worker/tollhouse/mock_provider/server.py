"""The HTTP server of the mock provider."""

import asyncio
import logging
import signal
import sys
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from .chat import Chat
from .control import control
from .replies import error_reply, json_reply

__all__ = ["MODELS", "MockProvider", "run", "start"]

MODELS = ("mock-large", "mock-small")
"""What GET /v1/models lists; any other model is answered all the same."""

_MAX_REQUEST_BYTES = 64 * 1024 * 1024


class MockProvider:
    """A running mock provider; close it, or use it as an async context manager."""

    def __init__(self, *, chat: Chat, runner: web.ServerRunner, host: str, port: int) -> None:
        self.chat = chat
        self.port = port
        self.root_url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        self.base_url = f"{self.root_url}/v1"
        self._runner = runner

    def fault(self, fault: dict[str, Any], *, times: int | None = None, **match: str) -> None:
        """Add a fault rule, as PUT /_mock/faults does."""
        self.chat.faults.add({"match": match, "times": times, "fault": fault})

    def bill(self, *, prefix: str = "") -> dict[str, Any]:
        """The bill with its entries, as GET /_mock/bill?entries=1 shows it."""
        return self.chat.bill.as_json(entries=True, prefix=prefix)

    async def close(self) -> None:
        """Stop listening and hang up."""
        await self._runner.cleanup()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()


async def start(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    latency_ms: float = 0,
    api_key: str | None = None,
    keep_entries: bool = True,
) -> MockProvider:
    """Listen in the running loop; port 0 takes any free one. Raises OSError when it can't."""
    chat = Chat(latency_ms=latency_ms, api_key=api_key, keep_entries=keep_entries)

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        path = request.path
        if path == "/v1/chat/completions":
            if request.method == "POST":
                return await chat.answer(request)
            return error_reply(405, "Only POST is allowed here.")
        if path.startswith("/_mock/"):
            return await control(chat, request)
        if path == "/healthz":
            return json_reply({"status": "ok"})
        if path == "/v1/models" and request.method == "GET":
            models = [
                {"id": m, "object": "model", "created": 0, "owned_by": "mock"} for m in MODELS
            ]
            return json_reply({"object": "list", "data": models})
        return error_reply(404, f"Unknown request URL: {request.method} {path}.")

    # The plain server, without router and middlewares: a benchmark measures the worker, not this.
    # A handler goes on when its client has left, as a provider's does.
    server = web.Server(
        handle,
        request_factory=_request,
        access_log=None,
        logger=logging.getLogger("tollhouse.mock_provider"),
    )
    runner = web.ServerRunner(server, shutdown_timeout=0.5)
    await runner.setup()
    site = web.TCPSite(runner, host, port, backlog=1024)
    try:
        await site.start()
    except OSError:
        await runner.cleanup()
        raise
    return MockProvider(chat=chat, runner=runner, host=host, port=runner.addresses[0][1])


def run(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    latency_ms: float = 0,
    api_key: str | None = None,
    keep_entries: bool = True,
) -> int:
    """Serve until SIGTERM or SIGINT, then return 0; one line on stdout says where it listens."""

    async def serve() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        async with await start(
            host=host,
            port=port,
            latency_ms=latency_ms,
            api_key=api_key,
            keep_entries=keep_entries,
        ) as mock:
            sys.stdout.write(f"mock provider listening on {mock.base_url}\n")
            sys.stdout.flush()
            await stop.wait()

    asyncio.run(serve())
    return 0


def _request(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
    return web.BaseRequest(
        message,
        payload,
        protocol,
        writer,
        task,
        asyncio.get_running_loop(),
        client_max_size=_MAX_REQUEST_BYTES,
    )
