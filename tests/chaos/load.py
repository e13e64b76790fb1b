"""Load: a client that enqueues until it has an answer, however often the server goes away."""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, LiteralString

import psycopg

from tests.support.town import Person, Row, Town
from tests.support.waiting import until


def batch(person: Person, count: int) -> list[Row]:
    """Enqueue many calls in one transaction."""
    return person.enqueue_many([_call(person, number) for number in range(count)])


class Stubborn:
    """Enqueues one call a transaction, each again under its id until that has succeeded."""

    def __init__(self, person: Person, count: int, *, pause: float = 0.02) -> None:
        self._pool = ThreadPoolExecutor(1)
        self.repeated = 0
        self.done: Future[list[Row]] = self._pool.submit(self._run, person, count, pause)

    def result(self) -> list[Row]:
        """Wait until every call is enqueued; return the answers."""
        with self._pool:
            return self.done.result(timeout=60)

    def _run(self, person: Person, count: int, pause: float) -> list[Row]:
        answers: list[Row] = []
        deadline = time.monotonic() + 60
        while len(answers) < count:
            assert time.monotonic() < deadline
            try:
                with person.town.connect() as connection:
                    while len(answers) < count:
                        call = _call(person, len(answers))
                        answers.append(person.enqueue(**call, connection=connection))
                        time.sleep(pause)
            except psycopg.OperationalError:
                self.repeated += 1
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
