"""Postgres restarted and crashed under load: nothing lost, nothing twice, for clients too.

What must hold after each test is in tests/support/invariants.py.
"""

from collections.abc import Callable

import pytest

from tests.chaos.load import Stubborn, batch, finished, in_the_middle
from tests.support.town import Town
from tollhouse.embedded import Cluster

CALLS = 150


def restart(cluster: Cluster) -> None:
    """Restart it as for an upgrade."""
    cluster.restart("fast")


def crash(cluster: Cluster) -> None:
    """Kill it and start it again."""
    cluster.kill()
    cluster.start()


@pytest.mark.parametrize("ruin", [restart, crash], ids=["restarted", "crashed"])
def test_server_goes_away(town: Town, tenant: str, ruin: Callable[[Cluster], None]) -> None:
    """What was committed is there; a client that repeats its request ids gets each call once."""
    ann, ben = town.person(tenant), town.person(tenant, "ben")
    calls = batch(ann, CALLS)
    stubborn = Stubborn(ben, CALLS)
    in_the_middle(town, tenant, 40)

    ruin(town.stack.cluster)
    town.close()

    asked = stubborn.result()
    assert stubborn.repeated > 0, "the client noticed"
    for who, own in ((ann, calls), (ben, asked)):
        for call in own:
            assert "success" == who.wait(call, seconds=30)["status"]
    assert 2 * CALLS == finished(town, tenant)
    assert CALLS == len({call["call_id"] for call in asked})
    assert all(worker.running for worker in town.stack.workers)
