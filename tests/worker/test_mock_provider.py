"""The mock provider over real HTTP: wire format, faults, control plane and bill."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import openai
import pytest

from tests.support.waiting import HELD, PATIENCE
from tests.worker.fakes import eventually
from tollhouse_demo.mock_provider import MockProvider, start
from tollhouse_demo.mock_provider.answers import count_text, cut_to

QUESTION = "Why did newspaper advertising stop working in Ohio?"


@pytest.fixture
async def mock() -> AsyncIterator[MockProvider]:
    """A mock provider for this test alone."""
    async with await start() as provider:
        yield provider


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """A plain HTTP client."""
    async with aiohttp.ClientSession() as session:
        yield session


def body(question: str = QUESTION, **more: Any) -> dict[str, Any]:
    """A valid request."""
    return {"model": "mock-small", "messages": [{"role": "user", "content": question}], **more}


async def ask(
    http: aiohttp.ClientSession, mock: MockProvider, request: Any, **headers: str
) -> tuple[int, Any]:
    """Status and document of one chat completion."""
    async with http.post(
        f"{mock.base_url}/chat/completions", json=request, headers=headers
    ) as answer:
        return answer.status, await answer.json()


def sdk(mock: MockProvider, api_key: str = "any") -> openai.AsyncOpenAI:
    """The official client, without retries of its own."""
    return openai.AsyncOpenAI(base_url=mock.base_url, api_key=api_key, max_retries=0)


async def test_official_sdk_reads_the_answer(mock: MockProvider) -> None:
    """OpenAI's own client parses answer, usage, reasoning and model list."""
    async with sdk(mock) as client:
        answer = await client.chat.completions.create(
            model="mock-small", messages=[{"role": "user", "content": QUESTION}]
        )
        models = await client.models.list()
    assert "stop" == answer.choices[0].finish_reason
    assert "newspaper" in (answer.choices[0].message.content or "")
    assert answer.usage is not None
    assert answer.usage.completion_tokens_details is not None
    assert 0 < (answer.usage.completion_tokens_details.reasoning_tokens or 0)
    assert answer.usage.prompt_tokens + answer.usage.completion_tokens == answer.usage.total_tokens
    assert answer.choices[0].message.model_extra is not None
    assert "newspaper" in answer.choices[0].message.model_extra["reasoning_content"]
    assert answer._request_id is not None
    assert ["mock-large", "mock-small"] == [model.id for model in models.data]


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (400, None, openai.BadRequestError),
        (403, None, openai.PermissionDeniedError),
        (404, "model_not_found", openai.NotFoundError),
        (429, "rate_limit_exceeded", openai.RateLimitError),
        (503, None, openai.InternalServerError),
    ],
)
async def test_official_sdk_reads_the_errors(
    mock: MockProvider, status: int, code: str | None, error: type[openai.APIStatusError]
) -> None:
    """A status fault is the error that OpenAI's own client knows, with message and code."""
    mock.fault({"status": status, "code": code, "message": "as told"})
    async with sdk(mock) as client:
        with pytest.raises(error, match="as told") as caught:
            await client.chat.completions.create(
                model="m", messages=[{"role": "user", "content": QUESTION}]
            )
    assert code == caught.value.code
    assert 0 == mock.bill()["billed"]


async def test_key_is_checked_when_there_is_one(http: aiohttp.ClientSession) -> None:
    """With a key configured, the right one passes and any other is a 401."""
    async with await start(api_key="sk-right") as mock:
        for key, status in (("sk-wrong", 401), ("sk-right", 200)):
            headers = {"Authorization": f"Bearer {key}"}
            assert status == (await ask(http, mock, body(), **headers))[0]
        async with sdk(mock, "sk-wrong") as client:
            with pytest.raises(openai.AuthenticationError) as caught:
                await client.chat.completions.create(
                    model="m", messages=[{"role": "user", "content": "hi"}]
                )
        assert "invalid_api_key" == caught.value.code
        assert 1 == mock.bill()["billed"]


