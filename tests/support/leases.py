"""Leases that a starved process keeps, and that a test can expire at will.

A lease lasts ten minutes and is renewed twice a second: a worker that has lost its lease soon
notices, and one that was killed is soon reaped, once `end` has expired its lease.
"""

from tests.support.guards import Superuser, edit

_RENEWALS = 1200
_OF_THE_DATABASE = "* 1000 / 3"


def lengthen(superuser: Superuser) -> None:
    """Give every worker that registers from now on such a lease."""
    superuser.rows("update tollhouse_private.settings set lease = '10 minutes'")
    edit(superuser, "tollhouse_worker.register", _OF_THE_DATABASE, f"* 1000 / {_RENEWALS}")


def end(superuser: Superuser, worker_id: object = None) -> None:
    """Expire one worker's lease, or everybody's."""
    superuser.rows(
        "update tollhouse_private.workers set alive_until = now() - interval '1 second'"
        " where worker_id = coalesce(%s, worker_id)",
        worker_id,
    )
