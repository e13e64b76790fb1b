"""Proof 3: the second identical request is answered from the cache, and costs nothing."""

from datetime import timedelta
from threading import Barrier

from tests.support.town import Person, Row, Town
from tests.support.waiting import HELD, together, until

QUESTION = {"prompt": "Which of three campaigns was the cheapest per order?", "temperature": 0}


def paid(person: Person, call: Row) -> bool:
    """Wait for a success; tell whether the provider was paid for it, on both accounts."""
    town = person.town
    assert "success" == person.wait(call)["status"]
    row = town.entry(call)
    lines = town.bill(call)
    if row["was_cached"]:
        assert (False, 0, 0, "none") == (
            row["provider_attempted"],
            row["attempts"],
            row["cost_micro_usd"],
            row["cost_basis"],
        )
        assert ([], []) == (lines, town.attempts(call))
        return False
    assert row["provider_attempted"]
    assert row["cost_micro_usd"] > 0
    assert [True] == [line.billed for line in lines]
    return True


def test_second_identical_request_is_cached(town: Town, tenant: str) -> None:
    """It is over within enqueue itself, has the same answer, and the provider never sees it."""
    ann = town.person(tenant)
    first = ann.enqueue("explanation", QUESTION)
    assert paid(ann, first)

    second = ann.enqueue("explanation", QUESTION)

    assert ("success", True) == (second["status"], second["was_cached"])
    assert not paid(ann, second)
    assert ann.wait(first)["response"] == ann.wait(second)["response"]
    assert ann.wait(second)["was_cached"]


def test_another_watermark_pays_again(town: Town, tenant: str) -> None:
    """An answer about older data is no answer."""
    ann = town.person(tenant)
    assert paid(ann, ann.enqueue("explanation", QUESTION, watermark="orders@17"))
    assert paid(ann, ann.enqueue("explanation", QUESTION, watermark="orders@18"))
    assert not paid(ann, ann.enqueue("explanation", QUESTION, watermark="orders@17"))


def test_who_shares_an_answer(town: Town, tenant: str) -> None:
    """Another tenant never; another user where the endpoint's answers are the tenant's."""
    ann, ben = town.person(tenant), town.person(tenant, "ben")
    stranger = town.person(f"{tenant}.other")
    for endpoint in ("explanation", "investigation"):
        assert paid(ann, ann.enqueue(endpoint, QUESTION))
        assert paid(stranger, stranger.enqueue(endpoint, QUESTION))
    assert not paid(ben, ben.enqueue("explanation", QUESTION))
    assert paid(ben, ben.enqueue("investigation", QUESTION))


def test_who_asks_for_a_new_answer_gets_one(town: Town, tenant: str) -> None:
    """Another question, and use_cache off, go to the provider."""
    ann = town.person(tenant)
    assert paid(ann, ann.enqueue("explanation", QUESTION))
    assert paid(ann, ann.enqueue("explanation", QUESTION, use_cache=False))
    assert paid(ann, ann.enqueue("explanation", {**QUESTION, "temperature": 1}))


def test_an_answer_ages(town: Town, tenant: str) -> None:
    """After its endpoint's lifetime it is paid for again."""
    town.operate("set_task_type", "brief", p_models=["mock-small"], p_cache_ttl="1 hour")
    ann = town.person(tenant)
    first = ann.enqueue("brief", QUESTION)
    assert paid(ann, first)
    assert not paid(ann, ann.enqueue("brief", QUESTION))
    expires_at = town.value(
        "select expires_at from tollhouse_private.response_cache where tenant_id = %s", tenant
    )
    assert town.entry(first)["finished_at"] + timedelta(hours=1) == expires_at
    town.rows(
        "update tollhouse_private.response_cache set expires_at = now() where tenant_id = %s",
        tenant,
    )
    assert paid(ann, ann.enqueue("brief", QUESTION))


def test_two_at_once_are_paid_once(town: Town, tenant: str) -> None:
    """Identical calls in flight wait for the one that pays, whoever sent them."""
    people = [town.person(tenant, user) for user in ("ann", "ben", "eve", "joe")]
    request = {"prompt": f"[{tenant}] {QUESTION['prompt']}"}
    town.mock.fault(HELD, contains=f"[{tenant}]")

    def enqueue(number: int, barrier: Barrier) -> Row:
        with town.connect() as connection:
            barrier.wait()
            return people[number].enqueue("explanation", request, connection=connection)

    calls = together(len(people), enqueue)

    assert {"queued"} == {call["status"] for call in calls}
    query = "select count(*) from tollhouse_private.jobs where tenant_id = %s and state = %s"
    until(lambda: not town.value(query, tenant, "queued"), "all are claimed")
    assert 3 == town.value(query, tenant, "coalesced")
    town.mock.clear_faults()
    assert 1 == sum(paid(who, call) for who, call in zip(people, calls, strict=True))