@pytest.mark.parametrize(
    "request_body",
    [
        [],
        {"messages": [{"role": "user", "content": "hi"}]},
        {"model": "m"},
        {"model": "m", "messages": []},
        {"model": "m", "messages": ["hi"]},
        {"model": "m", "messages": [{"content": "hi"}]},
        body(max_completion_tokens=0),
        body(max_tokens="9"),
        body(stream=True),
        body(n=2),
    ],
)
async def test_invalid_request_is_a_400_that_costs_nothing(
    mock: MockProvider, http: aiohttp.ClientSession, request_body: Any
) -> None:
    """A request that OpenAI would refuse gets its error envelope and no bill."""
    status, answer = await ask(http, mock, request_body)
    assert 400 == status
    assert {"message", "type", "param", "code"} == set(answer["error"])
    bill = mock.bill()
    assert (1, 0, {"error": 1}) == (bill["requests"], bill["billed"], bill["outcomes"])


async def test_answers_are_deterministic_and_fit_the_task(
    mock: MockProvider, http: aiohttp.ClientSession
) -> None:
    """The same question gets the same answer; JSON and budgets come as valid documents."""

    async def content(question: str, **more: Any) -> str:
        _, answer = await ask(http, mock, body(question, **more))
        return str(answer["choices"][0]["message"]["content"])

    assert await content(QUESTION) == await content(QUESTION)
    assert await content(QUESTION) != await content("Which region sold most umbrellas?")
    plan = json.loads(await content("Allocate a budget of 50,000 across TV, radio and newspaper"))
    assert ["tv", "radio", "newspaper"] == [part["channel"] for part in plan["allocation"]]
    assert 100 == sum(part["share_percent"] for part in plan["allocation"])
    assert 50_000 == sum(part["amount"] for part in plan["allocation"])
    choice = json.loads(await content("Answer in JSON, one of: north, south, east"))["choice"]
    assert choice in ("north", "south", "east")
    assert "answer" in json.loads(await content(QUESTION, response_format={"type": "json_object"}))


async def test_required_tool_is_called(mock: MockProvider, http: aiohttp.ClientSession) -> None:
    """With a tool that must be called, the answer is that call and no content."""
    tool = {"type": "function", "function": {"name": "look_up", "parameters": {}}}
    _, answer = await ask(http, mock, body(tools=[tool], tool_choice="required"))
    choice = answer["choices"][0]
    assert ("tool_calls", None) == (choice["finish_reason"], choice["message"]["content"])
    assert "look_up" == choice["message"]["tool_calls"][0]["function"]["name"]


@pytest.mark.parametrize("field", ["max_completion_tokens", "max_tokens"])
@pytest.mark.parametrize("limit", [1, 10, 30])
async def test_output_limit_holds(
    mock: MockProvider, http: aiohttp.ClientSession, field: str, limit: int
) -> None:
    """Reasoning and content together stay within the limit, and the answer says so."""
    _, answer = await ask(http, mock, {**body(), field: limit})
    assert "length" == answer["choices"][0]["finish_reason"]
    assert limit >= answer["usage"]["completion_tokens"]


async def test_long_system_message_is_cached(
    mock: MockProvider, http: aiohttp.ClientSession
) -> None:
    """A leading system message of 1024 tokens or more counts as cached in steps of 128."""
    request = body()
    request["messages"].insert(0, {"role": "system", "content": "x" * 4 * 1200})
    _, answer = await ask(http, mock, request)
    assert 1152 == answer["usage"]["prompt_tokens_details"]["cached_tokens"]


@pytest.mark.parametrize("text", ["", "a", "four", "fünf äöü", "漢字仮名", "🙂" * 9])
def test_tokens_never_exceed_bytes(text: str) -> None:
    """No text has more tokens than bytes, and truncated text stays within its limit."""
    assert count_text(text) <= len(text.encode())
    for limit in range(6):
        assert count_text(cut_to(text, limit)) <= limit


