"""Proof 8: what a provider answered is kept to learn from, unless the tenant says otherwise."""

import json
from datetime import timedelta

import pytest
from psycopg import sql
from psycopg.types.json import Jsonb

from tests.support.town import Person, Row, Town

_PLACES = """
select c.relname as name
from pg_catalog.pg_class as c
where c.relnamespace = 'tollhouse_private'::regnamespace and c.relkind in ('r', 'p', 'm')
  and not c.relispartition
order by c.relname
"""


def samples(person: Person) -> list[Row]:
    """Return the samples that a user sees."""
    return person.rows("select * from tollhouse.distillation_samples order by call_id")


def places_with(town: Town, mark: str) -> list[str]:
    """Return every table in which a text occurs, in any column."""
    return [
        place["name"]
        for place in town.rows(_PLACES)
        if town.value(
            sql.SQL(
                "select exists (select from tollhouse_private.{} as t"
                " where strpos(t::text, %s) > 0)"
            ).format(sql.Identifier(place["name"])),
            mark,
        )
    ]


def test_a_success_has_everything_behind_its_refs(town: Town, tenant: str) -> None:
    """Request, response, reasoning and metadata, of caller and provider."""
    ann = town.person(tenant)
    question = {"messages": [{"role": "user", "content": f"{ann.tag} Why did orders fall?"}]}
    call = ann.enqueue("explanation", question, metadata=Jsonb({"case": 7}))
    result = ann.wait(call)

    row = town.entry(call)
    refs = (row["content_ref"], row["reasoning_ref"], row["metadata_ref"])
    assert (call["call_id"],) * 3 == refs
    (content,) = ann.rows("select * from tollhouse.call_content")
    assert question == content["request"]
    assert result["response"] == content["response"]
    assert content["reasoning"]
    assert {"case": 7} == content["metadata"]["client"]
    provider = content["metadata"]["provider"]
    (line,) = town.bill(call)
    assert line.prompt_tokens == provider["usage"]["prompt_tokens"]
    assert "mock-small" == provider["model"]
    (sample,) = samples(ann)
    assert ["user", "assistant"] == [message["role"] for message in sample["messages"]]
    assert result["content"] == sample["messages"][-1]["content"]


def test_what_no_provider_answered_is_no_sample(town: Town, tenant: str) -> None:
    """Neither a cached, nor a blocked, a failed or a cancelled call."""
    ann = town.person(tenant)
    paid = ann.enqueue("explanation", "Why?")
    ann.wait(paid)
    assert ann.enqueue("explanation", "Why?")["was_cached"]
    town.mock.fault({"status": 400}, contains=ann.tag)
    assert "failed" == ann.ask("once", f"{ann.tag} Why?")["status"]
    assert "blocked" == ann.ask("once", "Why?", max_cost_micro_usd=0)["status"]
    later = ann.enqueue("once", "Why?", run_at=town.database_time() + timedelta(days=300))
    assert "cancelled" == ann.cancel(later)

    assert ["blocked", "cancelled", "failed", "success", "success"] == sorted(
        row["status"] for row in town.ledger(tenant)
    )
    assert [paid["call_id"]] == [sample["call_id"] for sample in samples(ann)]


def test_samples_make_a_fine_tuning_file(town: Town, tenant: str) -> None:
    """Every line is a chat of known roles that ends with the assistant's answer."""
    ann = town.person(tenant)
    for call in ann.enqueue_many(
        [
            {
                "endpoint": "explanation",
                "request": {
                    "messages": [
                        {"role": "system", "content": "You are terse."},
                        {"role": "user", "content": f"{ann.tag} question {number} \u2028 “why”?"},
                    ]
                },
            }
            for number in range(10)
        ]
    ):
        assert "success" == ann.wait(call)["status"]

    rows = ann.rows(
        "select jsonb_build_object('messages', messages)::text as line"
        " from tollhouse.distillation_samples order by call_id"
    )
    lines = "\n".join(row["line"] for row in rows).split("\n")

    assert 10 == len(lines)
    for line in lines:
        chat = json.loads(line)["messages"]
        assert ["system", "user", "assistant"] == [message["role"] for message in chat]
        assert all(isinstance(message["content"], str) for message in chat)


@pytest.mark.parametrize(
    "endpoint", ["route", "explanation", "investigation", "budget_optimization"]
)
def test_policy_none_leaves_no_content(town: Town, tenant: str, endpoint: str) -> None:
    """The caller gets the answer; then no table has a word of question or answer."""
    town.operate("set_capture_policy", tenant, "none")
    ann = town.person(tenant)
    mark = f"secret-{tenant}"
    call = ann.enqueue(endpoint, f"What about {mark}?")
    result = ann.wait(call)
    assert "success" == result["status"]
    assert result["content"]
    assert not ann.enqueue(endpoint, f"What about {mark}?")["was_cached"]
    town.settled()
    row = town.entry(call)
    assert (None, None, None) == (row["content_ref"], row["reasoning_ref"], row["metadata_ref"])
    assert [] == samples(ann)
    times = town.rows(
        "select expires_at - %s = (select delivery_ttl from tollhouse_private.settings) as kept"
        " from tollhouse_private.deliveries where call_id = %s",
        row["finished_at"],
        call["call_id"],
    )
    assert [{"kept": True}] == times
    town.rows("update tollhouse_private.deliveries set expires_at = now()")
    assert ann.wait(call)["content"] is None
    town.rows("select tollhouse_worker.prune()", login="worker")
    assert [] == places_with(town, mark)


def test_policy_none_leaves_no_content_of_a_failure(town: Town, tenant: str) -> None:
    """A provider that quotes the question in its refusal: its words are not kept, its code is."""
    town.operate("set_capture_policy", tenant, "none")
    ann = town.person(tenant)
    mark = f"secret-{tenant}"
    town.mock.fault({"status": 400, "message": f"can't answer {mark}"}, contains=mark)
    call = ann.enqueue("once", f"What about {mark}?")
    assert "failed" == ann.wait(call)["status"]
    assert town.entry(call)["error_code"]
    assert [] == places_with(town, mark)


def test_the_search_for_content_finds_it_where_it_is_kept(town: Town, tenant: str) -> None:
    """Without a policy, the same search comes up with the content; with metadata, the cache."""
    ann = town.person(tenant)
    ann.ask("explanation", f"What about secret-{tenant}?")
    assert ["call_content"] == places_with(town, f"secret-{tenant}")
    town.operate("set_capture_policy", tenant, "metadata")
    ann.ask("explanation", f"What about mystery-{tenant}?")
    assert ["deliveries", "response_cache"] == places_with(town, f"mystery-{tenant}")


def test_policy_metadata_keeps_no_words(town: Town, tenant: str) -> None:
    """Request, response and reasoning are not kept; what the provider said about them is."""
    town.operate("set_capture_policy", tenant, "metadata")
    ann = town.person(tenant)
    ann.ask("once", "Why?")
    (content,) = ann.rows("select * from tollhouse.call_content")
    assert (None, None, None) == (content["request"], content["response"], content["reasoning"])
    assert content["metadata"]["provider"]["usage"]
    assert [] == samples(ann)
