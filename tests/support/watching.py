"""The frame of every end-to-end test: a tenant of its own, then a check of the invariants."""

import itertools
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.invariants import assert_invariants
from tests.support.probe import probe_of
from tests.support.town import Town

_numbers = itertools.count(1)


def tenant_for(name: str) -> str:
    """Return a tenant named after a test and used by no other."""
    slug = re.sub(r"[^A-Za-z0-9]+", "-", name.removeprefix("test_")).strip("-")
    return f"{slug[:60]}-{next(_numbers)}"


@contextmanager
def watched(request: pytest.FixtureRequest, town: Town, tenant: str) -> Iterator[None]:
    """Run a test; then clear its faults, wait until idle, check the invariants, and take notes."""
    yield
    problem = ""
    town.mock.clear_faults()
    try:
        town.settled()
        assert_invariants(town)
    except AssertionError as error:
        problem = f"{error}"[:2000]
        raise
    finally:
        probe_of(request.config).note(request.node, town, tenant, problem)