async def test_bill_lists_every_request(mock: MockProvider, http: aiohttp.ClientSession) -> None:
    """Totals equal the sum of the usages that were answered; entries carry the client's id."""
    usages = []
    for number in range(3):
        request = body(f"{QUESTION} {number}")
        headers = {"X-Client-Request-Id": f"call-{number}.1"}
        usages.append((await ask(http, mock, request, **headers))[1]["usage"])
    async with http.get(f"{mock.root_url}/_mock/bill?entries=1&prefix=call-1") as answer:
        bill = await answer.json()
    assert (3, 3, 0) == (bill["requests"], bill["billed"], bill["in_flight"])
    for name in ("prompt_tokens", "completion_tokens"):
        expected = sum(usage[name] for usage in usages)
        assert (expected, expected) == (bill[name], bill["models"]["mock-small"][name])
    (entry,) = bill["entries"]
    assert ("call-1.1", 200, "success", True) == (
        entry["client_request_id"],
        entry["status"],
        entry["outcome"],
        entry["billed"],
    )
    assert entry["received_at"] <= entry["finished_at"]
    async with http.delete(f"{mock.root_url}/_mock/bill") as answer:
        assert 0 == (await answer.json())["requests"]
    assert [] == mock.bill()["entries"]


async def test_bill_without_entries_still_counts(http: aiohttp.ClientSession) -> None:
    """Totals are right without the entries."""
    async with await start(keep_entries=False) as mock:
        await ask(http, mock, body())
        assert (1, []) == (mock.bill()["billed"], mock.bill()["entries"])


async def test_client_that_left_is_billed(mock: MockProvider, http: aiohttp.ClientSession) -> None:
    """An answer is generated and billed even if its client hangs up while waiting."""
    mock.fault(HELD)
    asking = asyncio.create_task(ask(http, mock, body()))
    await eventually(lambda: mock.bill()["in_flight"])
    asking.cancel()
    async with http.get(f"{mock.root_url}/healthz") as answer:  # comes after the client hung up
        assert 200 == answer.status
    assert (1, 0) == (mock.bill()["in_flight"], mock.bill()["billed"])
    mock.chat.faults.clear()
    await eventually(lambda: not mock.bill()["in_flight"])
    bill = mock.bill()
    assert (1, {"client_gone": 1}) == (bill["billed"], bill["outcomes"])


async def test_clearing_the_faults_ends_a_delay(
    mock: MockProvider, http: aiohttp.ClientSession
) -> None:
    """A waiting client is then answered as if there had been no fault, latency included."""
    mock.fault(HELD)
    mock.chat.latency_ms = 50
    asking = [asyncio.create_task(ask(http, mock, body())) for _ in range(2)]
    await eventually(lambda: mock.bill()["in_flight"] == 2)
    async with http.delete(f"{mock.root_url}/_mock/faults") as answer:
        assert 200 == answer.status
    assert [200, 200] == [status for status, _ in await asyncio.gather(*asking)]
    assert 200 == (await ask(http, mock, body()))[0]


@pytest.mark.parametrize(("drop", "billed"), [("before", 0), ("after", 1)])
async def test_drop_closes_the_connection(
    mock: MockProvider, http: aiohttp.ClientSession, drop: str, billed: int
) -> None:
    """A drop before the answer bills nothing; a drop mid-body bills the answer."""
    mock.fault({"drop": drop})
    with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientPayloadError)):
        await ask(http, mock, body())
    bill = mock.bill()
    assert (billed, {f"dropped_{drop}": 1}) == (bill["billed"], bill["outcomes"])


async def test_rules_match_count_and_combine(
    mock: MockProvider, http: aiohttp.ClientSession
) -> None:
    """A rule hits what it matches, as often as it says; delays add to the first other fault."""
    url = f"{mock.root_url}/_mock/faults"
    rules = [
        {"match": {"contains": "Ohio"}, "times": 1, "fault": {"status": 503}},
        {"match": {"model": "mock-large"}, "fault": {"status": 500}},
        {"match": {"client_request_id_prefix": "c1."}, "fault": {"status": 418}},
        {"match": {"contains": "Ohio"}, "times": 2, "fault": {"delay_ms": 40}},
    ]
    async with http.put(url, json=rules) as answer:
        assert [1, 2, 3, 4] == [rule["id"] for rule in (await answer.json())["rules"]]
    loop = asyncio.get_running_loop()
    started = loop.time()
    assert 503 == (await ask(http, mock, body()))[0]
    assert 200 == (await ask(http, mock, body()))[0]
    assert 0.075 < loop.time() - started
    assert 500 == (await ask(http, mock, {**body("Texas"), "model": "mock-large"}))[0]
    assert 418 == (await ask(http, mock, body("Texas"), **{"X-Client-Request-Id": "c1.1"}))[0]
    assert 200 == (await ask(http, mock, body("Texas")))[0]
    async with http.get(url) as answer:
        assert [1, 1, 1, 2] == [rule["used"] for rule in (await answer.json())["rules"]]
    async with http.delete(url) as answer:
        assert [] == (await answer.json())["rules"]
    assert 200 == (await ask(http, mock, {**body(), "model": "mock-large"}))[0]


