"""Proof 4: after repeated failures the breaker opens; one probe closes it again."""

from tests.support.town import Person, Row, Town
from tests.support.waiting import HELD, until


def breaker(person: Person) -> Row:
    """Return the state of a user's only breaker, as that user sees it."""
    (row,) = person.rows(
        "select state, consecutive_failures, open_until, open_until <= clock_timestamp() as over"
        " from tollhouse.breakers"
    )
    return row


def fail_until_open(person: Person) -> None:
    """Let three attempts fail, which is the threshold of the tests."""
    person.town.mock.fault({"status": 500}, contains=person.tag)
    for number in range(3):
        assert "failed" == person.ask("once", f"{person.tag} {number}")["status"]
    assert "open" == breaker(person)["state"]


def cool_down(person: Person) -> None:
    """Let the cool-down of a user's only breaker be over."""
    person.town.rows(
        "update tollhouse_private.breakers set open_until = clock_timestamp()"
        " where tenant_id = %s and user_id = %s",
        person.tenant,
        person.user,
    )
    assert breaker(person)["over"]


def refused(person: Person, call: Row) -> None:
    """Assert that a call was blocked by the breaker, unattempted."""
    result = person.wait(call)
    assert ("blocked", "breaker_open") == (result["status"], result["blocked_reason"])
    assert not person.town.entry(call)["provider_attempted"]
    assert ([], []) == (person.town.attempts(call), person.town.bill(call))


def test_next_call_is_blocked_at_once(town: Town, tenant: str) -> None:
    """An open breaker refuses without an attempt, while another user's calls go on."""
    ann, ben = town.person(tenant), town.person(tenant, "ben")
    fail_until_open(ann)

    call = ann.enqueue("once", f"{ann.tag} next")

    refused(ann, call)
    assert town.entry(call)["finished_at"] < breaker(ann)["open_until"]
    assert "success" == ben.ask("once", f"{ben.tag} next")["status"]
    assert "success" == town.person(f"{tenant}.other").ask("once", "next")["status"]


def test_one_probe_closes_it(town: Town, tenant: str) -> None:
    """After the cool-down one of many calls goes out; its success lets the next ones pass."""
    ann = town.person(tenant)
    fail_until_open(ann)
    town.mock.clear_faults()
    town.mock.fault(HELD, contains=ann.tag)
    cool_down(ann)

    calls = ann.enqueue_many(
        [{"endpoint": "once", "request": {"prompt": f"{ann.tag} {n}"}} for n in range(5)]
    )
    until(lambda: [line for call in calls for line in town.bill(call)], "the probe is out")
    # Later claims, by whichever worker, find it under way.
    calls += [ann.enqueue("once", f"{ann.tag} while the probe is out {n}") for n in range(3)]

    for call in calls[5:]:
        refused(ann, call)
    town.mock.clear_faults()

    # Which of the five is the oldest, where they share a millisecond, nobody can say.
    (probe,) = [call for call in calls if "success" == ann.wait(call)["status"]]
    assert probe in calls[:5]
    assert 1 == sum(len(town.bill(call)) for call in calls)
    for call in calls:
        if call != probe:
            refused(ann, call)
    assert ("closed", 0) == (breaker(ann)["state"], breaker(ann)["consecutive_failures"])
    assert "success" == ann.ask("once", f"{ann.tag} as before")["status"]


def test_a_failed_probe_opens_it_again(town: Town, tenant: str) -> None:
    """A provider that is still down gets no second call before another cool-down."""
    ann = town.person(tenant)
    fail_until_open(ann)
    cool_down(ann)
    before = breaker(ann)["open_until"]

    assert "failed" == ann.ask("once", f"{ann.tag} probe")["status"]

    assert "open" == breaker(ann)["state"]
    assert before < breaker(ann)["open_until"]
    refused(ann, ann.enqueue("once", f"{ann.tag} next"))


def test_another_provider_takes_over(town: Town, tenant: str) -> None:
    """Where an endpoint has a second model elsewhere, an open breaker is a detour, not a wall."""
    ann = town.person(tenant)
    fail_until_open(ann)
    assert "mock-reserve" == ann.ask("explanation", f"{ann.tag} Why?")["model"]


def test_failures_of_several_users_open_the_providers_own(town: Town, tenant: str) -> None:
    """A provider that fails everybody is left alone by all, until one probe succeeds."""
    town.operate("close_breaker", "mock-b")  # forgets what earlier tests counted
    people = [town.person(tenant, user) for user in ("ann", "ben")]
    town.mock.fault({"status": 503}, contains=f"[{tenant}/")
    for person in people * 3:
        assert "failed" == person.ask("reserve", f"{person.tag} {person.user}")["status"]

    eve = town.person(f"{tenant}.other", "eve")
    refused(eve, eve.enqueue("reserve", f"{eve.tag} Why?"))
    town.rows("update tollhouse_private.provider_breakers set open_until = clock_timestamp()")
    assert "success" == eve.ask("reserve", f"{eve.tag} probe")["status"]
    assert "closed" == town.value("select state from tollhouse_private.provider_breakers")
    assert "success" == eve.ask("reserve", f"{eve.tag} next")["status"]
