"""The yardstick: an aiohttp client that sends the same requests and keeps nothing."""

import asyncio
import time
import uuid

import aiohttp

from bench.work import PROMPT

__all__ = ["send"]


async def send(base_url: str, calls: int, concurrency: int) -> tuple[float, float]:
    """POST that many chat completions, so many at a time.

    Returns requests a second, and milliseconds of processor time a request.
    """
    numbers = iter(range(calls))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def sender() -> None:
            for _ in numbers:
                body = {
                    "model": "mock-small",
                    "messages": [{"role": "user", "content": PROMPT + uuid.uuid4().hex}],
                    "max_completion_tokens": 200,
                }
                async with session.post(f"{base_url}/chat/completions", json=body) as reply:
                    answer = await reply.json()
                    assert answer["choices"]

        begin, worked = time.perf_counter(), time.process_time()
        await asyncio.gather(*(sender() for _ in range(concurrency)))
        taken, worked = time.perf_counter() - begin, time.process_time() - worked
    return calls / taken, worked / calls * 1000