@pytest.mark.parametrize(
    "rule",
    [
        7,
        {"fault": {}},
        {"fault": {"status": 200}},
        {"fault": {"status": 500, "drop": "before"}},
        {"fault": {"drop": "sometimes"}},
        {"fault": {"malformed": "odd"}},
        {"fault": {"delay_ms": -1}},
        {"fault": {"surprise": 1}},
        {"fault": {"usage": 3}},
        {"fault": {"status": 500, "headers": {"a": 1}}},
        {"fault": {"status": 500}, "times": 0},
        {"fault": {"status": 500}, "match": {"tenant": "acme"}},
        {"fault": {"status": 500}, "when": "now"},
    ],
)
async def test_bad_rule_is_refused(
    mock: MockProvider, http: aiohttp.ClientSession, rule: Any
) -> None:
    """An invalid rule is a 400 with the reason, and is not kept."""
    async with http.post(f"{mock.root_url}/_mock/faults", json=rule) as answer:
        assert (400, True) == (answer.status, bool((await answer.json())["error"]["message"]))
    assert [] == mock.chat.faults.rules


async def test_usage_override_is_reported_and_billed(
    mock: MockProvider, http: aiohttp.ClientSession
) -> None:
    """Plausible numbers go to the answer and the bill, impossible ones to the answer only."""
    mock.fault({"usage": {"prompt_tokens": 1000, "completion_tokens": 7}}, times=1)
    mock.fault({"usage": {"prompt_tokens": -1}}, times=1)
    usage = (await ask(http, mock, body()))[1]["usage"]
    assert (1000, 7, 1007) == (
        usage["prompt_tokens"],
        usage["completion_tokens"],
        usage["total_tokens"],
    )
    assert 1000 == mock.bill()["prompt_tokens"]
    assert -1 == (await ask(http, mock, body()))[1]["usage"]["prompt_tokens"]
    assert 1000 < mock.bill()["prompt_tokens"]


async def test_control_plane_sets_latency_and_knows_its_paths(
    mock: MockProvider, http: aiohttp.ClientSession
) -> None:
    """Latency changes while running; health answers; unknown paths are a 404."""
    url = f"{mock.root_url}/_mock/latency"
    async with http.put(url, json={"latency_ms": 40}) as answer:
        assert {"latency_ms": 40} == await answer.json()
    started = asyncio.get_running_loop().time()
    await ask(http, mock, body())
    assert 0.035 < asyncio.get_running_loop().time() - started
    for method, path, status in (
        ("PUT", "/_mock/latency", 400),
        ("GET", "/healthz", 200),
        ("GET", "/_mock/nothing", 404),
        ("GET", "/v1/nothing", 404),
        ("GET", "/v1/chat/completions", 405),
    ):
        async with http.request(method, mock.root_url + path, data=b"{}") as answer:
            assert (path, status) == (path, answer.status)


async def test_process_says_where_it_listens_and_ends_on_sigterm(
    http: aiohttp.ClientSession,
) -> None:
    """`run` prints one line when ready, serves, and returns 0 on SIGTERM."""
    program = "import sys; from tollhouse_demo.mock_provider import run; sys.exit(run(port=0))"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdout is not None
    line = (await asyncio.wait_for(process.stdout.readline(), PATIENCE)).decode()
    assert line.startswith("mock provider listening on http://127.0.0.1:")
    async with http.get(line.split()[-1] + "/models") as answer:
        assert 200 == answer.status
    process.send_signal(signal.SIGTERM)
    assert 0 == await asyncio.wait_for(process.wait(), PATIENCE)
    assert b"" == await process.stdout.read()
