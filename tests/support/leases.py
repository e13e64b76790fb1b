"""Leases that no starved process loses, and their end when a test wants it.

A lease lasts ten minutes and is renewed twice a second: a worker that has lost its own hears of it
soon, and one that was killed is looked for soon, once `end` has let its lease be over.
"""

from tests.support.guards import Superuser, edit

_RENEWALS = 1200
_OF_THE_DATABASE = "* 1000 / 3"


def lengthen(superuser: Superuser) -> None:
    """Give every worker that registers from now on such a lease."""
    superuser.rows("update tollhouse_private.settings set lease = '10 minutes'")
    edit(superuser, "tollhouse_worker.register", _OF_THE_DATABASE, f"* 1000 / {_RENEWALS}")


def end(superuser: Superuser, worker_id: object = None) -> None:
    """Let a worker's lease be over, or everybody's."""
    superuser.rows(
        "update tollhouse_private.workers set alive_until = now() - interval '1 second'"
        " where worker_id = coalesce(%s, worker_id)",
        worker_id,
    )
