"""Load: a client that enqueues until it has an answer, however often the server goes away."""

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, LiteralString

import psycopg

from tests.support.town import Person, Row, Town
from tests.support.waiting import HELD, PATIENCE, until


def batch(person: Person, count: int) -> list[Row]:
    """Enqueue many calls in one transaction."""
    return person.enqueue_many([_call(person, number) for number in range(count)])


def batch_held(person: Person, count: int, free: int) -> list[Row]:
    """Enqueue many calls, of which the provider answers only the first few: see `hold`.

    In two transactions, for within a millisecond nobody knows which is the oldest.
    """
    hold(person)
    calls = [_call(person, number) for number in range(count)]
    for call in calls[free:]:
        call["request"]["prompt"] += _marked(person)
    return person.enqueue_many(calls[:free]) + person.enqueue_many(calls[free:])


def hold(person: Person) -> None:
    """Let the provider keep the calls of `batch_held` until its faults are cleared."""
    person.town.mock.fault(HELD, contains=_marked(person))


def _marked(person: Person) -> str:
    return f" held for {person.tag}"


class Stubborn:
    """Enqueues one call a transaction, each again under its id until that has succeeded.

    It goes on until it has seen the server go away, and has its count.
    """

    def __init__(self, person: Person, count: int, *, pause: float = 0.02) -> None:
        self._pool = ThreadPoolExecutor(1)
        self._repeated = threading.Event()
        self.done: Future[list[Row]] = self._pool.submit(self._run, person, count, pause)

    def result(self) -> list[Row]:
        """Wait until every call is enqueued; return the answers."""
        with self._pool:
            return self.done.result(timeout=2 * PATIENCE)

    def _run(self, person: Person, count: int, pause: float) -> list[Row]:
        answers: list[Row] = []
        deadline = time.monotonic() + PATIENCE
        while len(answers) < count or not self._repeated.is_set():
            try:
                with person.town.connect() as connection:
                    while len(answers) < count or not self._repeated.is_set():
                        assert time.monotonic() < deadline
                        call = _call(person, len(answers))
                        answers.append(person.enqueue(**call, connection=connection))
                        time.sleep(pause)
            except psycopg.OperationalError:
                assert time.monotonic() < deadline
                self._repeated.set()
                time.sleep(0.05)
        return answers


def finished(town: Town, tenant: str) -> int:
    """Return how many of a tenant's calls are over."""
    count: int = town.value(
        "select count(*) from tollhouse_private.llm_api_calls where tenant_id = %s", tenant
    )
    return count


def in_the_middle(town: Town, tenant: str, count: int, worker: object = None) -> None:
    """Wait until so many calls are over, and others are under way (at one worker)."""
    query: LiteralString = (
        "select count(*) from tollhouse_private.jobs"
        " where tenant_id = %s and state = 'running' and worker_id = coalesce(%s, worker_id)"
    )
    until(
        lambda: finished(town, tenant) >= count and town.value(query, tenant, worker),
        f"{count} calls are over, others are under way",
    )


def _call(person: Person, number: int) -> dict[str, Any]:
    return {
        "endpoint": "load",
        "request": {"prompt": f"{person.tag} question {number}"},
        "request_id": f"{person.user}-{number}",
    }
