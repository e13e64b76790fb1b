"""Bad input: one clear error with its SQLSTATE, and nothing written."""

from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb

from tests.support.town import Town


def _nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


def _asked(content: object) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": content}]}


GOOD: dict[str, Any] = {"endpoint": "once", "request": {"prompt": "Why?"}}
BAD: dict[str, tuple[str, dict[str, Any]]] = {
    "unknown endpoint": ("TH101", {"endpoint": "nowhere"}),
    "no endpoint": ("TH101", {"endpoint": None}),
    "neither a prompt nor messages": ("TH102", {"request": {"question": "Why?"}}),
    "both": ("TH102", {"request": {"prompt": "Why?", "messages": []}}),
    "an empty prompt": ("TH102", {"request": {"prompt": "  "}}),
    "a prompt that is no text": ("TH102", {"request": {"prompt": 7}}),
    "no messages": ("TH102", {"request": {"messages": []}}),
    "a message without a role": ("TH102", {"request": {"messages": [{"content": "Why?"}]}}),
    "a request that is an array": ("TH102", {"request": ["Why?"]}),
    "a request that is null": ("TH102", {"request": None}),
    "a parameter that changes the price": ("TH102", {"request": {"prompt": "Why?", "n": 9}}),
    "a stream": ("TH102", {"request": {"prompt": "Why?", "stream": True}}),
    "a tool of the provider's own": (
        "TH102",
        {"request": {"prompt": "Why?", "tools": [{"type": "web_search"}]}},
    ),
    "a picture beside a text": (
        "TH102",
        {"request": _asked([{"type": "text", "text": "Why?", "image_url": {"url": "x"}}])},
    ),
    "nesting without end": ("TH102", {"request": {"prompt": "Why?", "tools": _nested(900)}}),
    "a number without end": ("TH102", {"request": {"prompt": "Why?", "seed": 10**4000}}),
    "more output than allowed": ("TH102", {"request": {"prompt": "Why?", "max_tokens": 10**8}}),
    "output below one": ("TH102", {"request": {"prompt": "Why?", "max_tokens": 0}}),
    "an oversized request": ("TH103", {"request": {"prompt": "x" * 262_144}}),
    "an empty request id": ("TH104", {"request_id": ""}),
    "a request id with a blank": ("TH104", {"request_id": "a b"}),
    "a request id with a line break": ("TH104", {"request_id": "a\n"}),
    "a request id that is too long": ("TH104", {"request_id": "x" * 201}),
    "a request id beyond ASCII": ("TH104", {"request_id": "ä"}),
    "a negative cost": ("TH105", {"max_cost_micro_usd": -1}),
    "an unknown model": ("TH106", {"model": "nobody-7b"}),
    "another endpoint's model": ("TH106", {"model": "mock-large"}),
    "an endpoint without models": ("TH106", {"endpoint": "empty"}),
    "a watermark that is too long": ("TH108", {"watermark": "x" * 201}),
    "a watermark that is null": ("TH108", {"watermark": None}),
    "metadata that is no object": ("TH109", {"metadata": Jsonb([1])}),
    "metadata that is too large": ("TH109", {"metadata": Jsonb({"x": "x" * 16_384})}),
    "a time too far ahead": ("TH111", {"run_at": "9999-12-31"}),
    "a time without end": ("TH111", {"run_at": "infinity"}),
    "metadata nested without end": ("TH109", {"metadata": Jsonb({"x": _nested(900)})}),
}

_TABLES = """
select c.relname as name from pg_catalog.pg_class as c
where c.relnamespace = 'tollhouse_private'::regnamespace and c.relkind in ('r', 'p')
  and not c.relispartition
order by 1
"""


def row_counts(town: Town) -> dict[str, int]:
    """Return how many rows every table has."""
    return {
        table["name"]: town.value(
            sql.SQL("select count(*) from tollhouse_private.{}").format(
                sql.Identifier(table["name"])
            )
        )
        for table in town.rows(_TABLES)
    }


@pytest.mark.parametrize("case", BAD)
def test_bad_input(town: Town, tenant: str, case: str) -> None:
    """By enqueue, and by enqueue_many among good calls."""
    sqlstate, wrong = BAD[case]
    town.operate("set_task_type", "empty")
    ann = town.person(tenant)
    before = row_counts(town)
    call = {**GOOD, **wrong}

    with pytest.raises(psycopg.Error) as caught:
        ann.enqueue(**call)
    assert sqlstate == caught.value.sqlstate
    assert caught.value.diag.message_primary
    assert caught.value.diag.message_hint

    if "null" not in case and "no endpoint" != case:  # absent in JSON: the default
        plain = {n: v.obj if isinstance(v, Jsonb) else v for n, v in call.items()}
        with pytest.raises(psycopg.Error) as caught:
            ann.enqueue_many([GOOD, plain, GOOD])
        assert sqlstate == caught.value.sqlstate
    assert before == row_counts(town)
    assert [] == ann.rows("select from tollhouse.jobs")


@pytest.mark.parametrize(
    ("sqlstate", "literal"),
    [
        ("22P05", '{"prompt": "\\u0000"}'),
        ("22P02", '{"prompt": NaN}'),
        ("22P02", '{"prompt": "\\ud800"}'),
        ("54001", '{"prompt": "x", "tools": ' + "[" * 100_000 + "]" * 100_000 + "}"),
    ],
)
def test_a_literal_that_is_no_json(town: Town, tenant: str, sqlstate: str, literal: str) -> None:
    """Fails as it is cast: the standard codes of the register's second table."""
    with (
        pytest.raises(psycopg.Error) as caught,
        town.person(tenant).acting() as connection,
    ):
        connection.execute("select tollhouse.enqueue('once', %s::jsonb)", [literal])
    assert sqlstate == caught.value.sqlstate
    register = (Path(__file__).parents[2] / "db" / "ERRORS.md").read_text(encoding="utf-8")
    assert sqlstate in register.split("## Standard codes")[1]


def test_no_identity(town: Town) -> None:
    """TH001, whatever the request."""
    before = row_counts(town)
    queries: tuple[LiteralString, ...] = (
        "select tollhouse.enqueue('once', '{\"prompt\": \"Why?\"}')",
        'select tollhouse.enqueue_many(\'[{"endpoint": "once", "request": {"prompt": "x"}}]\')',
        "select tollhouse.cancel(gen_random_uuid())",
        "select tollhouse.done_channel()",
    )
    for query in queries:
        with pytest.raises(psycopg.Error) as caught:
            town.rows(query, login="app")
        assert "TH001" == caught.value.sqlstate
    assert before == row_counts(town)


def test_waiting_for_what_is_not_committed(town: Town, tenant: str) -> None:
    """TH110 instead of a wait that could never end."""
    ann = town.person(tenant)
    with pytest.raises(psycopg.Error) as caught, ann.acting() as connection:
        connection.execute(
            "select * from tollhouse.enqueue('once', '{\"prompt\": \"Why?\"}') as e,"
            " lateral tollhouse.wait_for(e.call_id)"
        )
    assert "TH110" == caught.value.sqlstate
    assert [] == town.ledger(tenant)
