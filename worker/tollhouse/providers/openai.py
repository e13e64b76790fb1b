"""The adapter for every provider that speaks OpenAI's chat-completions format."""

import asyncio
import time

import aiohttp
from yarl import URL

from tollhouse.log import Log

from .call import Call
from .completion import MalformedError, read_completion
from .outcome import MAX_ERROR_MESSAGE, Outcome, OutcomeName
from .redact import Redactor
from .refusal import read_refusal
from .request_body import build_body
from .room import Room, Share
from .sanitize import bounded
from .usage import NO_USAGE, Usage
from .wire import LOCAL_TROUBLE, Answer, Connector, TooLargeError, is_ours, post

__all__ = ["MAX_RESPONSE_BYTES", "OpenAIProvider"]

log = Log(__name__)

MAX_RESPONSE_BYTES = 16 * 1024 * 1024
# Of answers that are read and not recorded yet, over all providers of a worker.
ROOM_BYTES = 32 * 1024 * 1024
# What takes milliseconds to parse is parsed one at a time, and other work comes in between.
_LARGE = 256 * 1024


class OpenAIProvider:
    """Sends one call and says what came of it. Never retries; has no business rules."""

    def __init__(
        self,
        *,
        session: aiohttp.ClientSession,
        base_url: str,
        api_key: str | None = None,
        max_tokens_field: str = "max_completion_tokens",
        max_response_bytes: int = MAX_RESPONSE_BYTES,
        room: Room | None = None,
    ) -> None:
        """`base_url` is as in OpenAI's SDK: it ends in /v1; a query string is kept.

        `max_tokens_field` is "max_tokens" for local servers that don't know the newer name. `room`
        is what the answers of several adapters share.
        Raises ValueError for a URL that is not http(s), that carries a password, or a key that
        does not fit into a header.
        """
        url = URL(base_url)
        if url.scheme not in ("http", "https") or not url.host or url.password is not None:
            raise ValueError("a provider's base URL must be http(s)://host/… without a password")
        if max_tokens_field not in ("max_completion_tokens", "max_tokens"):
            raise ValueError("the max tokens field must be max_completion_tokens or max_tokens")
        self._session = session
        self._url = url.with_path(url.path.rstrip("/") + "/chat/completions").with_query(url.query)
        self._key = (api_key or "").strip()
        if not (self._key.isascii() and self._key.isprintable()):
            raise ValueError("a provider's API key must be printable ASCII")
        self._redactor = Redactor(self._key)
        self._headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self._key:
            self._headers["Authorization"] = f"Bearer {self._key}"
        self._max_tokens_field = max_tokens_field
        self._limit = max_response_bytes
        self._room = room or Room(ROOM_BYTES)
        self._turn = asyncio.Lock()

    def __repr__(self) -> str:
        return f"<OpenAIProvider {self._url.host}>"

    async def complete(self, call: Call) -> Outcome:
        """One HTTP request for one attempt.

        Whatever happens on the wire is an outcome; asyncio.CancelledError passes through: only the
        worker knows why it cancelled.
        """
        started = time.monotonic()
        try:
            body = build_body(call, max_tokens_field=self._max_tokens_field)
        except Exception as error:  # a request that breaks this breaks no other call
            log.warning(
                "request can't be sent",
                call_id=call.call_id,
                attempt=call.attempt,
                exception=type(error).__qualname__,
            )
            text = f"the request can't be sent: {error}"
            return self._failed(call, started, "rejected", "invalid_request", text, sent=False)
        share, request_id = self._room.share(), call.client_request_id
        try:
            return await self._exchange(call, request_id, started, body, share)
        except BaseException:
            share.release()
            raise
        finally:
            if isinstance(self._session.connector, Connector):
                self._session.connector.forget(request_id)

    def hang_up(self, call: Call) -> None:
        """Cut the call's connection at once. Its task is cancelled by whoever has it."""
        if isinstance(self._session.connector, Connector):
            self._session.connector.hang_up(call.client_request_id)

    async def _exchange(
        self, call: Call, request_id: str, started: float, body: bytes, share: Share
    ) -> Outcome:
        try:
            answer = await post(
                self._session,
                self._url,
                headers=self._headers | {"X-Client-Request-Id": request_id},
                body=body,
                timeout_ms=call.timeout_ms,
                limit=self._limit,
                share=share,
            )
        except TooLargeError as error:
            share.release()
            text = f"the answer is larger than {self._limit} bytes"
            return self._failed(call, started, "malformed", "too_large", text, error.status)
        except (aiohttp.ConnectionTimeoutError, aiohttp.ClientConnectorError) as error:
            if is_ours(error):
                return self._failed(call, started, "not_sent", LOCAL_TROUBLE, str(error))
            return self._failed(call, started, "unreachable", "connect_failed", str(error))
        except TimeoutError:
            share.release()
            text = f"no full answer within {call.timeout_ms} ms"
            return self._failed(call, started, "timeout", "timeout", text)
        except (aiohttp.ClientError, OSError) as error:
            # Everything else happened on an open connection: the request may have been read.
            share.release()
            text = f"{type(error).__name__}: {error}"
            return self._failed(call, started, "dropped", "connection_lost", text)
        started += answer.waited  # waiting for room is not the provider's latency
        if len(answer.body) > _LARGE:
            async with self._turn:
                await asyncio.sleep(0)
                return self._read(call, started, answer, share)
        return self._read(call, started, answer, share)

    def _read(self, call: Call, started: float, answer: Answer, share: Share) -> Outcome:
        redactor = self._redactor
        request_id = bounded(redactor.text(answer.headers.get("x-request-id", "")), 200)
        if not 200 <= answer.status < 300:
            share.release()
            refusal = read_refusal(answer.status, answer.headers, answer.body, redactor=redactor)
            return self._failed(
                call,
                started,
                refusal.outcome,
                refusal.code,
                refusal.message,
                answer.status,
                provider_request_id=request_id,
                retry_after_ms=refusal.retry_after_ms,
            )
        try:
            completion = read_completion(
                answer.body, provider_request_id=request_id, redactor=redactor
            )
        except MalformedError as error:
            share.release()
            return self._failed(
                call,
                started,
                "malformed",
                error.code,
                str(error),
                answer.status,
                provider_request_id=request_id,
                usage=error.usage,
            )
        return Outcome(
            call_id=call.call_id,
            attempt=call.attempt,
            outcome="success",
            http_status=answer.status,
            latency_ms=_since(started),
            provider_request_id=request_id,
            **completion.usage._asdict(),
            response=completion.response,
            reasoning=completion.reasoning,
            metadata=completion.metadata,
            share=share,
        )

    def _failed(
        self,
        call: Call,
        started: float,
        outcome: OutcomeName,
        code: str,
        message: str,
        http_status: int | None = None,
        *,
        sent: bool | None = None,
        provider_request_id: str | None = None,
        retry_after_ms: int | None = None,
        usage: Usage = NO_USAGE,
    ) -> Outcome:
        return Outcome(
            call_id=call.call_id,
            attempt=call.attempt,
            outcome=outcome,
            sent=sent,
            http_status=http_status,
            error_code=bounded(self._redactor.message(code), 100),
            error_message=bounded(self._redactor.message(message), MAX_ERROR_MESSAGE),
            retry_after_ms=retry_after_ms,
            latency_ms=_since(started),
            provider_request_id=provider_request_id,
            **usage._asdict(),
        )


def _since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
