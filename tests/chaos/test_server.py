"""Postgres restarted and crashed under load: nothing lost, nothing twice, for clients too.

What must hold after each test is in tests/support/invariants.py.
"""

from collections.abc import Callable

import pytest

from tests.chaos.load import Stubborn, batch_held, finished, in_the_middle
from tests.support.town import Town
from tollhouse_demo.embedded import Cluster

CALLS, FREE = 150, 60


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
    calls = batch_held(ann, CALLS, FREE)
    stubborn = Stubborn(ben, CALLS)
    in_the_middle(town, tenant, FREE)

    ruin(town.stack.cluster)
    town.close()
    town.mock.clear_faults()

    asked = stubborn.result()
    assert len(asked) >= CALLS
    for who, own in ((ann, calls), (ben, asked)):
        for call in own:
            assert "success" == who.wait(call)["status"]
    assert CALLS + len(asked) == finished(town, tenant)
    assert len(asked) == len({call["call_id"] for call in asked})
    assert all(worker.running for worker in town.stack.workers)
